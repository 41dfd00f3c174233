"""Numbers, strings and containers of the language itself, and subclasses of them."""

from __future__ import annotations

import enum
import struct
import types
from collections import OrderedDict, defaultdict
from itertools import chain
from operator import itemgetter
from typing import Any, Dict, Iterable, Optional, Sequence, Tuple

from ..describe.node import ADAPTERS, ATOMS, Node, clip, dumps, interleave, key_text, reads, show, type_name
from .generic import Described, ancestry, attributes, derives, members, module_of, of_class, refusal, with_attributes

_NUMBERS = frozenset({int, float, bool})
_MOST_NUMBERS = 1_000_000
_BULK = 2000
"""Items from which on a container of plain values is read as a whole."""
_MOST_ITEMS = 500_000
"""Items up to which a dict with objects in it is gone through: it is more than the walk reads of any variable."""
_SORTABLE = tuple(frozenset({id(cls)}) for cls in (str, int, bytes))
_ATOMS = frozenset(map(id, ATOMS))


def atom(value: Any) -> Node:
    """A number, a string, None ..."""
    numbers = (lambda: struct.pack("d", value)) if type(value) in _NUMBERS and _is_small(value) else None
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
    """A list, a tuple, or a subclass (a namedtuple, say)."""
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
    """Whether a large container holds plain values only, or tuples of them: too many to look at one by one."""
    if sum(map(len, items)) < _BULK or module_of(type(value)) not in ("builtins", "collections"):
        return False
    rows = (item for item in chain(*items) if id(type(item)) not in _ATOMS)
    return all(type(row) is tuple and _are_plain(row) for row in rows)


def _are_plain(items: Iterable[Any]) -> bool:
    """Whether all are atoms; by address, since to look a class up in a set is to ask its metaclass for a hash."""
    return _ATOMS.issuperset(map(id, map(type, items)))


def _flat(value: Any, items: Sequence[Any], size: Tuple[str, str]) -> Node:
    """A list of plain values: one leaf, however long it is."""
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
    """Numbers as native float64, None if there are others or too many."""
    if not items or len(items) > _MOST_NUMBERS or not _NUMBERS.issuperset(map(type, items)):
        return None
    try:
        return struct.pack(f"{len(items)}d", *items)
    except (OverflowError, struct.error):  # an int beyond the range of float
        return None


def _is_small(value: Any) -> bool:
    return not isinstance(value, int) or abs(value) < 2**53


def _fields(value: Any, length: int) -> Sequence[str]:
    fields = members(type(value)).get("_fields", ())
    named = type(fields) is tuple and len(fields) == length and all(type(name) is str for name in fields)
    return fields if named else ()


@reads("builtins.dict")
def mapping(value: Any) -> Node:
    """A dict or a subclass; only an OrderedDict has an order."""
    if type(value) is dict:
        return items_only(value)
    if derives(value, OrderedDict) and not all(map(_is_plain, dict.keys(value))):
        return Node(
            type_name(type(value)), opaque=f"{type_name(type(value))}: its order cannot be told without its keys"
        )
    node = items_only(value)
    if derives(value, defaultdict):
        node = _with_factory(node, members(defaultdict)["default_factory"].__get__(value))
    return with_attributes(node, value)


def _is_plain(key: Any) -> bool:
    """Whether Python hashes a key without asking a class of the person's."""
    return type(key) in ATOMS or (type(key) in (tuple, frozenset) and all(map(_is_plain, key))) or _is_hashed_by_c(key)


def _is_hashed_by_c(key: Any) -> bool:
    found = next(members(base)["__hash__"] for base in ancestry(type(key)) if "__hash__" in members(base))
    return type(found) is types.WrapperDescriptorType and type(key) not in (tuple, frozenset)


def _with_factory(node: Node, factory: Any) -> Node:
    """What a defaultdict makes its missing items with, which may count."""
    return Node(
        node.type,
        children=[Described(node), factory],
        labels=lambda: ["", ".default_factory"],
        holds=True,
        text=node.text,
        size=node.size,
    )


def items_only(value: Any) -> Node:
    """A dict's items, without the attributes that a subclass may have."""
    ordered = issubclass(type(value), OrderedDict)
    if 2 * dict.__len__(value) >= _BULK:
        node = _many_items(value, ordered)
        if node is not None:
            return node
    items = list(OrderedDict.items(value) if ordered else dict.items(value))
    by_key = not ordered and _has_order(key for key, _ in items)
    if by_key:
        items.sort(key=itemgetter(0))
    return Node(
        type_name(type(value)),
        children=interleave(items),
        labels=lambda: interleave((None, _label(key)) for key, _ in items),
        unordered=0 if ordered or by_key else 2,
        holds=True,
        text=lambda: f"dict of {len(items)}",
        size=("len({})", str(len(items))),
    )


def _label(key: Any) -> str:
    return "[<object>]" if refusal(key) else f"[{key_text(key)}]"


def _has_order(items: Iterable[Any]) -> bool:
    """Whether values can be sorted, so that equal ones come in one order, however they were put in."""
    return frozenset(map(id, map(type, items))) in _SORTABLE


def _many_items(value: Any, ordered: bool) -> Optional[Node]:
    """A large dict of plain values, read as a whole; one of so many objects that even going through it is slow."""
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
    """A set; two sets are equal in whatever order they are walked."""
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
    """Raw memory that can be written."""
    if type(value) is memoryview:
        return _view(value)
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
    """A window on the memory of another object; a released one has no value."""
    try:
        content = (value.format.encode(), repr(value.shape).encode(), value.tobytes())
    except ValueError:
        return Node("released memoryview", text=lambda: "released memoryview")
    return Node("memoryview", content, text=lambda: "<memoryview>", size=("{}.shape", str(value.shape)))


@reads("builtins.slice", "builtins.range")
def bounds(value: Any) -> Node:
    """Start, stop and step."""
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
    """Its arguments, cause and attributes; where it was raised, and during what, is no value."""
    found = {**_fields_of_exception(value), **attributes(value)}
    return Node(
        type_name(type(value)),
        ("\0".join(found).encode("utf-8", "surrogatepass"),),
        list(found.values()),
        lambda: ["." + name for name in found],
        text=lambda: f"<{of_class(type(value), '__name__')}>",
    )


def _fields_of_exception(value: Any) -> Dict[str, Any]:
    """`args`, and what else the classes of the language keep, such as `errno` or `filename`."""
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
    """A subclass of int, str ...: a bool flag, an enum member, numpy's float64."""
    if derives(value, enum.Enum):
        return ADAPTERS["enum.Enum"](value) or Node("enum.Enum")
    base: Any = next(base for base in ancestry(type(value)) if any(base is atom for atom in ATOMS))
    plain = base(*getattr(base, "__getnewargs__")(value))  # int(value) would ask the subclass
    node = Node(
        type_name(type(value)),
        children=[plain],
        labels=lambda: [""],
        text=lambda: clip(f"{of_class(type(value), '__name__')}({plain!r})"),
    )
    return with_attributes(node, value)
