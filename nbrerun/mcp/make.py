"""Make the answers of the tools from the report of a check, or from a plan."""

from __future__ import annotations

from nbrerun import rules
from nbrerun.errors import UsageError
from nbrerun.mcp.answers import (
    Advice,
    CellAnswer,
    ChangeAnswer,
    Found,
    MissingAnswer,
    NeedsAnswer,
    NotebookAnswer,
    PlanAnswer,
    PlannedAnswer,
    RecoveryAnswer,
    RerunAnswer,
    RestartAnswer,
    VariableAnswer,
)
from nbrerun.mcp.hints import answer, changes, hints, replaced
from nbrerun.mcp.pages import clipped, page
from nbrerun.model import (
    CellReport,
    Change,
    Finding,
    Missing,
    NotebookReport,
    Recovery,
    Restart,
    VariableReport,
    Verdict,
)
from nbrerun.plan.answer import Plan, Planned

_LISTED = 20
"""Cells that an error message lists before it counts the rest."""


def of_plan(plan: Plan, number: int) -> PlanAnswer:
    """Answer which cells to run after an edit.

    Raises:
        UsageError: there is no such page.
    """
    unsure = plan.not_compared + plan.unread
    shown = page(number, plan.cells, plan.instead, plan.outdated, unsure)
    raised = plan.failure
    clean = f"in a clean run cell {raised.index} raises {raised.ename}: {raised.evalue}" if raised else ""
    return PlanAnswer(
        notebook=plan.path,
        restart=plan.restart,
        reason=clipped("; ".join(filter(None, (plan.reason, clean)))),
        run=tuple(map(_to_run, shown.of(plan.cells))),
        verified=plan.verified,
        remove=plan.remove,
        instead=tuple(map(_to_run, shown.of(plan.instead))),
        outdated=shown.of(plan.outdated),
        not_compared=shown.of(unsure),
        assumed=plan.stand_in,
        page=shown.number,
        pages=shown.count,
    )


def _to_run(planned: Planned) -> PlannedAnswer:
    return PlannedAnswer(planned.cell.index, planned.cell.id, clipped(planned.why))


def of_notebook(notebook: NotebookReport, number: int) -> NotebookAnswer:
    """Answer which verdict each cell has, and what to look at.

    Raises:
        UsageError: there is no such page.
    """
    findings = [finding for finding in notebook.findings if finding.listed]
    shown = page(number, notebook.cells, findings)
    counted = [cell.verdict for cell in notebook.cells]
    return NotebookAnswer(
        notebook=notebook.path,
        status=notebook.status,  # type: ignore[arg-type]  # the model documents these words, and has them as a str
        problem=_problem(notebook),
        verdicts={str(verdict): counted.count(verdict) for verdict in Verdict if verdict in counted},
        cells=tuple(
            CellAnswer(cell.index, cell.id, cell.first_line, str(cell.verdict)) for cell in shown.of(notebook.cells)
        ),
        findings=tuple(map(_found, shown.of(findings))),
        page=shown.number,
        pages=shown.count,
        from_cache=notebook.cached,
    )


def of_cell(notebook: NotebookReport, wanted: int | str, number: int) -> RerunAnswer:
    """Answer what running one cell again would do.

    Raises:
        UsageError: there is no such cell or page, or the main run did not reach the cell.
    """
    cell = _cell(notebook, wanted)
    lost = replaced(notebook, cell)
    findings = [finding for finding in notebook.findings if finding.listed and finding.index == cell.index]
    moved = [variable for variable in cell.variables if changes(variable)]
    shown = page(number, moved, lost, cell.outside, findings)
    return RerunAnswer(
        notebook=notebook.path,
        cell=cell.index,
        id=cell.id,
        answer=answer(cell, lost),
        verdict=str(cell.verdict),
        reason=clipped(cell.reason),
        hints=hints(cell, lost),
        would_change=tuple(map(_variable, shown.of(moved))),
        replaces=shown.of(lost),
        outside=tuple(f"{item.kind}: {clipped(item.what)}" for item in shown.of(cell.outside)),
        advice=tuple(Advice(found.rule, str(found.severity), rules.fix(found)) for found in shown.of(findings)),
        page=shown.number,
        pages=shown.count,
        from_cache=notebook.cached,
    )


def of_restart(notebook: NotebookReport, number: int) -> RestartAnswer:
    """Answer which cells run alone in a fresh kernel, what the others need, and which cells restore a variable.

    Raises:
        UsageError: there is no such page.
    """
    answered = [(cell.index, cell.restart) for cell in notebook.cells if cell.restart is not None]
    alone = tuple(index for index, restart in answered if restart.runs_alone and not restart.reason)
    needy = [(index, restart) for index, restart in answered if index not in alone]
    shown = page(number, needy, notebook.recover)
    problem = _problem(notebook) or ("" if answered else "the settings in force leave out the experiment `restart`")
    return RestartAnswer(
        notebook=notebook.path,
        problem=problem,
        run_alone=alone,
        need_others=tuple(_needs(index, restart) for index, restart in shown.of(needy)),
        restored_by=tuple(map(_recovery, shown.of(notebook.recover))),
        page=shown.number,
        pages=shown.count,
        from_cache=notebook.cached,
    )


def _problem(notebook: NotebookReport) -> str:
    raised = ""
    if failure := notebook.failure:
        raised = f"the main run raised {failure.ename} in cell {failure.index}: {failure.evalue}"
    return clipped(notebook.problem or notebook.reason or raised or notebook.incomplete)


def _cell(notebook: NotebookReport, wanted: int | str) -> CellReport:
    word = str(wanted).strip()
    for cell in notebook.cells:
        if word == str(cell.index):
            return cell
    for cell in notebook.cells:
        if word == cell.id:
            return cell
    known = [str(cell.index) for cell in notebook.cells]
    more = f" and {len(known) - _LISTED} more" if len(known) > _LISTED else ""
    listed = f"code cells with a verdict: {', '.join(known[:_LISTED])}{more}" if known else "no cell has a verdict"
    why = f"; {_problem(notebook)}" if _problem(notebook) else ""
    raise UsageError(f"there is no verdict on a cell {clipped(word)!r}; {listed}{why}")


def _found(finding: Finding) -> Found:
    return Found(
        finding.rule,
        str(finding.severity),
        finding.index if finding.index >= 0 else None,
        finding.name,
        clipped(finding.message),
        rules.fix(finding),
    )


def _variable(variable: VariableReport) -> VariableAnswer:
    return VariableAnswer(
        variable.name,
        str(variable.kind),
        str(variable.verdict),
        tuple(map(str, variable.marks)),
        clipped(variable.sentence),
        tuple(map(_change, variable.changes)),
        variable.more_changes,
    )


def _change(change: Change) -> ChangeAnswer:
    return ChangeAnswer(change.path, change.first, change.again, change.max_abs_change)


def _needs(index: int, restart: Restart) -> NeedsAnswer:
    raised = restart.raised
    return NeedsAnswer(
        index,
        tuple(map(_missing, restart.missing)),
        clipped(f"{raised.ename}: {raised.evalue}") if raised else "",
        clipped(restart.reason),
    )


def _missing(missing: Missing) -> MissingAnswer:
    kind = "import" if missing.imported else str(missing.kind)
    return MissingAnswer(missing.name, kind, missing.defined_in, missing.through)


def _recovery(plan: Recovery) -> RecoveryAnswer:
    return RecoveryAnswer(plan.name, plan.cells, plan.skipped, plan.file, plan.verified, clipped(plan.reason))
