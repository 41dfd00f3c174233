"""LightGBM: boosters, datasets, scikit-learn wrappers."""

from __future__ import annotations
