"""The answer on a cell, as it is displayed below it: HTML, the same as text, and the facts as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator

from markupsafe import Markup

from nbrerun import rules
from nbrerun.live.messages import Shown
from nbrerun.live.sentence import GREY, box, prose, told
from nbrerun.model import CellReport, Change, NotebookReport, VariableReport, Verdict
from nbrerun.reporters.html.moved import side_by_side
from nbrerun.reporters.looks import VERDICTS
from nbrerun.reporters.text import one_line

_COLORS = {
    Verdict.ERROR: "#d9534f",
    Verdict.IN_PLACE: "#c98300",
    Verdict.PERSISTED: "#3b82d6",
    Verdict.RESET: "#3d9a50",
    Verdict.STATELESS: GREY,
    Verdict.UNDETERMINED: "#a55cc4",
}
_TABLE = Markup(
    '<table style="margin:4px 0;border-collapse:collapse"><thead><tr>'
    '<th style="{0}"></th><th style="{0}">after this run</th><th style="{0}">after one more</th><th style="{0}"></th>'
    "</tr></thead><tbody>{1}</tbody></table>"
)
_TD = "text-align:left;padding:1px 12px 1px 0"
_MOST_ROWS = 8


def shown(number: int, report: NotebookReport) -> Shown:
    """Render the report on one cell.

    Args:
        number: of the answer.
    """
    if not report.cells:
        return told(number, f"not run again: {report.problem or 'the kernel could not be forked'}")
    (cell,) = report.cells
    undetermined = cell.verdict is Verdict.UNDETERMINED  # what then helps is an option of the command line
    fixes = [] if undetermined else list(dict.fromkeys(rules.fix(found) for found in report.findings if found.listed))
    return {
        "number": number,
        "html": box(_COLORS.get(cell.verdict, GREY), _html(cell, fixes)),
        "text": _text(cell, fixes),
        "facts": json.dumps(_facts(report, cell)),
    }


def _title(cell: CellReport) -> str:
    """Render what stands first, such as `in-place, unseeded`."""
    decisive = [one for one in cell.variables if one.verdict is cell.verdict and not one.incidental]
    marks = dict.fromkeys(str(mark) for one in decisive for mark in one.marks)
    return ", ".join([str(cell.verdict), *marks])


def _html(cell: CellReport, fixes: list[str]) -> Markup:
    symbol = VERDICTS[cell.verdict][0]
    parts = [
        Markup('<div><b><span style="color:{}">{}</span> {}</b> &nbsp;{}</div>').format(
            _COLORS.get(cell.verdict, GREY), symbol, _title(cell), prose(cell.reason)
        )
    ]
    rows = [_row(change) for one in cell.variables if not one.incidental for change in one.changes]
    if rows:
        parts.append(_TABLE.format(_TD, Markup("").join(rows[:_MOST_ROWS])))
    for line in [*_more(cell, len(rows) - _MOST_ROWS), *fixes]:
        parts.append(Markup('<div style="opacity:0.8">{}</div>').format(prose(line)))
    return Markup("").join(parts)


def _row(change: Change) -> Markup:
    by = f"by up to {change.max_abs_change:.3g}" if change.max_abs_change is not None and change.numbers else ""
    first, again = side_by_side(change.first, change.again)
    cells = (Markup("<code>{}</code>").format(one_line(change.path)), first, again, by)
    return Markup("<tr>{}</tr>").format(
        Markup("").join(Markup('<td style="{}">{}</td>').format(_TD, each) for each in cells)
    )


def _more(cell: CellReport, left_out: int) -> Iterator[str]:
    hidden = sum(one.more_changes for one in cell.variables) + max(0, left_out)
    if hidden:
        yield f"and {hidden} more parts"
    for one in cell.variables:
        for part in one.opaque:
            yield f"not read: {part}"
    for contact in cell.outside:
        yield f"not kept apart: {contact.kind} `{one_line(contact.what)}`"


def _text(cell: CellReport, fixes: list[str]) -> str:
    lines = [f"{VERDICTS[cell.verdict][0]} {_title(cell)} - {one_line(cell.reason)}"]
    changes = [line for one in cell.variables if not one.incidental for line in _changes(one)]
    return "\n  ".join([*lines, *changes[:_MOST_ROWS], *_more(cell, len(changes) - _MOST_ROWS), *fixes])


def _changes(variable: VariableReport) -> Iterator[str]:
    for change in variable.changes:
        by = f", by up to {change.max_abs_change:.3g}" if change.max_abs_change is not None else ""
        yield f"{one_line(change.path)}: {one_line(change.first)} → {one_line(change.again)}{by}"


def _facts(report: NotebookReport, cell: CellReport) -> dict[str, object]:
    return {
        "verdict": str(cell.verdict),
        "reason": cell.reason,
        "error": cell.error and cell.error.ename,
        "variables": {
            one.name: {"verdict": str(one.verdict), "via": one.via and str(one.via), "marks": list(map(str, one.marks))}
            for one in cell.variables
        },
        "rules": [found.rule for found in report.findings],
    }
