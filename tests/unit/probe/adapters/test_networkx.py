"""networkx: graphs."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import networkx as nx
import pytest

from tests.unit.probe.looking import digest, moved, paths, read

KINDS = [nx.Graph, nx.DiGraph, nx.MultiGraph, nx.MultiDiGraph]


def graph(kind: Any = nx.Graph) -> Any:
    """A triangle with notes on it."""
    made = kind(name="triangle")
    made.add_node("a", size=1)
    made.add_edge("a", "b", weight=1.0)
    made.add_edge("b", "c", weight=2.0)
    made.add_edge("c", "a", label=["long"])
    return made


CHANGES: dict[str, Callable[[Any], Any]] = {
    "a node more": lambda g: g.add_node("d"),
    "a node less": lambda g: g.remove_node("c"),
    "an edge more": lambda g: g.add_edge("c", "c"),
    "an edge less": lambda g: g.remove_edge("a", "b"),
    "a weight": lambda g: g.add_weighted_edges_from([("b", "d", 3.0)]),
    "an attribute of a node": lambda g: g.nodes["a"].update(size=2),
    "an attribute of an edge": lambda g: next(iter(g.edges(data=True)))[2].update(weight=9.0),
    "what is in an attribute": lambda g: list(g.edges(data=True))[2][2].setdefault("label", []).append("er"),
    "its name": lambda g: g.graph.update(name="other"),
    "cleared": lambda g: g.clear(),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", CHANGES)
def test_each_kind_of_change_is_seen(case: str, kind: Any) -> None:
    """Nodes, edges and all that is noted are value, and there is a change to show."""
    one, other = graph(kind), graph(kind)
    CHANGES[case](other)
    assert not read(one).opaque
    assert digest(one) == digest(graph(kind)) != digest(other)
    assert moved(one, graph(kind)) == {}
    assert moved(one, other)


@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_is_equal(kind: Any) -> None:
    """However it was made."""
    one = graph(kind)
    copies = [one.copy(), copy.deepcopy(one), pickle.loads(pickle.dumps(one))]
    assert {digest(one), *map(digest, copies)} == {digest(one)}


@pytest.mark.parametrize("kind", KINDS)
def test_looking_at_it_in_other_ways_is_no_change(kind: Any) -> None:
    """Views and answers that a graph keeps are no value."""
    one = graph(kind)
    before = digest(one)
    assert (len(one.nodes), len(one.edges), len(one.adj), len(one.degree)) == (3, 3, 3, 3)
    nx.to_numpy_array(one)
    nx.number_weakly_connected_components(one) if one.is_directed() else nx.number_connected_components(one)
    assert digest(one) == before


def test_an_edge_without_direction_has_none() -> None:
    """From a to b is from b to a, and in which order they came does not matter; with a direction it does."""
    for kind, equal in ((nx.Graph, True), (nx.DiGraph, False)):
        one, other = kind(), kind()
        one.add_edges_from([("a", "b"), ("b", "c")])
        other.add_edges_from([("c", "b"), ("b", "a")])
        assert (digest(one) == digest(other)) is equal


def test_kinds_of_graphs_differ() -> None:
    """The same edges in another kind of graph."""
    assert len({digest(graph(kind)) for kind in KINDS}) == 4


def test_a_change_is_told_by_its_place() -> None:
    """`G.adj['a']['b']['weight']`, and growth by the number of nodes."""
    one, other = graph(), graph()
    other["a"]["b"]["weight"] = 1.5
    assert moved(one, other)["x.adj['a']['b']['weight']"].max_abs_change == 0.5
    other.add_node("d")
    assert moved(one, other)["x.number_of_nodes()"].again == "4"
    assert {"x.nodes['a']['size']", "x.graph['name']"} <= paths(one)


def test_a_view_of_a_part_is_read() -> None:
    """Another part is another value, and so is the same part of a changed graph."""
    one, other = graph(), graph()
    assert digest(one.subgraph(["a", "b"])) == digest(other.subgraph(["a", "b"])) != digest(one.subgraph(["a", "c"]))
    other["a"]["b"]["weight"] = 1.5
    assert digest(one.subgraph(["a", "b"])) != digest(other.subgraph(["a", "b"]))
    assert digest(one.edges) != digest(other.edges)
    assert digest(one.nodes) == digest(other.nodes)


def test_attributes_of_a_subclass_are_value() -> None:
    """And what it overrides is not asked."""
    calls: list[str] = []

    class Mine(nx.Graph):
        note = ""

        def __len__(self) -> int:
            calls.append("__len__")
            return 0

        def __iter__(self) -> Any:
            calls.append("__iter__")
            return iter(())

    one, other = Mine(), Mine()
    other.note = "mine"
    assert digest(one) == digest(Mine()) != digest(other)
    assert calls == []
