"""The rules as tables: facts in, verdicts, findings and sentences out; no kernel."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from nbrerun.classify.cell import judge_cell
from nbrerun.classify.evidence import Evidence, gather
from nbrerun.classify.findings import findings, future_findings, unseeded_draw, whole_findings
from nbrerun.classify.reasons import cell_reason, describe, drift, variable_reason
from nbrerun.classify.report import killed
from nbrerun.classify.variable import Judged, judge
from nbrerun.model import (
    ABSENT,
    CellReport,
    Change,
    Drift,
    Failure,
    How,
    Kind,
    Mark,
    Missing,
    Raised,
    Restart,
    Seconds,
    Severity,
    VariableReport,
    Verdict,
    Via,
    WholeRun,
)
from nbrerun.probe.protocol.messages import File, Opened
from nbrerun.state.observation import Later, Observation, Outcome, Place
from tests.unit import making
from tests.unit.making import opened

ENV, FILE, GENERATOR, MODEL = Kind.ENV, Kind.FILE, Kind.GENERATOR, Kind.MODEL
RECREATED, REFITTED = How.RECREATED, How.REFITTED
UNSEEDED, NONDETERMINISTIC, DRIFTS = Mark.UNSEEDED, Mark.NONDETERMINISTIC, Mark.DRIFTS
FOLLOWS, SETTLED, ROUNDING = Mark.FOLLOWS, Mark.SETTLED, Mark.ROUNDING
STAYS, RESTORED, ELSEWHERE = Outcome.STAYS, Outcome.RESTORED, Outcome.ELSEWHERE


def facts(**seen: Any) -> Evidence:
    """What was seen of the variable `x`."""
    return Evidence("x", **{"mentioned": True, **seen})


def reset(how: How, *marks: Mark) -> Judged:
    """The verdict reset."""
    return Judged(Verdict.RESET, how, marks=marks)


def in_place(*marks: Mark) -> Judged:
    """The verdict in-place."""
    return Judged(Verdict.IN_PLACE, marks=marks)


UNTOUCHED = Judged(Verdict.UNTOUCHED)
UNDETERMINED = Judged(Verdict.UNDETERMINED)
KEPT = Judged(Verdict.PERSISTED, via=Via.KERNEL)
LOADED = Judged(Verdict.PERSISTED, via=Via.FILE, direction="loaded")
SAVED = Judged(Verdict.PERSISTED, via=Via.FILE, direction="saved")

MOVED = {"moved": True, "moved_pinned": True}
LAST_DIGIT = Change("x", "0.1", "0.10000000000000002", 1e-17, rounding=True)
CLEAR = Change("x", "1", "2", 1.0)
NOISY = {**MOVED, "moved_control": True}
BOUND = {"changed_first": True, "bound_first": True, "bound": True}
MADE = {"changed_first": True, "bound_first": True, "made": True}
WRITTEN = {"kind": FILE, "changed_first": True, "bound": True, "new_object": True}

VARIABLES = {
    # untouched
    "nobody did anything to it": (facts(mentioned=False), UNTOUCHED),
    "it was only looked at": (facts(looked_at=True), UNTOUCHED),
    "it was handed to a function that left it alone": (facts(passed=True), UNTOUCHED),
    "a method was called that left it alone": (facts(written=True), UNTOUCHED),
    "data given the state that it had": (facts(filled=True, written=True), UNTOUCHED),
    "a definition got an attribute again that it had": (facts(kind=Kind.DEFINITION, stored=True), UNTOUCHED),
    "opaque and only looked at": (facts(opaque=("a lock",)), UNTOUCHED),
    # in-place
    "the object moved on": (facts(changed_first=True, written=True, **MOVED), in_place()),
    "the name moved on to a new object": (facts(**BOUND, looked_at=True, new_object=True, **MOVED), in_place()),
    "a number was counted up": (facts(**BOUND, atom=True, looked_at=True, new_object=True, **MOVED), in_place()),
    "only the rerun moved it": (facts(written=True, **MOVED), in_place()),
    "a setting moved on": (facts(kind=ENV, changed_first=True, acts=True, atom=True, **MOVED), in_place()),
    "opaque in a part, another part moved": (facts(opaque=("a lock",), written=True, **MOVED), in_place()),
    "moved on further than the noise": (facts(looked_at=True, written=True, **NOISY), in_place(NONDETERMINISTIC)),
    "made from the old one, with noise": (
        facts(**BOUND, looked_at=True, new_object=True, **NOISY),
        in_place(NONDETERMINISTIC),
    ),
    # persisted
    "made by the first run, left alone by the rerun": (facts(**MADE), KEPT),
    "fitted by the first run, left alone by the rerun": (facts(changed_first=True, parts_kept=True), KEPT),
    "handed to a call that kept its parts": (facts(**MADE, passed=True, parts_kept=True), KEPT),
    "bound to the very object that the first run made": (facts(**{**BOUND, "made": True}), KEPT),
    "a setting that the rerun did not touch": (facts(kind=ENV, changed_first=True, atom=True), KEPT),
    "loaded from a file": (facts(**BOUND, new_object=True, from_file="m.pkl"), LOADED),
    "a model loaded from a file": (facts(**BOUND, kind=MODEL, new_object=True, from_file="m.pkl"), LOADED),
    "loaded from a file, and left alone": (facts(**MADE, from_file="m.pkl"), LOADED),
    "loaded from a file, and opaque": (facts(**BOUND, new_object=True, opaque=("a lock",), from_file="m.pkl"), LOADED),
    "loaded from a file, and drifts no less": (
        facts(**BOUND, new_object=True, from_file="m.pkl", later=Place.ELSEWHERE),
        LOADED,
    ),
    "a model saved": (facts(**WRITTEN, saves_model=True), SAVED),
    "a model saved again, where one was": (facts(kind=FILE, bound=True, new_object=True, saves_model=True), SAVED),
    # files
    "loaded from a file, and moved on": (facts(**BOUND, new_object=True, from_file="m.pkl", **MOVED), in_place()),
    "loaded from a file, and untouched": (facts(from_file="m.pkl"), UNTOUCHED),
    "a handle of a file": (facts(**BOUND, new_object=True, from_file="m.pkl", incidental=True), reset(RECREATED)),
    "a setting read from a file": (
        facts(kind=ENV, changed_first=True, acts=True, atom=True, from_file="m.pkl"),
        reset(RECREATED),
    ),
    "a model saved, another every time": (facts(**WRITTEN, saves_model=True, **MOVED), in_place()),
    "a model saved, after a new draw": (facts(**WRITTEN, saves_model=True, moved=True), reset(RECREATED, UNSEEDED)),
    "a file that is rewritten": (facts(**WRITTEN), reset(RECREATED)),
    "a file left alone by the rerun": (facts(kind=FILE, changed_first=True, new_object=True), reset(RECREATED)),
    "a file that grows": (facts(**WRITTEN, looked_at=True, **MOVED), in_place()),
    "a file with the time in it": (facts(**WRITTEN, **NOISY), reset(RECREATED, NONDETERMINISTIC)),
    "a file that grows by the time": (facts(**WRITTEN, looked_at=True, **NOISY), in_place(NONDETERMINISTIC)),
    "a file with other contents later": (facts(**WRITTEN, later=Place.ELSEWHERE), reset(RECREATED, DRIFTS)),
    # reset
    "bound to an equal new object": (facts(**BOUND, new_object=True), reset(RECREATED)),
    "bound to an equal number": (facts(**BOUND, atom=True), reset(RECREATED)),
    "bound again to what it held anyway": (facts(bound=True), reset(REFITTED)),
    "bound again to an object of an earlier cell": (facts(bound_first=True, bound=True), reset(REFITTED)),
    "the same object refitted": (facts(changed_first=True, written=True), reset(REFITTED)),
    "an item stored again": (facts(changed_first=True, stored=True, written=True), reset(REFITTED)),
    "an item stored that was there before": (facts(stored=True), reset(REFITTED)),
    "a model given the state that it had": (facts(kind=Kind.MODEL, filled=True, written=True), reset(REFITTED)),
    "a model put into a mode that it was in": (facts(kind=Kind.MODEL, methods=("x.train",), written=True), UNTOUCHED),
    "its parts recreated by a function": (facts(changed_first=True, passed=True, parts_kept=False), reset(REFITTED)),
    "handed to a call, nothing known of parts": (facts(changed_first=True, passed=True), reset(REFITTED)),
    "a setting set again": (facts(kind=ENV, changed_first=True, acts=True, atom=True), reset(RECREATED)),
    "replaced though the code does not say so": (facts(mentioned=False, new_object=True), reset(RECREATED)),
    "changed, and nobody mentions it": (facts(mentioned=False, changed_first=True), reset(REFITTED)),
    # marks
    "a new draw in a new object": (facts(**BOUND, new_object=True, moved=True), reset(RECREATED, UNSEEDED)),
    "a new draw in the same object": (facts(written=True, moved=True), reset(REFITTED, UNSEEDED)),
    "a new draw, also in the control": (facts(**BOUND, moved=True, moved_control=True), reset(REFITTED, UNSEEDED)),
    "a generator that was drawn from": (facts(kind=GENERATOR, moved=True), reset(REFITTED, UNSEEDED)),
    "a generator that cannot be pinned": (facts(kind=GENERATOR, **MOVED), reset(REFITTED, UNSEEDED)),
    "a clock, read anew": (facts(**BOUND, atom=True, new_object=True, **NOISY), reset(RECREATED, NONDETERMINISTIC)),
    "within the noise": (
        facts(**BOUND, looked_at=True, new_object=True, beyond_noise=False, **NOISY),
        reset(RECREATED, NONDETERMINISTIC),
    ),
    "later gives another value": (facts(**BOUND, new_object=True, later=Place.ELSEWHERE), reset(RECREATED, DRIFTS)),
    "later raises": (facts(**BOUND, new_object=True, later_raised=Raised("KeyError", "")), reset(RECREATED, DRIFTS)),
    "later gives the first value": (facts(**BOUND, new_object=True, later=Place.FIRST), reset(RECREATED)),
    "later gives the last value": (facts(**BOUND, new_object=True, later=Place.END), reset(RECREATED)),
    "a new draw, and later another": (
        facts(**BOUND, new_object=True, moved=True, later=Place.ELSEWHERE),
        reset(RECREATED, UNSEEDED, DRIFTS),
    ),
    "a clock never drifts": (
        facts(**BOUND, atom=True, new_object=True, later=Place.ELSEWHERE, **NOISY),
        reset(RECREATED, NONDETERMINISTIC),
    ),
    "in-place never drifts": (facts(written=True, later=Place.ELSEWHERE, **MOVED), in_place()),
    "persisted never drifts": (facts(**MADE, later=Place.ELSEWHERE), KEPT),
    "another module of the same name": (
        facts(kind=Kind.DEFINITION, **BOUND, imported=True, new_object=True, **MOVED),
        reset(RECREATED),
    ),
    "imported, and there already": (facts(changed_first=True, bound=True, imported=True, made=True), reset(REFITTED)),
    # what *perturbed* showed
    "changed, and the rerun computes it anew": (facts(**MADE, outcome=RESTORED), reset(REFITTED)),
    "changed, and the rerun leaves it so": (facts(**MADE, outcome=STAYS), KEPT),
    "changed, left so though methods were called": (facts(**MADE, written=True, outcome=STAYS), KEPT),
    "changed in place by the first run, and left so": (facts(changed_first=True, outcome=STAYS), KEPT),
    "another's object, written to, and left so": (
        facts(changed_first=True, written=True, outcome=STAYS),
        reset(REFITTED),
    ),
    "another's object, written to, whose parts stay": (
        facts(changed_first=True, written=True, parts_kept=True, outcome=STAYS),
        KEPT,
    ),
    "changed, and the rerun goes on from there": (facts(**MADE, outcome=ELSEWHERE), in_place(SETTLED)),
    "a model that has converged": (
        facts(kind=MODEL, changed_first=True, written=True, outcome=ELSEWHERE),
        in_place(SETTLED),
    ),
    "an object of the user's class that has come to rest": (
        facts(**MADE, type="nets.Net", users=True, outcome=ELSEWHERE),
        in_place(SETTLED),
    ),
    "data of a library, changed once": (
        facts(changed_first=True, written=True, type="numpy.ndarray", outcome=ELSEWHERE),
        reset(REFITTED),
    ),
    "a list, changed once": (facts(changed_first=True, written=True, type="list", outcome=ELSEWHERE), reset(REFITTED)),
    "a number that is created once": (facts(**BOUND, atom=True, created=True, outcome=STAYS), KEPT),
    "a number that is kept within bounds": (facts(**BOUND, atom=True, outcome=STAYS), reset(RECREATED)),
    "created once, and bound to itself": (facts(**BOUND, made=True, created=True, looked_at=True, outcome=STAYS), KEPT),
    "bound to what was made from another": (
        facts(**BOUND, made=True, looked_at=True, outcome=STAYS),
        reset(REFITTED),
    ),
    "bound to what an earlier cell made": (facts(**BOUND, created=True, outcome=STAYS), reset(REFITTED)),
    "loaded from a file, whatever else was tried": (
        facts(**BOUND, new_object=True, from_file="m.pkl", outcome=ELSEWHERE),
        LOADED,
    ),
    "not touched, whatever was tried": (facts(outcome=ELSEWHERE), UNTOUCHED),
    "settled never drifts": (facts(**MADE, outcome=ELSEWHERE, later=Place.ELSEWHERE), in_place(SETTLED)),
    "restored, and drifts": (facts(**MADE, outcome=RESTORED, later=Place.ELSEWHERE), reset(REFITTED, DRIFTS)),
    # follows, rounding
    "follows another": (facts(**BOUND, new_object=True, follows=("X",), **MOVED), reset(RECREATED, FOLLOWS)),
    "refitted to what moves": (
        facts(changed_first=True, written=True, follows=("X",), **MOVED),
        reset(REFITTED, FOLLOWS),
    ),
    "follows a draw": (facts(**BOUND, new_object=True, moved=True, follows=("X",)), reset(RECREATED, UNSEEDED)),
    "the same after all, and follows nothing": (facts(**BOUND, new_object=True, follows=("X",)), reset(RECREATED)),
    "only the last digits": (facts(written=True, changes=(LAST_DIGIT,), **MOVED), in_place(ROUNDING)),
    "the last digits, and more": (facts(written=True, changes=(LAST_DIGIT, CLEAR), **MOVED), in_place()),
    "the last digits are within the noise": (
        facts(written=True, changes=(LAST_DIGIT,), **NOISY),
        in_place(NONDETERMINISTIC),
    ),
    # undetermined
    "noise in what can be read": (facts(written=True, beyond_noise=False, opaque=("a lock",), **NOISY), UNDETERMINED),
    "noise in what can be read of a new object": (
        facts(**BOUND, new_object=True, opaque=("a lock",), **NOISY),
        reset(RECREATED, NONDETERMINISTIC),
    ),
    "within the noise of cells above": (
        facts(**BOUND, looked_at=True, beyond_noise=False, astray=frozenset("t"), **NOISY),
        UNDETERMINED,
    ),
    "made of what moves anyway, and of noise": (facts(**BOUND, astray=frozenset("t"), **NOISY), UNDETERMINED),
    "beyond the noise of cells above": (
        facts(written=True, looked_at=True, astray=frozenset("t"), **NOISY),
        in_place(NONDETERMINISTIC),
    ),
    "the same twice, whatever is above": (facts(written=True, astray=frozenset("t"), **MOVED), in_place()),
    "opaque, and the same with the same random numbers, as far as can be seen": (
        facts(looked_at=True, written=True, opaque=("a lock",), moved=True),
        UNDETERMINED,
    ),
    "opaque, made from the old one, and the same with the same random numbers": (
        facts(**BOUND, looked_at=True, opaque=("a lock",), moved=True),
        UNDETERMINED,
    ),
    "opaque, made from nothing, and the same with the same random numbers": (
        facts(**BOUND, new_object=True, opaque=("a lock",), moved=True),
        reset(RECREATED),
    ),
    "opaque, and a method was called": (facts(opaque=("a lock",), written=True), UNDETERMINED),
    "opaque, and made from what was there": (
        facts(opaque=("a C object",), bound=True, looked_at=True, changed_first=True),
        UNDETERMINED,
    ),
    "opaque, and handed to a call": (facts(opaque=("a lock",), passed=True), UNDETERMINED),
    "opaque, and bound anew": (facts(**BOUND, new_object=True, opaque=("a lock",)), reset(RECREATED)),
}


@pytest.mark.parametrize("case", VARIABLES)
def test_a_variable_gets_the_verdict_of_the_contract(case: str) -> None:
    """Verdict, `how`, `via` and marks follow from the facts alone."""
    seen, expected = VARIABLES[case]
    assert judge(seen) == expected


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
MOVES = {NAME: (Change("file:a", "3 bytes", "10 bytes", 7.0),)}
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


def variable(kind: Kind, verdict: Verdict, name: str = "x", **more: Any) -> VariableReport:
    """One judged variable."""
    return VariableReport(name, kind, "some.Type", verdict, **more)


MODELS = {verdict: variable(Kind.MODEL, verdict, "clf") for verdict in Verdict}
DATA = {verdict: variable(Kind.DATA, verdict) for verdict in Verdict}
SETTINGS = {verdict: variable(Kind.ENV, verdict, "env:cwd") for verdict in Verdict}
FILES = {verdict: variable(Kind.FILE, verdict, "file:a") for verdict in Verdict}
DEFINED = variable(Kind.DEFINITION, Verdict.RESET, "train", how=RECREATED)
DRAWN_FROM = variable(Kind.GENERATOR, Verdict.RESET, "rng", how=REFITTED, marks=(UNSEEDED,))
SEEDED = variable(Kind.GENERATOR, Verdict.RESET, "random", how=REFITTED)
MADE_GENERATOR = variable(Kind.GENERATOR, Verdict.RESET, "rng", how=RECREATED)

CELLS = {
    "nothing": ([], Verdict.STATELESS),
    "definitions only": ([DEFINED], Verdict.STATELESS),
    "draws and keeps nothing": ([DRAWN_FROM], Verdict.STATELESS),
    "only seeds": ([SEEDED], Verdict.RESET),
    "makes a generator": ([MADE_GENERATOR], Verdict.RESET),
    "a model outranks data": ([MODELS[Verdict.RESET], DATA[Verdict.IN_PLACE]], Verdict.RESET),
    "a model outranks settings and files": (
        [MODELS[Verdict.PERSISTED], SETTINGS[Verdict.IN_PLACE], FILES[Verdict.IN_PLACE]],
        Verdict.PERSISTED,
    ),
    "in-place outranks persisted": ([MODELS[Verdict.PERSISTED], MODELS[Verdict.IN_PLACE]], Verdict.IN_PLACE),
    "persisted outranks reset": ([MODELS[Verdict.RESET], MODELS[Verdict.PERSISTED]], Verdict.PERSISTED),
    "data alone, strongest first": (
        [DATA[Verdict.RESET], DATA[Verdict.PERSISTED], DATA[Verdict.IN_PLACE]],
        Verdict.IN_PLACE,
    ),
    "a setting alone": ([SETTINGS[Verdict.IN_PLACE]], Verdict.IN_PLACE),
    "a file alone": ([FILES[Verdict.IN_PLACE]], Verdict.IN_PLACE),
    "saves a model and binds a helper": ([FILES[Verdict.PERSISTED], DATA[Verdict.RESET]], Verdict.PERSISTED),
    "saves a model that it has made": ([FILES[Verdict.PERSISTED], MODELS[Verdict.RESET]], Verdict.RESET),
    "saves data": ([FILES[Verdict.RESET]], Verdict.RESET),
    "data beside a definition": ([DEFINED, DATA[Verdict.RESET]], Verdict.RESET),
    "data beside a generator drawn from": ([DRAWN_FROM, DATA[Verdict.RESET]], Verdict.RESET),
    "nothing but what cannot be read": ([DATA[Verdict.UNDETERMINED]], Verdict.UNDETERMINED),
    "a model that follows leaves another model": (
        [variable(MODEL, Verdict.RESET, "scaler", marks=(FOLLOWS,)), DATA[Verdict.RESET]],
        Verdict.IN_PLACE,
    ),
    "data that follows does not outrank a model": (
        [MODELS[Verdict.RESET], variable(Kind.DATA, Verdict.RESET, marks=(FOLLOWS,))],
        Verdict.RESET,
    ),
    "data that follows is reset": ([variable(Kind.DATA, Verdict.RESET, marks=(FOLLOWS,))], Verdict.RESET),
    "a model that cannot be read": ([MODELS[Verdict.UNDETERMINED], DATA[Verdict.RESET]], Verdict.UNDETERMINED),
    "data known to move beside what cannot be read": (
        [DATA[Verdict.UNDETERMINED], DATA[Verdict.IN_PLACE]],
        Verdict.IN_PLACE,
    ),
}


@pytest.mark.parametrize("case", CELLS)
def test_a_cell_gets_its_strongest_verdict(case: str) -> None:
    """Models before everything else, then in-place over persisted over reset; in whatever order they come."""
    variables, expected = CELLS[case]
    assert judge_cell(variables) is expected
    assert judge_cell(variables[::-1]) is expected


def test_a_loop_variable_never_outranks_what_the_cell_is_about() -> None:
    """A left-over handle that moved on does not make a cell in-place that only computes anew."""
    loop = variable(Kind.DATA, Verdict.IN_PLACE, "i")
    assert judge_cell([replace(loop, incidental=True), DATA[Verdict.RESET]]) is Verdict.RESET
    assert judge_cell([loop, DATA[Verdict.RESET]]) is Verdict.IN_PLACE


def report(*variables: VariableReport, verdict: Verdict = Verdict.RESET, reason: str = "why") -> CellReport:
    """The report on cell 7."""
    return CellReport(7, "id7", verdict, reason, "clf.fit(X, y)", Seconds(), variables)


FINDINGS: dict[str, tuple[VariableReport, list[tuple[str, Severity]]]] = {
    "a model keeps training": (MODELS[Verdict.IN_PLACE], [("NBR002", Severity.ERROR)]),
    "other state keeps changing": (DATA[Verdict.IN_PLACE], [("NBR003", Severity.ERROR)]),
    "a setting keeps changing": (SETTINGS[Verdict.IN_PLACE], [("NBR003", Severity.WARNING)]),
    "a model that has converged": (
        variable(MODEL, Verdict.IN_PLACE, marks=(SETTLED,)),
        [("NBR002", Severity.WARNING)],
    ),
    "data at rest": (variable(Kind.DATA, Verdict.IN_PLACE, marks=(SETTLED,)), [("NBR003", Severity.WARNING)]),
    "data that changes in the last digits": (
        variable(Kind.DATA, Verdict.IN_PLACE, marks=(ROUNDING,)),
        [("NBR003", Severity.WARNING)],
    ),
    "a model that follows": (variable(MODEL, Verdict.RESET, marks=(FOLLOWS,)), []),
    "a file grows": (FILES[Verdict.IN_PLACE], [("NBR006", Severity.ERROR)]),
    "a file grows by the time": (
        variable(FILE, Verdict.IN_PLACE, marks=(NONDETERMINISTIC,)),
        [("NBR006", Severity.ERROR), ("NBR005", Severity.WARNING)],
    ),
    "a file that is rewritten": (FILES[Verdict.RESET], []),
    "a file with a model": (FILES[Verdict.PERSISTED], []),
    "an unseeded file is no finding": (variable(FILE, Verdict.RESET, marks=(UNSEEDED,)), []),
    "an unseeded model": (variable(MODEL, Verdict.RESET, marks=(UNSEEDED,)), [("NBR004", Severity.WARNING)]),
    "unseeded data is no finding": (variable(Kind.DATA, Verdict.RESET, marks=(UNSEEDED,)), []),
    "a nondeterministic model": (
        variable(MODEL, Verdict.RESET, marks=(NONDETERMINISTIC,)),
        [("NBR005", Severity.WARNING)],
    ),
    "nondeterministic data": (
        variable(Kind.DATA, Verdict.RESET, marks=(NONDETERMINISTIC,)),
        [("NBR005", Severity.WARNING)],
    ),
    "an input drifts": (variable(Kind.DATA, Verdict.RESET, marks=(DRIFTS,)), [("NBR007", Severity.WARNING)]),
    "unseeded and drifting": (
        variable(MODEL, Verdict.RESET, marks=(UNSEEDED, DRIFTS)),
        [("NBR004", Severity.WARNING), ("NBR007", Severity.WARNING)],
    ),
    "keeps training, with noise": (
        variable(MODEL, Verdict.IN_PLACE, marks=(NONDETERMINISTIC,)),
        [("NBR002", Severity.ERROR), ("NBR005", Severity.WARNING)],
    ),
    "a model that starts over": (MODELS[Verdict.RESET], []),
    "a model that is kept": (MODELS[Verdict.PERSISTED], []),
}


@pytest.mark.parametrize("case", FINDINGS)
def test_each_rule_finds_what_its_page_says(case: str) -> None:
    """Code and severity follow from kind, verdict and marks; name, cell and sentence are the variable's."""
    judged, expected = FINDINGS[case]
    found = list(findings(report(judged)))
    assert [(finding.rule, finding.severity) for finding in found] == expected
    assert {(finding.index, finding.name, finding.message) for finding in found} <= {(7, judged.name, judged.reason)}


