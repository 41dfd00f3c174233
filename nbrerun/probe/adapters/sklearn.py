"""scikit-learn: estimators with their parameters and fitted attributes, and the trees in them."""

from __future__ import annotations

from typing import Any, Dict, Optional

from ..describe.node import Node, attribute_label, clip, reads, type_name
from .builtins import items_only
from .generic import attributes, attributes_node

_DURATIONS = frozenset({"refit_time_", "mean_fit_time", "std_fit_time", "mean_score_time", "std_score_time"})
"""Durations, which are not part of what was learnt."""

_ADDRESSES = frozenset({"_stop_words_id"})
"""Addresses, which vectorizers store when they are first used."""


@reads("sklearn.base.BaseEstimator")
def estimator(value: Any) -> Node:
    """An estimator, by its parameters and fitted attributes, all of which are attributes of the instance."""
    found = attributes(value, _DURATIONS | _ADDRESSES)
    results = found.get("cv_results_")
    if isinstance(results, dict):
        found["cv_results_"] = {name: item for name, item in results.items() if name not in _DURATIONS}
    return attributes_node(value, found, kind="model", text=lambda: f"<{type(value).__name__}>")


@reads("sklearn.utils._bunch.Bunch")
def bunch(value: Any) -> Node:
    """A Bunch, as a dict, without the warnings that it gives for old keys."""
    return items_only(value)


@reads("sklearn.pipeline.Pipeline")
def pipeline(value: Any) -> Optional[Node]:
    """A pipeline, by its steps under the names that `pipe['clf']` uses."""
    found: Dict[str, Any] = attributes(value)
    steps = found.pop("steps")
    if not isinstance(steps, list):
        return estimator(value)
    names = sorted(found)
    return Node(
        type_name(type(value)),
        tuple(name.encode() for name, _ in steps),
        [found[name] for name in names] + [step for _, step in steps],
        lambda: [attribute_label(name) for name in names] + [f"[{clip(repr(name), 40)}]" for name, _ in steps],
        kind="model",
        text=lambda: f"<{type(value).__name__}>",
    )


@reads("sklearn.tree._tree.Tree")
def tree(value: Any) -> Node:
    """A fitted tree, by its nodes."""
    # A Cython class, which the user cannot override: its state for pickling is all there is.
    state = value.__getstate__()
    names, count = list(state), str(state["node_count"])  # `state` itself must not outlive this function
    return Node(
        "sklearn.tree.Tree",
        children=list(state.values()),
        labels=lambda: [attribute_label(name) for name in names],
        size=("{}.node_count", count),
        text=lambda: f"tree of {count} nodes",
    )


@reads(*(f"sklearn.neighbors._{kind}_tree.BinaryTree{bits}" for kind in ("kd", "ball") for bits in ("", "32", "64")))
def neighbours(value: Any) -> Node:
    """A neighbour tree, without the counters of its queries."""
    state = value.__getstate__()
    kept = [*state[:7], *state[11:]]
    return Node(type_name(type(value)), children=kept, text=lambda: f"tree of {len(state[0])} points")
