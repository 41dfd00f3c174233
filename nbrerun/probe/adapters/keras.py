"""Keras 3, on any backend: models, layers, optimizers, metrics, callbacks."""

from __future__ import annotations

import re
import sys
from typing import Any, Dict, FrozenSet, List, Optional, Set

from ..describe.change import Wanted, changes
from ..describe.node import ATOMS, Node, clip, dumps, per_class, reads, type_name
from .builtins import items_only, sequence, unordered
from .generic import Described, ancestry, attributes, attributes_node, members, module_of, of_class
from .jax import typed
from .numpy import other_values

_LAYER_BOOKS = frozenset(
    "_tracker _lock _auto_config build quantize train_function test_function predict_function _path _parent_path"
    " _inbound_nodes _outbound_nodes _losses _loss_ids _losses_override _tracked _called call_signature_parameters"
    " _compiled_trainable_state _compile_config _eval_epoch_iterator _jax_state _jax_state_synced _initial_epoch"
    " _distribute_strategy stop_training _build_shapes_dict _input_spec _loss_tracker _compile_loss _compile_metrics"
    " _saved_model_inputs_spec _saved_model_arg_spec _compute_loss_has_training_arg _convert_input_args"
    " _allow_non_tensor_positional_args supports_jit _functional _trainable_variables _non_trainable_variables"
    " _metrics _seed_generators _layers _torch_params _symbolic_fn _input_tensor stop_evaluating stop_predicting"
    " is_gptq_calibrated is_awq_calibrated _call_signature _call_context_args _call_has_context_arg"
    " _call_has_training_arg _call_has_mask_arg".split()
)
"""What Keras keeps to do its work, by call or by fit; and lists of what is an attribute as well."""
_GRAPH_BOOKS = frozenset(
    "_inputs _outputs _inputs_struct _outputs_struct _nodes _nodes_by_depth _operations _operations_by_depth"
    " output_names input_names".split()
)
_TORCH_BOOKS = frozenset(
    "training _parameters _buffers _non_persistent_buffers_set _is_full_backward_hook _modules"
    " _forward_hooks_with_kwargs _forward_hooks_always_called _forward_pre_hooks_with_kwargs"
    " _backward_pre_hooks _backward_hooks _forward_hooks _forward_pre_hooks _state_dict_hooks"
    " _state_dict_pre_hooks _load_state_dict_pre_hooks _load_state_dict_post_hooks".split()
)
_OPTIMIZER_BOOKS = frozenset(
    "_tracker _lock _variables _trainable_variables _trainable_variables_indices _distribution_strategy"
    " _exclude_from_weight_decay_cache".split()
)
_METRIC_BOOKS = frozenset("_tracker _variables _metrics _dtype_policy".split())
_CALLBACK_BOOKS = frozenset(
    "_model validation_data _executor _progbar progbar _train_accumulated_time _batch_start_time"
    " _epoch_start_time".split()
)


@reads("keras.src.backend.common.variables.Variable")
def variable(value: Any) -> Node:
    """Values and whether it is trained; its name and path are counted up for each new one."""
    held = value._value
    if held is None:
        return Node("keras.Variable", (b"not filled yet",), text=lambda: "not filled yet")
    node = typed(plain(held), "keras.Variable", value._dtype)
    return node._replace(content=(b"%d" % value._trainable, *node.content))


def plain(held: Any) -> Any:
    """A backend's own tensor as an array: Keras's way of asking TensorFlow for it makes numpy warn."""
    if module_of(type(held)).startswith("tensorflow."):
        return sys.modules["numpy"].asarray(held.numpy())
    return sys.modules["numpy"].asarray(sys.modules["keras.src.backend"].convert_to_numpy(held))


@reads("keras.src.layers.layer.Layer", "keras.src.models.model.Model")
def layer(value: Any) -> Node:
    """A layer or a model: settings and weights by the names that a person can type."""
    own = {name: item for name, item in attributes(value).items() if not _is_log(name, item)}
    bases = {f"{base.__module__}.{of_class(base, '__name__')}" for base in ancestry(type(value))}
    connected = "keras.src.models.functional.Functional" in bases
    found = _named(value, own, _LAYER_BOOKS | _GRAPH_BOOKS if connected else _LAYER_BOOKS)
    if "torch.nn.modules.module.Module" in bases:
        found = _with_modules(found)
    if own.get("compiled"):
        found = {name: _still(item) for name, item in found.items()}
        found["compiled"] = _compiled(own)
    if own.get("built"):
        found = {name: _used(item) for name, item in found.items()}
    layers = list(own.get("_layers") or ())
    if "keras.src.models.sequential.Sequential" in bases:
        inputs = [item for item in layers[:1] if _is_of(type(item), "keras.src.layers.core.input_layer", "InputLayer")]
        found.update(inputs=inputs, layers=layers[len(inputs) :])
    if connected:
        found.update(layers=layers, structure=Described(_structure(own)))
    return _node(value, found, "model")


