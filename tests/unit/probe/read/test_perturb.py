"""Changing a variable the way somebody else could have, in what a cell's first run changed of it and nowhere else."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from nbrerun.probe.read.parts import leaves
from nbrerun.probe.read.perturb import Earlier, perturb


def perturbed(value: Any, before: Any = ...) -> tuple[Any, set[str]]:
    """The value changed in what it does not share with the one before."""
    now, then = leaves("x", value), {} if before is ... else leaves("x", before)
    earlier: Earlier = {
        path: then.get(path) for path, leaf in now.items() if path not in then or then[path]["digest"] != leaf["digest"]
    }
    return perturb("x", value, earlier)


class Thing:
    """Has attributes."""

    def __init__(self, **attributes: Any) -> None:
        self.__dict__.update(attributes)


class Slotted:
    """Has no `__dict__`."""

    __slots__ = ("a",)


@pytest.mark.parametrize(
    ("value", "before", "becomes"),
    [
        (5, ..., 6),
        (True, ..., False),
        (2.0, ..., 3.0),
        (float("nan"), ..., 0.5),
        ("a", ..., "a*"),
        (b"a", ..., b"a*"),
        ((1, 2), ..., (2, 3)),
        ([1, 2], ..., [2, 3]),
        ([1, 5, 3], [1, 2, 3], [1, 6, 3]),
        ([1, 2, 3], [1, 2], [3, 2, 1]),
        ([1, 2, 3], [3, 2, 1], [3, 2, 1]),
        (["a", "a"], ["a"], ["a", "a", "a"]),
        ({"k": [1], "n": 3}, {"n": 3}, {"k": [2], "n": 3}),
        ({"k": 1, "s": "t"}, ..., {"k": 2, "s": "t"}),
        ({"s": "t"}, ..., {"s": "t*"}),
        ({1, 2}, {1}, {1}),
        (deque([1, 2]), ..., deque([2, 3])),
        ([[1], [2]], [[1], [5]], [[1], [3]]),
        ((1, [2]), (1, [3]), (1, [3])),
    ],
    ids=repr,
)
def test_builtin_values(value: Any, before: Any, becomes: Any) -> None:
    """What changed is changed again: numbers before text, the order of what grew, and nothing else."""
    new, changed = perturbed(value, before)
    assert new == becomes
    assert changed
    assert type(value) in (int, bool, float, str, bytes, tuple) or new is value


@pytest.mark.parametrize(
    "value", [None, ..., (), [], {}, set(), object(), len, iter([])], ids=lambda value: type(value).__name__
)
def test_what_cannot_be_changed(value: Any) -> None:
    """It stays the same object with the same value."""
    assert perturbed(value) == (value, set())


def test_what_is_the_same_as_before_is_left_alone() -> None:
    """A number that the first run did not change is an input."""
    array = np.array([1.0, 2.0, 7.0])
    assert perturbed(array, np.array([1.0, 2.0, 3.0])) == (array, {"x"})
    assert array.tolist() == [1.0, 2.0, 9.25]
    assert perturbed(Thing(a=1, b=2), Thing(a=1, b=2))[1] == set()


def test_attributes_and_slots() -> None:
    """Only the attribute that changed has another value; a slot is set as well."""
    thing, slotted = Thing(a=1, b=2), Slotted()
    slotted.a = 3  # type: ignore[attr-defined]
    assert perturbed(thing, Thing(a=1))[1] == {"x.b"}
    assert vars(thing) == {"a": 1, "b": 3}
    assert perturbed(slotted)[1] == {"x.a"}
    assert slotted.a == 4  # type: ignore[attr-defined]


def test_closures() -> None:
    """A counter in a closure is state."""

    def counter() -> Callable[[], int]:
        count = 0

        def step() -> int:
            nonlocal count
            count += 1
            return count

        return step

    step = counter()
    assert perturbed(step)[1] == {"x.<closure count>"}
    assert step() == 2


def test_cycles_end() -> None:
    """An object that leads to itself is changed once."""
    ring: list[Any] = [1]
    ring.append(ring)
    assert perturbed(ring)[1] == {"x[0]"}
    assert ring[0] == 2


def test_frames_and_series() -> None:
    """Columns that changed, in arrays of their own: frames that share the old ones see nothing."""
    frame = pd.DataFrame({"a": [3, 1], "b": [0.0, 1.0], "c": list("xy")})
    other = frame[:]
    assert perturbed(frame, frame.drop(columns="b"))[1] == {"x['b']"}
    assert (frame["a"].tolist(), frame["b"].tolist()) == ([3, 1], [1.75, 0.5])
    assert other["b"].tolist() == [0.0, 1.0]
    series = pd.Series([1.0, 2.0])
    assert perturbed(series)[1] == {"x.values"}
    assert series.tolist() == [3.0, 1.75]


def test_frames_and_series_without_numbers() -> None:
    """The same values in another order, where no number has changed: other text is what code trips over."""
    frame = pd.DataFrame({"a": [3, 1], "b": list("xy"), "c": [Fraction(1, 3), Fraction(1, 5)]})
    assert perturbed(frame, frame[["a"]])[1] == {"x['b']", "x['c']"}
    assert frame["b"].tolist() == ["y", "x"]
    assert perturbed(frame, frame[["b"]])[1] == {"x['a']"}
    series = pd.Series(["p", "q"])
    assert perturbed(series)[1] == {"x.values"}
    assert series.tolist() == ["q", "p"]


def test_models() -> None:
    """What was learnt changes, not how it is learnt."""
    X, y = np.arange(10.0)[:, None], np.arange(10) % 2
    model, net = LogisticRegression().fit(X, y), torch.nn.Linear(2, 1)
    coefficients, weights = model.coef_.copy(), net.weight.detach().clone()
    assert perturbed(model, LogisticRegression())[1] >= {"x.coef_", "x.intercept_"}
    assert not np.array_equal(model.coef_, coefficients)
    assert model.get_params() == LogisticRegression().get_params()
    assert perturbed(net)[1] == {"x.weight", "x.bias"}
    assert not torch.equal(net.weight, weights)


def test_an_array_that_may_not_be_written_stays() -> None:
    """A read-only array is no reason to fail."""
    array = np.arange(3.0)
    array.flags.writeable = False
    assert perturbed(array)[1] == set()
