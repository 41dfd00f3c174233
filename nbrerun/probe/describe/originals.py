"""Functions that are wrapped while a cell runs, and read as what they wrap."""

ORIGINAL = "__nbrerun_original__"
"""The attribute of a wrapper that holds the function inside."""
