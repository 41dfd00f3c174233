"""Facts and reports that the tables of these tests are made of."""

from __future__ import annotations

from typing import Any

from nbrerun.classify.evidence import Evidence
from nbrerun.classify.variable import Judged
from nbrerun.model import CellReport, Change, How, Kind, Mark, Seconds, VariableReport, Verdict, Via
from nbrerun.state.observation import Outcome

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
FILE_GREW = Change("file:a", "3 bytes", "10 bytes", 7.0)
NOISY = {**MOVED, "moved_control": True}
BOUND = {"changed_first": True, "bound_first": True, "bound": True}
MADE = {"changed_first": True, "bound_first": True, "made": True}
WRITTEN = {"kind": FILE, "changed_first": True, "bound": True, "new_object": True}


def variable(kind: Kind, verdict: Verdict, name: str = "x", **more: Any) -> VariableReport:
    """One judged variable."""
    return VariableReport(name, kind, "some.Type", verdict, **more)


MODELS = {verdict: variable(Kind.MODEL, verdict, "clf") for verdict in Verdict}
DATA = {verdict: variable(Kind.DATA, verdict) for verdict in Verdict}
SETTINGS = {verdict: variable(Kind.ENV, verdict, "env:cwd") for verdict in Verdict}
FILES = {verdict: variable(Kind.FILE, verdict, "file:a") for verdict in Verdict}
DEFINED = variable(Kind.DEFINITION, Verdict.RESET, "train", how=RECREATED)


def report(*variables: VariableReport, verdict: Verdict = Verdict.RESET, reason: str = "why") -> CellReport:
    """The report on cell 7."""
    return CellReport(7, "id7", verdict, reason, "clf.fit(X, y)", Seconds(), variables)
