"""Keras 3, on every backend: models, layers, optimizers, metrics, callbacks."""

from __future__ import annotations

import sys
from typing import Any, Dict, List, Set

from ..describe.change import Wanted, changes
from ..describe.node import ATOMS, Node, clip, dumps, per_class, reads, type_name
from .builtins import items_only, sequence, unordered
from .generic import Described, ancestry, attributes, attributes_node, module_of, of_class
from .jax import typed
from .keras_names import numbered_as_first, public_names
from .numpy import other_values

_LAYER_INTERNAL = frozenset(
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
"""Attributes that Keras needs for its own work, sets in a call or in `fit`, or that list other attributes."""
_GRAPH_INTERNAL = frozenset(
    "_inputs _outputs _inputs_struct _outputs_struct _nodes _nodes_by_depth _operations _operations_by_depth"
    " output_names input_names".split()
)
_TORCH_INTERNAL = frozenset(
    "training _parameters _buffers _non_persistent_buffers_set _is_full_backward_hook _modules"
    " _forward_hooks_with_kwargs _forward_hooks_always_called _forward_pre_hooks_with_kwargs"
    " _backward_pre_hooks _backward_hooks _forward_hooks _forward_pre_hooks _state_dict_hooks"
    " _state_dict_pre_hooks _load_state_dict_pre_hooks _load_state_dict_post_hooks".split()
)
_OPTIMIZER_INTERNAL = frozenset(
    "_tracker _lock _variables _trainable_variables _trainable_variables_indices _distribution_strategy"
    " _exclude_from_weight_decay_cache".split()
)
_METRIC_INTERNAL = frozenset("_tracker _variables _metrics _dtype_policy".split())
_CALLBACK_INTERNAL = frozenset(
    "_model validation_data _executor _progbar progbar _train_accumulated_time _batch_start_time"
    " _epoch_start_time".split()
)


@reads("keras.src.backend.common.variables.Variable")
def variable(value: Any) -> Node:
    """A variable, by its values and whether it is trainable, without its numbered name and path."""
    held = value._value
    if held is None:
        return Node("keras.Variable", (b"not filled yet",), text=lambda: "not filled yet")
    node = typed(plain(held), "keras.Variable", value._dtype)
    return node._replace(content=(b"%d" % value._trainable, *node.content))


def plain(held: Any) -> Any:
    """Return a backend's tensor as an array."""
    # `convert_to_numpy` of the TensorFlow backend makes numpy warn.
    if module_of(type(held)).startswith("tensorflow."):
        return sys.modules["numpy"].asarray(held.numpy())
    return sys.modules["numpy"].asarray(sys.modules["keras.src.backend"].convert_to_numpy(held))


@reads("keras.src.layers.layer.Layer", "keras.src.models.model.Model")
def layer(value: Any) -> Node:
    """A layer or a model, by its settings and weights, under the names that a user can type."""
    own = attributes(value)
    # `fit` replaces its history each time, and saving a model leaves it out.
    if _is_of(type(own.get("history")), "keras.src.callbacks.history", "History"):
        del own["history"]
    bases = {f"{base.__module__}.{of_class(base, '__name__')}" for base in ancestry(type(value))}
    connected = "keras.src.models.functional.Functional" in bases
    found = public_names(value, own, _LAYER_INTERNAL | _GRAPH_INTERNAL if connected else _LAYER_INTERNAL)
    if "torch.nn.modules.module.Module" in bases:
        # There, layers that are attributes are kept among torch's modules.
        modules = found.get("_modules") or {}
        found = {name: item for name, item in found.items() if name not in _TORCH_INTERNAL}
        found.update((name, item) for name, item in modules.items() if name not in _LAYER_INTERNAL)
    if own.get("compiled"):
        found = {name: _without_counts(item) for name, item in found.items()}
        found["compiled"] = _compiled(own)
    if own.get("built"):
        # An initializer has done its work: the seed that it drew for itself no longer matters.
        found = {
            name: Described(initializer(item, True))
            if _is_of(type(item), "keras.src.initializers.initializer", "Initializer")
            else item
            for name, item in found.items()
        }
    layers = list(own.get("_layers") or ())
    if "keras.src.models.sequential.Sequential" in bases:
        inputs = [item for item in layers[:1] if _is_of(type(item), "keras.src.layers.core.input_layer", "InputLayer")]
        found.update(inputs=inputs, layers=layers[len(inputs) :])
    if connected:
        found.update(layers=layers, structure=Described(_structure(own)))
    return _node(value, found, "model")


def _node(value: Any, found: Dict[str, Any], kind: str = "data") -> Node:
    """Describe attributes; those that are None become one text, since most settings of a layer are None."""
    node = attributes_node(value, {name: item for name, item in found.items() if item is not None}, kind=kind)
    nothing = sorted(name for name, item in found.items() if item is None)
    content = (*node.content, "\0".join(nothing).encode("utf-8", "surrogatepass"))
    return node._replace(content=content, text=lambda: f"<{of_class(type(value), '__name__')}>")


def _structure(own: Dict[str, Any]) -> Node:
    """The graph of a functional model: the inputs of every operation, and the settings of those that are not layers."""
    operations = own["_operations"]
    if hasattr(operations, "__dict__"):  # TensorFlow wraps lists that are attributes
        operations = vars(operations).get("_storage", operations)
    operations = list(operations)
    places = {id(operation): place for place, operation in enumerate(operations)}
    used = {id(node) for nodes in own["_nodes_by_depth"].values() for node in nodes}
    parts: List[Any] = [_wired(own["_inputs_struct"], places), _wired(own["_outputs_struct"], places)]
    for operation in operations:
        nodes = [node for node in operation._inbound_nodes if id(node) in used]
        parts += [_wired([node.arguments.args, node.arguments.kwargs], places) for node in nodes]
        parts.append(Described(_settings(operation)))
    return Node("connections", children=parts, text=lambda: f"connections of {len(operations)} operations")


def _wired(value: Any, places: Dict[int, int]) -> Any:
    """Return the arguments of a call, with each symbol replaced by the place of the operation that it comes from."""
    if type(value) in (list, tuple):
        return [_wired(item, places) for item in value]
    if type(value) is dict:
        return {key: _wired(item, places) for key, item in value.items()}
    if not _is_of(type(value), "keras.src.backend.common.keras_tensor", "KerasTensor"):
        return value
    history = value._keras_history
    return "from", places.get(id(history.operation), -1), history.node_index, history.tensor_index


def _settings(operation: Any) -> Node:
    """An operation, by its settings, without what it has learnt."""
    found = public_names(operation, attributes(operation), _LAYER_INTERNAL | _GRAPH_INTERNAL | _TORCH_INTERNAL)
    plain = {name: item for name, item in found.items() if name != "built" and _is_setting(item)}
    return _node(operation, plain)


def _is_setting(value: Any) -> bool:
    if isinstance(value, (tuple, list)):
        return all(map(_is_setting, value))
    return type(value) in ATOMS or of_class(type(value), "__name__") in ("function", "dtype", "ndarray")


def _compiled(own: Dict[str, Any]) -> Dict[str, Any]:
    """Return the arguments of `compile` that are not attributes, as the loss and the optimizer are."""
    loss, metrics = own.get("_compile_loss"), own.get("_compile_metrics")
    given = {
        "loss_weights": getattr(loss, "_user_loss_weights", None),
        "metrics": getattr(metrics, "_user_metrics", None),
        "weighted_metrics": getattr(metrics, "_user_weighted_metrics", None),
    }
    return {name: _without_counts(item) for name, item in given.items()}


def _without_counts(value: Any) -> Any:
    """Replace metrics of a compiled model by their settings: `fit` and `evaluate` reset what they have counted."""
    if isinstance(value, (list, tuple)) and _holds_metric(value):
        return [_without_counts(item) for item in value]
    if isinstance(value, dict) and _holds_metric(value):
        return {key: _without_counts(item) for key, item in dict.items(value)}
    if not _is_metric(value):
        return value
    found = public_names(value, attributes(value), _METRIC_INTERNAL)
    variable = ("keras.src.backend.common.variables", "Variable")
    return Described(_node(value, {name: item for name, item in found.items() if not _is_of(type(item), *variable)}))


def _holds_metric(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_holds_metric, dict.values(value)))
    return any(map(_holds_metric, value)) if isinstance(value, (list, tuple)) else _is_metric(value)


