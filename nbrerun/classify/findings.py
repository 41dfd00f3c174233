"""Findings: what the user should look at, each with the stable code of its rule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nbrerun.model import (
    Cell,
    CellReport,
    Drift,
    Finding,
    Kind,
    Mark,
    Severity,
    VariableReport,
    Verdict,
    WholeRun,
    after_all,
)
from nbrerun.state.names import Name, Space

_IN_PLACE_RULES = {Kind.MODEL: "NBR002", Kind.FILE: "NBR006"}
"""Rules for variables that are in-place; NBR003 for all other kinds."""


def findings(cell: CellReport) -> Iterator[Finding]:
    """Yield the findings on one cell."""
    if cell.verdict is Verdict.ERROR:
        yield Finding("NBR001", Severity.ERROR, cell.index, None, cell.reason)
    for variable in cell.variables:
        if variable.incidental:
            continue
        if variable.verdict is Verdict.IN_PLACE:
            yield _finding(_IN_PLACE_RULES.get(variable.kind, "NBR003"), Severity.ERROR, cell, variable)
        if Mark.UNSEEDED in variable.marks and variable.kind is Kind.MODEL:
            yield _finding("NBR004", Severity.WARNING, cell, variable)
        if Mark.NONDETERMINISTIC in variable.marks:
            yield _finding("NBR005", Severity.WARNING, cell, variable)
    yield from _drifting(cell)
    if cell.restart is not None and cell.restart.missing:
        names = ", ".join(f"`{item.name}`" for item in cell.restart.missing)
        yield Finding("NBR101", Severity.INFO, cell.index, None, f"does not run alone after a restart: needs {names}")


def whole_findings(runs: Iterable[WholeRun]) -> Iterator[Finding]:
    """Yield the findings on the notebook as a whole."""
    for run in runs:
        if run.experiment == "fresh-clone" and run.raised is not None:
            raised = run.raised
            message = f"does not run from a fresh clone: {raised.ename}: {raised.evalue}".rstrip(": ")
            yield Finding("NBR103", Severity.ERROR, raised.index, None, message)


def future_findings(found: Iterable[tuple[Cell, str, Cell]]) -> Iterator[Finding]:
    """Yield the findings on cells that read a file which only a later cell writes.

    Args:
        found: the reading cell, the file and the writing cell.
    """
    for reader, file, writer in found:
        message = f"reads `{file}`, which only cell {writer.index} writes: works only if an earlier run left the file"
        yield Finding("NBR102", Severity.ERROR, reader.index, str(Name(Space.FILE, file)), message)


def _drifting(cell: CellReport) -> Iterator[Finding]:
    """Yield one finding for all variables that drift, since one changed input explains all of them."""
    drifting = [variable for variable in cell.variables if Mark.DRIFTS in variable.marks and not variable.incidental]
    if len(drifting) == 1:
        yield _finding("NBR007", Severity.WARNING, cell, drifting[0])
    elif drifting:
        names = ", ".join(f"`{variable.name}`" for variable in drifting)
        how = after_all(drifting[0].drift or Drift())
        yield Finding("NBR007", Severity.WARNING, cell.index, None, f"{names}: {how}")


def _finding(rule: str, severity: Severity, cell: CellReport, variable: VariableReport) -> Finding:
    return Finding(rule, severity, cell.index, variable.name, variable.sentence)
