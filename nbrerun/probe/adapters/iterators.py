"""Iterators, by their position, without advancing them."""

from __future__ import annotations

import gc
import itertools
import types
from typing import Any, Dict, List

from ..describe.node import Node, clip, reads, type_name
from ..describe.quiet import warnings_hidden
from .functions import code
from .generic import Described, ancestry, members, module_of, with_attributes

_BUILTIN = (
    *(f"builtins.{name}" for name in ("enumerate", "zip", "map", "filter", "reversed")),
    *(f"builtins.{kind}_iterator" for kind in ("list", "tuple", "range", "str", "str_ascii", "bytes", "set")),
    *(f"builtins.{kind}iterator" for kind in ("dict_key", "dict_value", "dict_item", "dict_reversekey")),
    *(
        "builtins.list_reverseiterator",
        "builtins.callable_iterator",
        "builtins.iterator",
        "builtins.longrange_iterator",
    ),
    *("builtins.bytearray_iterator", "builtins.memory_iterator", "_collections._deque_iterator"),
    *(f"itertools.{name}" for name in vars(itertools) if not name.startswith("_")),
)
_HOMES = ("builtins", "itertools", "_collections")


@reads(*_BUILTIN)
def iterator(value: Any) -> Node:
    """An iterator, by what `copy` is told: the underlying object and the position."""
    base = next(each for each in ancestry(type(value)) if module_of(each) in _HOMES)
    step = members(base).get("__reduce__", _refuse)
    try:
        with warnings_hidden():  # Python 3.12 warns that itertools will no longer support copying
            reduced = step(value)
    except TypeError:
        return Node(type_name(type(value)), opaque=f"{type_name(type(value))}: its position cannot be read")
    node = Node(
        type_name(type(value)),
        children=list(reduced[1:]),
        labels=lambda: [f".<state {i}>" for i in range(len(reduced) - 1)],
        kind="iterator",
        text=lambda: clip(f"<{type_name(type(value))}>"),
    )
    return node if type(value) is base else with_attributes(node, value)


def _refuse(_: Any) -> Any:
    """Stand in for a missing `__reduce__`: itertools has none from Python 3.14 on."""
    raise TypeError


@reads("builtins.generator", "builtins.coroutine", "builtins.async_generator")
def generator(value: Any) -> Node:
    """A generator or coroutine, by the instruction that it is at and its local variables."""
    prefix = {types.GeneratorType: "gi", types.CoroutineType: "cr"}.get(type(value), "ag")
    frame = getattr(value, prefix + "_frame")
    body = Described(code(getattr(value, prefix + "_code")))
    if frame is None:
        return Node(type(value).__name__, (b"exhausted",), [body], kind="iterator", text=lambda: "exhausted generator")
    local = dict(frame.f_locals)
    under_way = _under_way(value, frame, local)
    return Node(
        type(value).__name__,
        (b"%d" % frame.f_lasti,),
        [body, local, *under_way],
        lambda: [".gi_code", ".gi_frame.f_locals", *(f".<under way {i}>" for i in range(len(under_way)))],
        kind="iterator",
        size=("position of {}", f"line {frame.f_lineno}, instruction {frame.f_lasti}"),
        text=lambda: f"<generator {value.__name__}>",
    )


def _under_way(value: Any, frame: Any, local: Dict[str, Any]) -> List[Any]:
    """Return the iterators and context managers of statements that are being executed in a generator's body.

    They are on the frame's stack, which only the garbage collector shows.
    """
    held = gc.get_referents(value) + gc.get_referents(frame)
    known = {id(item) for item in (frame, frame.f_globals, frame.f_builtins, frame.f_back, *local.values())}
    own = (types.CodeType, types.FrameType, types.FunctionType, types.CellType, str, dict)
    found = {id(item): item for item in held if id(item) not in known and type(item) not in own}
    return list(found.values())