def _is_metric(value: Any) -> bool:
    return _is_of(type(value), "keras.src.metrics.metric", "Metric")


@per_class
def _is_of(cls: type, module: str, name: str) -> bool:
    # By name: Keras may be imported more than once, as `keras` and as `tf_keras`.
    return any(base.__module__ == module and of_class(base, "__name__") == name for base in ancestry(cls))


@reads("keras.src.initializers.initializer.Initializer")
def initializer(value: Any, used: bool = False) -> Node:
    """An initializer, by its settings, as a leaf if they are plain."""
    found = attributes(value)
    if used and found.get("_init_seed", 0) is None:
        found.pop("seed", None)
    name = type_name(type(value))
    if not ATOMS.issuperset(map(type, found.values())):
        return attributes_node(value, found)
    ordered = sorted(found.items(), key=lambda pair: (pair[0] != "seed", pair[0]))  # the seed differs most often
    shown = {key: item for key, item in ordered if item is not None and key != "_init_seed"}
    text = ", ".join(f"{key}={item!r}" for key, item in shown.items())
    return Node(name, (dumps(sorted(found.items())),), text=lambda: clip(f"{name.split('.')[-1]}({text})"))


@reads("keras.src.dtype_policies.dtype_policy.DTypePolicy")
def policy(value: Any) -> Node:
    """A dtype policy: the types that a layer computes with and stores."""
    parts = repr(sorted((name, str(item)) for name, item in attributes(value).items()))
    return Node(type_name(type(value)), (parts.encode(),), atom=True, text=lambda: str(value._name))