def _is_log(name: str, item: Any) -> bool:
    """What `fit` returned last: it begins anew with each `fit`, and is in no file."""
    return name == "history" and _is_of(type(item), "keras.src.callbacks.history", "History")


def _node(value: Any, found: Dict[str, Any], kind: str = "data") -> Node:
    """Attributes; those that are None have no place of their own, since most settings of a layer are."""
    node = attributes_node(value, {name: item for name, item in found.items() if item is not None}, kind=kind)
    nothing = sorted(name for name, item in found.items() if item is None)
    content = (*node.content, "\0".join(nothing).encode("utf-8", "surrogatepass"))
    return node._replace(content=content, text=lambda: f"<{of_class(type(value), '__name__')}>")


def _named(value: Any, found: Dict[str, Any], leave: FrozenSet[str]) -> Dict[str, Any]:
    """Attributes under their public names, without automatic ones and without book-keeping."""
    kept: Dict[str, Any] = {}
    public = _properties(type(value))
    for name, item in found.items():
        if name in leave or name.startswith("_self_"):
            continue
        if name in ("name", "_name") and _is_automatic(type(value), item):
            continue
        kept[name[1:] if name[:1] == "_" and name[1:] in public else name] = item
    return kept


@per_class
def _properties(cls: type) -> FrozenSet[str]:
    """Names of properties, which hide an attribute that begins with an underscore."""
    return frozenset(
        name for base in ancestry(cls) for name, item in members(base).items() if isinstance(item, property)
    )


def _is_automatic(cls: type, name: Any) -> bool:
    """Whether a name is what Keras makes of the class's own, counted up: `dense_3`, `backward_lstm_3`."""
    own = re.escape(_snake(of_class(cls, "__name__")))
    return type(name) is str and re.fullmatch(rf"((for|back)ward_)?{own}(_\d+)?", name) is not None


def _snake(name: str) -> str:
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def _with_modules(found: Dict[str, Any]) -> Dict[str, Any]:
    """On the torch backend layers that are attributes lie where torch keeps its modules."""
    own = {name: item for name, item in found.items() if name not in _TORCH_BOOKS}
    modules = found.get("_modules") or {}
    return {**own, **{name: item for name, item in modules.items() if name not in _LAYER_BOOKS}}


def _structure(own: Dict[str, Any]) -> Node:
    """Which operation gets what from which others, by their places; and settings of those that are no layers."""
    operations = list(_unwrapped(own["_operations"]))
    places = {id(operation): place for place, operation in enumerate(operations)}
    used = {id(node) for nodes in own["_nodes_by_depth"].values() for node in nodes}
    parts: List[Any] = [_wired(own["_inputs_struct"], places), _wired(own["_outputs_struct"], places)]
    for operation in operations:
        nodes = [node for node in operation._inbound_nodes if id(node) in used]
        parts += [_wired([node.arguments.args, node.arguments.kwargs], places) for node in nodes]
        parts.append(Described(_settings(operation)))
    return Node("connections", children=parts, text=lambda: f"connections of {len(operations)} operations")


def _unwrapped(value: Any) -> Any:
    """A list, whatever TensorFlow has put around it."""
    return vars(value).get("_storage", value) if hasattr(value, "__dict__") else value


def _wired(value: Any, places: Dict[int, int]) -> Any:
    """Arguments of a call, with symbols replaced by where they come from."""
    if type(value) in (list, tuple):
        return [_wired(item, places) for item in value]
    if type(value) is dict:
        return {key: _wired(item, places) for key, item in value.items()}
    if not _is_of(type(value), "keras.src.backend.common.keras_tensor", "KerasTensor"):
        return value
    history = value._keras_history
    return "from", places.get(id(history.operation), -1), history.node_index, history.tensor_index


