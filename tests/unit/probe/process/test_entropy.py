"""Random bytes of the system: noted, and given again."""

from __future__ import annotations

import os
import random
import secrets
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from numpy.random import default_rng

from nbrerun.probe.process.entropy import Entropy
from tests.unit.probe.looking import digest


@pytest.fixture
def entropy(monkeypatch: pytest.MonkeyPatch) -> Entropy:
    """In place, until the test is over."""
    monkeypatch.setattr(os, "urandom", os.urandom)
    monkeypatch.setattr(random, "_urandom", random._urandom)  # type: ignore[attr-defined]
    made = Entropy()
    made.install()
    made.begin()
    return made


ASK: dict[str, Callable[[], object]] = {
    "os": lambda: os.urandom(8),
    "uuid": lambda: uuid.uuid4(),
    "secrets": lambda: secrets.token_hex(),
    "numpy": lambda: default_rng().random(),
    "SystemRandom": lambda: random.SystemRandom().random(),
}


@pytest.mark.parametrize("who", ASK)
def test_the_same_is_given_again(entropy: Entropy, who: str) -> None:
    """What was noted in one cell comes out in another that is given it, and after that something new."""
    first = ASK[who]()
    entropy.begin(entropy.recorded())
    assert ASK[who]() == first
    assert ASK[who]() != first


def test_who_asks_for_another_size_gets_something_new(entropy: Entropy) -> None:
    """The cell has gone another way than it went before."""
    entropy.begin([b"12345678"])
    assert len(os.urandom(4)) == 4


def test_too_much_is_not_noted(entropy: Entropy) -> None:
    """Half of it would be no repetition."""
    os.urandom(2)
    os.urandom(2 << 20)
    assert entropy.recorded() == []


DRAWN: dict[str, Callable[[str], object]] = {
    "text": lambda digits: f"run-{digits}",
    "with dashes": lambda digits: str(uuid.UUID(digits)),
    "an id": uuid.UUID,
    "keys": lambda digits: {f"{digits}-{number}": number for number in range(3)},
    "a set": lambda digits: {digits, "a", "b"},
    "in bytes": lambda digits: [digits.encode()],
}


def drawing(file: Path, name: str) -> Callable[[], str]:
    """Return a function that draws ids, of such a module."""
    namespace: dict[str, object] = {"__name__": name, "__file__": str(file)}
    exec("import uuid\ndef draw(): return uuid.uuid4().hex", namespace)
    return namespace["draw"]  # type: ignore[return-value]


@pytest.mark.parametrize("shape", DRAWN)
def test_ids_that_a_library_draws_are_no_values(entropy: Entropy, tmp_path: Path, shape: str) -> None:
    """Whatever such an id is put into; other ids are values."""
    draw = drawing(tmp_path / "site-packages" / "library.py", "library")
    one, other = (digest(DRAWN[shape](draw())) for _ in range(2))
    assert one == other
    assert digest(DRAWN[shape](os.urandom(16).hex())) != one


def test_ids_that_the_user_draws_are_values(entropy: Entropy, tmp_path: Path) -> None:
    """In a cell, which has no file, and in a module of the user's."""
    cell: dict[str, object] = {"__name__": "__main__"}
    exec("import uuid\none, other = uuid.uuid4(), uuid.uuid4()", cell)
    assert digest(cell["one"]) != digest(cell["other"])
    draw = drawing(tmp_path / "helpers.py", "helpers")
    assert digest(draw()) != digest(draw())


def test_keys_that_differ_in_their_ids_only_are_compared_with_their_values(entropy: Entropy, tmp_path: Path) -> None:
    """Such keys are sorted another way in each run."""
    draw = drawing(tmp_path / "site-packages" / "library.py", "library")
    made = [digest({draw(): [number] for number in range(5)}) for _ in range(4)]
    assert len(set(made)) == 1
    assert made[0] != digest({draw(): [number] for number in range(1, 6)})
