"""CatBoost: models and pools."""

from __future__ import annotations

import sys
from typing import Any, Dict

from ..describe.node import Node, attribute_label, reads, type_name
from ..file_values.training import without_time
from .generic import Described, attributes

_KNOWN = frozenset(
    "_object _init_params _canonized_params _is_fitted_ _random_seed _learning_rate _tree_count _n_features_in".split()
) | {"_prediction_values_change", "_loss_value_change"}
"""Attributes that are read in another way, repeat the trained model, or are filled when importances are asked for."""


@reads("catboost.core._CatBoostBase")
def model(value: Any) -> Node:
    """A model, by its parameters and its trees, without the time and the id of its training."""
    # Everything is asked of the native object: the methods of the class may be overridden.
    found = attributes(value)
    trained = found["_object"]
    count = trained._get_tree_count() if "_random_seed" in found else 0
    parts: Dict[str, Any] = {".get_params()": found["_init_params"]}
    if "_random_seed" in found:
        parts.update(
            {
                ".best_iteration_": trained._get_best_iteration(),
                ".best_score_": _rounded(trained._get_best_score()),
                ".evals_result_": _rounded(trained._get_metrics_evals()),
                ".get_leaf_values()": trained._get_leaf_values(),
                ".<trees>": Described(_trees(trained, count)),
            }
        )
    parts.update((attribute_label(name), item) for name, item in sorted(found.items()) if name not in _KNOWN)
    return Node(
        type_name(type(value)),
        ("\0".join(parts).encode(),),
        list(parts.values()),
        lambda: list(parts),
        kind="model",
        size=("{}.tree_count_", str(count)),
        text=lambda: f"model of {count} trees",
    )


def _rounded(scores: Any) -> Any:
    """Round scores: a copied model keeps fewer digits of them than the one that was trained."""
    if isinstance(scores, dict):
        return {name: _rounded(item) for name, item in scores.items()}
    if isinstance(scores, list):
        return [_rounded(item) for item in scores]
    return float(f"{scores:.14g}") if isinstance(scores, float) else scores


def _trees(trained: Any, count: int) -> Node:
    """The complete trained model; time and id are cleared in a copy, since they are stored in the middle of it."""
    data = without_time(type(trained), trained._serialize_model())
    return Node("bytes", (data,), text=lambda: f"{count} trees in {len(data)} bytes")


@reads("_catboost._PoolBase")
def pool(value: Any) -> Node:
    """A pool, by features (32 bits each), labels and weights; CatBoost does not return timestamps and subgroups."""
    base: Any = sys.modules["catboost"].Pool
    cls = type_name(type(value))
    shape = str((base.num_row(value), base.num_col(value)))
    names = ["get_label", "get_weight", "get_baseline", "get_feature_names", "get_group_id_hash"]
    kinds = ["get_cat_feature_indices", "get_text_feature_indices", "get_embedding_feature_indices"]
    parts = {f".{name}()": getattr(base, name)(value) for name in names + kinds}
    hidden = base.is_quantized(value) or base.num_pairs(value) or any(len(parts[f".{name}()"]) for name in kinds)
    if not hidden:
        parts[".get_features()"] = base.get_features(value)
    return Node(
        cls,
        (shape.encode(),),
        list(parts.values()),
        lambda: list(parts),
        opaque=f"{cls}: the library shows neither categories, texts, pairs nor quantised data" if hidden else None,
        size=("{}.shape", shape),
        text=lambda: f"pool of shape {shape}",
    )
