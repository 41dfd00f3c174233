"""What a person should look at, with the stable code of each rule."""

from __future__ import annotations

from collections.abc import Iterator

from nbrerun.classify.reasons import LATER
from nbrerun.model import CellReport, Finding, Kind, Mark, Severity, VariableReport, Verdict


def findings(cell: CellReport) -> Iterator[Finding]:
    """The findings on one cell."""
    if cell.verdict is Verdict.ERROR:
        yield Finding("NBR001", Severity.ERROR, cell.index, None, cell.reason)
    for variable in cell.variables:
        if not variable.incidental:
            yield from _of_variable(cell, variable)
    yield from _drifting(cell)


def _of_variable(cell: CellReport, variable: VariableReport) -> Iterator[Finding]:
    model = variable.kind is Kind.MODEL
    marks = variable.marks
    if variable.verdict is Verdict.IN_PLACE:
        yield _finding("NBR002" if model else "NBR003", Severity.ERROR, cell, variable)
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
        how = drifting[0].reason.partition(LATER)[2]
        yield Finding("NBR007", Severity.WARNING, cell.index, None, f"{names}: run after the whole notebook, {how}")


def _finding(rule: str, severity: Severity, cell: CellReport, variable: VariableReport) -> Finding:
    return Finding(rule, severity, cell.index, variable.name, variable.reason)
