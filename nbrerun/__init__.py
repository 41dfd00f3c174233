"""Measure what running a notebook cell again does: reset, in-place or persisted."""

__version__ = "0.1.0"
