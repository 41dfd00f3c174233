"""Findings that follow from the source of a notebook, without running it."""