def _settings(operation: Any) -> Node:
    """What an operation is, without what it learns."""
    found = _named(operation, attributes(operation), _LAYER_BOOKS | _GRAPH_BOOKS | _TORCH_BOOKS)
    plain = {name: item for name, item in found.items() if name != "built" and _is_setting(item)}
    return _node(operation, plain)


def _is_setting(value: Any) -> bool:
    if isinstance(value, (tuple, list)):
        return all(map(_is_setting, value))
    return type(value) in ATOMS or of_class(type(value), "__name__") in ("function", "dtype", "ndarray")


def _compiled(own: Dict[str, Any]) -> Dict[str, Any]:
    """What `compile` was given; the loss itself and the optimizer are attributes."""
    loss, metrics = own.get("_compile_loss"), own.get("_compile_metrics")
    given = {
        "loss_weights": getattr(loss, "_user_loss_weights", None),
        "metrics": getattr(metrics, "_user_metrics", None),
        "weighted_metrics": getattr(metrics, "_user_weighted_metrics", None),
    }
    return {name: _still(item) for name, item in given.items()}


def _still(value: Any) -> Any:
    """Metrics of a compiled model without their counts, which `fit` and `evaluate` begin anew."""
    if isinstance(value, (list, tuple)) and _holds_metric(value):
        return [_still(item) for item in value]
    if isinstance(value, dict) and _holds_metric(value):
        return {key: _still(item) for key, item in dict.items(value)}
    if not _is_metric(value):
        return value
    found = _named(value, attributes(value), _METRIC_BOOKS)
    return Described(_node(value, {name: item for name, item in found.items() if not _is_variable(item)}))


def _holds_metric(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_holds_metric, dict.values(value)))
    return any(map(_holds_metric, value)) if isinstance(value, (list, tuple)) else _is_metric(value)


def _is_metric(value: Any) -> bool:
    return _is_of(type(value), "keras.src.metrics.metric", "Metric")


def _is_variable(value: Any) -> bool:
    return _is_of(type(value), "keras.src.backend.common.variables", "Variable")


@per_class
def _is_of(cls: type, module: str, name: str) -> bool:
    return any(base.__module__ == module and of_class(base, "__name__") == name for base in ancestry(cls))


def _used(value: Any) -> Any:
    """An initializer that has done its work: which seed it drew for itself says nothing any more."""
    return Described(initializer(value, True)) if _is_initializer(value) else value


def _is_initializer(value: Any) -> bool:
    return _is_of(type(value), "keras.src.initializers.initializer", "Initializer")


@reads("keras.src.initializers.initializer.Initializer")
def initializer(value: Any, used: bool = False) -> Node:
    """Its settings: a leaf, where they are plain."""
    found = attributes(value)
    if used and found.get("_init_seed", 0) is None:
        found.pop("seed", None)
    name = type_name(type(value))
    if not ATOMS.issuperset(map(type, found.values())):
        return attributes_node(value, found)
    ordered = sorted(found.items(), key=lambda pair: (pair[0] != "seed", pair[0]))  # others rarely tell two apart
    shown = {key: item for key, item in ordered if item is not None and key != "_init_seed"}
    text = ", ".join(f"{key}={item!r}" for key, item in shown.items())
    return Node(name, (dumps(sorted(found.items())),), text=lambda: clip(f"{name.split('.')[-1]}({text})"))


@reads("keras.src.dtype_policies.dtype_policy.DTypePolicy")
def policy(value: Any) -> Node:
    """The types that a layer computes in and keeps."""
    parts = repr(sorted((name, str(item)) for name, item in attributes(value).items()))
    return Node(type_name(type(value)), (parts.encode(),), atom=True, text=lambda: str(value._name))


@reads("keras.src.optimizers.base_optimizer.BaseOptimizer", "keras.src.optimizers.optimizer.Optimizer")
def optimizer(value: Any) -> Node:
    """Settings, learning rate, steps, moments."""
    found = _named(value, attributes(value), _OPTIMIZER_BOOKS)
    return _node(value, found, "model")


@reads("keras.src.metrics.metric.Metric")
def metric(value: Any) -> Node:
    """Settings, and what has been counted so far."""
    found = _named(value, attributes(value), _METRIC_BOOKS)
    return _node(value, found)


@reads("keras.src.saving.keras_saveable.KerasSaveable", "keras.src.ops.operation.Operation")
def saveable(value: Any) -> Node:
    """Losses, operations and their like: settings."""
    found = _named(value, attributes(value), _LAYER_BOOKS)
    return _node(value, found)


