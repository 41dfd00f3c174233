"""Answers for agents, made of reports by hand: what may be run again, pages, long texts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from nbrerun.errors import UsageError
from nbrerun.mcp import answers, make, pages
from nbrerun.mcp.hints import Hints, Replaced
from nbrerun.model import (
    CellReport,
    Change,
    Failure,
    Finding,
    Kind,
    Mark,
    Missing,
    NotebookReport,
    Outside,
    Recovery,
    Restart,
    Severity,
    VariableReport,
    Verdict,
    Via,
)

CHANGE = Change("x", "1", "2", 1.0)
SENT = Outside("network", "example.com:443")
ASKED = Outside("network", "example.com:443", reads=True)


def variable(verdict: Verdict, name: str = "x", **more: Any) -> VariableReport:
    """A variable with a verdict."""
    return VariableReport(name, Kind.DATA, "int", verdict, **more)


def cell(verdict: Verdict, *variables: VariableReport, index: int = 1, **more: Any) -> CellReport:
    """A cell with a verdict."""
    return CellReport(index, f"id-{index}", verdict, "because", variables=variables, **more)


def report(*cells: CellReport, **more: Any) -> NotebookReport:
    """A notebook of these cells."""
    return NotebookReport("nb.ipynb", "fork", "", "python3", cells=cells, **more)


RESET = variable(Verdict.RESET)
UNKNOWN = Hints(readOnlyHint=False, destructiveHint=True, idempotentHint=False, openWorldHint=True)

CASES: dict[str, tuple[CellReport, str, str]] = {
    "stateless": (cell(Verdict.STATELESS), "yes", "read-only idempotent"),
    "reset": (cell(Verdict.RESET, RESET), "yes", "idempotent"),
    "persisted": (cell(Verdict.PERSISTED, variable(Verdict.PERSISTED, via=Via.KERNEL)), "yes", "idempotent"),
    "in-place": (cell(Verdict.IN_PLACE, variable(Verdict.IN_PLACE)), "no", "destructive"),
    "in-place beside a model that is reset": (
        cell(Verdict.RESET, RESET, variable(Verdict.IN_PLACE, "log")),
        "no",
        "destructive",
    ),
    "error": (cell(Verdict.ERROR), "no", "destructive"),
    "unseeded": (cell(Verdict.RESET, variable(Verdict.RESET, marks=(Mark.UNSEEDED,))), "no", "destructive"),
    "nondeterministic": (
        cell(Verdict.RESET, variable(Verdict.RESET, marks=(Mark.NONDETERMINISTIC,))),
        "no",
        "destructive",
    ),
    "follows": (
        cell(Verdict.RESET, variable(Verdict.RESET, changes=(CHANGE,), marks=(Mark.FOLLOWS,))),
        "no",
        "destructive",
    ),
    "drifts": (cell(Verdict.RESET, variable(Verdict.RESET, marks=(Mark.DRIFTS,))), "depends", "destructive"),
    "sends": (cell(Verdict.STATELESS, outside=(SENT,)), "no", "destructive open"),
    "asks": (cell(Verdict.STATELESS, outside=(ASKED,)), "yes", "idempotent open"),
    "a variable that cannot be read": (
        cell(Verdict.RESET, RESET, variable(Verdict.UNDETERMINED, "y")),
        "unknown",
        "destructive",
    ),
    "undetermined": (cell(Verdict.UNDETERMINED), "unknown", "destructive open"),
    "skipped": (cell(Verdict.SKIPPED), "unknown", "destructive open"),
}


@pytest.mark.parametrize("name", CASES)
def test_the_hints_of_a_cell(name: str) -> None:
    """MCP's words, as far as they were measured; what is unknown gets MCP's own defaults, which are the worst."""
    judged, answer, words = CASES[name]
    given = make.of_cell(report(judged), 1, 1)
    assert given.answer == answer
    expected = ("read-only" in words, "destructive" in words, "idempotent" in words, "open" in words)
    assert given.hints == Hints(*expected)


def test_what_later_cells_wrote_is_replaced() -> None:
    """A cell that starts a variable over undoes what was done to it since; what comes before it does not matter."""
    before = cell(Verdict.IN_PLACE, variable(Verdict.IN_PLACE), index=0)
    starts = cell(Verdict.RESET, RESET, variable(Verdict.RESET, "y"), index=1)
    reads = cell(Verdict.RESET, variable(Verdict.RESET, "z"), variable(Verdict.UNTOUCHED), index=2)
    trains = cell(Verdict.IN_PLACE, variable(Verdict.IN_PLACE), index=3)
    again = cell(Verdict.RESET, RESET, index=4)
    given = make.of_cell(report(before, starts, reads, trains, again), 1, 1)
    assert (given.answer, given.replaces) == ("depends", (Replaced("x", (3, 4)),))
    assert given.hints == Hints(readOnlyHint=False, destructiveHint=True, idempotentHint=True, openWorldHint=False)
    assert make.of_cell(report(before, starts, reads), 1, 1).answer == "yes"


@pytest.mark.parametrize(
    ("verdict", "via", "incidental"),
    [(Verdict.PERSISTED, Via.KERNEL, False), (Verdict.IN_PLACE, None, False), (Verdict.RESET, None, True)],
)
def test_a_variable_that_is_not_started_over_is_not_replaced(
    verdict: Verdict, via: Via | None, incidental: bool
) -> None:
    """One that is left alone, one that continues, and a loop variable that is left over."""
    first = cell(verdict, variable(verdict, via=via, incidental=incidental))
    assert make.of_cell(report(first, cell(Verdict.RESET, RESET, index=2)), 1, 1).replaces == ()


def test_a_cell_that_only_defines_is_not_read_only_if_a_later_one_defines_the_same() -> None:
    """Running it again brings the earlier function back."""
    first, second = (cell(Verdict.STATELESS, variable(Verdict.RESET, "f"), index=index) for index in (1, 2))
    given = make.of_cell(report(first, second), 1, 1)
    assert (given.answer, given.hints.readOnlyHint, given.hints.destructiveHint) == ("depends", False, True)


def test_a_loaded_model_is_started_over() -> None:
    """Loading it again forgets what was trained since."""
    loaded = cell(Verdict.PERSISTED, variable(Verdict.PERSISTED, via=Via.FILE))
    trained = cell(Verdict.IN_PLACE, variable(Verdict.IN_PLACE), index=2)
    assert make.of_cell(report(loaded, trained), 1, 1).answer == "depends"


def test_only_what_would_change_is_listed_with_its_evidence() -> None:
    """The others have nothing to say, and an agent reads every word."""
    moves = variable(Verdict.IN_PLACE, "moves", changes=(CHANGE,), more_changes=7, reason="`moves` grows")
    given = make.of_cell(report(cell(Verdict.IN_PLACE, RESET, moves)), 1, 1)
    (listed,) = given.would_change
    assert (listed.name, listed.reason, listed.more_changes) == ("moves", "`moves` grows", 7)
    assert listed.changes == (answers.ChangeAnswer("x", "1", "2", 1.0),)


@pytest.mark.parametrize("wanted", [3, "3", " 3 ", "id-3"])
def test_a_cell_is_named_by_its_index_or_its_id(wanted: int | str) -> None:
    """Agents see the one or the other."""
    assert make.of_cell(report(cell(Verdict.RESET), cell(Verdict.ERROR, index=3)), wanted, 1).cell == 3


def test_a_cell_without_a_verdict_is_refused_with_the_reason() -> None:
    """The main run did not reach it."""
    failed = report(cell(Verdict.RESET), failure=Failure("ValueError", "no", index=2))
    with pytest.raises(
        UsageError, match=r"cell '5'; code cells with a verdict: 1; the main run raised ValueError in cell 2"
    ):
        make.of_cell(failed, 5, 1)


def test_a_notebook_in_pages() -> None:
    """All lists are cut alike, and each item is on one page."""
    cells = [cell(Verdict.RESET, index=index) for index in range(45)]
    findings = tuple(Finding("NBR003", Severity.ERROR, index, "x", "grows", listed=index != 9) for index in range(23))
    notebook = report(*cells, findings=findings)
    given = [make.of_notebook(notebook, number) for number in (1, 2, 3)]
    assert [one.cell for each in given for one in each.cells] == list(range(45))
    assert [one.cell for each in given for one in each.findings] == [index for index in range(23) if index != 9]
    assert [len(each.cells) for each in given] == [pages.LENGTH, pages.LENGTH, 5]
    assert {(each.pages, each.verdicts["reset"]) for each in given} == {(3, 45)}
    for number in (0, 4, -1):
        with pytest.raises(UsageError, match=f"there is no page {number}: the answer has 3"):
            make.of_notebook(notebook, number)


def test_an_empty_notebook_has_one_page() -> None:
    """And says why it is empty."""
    given = make.of_notebook(report(lacks=("torch",)), 1)
    assert (given.status, given.problem, given.cells, given.pages) == ("skipped", "skipped: needs torch", (), 1)


def test_long_texts_are_clipped() -> None:
    """A reason may quote an exception of any length."""
    given = make.of_cell(report(replace(cell(Verdict.ERROR), reason="y" * 5000)), 1, 1)
    assert given.reason == "y" * (pages.LONGEST - 1) + "…"


def test_what_a_restart_loses() -> None:
    """Cells that run alone, what the others need, and what restores a variable."""
    needy = Restart(
        False, (Missing("np", 0, Kind.DEFINITION, imported=True), Missing("net", 2, Kind.MODEL, through="f"))
    )
    stopped = Restart(True, reason="it was stopped")
    cells = [
        cell(Verdict.RESET, index=0, restart=Restart(True)),
        cell(Verdict.RESET, index=1, restart=needy),
        cell(Verdict.RESET, index=2, restart=stopped),
        cell(Verdict.RESET, index=3),
    ]
    given = make.of_restart(report(*cells, recover=(Recovery("net", (0, 2), (1,), None, True),)), 1)
    assert given.run_alone == (0,)
    assert [(need.cell, need.reason) for need in given.need_others] == [(1, ""), (2, "it was stopped")]
    assert given.need_others[0].missing == (
        answers.MissingAnswer("np", "import", 0, None),
        answers.MissingAnswer("net", "model", 2, "f"),
    )
    assert given.restored_by == (answers.RecoveryAnswer("net", (0, 2), (1,), None, True, ""),)
    assert given.problem == ""


def test_a_restart_that_was_not_examined_says_so() -> None:
    """No answer must not look like nothing lost."""
    assert "leave out the experiment `restart`" in make.of_restart(report(cell(Verdict.RESET)), 1).problem
