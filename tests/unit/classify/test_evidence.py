"""What was observed in, the facts on each variable and file out."""

from __future__ import annotations

from typing import Any

import pytest

from nbrerun.classify.evidence import gather
from nbrerun.classify.report import report_cell
from nbrerun.classify.variable import Judged, judge
from nbrerun.model import Change, Numbers
from nbrerun.probe.protocol.messages import File, Opened, Variable
from nbrerun.state.observation import Later, Observation, Place
from tests.unit import making
from tests.unit.classify.tables import (
    CLEAR,
    DRIFTS,
    ELSEWHERE,
    FILE,
    FILE_GREW,
    LOADED,
    NONDETERMINISTIC,
    RECREATED,
    SAVED,
    UNSEEDED,
    in_place,
    reset,
)
from tests.unit.making import opened


def saw(
    first: dict[str, File], after: dict[str, File], opens: dict[str, Opened] | None = None, **more: Any
) -> Observation:
    """What was seen of a cell by the files that its first run and its rerun left, and what the rerun opened."""
    run = making.rerun(making.state(files=after, opened=opens))
    return making.observation(first=making.state(files=first), again=run, **more)


A, B, GONE, FOLDER = making.file(b"1"), making.file(b"2"), making.file(kind="gone"), making.file(kind="folder")
REWRITES, APPENDS = {"a": opened("written written_first")}, {"a": opened("written kept")}
SAVES = {"a": opened("written written_first", model=True)}
TEMPORARY = {"a": opened("written written_first", exists=False)}
NAME = making.name("file:a")
MOVES = {NAME: (FILE_GREW,)}
OTHER = {NAME: (Change("file:a", "3 bytes", "other contents"),)}
STILL = frozenset({NAME})

OBSERVED: dict[str, tuple[Observation, dict[str, Judged]]] = {
    "nothing": (saw({}, {}), {}),
    "a file that was only read": (saw({}, {}, {"a": opened("read")}), {}),
    "written, and written again": (saw({"a": A}, {"a": A}, REWRITES), {"file:a": reset(RECREATED)}),
    "one of the person's, written as it was": (saw({}, {}, REWRITES), {"file:a": reset(RECREATED)}),
    "written, and left alone": (saw({"a": A}, {"a": A}), {"file:a": reset(RECREATED)}),
    "deleted": (saw({"a": GONE}, {"a": GONE}), {"file:a": reset(RECREATED)}),
    "a temporary file": (saw({}, {}, TEMPORARY), {}),
    "made by the rerun only": (saw({}, {"a": A}, REWRITES, moved=MOVES, still_moved=STILL), {"file:a": in_place()}),
    "grown": (saw({"a": A}, {"a": B}, APPENDS, moved=MOVES, still_moved=STILL), {"file:a": in_place()}),
    "grown by no call that was seen": (
        saw({"a": A}, {"a": B}, moved=MOVES, still_moved=STILL),
        {"file:a": in_place()},
    ),
    "rewritten, with a new draw": (
        saw({"a": A}, {"a": B}, REWRITES, moved=OTHER),
        {"file:a": reset(RECREATED, UNSEEDED)},
    ),
    "rewritten, with the time": (
        saw({"a": A}, {"a": B}, REWRITES, moved=OTHER, still_moved=STILL, noise=OTHER),
        {"file:a": reset(RECREATED, NONDETERMINISTIC)},
    ),
    "grown by lines with the time": (
        saw({"a": A}, {"a": B}, APPENDS, moved=MOVES, still_moved=STILL, noise=OTHER),
        {"file:a": in_place(NONDETERMINISTIC)},
    ),
    "a model saved": (saw({"a": A}, {"a": A}, SAVES), {"file:a": SAVED}),
    "a model saved, by the first run only": (
        saw({"a": A}, {"a": A}, {"a": opened("read", model=True)}),
        {"file:a": reset(RECREATED)},
    ),
    "a folder made": (saw({"a": FOLDER}, {"a": FOLDER}), {}),
    "a folder made by the rerun only": (
        saw({}, {"a": FOLDER}, moved=MOVES, still_moved=STILL),
        {"file:a": in_place()},
    ),
    "other contents after the whole notebook": (
        saw({"a": A}, {"a": A}, REWRITES, later=Later({NAME: Place.ELSEWHERE})),
        {"file:a": reset(RECREATED, DRIFTS)},
    ),
    "two files": (
        saw(
            {"a": A, "b": A},
            {"a": A, "b": B},
            {**REWRITES, "b": opened("written kept")},
            moved={making.name("file:b"): MOVES[NAME]},
            still_moved=frozenset(making.named("file:b")),
        ),
        {"file:a": reset(RECREATED), "file:b": in_place()},
    ),
}


