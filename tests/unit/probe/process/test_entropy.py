"""Random bytes of the system: noted, and given again."""

from __future__ import annotations

import os
import random
import secrets
import uuid
from collections.abc import Callable

import pytest
from numpy.random import default_rng

from nbrerun.probe.process.entropy import Entropy


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
