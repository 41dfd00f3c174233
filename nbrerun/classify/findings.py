"""Findings: what the user should look at, each with the stable code of its rule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from nbrerun.model import (
    Cell,
    CellReport,
    Drift,
    Finding,
    Kind,
    Mark,
    VariableReport,
    Verdict,
    WholeRun,
    after_all,
)
from nbrerun.rules import finding
from nbrerun.state.names import Name, Space

_IN_PLACE_RULES = {Kind.MODEL: "NBR002", Kind.FILE: "NBR006"}
"""Rules for variables that are in-place; NBR003 for all other kinds."""


def findings(cell: CellReport) -> Iterator[Finding]:
    """Yield the findings on one cell."""
    if cell.verdict is Verdict.ERROR:
        yield finding("NBR001", cell.index, None, cell.reason)
    if acts := [item.what for item in cell.outside if item.kind == "network" and not item.reads]:
        why = cell.reason if cell.verdict is Verdict.UNDETERMINED else f"reaches {', '.join(acts)}"
        yield finding("NBR008", cell.index, None, why)
    elif cell.verdict is Verdict.UNDETERMINED:
        yield finding("NBR009", cell.index, None, f"could not be judged: {cell.reason}")
    shown = {variable.name for variable in cell.variables if not variable.incidental}
    moving = {variable.name for variable in cell.variables if variable.verdict is Verdict.IN_PLACE}
    for variable in cell.variables:
        if variable.incidental:
            continue
        if variable.verdict is Verdict.IN_PLACE and variable.told_by not in shown:
            # A setting that grows, a value at rest and the last digits spoil no result.
            is_mild = variable.kind is Kind.ENV or bool({Mark.SETTLED, Mark.ROUNDING} & set(variable.marks))
            found = _about(variable, cell, _IN_PLACE_RULES.get(variable.kind, "NBR003"), is_mild=is_mild)
            others = [f"`{other.name}`" for other in cell.variables if other.told_by == variable.name]
            if others:
                share = f"{', '.join(others)} {'shares' if len(others) == 1 else 'share'} what changed"
                found = replace(found, message=f"{found.message}; {share}")
            yield found
        if variable.kind is Kind.MODEL and variable.follows and moving.isdisjoint(variable.follows):
            # Another model is left, and nothing else says so.
            message = f"{variable.sentence}, which the first run changed"
            yield finding("NBR003", cell.index, variable.follows[0], message, is_mild=True)
        if Mark.UNSEEDED in variable.marks and variable.kind is Kind.MODEL:
            yield _about(variable, cell, "NBR004")
        if Mark.NONDETERMINISTIC in variable.marks:
            yield _about(variable, cell, "NBR005")
    yield from _drifting(cell)
    if cell.restart is not None and cell.restart.missing:
        names = ", ".join(f"`{item.name}`" for item in cell.restart.missing)
        yield finding("NBR101", cell.index, None, f"does not run alone after a restart: needs {names}")


def unseeded_draw(cell: CellReport, variable: VariableReport, model: str, fitted_in: Cell) -> Finding:
    """The finding on data that is drawn without a seed, and that a later cell fits a model on."""
    message = f"{variable.sentence}, and `{model}` of cell {fitted_in.index} is fitted on it"
    return finding("NBR004", cell.index, variable.name, message)


def whole_findings(runs: Iterable[WholeRun]) -> Iterator[Finding]:
    """Yield the findings on the notebook as a whole."""
    for run in runs:
        if run.experiment == "fresh-clone" and run.raised is not None:
            raised = run.raised
            message = f"does not run from a fresh clone: {raised.ename}: {raised.evalue}".rstrip(": ")
            yield finding("NBR103", raised.index, None, message)


def future_findings(found: Iterable[tuple[Cell, str, Cell]]) -> Iterator[Finding]:
    """Yield the findings on cells that read a file which only a later cell writes.

    Args:
        found: the reading cell, the file and the writing cell.
    """
    for reader, file, writer in found:
        message = f"reads `{file}`, which only cell {writer.index} writes: works only if an earlier run left the file"
        yield finding("NBR102", reader.index, str(Name(Space.FILE, file)), message)


def _drifting(cell: CellReport) -> Iterator[Finding]:
    """Yield one finding for all variables that drift, since one changed input explains all of them."""
    drifting = [variable for variable in cell.variables if Mark.DRIFTS in variable.marks and not variable.incidental]
    if drifting:
        names = ", ".join(f"`{variable.name}`" for variable in drifting)
        said = f"{names} {'drifts' if len(drifting) == 1 else 'drift'}: {after_all(drifting[0].drift or Drift())}"
        yield finding("NBR007", cell.index, drifting[0].name if len(drifting) == 1 else None, said)


def _about(variable: VariableReport, cell: CellReport, rule: str, *, is_mild: bool = False) -> Finding:
    found = finding(rule, cell.index, variable.name, variable.sentence, is_mild=is_mild)
    return replace(found, culprit=variable.culprit)
