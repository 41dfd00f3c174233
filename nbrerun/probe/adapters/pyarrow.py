"""pyarrow: arrays and tables."""

from __future__ import annotations
