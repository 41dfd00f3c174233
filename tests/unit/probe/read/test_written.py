"""Values that are written out in one go: equal bytes come of equal values only."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import ExtraTreesClassifier

from nbrerun.probe.read.walk import Reader
from nbrerun.probe.read.written import written

MOST = 1 << 25
X = np.random.default_rng(0).normal(size=(60, 4))
FIELDS = np.dtype([("a", "i8"), ("b", "u1")], align=True)


class Thing:
    """An object of the user's, with everything that objects hold."""

    __slots__ = ("__dict__", "slot")

    def __init__(self) -> None:
        self.slot = [1, 2.5, "x"]
        self.numbers = np.arange(100.0)
        self.view = self.numbers[::2]
        self.rows = np.zeros(50, FIELDS)
        self.texts = np.array(["a", None, 2], dtype=object)
        self.table = {"a": {1, 2}, (1, b"y"): bytearray(b"z"), "parent": self}
        self.scalar = np.float32(1.5)
        self.forest = ExtraTreesClassifier(3, random_state=0).fit(X, X[:, 0] > 0)
        self.call = max

    def __reduce__(self) -> Any:
        raise AssertionError("code of the user's was called")

    __getstate__ = __eq__ = __hash__ = __reduce__  # type: ignore[assignment]


THING = Thing()
"""One for all, since an equal one may be written in another way."""


def digest(value: Any = THING) -> bytes:
    """What is compared."""
    done = written(value, MOST)
    assert done is not None
    return done.digest


def walked(value: Any = THING) -> bytes:
    """The digest of the value itself."""
    return Reader().read("value", value).digest


def put(target: Any, key: Any, value: Any) -> Callable[[], object]:
    """Store an item or an attribute; what is returned restores it."""
    if isinstance(key, str) and not isinstance(target, dict):
        before = getattr(target, key)
        setattr(target, key, value)
        return lambda: setattr(target, key, before)
    before = target[key]
    target[key] = value
    return lambda: target.__setitem__(key, before)


CHANGES: dict[str, Callable[[], Callable[[], object]]] = {
    "an attribute": lambda: put(THING, "call", min),
    "a slot": lambda: put(THING, "slot", [1, 2.5, "y"]),
    "a kind of number": lambda: put(THING.slot, 0, 1.0),
    "the sign of nothing": lambda: put(THING.numbers, 0, -0.0),
    "a field": lambda: put(THING.rows["b"], 49, 1),
    "an object in an array": lambda: put(THING.texts, 1, False),
    "an element of a set": lambda: put(THING.table, "a", {1, 3}),
    "a scalar of another type": lambda: put(THING, "scalar", np.float64(1.5)),
    "a shape": lambda: put(THING, "numbers", THING.numbers.reshape(10, 10)),
    "a dtype": lambda: put(THING, "numbers", THING.numbers.view("i8")),
    "a parameter deep inside": lambda: put(THING.forest.estimators_[2], "max_depth", 3),
    "a number of a tree": lambda: put(THING.forest.estimators_[1].tree_.value.reshape(-1), 0, 7.0),
    "an object in place of itself": lambda: put(THING.table, "parent", None),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_whatever_the_walk_sees_is_written(change: Callable[[], Callable[[], object]]) -> None:
    """The digest of the value changes, so the bytes change as well; restored, they are what they were."""
    bytes_before, value_before = digest(), walked()
    restore = change()
    assert walked() != value_before
    assert digest() != bytes_before
    restore()
    assert digest() == bytes_before


@settings(max_examples=50, deadline=None)
@given(at=st.integers(0, 799), bit=st.integers(0, 7))
def test_a_single_bit_is_seen(at: int, bit: int) -> None:
    """Wherever it lies in an array."""
    before, view = digest(), THING.numbers.view(np.uint8)
    view[at] ^= 1 << bit
    assert digest() != before
    view[at] ^= 1 << bit
    assert digest() == before


def test_generators_are_found_and_their_states_are_not_written() -> None:
    """They are compared by themselves."""
    value = {"draws": random.Random(0), "more": [np.random.default_rng(0)]}
    first = written(value, MOST)
    value["draws"].random()
    second = written(value, MOST)
    assert first is not None
    assert second is not None
    assert first.digest == second.digest
    assert [target for target, _ in first.generators] == [value["draws"], value["more"][0]]


def test_what_is_too_large_or_nested_too_deeply_is_not_written() -> None:
    """Whatever the notebook's limit of recursion is."""
    assert written(list(range(1000)), 100) is None
    nested: list[Any] = []
    for _ in range(100_000):
        nested = [nested]
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(10**6)
    try:
        assert written(nested, MOST) is None
        assert sys.getrecursionlimit() == 10**6
    finally:
        sys.setrecursionlimit(limit)
