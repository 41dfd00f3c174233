"""Objects that raise, lie, block, never end, or lie outside of what Python sees; and more of them than can be read."""

from __future__ import annotations

import array
import contextlib
import ctypes
import dataclasses
import decimal
import enum
import gc
import io
import itertools
import queue
import random
import re
import sqlite3
import threading
import time
import types
import weakref
import xml.etree.ElementTree as ET
from collections import ChainMap, OrderedDict, UserDict, UserList, deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import contourpy
import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.ft2font import FT2Font
from scipy.spatial import Delaunay, cKDTree

from nbrerun.probe.read import walk
from nbrerun.probe.read.parts import leaves
from nbrerun.probe.read.walk import MOST, Reader
from tests.unit.probe.looking import digest, moved, read

HELD: list[Any] = []
"""What weak references of the tests lead to."""


@pytest.fixture(autouse=True)
def _let_go() -> Iterator[None]:
    yield
    for value in HELD:
        if type(value) is weakref.finalize:
            value.detach()
    HELD.clear()


def held(value: Any) -> Any:
    """Keep something alive to the end of a test."""
    HELD.append(value)
    return value


def after(value: Any, *steps: Callable[[Any], object]) -> Any:
    """A value to which something has been done."""
    for step in steps:
        step(value)
    return value


def advanced(iterator: Any, steps: int) -> Any:
    """An iterator after so many steps."""
    for _ in range(steps):
        next(iterator)
    return iterator


class Box:
    """An object with a name, that can be referred to weakly."""

    def __init__(self, a: Any = None) -> None:
        self.a = a


class Point(ctypes.Structure):
    """A structure of C with an array in it."""

    _fields_ = (("x", ctypes.c_int), ("more", ctypes.c_double * 3))


class Either(ctypes.Union):
    """A union of C."""

    _fields_ = (("whole", ctypes.c_int), ("real", ctypes.c_float))


class Bits(ctypes.Structure):
    """A structure with fields of some bits."""

    _fields_ = (("low", ctypes.c_int, 3), ("high", ctypes.c_int, 5))


class Leads(ctypes.Structure):
    """A structure with a pointer in it."""

    _fields_ = (("to", ctypes.POINTER(ctypes.c_int)),)


def counting(start: int, held: Any) -> Iterator[Any]:
    """A generator with an object in it."""
    with contextlib.nullcontext(held) as item:
        for i in range(start, 10):
            yield i, item


def tangle(value: Any) -> list[Any]:
    """A list that contains itself, in itself and in what it contains."""
    knot: list[Any] = [value]
    knot += [knot, (knot, {"knot": knot}), Box(knot)]
    return knot


def own_key(value: Any) -> dict[Any, Any]:
    """A dict in which an object is key and value, and leads back to the dict."""
    box = Box(value)
    made: dict[Any, Any] = {box: box}
    box.back = made  # type: ignore[attr-defined]
    return made


def own_class(value: Any) -> Any:
    """An object that is an attribute of its class."""
    cls = type("Single", (), {"__module__": "__main__", "value": value})
    cls.only = cls()  # type: ignore[attr-defined]
    return cls


def acquired(lock: Any, times: int) -> Any:
    """A lock that is held."""
    return after(lock, lambda made: times and made.acquire())


