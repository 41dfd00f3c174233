"""Turn an observation into the report on a cell."""

from __future__ import annotations

from dataclasses import replace

from nbrerun.classify.cell import judge_cell
from nbrerun.classify.evidence import Evidence, gather
from nbrerun.classify.reasons import cell_reason, drift, variable_reason
from nbrerun.classify.together import told_together
from nbrerun.classify.variable import Judged, judge
from nbrerun.model import Cell, CellReport, Kind, Mark, Raised, Seconds, VariableReport, Verdict
from nbrerun.state.observation import Observation
from nbrerun.state.outside import files_outside

_SHOWN_CHANGES = 5


def report_cell(seen: Observation, seconds: float, engine: str, *, values: bool = True) -> CellReport:
    """Judge every variable, then the cell.

    Args:
        seen: what the experiments observed; *again* has been run.
        seconds: wall time of the first run.
        engine: name of the engine that ran the cell again.
        values: they may be shown.
    """
    assert seen.again is not None
    taken = Seconds(seconds, seen.again["seconds"])
    if seen.error is not None:
        reason = cell_reason(Verdict.ERROR, (), seen.error)
        return _cell(seen.cell, Verdict.ERROR, reason, taken, engine, error=seen.error)
    judged = [(evidence, judge(evidence)) for evidence in gather(seen, values)]
    told_by = told_together([evidence for evidence, verdict in judged if verdict.verdict is Verdict.IN_PLACE])
    variables = tuple(
        replace(_variable(evidence, verdict), told_by=told_by.get(evidence.name, ""))
        for evidence, verdict in judged
        if verdict.verdict is not Verdict.UNTOUCHED
    )
    verdict = judge_cell(variables)
    reason = cell_reason(verdict, variables, elsewhere=[*seen.written_beside, *files_outside(seen.first)])
    return _cell(seen.cell, verdict, reason, taken, engine, variables=variables)


def not_judged(cell: Cell, verdict: Verdict, reason: str, seconds: float | None, engine: str = "") -> CellReport:
    """Report a cell that was skipped, or whose rerun gave no answer; `seconds` is the wall time of the first run."""
    return _cell(cell, verdict, reason, Seconds(seconds), engine)


def killed(cell: Cell, seconds: float, engine: str) -> CellReport:
    """Report a cell whose rerun ended the kernel: it can be run only once."""
    raised = Raised("DeadKernelError", "the kernel died while it ran this cell again")
    reason = "can be run only once: the second run ends the kernel"
    return _cell(cell, Verdict.ERROR, reason, Seconds(seconds), engine, error=raised)


def _cell(
    cell: Cell,
    verdict: Verdict,
    reason: str,
    seconds: Seconds,
    engine: str,
    variables: tuple[VariableReport, ...] = (),
    error: Raised | None = None,
) -> CellReport:
    return CellReport(cell.index, cell.id, verdict, reason, cell.first_line, seconds, variables, error, engine)


def _variable(seen: Evidence, judged: Judged) -> VariableReport:
    # A function or class whose own state changes is data (docs/verdicts.md, the verdict on one cell).
    is_data = seen.kind is Kind.DEFINITION and judged.verdict is Verdict.IN_PLACE
    return VariableReport(
        name=seen.name,
        kind=Kind.DATA if is_data else seen.kind,
        type=seen.type,
        verdict=judged.verdict,
        how=judged.how,
        via=judged.via,
        direction=judged.direction,
        file=seen.from_file if judged.direction == "loaded" else None,
        marks=judged.marks,
        follows=seen.follows if Mark.FOLLOWS in judged.marks else (),
        changes=seen.changes[:_SHOWN_CHANGES],
        more_changes=max(0, len(seen.changes) - _SHOWN_CHANGES),
        opaque=seen.opaque,
        incidental=seen.incidental,
        reason=variable_reason(seen, judged),
        drift=drift(seen, judged),
        culprit=next(filter(None, seen.blamed), "") if judged.verdict is Verdict.IN_PLACE else "",
    )
