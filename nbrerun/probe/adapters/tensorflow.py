"""TensorFlow: tensors, variables, modules, functions, tables and checkpoints."""

from __future__ import annotations

import sys
from typing import Any, Callable, Dict, Iterable, Optional

from ..describe.node import Node, attribute_label, clip, reads, type_name
from . import tensorflow_data
from .builtins import items_only, sequence
from .functions import function
from .generic import attributes, attributes_node, derives, layout, of_class
from .jax import typed
from .tensorflow_graph import graph_digest


@reads("tensorflow.python.framework.ops._EagerTensorBase", "tensorflow.python.framework.ops.EagerTensor")
def tensor(value: Any) -> Node:
    """An eager tensor, by type, shape and values."""
    if value.dtype.name not in ("resource", "variant"):
        return _values("tensorflow.Tensor", value)
    content = tensorflow_data.stored(value) if value.dtype.name == "variant" else None
    if content is None:
        return Node(
            "tensorflow.Tensor", opaque=f"tensorflow.Tensor: the content of a {value.dtype.name} is inside TensorFlow"
        )
    return Node("tensorflow.Tensor", content)


def _values(name: str, value: Any) -> Node:
    return typed(sys.modules["numpy"].asarray(value.numpy()), name, value.dtype.name)


@reads("tensorflow.python.framework.tensor.Tensor", "tensorflow.python.framework.ops.Tensor")
def symbol(value: Any) -> Node:
    """A symbolic tensor of a graph, which has no value."""
    return Node("tensorflow.Tensor", opaque="tensorflow.Tensor: it stands for a value in a graph, and has none itself")


@reads("tensorflow.python.ops.variables.Variable")
def variable(value: Any) -> Node:
    """A variable, by its values and whether it is trainable, without its numbered name."""
    node = _values("tensorflow.Variable", value)
    return node._replace(content=(b"%d" % bool(value.trainable), *node.content))


def _composite(*names: str) -> Callable[[Any], Node]:
    """Return an adapter for a tensor that is made of several tensors."""

    def read(value: Any) -> Node:
        parts = [getattr(value, name) for name in names]
        return Node(
            type_name(type(value)),
            children=parts,
            labels=lambda: [attribute_label(name) for name in names],
            text=lambda: f"<{type(value).__name__}>",
        )

    return read


reads("tensorflow.python.ops.ragged.ragged_tensor.RaggedTensor")(_composite("values", "row_splits"))
reads("tensorflow.python.framework.sparse_tensor.SparseTensor")(_composite("indices", "values", "dense_shape"))
reads("tensorflow.python.framework.indexed_slices.IndexedSlices")(_composite("indices", "values", "dense_shape"))


@reads("tensorflow.python.ops.tensor_array_ops.TensorArray")
def tensor_array(value: Any) -> Node:
    """A TensorArray, by the tensors in it and the types that it takes; one in a graph holds none."""
    own = attributes(value._implementation)
    takes = own["_dtype"].name, str(own["_element_shape"]), bool(own["_dynamic_size"]), bool(own["_clear_after_read"])
    return Node("tensorflow.TensorArray", (repr(takes).encode(),), [own["_tensor_array"]], lambda: [""])


@reads("tensorflow.python.util.tf_should_use.ShouldUseWrapper")
def watched(value: Any) -> Node:
    """A TensorArray in the wrapper that warns if it is never used: any other access would count as a use."""
    inside = object.__getattribute__(value, "_tf_should_use_wrapped_value")
    return Node("tensorflow.TensorArray", children=[inside], labels=lambda: [""])


@reads(
    *("tensorflow.python.framework.dtypes.DType", "tensorflow.python.framework.tensor_shape.TensorShape"),
    "tensorflow.python.framework.type_spec.TypeSpec",
)
def printed(value: Any) -> Node:
    """A type or shape of tensors, by its repr."""
    return Node(type_name(type(value)), (repr(value).encode(),), atom=True, text=lambda: clip(repr(value)))


