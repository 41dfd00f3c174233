"""JAX: arrays and random keys."""

from __future__ import annotations
