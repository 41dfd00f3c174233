"""polars: frames, series, lazy queries."""

from __future__ import annotations