@reads("keras.src.callbacks.callback.Callback", "keras.src.callbacks.callback_list.CallbackList")
def callback(value: Any) -> Node:
    """Its own state; the model that it watches is not part of it, and when it did so is no value."""
    return _node(value, _of_callback(value))


def _of_callback(value: Any) -> Dict[str, Any]:
    return {name: item for name, item in attributes(value).items() if name not in _CALLBACK_BOOKS}


@reads("keras.src.callbacks.history.History")
def history(value: Any) -> Node:
    """What `fit` returns: metrics by the names that they would have in a fresh kernel."""
    found = _of_callback(value)
    logs = found.get("history")
    if type(logs) is dict and all(type(name) is str for name in logs):
        found["history"] = dict(zip(_as_if_first(list(logs)), logs.values()))
    return _node(value, found)


def _as_if_first(names: List[str]) -> List[str]:
    """Names in logs, `val_dense_7_auc_3`, without what Keras has counted before: `val_dense_auc`.

    The model cannot tell which names are automatic: compiled anew it has forgotten the metrics of its last `fit`.
    """
    saveable = getattr(sys.modules.get("keras.src.saving.keras_saveable"), "KerasSaveable", None)
    if saveable is None or not any(map(_COUNTED.search, names)):
        return names
    counted = _counted(saveable)
    found = [counted.split(name) for name in names]
    return [_renumbered(parts, [other for other in found if _plainly(other) == _plainly(parts)]) for parts in found]


_COUNTED = re.compile(r"_\d")
_COUNT = 2
"""A name is taken apart into what is between, a class's name, its count, what is between ..."""


def _counted(saveable: type) -> "re.Pattern[str]":
    """What Keras names after a class of its own or of the person's, with how many there were before."""
    classes: List[type] = [saveable]
    for cls in classes:
        classes += type.__subclasses__(cls)  # one that is met twice does no harm
    names = {_snake(of_class(cls, "__name__")) for cls in set(classes)}
    longest_first = "|".join(map(re.escape, sorted(names, key=lambda name: (-len(name), name))))
    return re.compile(rf"(?<![A-Za-z0-9])({longest_first})(?:_(\d+))?(?![A-Za-z0-9])")


def _plainly(parts: List[Optional[str]]) -> List[Optional[str]]:
    return [part for place, part in enumerate(parts) if place % 3 != _COUNT]


def _renumbered(parts: List[Optional[str]], alike: List[List[Optional[str]]]) -> str:
    """A name with its counts begun anew: they tell it from those that are alike, and nothing more."""
    anew = [part or "" for part in parts]
    for place in range(_COUNT, len(parts), 3):
        own, *counts = (int(other[place] or 0) for other in (parts, *alike))
        lower = {count for count in counts if count < own}
        anew[place] = f"_{len(lower)}" if lower else ""
    return "".join(anew)


@reads("keras.src.backend.common.keras_tensor.KerasTensor")
def symbol(value: Any) -> Node:
    """A symbol: what it will look like, and how it is computed; not what the layers there have learnt."""
    own = attributes(value)
    shape, dtype, history = own["_shape"], own["_dtype"], own.get("_keras_history")
    children: List[Any] = []
    if history is not None:
        node = history.operation._inbound_nodes[history.node_index]
        given = [list(node.arguments.args), dict(node.arguments.kwargs)]
        children = [Described(_settings(history.operation)), history.tensor_index, *given]
    return Node(
        "keras.KerasTensor",
        (repr((shape, str(dtype), own.get("_sparse"))).encode(),),
        children,
        text=lambda: f"<KerasTensor {shape}, {dtype}>",
    )


@reads("keras.src.utils.tracking.TrackedList")
def tracked_list(value: Any) -> Node:
    """A list that is an attribute of a layer."""
    return sequence(list(list.__iter__(value)))


@reads("keras.src.utils.tracking.TrackedDict")
def tracked_dict(value: Any) -> Node:
    """A dict, likewise."""
    return items_only(dict(dict.items(value)))


@reads("keras.src.utils.tracking.TrackedSet")
def tracked_set(value: Any) -> Node:
    """A set, likewise."""
    return unordered(set(set.__iter__(value)))


@changes("keras.src.backend.common.variables.Variable")
def change(value: Any, path: str, wanted: Wanted) -> Set[str]:
    """Assign other numbers."""
    new = other_values(plain(value._value), wanted[path]) if path in wanted else None
    if new is None:
        return set()
    value.assign(new)
    return {path}
