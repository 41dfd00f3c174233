"""Bokeh: figures, and the models that they consist of."""

from __future__ import annotations

from typing import Any

from ..describe.node import Node, reads
from .generic import attributes, attributes_node


@reads("bokeh.model.model.Model")
def model(value: Any) -> Node:
    """One of the parts of a figure, without the number that it has of all that were ever made."""
    found = attributes(value, {"_id"})
    return attributes_node(value, found, text=lambda: f"<{type(value).__name__}>")
