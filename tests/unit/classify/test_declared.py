"""Declarations of a cell and its findings in, the findings that are left out."""

from __future__ import annotations

import pytest

from nbrerun.cells import Cell, Declared
from nbrerun.classify.declared import settle
from nbrerun.model import CellReport, Verdict
from nbrerun.rules import finding

IN_PLACE, RESET, ERROR, SKIPPED = Verdict.IN_PLACE, Verdict.RESET, Verdict.ERROR, Verdict.SKIPPED

# What the cell declares, its verdict, the findings on it, and those that are left.
CASES: dict[str, tuple[Declared, Verdict, list[str], list[str]]] = {
    "nothing": (Declared(), IN_PLACE, ["NBR002", "NBR004"], ["NBR002", "NBR004"]),
    "its verdict": (Declared(expect=IN_PLACE), IN_PLACE, ["NBR002", "NBR003", "NBR006", "NBR004"], ["NBR004"]),
    "that it raises": (Declared(expect=ERROR), ERROR, ["NBR001", "NBR101"], ["NBR101"]),
    "a verdict that no finding repeats": (Declared(expect=RESET), RESET, ["NBR004"], ["NBR004"]),
    "another verdict": (Declared(expect=RESET), IN_PLACE, ["NBR002"], ["NBR002", "NBR201"]),
    "a verdict that is not known": (Declared(expect=RESET), SKIPPED, [], []),
    "a rule": (Declared(ignore=("NBR004",)), RESET, ["NBR004", "NBR005"], ["NBR005"]),
    "rules by their prefix": (Declared(ignore=("NBR0",)), RESET, ["NBR004", "NBR101"], ["NBR101"]),
    "a rule that finds nothing": (Declared(ignore=("NBR004",)), RESET, [], ["NBR202"]),
    "a rule that its verdict implies": (
        Declared(expect=IN_PLACE, ignore=("NBR002",)),
        IN_PLACE,
        ["NBR002"],
        ["NBR202"],
    ),
    "a rule of an experiment that is not done by default": (Declared(ignore=("NBR103",)), RESET, [], []),
    "a rule of the source alone": (Declared(ignore=("NBR301",)), RESET, [], []),
    "a rule, in a cell that was not judged": (Declared(ignore=("NBR004",)), Verdict.UNDETERMINED, [], []),
    "to be skipped, and a verdict": (Declared(skip=True, expect=RESET), SKIPPED, [], ["NBR202"]),
    "to be skipped, and a rule": (Declared(skip=True, ignore=("NBR004",)), SKIPPED, [], []),
}


@pytest.mark.parametrize("case", CASES)
def test_declared_findings_are_left_out(case: str) -> None:
    """Those on the declaration itself come last."""
    declared, verdict, found, left = CASES[case]
    made = [finding(rule, 7, None, "why") for rule in found]
    report = CellReport(7, "id7", verdict, "why")
    assert [one.rule for one in settle(Cell(7, "id7", "x", declared=declared), report, made)] == left


@pytest.mark.parametrize(
    ("declared", "left"),
    [
        (Declared(expect=RESET), ["NBR202"]),
        (Declared(skip=True), ["NBR202"]),
        (Declared(ignore=("NBR004",)), ["NBR202"]),
        (Declared(), []),
    ],
)
def test_a_cell_that_is_never_run_needs_no_other_declaration(declared: Declared, left: list[str]) -> None:
    """Whichever it is."""
    cell = Cell(7, "id7", "x", frozenset({"skip-execution"}), declared)
    assert [one.rule for one in settle(cell, CellReport(7, "id7", SKIPPED, "tagged"), [])] == left


def test_a_check_of_a_part_does_not_know_what_is_unused() -> None:
    """An experiment that was left out may have found it."""
    cell = Cell(7, "id7", "x", declared=Declared(ignore=("NBR004",)))
    report = CellReport(7, "id7", RESET, "why")
    assert list(settle(cell, report, [], partly=True)) == []


def test_a_wrong_declaration_says_what_is_right() -> None:
    """With the reason for the verdict."""
    (found,) = settle(Cell(7, "id7", "x", declared=Declared(expect=RESET)), CellReport(7, "id7", IN_PLACE, "grows"), [])
    assert found.message == "declared `reset`, but is `in-place`: grows"
