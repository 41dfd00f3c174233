"""networkx: graphs."""

from __future__ import annotations

from typing import Any, Dict

from ..describe.node import Node, reads, type_name
from .generic import attributes

_PARTS = {"graph": "graph", "_node": "nodes", "_adj": "adj"}
# A directed graph keeps each edge twice, and views are cached properties.
_NOT_READ = frozenset(
    {"_succ", "_pred", "adj", "succ", "pred", "nodes", "edges", "in_edges", "out_edges", "degree"}
    | {"in_degree", "out_degree", "__networkx_cache__", *_PARTS}
)


@reads("networkx.classes.graph.Graph")
def graph(value: Any) -> Node:
    """A graph, by its nodes and edges with their attributes, in no particular order."""
    own = attributes(value)
    found: Dict[str, Any] = {shown: own.get(name) for name, shown in _PARTS.items()}
    found.update((name, own[name]) for name in sorted(own) if name not in _NOT_READ)
    count = str(len(own["_node"])) if type(own.get("_node")) is dict else ""
    return Node(
        type_name(type(value)),
        ("\0".join(found).encode("utf-8", "surrogatepass"),),
        list(found.values()),
        lambda: ["." + name for name in found],
        size=("{}.number_of_nodes()", count) if count else None,
        text=lambda: f"graph of {count or 'some'} nodes",
    )
