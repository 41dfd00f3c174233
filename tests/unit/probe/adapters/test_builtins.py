"""Numbers, strings and containers of the language, and subclasses of them."""

from __future__ import annotations

import array
import copy
import enum
from collections import Counter, OrderedDict, defaultdict, namedtuple
from typing import Any, NamedTuple

import pytest

from tests.unit.probe.looking import digest, moved, paths, texts

Pair = namedtuple("Pair", ["left", "right"])


class Point(NamedTuple):
    """The other way."""

    x: float
    y: Any


class Celsius(float):
    """A number with a unit."""


class Tagged(list):  # type: ignore[type-arg]
    """A list that has attributes."""


class Bag(dict):  # type: ignore[type-arg]
    """A dict that has attributes."""


def tagged(*items: Any, **attributes: Any) -> Tagged:
    """A list with attributes."""
    made = Tagged(items)
    made.__dict__.update(attributes)
    return made


CHANGED: dict[str, tuple[Any, Any]] = {
    "an item": ([1, 2, 3], [1, 9, 3]),
    "an item of an item": ([[1], [2]], [[1], [3]]),
    "appended": ([1, 2], [1, 2, 3]),
    "a value": ({"a": 1}, {"a": 2}),
    "a key": ({"a": 1}, {"b": 1}),
    "another type of key": ({"1": 1}, {1: 1}),
    "a value under a tuple": ({(1, 2): [1]}, {(1, 2): [2]}),
    "an order": (OrderedDict(a=1, b=2), OrderedDict([("b", 2), ("a", 1)])),
    "a count": (Counter("aab"), Counter("abb")),
    "a member": ({1, 2}, {1, 3}),
    "a member of a frozenset": (frozenset({(1, "a")}), frozenset({(1, "b")})),
    "a field": (Pair(1, 2), Pair(1, 3)),
    "a field of a typed one": (Point(1.0, [1]), Point(1.0, [2])),
    "a named tuple and a plain one": (Pair(1, 2), (1, 2)),
    "a byte": (bytearray(b"abc"), bytearray(b"abd")),
    "a number in an array": (array.array("d", [1, 2]), array.array("d", [1, 3])),
    "the type of an array": (array.array("i", [1, 2]), array.array("h", [1, 2])),
    "a bound": (range(3), range(4)),
    "a slice": (slice(1, 2), slice(1, 2, 1)),
    "a number of a subclass": (Celsius(1.0), Celsius(2.0)),
    "a subclass and its base": (Celsius(1.0), 1.0),
    "an item of a subclass": (tagged(1), tagged(2)),
    "an attribute of a list": (tagged(1, unit="m"), tagged(1, unit="km")),
    "an argument of an exception": (ValueError("a"), ValueError("b")),
    "the type of an exception": (ValueError("a"), KeyError("a")),
    "a memory view": (memoryview(b"abc"), memoryview(b"abd")),
}


@pytest.mark.parametrize("case", CHANGED)
def test_each_kind_of_change_is_seen(case: str) -> None:
    """Another value has another digest and a change to show; a copy has neither."""
    before, after = CHANGED[case]
    again = before if isinstance(before, memoryview) else copy.deepcopy(before)
    assert digest(before) == digest(again) != digest(after)
    assert moved(before, again) == {}
    assert moved(before, after)


def test_attributes_of_a_dict_are_value() -> None:
    """Beside its items."""
    one, other = Bag(a=1), Bag(a=1)
    other.note = "b"  # type: ignore[attr-defined]
    assert digest(one) != digest(other)
    assert "x.note" in paths(other)


def test_a_list_of_numbers_is_one_leaf_with_numbers() -> None:
    """However long it is, so that the largest distance can be told."""
    change = moved([1, 2.0, True], [1, 2.5, True])["x"]
    assert (change.first, change.again, change.max_abs_change) == ("[1, 2.0, True]", "[1, 2.5, True]", 0.5)


def test_growth_is_told_as_a_length() -> None:
    """`losses.append` moves the length, for long lists and for those of objects as well."""
    assert moved([1.0] * 3, [1.0] * 6)["len(x)"].max_abs_change == 3
    assert moved([[1]], [[1], [2]])["len(x)"].again == "2"
    assert moved({"a": 1}, {"a": 1, "b": 2})["len(x)"].again == "2"
    assert moved({1}, {1, 2})["len(x)"].again == "2"


def test_a_number_moves_by_its_distance() -> None:
    """`x += 1` is told from what to what, and by how much."""
    change = moved(3, 5)["x"]
    assert (change.first, change.again, change.max_abs_change) == ("3", "5", 2.0)


def test_huge_integers_have_texts_and_no_distance() -> None:
    """Python refuses to print integers of many digits, and float64 cannot hold them."""
    assert moved(10**5000, 10**5000 + 1)["x"].max_abs_change is None
    assert moved([10**400], [10**400 + 1])["x"].max_abs_change is None


def test_a_list_of_huge_integers_can_be_shown() -> None:
    """No element that Python refuses to print keeps a table from being made."""
    assert moved([10**5000], [10**5000 + 1])
    assert moved({10**5000}, {10**5000 + 1})
    assert moved({"a": (10**5000,)}, {"a": (10**5000 + 1,)})


def test_a_number_of_a_subclass_shows_both_values() -> None:
    """A subclass of `float` moves from a value to a value like any other number."""
    change = moved(Celsius(1.0), Celsius(2.5))["x"]
    assert "1.0" in change.first
    assert "2.5" in change.again


def test_paths_of_items_are_as_python_writes_them() -> None:
    """Index, key and field."""
    assert {"x[1][0]", "x['a']", "x[2]"} <= paths([1, [[]], {}]) | paths({"a": [[]]}) | paths([[], 1, 2])
    assert {"x.left", "x.right[0]"} <= paths(Pair(1, [[]]))


def test_long_texts_are_clipped_to_a_line() -> None:
    """A report shows the beginning."""
    text = texts("line\n" * 1000)["x"]
    assert len(text) <= 100
    assert "\n" not in text


def test_members_of_an_enumeration_are_what_they_are_called() -> None:
    """Other members differ, and a member is not its value."""

    class Colour(enum.IntEnum):
        RED = 1
        BLUE = 2

    assert digest(Colour.RED) == digest(Colour(1)) != digest(Colour.BLUE)
    assert digest(Colour.RED) != digest(1)


def test_default_factories_leave_items_alone() -> None:
    """Looking does not make a missing key."""
    counts: defaultdict[str, list[int]] = defaultdict(list, a=[1])
    before = digest(counts)
    paths(counts)
    assert dict(counts) == {"a": [1]}
    counts["b"]
    assert digest(counts) != before


def test_an_exceptions_traceback_is_not_value() -> None:
    """Where it was raised is no part of what it says; its attributes and cause are."""

    def raised(note: str) -> Exception:
        error = ValueError("a")
        error.note = note  # type: ignore[attr-defined]
        try:
            raise error
        except ValueError as caught:
            return caught

    fresh = ValueError("a")
    fresh.note = "n"  # type: ignore[attr-defined]
    assert digest(raised("n")) == digest(fresh) != digest(raised("m"))
