"""What a person should look at, with the stable code of each rule."""

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

_MOVES_ON = {Kind.MODEL: "NBR002", Kind.FILE: "NBR006"}


def findings(cell: CellReport) -> Iterator[Finding]:
    """The findings on one cell."""
    if cell.verdict is Verdict.ERROR:
        yield Finding("NBR001", Severity.ERROR, cell.index, None, cell.reason)
    for variable in cell.variables:
        if not variable.incidental:
            yield from _of_variable(cell, variable)
    yield from _drifting(cell)
    if cell.restart is not None and cell.restart.missing:
        names = ", ".join(f"`{item.name}`" for item in cell.restart.missing)
        yield Finding("NBR101", Severity.INFO, cell.index, None, f"does not run alone after a restart: needs {names}")


def whole_findings(runs: Iterable[WholeRun]) -> Iterator[Finding]:
    """The findings on the notebook as a whole."""
    for run in runs:
        if run.experiment == "fresh-clone" and run.raised is not None:
            raised = run.raised
            message = f"does not run from a fresh clone: {raised.ename}: {raised.evalue}".rstrip(": ")
            yield Finding("NBR103", Severity.ERROR, raised.index, None, message)


def future_findings(found: Iterable[tuple[Cell, str, Cell]]) -> Iterator[Finding]:
    """The findings on cells that read a file which only a later cell writes: reader, file, writer."""
    for reader, file, writer in found:
        message = f"reads `{file}`, which only cell {writer.index} writes: works only where an earlier run left it"
        yield Finding("NBR102", Severity.ERROR, reader.index, str(Name(Space.FILE, file)), message)


def _of_variable(cell: CellReport, variable: VariableReport) -> Iterator[Finding]:
    model = variable.kind is Kind.MODEL
    marks = variable.marks
    if variable.verdict is Verdict.IN_PLACE:
        yield _finding(_MOVES_ON.get(variable.kind, "NBR003"), Severity.ERROR, cell, variable)
    if Mark.UNSEEDED in marks and model:
        yield _finding("NBR004", Severity.WARNING, cell, variable)
    if Mark.NONDETERMINISTIC in marks:
        yield _finding("NBR005", Severity.WARNING, cell, variable)


def _drifting(cell: CellReport) -> Iterator[Finding]:
    """One finding for all that drifts: it is the cell's inputs that have changed."""
    drifting = [variable for variable in cell.variables if Mark.DRIFTS in variable.marks and not variable.incidental]
    if len(drifting) == 1:
        yield _finding("NBR007", Severity.WARNING, cell, drifting[0])
    elif drifting:
        names = ", ".join(f"`{variable.name}`" for variable in drifting)
        how = after_all(drifting[0].drift or Drift())
        yield Finding("NBR007", Severity.WARNING, cell.index, None, f"{names}: {how}")


def _finding(rule: str, severity: Severity, cell: CellReport, variable: VariableReport) -> Finding:
    return Finding(rule, severity, cell.index, variable.name, variable.sentence)