def test_a_rerun_that_raises_is_one_finding() -> None:
    """NBR001 is an error, about the cell as a whole."""
    (found,) = findings(report(verdict=Verdict.ERROR, reason="can be run only once: the second run raises KeyError"))
    assert (found.rule, found.severity, found.index, found.name) == ("NBR001", Severity.ERROR, 7, None)
    assert "KeyError" in found.message


def test_a_cell_that_could_not_be_judged_is_a_finding() -> None:
    """NBR009 says why; silence would read like a cell that is fine."""
    (found,) = findings(report(verdict=Verdict.UNDETERMINED, reason="the rerun was stopped after 10 s"))
    assert (found.rule, found.severity, found.index, found.name) == ("NBR009", Severity.WARNING, 7, None)
    assert found.message == "could not be judged: the rerun was stopped after 10 s"


def test_a_rerun_that_ends_the_kernel_is_an_error() -> None:
    """As one that raises: NBR001."""
    dead = killed(making.cell(7), 1.5, "fork")
    assert (dead.verdict, dead.error and dead.error.ename) == (Verdict.ERROR, "DeadKernelError")
    assert [(one.rule, one.severity, one.index) for one in findings(dead)] == [("NBR001", Severity.ERROR, 7)]


def test_an_unseeded_draw_that_a_model_is_fitted_on_is_a_finding() -> None:
    """It is about the data, in its cell, and names the model and its cell."""
    drawn = variable(Kind.DATA, Verdict.RESET, "X_train", marks=(UNSEEDED,), reason="`X_train` is recreated")
    found = unseeded_draw(report(drawn), drawn, "clf", making.cell(9))
    assert (found.rule, found.severity, found.index, found.name) == ("NBR004", Severity.WARNING, 7, "X_train")
    assert found.message == "`X_train` is recreated, and `clf` of cell 9 is fitted on it"


