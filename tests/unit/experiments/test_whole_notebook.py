"""The whole notebook once more, on a fake engine: where it parts from the main run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nbrerun.engine.interface import Undone
from nbrerun.experiments.whole_notebook import files_read, whole
from nbrerun.model import Failure, Parting, Raised, WholeRun
from nbrerun.probe.protocol.messages import Rerun, State
from tests.unit.making import Does, FakeEngine, error, file, main_run, rerun, state, variable

STEPS = main_run(
    Does(binds={"x": "1"}, more={"seconds": 2.0}),
    Does(binds={"y": "1"}),
    Does(moves={"x": "2"}, writes={"out.csv": "1"}),
)
STATES = [step.first for step in STEPS]


def runs(*after: State | Rerun | Undone, reads: State | None = None) -> FakeEngine:
    """An engine whose branches begin with a state, and whose cells leave these, or raise."""

    def answer(done: list[int]) -> Rerun | Undone:
        found = after[len(done) - 1]
        return found if isinstance(found, Undone) or "after" in found else rerun(found)

    return FakeEngine(answer, reads=reads)


def test_the_same_once_more_parts_nowhere() -> None:
    """Every cell leaves what it left in the main run."""
    for experiment in ("restart-and-run-all", "fresh-clone", "run-all-twice"):
        assert whole(runs(*STATES), experiment, STEPS, ()) == WholeRun(experiment)


BEGINNINGS = {
    "run-all-twice": ("moment 3", [], False),
    "restart-and-run-all": ("fresh", [], True),
    "fresh-clone": ("clean", [("clean", "remove_files", ["data.csv"])], True),
}


@pytest.mark.parametrize("experiment", BEGINNINGS)
def test_where_each_experiment_begins(experiment: str) -> None:
    """At the end of the main run, in a fresh kernel, or in one without files: those not committed go as well."""
    branch, removed, anew = BEGINNINGS[experiment]
    engine = runs(*STATES)
    whole(engine, experiment, STEPS, ["data.csv"])
    assert engine.asked == [
        *removed,
        (branch, "read"),
        (branch, "run_all", [0], 14.0, anew),
        (branch, "run_all", [10], 12.0, False),
        (branch, "run_all", [20], 12.0, False),
    ]
    assert engine.left_open() == []


def other(found: State, **values: str) -> State:
    """A state with other values."""
    changed = {name: variable(value.encode()) for name, value in values.items()}
    return {**found, "variables": {**found["variables"], **changed}}


PARTED: dict[str, tuple[list[State], tuple[Parting, ...]]] = {
    "a variable, from its first cell on": (
        [other(STATES[0], x="9"), other(STATES[1], x="9"), other(STATES[2], x="8")],
        (Parting("x", 0),),
    ),
    "a variable, further on": ([STATES[0], STATES[1], other(STATES[2], x="9")], (Parting("x", 20),)),
    "two, in the order in which they part": (
        [STATES[0], other(STATES[1], y="9"), other(STATES[2], y="9", x="9")],
        (Parting("y", 10), Parting("x", 20)),
    ),
    "many in one cell, by name": (
        [STATES[0], *(other(found, **dict.fromkeys("fyedxcba", "9")) for found in STATES[1:])],
        tuple(Parting(name, 10) for name in "abcdefxy"),
    ),
    "one that comes together again": ([other(STATES[0], x="9"), other(STATES[1], x="9"), STATES[2]], ()),
    "a file": (
        [STATES[0], STATES[1], {**STATES[2], "files": {"out.csv": file(b"other")}}],
        (Parting("file:out.csv", 20),),
    ),
}


@pytest.mark.parametrize("case", PARTED)
def test_what_ends_with_another_value_is_told_with_the_cell_where_it_parts(case: str) -> None:
    """The first cell that left it another value than it had left in the main run."""
    after, expected = PARTED[case]
    assert whole(runs(*after), "restart-and-run-all", STEPS, ()).parted == expected


def test_what_a_second_run_only_finds_does_not_part_there() -> None:
    """Run at the end, the first cell finds the end's variables, which it did not in the main run: that is no news."""
    end = STATES[2]
    after = [other(end, x="1"), other(end, x="1"), other(end, x="3")]
    found = whole(runs(*after, reads=end), "run-all-twice", STEPS, ())
    assert found == WholeRun("run-all-twice", (Parting("x", 20),))


def test_what_was_different_before_and_stays_so_has_no_cell() -> None:
    """No cell of the run has made it part."""
    begins = state({"z": b"1"})
    after = [other(found, z="1") for found in STATES]
    assert whole(runs(*after, reads=begins), "run-all-twice", STEPS, ()) == WholeRun("run-all-twice")


def test_a_cell_that_raises_ends_the_run() -> None:
    """It is told with the cell and what had parted by then."""
    broken = rerun(other(STATES[1], x="9", y="1"), error=error("KeyError", "'a'"))
    engine = runs(STATES[0], broken)
    failure = Failure("KeyError", "'a'", ("KeyError: 'a'",), 10)
    assert whole(engine, "fresh-clone", STEPS, ()) == WholeRun("fresh-clone", (Parting("x", 10),), failure)
    assert [what for _, what, *_ in engine.asked] == ["remove_files", "read", "run_all", "run_all"]
    assert engine.left_open() == []


def test_a_cell_that_may_raise_ends_nothing() -> None:
    """It raised in the main run as well, as its tag allows."""
    steps = [STEPS[0], replace(STEPS[1], raised=Raised("KeyError", "'a'")), STEPS[2]]
    engine = runs(STATES[0], rerun(STATES[1], error=error("KeyError", "'a'")), STATES[2])
    assert whole(engine, "fresh-clone", steps, ()) == WholeRun("fresh-clone")


def test_no_answer_is_said() -> None:
    """No kernel, or a cell that was stopped; nothing stays open."""
    assert whole(FakeEngine(refuses=["clean"]), "fresh-clone", STEPS, ()) == WholeRun(
        "fresh-clone", reason="there is no clean"
    )
    engine = runs(STATES[0], Undone("stopped after 12 s"))
    assert whole(engine, "run-all-twice", STEPS, ()) == WholeRun("run-all-twice", reason="cell 10: stopped after 12 s")
    assert engine.left_open() == []


def test_the_files_that_a_notebook_needs_are_those_that_it_reads_and_did_not_write() -> None:
    """Each once, by name."""
    steps = main_run(
        Does(opens={"b.csv": "read", "out.csv": "written written_first"}, writes={"out.csv": "1"}),
        Does(opens={"a.csv": "read", "b.csv": "read", "out.csv": "read"}),
    )
    assert files_read(steps) == ["a.csv", "b.csv"]
