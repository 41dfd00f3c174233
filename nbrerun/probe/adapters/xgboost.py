"""XGBoost: boosters, matrices, scikit-learn wrappers."""

from __future__ import annotations

import json
import sys
from typing import Any, Dict, List, Optional

from ..describe.node import Node, attribute_label, reads, type_name
from .generic import Described, attributes, attributes_node, derives

_TWICE = frozenset({"eta", "alpha", "lambda", "gamma", "seed", "nthread"})
"""Parameters that the library lists under two names."""

_NOT_PARAMETERS = frozenset({"metrics", "gbtree_model_param", "learner_model_param", "version", "name"})
"""Metrics, which the first evaluation fills in, and parts that the saved model repeats."""

_EARLY_STOPPING = ("best_iteration", "best_score")
"""Attributes of the model that are Python attributes as well."""

_FIELDS = ("label_lower_bound", "label_upper_bound", "feature_weights")


@reads("xgboost.core.Booster")
def booster(value: Any) -> Node:
    """A booster, by its saved model, parameters and attributes, without predictions that are cached for training."""
    core: Any = sys.modules["xgboost.core"]
    cls = type_name(type(value))
    try:
        # `core.Booster.save_raw`: a subclass of the user's may override the method. UBJSON keeps floats exactly.
        raw = core.Booster.save_raw(value, "ubj")
    except core.XGBoostError:
        return Node(cls, kind="model", opaque=f"{cls}: its state cannot be read before it has seen data")
    rounds = core.Booster.num_boosted_rounds(value)
    marks: Dict[str, Any] = {}
    for name, item in sorted(core.Booster.attributes(value).items()):
        marks[attribute_label(name) if name in _EARLY_STOPPING else f".attr({name!r})"] = item
    parameters = {f".<parameter {name}>": item for name, item in sorted(_parameters(value).items())}
    own = {attribute_label(name): item for name, item in attributes(value).items() if name != "handle"}
    saved = Node("bytearray", (raw,), text=lambda: f"{rounds} rounds in {len(raw)} bytes")
    parts: Dict[str, Any] = {**marks, **parameters, **own, ".save_raw()": Described(saved)}
    return Node(
        cls,
        ("\0".join(parts).encode(),),
        list(parts.values()),
        lambda: list(parts),
        kind="model",
        size=("{}.num_boosted_rounds()", str(rounds)),
        text=lambda: f"booster of {rounds} rounds",
    )


def _parameters(value: Any) -> Dict[str, str]:
    """Return the parameters with which training would continue, by name."""
    found: Dict[str, str] = {}
    pending: List[Any] = [("", json.loads(sys.modules["xgboost.core"].Booster.save_config(value)))]
    while pending:
        key, item = pending.pop()
        if key in _NOT_PARAMETERS or key in _TWICE:
            continue
        if isinstance(item, dict):
            pending += item.items()
        elif isinstance(item, list):
            pending += [("", part) for part in item]
        else:
            found[key] = str(item)
    return found


@reads("xgboost.sklearn.XGBModel")
def wrapper(value: Any) -> Node:
    """A scikit-learn estimator, with its booster under the name of the method that returns it."""
    found = attributes(value)
    if "_Booster" in found:
        found["get_booster()"] = found.pop("_Booster")
    return attributes_node(value, found, kind="model", text=lambda: f"<{type(value).__name__}>")


@reads("xgboost.core.ExtMemQuantileDMatrix")
def stored_matrix(value: Any) -> Node:
    """A matrix in external memory, which is read page by page."""
    cls = type_name(type(value))
    return Node(cls, opaque=f"{cls}: its data are kept outside of memory")


@reads("xgboost.core.DMatrix")
def matrix(value: Any) -> Node:
    """A matrix, by data (32 bits each), labels and weights, without the quantile cuts that training computes."""
    core: Any = sys.modules["xgboost.core"]
    base, cls = core.DMatrix, type_name(type(value))
    names = ("get_data", "get_label", "get_weight", "get_base_margin", "get_group")
    parts: Dict[str, Any] = {f".{name}()": getattr(base, name)(value) for name in names}
    parts.update((f".get_float_info({name!r})", base.get_float_info(value, name)) for name in _FIELDS)
    parts.update((f".{name}", getattr(base, name).fget(value)) for name in ("feature_names", "feature_types"))
    if derives(value, core.QuantileDMatrix):
        parts[".get_quantile_cut()"] = base.get_quantile_cut(value)
    categories = _categories(value, base) if "c" in (parts[".feature_types"] or ()) else []
    parts[".get_categories()"] = categories
    shape = str((base.num_row(value), base.num_col(value)))
    return Node(
        cls,
        (shape.encode(),),
        list(parts.values()),
        lambda: list(parts),
        opaque=f"{cls}: the names of its categories are read with pyarrow only" if categories is None else None,
        size=("({0}.num_row(), {0}.num_col())", shape),
        text=lambda: f"matrix of shape {shape}",
    )


def _categories(value: Any, base: Any) -> Optional[List[Any]]:
    """Return the categories of each column; before XGBoost 3.1 a matrix did not store them."""
    if not hasattr(base, "get_categories"):
        return []
    if "pyarrow" not in sys.modules:
        return None
    columns = base.get_categories(value, export_to_arrow=True).to_arrow()
    return [(name, None if names is None else names.to_pylist()) for name, names in columns]