def test_many_that_drift_are_one_finding() -> None:
    """It is the inputs of the cell that have changed: what it says of them is said once."""
    drifting = [variable(Kind.DATA, Verdict.RESET, name, marks=(DRIFTS,), drift=Drift()) for name in "xy"]
    (found,) = findings(report(*drifting))
    assert (found.rule, found.severity, found.name) == ("NBR007", Severity.WARNING, None)
    assert found.message == "`x`, `y`: run after the whole notebook, the cell gives a different result"


def test_what_is_incidental_is_no_finding() -> None:
    """A left-over handle may move on and drift as it likes."""
    loop = variable(Kind.DATA, Verdict.IN_PLACE, marks=(NONDETERMINISTIC, DRIFTS), incidental=True)
    assert list(findings(report(loop))) == []


def test_a_cell_that_misses_names_after_a_restart_is_a_finding() -> None:
    """NBR101 says which; a cell that runs alone, raises something else or gave no answer is none."""
    needs = Restart(False, (Missing("X", 0, Kind.DATA), Missing("np", 1, Kind.DEFINITION, imported=True)))
    (found,) = findings(replace(report(), restart=needs))
    assert (found.rule, found.severity, found.index, found.name) == ("NBR101", Severity.INFO, 7, None)
    assert found.message == "does not run alone after a restart: needs `X`, `np`"
    others = [Restart(True), Restart(False, raised=Raised("OSError", "")), Restart(False, reason="stopped"), None]
    assert [list(findings(replace(report(), restart=restart))) for restart in others] == [[], [], [], []]


