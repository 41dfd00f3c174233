"""*again, pinned* once more: does a cell seed a generator, or has only its first run drawn from it?"""

from __future__ import annotations

import pytest

from nbrerun.engine.interface import Undone
from nbrerun.experiments.seeding import seeding
from nbrerun.probe.protocol.messages import Generator, Rerun
from nbrerun.state.observation import Observation
from tests.unit.making import FakeEngine, error, generator, named, observation, rerun, state


def at(digest: bytes) -> Generator:
    """A library's generator in some state."""
    return generator("random", digest, library=True)


def seen(first: bytes = b"first") -> Observation:
    """A cell whose rerun ends with a generator where the first run left it."""
    after = state(generators=[at(first)])
    return observation(before=state(generators=[at(b"before")]), first=after, again=rerun(after))


def pinned(digest: bytes, **more: object) -> Rerun:
    """What the pinned run came to: it left the generator in this state."""
    return rerun(state(generators=[at(digest)]), **more)


CASES: dict[str, tuple[Observation, Rerun | Undone, bool]] = {
    # what *again* showed, what the pinned run came to, and whether the cell seeds the generator
    "seeds it": (seen(), pinned(b"first"), True),
    "leaves it alone": (seen(), pinned(b"before"), False),
    "draws from it": (seen(), pinned(b"elsewhere"), False),
    "raises": (seen(), pinned(b"before", error=error("ValueError")), True),
    "cannot be run": (seen(), Undone("it hangs"), True),
}


@pytest.mark.parametrize("case", CASES)
def test_a_cell_seeds_a_generator_if_the_pinned_run_leaves_it_there_too(case: str) -> None:
    """Nothing else is claimed where that run tells nothing."""
    found, answer, expected = CASES[case]
    engine = FakeEngine(lambda done: answer)
    assert seeding(engine, 3, found) is None
    assert found.seeded == (named("generator:random") if expected else set())
    assert (engine.asked, engine.left_open()) == ([("moment 3", "run", 0, 1)], [])


@pytest.mark.parametrize(("left", "seeds"), [(b"first", True), (b"elsewhere", False)])
def test_where_again_was_pinned_a_run_that_is_not_tells(left: bytes, seeds: bool) -> None:
    """A pinned run has drawn the same numbers, so that it ends there whether the cell seeds or not."""
    found = seen()
    found.pinned = True
    engine = FakeEngine(lambda done: pinned(left))
    assert seeding(engine, 3, found) is None
    assert found.seeded == (named("generator:random") if seeds else set())
    assert engine.asked == [("moment 3", "run", 0)]


def test_a_cell_that_left_the_generators_alone_is_not_run() -> None:
    """There is nothing to find out."""
    engine = FakeEngine()
    assert seeding(engine, 3, seen(first=b"before")) is None
    assert engine.branches == []


def test_what_the_reruns_have_shown_already_is_not_run_for() -> None:
    """Replay asks in the kernel that it gives up anyway."""
    found, engine = seen(), FakeEngine()
    found.only_drawn = frozenset(named("generator:random"))
    assert seeding(engine, 3, found) is None
    assert (found.seeded, engine.branches) == (set(), [])


def test_a_branch_that_cannot_be_had_is_said() -> None:
    """The cell is then undetermined."""
    assert seeding(FakeEngine(refuses={"moment 3"}), 3, seen()) == Undone("there is no moment 3")