TOLD: dict[str, Callable[[int], Any]] = {
    "a number of C": ctypes.c_int,
    "a structure of C": lambda n: Point(1, (1.0, 2.0, n)),
    "a union of C": Either,
    "bits of C": lambda n: Bits(1, n),
    "an array of C": lambda n: (ctypes.c_int * 3)(1, 2, n),
    "an array of structures": lambda n: (Point * 2)(Point(1), Point(n)),
    "a buffer of C": lambda n: ctypes.create_string_buffer(b"text %d" % n),
    "an array of numbers": lambda n: array.array("d", [n]),
    "a view of memory": lambda n: memoryview(bytearray([1, n])),
    "a released view of memory": lambda n: after(memoryview(b"a"), lambda view: n and view.release()),
    "a lock": lambda n: acquired(threading.Lock(), n),
    "a lock that counts": lambda n: acquired(threading.RLock(), n),
    "what threads wait for": lambda n: acquired(threading.Condition(), n),
    "a pattern": lambda n: re.compile("a" * (n + 1)),
    "a match": lambda n: re.match("a*", "a" * (n + 1)),
    "a context of decimals": lambda n: decimal.Context(prec=5 + n),
    "a flag of a context": lambda n: after(decimal.Context(), lambda made: n and made.divide(1, 3)),
    "a generator half way": lambda n: advanced(counting(0, []), n + 1),
    "a generator not begun": lambda n: advanced(counting(0, []), n),
    "a generator at its end": lambda n: after(counting(0, []), lambda made: n and made.close()),
    "what a generator holds": lambda n: advanced(counting(0, [n]), 1),
    "an iterator half way": lambda n: advanced(iter([1, 2, 3]), n),
    "copies of an iterator": lambda n: after(itertools.tee([1, 2, 3]), lambda two: advanced(two[0], n)),
    "a chain of iterators": lambda n: advanced(itertools.chain([1, 2], map(str, [3])), n),
    "an iterator over a dict": lambda n: advanced(iter({"a": 1, "b": 2}), n),
    "a weak reference alive": lambda n: weakref.ref(Box() if n else held(Box())),
    "what a weak reference leads to": lambda n: weakref.ref(held(Box(n))),
    "a weak reference that leads back": lambda n: after(Box(n), lambda box: setattr(box, "me", weakref.ref(box))),
    "a dict of weak values": lambda n: weakref.WeakValueDictionary(a=held(Box(n))),
    "a dict of weak keys": lambda n: weakref.WeakKeyDictionary({held(Box(1)): n}),
    "a weak set": lambda n: weakref.WeakSet([held(Box(n))]),
    "what is called at the end": lambda n: held(weakref.finalize(held(Box()), print, n)),
    "what is not called any more": lambda n: after(
        weakref.finalize(held(Box()), print), lambda end: n and end.detach()
    ),
    "a list in itself": tangle,
    "a dict in its keys": own_key,
    "a class in itself": own_class,
    "a stream in memory": lambda n: after(io.BytesIO(b"abc"), lambda stream: stream.read(n)),
    "what is in a queue": lambda n: after(queue.Queue(), lambda waiting: waiting.put(n)),
    "an event": lambda n: after(threading.Event(), lambda event: n and event.set()),
    "an element of XML": lambda n: ET.fromstring(f"<a><b>{n}</b></a>"),
    "a database in memory": lambda n: after(
        sqlite3.connect(":memory:"), lambda made: made.execute(f"create table t{n}(a)")
    ),
    "a namespace": lambda n: types.SimpleNamespace(a=n),
    "maps in a chain": lambda n: ChainMap({"a": 1}, {"b": n}),
    "a dict of Python's own": lambda n: UserDict(a=Box(n)),
    "a list of Python's own": lambda n: UserList([Box(n)]),
    "a module made by hand": lambda n: after(types.ModuleType("m"), lambda module: setattr(module, "a", n)),
    "a tree of C++": lambda n: cKDTree(np.array([[0.0, n], [1, 2]])),
    "triangles of a C library": lambda n: Delaunay(np.array([[0.0, 0], [1, 2], [3, 1 + n], [5, 5.5]])),
}


@pytest.mark.parametrize("case", TOLD)
def test_strange_values_are_told_apart(case: str) -> None:
    """Equal ones are equal, others differ and have a change to show."""
    make = TOLD[case]
    one, equal, other = make(0), make(0), make(1)
    assert digest(one) == digest(equal) != digest(other)
    assert moved(one, equal) == {}
    assert moved(one, other)


def font(size: int) -> Any:
    """An object of a C++ library that says nothing of its size."""
    made = FT2Font(str(Path(mpl.get_data_path()) / "fonts/ttf/DejaVuSans.ttf"))
    made.set_size(size + 10, 72)
    return made


