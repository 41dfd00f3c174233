"""LightGBM: boosters, datasets, scikit-learn wrappers."""

from __future__ import annotations

import ctypes
import os
import sys
from typing import Any, Dict, Optional, Tuple

from ..describe.node import Node, attribute_label, reads, type_name
from .generic import Described, attributes, attributes_node

_OF_A_BOOSTER = frozenset(
    "params best_iteration best_score train_set valid_sets name_valid_sets pandas_categorical train_set_version".split()
)
"""Attributes that are read in another way, or belong to training data still attached, which pickling leaves out too."""

_OF_A_DATASET = frozenset(
    "_handle version _need_slice _params_back_up _predictor _start_row _has_non_default_feature_names".split()
)

# Everything that `Dataset.get_field` returns.
_FIELDS = ("label", "weight", "group", "init_score", "position")

# Kept with an underscore in front; the property of the public name raises before the first fit.
_PUBLIC = ("Booster", "best_iteration", "best_score", "evals_result", "classes", "n_classes", "n_features", "objective")

_MOST_VALUES = 20_000_000
_MOST_BYTES = 4 << 20


@reads("lightgbm.basic.Booster")
def booster(value: Any) -> Node:
    """A booster, by its saved model (trees and parameters) and the best iteration of early stopping."""
    base: Any = sys.modules["lightgbm.basic"].Booster
    text = base.model_to_string(value, num_iteration=-1)
    trees, _, rest = text.partition("\nparameters:\n")
    rounds = base.current_iteration(value)
    found = attributes(value)
    best = found.get("best_iteration", -1)
    # The class's own methods throughout: a subclass of the user's may override them.
    saved = (trees + rest.partition("\nend of parameters\n")[2]).encode()
    model = Node("str", (saved,), text=lambda: f"{rounds} iterations in {len(saved)} characters")
    parts: Dict[str, Any] = {
        # Without early stopping `train` sets 0, where a booster that was loaded has -1.
        ".best_iteration": max(best, 0) if type(best) is int else best,
        ".best_score": found.get("best_score"),
        **_parameters(rest),
        **{attribute_label(key): found[key] for key in found if key not in _OF_A_BOOSTER and key[0] != "_"},
        ".model_to_string()": Described(model),
    }
    return Node(
        type_name(type(value)),
        ("\0".join(parts).encode(),),
        list(parts.values()),
        lambda: list(parts),
        kind="model",
        size=("{}.current_iteration()", str(rounds)),
        text=lambda: f"booster of {rounds} iterations",
    )


def _parameters(text: str) -> Dict[str, str]:
    """Return all parameters of the training by name, from the saved model: `params` may have only those given."""
    lines = [line[1:-1].partition(": ") for line in text.splitlines() if line.startswith("[") and line.endswith("]")]
    return {f".params[{name!r}]": item for name, _, item in lines}


@reads("lightgbm.sklearn.LGBMModel")
def wrapper(value: Any) -> Node:
    """A scikit-learn estimator, with fitted attributes under their public names."""
    found = attributes(value)
    for name in _PUBLIC:
        if "_" + name in found:
            found[name.lower() + "_"] = found.pop("_" + name)
    return attributes_node(value, found, kind="model", text=lambda: f"<{type(value).__name__}>")


@reads("lightgbm.basic.Dataset")
def dataset(value: Any) -> Node:
    """A dataset, by what it was made from, and by its bins once it has been constructed.

    Construction is part of the value: it frees the features (`free_raw_data`), makes labels 32 bits wide and fixes
    parameters such as `max_bin`. The first training does this, and the next one finds it done.
    """
    if vars(value).get("_handle") is None:
        found = attributes(value, _OF_A_DATASET)
        return attributes_node(value, found, text=lambda: "dataset, not constructed")
    base: Any = sys.modules["lightgbm.basic"].Dataset
    shape = (base.num_data(value), base.num_feature(value))
    found = _constructed(value, base)
    bins = _bins(value, base) if found["data"] is None and shape[0] * shape[1] <= _MOST_VALUES else None
    found["<bins>"] = Described(Node("bins", bins or ()))
    cls = type_name(type(value))
    unread = found["data"] is None and bins is None
    return attributes_node(
        value,
        found,
        opaque=f"{cls}: the features are let go once they are binned (free_raw_data=True)" if unread else None,
        size=("({0}.num_data(), {0}.num_feature())", str(shape)),
        text=lambda: f"dataset of shape {shape}",
    )


def _constructed(value: Any, base: Any) -> Dict[str, Any]:
    """Return the contents of a constructed dataset, in new objects: identities would only show who constructed it."""
    own = vars(value)
    found = {name: base.get_field(value, name) for name in _FIELDS}
    found["params"] = dict(own.get("params") or {})
    found["feature_name"] = base.get_feature_name(value)
    found["pandas_categorical"] = list(own.get("pandas_categorical") or ())
    return {**found, "data": own.get("data"), "free_raw_data": own.get("free_raw_data")}


def _bins(value: Any, base: Any) -> Optional[Tuple[bytes, bytes]]:
    """Return the edges of the bins, and the bin of each value; None where LightGBM can only write them to disk."""
    library: Any = sys.modules["lightgbm.basic"]._LIB
    if not hasattr(os, "memfd_create") or not hasattr(library, "LGBM_DatasetSerializeReferenceToBinary"):
        return None
    cuts = _cuts(library, vars(value)["_handle"])
    if cuts is None:
        return None
    file = os.memfd_create("bins")
    try:
        base._dump_text(value, f"/proc/self/fd/{file}")
        os.lseek(file, 0, os.SEEK_SET)
        with os.fdopen(file, "rb", closefd=False) as stream:
            return cuts, stream.read()
    finally:
        os.close(file)


def _cuts(library: Any, handle: Any) -> Optional[bytes]:
    """Return the edges of the bins, which the C API returns byte by byte."""
    buffer, size = ctypes.c_void_p(), ctypes.c_int32()
    if library.LGBM_DatasetSerializeReferenceToBinary(handle, ctypes.byref(buffer), ctypes.byref(size)):
        return None
    try:
        if size.value > _MOST_BYTES:
            return None
        out = ctypes.create_string_buffer(size.value)
        start = ctypes.addressof(out)
        for i in range(size.value):
            library.LGBM_ByteBufferGetAt(buffer, ctypes.c_int32(i), ctypes.c_void_p(start + i))
        return out.raw
    finally:
        library.LGBM_ByteBufferFree(buffer)