@reads("keras.src.optimizers.base_optimizer.BaseOptimizer", "keras.src.optimizers.optimizer.Optimizer")
def optimizer(value: Any) -> Node:
    """An optimizer, by its settings, learning rate, steps and moments."""
    found = public_names(value, attributes(value), _OPTIMIZER_INTERNAL)
    return _node(value, found, "model")


@reads("keras.src.metrics.metric.Metric")
def metric(value: Any) -> Node:
    """A metric, by its settings and what it has counted."""
    found = public_names(value, attributes(value), _METRIC_INTERNAL)
    return _node(value, found)


@reads("keras.src.saving.keras_saveable.KerasSaveable", "keras.src.ops.operation.Operation")
def saveable(value: Any) -> Node:
    """A loss, an operation or the like, by its settings."""
    found = public_names(value, attributes(value), _LAYER_INTERNAL)
    return _node(value, found)


@reads("keras.src.callbacks.callback.Callback", "keras.src.callbacks.callback_list.CallbackList")
def callback(value: Any) -> Node:
    """A callback, by its own state, without the model that it watches and its clocks."""
    return _node(value, _of_callback(value))


def _of_callback(value: Any) -> Dict[str, Any]:
    return attributes(value, _CALLBACK_INTERNAL)


@reads("keras.src.callbacks.history.History")
def history(value: Any) -> Node:
    """The return value of `fit`, with metrics under the names that a new kernel would give them."""
    found = _of_callback(value)
    logs = found.get("history")
    if type(logs) is dict and all(type(name) is str for name in logs):
        found["history"] = dict(zip(numbered_as_first(list(logs)), logs.values()))
    return _node(value, found)


@reads("keras.src.backend.common.keras_tensor.KerasTensor")
def symbol(value: Any) -> Node:
    """A symbol, by its type and how it is computed, without what the layers have learnt."""
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
    """A dict that is an attribute of a layer."""
    return items_only(dict(dict.items(value)))


@reads("keras.src.utils.tracking.TrackedSet")
def tracked_set(value: Any) -> Node:
    """A set that is an attribute of a layer."""
    return unordered(set(set.__iter__(value)))


@changes("keras.src.backend.common.variables.Variable")
def change(value: Any, path: str, wanted: Wanted) -> Set[str]:
    """Assign other numbers."""
    new = other_values(plain(value._value), wanted[path]) if path in wanted else None
    if new is None:
        return set()
    value.assign(new)
    return {path}
