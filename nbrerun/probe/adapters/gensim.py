"""gensim: models, which keep a diary of what they were asked to do."""

from __future__ import annotations

from typing import Any

from ..describe.node import Node, reads
from .generic import attributes, attributes_node, layout

_NOT_READ = frozenset({"lifecycle_events", "total_train_time", "norms"})
"""The diary, with when each entry was made and how long it took; and lengths of vectors, once somebody has asked."""


@reads("gensim.utils.SaveLoad")
def saved(value: Any) -> Node:
    """A model, a dictionary, or what else gensim can save."""
    found = attributes(value, _NOT_READ)
    return attributes_node(value, found, kind=layout(type(value)).kind, text=lambda: f"<{type(value).__name__}>")