_IN_RUNTIME = {
    "tensorflow.python.framework.ops.Graph": "a graph",
    "tensorflow.python.client.session.BaseSession": "the variables of a session",
    "tensorflow.python.ops.summary_ops_v2.SummaryWriter": "an open log",
    "tensorflow.python.distribute.distribute_lib.StrategyBase": "how work is spread over devices",
    "tensorflow.python.saved_model.function_deserialization.RestoredFunction": "a function stored as a graph",
}


@reads(*_IN_RUNTIME)
def opaque(value: Any) -> Node:
    """An object whose state is in TensorFlow's runtime."""
    names = (f"{cls.__module__}.{cls.__qualname__}" for cls in type(value).__mro__)
    what = next(_IN_RUNTIME[name] for name in names if name in _IN_RUNTIME)
    return Node(type_name(type(value)), opaque=f"{type_name(type(value))}: {what} cannot be read")


@reads("tensorflow.python.eager.backprop.GradientTape")
def tape(value: Any) -> Node:
    """A gradient tape, which is empty once it has been asked for gradients."""
    if attributes(value).get("_tape") is None:
        return Node("used GradientTape", text=lambda: "used GradientTape")
    return Node("tensorflow.GradientTape", opaque="tensorflow.GradientTape: what it has recorded cannot be read")


_FUNCTIONS = "tensorflow.python.eager.polymorphic_function.polymorphic_function"


@reads(f"{_FUNCTIONS}.Function")
def traced(value: Any) -> Node:
    """A `tf.function`, by the Python function; traces of it are not part of the value."""
    inner = vars(value)["_python_function"]
    if not hasattr(inner, "__code__"):
        return Node("tensorflow.function", children=[inner], labels=lambda: [""], kind="definition")
    return _bound(inner) or function(inner)._replace(type="tensorflow.function")


def _bound(inner: Any) -> Optional[Node]:
    """Describe a method: TensorFlow keeps its object by a weak reference, in a function around the user's."""
    if inner.__globals__.get("__name__") != _FUNCTIONS or "weak_instance" not in inner.__code__.co_freevars:
        return None
    closure = {name: cell.cell_contents for name, cell in zip(inner.__code__.co_freevars, inner.__closure__)}
    parts = [closure["weak_instance"](), closure["original_function"]]
    text = f"<method {inner.__name__}>"
    return Node("tensorflow.function", children=parts, labels=lambda: [".__self__", ".__func__"], text=lambda: text)


@reads("tensorflow.python.types.core.ConcreteFunction")
def concrete(value: Any) -> Node:
    """A traced function, by its graph and the variables that it uses."""
    graph = value.graph.as_graph_def(add_shapes=False)
    return Node(
        "tensorflow.ConcreteFunction",
        (graph_digest(graph), str(value.structured_outputs).encode()),
        [list(value.variables)],
        lambda: [".variables"],
        kind="definition",
        text=lambda: "<ConcreteFunction>",
    )


def own_attributes(value: Any, leave: Iterable[str] = ()) -> Dict[str, Any]:
    """Return attributes without those by which TensorFlow tracks what is to be saved (`_self_...`)."""
    found = attributes(value)
    return {name: item for name, item in found.items() if not name.startswith("_self_") and name not in leave}


_INTERNAL = frozenset({"_name", "_name_scope", "_descriptor_cache", "_distribution_strategy", "graph_debug_info"})


@reads("tensorflow.python.trackable.base.Trackable")
def trackable(value: Any) -> Node:
    """A module with variables, or an object that holds some, by its attributes."""
    module = sys.modules.get("tensorflow.python.module.module")
    kind = "model" if module and derives(value, module.Module) else layout(type(value)).kind
    found = own_attributes(value, _INTERNAL)
    return attributes_node(value, found, kind=kind, text=lambda: f"<{type_name(type(value))}>")


