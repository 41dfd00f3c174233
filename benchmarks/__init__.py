"""Measure what a check costs; see `run.py`."""
