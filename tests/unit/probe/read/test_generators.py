"""The generators of random numbers: where each stands, and putting them back there."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from nbrerun.probe.protocol.messages import Generator
from nbrerun.probe.read.generators import global_generators, put_back, set_state
from tests.unit.probe.looking import look


@pytest.fixture(autouse=True)
def _global_generators_stay() -> Iterator[None]:
    """Other tests find the global generators where they were."""
    states = random.getstate(), np.random.get_state()
    yield
    random.setstate(states[0])
    np.random.set_state(states[1])


def by_name(found: list[Generator]) -> dict[str, bytes]:
    """Where each stands."""
    return {item["name"]: item["digest"] for item in found}


MAKERS: dict[str, tuple[Callable[[], Any], Callable[[Any], Any]]] = {
    "random.Random": (lambda: random.Random(1), lambda rng: rng.random()),
    "RandomState": (lambda: np.random.RandomState(1), lambda rng: rng.normal(size=3).tolist()),
    "default_rng": (lambda: np.random.default_rng(1), lambda rng: rng.integers(10**6, size=3).tolist()),
    "MT19937": (lambda: np.random.Generator(np.random.MT19937(1)), lambda rng: rng.normal()),
    "Philox": (lambda: np.random.Generator(np.random.Philox(1)), lambda rng: rng.normal()),
    "bits": (lambda: np.random.PCG64(1), lambda rng: int(rng.random_raw())),
}


@pytest.mark.parametrize("kind", MAKERS)
def test_a_generator_put_back_draws_the_same_again(kind: str) -> None:
    """Whatever was drawn in between; found by its address, wherever in the namespace it is."""
    make, draw = MAKERS[kind]
    held = {"deep": [make()]}
    (rng,) = held["deep"]
    _, pins = look(held=held)
    drawn = [draw(rng), draw(rng)]
    reader, _ = look(held=held)
    put_back(reader.generators, pins)
    assert [draw(rng), draw(rng)] == drawn


@pytest.mark.parametrize("kind", MAKERS)
def test_a_state_can_be_put_into_another_generator(kind: str) -> None:
    """Another kernel's, say."""
    make, draw = MAKERS[kind]
    one, other = make(), make()
    draw(one)
    pin = next(item for item in look(x=one)[1] if item["name"] == "x")
    set_state(other, pin["state"])
    assert draw(other) == draw(one)


def test_global_generators_are_known_by_name() -> None:
    """Those of `random` and numpy, and they are put back by name whatever the address says."""
    assert [name for name, _ in global_generators()][:2] == ["random", "numpy.random"]
    _, pins = look()
    drawn = random.random(), np.random.normal()
    reader, _ = look()
    put_back(reader.generators, [{**pin, "id": 0} for pin in pins])
    assert (random.random(), np.random.normal()) == drawn


def test_half_a_pair_of_normal_numbers_is_part_of_the_state() -> None:
    """The older generators keep the second of two normal numbers for the next call."""
    rng = np.random.RandomState(0)
    rng.normal()
    before = by_name(look(x=rng)[1])["x"]
    _, pins = look(x=rng)
    second = rng.normal()
    assert by_name(look(x=rng)[1])["x"] != before
    reader, _ = look(x=rng)
    put_back(reader.generators, pins)
    assert rng.normal() == second


def test_drawing_moves_and_looking_does_not() -> None:
    """Two looks in a row are equal, a draw in between shows."""
    rng = random.Random(1)
    first, second = by_name(look(x=rng)[1]), by_name(look(x=rng)[1])
    assert first == second
    rng.random()
    moved = by_name(look(x=rng)[1])
    assert {name for name in moved if moved[name] != first[name]} == {"x"}


def test_a_generator_with_two_names_is_one() -> None:
    """It is sent once, under the first of them."""
    rng = random.Random(1)
    assert [item["name"] for item in look(a=rng, b=[rng])[1] if not item["library"]] == ["a"]


def test_a_global_generator_under_a_name_stays_global() -> None:
    """`rng = np.random.mtrand._rand` is no other generator."""
    found = look(rng=np.random.mtrand._rand, same=random._inst)[1]  # type: ignore[attr-defined]
    assert {"numpy.random", "random"} <= {item["name"] for item in found}
    assert all(item["library"] for item in found)


def test_a_generator_that_is_gone_is_left_out() -> None:
    """Nothing is put back into an address where there is none, or one of another sort."""
    _, pins = look(x=np.random.default_rng(1))
    pin = next(item for item in pins if item["name"] == "x")
    other = random.Random(3)
    before = other.getstate()
    reader, _ = look(x=other)
    put_back(reader.generators, [pin, {**pin, "id": id(other)}])
    assert other.getstate() == before


def test_a_generator_of_another_algorithm_is_left_alone() -> None:
    """A name may hold a generator of other bits by now; its state would not fit."""
    _, pins = look(x=np.random.default_rng(1))
    pin = next(item for item in pins if item["name"] == "x")
    other = np.random.Generator(np.random.MT19937(1))
    reader, _ = look(x=other)
    put_back(reader.generators, [{**pin, "id": id(other)}])
    assert other.integers(1000) == np.random.Generator(np.random.MT19937(1)).integers(1000)
