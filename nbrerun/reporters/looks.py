"""How the terminal report shows verdicts, severities and cells."""

from __future__ import annotations

from rich.text import Text

from nbrerun.model import CellReport, Finding, NotebookReport, Severity, Verdict

QUIET, NORMAL, VERBOSE = -1, 0, 1

VERDICTS = {
    # verdict: symbol, symbol in ASCII, style
    Verdict.ERROR: ("✗", "x", "bold red"),
    Verdict.IN_PLACE: ("»", ">", "bold yellow"),
    Verdict.PERSISTED: ("◆", "*", "bold blue"),
    Verdict.RESET: ("✓", "+", "green"),
    Verdict.STATELESS: ("·", ".", "dim"),
    Verdict.SKIPPED: ("-", "-", "dim"),
    Verdict.UNDETERMINED: ("?", "?", "bold magenta"),
    Verdict.UNTOUCHED: (" ", " ", "dim"),
}
SEVERITIES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.INFO: "blue"}


def cell_name(index: int) -> str:
    """Name a cell by its position in the file, from 0, in a way that nobody takes for `In [4]`."""
    return f"cell {index}" if index >= 0 else ""


def execution(cell: CellReport | None) -> str:
    """Render the number that Jupyter shows beside the cell: `In [4]`; empty if the file has none."""
    return f"In [{cell.execution_count}]" if cell and cell.execution_count is not None else ""


def counts(notebook: NotebookReport) -> Text:
    """Render `9 cells: 2 error, 1 in-place, 6 reset`, in the colours of the verdicts."""
    verdicts = [cell.verdict for cell in notebook.cells]
    text = Text(f"{len(verdicts)} cell{'' if len(verdicts) == 1 else 's'}")
    parts = [
        Text(f"{verdicts.count(verdict)} {verdict}", style=style)
        for verdict, (_, _, style) in VERDICTS.items()
        if verdict in verdicts
    ]
    return text.append(": ").append_text(Text(", ").join(parts)) if parts else text


def listed(notebook: NotebookReport) -> list[Finding]:
    """List the findings to look at: none of severity info that nobody asked for, and none of the baseline."""
    return [finding for finding in notebook.findings if finding.listed and not finding.known]
