"""statsmodels: models and results."""

from __future__ import annotations
