"""Reports in, findings out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nbrerun.classify.findings import findings, future_findings, unseeded_draw, whole_findings
from nbrerun.classify.report import killed
from nbrerun.model import (
    Drift,
    Failure,
    Kind,
    Missing,
    Outside,
    Raised,
    Restart,
    Severity,
    VariableReport,
    Verdict,
    WholeRun,
)
from tests.unit import making
from tests.unit.classify.tables import (
    DATA,
    DRIFTS,
    FILE,
    FILES,
    FOLLOWS,
    MODEL,
    MODELS,
    NONDETERMINISTIC,
    ROUNDING,
    SETTINGS,
    SETTLED,
    UNSEEDED,
    report,
    variable,
)

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
    "data that follows": (variable(Kind.DATA, Verdict.RESET, marks=(FOLLOWS,), follows=("df",)), []),
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
    assert {(finding.index, finding.name) for finding in found} <= {(7, judged.name)}
    said = {finding.message for finding in found if finding.rule != "NBR007"}
    assert said <= {judged.reason}


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
    assert found.message == "`x`, `y` drift: run after the whole notebook, the cell gives a different result"


def test_one_that_drifts_says_what_the_cell_does() -> None:
    """The finding is about the variable, and says so first."""
    raising = variable(Kind.DATA, Verdict.RESET, "x", marks=(DRIFTS,), drift=Drift("KeyError"))
    (found,) = findings(report(raising))
    assert (found.name, found.message) == ("x", "`x` drifts: run after the whole notebook, the cell raises KeyError")


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


def test_a_cell_that_sends_something_is_a_finding_and_one_that_asks_is_none() -> None:
    """Files and processes are listed, and are none either."""
    sends, asks = Outside("network", "a.example:443"), Outside("network", "b.example:443", reads=True)
    others = (asks, Outside("file", "/data/x"), Outside("process", "a process"))
    assert list(findings(replace(report(), outside=others))) == []
    (found,) = findings(replace(report(), outside=(*others, sends)))
    assert (found.rule, found.message) == ("NBR008", "reaches a.example:443")
    stopped = report(verdict=Verdict.UNDETERMINED, reason="posts to a.example:443: not run again")
    (found,) = findings(replace(stopped, outside=(sends,)))
    assert (found.rule, found.message) == ("NBR008", stopped.reason)


def test_a_model_that_follows_what_keeps_changing_is_told_by_that() -> None:
    """Else the name to change is that of what it follows."""
    model = replace(MODELS[Verdict.RESET], marks=(FOLLOWS,), follows=("df",), reason="`clf` follows `df`")
    (found,) = findings(report(model, replace(DATA[Verdict.IN_PLACE], name="df")))
    assert (found.rule, found.name) == ("NBR003", "df")
    assert found.severity is Severity.ERROR
    (found,) = findings(report(model, replace(DATA[Verdict.RESET], name="df")))
    assert (found.rule, found.severity) == ("NBR003", Severity.WARNING)
    assert (found.name, found.message) == ("df", "`clf` follows `df`, which the first run changed")
