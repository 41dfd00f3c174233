"""XGBoost: boosters, matrices, scikit-learn wrappers."""

from __future__ import annotations