@reads("tensorflow.python.saved_model.load.Loader._recreate_base_user_object.<locals>._UserObject")
def restored(value: Any) -> Node:
    """The result of `saved_model.load`, by its variables; its functions are fixed graphs."""
    functions = "RestoredFunction", "_SignatureMap"
    own = own_attributes(value, _INTERNAL)
    found = {name: item for name, item in own.items() if of_class(type(item), "__name__") not in functions}
    return attributes_node(value, found, kind="model", text=lambda: "<loaded model>")._replace(type="saved model")


_CHECKPOINT = ("_attached_dependencies", "_saver", "_async_checkpointer_impl", "_checkpoint_options", "_kwargs")


@reads("tensorflow.python.checkpoint.checkpoint.Checkpoint")
def checkpoint(value: Any) -> Node:
    """A checkpoint, by the objects that it saves and the number of its saves."""
    found = own_attributes(value, (*_CHECKPOINT, "_root", "_save_assign_op"))
    return attributes_node(value, found, holds=True, text=lambda: "<Checkpoint>")


@reads("tensorflow.python.checkpoint.checkpoint_management.CheckpointManager")
def manager(value: Any) -> Node:
    """A checkpoint manager, by the checkpoints that it knows, without their times."""
    found = {name: item for name, item in attributes(value).items() if name != "_last_preserved_timestamp"}
    kept = found.pop("_maybe_delete", None)
    found["checkpoints"] = list(kept) if kept is not None else []
    return attributes_node(value, found, holds=True, text=lambda: "<CheckpointManager>")


@reads("tensorflow.python.trackable.data_structures.ListWrapper", "tensorflow.python.trackable.data_structures.List")
def wrapped_list(value: Any) -> Node:
    """A list that is an attribute of a trackable object."""
    return sequence(list(vars(value)["_storage"]))


@reads(
    *(f"tensorflow.python.trackable.data_structures.{name}" for name in ("_DictWrapper", "_TupleWrapper")),
)
def wrapped(value: Any) -> Node:
    """A dict or a tuple that is an attribute of a trackable object."""
    inner = value.__wrapped__
    return items_only(inner) if isinstance(inner, dict) else sequence(inner)


@reads("tensorflow.python.ops.lookup_ops.LookupInterface")
def table(value: Any) -> Node:
    """A lookup table, by keys and values in no particular order."""
    pairs = _pairs(value)
    return Node(
        type_name(type(value)),
        children=[pairs],
        labels=lambda: [""],
        size=("{}.size()", str(len(pairs))),
        text=lambda: f"table of {len(pairs)}",
    )


def _pairs(value: Any) -> Dict[Any, Any]:
    """Return the items of a table; a dense one exports its free places as well."""
    keys, values = (part.numpy() for part in value.export())
    if of_class(type(value), "__name__") == "DenseHashTable":
        used = _used(keys, attributes(value))
        keys, values = keys[used], values[used]
    pairs = zip(keys.tolist(), values.tolist())
    return {tuple(key) if type(key) is list else key: item for key, item in pairs}


def _used(keys: Any, own: Dict[str, Any]) -> Any:
    """Return which rows are in use: two keys mark free places and deleted ones."""
    numpy = sys.modules["numpy"]
    used = numpy.ones(len(keys), bool)
    for name in ("_empty_key", "_deleted_key"):
        mark = own[name].encode() if isinstance(own[name], str) else own[name]
        used &= (keys != numpy.asarray(mark, keys.dtype)).reshape(len(keys), -1).any(axis=1)
    return used


@reads(*(f"tensorflow.python.util.lazy_loader.{name}" for name in ("LazyLoader", "KerasLazyLoader")))
def lazy_module(value: Any) -> Node:
    """A lazily loaded module; whether it has been loaded is not part of the value."""
    return Node("module", (type(value).__name__.encode(),), kind="definition", text=lambda: "<module>")
