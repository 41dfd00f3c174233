"""The generator behind random numbers of polars, of which polars tells nothing."""

from __future__ import annotations

import polars
import pytest

from nbrerun.probe.adapters import describe, polars_random
from nbrerun.probe.describe.node import Stand


def _stand() -> Stand:
    [(_, generator)] = polars_random.global_generators()
    found = describe(generator).generator
    assert found is not None
    return found


def _sample() -> list[int]:
    return polars.DataFrame({"a": range(50)}).sample(5)["a"].to_list()


def test_looking_at_it_moves_nothing() -> None:
    """Whatever the seed and the number of draws since; each draw is another state."""
    assert polars_random.global_generators() is not None
    polars.set_random_seed(3)
    expected = [_sample() for _ in range(3)]
    polars.set_random_seed(3)
    states, samples = [_stand().state], []
    for _ in range(3):
        samples.append(_sample())
        states += [_stand().state]
        assert _stand().state == states[-1]
    assert samples == expected
    assert len(set(states)) == 4


def test_it_is_put_back() -> None:
    """Also behind another seed."""
    polars.set_random_seed(3)
    _sample()
    before = _stand()
    expected = _sample()
    polars.set_random_seed(4)
    before.take(before.packed())
    assert _sample() == expected
    assert polars_random.global_generators()


def test_what_nobody_has_heard_of_is_not_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nbrerun is loaded last, the generator is known once a seed is set."""
    monkeypatch.setattr(polars_random, "_found", None)
    monkeypatch.setattr(polars_random, "_is_early", False)
    polars.set_random_seed(3)
    expected = _sample()
    polars.set_random_seed(3)
    assert polars_random.global_generators() == []
    assert _sample() == expected
    polars.set_random_seed(3)
    assert polars_random.global_generators()


def test_after_very_many_draws_it_is_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would take seconds at each look; the one that finds that out puts it back where it stood."""
    polars.set_random_seed(3)
    samples = [_sample() for _ in range(4)]
    polars.set_random_seed(3)
    monkeypatch.setattr(polars_random, "_MOST_DRAWS", 2)
    assert [_sample() for _ in range(3)] == samples[:3]
    _stand()
    assert polars_random.global_generators() == []
    assert _sample() == samples[3]
