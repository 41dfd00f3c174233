"""One notebook as the page shows it: its cells in their order, each with its verdict, and what is said of the whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from nbrerun import secrets
from nbrerun.errors import NotebookError
from nbrerun.model import CellReport, NotebookReport, Verdict
from nbrerun.notebooks.read import read_notebook
from nbrerun.reporters.entries import TROUBLES, Entry, of_notebook
from nbrerun.reporters.html import moved, outputs, restarts, words
from nbrerun.reporters.html.lineage import Lineage, lineage
from nbrerun.reporters.text import one_line

_UNREADABLE = "The notebook cannot be read any more, so only the first line of each cell is shown."
_CHANGED = "The notebook has changed since it was checked, so only the first line of each cell is shown."
_STATIC = "Only the source was read (--static): nothing was run, so no cell has a verdict."
_NO_VALUES = "Values are not shown (--no-values): outputs are left out, and texts and numbers of the source are hidden."


@dataclass(frozen=True)
class Cell:
    """A cell of the page."""

    anchor: str
    index: int
    kind: str
    """`code`, `markdown` or `raw`."""
    count: int | None
    """The execution count that the file has, as in `In [3]`."""
    source: Markup
    outputs: Sequence[outputs.Output]
    verdict: Verdict | None
    """None if the cell was not judged, such as a cell of text."""
    reason: Markup
    seconds: str
    findings: Sequence[Entry]
    variables: Sequence[moved.Moved]
    restart: restarts.Need | None
    error: Markup | None
    """The traceback of the rerun, or of the main run."""

    @property
    def loud(self) -> Sequence[moved.Moved]:
        """The variables of which there is more to say than that they start over."""
        return [variable for variable in self.variables if not variable.is_quiet]

    @property
    def is_open(self) -> bool:
        """Whether what the rerun did to them is shown without being asked for."""
        return self.verdict is Verdict.IN_PLACE and any(variable.rows for variable in self.variables)


@dataclass(frozen=True)
class Notebook:
    """A notebook of the page."""

    anchor: str
    report: NotebookReport
    path: str
    cells: Sequence[Cell]
    findings: Sequence[Entry]
    counts: dict[Verdict, int]
    lineage: Lineage | None
    notes: Sequence[str]
    plans: Sequence[Markup]
    whole: Sequence[Markup]

    @property
    def styles(self) -> list[str]:
        """The style sheets of frames, which the policy of the page has to allow."""
        return [style for cell in self.cells for output in cell.outputs for style in output.styles]

    @property
    def others(self) -> list[Entry]:
        """What is said of the notebook, and of cells that the page does not have."""
        shown = {cell.index for cell in self.cells}
        return [entry for entry in self.findings if entry.index not in shown]


def view(report: NotebookReport, number: int) -> Notebook:
    """Put together what the page shows of a notebook."""
    anchor = f"n{number}"
    nodes, note = _nodes(report)
    findings = sorted(of_notebook(report), key=lambda entry: (entry.rank, entry.index))
    cells = _cells(report, nodes, findings, anchor)
    verdicts = [cell.verdict for cell in report.cells]
    sources = {index: str(node["source"]) for index, node in enumerate(nodes)}
    said = (
        report.problem and f"Not checked: {report.problem}",
        report.reason,
        report.incomplete,
        note,
        _STATIC if report.static else "",
        "" if report.values else _NO_VALUES,
    )
    return Notebook(
        anchor,
        report,
        one_line(report.path),
        cells,
        findings,
        {verdict: verdicts.count(verdict) for verdict in Verdict if verdict in verdicts},
        lineage(report, sources),
        [one_line(text) for text in said if text],
        [restarts.plan(recovery) for recovery in report.recover],
        [restarts.whole_run(run) for run in report.whole],
    )


def _nodes(report: NotebookReport) -> tuple[list[Any], str]:
    """The cells of the file, if it is still what was checked; else none, and why."""
    if report.problem:
        return [], ""
    try:
        nodes = read_notebook(report.path).node["cells"]
    except NotebookError:
        return [], _UNREADABLE
    is_same = all(cell.index < len(nodes) and nodes[cell.index]["id"] == cell.id for cell in report.cells)
    return (list(nodes), "") if is_same else ([], _CHANGED)


def _cells(report: NotebookReport, nodes: Sequence[Any], findings: Sequence[Entry], anchor: str) -> list[Cell]:
    judged = {cell.index: cell for cell in report.cells}
    if not nodes:
        first_lines = {"cell_type": "code", "outputs": []}
        return [
            _cell(report, index, {**first_lines, "source": cell.first_line}, cell, findings, anchor)
            for index, cell in judged.items()
        ]
    return [
        _cell(report, index, node, judged.get(index), findings, anchor)
        for index, node in enumerate(nodes)
        if str(node["source"]).strip() or node.get("outputs")
    ]


def _cell(
    report: NotebookReport, index: int, node: Any, judged: CellReport | None, findings: Sequence[Entry], anchor: str
) -> Cell:
    kind = node["cell_type"] if node["cell_type"] in ("code", "markdown") else "raw"
    count = node.get("execution_count")
    own = [entry for entry in findings if entry.index == index]
    return Cell(
        anchor=f"{anchor}-c{index}",
        index=index,
        kind=kind,
        count=count if type(count) is int else None,
        source=_source(kind, node, report.values),
        outputs=outputs.outputs_of(node) if kind == "code" and report.values else [],
        verdict=judged.verdict if judged else None,
        reason=words.prose(judged.reason) if judged and not _is_said(judged.reason, own) else Markup(""),
        seconds=_seconds(judged) if judged else "",
        findings=own,
        variables=moved.variables(judged) if judged else [],
        restart=restarts.need(judged.restart) if judged and judged.restart else None,
        error=_error(report, index, judged),
    )


def _source(kind: str, node: Any, values: bool) -> Markup:
    text, attached = str(node["source"]), node.get("attachments")
    if kind == "markdown":
        return words.markdown(text, attached if isinstance(attached, dict) and values else {})
    return words.source(text, values=values) if kind == "code" or not values else words.plain(text)


def _is_said(reason: str, findings: Sequence[Entry]) -> bool:
    """Whether the findings of a cell say all that the reason for its verdict says."""
    said = "\n".join(entry.message for entry in findings)
    return all(clause in said for clause in one_line(reason).split("; "))


def _seconds(cell: CellReport) -> str:
    runs = (("first run", cell.seconds.first), ("again", cell.seconds.again))
    return ", ".join(f"{run} {seconds:.2f} s" for run, seconds in runs if seconds is not None)


def _error(report: NotebookReport, index: int, judged: CellReport | None) -> Markup | None:
    raised = report.failure if report.failure and report.failure.index == index else judged.error if judged else None
    if raised is None:
        return None
    lines = "\n".join(raised.traceback) or f"{raised.ename}: {raised.evalue}"
    return words.terminal(secrets.shown_error(lines))


def is_trouble(entry: Entry) -> bool:
    """Whether an entry says that the notebook failed or was not checked, and has no rule."""
    return entry.rule in TROUBLES
