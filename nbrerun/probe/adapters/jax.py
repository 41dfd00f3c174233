"""JAX, Flax and Equinox: arrays, random keys, compiled functions, networks.

Trees of parameters are plain containers, and read as such.
"""

from __future__ import annotations

import sys
from typing import Any

from ..describe.node import Node, Stand, clip, reads, type_name
from .functions import function
from .generic import ancestry, attributes, attributes_node, layout, module_of, of_class
from .numpy import _MOST_NUMBERS, numbers, plain_array


@reads("jaxlib._jax.ArrayImpl", "jaxlib.xla_extension.ArrayImpl", "jax._src.array.ArrayImpl")
def array(value: Any) -> Node:
    """An array, by type, shape and values; the device is not part of the value."""
    if value.is_deleted():  # its memory was donated to a compiled function (jax.jit, `donate_argnums`)
        return Node("deleted jax.Array", text=lambda: "deleted array")
    return typed(sys.modules["numpy"].asarray(value), "jax.Array", str(value.dtype))


def typed(plain: Any, name: str, dtype: str) -> Node:
    """An array whose element type numpy may know by its name only (bfloat16, float8)."""
    node = plain_array(plain, name)
    content = (dtype.encode(), *node.content)
    # numpy shows such types (ml_dtypes) as raw bytes, kind "V".
    if plain.dtype.kind == "V" and plain.dtype.names is None and not plain.dtype.hasobject:
        node = node._replace(numbers=lambda: numbers(plain.astype("float64") if plain.size <= _MOST_NUMBERS else plain))
    return node._replace(content=content, text=node.text if plain.ndim else lambda: clip(str(plain)))


@reads("jax._src.prng.PRNGKeyArray", "jax._src.random.prng.PRNGKeyArray")
def key(value: Any) -> Node:
    """A random key, which is data: to draw with it again gives the same numbers."""
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
    """A placeholder for a value while a function is traced, kept after that."""
    return Node("jax.Tracer", opaque="jax.Tracer: it has no value outside of the function that was traced")


@reads(
    *("jaxlib._jax.PjitFunction", "jaxlib.xla_extension.PjitFunction", "jaxlib._jax.PmapFunction"),
    *(f"jax._src.custom_derivatives.custom_{kind}" for kind in ("jvp", "vjp")),
    "jax._src.custom_batching.custom_vmap",
)
def compiled(value: Any) -> Node:
    """A compiled or transformed function, by the function inside; compilations of it are not part of the value."""
    inner = vars(value).get("fun") or vars(value)["__wrapped__"]
    if not hasattr(inner, "__code__"):
        return Node(type_name(type(value)), children=[inner], labels=lambda: [""], kind="definition")
    return function(inner)._replace(type=type_name(type(value)))


@reads("jaxlib._jax.Device", "jaxlib._jax.Sharding", "jaxlib._jax.pytree.PyTreeDef", "jaxlib._jax.DeviceList")
def printed(value: Any) -> Node:
    """A device, a sharding or the structure of a tree, which their repr describes completely."""
    return Node(type_name(type(value)), (repr(value).encode(),), atom=True, text=lambda: clip(repr(value)))


# Networks are pytrees whose leaves are arrays; their libraries keep the following beside those.
_LINEN_INTERNAL = frozenset({"_id", "_parent_ref", "_state", "scope"})
_NNX_INTERNAL = frozenset({"_pytree__nodes", "_pytree__state", "_trace_state"})


@reads(
    *("flax.linen.module.Module", "flax.nnx.pytreelib.Pytree", "flax.training.train_state.TrainState"),
    *("equinox._module._module.Module", "equinox._module.Module"),
)
def network(value: Any) -> Node:
    """A network, by settings and weights, without linen's module ids and what it binds during a call."""
    bases = {f"{module_of(base)}.{of_class(base, '__qualname__')}" for base in ancestry(type(value))}
    linen = "flax.linen.module.Module" in bases
    plain = "flax.nnx.pytreelib.Pytree" in bases and "flax.nnx.module.Module" not in bases
    internal = _LINEN_INTERNAL if linen else _NNX_INTERNAL
    found = attributes(value, internal)
    kind = layout(type(value)).kind if plain and "flax.nnx.training.optimizer.Optimizer" not in bases else "model"
    return attributes_node(value, found, kind=kind, text=lambda: f"<{of_class(type(value), '__name__')}>")


@reads("flax.nnx.variablelib.Variable")
def nnx_variable(value: Any) -> Node:
    """A variable, by its value and metadata, without the trace that it was made in."""
    own = attributes(value)
    notes = {name: item for name, item in (own.get("_var_metadata") or {}).items() if name != "hijax"}
    return Node(type_name(type(value)), children=[own.get("_raw_value"), notes], labels=lambda: ["", ".metadata"])


@reads("flax.nnx.rnglib.RngStream")
def nnx_stream(value: Any) -> Node:
    """A random number generator: a key, and a counter of the draws."""
    own = attributes(value)
    key = sys.modules["jax.random"].key_data(attributes(own["key"])["_raw_value"])
    key_bytes, count = bytes(sys.modules["numpy"].asarray(key).tobytes()), own["count"]
    numpy = sys.modules["numpy"]
    asked = numpy.asarray(attributes(count)["_raw_value"])

    def put_back(data: bytes) -> None:
        count.set_value(sys.modules["jax.numpy"].asarray(numpy.frombuffer(data, asked.dtype).reshape(asked.shape)))

    stand = Stand(asked.tobytes(), put_back, "flax " + key_bytes.hex())
    return Node(
        "flax.nnx.RngStream", (key_bytes, stand.state), kind="generator", generator=stand, text=lambda: "nnx.RngStream"
    )
