"""*restart*: what a cell needs that a fresh kernel does not have, on a fake engine."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

import pytest

from nbrerun.engine.interface import Undone
from nbrerun.experiments import restart as experiment
from nbrerun.experiments.restart import restart
from nbrerun.model import Kind, Missing, Raised, Restart
from nbrerun.probe.protocol.messages import Alone
from nbrerun.state.timeline import Step
from tests.unit.making import Does, FakeEngine, alone, error, file, main_run, observation, opened, rerun, state

STEPS = main_run(
    Does(imports=["np"]),
    Does(defines=["load"]),
    Does(binds={"x": "1", "Model": "1"}),
    Does(binds={"y": "1"}, reads=["np", "x", "Model"]),
    Does(binds={"late": "1"}),
)
CELL = 3
"""The position that is asked about, with the index 30."""

NP = Missing("np", 0, Kind.DEFINITION, imported=True)
LOAD = Missing("load", 10, Kind.DEFINITION)
X = Missing("x", 20, Kind.DATA)
MODEL = Missing("Model", 20, Kind.MODEL)


def misses(
    *names: str, then: Alone | None = None, through: str | None = None
) -> Callable[[str, Collection[str]], Alone]:
    """A cell that misses these names one after the other, and then ends in some way."""

    def run(branch: str, given: Collection[str]) -> Alone:
        left = [name for name in names if name not in given]
        return alone(left[0], through) if left else (then or alone())

    return run


def asked(engine: FakeEngine) -> list[Any]:
    """In which branch the cell was run, and the names that it was given."""
    return [(branch, names) for branch, _, _, names in engine.asked]


def test_a_cell_that_raises_nothing_runs_alone() -> None:
    """In a fresh kernel with the files of the end, and that is all there is to try."""
    engine = FakeEngine()
    assert restart(engine, CELL, STEPS) == Restart(True)
    assert engine.asked == [("fresh", "alone", 30, [])]
    assert engine.left_open() == []


def test_the_names_that_are_missed_are_found_one_after_the_other() -> None:
    """Each is given back before the cell is run again, at the end of the notebook, where its value is."""
    engine = FakeEngine(answer_alone=misses("np", "x", "Model"))
    assert restart(engine, CELL, STEPS) == Restart(False, (NP, X, MODEL))
    end = [("end", []), ("end", ["np"]), ("end", ["np", "x"]), ("end", ["np", "x", "Model"])]
    assert asked(engine) == [("fresh", []), *end]
    assert engine.left_open() == []


def seen(needs: dict[str, str], *reads: str, shows_needs: bool = True, **after: Any) -> list[Step]:
    """The main run, where the rerun of the cell was seen to look up some names, and may have needed others."""
    steps = list(STEPS)
    found = rerun(state(**after), needs=needs, reads=[*needs, *reads], shows_needs=shows_needs, certain_needs=["np"])
    old = steps[CELL]
    steps[CELL] = replace(old, seen=observation(old.before, old.first, found))
    return steps


def test_names_that_the_rerun_looked_up_are_missed() -> None:
    """Nothing needs to be run for them; not those that are the cell's own, or Python's."""
    engine = FakeEngine()
    found = restart(engine, CELL, seen({"np": "", "load": "helper", "y": "", "len": ""}))
    assert found == Restart(False, (NP, replace(LOAD, through="helper")))
    assert engine.asked == []


@pytest.mark.parametrize("steps", [seen({"np": ""}, "x"), seen({"np": ""}, shows_needs=False)])
def test_where_it_may_need_more_it_is_run_with_the_names_that_are_known(steps: list[Step]) -> None:
    """A name in a branch that was not taken, a pickle, a magic."""
    engine = FakeEngine(answer_alone=misses("np", "x"))
    assert restart(engine, CELL, steps) == Restart(False, (NP, X))
    assert asked(engine) == [("end", ["np"]), ("end", ["np", "x"])]


def test_where_other_files_are_there_another_branch_may_be_taken() -> None:
    """What the rerun looked up in the branch that it took is found out by running the cell."""
    steps = seen({"np": "", "x": ""}, opened={"data.csv": opened("read")})
    assert restart(FakeEngine(), CELL, steps) == Restart(False, (NP, X))
    steps[-1] = replace(steps[-1], first={**steps[-1].first, "files": {"data.csv": file(b"other")}})
    engine = FakeEngine(answer_alone=misses("np"))
    assert restart(engine, CELL, steps) == Restart(False, (NP,))
    assert asked(engine) == [("end", ["np"])]


@pytest.mark.parametrize(
    ("steps", "runs"),
    [
        (seen({}), False),
        (seen({"len": ""}), False),
        (seen({}, "x"), True),
        (seen({}, shows_needs=False), True),
        (seen({}, opened={"data.csv": opened("read")}), True),
    ],
)
def test_a_cell_that_depends_on_no_name_and_no_file_runs_alone(steps: list[Step], runs: bool) -> None:
    """The rerun itself shows it; any other cell is run."""
    engine = FakeEngine()
    assert restart(engine, CELL, steps) == Restart(True)
    assert asked(engine) == ([("fresh", [])] if runs else [])


def test_a_setting_of_another_cell_may_matter() -> None:
    """So the cell is run in a fresh kernel."""
    engine, steps = FakeEngine(), seen({})
    steps[0] = replace(steps[0], first={**steps[0].first, "by_hand": ["sys.path"]})
    assert restart(engine, CELL, steps) == Restart(True)
    assert asked(engine) == [("fresh", [])]


def test_a_name_is_missed_through_a_function_of_another_cell() -> None:
    """The function is named as well."""
    engine = FakeEngine(answer_alone=misses("load", through="helper"))
    assert restart(engine, CELL, STEPS) == Restart(False, (Missing("load", 10, Kind.DEFINITION, through="helper"),))


def test_a_name_that_only_a_later_cell_binds_is_missing_too() -> None:
    """The cell where it is bound is told; it works only for who has run that once."""
    engine = FakeEngine(answer_alone=misses("late"))
    assert restart(engine, CELL, STEPS) == Restart(False, (Missing("late", 40, Kind.DATA),))


def test_a_name_that_the_notebook_binds_nowhere_is_an_error_like_any_other() -> None:
    """Nobody could give it back."""
    engine = FakeEngine(answer_alone=misses("undefined"))
    raised = Raised("NameError", "name 'undefined' is not defined", ("NameError: name 'undefined' is not defined",))
    assert restart(engine, CELL, STEPS) == Restart(False, raised=raised)
    assert asked(engine) == [("fresh", [])]


def test_a_name_that_nobody_binds_is_not_listed_beside_those_that_somebody_does() -> None:
    """The list is what has to be run before; that would not help here."""
    engine = FakeEngine(answer_alone=misses("x", "undefined"))
    assert restart(engine, CELL, STEPS).missing == (X,)


def test_another_error_is_told() -> None:
    """A cell that misses no name, and does not run alone all the same."""
    engine = FakeEngine(answer_alone=misses(then=alone(raises=error("FileNotFoundError", "a.csv"))))
    expected = Raised("FileNotFoundError", "a.csv", ("FileNotFoundError: a.csv",))
    assert restart(engine, CELL, STEPS) == Restart(False, raised=expected)
    assert engine.left_open() == []


def tagged(ename: str) -> list[Step]:
    """The main run, in which the cell raised this, as its tag allows."""
    does = Does(reads=["x"], more={"raised": Raised(ename, "")})
    return main_run(Does(binds={"x": "1"}), Does(), Does(), does)


def test_a_cell_that_raises_what_it_raised_before_runs_alone() -> None:
    """Its tag allows that; another error, or a name that it misses, is another thing."""
    same = FakeEngine(answer_alone=misses(then=alone(raises=error("KeyError"))))
    assert restart(same, CELL, tagged("KeyError")) == Restart(True)
    other = FakeEngine(answer_alone=misses(then=alone(raises=error("ValueError"))))
    assert restart(other, CELL, tagged("KeyError")).raised == Raised("ValueError", "", ("ValueError: ",))
    missed = FakeEngine(answer_alone=misses("x", then=alone(raises=error("NameError"))))
    assert restart(missed, CELL, tagged("NameError")) == Restart(False, (Missing("x", 0, Kind.DATA),))


def test_what_it_raises_with_all_names_is_the_reason_and_names_that_it_mentions_fill_the_list() -> None:
    """It did not get far enough to miss them all."""
    engine = FakeEngine(answer_alone=misses("x", then=alone(raises=error("ValueError", "bad"))))
    assert restart(engine, CELL, STEPS) == Restart(False, (X, MODEL, NP), reason="with those it raises ValueError")


LATER = "with the values that they have at the end it raises ValueError"
GIVEN: dict[str, tuple[list[Does], str]] = {
    "bound again": ([Does(binds={"x": "1"}), Does(reads=["x"]), Does(binds={"x": "2"})], LATER),
    "moved on": ([Does(binds={"x": "1"}), Does(reads=["x"]), Does(moves={"x": "2"})], LATER),
    "not there yet": ([Does(), Does(reads=["x"]), Does(binds={"x": "2"})], LATER),
    "another name": (
        [Does(binds={"x": "1"}), Does(reads=["x"]), Does(binds={"y": "2"})],
        "with those it raises ValueError",
    ),
    "bound to the same": (
        [Does(binds={"x": "1"}), Does(reads=["x"]), Does(binds={"x": "1"})],
        "with those it raises ValueError",
    ),
}


@pytest.mark.parametrize("case", GIVEN)
def test_names_are_given_with_the_values_of_the_end_and_the_reason_says_so(case: str) -> None:
    """Where these are others than the cell was run with, an error need not come from the cell."""
    cells, reason = GIVEN[case]
    engine = FakeEngine(answer_alone=misses("x", then=alone(raises=error("ValueError"))))
    assert restart(engine, 1, main_run(*cells)).reason == reason


def test_names_of_later_cells_do_not_fill_the_list() -> None:
    """That the source mentions one does not mean that the cell needs it."""
    steps = main_run(Does(binds={"x": "1"}), Does(reads=["x", "late", "len"]), Does(binds={"late": "1"}))
    engine = FakeEngine(answer_alone=misses("x", then=alone(raises=error("ValueError"))))
    assert [item.name for item in restart(engine, 1, steps).missing] == ["x"]


def test_a_name_that_stays_missed_is_given_once() -> None:
    """Giving it back did not help: there is no end to that."""
    engine = FakeEngine(answer_alone=lambda branch, given: alone("x"))
    found = restart(engine, CELL, STEPS)
    assert asked(engine) == [("fresh", []), ("end", []), ("end", ["x"])]
    assert X in found.missing


def test_very_many_names_come_to_an_end() -> None:
    """What was found by then is told, and that there are more."""
    many = {f"x{number}": "1" for number in range(200)}
    steps = main_run(Does(binds=many), Does(reads=["x0"]))
    engine = FakeEngine(answer_alone=misses(*many))
    found = restart(engine, 1, steps)
    assert (len(found.missing), found.reason) == (experiment._MOST_NAMES, "it needs very many names")


STOPPED = Undone("stopped after 10 s")


def test_no_answer_is_said() -> None:
    """No kernel, or a run that was stopped; nothing stays open."""
    assert restart(FakeEngine(refuses=["fresh"]), CELL, STEPS) == Restart(False, reason="there is no fresh")
    no_end = FakeEngine(answer_alone=misses("x"), refuses=["end"])
    assert restart(no_end, CELL, STEPS) == Restart(False, reason="there is no end")
    stopped = FakeEngine(answer_alone=lambda branch, given: STOPPED)
    assert restart(stopped, CELL, STEPS) == Restart(False, reason="stopped after 10 s")
    assert [engine.left_open() for engine in (no_end, stopped)] == [[], []]


def test_a_run_that_is_stopped_half_way_tells_what_was_found() -> None:
    """With the names that the cell mentions, for it did not get any further."""
    engine = FakeEngine(answer_alone=lambda branch, given: STOPPED if "x" in given else alone("x"))
    assert restart(engine, CELL, STEPS) == Restart(False, (X, MODEL, NP), reason="stopped after 10 s")
    assert engine.left_open() == []
