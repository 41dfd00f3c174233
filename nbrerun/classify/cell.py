"""The verdict on one cell, derived from the verdicts on its variables."""

from __future__ import annotations

from collections.abc import Sequence

from nbrerun.model import How, Kind, VariableReport, Verdict

_STRONGEST_FIRST = (Verdict.IN_PLACE, Verdict.PERSISTED, Verdict.RESET)


def judge_cell(variables: Sequence[VariableReport]) -> Verdict:
    """Return the strongest verdict among the models, or, if there are none, among the other variables."""
    counted = [variable for variable in variables if _counts(variable)]
    models = [variable for variable in counted if variable.kind is Kind.MODEL]
    verdicts = {variable.verdict for variable in models or counted}
    for verdict in _STRONGEST_FIRST:
        if verdict in verdicts:
            return verdict
    return Verdict.UNDETERMINED if Verdict.UNDETERMINED in verdicts else Verdict.STATELESS


def leading(variables: Sequence[VariableReport], verdict: Verdict) -> list[VariableReport]:
    """Select the variables that a cell's verdict rests on, models before all others."""
    matching = [variable for variable in variables if variable.verdict is verdict]
    models = [variable for variable in matching if variable.kind is Kind.MODEL]
    return models or [variable for variable in matching if _counts(variable)] or matching


def _counts(variable: VariableReport) -> bool:
    if variable.kind is Kind.DEFINITION or variable.incidental:
        return False
    # Drawing random numbers advances a generator, but a cell is never about that (docs/verdicts.md, Marks).
    only_drawn_from = variable.kind is Kind.GENERATOR and variable.how is How.REFITTED and bool(variable.marks)
    return not only_drawn_from