def test_a_file_that_only_a_later_cell_writes_is_a_finding() -> None:
    """NBR102, about the cell that reads it, names the file and the cell that writes it."""
    (found,) = future_findings([(making.cell(2), "m.pkl", making.cell(5))])
    assert (found.rule, found.severity, found.index, found.name) == ("NBR102", Severity.ERROR, 2, "file:m.pkl")
    assert found.message.startswith("reads `m.pkl`, which only cell 5 writes")


def test_a_fresh_clone_that_raises_is_a_finding() -> None:
    """NBR103, about the cell that raised, with what; no other way of running the whole notebook makes one."""
    raised = Failure("FileNotFoundError", "data.csv", index=4)
    runs = [WholeRun(name, raised=raised) for name in ("run-all-twice", "restart-and-run-all", "fresh-clone")]
    (found,) = whole_findings(runs)
    assert (found.rule, found.severity, found.index, found.name) == ("NBR103", Severity.ERROR, 4, None)
    assert found.message == "does not run from a fresh clone: FileNotFoundError: data.csv"
    (found,) = whole_findings([WholeRun("fresh-clone", raised=Failure("KeyboardInterrupt", "", index=4))])
    assert found.message == "does not run from a fresh clone: KeyboardInterrupt"
    assert list(whole_findings([WholeRun("fresh-clone"), WholeRun("fresh-clone", reason="stopped")])) == []


