"""JAX: arrays, random keys, compiled functions. Trees of parameters are plain containers, read as such."""

from __future__ import annotations

import sys
from typing import Any

from ..node import Node, clip, reads, type_name
from .functions import function
from .numpy import plain_array


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
