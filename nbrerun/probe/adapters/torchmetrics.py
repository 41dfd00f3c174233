"""torchmetrics: metrics, which are PyTorch modules."""

from __future__ import annotations

from typing import Any

from ..describe.node import Node, reads
from .torch import module_without

_RESULTS = frozenset({"_computed", "_forward_cache", "_cache"})
"""What was computed last, kept until the next update."""


@reads("torchmetrics.metric.Metric")
def metric(value: Any) -> Node:
    """A metric, by what it has been updated with."""
    return module_without(value, _RESULTS)
