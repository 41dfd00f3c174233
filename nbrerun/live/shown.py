"""An answer as it is displayed below a cell: HTML, the same as text, and the facts as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator

from markupsafe import Markup

from nbrerun.live.messages import Shown
from nbrerun.model import CellReport, NotebookReport, VariableReport, Verdict
from nbrerun.reporters.text import one_line

_MARKS = {
    Verdict.ERROR: ("✗", "#c62828"),
    Verdict.IN_PLACE: ("»", "#b26a00"),
    Verdict.PERSISTED: ("◆", "#1565c0"),
    Verdict.RESET: ("✓", "#2e7d32"),
    Verdict.STATELESS: ("·", "#757575"),
}
_UNKNOWN = ("?", "#8e24aa")
_BOX = (
    "border-left:3px solid {};padding:2px 8px;margin:4px 0;font-size:13px;line-height:1.4;"
    "color:var(--jp-content-font-color1,var(--vscode-foreground,inherit))"
)


def shown(number: int, count: int, report: NotebookReport) -> Shown:
    """Render the report on one cell."""
    cell = report.cells[0] if report.cells else None
    if cell is None:
        said = report.problem or "the kernel could not be forked"
        return told(number, f"not run again: {said}")
    lines = [*_lines(cell)]
    symbol, color = _MARKS.get(cell.verdict, _UNKNOWN)
    head = f"Running this cell again: {cell.verdict}"
    text = "\n".join([f"{symbol} {head} - {one_line(cell.reason)}", *(f"  {line}" for line in lines)])
    rows = Markup("").join(Markup("<div><code>{}</code></div>").format(line) for line in lines)
    html = Markup('<div class="nbrerun" style="{}"><b>{} {}</b>: {}{}</div>').format(
        _BOX.format(color), symbol, head, one_line(cell.reason), rows
    )
    facts = {
        "verdict": str(cell.verdict),
        "reason": cell.reason,
        "variables": {each.name: [str(each.verdict), *map(str, each.marks)] for each in cell.variables},
        "findings": [finding.rule for finding in report.findings],
    }
    return {"number": number, "html": str(html), "text": text, "facts": json.dumps(facts)}


def told(number: int, said: str) -> Shown:
    """Render a sentence."""
    html = Markup('<div class="nbrerun" style="{}">nbrerun: {}</div>').format(_BOX.format(_UNKNOWN[1]), one_line(said))
    return {"number": number, "html": str(html), "text": f"nbrerun: {one_line(said)}", "facts": "{}"}


def _lines(cell: CellReport) -> Iterator[str]:
    for variable in cell.variables:
        if not variable.incidental:
            yield from _variable(variable)
    for contact in cell.outside:
        yield one_line(f"outside: {contact.kind} {contact.what}")


def _variable(variable: VariableReport) -> Iterator[str]:
    for change in variable.changes:
        by = f", by up to {change.max_abs_change:.3g}" if change.max_abs_change is not None else ""
        yield one_line(f"{change.path}: {change.first} → {change.again}{by}")
    if variable.more_changes:
        yield f"and {variable.more_changes} more"