COEF = Change("clf.coef_", "array([0.12, -0.44, …], shape=(1, 20), float64)", "array([0.43 …])", 0.3101)
STEPS = Change("clf.t_", "101.0", "201.0", 100.0)
GROWN = Change("len(losses)", "3", "6", 3.0)
PRICES = Change("prices", "[1.5, 2.5]", "[2.5, 3.5]", 1.0)
SHAPE = Change("X.shape", "(40, 2)", "(40, 3)")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (COEF, "`clf.coef_` by up to 0.31"),
        (STEPS, "`clf.t_` from 101.0 to 201.0"),
        (GROWN, "`len(losses)` from 3 to 6"),
        (PRICES, "`prices` by up to 1"),
        (SHAPE, "`X.shape` from (40, 2) to (40, 3)"),
    ],
)
def test_a_change_is_told_by_how_much_or_from_what_to_what(change: Change, text: str) -> None:
    """Arrays by the largest distance, single values by both values."""
    assert describe(change) == text


def reason(seen: Evidence) -> str:
    """The sentence on a variable, judged by the rules."""
    judged = judge(seen)
    text, drifts = variable_reason(seen, judged), drift(seen, judged)
    return VariableReport(seen.name, seen.kind, "", judged.verdict, reason=text, drift=drifts).sentence


