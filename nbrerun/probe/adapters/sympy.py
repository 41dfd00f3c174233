"""sympy: expressions, and all else that is made of its immutable objects."""

from __future__ import annotations

from typing import Any, Dict

from ..describe.node import Node, clip, reads, type_name
from .generic import attributes

# What has been found out so far about an object, its hash, and the number of a `Dummy`, which sympy counts.
_NOT_READ = frozenset({"_assumptions", "_assumptions_orig", "_assumptions0", "_mhash", "_args_set", "dummy_index"})


@reads("sympy.core.basic.Basic")
def expression(value: Any) -> Node:
    """An expression, by its arguments; a symbol by its name, and what it was said to be.

    It is a value without an identity: sympy returns the object of an equal one that it remembers.
    """
    own = attributes(value)
    found: Dict[str, Any] = {name: own[name] for name in sorted(own) if name not in _NOT_READ}
    # What was given, as opposed to what has been deduced from it since.
    found["<assumptions>"] = attributes(own["_assumptions"]).get("_generator") if "_assumptions" in own else None
    return Node(
        type_name(type(value)),
        ("\0".join(found).encode("utf-8", "surrogatepass"),),
        list(found.values()),
        atom=True,
        text=lambda: clip(str(value)),
    )
