"""CatBoost: models and pools."""

from __future__ import annotations