UNSEEN: dict[str, Callable[[int], Any]] = {
    "a pointer": lambda n: ctypes.pointer(ctypes.c_int(n)),
    "a pointer in a structure": lambda n: Leads(ctypes.pointer(ctypes.c_int(n))),
    "a text of C": lambda n: ctypes.c_char_p(b"%d" % n),
    "an object of Python in C": lambda n: ctypes.py_object([n]),
    "a function of C": lambda n: ctypes.CFUNCTYPE(ctypes.c_int)(lambda: n),
    "what a thread keeps": lambda n: after(threading.local(), lambda local: setattr(local, "a", n)),
    "a queue of C": lambda n: after(queue.SimpleQueue(), lambda waiting: waiting.put(n)),
    "a cursor": lambda n: advanced(sqlite3.connect(":memory:").execute("select 1 union select 2"), n),
    "a search that goes on": lambda n: advanced(re.finditer("a", "aaa"), n),
    "an object of C++": lambda n: contourpy.contour_generator(z=np.array([[0.0, 1.0], [2.0, 3.0 + n]])),
    "another object of C++": font,
}


@pytest.mark.parametrize("case", UNSEEN)
@pytest.mark.parametrize("place", [lambda item: item, lambda item: [item], lambda item: Box({"a": item})])
def test_what_cannot_be_read_says_so(case: str, place: Callable[[Any], Any]) -> None:
    """It differs, or it is opaque with a reason, wherever it sits; looking at it does it no harm."""
    one, other = place(UNSEEN[case](0)), place(UNSEEN[case](1))
    assert read(one).opaque
    assert all(read(one).opaque)
    assert leaves("x", one)
    assert read(other).opaque


def test_an_open_file_is_where_it_is(tmp_path: Path) -> None:
    """How far it has been read is value, and looking does not read on."""
    path = tmp_path / "file"
    path.write_bytes(b"abcdef")
    with open(path, "rb") as one, open(path, "rb") as other:
        assert digest(one) == digest(other)
        other.read(2)
        assert digest(one) != digest(other)
        assert (one.tell(), other.tell(), other.read()) == (0, 2, b"cdef")


def test_a_generator_goes_on_where_it_was() -> None:
    """Looking takes no step, and leaves nothing behind in it."""
    generator = advanced(counting(0, []), 2)
    digest(generator)
    leaves("x", generator)
    assert [i for i, _ in generator] == [2, 3, 4, 5, 6, 7, 8, 9]


CALLED: list[str] = []


def _never(*_: Any, **__: Any) -> Any:
    CALLED.append("called")
    raise RuntimeError("do not touch")


def _for_ever(*_: Any, **__: Any) -> Any:
    CALLED.append("called")
    threading.Event().wait()


def _lie(*_: Any, **__: Any) -> Any:
    CALLED.append("called")
    return 3


def _endless(*_: Any) -> Iterator[int]:
    CALLED.append("called")
    return itertools.count()


_SPECIAL = (
    "eq ne lt gt hash bool len iter next contains getitem getattr getattribute call int float index repr str bytes "
    "format dir sizeof reduce reduce_ex getstate copy deepcopy getnewargs getnewargs_ex array array_ufunc "
    "array_function fspath reversed length_hint missing get buffer"
)
_METHODS = "keys items values get copy tell read close fileno getvalue tolist tobytes view utcoffset tzname isoformat"
_PROPERTIES = "__class__ shape columns closed args dtype name mode _fields value real T _mgr index"


def strange(base: type, act: Callable[..., Any]) -> Any:
    """A subclass with every special method and many properties of its own."""
    names = [*(f"__{name}__" for name in _SPECIAL.split()), *_METHODS.split()]
    body = dict.fromkeys(names, act) | {name: property(act) for name in _PROPERTIES.split()}
    return type("Strange", (base,), {**body, "__module__": "__main__"})


def _bare(cls: type, value: int) -> Any:
    made = object.__new__(cls)
    object.__setattr__(made, "a", value)
    return made


