"""JAX: arrays, random keys, compiled functions. Trees of parameters are plain containers, read as such."""

from __future__ import annotations

import sys
from typing import Any

from ..describe.node import Node, Stand, clip, reads, type_name
from .functions import function
from .generic import ancestry, attributes, attributes_node, layout, module_of, of_class
from .numpy import _MOST_NUMBERS, numbers, plain_array


@reads("jaxlib._jax.ArrayImpl", "jaxlib.xla_extension.ArrayImpl", "jax._src.array.ArrayImpl")
def array(value: Any) -> Node:
    """Type, shape and values; on which device they lie is not part of the value."""
    if value.is_deleted():  # given away to a compiled function that may reuse its memory
        return Node("deleted jax.Array", text=lambda: "deleted array")
    return typed(sys.modules["numpy"].asarray(value), "jax.Array", str(value.dtype))


def typed(plain: Any, name: str, dtype: str) -> Node:
    """An array of a type of elements that numpy may know by its name only (bfloat16, float8)."""
    node = plain_array(plain, name)
    content = (dtype.encode(), *node.content)
    if plain.dtype.kind == "V" and plain.dtype.names is None and not plain.dtype.hasobject:
        node = node._replace(numbers=lambda: numbers(plain.astype("float64") if plain.size <= _MOST_NUMBERS else plain))
    return node._replace(content=content, text=node.text if plain.ndim else lambda: clip(str(plain)))


@reads("jax._src.prng.PRNGKeyArray", "jax._src.random.prng.PRNGKeyArray")
def key(value: Any) -> Node:
    """A random key is data: whoever draws with it twice draws the same."""
    data = sys.modules["jax.random"].key_data(value)
    return Node(
        "jax.random.key",
        (str(value.dtype).encode(),),
        [data],
        lambda: [""],
        text=lambda: clip(f"key {sys.modules['numpy'].asarray(data).tolist()}"),
    )


@reads("jax._src.core.Tracer")
def tracer(value: Any) -> Node:
    """What stands for a value while a function is being traced, kept beyond that."""
    return Node("jax.Tracer", opaque="jax.Tracer: it has no value outside of the function that was traced")


@reads(
    *("jaxlib._jax.PjitFunction", "jaxlib.xla_extension.PjitFunction", "jaxlib._jax.PmapFunction"),
    *(f"jax._src.custom_derivatives.custom_{kind}" for kind in ("jvp", "vjp")),
    "jax._src.custom_batching.custom_vmap",
)
def compiled(value: Any) -> Node:
    """The function that was wrapped; what has been compiled of it is no value."""
    inner = vars(value).get("fun") or vars(value)["__wrapped__"]
    if not hasattr(inner, "__code__"):
        return Node(type_name(type(value)), children=[inner], labels=lambda: [""], kind="definition")
    return function(inner)._replace(type=type_name(type(value)))


@reads("jaxlib._jax.Device", "jaxlib._jax.Sharding", "jaxlib._jax.pytree.PyTreeDef", "jaxlib._jax.DeviceList")
def printed(value: Any) -> Node:
    """Where values lie, or how a tree of them is built."""
    return Node(type_name(type(value)), (repr(value).encode(),), atom=True, text=lambda: clip(repr(value)))


# Networks: pytrees whose leaves are arrays, with what their libraries keep besides.

_LINEN_BOOKS = frozenset({"_id", "_parent_ref", "_state", "scope"})
_NNX_BOOKS = frozenset({"_pytree__nodes", "_pytree__state", "_trace_state"})


@reads(
    *("flax.linen.module.Module", "flax.nnx.pytreelib.Pytree", "flax.training.train_state.TrainState"),
    *("equinox._module._module.Module", "equinox._module.Module"),
)
def network(value: Any) -> Node:
    """Settings and weights; linen counts its modules, and keeps what it binds for the time of a call."""
    bases = {f"{module_of(base)}.{of_class(base, '__qualname__')}" for base in ancestry(type(value))}
    linen = "flax.linen.module.Module" in bases
    plain = "flax.nnx.pytreelib.Pytree" in bases and "flax.nnx.module.Module" not in bases
    books = _LINEN_BOOKS if linen else _NNX_BOOKS
    found = {name: item for name, item in attributes(value).items() if name not in books}
    kind = layout(type(value)).kind if plain and "flax.nnx.training.optimizer.Optimizer" not in bases else "model"
    return attributes_node(value, found, kind=kind, text=lambda: f"<{of_class(type(value), '__name__')}>")


@reads("flax.nnx.variablelib.Variable")
def nnx_variable(value: Any) -> Node:
    """What it holds, and notes on it; what it was made under is no value."""
    own = attributes(value)
    notes = {name: item for name, item in (own.get("_var_metadata") or {}).items() if name != "hijax"}
    return Node(type_name(type(value)), children=[own.get("_raw_value"), notes], labels=lambda: ["", ".metadata"])


@reads("flax.nnx.rnglib.RngStream")
def nnx_stream(value: Any) -> Node:
    """A generator of random numbers: a key, and how often it was asked."""
    own = attributes(value)
    key_bytes, count = _key_bytes(own["key"]), own["count"]
    numpy = sys.modules["numpy"]
    asked = numpy.asarray(attributes(count)["_raw_value"])

    def put_back(data: bytes) -> None:
        count.set_value(sys.modules["jax.numpy"].asarray(numpy.frombuffer(data, asked.dtype).reshape(asked.shape)))

    stand = Stand(asked.tobytes(), put_back, "flax " + key_bytes.hex())
    return Node(
        "flax.nnx.RngStream", (key_bytes, stand.state), kind="generator", generator=stand, text=lambda: "nnx.RngStream"
    )


def _key_bytes(variable: Any) -> bytes:
    held = attributes(variable)["_raw_value"]
    return bytes(sys.modules["numpy"].asarray(sys.modules["jax.random"].key_data(held)).tobytes())