def test_a_model_that_keeps_training_is_reported_with_its_changes() -> None:
    """The sentence names the parts and how far they went, and how many more there are."""
    parts = (COEF, STEPS, *(Change(f"clf.a{i}_", "1", "2") for i in range(4)))
    text = reason(Evidence("clf", MODEL, written=True, changes=parts, **MOVED))
    assert "`clf` keeps training: `clf.coef_` by up to 0.31, `clf.t_` from 101.0 to 201.0" in text
    assert "`clf.a0_` from 1 to 2" in text
    assert "3 more" in text


def test_data_keeps_changing_and_does_not_train() -> None:
    """The word training is for models."""
    text = reason(Evidence("losses", written=True, changes=(GROWN,), **MOVED))
    assert "`losses` keeps changing: `len(losses)` from 3 to 6" in text
    assert "train" not in text


ONE, TWO = ("losses.append",), ("losses.append", "losses()")


@pytest.mark.parametrize(
    ("more", "blamed"),
    [({"methods": ONE}, True), ({"methods": TWO}, False), ({"methods": ONE, "passed": True}, False)],
)
def test_a_method_is_blamed_if_nothing_else_touched_the_object(more: dict[str, Any], blamed: bool) -> None:
    """`net.eval()` beside `net(X)` moves nothing."""
    text = reason(Evidence("losses", written=True, changes=(GROWN,), **more, **MOVED))
    assert ("`losses.append` changed" in text) is blamed