MADE: dict[str, tuple[type, Callable[[Any, int], Any]]] = {
    "object": (object, _bare),
    "list": (list, lambda cls, n: after(list.__new__(cls), lambda made: list.append(made, n))),
    "tuple": (tuple, lambda cls, n: tuple.__new__(cls, (n,))),
    "dict": (dict, lambda cls, n: after(dict.__new__(cls), lambda made: dict.__setitem__(made, "a", n))),
    "ordered dict": (
        OrderedDict,
        lambda cls, n: after(OrderedDict.__new__(cls), lambda made: OrderedDict.__setitem__(made, "a", n)),
    ),
    "set": (set, lambda cls, n: after(set.__new__(cls), lambda made: set.add(made, n))),
    "frozenset": (frozenset, lambda cls, n: frozenset.__new__(cls, [n])),
    "deque": (deque, lambda cls, n: after(deque.__new__(cls), lambda made: deque.append(made, n))),
    "int": (int, lambda cls, n: int.__new__(cls, n)),
    "float": (float, lambda cls, n: float.__new__(cls, n)),
    "str": (str, lambda cls, n: str.__new__(cls, f"text {n}")),
    "bytes": (bytes, lambda cls, n: bytes.__new__(cls, b"%d" % n)),
    "decimal": (decimal.Decimal, lambda cls, n: decimal.Decimal.__new__(cls, n)),
    "array": (array.array, lambda cls, n: array.array.__new__(cls, "i", [n])),
    "numpy array": (np.ndarray, lambda cls, n: np.ndarray.__new__(cls, (1,), buffer=np.array([n]))),
    "exception": (Exception, lambda cls, n: Exception.__new__(cls, n)),
    "namespace": (
        types.SimpleNamespace,
        lambda cls, n: after(
            types.SimpleNamespace.__new__(cls), lambda made: types.SimpleNamespace.__init__(made, a=n)
        ),
    ),
    "map": (map, lambda cls, n: map.__new__(cls, str, [n])),
    "counter": (itertools.count, lambda cls, n: itertools.count.__new__(cls, n)),
}


@pytest.fixture
def called() -> Iterator[list[str]]:
    """What of a person's has been called."""
    gc.collect()
    CALLED.clear()
    yield CALLED
    CALLED.clear()


@pytest.mark.parametrize("act", [_never, _for_ever, _lie, _endless])
@pytest.mark.parametrize("base", MADE)
def test_objects_that_raise_block_or_lie_are_read_without_them(
    base: str, act: Callable[..., Any], called: list[str]
) -> None:
    """Whatever their class makes of special methods and properties: what they hold is read, and they are not asked."""
    cls, make = MADE[base]
    one, equal, other = (make(strange(cls, act), n) for n in (1, 1, 2))
    called.clear()
    first, again, moved_on = (read([value]) for value in (one, equal, other))
    assert first.digest == again.digest != moved_on.digest
    assert not first.opaque
    assert moved([one], [other])
    assert called == []


class Asks(type):
    """A metaclass whose classes say what they are equal to."""

    __eq__ = __hash__ = __repr__ = __bool__ = __instancecheck__ = __subclasscheck__ = _never  # type: ignore[assignment]


class Unhashable(type):
    """A metaclass whose classes are in no set."""

    __eq__ = _never
    __hash__ = None  # type: ignore[assignment]


@pytest.mark.parametrize("meta", [Asks, Unhashable])
@pytest.mark.parametrize("place", ["itself", "class", "list", "attribute", "key", "set"])
def test_objects_whose_class_cannot_be_looked_up_are_opaque(meta: type, place: str, called: list[str]) -> None:
    """A metaclass with a hash of its own is not asked for one; what else there is can be read."""
    made = _bare(meta("Odd", (), {"__module__": "__main__"}), 1)
    where: dict[str, Callable[[], Any]] = {
        "itself": lambda: made,
        "class": lambda: type(made),
        "list": lambda: [1, made],
        "attribute": lambda: Box(made),
        "key": lambda: {made: 1},
        "set": lambda: {made},
    }
    value = where[place]()
    called.clear()
    (why,) = read(value).opaque
    assert "class" in why
    assert leaves("x", value)
    assert called == []


class Hidden:
    """Has attributes, and a property in the place of their dict."""

    __dict__ = property(_never)  # type: ignore[assignment]


class Described:
    """A descriptor that refuses."""

    __get__ = __set__ = _never


class Slots:
    """Slots, a dict, and a descriptor among the attributes of the class."""

    __slots__ = ("__dict__", "slot")
    refuses = Described()


