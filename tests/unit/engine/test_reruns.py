"""The reruns of a cell: what two more runs in a spoiled kernel tell of the generators that it moves."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from nbrerun.engine.interface import Again, FirstResult, Undone
from nbrerun.engine.reruns import only_drawn
from nbrerun.probe.protocol.messages import Generator, Rerun
from tests.unit.making import FakeBranch, FakeEngine, cell, error, generator, named, rerun, state


def at(digest: bytes) -> Generator:
    """A library's generator in some state."""
    return generator("random", digest, library=True)


def done(first: bytes = b"first", after: bytes = b"first") -> Again:
    """A cell whose pinned rerun was compared with the first run."""
    before, left = state(generators=[at(b"before")]), state(generators=[at(first)])
    return Again(FirstResult(cell(0), before, left, False, frozenset()), run_to(after))


def run_to(digest: bytes, **more: object) -> Rerun:
    """A run that left the generator in a state."""
    return rerun(state(generators=[at(digest)]), **more)


DRAWN = frozenset(named("generator:random"))
CASES: Mapping[str, tuple[Rerun | Undone, Rerun | Undone, frozenset[object] | None]] = {
    # what the run comes to that is not pinned, what the pinned one comes to, and what is only drawn from
    "draws from it": (run_to(b"elsewhere"), run_to(b"first"), DRAWN),
    "seeds it": (run_to(b"first"), run_to(b"first"), frozenset()),
    "draws another number each time": (run_to(b"elsewhere"), run_to(b"nowhere"), None),
    "draws nothing any more": (run_to(b"first"), run_to(b"before"), None),
    "raises": (run_to(b"first"), run_to(b"first", error=error("ValueError")), None),
    "cannot be run": (Undone("it hangs"), run_to(b"first"), None),
}


@pytest.mark.parametrize("case", CASES)
def test_a_generator_is_only_drawn_from_if_a_run_does_not_bring_it_back(case: str) -> None:
    """As long as the runs draw as much as the first one did; else nobody knows, and a run at the moment has to tell."""
    plain, pinned, expected = CASES[case]
    branch = FakeBranch(FakeEngine(lambda ran: (plain, pinned)[len(ran) - 1]), "here")
    assert only_drawn(branch, done(), [at(b"before")]) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize("again", [done(first=b"before"), done(after=b"elsewhere")])
def test_nothing_is_run_for_generators_that_nobody_can_have_seeded(again: Again) -> None:
    """The first run left it alone, or the rerun left it elsewhere."""
    engine = FakeEngine()
    assert only_drawn(FakeBranch(engine, "here"), again, [at(b"before")]) == frozenset()  # type: ignore[arg-type]
    assert engine.asked == []
