"""Iterators: how far they are, without taking a step."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.unit.probe.looking import digest, moved, notebook, read

COUNTING = """
def g(total):
    while True:
        total += 1
        yield total
"""

MAKERS: dict[str, Callable[[], Iterator[Any]]] = {
    "list": lambda: iter([1, 2, 3]),
    "tuple": lambda: iter((1, 2, 3)),
    "range": lambda: iter(range(3)),
    "long range": lambda: iter(range(2**70, 2**70 + 3)),
    "text": lambda: iter("abc"),
    "other text": lambda: iter("äöü"),
    "bytes": lambda: iter(b"abc"),
    "bytearray": lambda: iter(bytearray(b"abc")),
    "set": lambda: iter({1, 2, 3}),
    "dict": lambda: iter({"a": 1, "b": 2, "c": 3}),
    "dict values": lambda: iter({"a": 1, "b": 2, "c": 3}.values()),
    "dict items": lambda: iter({"a": 1, "b": 2, "c": 3}.items()),
    "dict reversed": lambda: reversed({"a": 1, "b": 2, "c": 3}),
    "reversed": lambda: reversed([1, 2, 3]),
    "enumerate": lambda: enumerate("abc"),
    "zip": lambda: zip([1, 2, 3], "abc", strict=False),
    "map": lambda: map(str, [1, 2, 3]),
    "filter": lambda: filter(None, [1, 2, 3]),
    "count": lambda: itertools.count(5),
    "cycle": lambda: itertools.cycle([1, 2, 3]),
    "repeat": lambda: itertools.repeat(1, 5),
    "chain": lambda: itertools.chain([1, 2], [3]),
    "islice": lambda: itertools.islice([1, 2, 3, 4], 3),
    "accumulate": lambda: itertools.accumulate([1, 2, 3]),
    "product": lambda: itertools.product([1, 2], "ab"),
    "permutations": lambda: itertools.permutations([1, 2, 3]),
    "combinations": lambda: itertools.combinations([1, 2, 3], 2),
    "batches": lambda: zip(itertools.islice([1, 2, 3], 2), itertools.count()),
    "generator expression": lambda: (x for x in [1, 2, 3]),
    "generator": lambda: notebook(COUNTING)["g"](0),
    "delegating generator": lambda: notebook("def g():\n    yield from [1, 2, 3]")["g"](),
}


@pytest.mark.parametrize("kind", MAKERS)
def test_an_iterator_is_as_far_as_it_is(kind: str) -> None:
    """Two fresh ones are equal, a step makes a difference that shows, and the same step on the other mends it."""
    one, other = MAKERS[kind](), MAKERS[kind]()
    assert digest(one) == digest(other)
    next(one)
    assert digest(one) != digest(other)
    assert moved(other, one)
    next(other)
    assert digest(one) == digest(other)


@pytest.mark.parametrize("kind", MAKERS)
def test_looking_takes_no_step(kind: str) -> None:
    """Whatever has been looked at goes on as if it had not been."""
    looked_at, alone = MAKERS[kind](), MAKERS[kind]()
    taken = []
    for _ in range(2):
        assert not read(looked_at).opaque
        moved(looked_at, looked_at)
        taken.append(next(looked_at))
    assert taken == [next(alone), next(alone)]


@pytest.mark.parametrize("kind", ["list", "range", "dict", "zip", "map", "islice", "generator expression", "chain"])
def test_an_exhausted_iterator_is_another_value(kind: str) -> None:
    """It stays what it is from then on."""
    fresh, spent, also_spent = MAKERS[kind](), MAKERS[kind](), MAKERS[kind]()
    list(spent)
    list(also_spent)
    assert digest(fresh) != digest(spent) == digest(also_spent)


def test_a_generators_locals_are_value() -> None:
    """At the same place with another total it is another generator."""
    one, other = notebook(COUNTING)["g"](1), notebook(COUNTING)["g"](2)
    next(one)
    next(other)
    assert digest(one) != digest(other)
    assert [(change.first, change.again) for change in moved(one, other).values()] == [("2", "3")]


def test_an_iterator_over_a_persons_iterator_does_not_step_it() -> None:
    """`map` and `zip` over an object of the notebook's leave it alone."""
    made = notebook(
        """
        class Steps:
            taken = 0
            def __iter__(self): return self
            def __next__(self):
                Steps.taken += 1
                return Steps.taken
        """
    )
    for wrapped in (map(str, made["Steps"]()), zip(made["Steps"]()), enumerate(made["Steps"]())):
        read(wrapped)
    assert made["Steps"].taken == 0


def test_looking_warns_nobody() -> None:
    """Python deprecates copying some iterators; that is not the notebook's concern."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        before = warnings.filters[:]
        for make in MAKERS.values():
            read(make())
        assert warnings.filters == before
    assert caught == []


def test_a_running_generator_is_read() -> None:
    """A generator may be looked at while it runs, as it is when it runs the cell."""
    made = notebook("def g(look):\n    yield look(me)")
    me = made["me"] = made["g"](digest)
    assert next(me)


def test_coroutines_are_read_like_generators() -> None:
    """By where they stand."""
    made = notebook("async def work(n): return n")
    one, other = made["work"](1), made["work"](2)
    assert digest(one) != digest(other)
    one.close()
    other.close()