class Refuses(enum.Enum):
    """Members that refuse to be shown."""

    ONE = 1
    TWO = 2
    __repr__ = __str__ = __hash__ = _never  # type: ignore[assignment]


@dataclasses.dataclass(eq=False)
class Record:
    """Compares by a method of its own."""

    a: int
    __eq__ = __repr__ = _never  # type: ignore[assignment]


class Frame(pd.DataFrame):
    """A table that makes no other tables."""

    _constructor = property(_never)
    __repr__ = __eq__ = __len__ = _never  # type: ignore[assignment]


OWN: dict[str, Callable[[int], Any]] = {
    "a slot": lambda n: after(Slots(), lambda made: setattr(made, "slot", n)),
    "a dict beside slots": lambda n: after(Slots(), lambda made: setattr(made, "a", n)),
    "a dict of another class": lambda n: after(Box(), lambda box: setattr(box, "__dict__", _odd_dict(n))),
    "a member of an enumeration": lambda n: list(Refuses)[n],
    "a record": Record,
    "a table": lambda n: Frame({"a": [n]}),
    "a closure": lambda n: (lambda item: lambda: item)(_odd(n)),
    "a bound method": lambda n: types.MethodType(print, _odd(n)),
    "a generator": lambda n: advanced(counting(0, _odd(n)), 1),
    "a weak reference": lambda n: weakref.ref(held(_odd(n))),
    "an iterator": lambda n: iter([_odd(n)]),
    "a slice": lambda n: slice(_odd(n)),
    "a table of objects": lambda n: pd.DataFrame({"a": pd.Series(_column(_odd(n)), dtype=object)}),
    "what is called at the end": lambda n: held(weakref.finalize(held(Box()), print, _odd(n))),
}


def _odd(value: int) -> Any:
    return _bare(strange(object, _never), value)


def _column(item: Any) -> Any:
    # Not from a list: numpy 1 asks its items for `__array_struct__` and the like.
    column = np.empty(2, dtype=object)
    column[0] = item
    return column


def _odd_dict(value: int) -> Any:
    return MADE["dict"][1](strange(dict, _never), value)


@pytest.mark.parametrize("case", OWN)
def test_strange_objects_are_not_asked_where_they_sit(case: str, called: list[str]) -> None:
    """A holder of the language or a library is read with what it holds."""
    one, equal, other = (OWN[case](n) for n in (0, 0, 1))
    called.clear()
    digests = [digest(value) for value in (one, equal, other)]
    leaves("x", one)
    assert digests[0] == digests[1] != digests[2]
    assert called == []


def test_attributes_behind_a_property_are_out_of_sight(called: list[str]) -> None:
    """A property named `__dict__` is not called, and the object is not equal by silence."""
    (why,) = read(_bare(Hidden, 1)).opaque
    assert "out of sight" in why
    assert called == []


def deep_list(last: Any) -> Any:
    """Lists in lists."""
    made: Any = [last]
    for _ in range(100_000):
        made = [made]
    return made


def deep_dict(last: Any) -> Any:
    """Dicts in dicts."""
    made: Any = {"a": last}
    for _ in range(100_000):
        made = {"a": made}
    return made


def deep_links(last: Any) -> Any:
    """A linked list of objects, each with a value and a list besides."""
    made: Any = Box(last)
    for i in range(100_000):
        link = Box(made)
        link.value, link.more = i, [i]  # type: ignore[attr-defined]
        made = link
    return made


@pytest.mark.parametrize("make", [deep_list, deep_dict, deep_links])
def test_what_is_nested_a_hundred_thousand_deep_is_read_to_its_end(make: Callable[[Any], Any]) -> None:
    """A change at the deepest place is seen, and nothing overflows."""
    one, other = make(1), make(2)
    first, second = read(one), read(other)
    assert not first.opaque
    assert first.digest != second.digest
    assert moved(one, other)


def things(count: int, *others: int) -> list[Box]:
    """Many small objects; those at some places have another value."""
    made = [Box(i) for i in range(count)]
    for place in others:
        made[place].a = -1
    return made


MANY = 2_000
FEW = 1_000 * 20  # what a thousand objects without attributes cost


