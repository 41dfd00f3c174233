"""Numbers, strings and containers of the language, and their subclasses."""

from __future__ import annotations

import enum
import struct
import types
from array import array
from collections import OrderedDict, defaultdict
from itertools import chain
from operator import itemgetter
from typing import Any, Dict, Iterable, Optional, Sequence, Tuple

from ..describe.node import (
    ADAPTERS,
    ATOMS,
    Node,
    address,
    clip,
    dumps,
    have_ids,
    interleave,
    key_text,
    reads,
    show,
    type_name,
)
from .generic import Described, ancestry, attributes, derives, members, module_of, of_class, refusal, with_attributes

_NUMBERS = frozenset({int, float, bool})
_MOST_NUMBERS = 1_000_000
_NUMBER_FORMATS = frozenset("bBhHiIlLqQfd")
"""Formats of buffers that `array.array` has type codes for (struct, "Format Characters")."""
_BULK = 2000
"""Items of a container of plain values from which on it is read as one leaf."""
_MOST_ITEMS = 500_000
"""Items of a dict with objects in it up to which it is read; more exceed what the walk reads of one variable."""
# Types whose objects Python can sort among themselves.
_SORTABLE = tuple(frozenset({address(cls)}) for cls in (str, int, bytes))
# By address: to look a class up in a set would call its metaclass's `__hash__`, which may be the user's code.
_ATOMS = frozenset(map(address, ATOMS))


def atom(value: Any) -> Node:
    """A number, a string, None or another atom."""
    # Only ints up to 2**53 are exact as floats.
    exact = type(value) in _NUMBERS and (not isinstance(value, int) or abs(value) < 2**53)
    numbers = (lambda: struct.pack("d", value)) if exact else None
    size = ("len({})", str(len(value))) if isinstance(value, (str, bytes)) and len(value) > 60 else None
    return Node(
        type(value).__name__,
        (dumps(value),),
        atom=True,
        text=lambda: show(value),
        numbers=numbers,
        size=size,
    )


for _type in ATOMS:
    reads(f"builtins.{_type.__qualname__}")(lambda value: atom(value) if type(value) in ATOMS else _subclass(value))


@reads("builtins.list", "builtins.tuple")
def sequence(value: Any) -> Node:
    """A list, a tuple, or a subclass such as a namedtuple."""
    # Methods of `list` and `tuple` themselves: a subclass of the user's may override its own.
    base = list if issubclass(type(value), list) else tuple
    items = list(base.__iter__(value))
    size = ("len({})", str(len(items)))
    if type(value) is base and _are_plain(items):
        return _flat(value, items, size)
    if _is_bulk(value, items):
        return Node(
            base.__name__, (dumps(items),), holds=True, text=lambda: f"{base.__name__} of {len(items)}", size=size
        )
    names = _fields(value, len(items))
    node = Node(
        type_name(type(value)),
        children=items,
        labels=lambda: ["." + name for name in names] if names else [f"[{i}]" for i in range(len(items))],
        holds=True,
        text=lambda: f"{base.__name__} of {len(items)}",
        size=size,
    )
    return node if type(value) is base else with_attributes(node, value)


def _is_bulk(value: Any, *items: Sequence[Any]) -> bool:
    """Whether a large container holds plain values only, or tuples of them, so that it can be read as one leaf."""
    if sum(map(len, items)) < _BULK or module_of(type(value)) not in ("builtins", "collections"):
        return False
    rows = (item for item in chain(*items) if address(type(item)) not in _ATOMS)
    return all(type(row) is tuple and _are_plain(row) for row in rows)


def _are_plain(items: Iterable[Any]) -> bool:
    """Whether all items are atoms; compared by address, as for `_ATOMS`."""
    return _ATOMS.issuperset(map(address, map(type, items)))


def _flat(value: Any, items: Sequence[Any], size: Tuple[str, str]) -> Node:
    """A list or tuple of plain values, as one leaf however long it is."""
    return Node(
        type(value).__name__,
        (dumps(items),),
        holds=True,
        atom=not value and isinstance(value, tuple),
        text=lambda: show(value) if len(value) <= 12 else show(value[:12])[:-1] + ", …",
        size=size,
        numbers=lambda: pack(items),
    )


