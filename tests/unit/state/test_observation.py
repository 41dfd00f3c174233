"""What an observation of one cell says by itself."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from nbrerun.probe.protocol.messages import State, Variable
from tests.unit import making
from tests.unit.making import file, generator, named, observation, rerun, state

STANDS = {
    # where the generator stands before the first run, after it and after the rerun; where imports left it
    "set": ("start", "seeded", "seeded", "", True),
    "set where it was set already": ("seeded", "seeded", "seeded", "", False),
    "drawn from": ("start", "drawn", "drawn twice", "", False),
    "drawn from by the rerun only": ("start", "start", "drawn", "", False),
    "untouched": ("start", "start", "start", "", False),
    "created by being set": ("", "seeded", "seeded", "", True),
    "created, and drawn from": ("", "drawn", "drawn twice", "", False),
    "brought by an import": ("", "imported", "imported", "imported", False),
    "brought by an import, and set": ("", "seeded", "seeded", "imported", True),
    "drawn from by an import": ("start", "imported", "imported", "imported", False),
    "drawn from by an import, and set": ("start", "seeded", "seeded", "imported", True),
    "gone after the rerun": ("start", "seeded", "", "", False),
}


def _stands(place: str, imports_left: Mapping[str, bytes] | None = None, library: bool = True) -> State:
    items = [generator("random", place.encode(), library=library)] if place else []
    return state(generators=items, imports_left=imports_left)


@pytest.mark.parametrize("case", STANDS)
def test_a_generator_that_has_the_same_state_after_both_runs_was_set(case: str) -> None:
    """By the cell, that is: what an import does happens in the first run only."""
    before, first, after, left, expected = STANDS[case]
    imports = {"random": left.encode()} if left else {}
    seen = observation(_stands(before), _stands(first, imports), rerun(_stands(after)))
    assert seen.seeded == (named("generator:random") if expected else set())


def test_a_generator_in_a_variable_is_never_seeded() -> None:
    """It is judged as a variable."""
    before, first = _stands("start", library=False), _stands("seeded", library=False)
    assert observation(before, first, rerun(first)).seeded == set()


def test_a_rerun_may_see_what_the_first_run_wrote_beside() -> None:
    """What is not judged is there to be read all the same."""
    seen = observation(state(), state(beside={"/tmp/x": file(b"1")}), rerun())
    assert seen.saw_a_change
    assert not observation(state(), state(), rerun()).saw_a_change


@pytest.mark.parametrize(
    ("variable", "sees"),
    [
        (making.variable(b"1"), False),
        (making.variable(b"1", opaque=["a lock"]), True),
        (making.variable(b"1", kind="iterator"), True),
        (making.variable(b"1", kind="generator"), True),
    ],
)
def test_a_rerun_may_see_what_shows_in_no_value(variable: Variable, sees: bool) -> None:
    """What cannot be read, and what is used up."""
    held = state({"x": variable})
    assert observation(held, held, rerun(held, reads=["x"])).saw_a_change is sees


def test_a_rerun_that_changes_what_it_does_not_bind_has_seen_something() -> None:
    """It was there before."""
    first, after = state({"x": making.variable(b"1")}), state({"x": making.variable(b"2")})
    moved = dict.fromkeys(named("x"), ())
    assert observation(first, first, rerun(after), moved=moved).saw_a_change
    assert not observation(first, first, rerun(after, bound=["x"]), moved=moved).saw_a_change


def test_an_exception_counts_unless_the_first_run_raised_as_well() -> None:
    """The cell's tag allows it."""
    run = rerun(state(), error=making.error("KeyError", "'a'"))
    error = observation(again=run).error
    assert error is not None
    assert (error.ename, error.evalue, error.traceback) == ("KeyError", "'a'", ("KeyError: 'a'",))
    assert observation(again=run, raises=True).error is None
    assert observation().error is None