def look(value: Any, *before: Any) -> Any:
    """What a reader with a low limit knows of a value, after others."""
    reader = Reader(most=FEW)
    for i, other in enumerate(before):
        reader.read(f"x{i}", other)
    return reader.read("x", value)


def nodes(depth: int, value: int = 0) -> Any:
    """A tree of objects that is nowhere wide."""
    made = Box(value)
    if depth:
        made.left, made.right = nodes(depth - 1), nodes(depth - 1, value)  # type: ignore[attr-defined]
    return made


LARGE: dict[str, Callable[[], Any]] = {
    "a list": lambda: things(MANY),
    "a tuple": lambda: tuple(things(MANY)),
    "a dict by name": lambda: {str(i): box for i, box in enumerate(things(MANY))},
    "a dict by number": lambda: dict(enumerate(things(MANY))),
    "a dict by object": lambda: {Box(i): i for i in range(MANY)},
    "a set": lambda: set(things(MANY)),
    "a deque": lambda: deque(things(MANY)),
    "a tree": lambda: nodes(11),
    "lists in lists": lambda: [things(100) for _ in range(MANY // 100)],
    "an array of objects": lambda: np.array(things(MANY), dtype=object),
    "attributes": lambda: Box(things(MANY)),
}


@pytest.mark.parametrize("case", LARGE)
def test_what_is_too_large_is_opaque_and_says_how_large(case: str) -> None:
    """Equal ones have one digest, so that nothing is made up, and are opaque, so that nothing is overlooked."""
    one, equal = look(LARGE[case]()), look(LARGE[case]())
    assert one.digest == equal.digest
    (why,) = one.opaque
    assert "more than" in why
    assert not one.hidden
    assert not read(LARGE[case]()).opaque


def test_a_difference_among_the_first_objects_is_a_difference() -> None:
    """One that lies beyond is not seen, and nothing is claimed."""
    plain, near, far = look(things(MANY)), look(things(MANY, 10)), look(things(MANY, MANY - 1))
    assert plain.digest != near.digest
    assert plain.digest == far.digest
    assert far.opaque


@pytest.mark.parametrize("case", ["a list", "a dict by object", "a set", "a deque"])
def test_growth_of_what_is_too_large_is_a_difference(case: str) -> None:
    """The number of items is known, however many there are."""
    grown = LARGE[case]()
    {list: list.append, deque: deque.append, set: set.add, dict: dict.setdefault}[type(grown)](grown, Box())
    assert look(LARGE[case]()).digest != look(grown).digest


def test_the_order_of_what_has_none_is_no_difference() -> None:
    """Nobody can tell which objects of a dict or a set come first, unless its keys can be sorted."""
    for case in ("a dict by name", "a dict by number", "a dict by object"):
        one = LARGE[case]()
        assert look(one).digest == look(dict(reversed(one.items()))).digest
    inner = dict(enumerate(things(100)))
    around = [inner, things(MANY)]
    assert look(around).digest == look([dict(reversed(inner.items())), around[1]]).digest


def test_a_dict_whose_keys_can_be_sorted_shows_its_first() -> None:
    """By key, whatever was put in first."""
    for key in (str, int):
        one, other = ({key(i + 10_000): box for i, box in enumerate(things(MANY, *at))} for at in ([], [5]))
        assert look(one).digest != look(dict(reversed(other.items()))).digest


@pytest.mark.parametrize("case", LARGE)
def test_the_limit_falls_at_one_place_whatever_was_read_before(case: str) -> None:
    """Other names may have met the whole, parts of it or all of its parts."""
    value = LARGE[case]()
    parts = (
        list(value.values()) if isinstance(value, dict) else list(value) if not isinstance(value, Box) else [value.a]
    )
    alone = look(value)
    assert alone.opaque
    for before in ([value], [parts], parts, parts[-3:], [parts[:500], parts[500:]], [things(MANY)]):
        assert look(value, *before) == alone


def test_two_halves_that_were_read_in_full_are_too_large_together() -> None:
    """Also where nothing of the whole is left to read."""
    halves = [things(600), things(700)]
    alone = look(halves)
    assert alone.opaque
    assert not look(halves[1]).opaque
    assert look(halves, *halves) == look(halves, *reversed(halves)) == alone


def test_what_is_read_in_full_is_so_whatever_was_read_before() -> None:
    """An object that many names share, or that is met many times, counts once for each name."""
    shared = things(300)
    value = [shared, [shared, Box(shared)], [[shared] for _ in range(50)]]
    alone = look(value)
    assert not alone.opaque
    for before in ([shared], [[shared]], [shared, value[1]], [value], [things(MANY)], shared):
        assert look(value, *before) == alone
    twice: Any = Box(1)
    for _ in range(200):
        twice = [twice, twice]
    assert look(twice) == look(twice, twice[0], twice[1][0])
    assert not look(twice, twice[0]).opaque


def test_a_part_of_what_is_too_large_is_read_under_its_own_name() -> None:
    """The limit is one for each variable."""
    large = things(MANY)
    reader = Reader(most=FEW)
    assert reader.read("large", large).opaque
    assert not reader.read("few", large[:100]).opaque
    assert not reader.read("last", large[-1]).opaque
    assert not reader.read("numbers", list(range(10**5))).opaque


def test_containers_of_plain_values_have_no_limit() -> None:
    """They are read as a whole, and are not too large for it."""
    plain: list[Any] = [list(range(10**5)), {str(i): i for i in range(10**5)}, {(i, "a") for i in range(10**5)}]
    for value in [*plain, np.zeros(10**6), "a" * 10**6]:
        assert not look(value).opaque
    assert digest(plain[1]) != digest({**plain[1], "5": 6})
    assert digest(plain[1]) == digest(dict(reversed(plain[1].items())))


def test_large_dicts_whose_keys_cannot_be_sorted_are_read() -> None:
    """Keys of two types have no order of their own."""
    one = {key: i for i in range(2000) for key in (i, str(i), (i, "a"), i + 0.5)}
    assert digest(one) == digest(dict(reversed(one.items()))) != digest({**one, "7": 8})
    assert not read(one).opaque


def test_very_many_objects_are_read_no_further_than_to_the_limit() -> None:
    """What can be told of them is told, in a time that does not grow with their number."""
    above = things(400_000)
    started = time.process_time()
    (why,) = read(above).opaque
    assert time.process_time() - started < 5
    assert why == "list: more than 250,000 objects, of which the first are compared"
    assert set(moved(above, things(400_000, 7))) == {"x[7].a"}
    assert set(moved(above, [*above, Box()])) == {"len(x)"}
    assert moved(above, [*above[:-1], Box()]) == {}


def test_what_is_seen_to_be_wide_costs_less_than_the_limit() -> None:
    """A container of more objects than are read of any variable is left early, as are dicts that nobody can sort."""
    described: list[int] = []
    for value in (things(300_000), dict(enumerate(things(300_000)))):
        reader = Reader()
        assert reader.read("x", value).opaque
        described.append(len(reader.lasting()))
    assert max(described) < 30_000
    (why,) = read({i: Box() for i in range(600_000)}).opaque
    assert "500,000 items" in why


def test_generators_of_random_numbers_among_the_first_objects_are_found() -> None:
    """They can be put back."""
    first = random.Random(1)
    reader = Reader(most=FEW)
    assert reader.read("x", [first, *things(MANY)]).opaque
    assert list(reader.generators) == [id(first)]


def test_a_table_of_what_is_too_large_is_small() -> None:
    """Parts of it may be as large: a few of them are listed, and a difference beyond those is one of the whole."""
    plain, far = things(300_000), things(300_000, 20_000)
    assert 50 <= len(leaves("x", plain)) < 200
    (change,) = moved(plain, far).values()
    assert (change.path, change.again) == ("x", "other contents")


def test_parts_of_what_is_too_large_are_not_read_to_the_limit_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """There may be many of them."""
    described: list[int] = []
    describe = walk.describe
    monkeypatch.setattr(walk, "describe", lambda value: described.append(1) or describe(value))
    assert "x[0][7].a" in leaves("x", [things(300_000)])
    assert 25_000 < len(described) < 30_000


def test_the_limit_is_far_above_what_notebooks_hold() -> None:
    """A hundred thousand objects with an object in each are read to the end."""
    assert MOST >= 200_000 * walk._OBJECT
