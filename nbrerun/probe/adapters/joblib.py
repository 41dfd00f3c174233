"""joblib: functions whose results it stores, and what runs functions side by side."""

from __future__ import annotations

from typing import Any

from ..describe.node import Node, reads
from .generic import attributes, attributes_node

_OF_THIS_RUN = frozenset({"timestamp", "_func_code_id", "_func_code_info"})
"""When it was created, and what joblib remembers of a function's code, some of it by address."""

_PROGRESS = frozenset({"n_tasks", "n_completed_tasks", "n_dispatched_batches", "n_dispatched_tasks"})


@reads("joblib.memory.Memory", "joblib.memory.MemorizedFunc", "joblib.memory.MemorizedResult")
def memory(value: Any) -> Node:
    """A place for results, a function that stores them there, or a stored result."""
    found = attributes(value, _OF_THIS_RUN)
    return attributes_node(value, found, text=lambda: f"<{type(value).__name__}>")


@reads("joblib.parallel.Parallel")
def parallel(value: Any) -> Node:
    """What runs functions side by side, by its settings; the rest is about the last run."""
    found = {name: item for name, item in attributes(value).items() if not name.startswith("_")}
    kept = {name: item for name, item in found.items() if name not in _PROGRESS}
    return attributes_node(value, kept, text=lambda: f"<{type(value).__name__}>")
