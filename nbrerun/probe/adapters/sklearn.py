"""scikit-learn: estimators with their parameters and fitted attributes, and the trees inside them."""

from __future__ import annotations

from typing import Any, Dict, Optional

from ..describe.node import Node, attribute_label, clip, reads, type_name
from .builtins import items_only
from .generic import attributes, attributes_node

_DURATIONS = frozenset({"refit_time_", "mean_fit_time", "std_fit_time", "mean_score_time", "std_score_time"})
"""How long something took is not what was learnt."""

_ADDRESSES = frozenset({"_stop_words_id"})
"""Where something lies is no value; vectorizers note it when they are first asked."""


@reads("sklearn.base.BaseEstimator")
def estimator(value: Any) -> Node:
    """Parameters and fitted attributes, which all are attributes of the instance."""
    found = {name: item for name, item in attributes(value).items() if name not in _DURATIONS | _ADDRESSES}
    results = found.get("cv_results_")
    if isinstance(results, dict):
        found["cv_results_"] = {name: item for name, item in results.items() if name not in _DURATIONS}
    return attributes_node(value, found, kind="model", text=lambda: f"<{type(value).__name__}>")


@reads("sklearn.utils._bunch.Bunch")
def bunch(value: Any) -> Node:
    """A dict; which warnings it gives for old keys is no value."""
    return items_only(value)


@reads("sklearn.pipeline.Pipeline")
def pipeline(value: Any) -> Optional[Node]:
    """Its steps by name, as `pipe['clf']` finds them."""
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
    """The nodes of a fitted tree."""
    state = value.__getstate__()
    names, count = list(state), str(state["node_count"])  # nothing else may hold arrays that only this reading makes
    return Node(
        "sklearn.tree.Tree",
        children=list(state.values()),
        labels=lambda: [attribute_label(name) for name in names],
        size=("{}.node_count", count),
        text=lambda: f"tree of {count} nodes",
    )


@reads(*(f"sklearn.neighbors._{kind}_tree.BinaryTree{bits}" for kind in ("kd", "ball") for bits in ("", "32", "64")))
def neighbours(value: Any) -> Node:
    """A tree of neighbours without the counters of how often it was asked."""
    state = value.__getstate__()
    kept = [*state[:7], *state[11:]]
    return Node(type_name(type(value)), children=kept, text=lambda: f"tree of {len(state[0])} points")
