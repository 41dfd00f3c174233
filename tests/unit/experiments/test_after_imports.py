"""Settings that an import of the first run has changed."""

from __future__ import annotations

import pytest

from nbrerun.engine.interface import Undone
from nbrerun.experiments.after_imports import after_imports
from nbrerun.model import Change
from nbrerun.probe.protocol.messages import Rerun
from nbrerun.state.observation import Observation
from tests.unit.making import FakeEngine, name, observation, rerun, state

LEVEL = name("env:level")


def seen(*by_imports: str) -> Observation:
    """A cell that leaves a setting otherwise when it is run again."""
    found = observation(
        first=state(settings={"level": "1"}, by_imports=by_imports), again=rerun(state(settings={"level": "2"}))
    )
    found.moved = {LEVEL: (Change("env:level", "1", "2"),)}
    found.still_moved = frozenset({LEVEL})
    return found


def runs(*levels: str) -> FakeEngine:
    """An engine whose branch leaves these settings, one after the other."""
    return FakeEngine(lambda done: rerun(state(settings={"level": levels[len(done) - 1]})))


@pytest.mark.parametrize(("third", "stays"), [("2", False), ("3", True)])
def test_a_setting_counts_only_if_every_run_changes_it(third: str, stays: bool) -> None:
    """Else it is the import that the first run differs by."""
    engine, found = runs("2", third), seen("level")
    assert after_imports(engine, 3, found) is None
    assert (set(found.moved), set(found.still_moved)) == (({LEVEL}, {LEVEL}) if stays else (set(), set()))
    assert engine.left_open() == []


def test_what_no_import_changed_is_not_asked_about() -> None:
    """There is nothing to find out."""
    engine, found = FakeEngine(), seen("other")
    assert after_imports(engine, 3, found) is None
    assert engine.branches == []
    assert set(found.moved) == {LEVEL}


@pytest.mark.parametrize("answers", [[Undone("it hangs")], [rerun(), Undone("it hangs")]], ids=["second", "third"])
def test_a_run_that_tells_nothing_changes_nothing(answers: list[Rerun | Undone]) -> None:
    """The setting counts."""
    found = seen("level")
    assert after_imports(FakeEngine(lambda done: answers[len(done) - 1]), 3, found) is None
    assert set(found.moved) == {LEVEL}


def test_a_branch_that_cannot_be_had_is_said() -> None:
    """The cell is then undetermined."""
    assert after_imports(FakeEngine(refuses={"moment 3"}), 3, seen("level")) == Undone("there is no moment 3")
