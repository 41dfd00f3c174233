"""Iterators: how far they are, without taking a step."""

from __future__ import annotations

import itertools
import types
import warnings
from typing import Any

from ..node import Node, clip, reads, type_name
from .functions import code
from .generic import Described

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


@reads(*_BUILTIN)
def iterator(value: Any) -> Node:
    """What `copy` would be told: the underlying object and the position."""
    filters = warnings.filters  # put back by hand: catch_warnings would reset the person's "once" registry
    warnings.filters = [("ignore", None, Warning, None, 0)]
    try:
        reduced = value.__reduce__()
    except TypeError:  # itertools, from Python 3.14 on
        return Node(type_name(type(value)), opaque=f"{type_name(type(value))}: its position cannot be read")
    finally:
        warnings.filters = filters
    return Node(
        type_name(type(value)),
        children=list(reduced[1:]),
        labels=lambda: [f".<state {i}>" for i in range(len(reduced) - 1)],
        kind="iterator",
        text=lambda: clip(f"<{type_name(type(value))}>"),
    )


@reads("builtins.generator", "builtins.coroutine", "builtins.async_generator")
def generator(value: Any) -> Node:
    """Where it stands, and its local variables."""
    prefix = {types.GeneratorType: "gi", types.CoroutineType: "cr"}.get(type(value), "ag")
    frame = getattr(value, prefix + "_frame")
    body = Described(code(getattr(value, prefix + "_code")))
    if frame is None:
        return Node(type(value).__name__, (b"exhausted",), [body], kind="iterator", text=lambda: "exhausted generator")
    local = dict(frame.f_locals)
    return Node(
        type(value).__name__,
        (b"%d" % frame.f_lasti,),
        [body, local],
        lambda: [".gi_code", ".gi_frame.f_locals"],
        kind="iterator",
        size=("position of {}", f"line {frame.f_lineno}, instruction {frame.f_lasti}"),
        text=lambda: f"<generator {value.__name__}>",
    )