def pack(items: Sequence[Any]) -> Optional[bytes]:
    """Return numbers as native float64, or None if there are other values or too many."""
    if not items or len(items) > _MOST_NUMBERS or not _NUMBERS.issuperset(map(type, items)):
        return None
    try:
        return struct.pack(f"{len(items)}d", *items)
    except (OverflowError, struct.error):  # an int beyond the range of float
        return None


def _fields(value: Any, length: int) -> Sequence[str]:
    fields = members(type(value)).get("_fields", ())
    named = type(fields) is tuple and len(fields) == length and all(type(name) is str for name in fields)
    return fields if named else ()


@reads("builtins.dict")
def mapping(value: Any) -> Node:
    """A dict or a subclass; the order of keys is part of the value in an OrderedDict only."""
    if type(value) is dict:
        return items_only(value)
    # OrderedDict's iterator looks its keys up, and so calls their `__hash__` and `__eq__`.
    if derives(value, OrderedDict) and not all(map(_is_plain, dict.keys(value))):
        return Node(
            type_name(type(value)),
            opaque=f"{type_name(type(value))}: its order cannot be read without calling its keys",
        )
    node = items_only(value)
    if derives(value, defaultdict):
        node = _with_factory(node, members(defaultdict)["default_factory"].__get__(value))
    return with_attributes(node, value)


def _is_plain(key: Any) -> bool:
    """Whether Python hashes a key without calling code of the user's."""
    if type(key) in ATOMS:
        return True
    if type(key) in (tuple, frozenset):
        return all(map(_is_plain, key))
    # A slot wrapper is a `__hash__` written in C.
    found = next(members(base)["__hash__"] for base in ancestry(type(key)) if "__hash__" in members(base))
    return type(found) is types.WrapperDescriptorType


def _with_factory(node: Node, factory: Any) -> Node:
    """Add the factory of a defaultdict, which may have a state of its own, such as a counter."""
    return Node(
        node.type,
        children=[Described(node), factory],
        labels=lambda: ["", ".default_factory"],
        holds=True,
        text=node.text,
        size=node.size,
    )


def items_only(value: Any) -> Node:
    """The items of a dict, without attributes that a subclass may have."""
    ordered = issubclass(type(value), OrderedDict)
    if 2 * dict.__len__(value) >= _BULK:
        node = _many_items(value, ordered)
        if node is not None:
            return node
    items = list(OrderedDict.items(value) if ordered else dict.items(value))
    by_key = not ordered and _has_order([key for key, _ in items])
    if by_key:
        items.sort(key=itemgetter(0))
    return Node(
        type_name(type(value)),
        children=interleave(items),
        # A key has no path of its own: it is shown in its value's label.
        labels=lambda: interleave((None, "[<object>]" if refusal(k) else f"[{key_text(k)}]") for k, _ in items),
        unordered=0 if ordered or by_key else 2,
        holds=True,
        text=lambda: f"dict of {len(items)}",
        size=("len({})", str(len(items))),
    )


def _has_order(items: Sequence[Any]) -> bool:
    """Whether values can be sorted, so that equal dicts and sets give them in one order."""
    return frozenset(map(address, map(type, items))) in _SORTABLE and not have_ids(items)


def _many_items(value: Any, ordered: bool) -> Optional[Node]:
    """Read a large dict of plain values as one leaf, and one of too many objects by its size only."""
    keys = list(OrderedDict.keys(value) if ordered else dict.keys(value))
    count = len(keys)
    more: Dict[str, Any] = {"text": lambda: f"dict of {count}", "size": ("len({})", str(count)), "holds": True}
    name = type_name(type(value))
    if _is_bulk(value, keys, list(dict.values(value))):
        by_key = not ordered and _has_order(keys)
        if by_key:
            keys.sort()
        content = [dumps(key) + dumps(dict.__getitem__(value, key)) for key in keys]
        return Node(name, tuple(content if ordered or by_key else sorted(content)), **more)
    if count > _MOST_ITEMS and not ordered:
        reason = f"{name}: more than {_MOST_ITEMS:,} items with objects in them, of which the number is compared"
        return Node(name, (b"%d" % count,), opaque=reason, in_part=True, **more)
    return None


