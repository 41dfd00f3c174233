"""SymPy: expressions, without what they have found out about themselves."""

from __future__ import annotations

from typing import Any, Dict

from ..describe.node import Node, clip, reads, type_name
from .generic import attributes, attributes_node, is_user_class, layout

# A hash and facts are looked up when they are first needed; the facts that a symbol was given are those it starts from.
_FOUND_OUT = frozenset({"_mhash", "_assumptions", "_assumptions0"})


@reads("sympy.core.basic.Basic")
def expression(value: Any) -> Node:
    """An expression, by its arguments, and a symbol or a number by what it was made from.

    Expressions never change, and SymPy returns one that it has made before: which object it is tells nothing.
    """
    found: Dict[str, Any] = {
        name: getattr(value, name, None) for name, _ in layout(type(value)).slots if name not in _FOUND_OUT
    }
    if "name" in found:
        found["assumptions"] = getattr(value._assumptions, "generator", None)
    number = found.pop("dummy_index", None)  # dummies are counted, and named so if they have no other name
    if number is not None and found["name"] == f"Dummy_{number - getattr(value, '_base_dummy_index', 0)}":
        del found["name"]
    if is_user_class(type(value)):
        return attributes_node(value, {**found, **attributes(value)}, text=lambda: clip(str(value)))
    names = "\0".join(found).encode("utf-8", "surrogatepass")
    # Without labels: a change is shown in the expression as a whole.
    return Node(type_name(type(value)), (names,), list(found.values()), atom=True, text=lambda: clip(str(value)))
