"""networkx: graphs."""

from __future__ import annotations

from typing import Any, Dict

from ..describe.node import Node, reads, type_name
from .generic import attributes

_SHOWN = {"graph": "graph", "_node": "nodes", "_adj": "adj"}
_VIEWS = frozenset({"_succ", "_pred", "adj", "succ", "pred", "nodes", "edges", "in_edges", "out_edges", "degree"})
_CACHES = frozenset({"in_degree", "out_degree", "__networkx_cache__"})


@reads("networkx.classes.graph.Graph")
def graph(value: Any) -> Node:
    """Nodes, edges and what is noted on them; an undirected edge has no direction, and nothing has an order."""
    own = attributes(value)
    found: Dict[str, Any] = {shown: own.get(name) for name, shown in _SHOWN.items()}
    found.update((name, own[name]) for name in sorted(own) if not _is_shown(name))
    count = str(len(own["_node"])) if type(own.get("_node")) is dict else ""
    return Node(
        type_name(type(value)),
        ("\0".join(found).encode("utf-8", "surrogatepass"),),
        list(found.values()),
        lambda: ["." + name for name in found],
        size=("{}.number_of_nodes()", count) if count else None,
        text=lambda: f"graph of {count or 'some'} nodes",
    )


def _is_shown(name: str) -> bool:
    return name in _SHOWN or name in _VIEWS or name in _CACHES