def test_a_move_without_known_parts_is_still_a_sentence() -> None:
    """Where no part can be shown, the value as a whole has changed."""
    assert reason(Evidence("blob", written=True, **MOVED)) == "`blob` keeps changing: its value changed"


REASONS = {
    "recreated": (facts(**BOUND, new_object=True), "`x` is recreated"),
    "recomputed": (facts(changed_first=True, written=True), "`x` is recomputed"),
    "refitted": (facts(kind=MODEL, changed_first=True, written=True), "`x` is refitted"),
    "a setting": (facts(kind=ENV, changed_first=True, bound=True, acts=True), "`x` is set again"),
    "a generator that is seeded": (
        facts(kind=GENERATOR, changed_first=True, bound=True),
        "`x` is left in the same state",
    ),
    "a generator that is drawn from": (
        facts(kind=GENERATOR, changed_first=True, written=True, moved=True),
        "`x` is advanced, with a different random draw each time",
    ),
    "a part that is new, by a method": (
        facts(written=True, changes=(Change("x[3]", ABSENT, "1"),), methods=("x.append",), **MOVED),
        "`x` keeps changing: `x[3]` is new",
    ),
    "unseeded": (
        facts(**BOUND, new_object=True, moved=True),
        "`x` is recreated, with a different random draw each time",
    ),
    "nondeterministic": (
        facts(**BOUND, atom=True, new_object=True, **NOISY),
        "`x` is recreated, but no two runs give the same value",
    ),
    "drifts": (
        facts(**BOUND, new_object=True, later=Place.ELSEWHERE),
        "`x` is recreated; run after the whole notebook, the cell gives a different result",
    ),
    "drifts by raising": (
        facts(**BOUND, new_object=True, later_raised=Raised("KeyError", "'a'")),
        "`x` is recreated; run after the whole notebook, the cell raises KeyError",
    ),
    "loaded": (facts(**BOUND, new_object=True, from_file="m.pkl"), "`x` is loaded from m.pkl"),
    "saved": (facts(**WRITTEN, saves_model=True), "`x` holds a model, and is rewritten with the same value"),
    "a file": (facts(**WRITTEN), "`x` is rewritten"),
    "a file with the time": (facts(**WRITTEN, **NOISY), "`x` is rewritten, but no two runs give the same value"),
    "a file that grows": (
        facts(**WRITTEN, changes=MOVES[NAME], **MOVED),
        "`x` keeps changing: 3 bytes after the first run, 10 bytes after the second",
    ),
    "kept": (facts(**MADE), "`x` was created by the first run, and the rerun leaves it alone"),
    "opaque": (facts(opaque=("_thread.lock: a lock",), written=True), "`x` cannot be read (_thread.lock: a lock)"),
    "too large": (
        facts(opaque=("list: more than 9 objects",), in_part=True, written=True),
        "`x` cannot be read in full (list: more than 9 objects)",
    ),
    "too large, and not the only reason": (
        facts(opaque=("list: more than 9 objects", "a lock"), written=True),
        "`x` cannot be read (list: more than 9 objects; a lock)",
    ),
    "opaque, and draws": (
        facts(opaque=("a lock",), written=True, moved=True),
        "`x` depends on random numbers, and whether it starts over otherwise cannot be read (a lock)",
    ),
    "opaque, draws, and is made from nothing": (
        facts(**BOUND, new_object=True, opaque=("a lock",), moved=True),
        "`x` is recreated, with a different value each time; "
        "whether chance explains all of that cannot be read (a lock)",
    ),
    "noise beside what cannot be read": (
        facts(written=True, beyond_noise=False, opaque=("a lock",), **NOISY),
        "`x` differs even between two first runs, and what else changes cannot be read (a lock)",
    ),
    "cells above that do not repeat": (
        facts(**BOUND, astray=frozenset({"t", "u"}), **NOISY),
        "`x` cannot be judged: the cells above give `t`, `u` another value each time they are run",
    ),
    "settled": (
        facts(**MADE, outcome=ELSEWHERE),
        "`x` keeps changing, but has come to rest: from another value the rerun ends elsewhere",
    ),
    "a model that is settled": (
        facts(kind=MODEL, **MADE, outcome=ELSEWHERE),
        "`x` keeps training, but has come to rest: from another value the rerun ends elsewhere",
    ),
    "rounding": (
        facts(written=True, changes=(LAST_DIGIT,), **MOVED),
        "`x` keeps changing: `x` from 0.1 to 0.10000000000000002, which is rounding in the last digits",
    ),
    "follows": (
        facts(**BOUND, new_object=True, follows=("clf", "X"), **MOVED),
        "`x` is recreated, and follows `clf`, `X`",
    ),
    "noisy training": (
        facts(looked_at=True, written=True, changes=(STEPS,), **NOISY),
        "`x` keeps changing: `clf.t_` from 101.0 to 201.0; it differs even between two first runs",
    ),
}