@pytest.mark.parametrize("case", OBSERVED)
def test_a_file_is_a_variable(case: str) -> None:
    """What the runs left of it, and how the rerun opened it, make a verdict like any other."""
    observed, expected = OBSERVED[case]
    found = list(gather(observed))
    assert {evidence.name: judge(evidence) for evidence in found} == expected
    assert {(evidence.kind, evidence.type) for evidence in found} <= {(FILE, "file")}


@pytest.mark.parametrize("given", [True, False])
@pytest.mark.parametrize("looks_like_a_model", [True, False])
def test_a_file_holds_a_model_if_a_model_was_given_to_be_saved(given: bool, looks_like_a_model: bool) -> None:
    """What the library was given outranks what the file looks like."""
    opens = {"a": opened("written written_first", model=looks_like_a_model)}
    run = making.rerun(making.state(files={"a": A}, opened=opens), saved={"a": given})
    (evidence,) = gather(making.observation(first=making.state(files={"a": A}), again=run))
    assert judge(evidence) == (SAVED if given else reset(RECREATED))


@pytest.mark.parametrize(
    ("before", "expected"),
    [({}, True), ({"x": making.variable(b"0", type="NoneType")}, True), ({"x": making.variable(b"0")}, False)],
)
def test_a_variable_is_created_where_there_was_none(before: dict[str, Any], expected: bool) -> None:
    """Or where it held None, as a guard (`if model is None`) has it."""
    first = making.state({"x": making.variable(b"1", 2)})
    run = making.rerun(first, bound=["x"])
    (evidence,) = gather(making.observation(making.state(before), first, run))
    assert evidence.created is expected


def test_outcomes_and_what_follows_are_told_of_their_variable() -> None:
    """By name: each variable has its own."""
    first = making.state({"m": making.variable(b"1", 1, "model"), "n": making.variable(b"1", 2)})
    run = making.rerun(first, bound=["m", "n"], mentions=["m", "n"])
    moved = {making.name("n"): (CLEAR,)}
    follows = {making.name("n"): (making.name("m"), making.name("env:cwd"))}
    observed = making.observation(
        first=first, again=run, outcomes={"m": ELSEWHERE}, moved=moved, still_moved=frozenset(moved), follows=follows
    )
    found = {evidence.name: evidence for evidence in gather(observed)}
    assert {name: each.outcome for name, each in found.items()} == {"m": ELSEWHERE, "n": None}
    assert {name: each.follows for name, each in found.items()} == {"m": (), "n": ("m", "env:cwd")}


def test_a_variable_that_comes_from_a_file_is_told_with_it() -> None:
    """The experiment *without the file* names the file for each variable."""
    first = making.state({"m": making.variable(b"1", 1, "model"), "n": making.variable(b"1", 2)})
    run = making.rerun(first, bound=["m", "n"], replaced=["m", "n"], mentions=["m", "n"])
    observed = making.observation(first=first, again=run, from_file={"m": "m.pkl"})
    verdicts = {evidence.name: judge(evidence) for evidence in gather(observed)}
    assert verdicts == {"m": LOADED, "n": reset(RECREATED)}