@reads("builtins.set", "builtins.frozenset")
def unordered(value: Any) -> Node:
    """A set or frozenset; the order in which its members are iterated is not part of the value."""
    base = set if issubclass(type(value), set) else frozenset
    items = list(base.__iter__(value))
    size = ("len({})", str(len(items)))
    if type(value) is base and (_are_plain(items) or _is_bulk(value, items)):
        content = (dumps(sorted(items)),) if _has_order(items) else tuple(sorted(map(dumps, items)))
        return Node(
            base.__name__, content, text=lambda: show(value) if len(items) < 50 else f"set of {len(items)}", size=size
        )
    node = Node(type_name(type(value)), children=items, unordered=1, text=lambda: f"set of {len(items)}", size=size)
    return node if type(value) is base else with_attributes(node, value)


@reads("builtins.bytearray", "builtins.memoryview", "array.array")
def buffer(value: Any) -> Node:
    """Memory that can be written."""
    if type(value) is memoryview:
        return _view(value)
    # `__getitem__` of the built-in class: a subclass may export another buffer, or none.
    base: Any = next(each for each in ancestry(type(value)) if module_of(each) in ("builtins", "array"))
    plain = base.__getitem__(value, slice(None))
    format_ = memoryview(plain).format
    node = Node(
        type_name(type(value)),
        (format_.encode(), memoryview(plain).tobytes()),
        text=lambda: show(plain),
        size=("len({})", str(len(plain))),
    )
    return node if type(value) is base else with_attributes(node, value)


def _view(value: memoryview) -> Node:
    """A view of another object's memory, which has no value once it is released."""
    try:
        content = (value.format.encode(), repr(value.shape).encode(), value.tobytes())
    except ValueError:
        return Node("released memoryview", text=lambda: "released memoryview")
    return Node(
        "memoryview",
        content,
        text=lambda: f"memoryview([{', '.join(map(str, value.tobytes()[:6]))}, …], shape={value.shape})",
        size=("{}.shape", str(value.shape)),
        numbers=lambda: _numbers(value),
    )


def _numbers(view: memoryview) -> Optional[bytes]:
    """Return the values as float64, or None if they are not plain numbers, or too many."""
    if view.format not in _NUMBER_FORMATS or not 0 < view.nbytes <= _MOST_NUMBERS:
        return None
    return array("d", array(view.format, view.tobytes())).tobytes()


@reads("builtins.slice", "builtins.range")
def bounds(value: Any) -> Node:
    """A slice or range, by its start, stop and step."""
    parts = [value.start, value.stop, value.step]
    return Node(
        type(value).__name__,
        children=parts,
        labels=lambda: [".start", ".stop", ".step"],
        atom=True,
        text=lambda: show(value) if ATOMS.issuperset(map(type, parts)) else f"<{type(value).__name__}>",
    )


@reads("builtins.BaseException")
def exception(value: Any) -> Node:
    """An exception, by its arguments, cause and attributes, without traceback and context."""
    found = {**_fields_of_exception(value), **attributes(value)}
    return Node(
        type_name(type(value)),
        ("\0".join(found).encode("utf-8", "surrogatepass"),),
        list(found.values()),
        lambda: ["." + name for name in found],
        text=lambda: f"<{of_class(type(value), '__name__')}>",
    )


def _fields_of_exception(value: Any) -> Dict[str, Any]:
    """Return `args`, and the fields of built-in classes, such as `errno` and `filename`."""
    found = {"args": vars(BaseException)["args"].__get__(value)}
    cause = vars(BaseException)["__cause__"].__get__(value)
    if cause is not None:
        found["__cause__"] = cause
    for base in ancestry(type(value)):
        if module_of(base) == "builtins" and base is not BaseException:
            fields = (name for name, each in members(base).items() if type(each) is types.MemberDescriptorType)
            found.update((name, members(base)[name].__get__(value)) for name in fields if not name.startswith("_"))
    return {name: item for name, item in found.items() if name == "args" or item is not None}


def _subclass(value: Any) -> Node:
    """An object of a subclass of int, str or another atom: a bool flag, an enum member, numpy's float64."""
    if derives(value, enum.Enum):
        return ADAPTERS["enum.Enum"](value) or Node("enum.Enum")
    base: Any = next(base for base in ancestry(type(value)) if any(base is atom for atom in ATOMS))
    # `__getnewargs__` of the built-in class returns the plain value; `int(value)` would call the subclass.
    plain = base(*getattr(base, "__getnewargs__")(value))
    node = Node(
        type_name(type(value)),
        children=[plain],
        labels=lambda: [""],
        text=lambda: clip(f"{of_class(type(value), '__name__')}({plain!r})"),
    )
    return with_attributes(node, value)