@pytest.mark.parametrize("case", REASONS)
def test_each_verdict_has_its_sentence(case: str) -> None:
    """Plain words, the marks included."""
    seen, text = REASONS[case]
    assert reason(seen) == text


def test_a_cell_that_raises_says_what_on_one_line() -> None:
    """The exception is part of the sentence, however many lines its text has."""
    text = cell_reason(Verdict.ERROR, (), Raised("KeyError", "\"['a']\n  not found\""))
    assert text == "can be run only once: the second run raises KeyError: \"['a'] not found\""
    assert cell_reason(Verdict.ERROR, (), Raised("StopIteration", "")).endswith("raises StopIteration")


def test_a_value_that_cannot_be_read_in_full_has_a_sentence_of_its_own() -> None:
    """It is not named together with what comes out the same."""
    plain = variable(Kind.DATA, Verdict.RESET, name="y", reason="`y` is recreated")
    drawn = variable(
        Kind.DATA, Verdict.RESET, name="x", reason="`x` is recreated, with a different value", changes=(STEPS,)
    )
    text = cell_reason(Verdict.RESET, (drawn, plain))
    assert text == "`x` is recreated, with a different value; `y` is recreated"


def test_a_cell_without_an_answer_says_why() -> None:
    """An undetermined cell repeats the reason of the variable that cannot be read."""
    unread = variable(Kind.DATA, Verdict.UNDETERMINED, reason="`x` cannot be read (a lock)")
    assert cell_reason(Verdict.UNDETERMINED, (unread,)) == "`x` cannot be read (a lock)"


def test_a_stateless_cell_leaves_nothing_behind() -> None:
    """Whatever it defined."""
    assert cell_reason(Verdict.STATELESS, (DEFINED,)) == "leaves nothing behind"


def test_a_cell_speaks_of_the_variables_its_verdict_rests_on() -> None:
    """A cell that keeps training a model says so, and not what else it made."""
    trained = variable(MODEL, Verdict.IN_PLACE, "clf", reason="`clf` keeps training")
    moved = variable(Kind.DATA, Verdict.IN_PLACE, "losses", reason="`losses` keeps changing")
    made = variable(Kind.DATA, Verdict.RESET, reason="`x` is recreated")
    assert cell_reason(Verdict.IN_PLACE, (made, moved, trained)) == "`clf` keeps training"


def test_many_plain_variables_share_one_sentence() -> None:
    """They are counted, and those with a mark keep a sentence of their own."""
    plain = [variable(Kind.DATA, Verdict.RESET, f"x{i}", how=RECREATED) for i in range(8)]
    marked = variable(Kind.DATA, Verdict.RESET, "y", marks=(UNSEEDED,), reason="`y` is redrawn")
    text = cell_reason(Verdict.RESET, (*plain, marked))
    assert text == "`y` is redrawn; `x0`, `x1`, `x2`, `x3`, `x4`, `x5` and 2 more are recreated"


def test_more_than_a_few_reasons_are_counted() -> None:
    """Nobody reads ten of them."""
    moved = [variable(Kind.DATA, Verdict.IN_PLACE, f"x{i}", reason=f"`x{i}` keeps changing") for i in range(5)]
    text = cell_reason(Verdict.IN_PLACE, moved)
    assert text == "`x0` keeps changing; `x1` keeps changing; `x2` keeps changing; and 2 more variables"