def test_each_change_has_the_call_that_made_it() -> None:
    """Not the one that changed the variable last; parts without a call of their own have that of the variable."""
    first = making.state({"m": making.variable(b"1", 1, "model")})
    calls = {"": "m.eval", "m.w": "opt.step", "m.log": "log.append", "m.mode": ""}
    run = making.rerun(first, blamed={"m": calls}, reads=["m"])
    paths = ("m.w", "len(m.log)", "m.mode", "m.other", "m")
    moved = {making.name("m"): tuple(Change(path, "1", "2") for path in paths)}
    (evidence,) = gather(making.observation(first=first, again=run, moved=moved, still_moved=frozenset(moved)))
    assert evidence.blamed == ("opt.step", "log.append", "", "m.eval", "m.eval")


@pytest.mark.parametrize(
    ("threads", "did", "is_moved", "is_told"),
    [
        (True, {}, False, False),
        (True, {}, True, False),
        (True, {"mentions": ["x"], "passed": ["x"]}, False, False),
        (True, {"mentions": ["x"], "passed": ["x"]}, True, True),
        (True, {"bound": ["x"]}, False, True),
        (True, {"stores": ["x"]}, True, True),
        (True, {"written": ["x"]}, False, True),
        (False, {}, False, True),
    ],
)
def test_what_a_running_thread_changes_is_not_the_cells_doing(
    threads: bool, did: dict[str, list[str]], is_moved: bool, is_told: bool
) -> None:
    """Unless the cell does something to the variable as well."""
    before, first = making.state({"x": b"1"}, threads=threads), making.state({"x": b"2"})
    moved = {making.name("x"): (CLEAR,)} if is_moved else {}
    run = making.rerun(making.state({"x": b"3"} if is_moved else {"x": b"2"}), **did)
    found = gather(making.observation(before, first, run, moved=moved, still_moved=frozenset(moved)))
    assert [evidence.name for evidence in found] == ["x"] * is_told


def test_without_values_a_change_has_no_numbers() -> None:
    """A picture of them would show the values."""
    first = making.state({"x": making.variable(b"1", 2)})
    change = Change("x", "array([1, 2])", "array([1, 3])", 1.0, numbers=Numbers((2,), 2, (1.0, 2.0), (1.0, 3.0)))
    observed = making.observation(first=first, again=making.rerun(first), moved={making.name("x"): (change,)})
    (shown,), (hidden,) = gather(observed), gather(observed, values=False)
    assert shown.changes == (change,)
    assert hidden.changes == (Change("x", "(hidden)", "(hidden)", 1.0),)


def test_a_report_says_which_file_a_variable_is_loaded_from() -> None:
    """Of one that is computed there is none."""
    first = making.state({"m": making.variable(b"1", 1, "model"), "n": making.variable(b"1", 2)})
    run = making.rerun(first, bound=["m", "n"], replaced=["m", "n"], mentions=["m", "n"])
    observed = making.observation(first=first, again=run, from_file={"m": "m.pkl"})
    report = report_cell(observed, 1.0, "fork")
    assert {variable.name: variable.file for variable in report.variables} == {"m": "m.pkl", "n": None}


@pytest.mark.parametrize(
    ("threads", "bound_first", "expected"),
    [
        (True, ["x"], reset(RECREATED, NONDETERMINISTIC)),
        (True, [], in_place()),
        (False, ["x"], in_place()),
    ],
)
def test_what_a_thread_adds_to_a_new_object_is_a_race(threads: bool, bound_first: list[str], expected: Judged) -> None:
    """Where the cell makes it before it looks at it; else it goes on from where it was."""
    first = making.state({"x": variable_at(1)}, threads=threads)
    again = making.state({"x": variable_at(2)}, threads=threads)
    run = making.rerun(again, bound=["x"], bound_first=bound_first, reads=["x"], replaced=["x"], mentions=["x"])
    moved = {making.name("x"): (CLEAR,)}
    (evidence,) = gather(making.observation(first=first, again=run, moved=moved, still_moved=frozenset(moved)))
    assert judge(evidence) == expected


def variable_at(address: int) -> Variable:
    """A list at an address."""
    return making.variable(b"%d" % address, address)
