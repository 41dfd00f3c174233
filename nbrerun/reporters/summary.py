"""The end of the terminal report: a row for each notebook, then cells, findings, and what was left out."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from rich.table import Table
from rich.text import Text

from nbrerun.model import NotebookReport, Report, Severity, Verdict, skipped_for
from nbrerun.reporters.looks import VERDICTS, listed
from nbrerun.reporters.pieces import GAP, count
from nbrerun.reporters.text import one_line

_COLUMNS = (Verdict.ERROR, Verdict.IN_PLACE, Verdict.PERSISTED, Verdict.RESET, Verdict.UNDETERMINED)
"""Verdicts with a column of their own, if any cell has them; the others have no consequences."""


def summary_line(report: Report) -> str:
    """Render the summary on one line."""
    return "; ".join(summary(report))


def summary(report: Report) -> tuple[str, str]:
    """Render the summary on two lines: the cells of each verdict, then findings, troubles and seconds."""
    counts = report.summary()
    cells, notebooks = counts.pop("cells"), len(report.notebooks)
    verdicts = ", ".join(f"{number} {word}" for word, number in counts.items() if number)
    first = f"{count(cells, 'cell')} in {count(notebooks, 'notebook')}" + (f": {verdicts}" if verdicts else "")
    if notebooks and all(notebook.static for notebook in report.notebooks):
        first = f"{count(notebooks, 'notebook')} read, nothing run"
    rest = list(_findings(report))
    if notebooks and all(notebook.problem or notebook.lacks for notebook in report.notebooks):
        first, rest = "nothing was checked", []
    if failed := sum(notebook.failure is not None for notebook in report.notebooks):
        rest.append(f"{count(failed, 'notebook')} failed")
    if unchecked := sum(bool(notebook.problem) for notebook in report.notebooks):
        rest.append(f"{count(unchecked, 'notebook')} not checked")
    if skipped := [notebook for notebook in report.notebooks if notebook.lacks]:
        lacks = dict.fromkeys(module for notebook in skipped for module in notebook.lacks)
        rest.append(f"{count(len(skipped), 'notebook')} {skipped_for(lacks)}")
    if any(notebook.interrupted for notebook in report.notebooks):
        rest.append("interrupted")
    if any(notebook.over_budget for notebook in report.notebooks):
        rest.append("the budget is spent")
    if cached := sum(notebook.cached for notebook in report.notebooks):
        rest.append(f"{count(cached, 'notebook')} cached")
    seconds = report.seconds
    if seconds is None:  # those of a cached report were spent by an earlier check
        seconds = sum(notebook.seconds for notebook in report.notebooks if not notebook.cached)
    rest.append(f"{seconds:.1f} s")
    return first, "; ".join(rest)


def table(report: Report) -> Table:
    """Lay out one row for each notebook: how many cells of each verdict, and how many findings."""
    there = {cell.verdict for notebook in report.notebooks for cell in notebook.cells}
    verdicts = [verdict for verdict in _COLUMNS if verdict in there]
    laid = Table(box=None, padding=(0, GAP, 0, 0), pad_edge=False, header_style="bold")
    folder = _folder([notebook.path for notebook in report.notebooks])
    laid.add_column(f"notebook in {one_line(folder)}" if folder else "notebook", overflow="fold")
    for verdict in verdicts:
        laid.add_column(Text(str(verdict), style=VERDICTS[verdict][2]), justify="right", no_wrap=True)
    laid.add_column("findings", justify="right", no_wrap=True)
    for notebook in report.notebooks:
        held = [cell.verdict for cell in notebook.cells]
        numbers = [Text(str(held.count(verdict) or ""), style=VERDICTS[verdict][2]) for verdict in verdicts]
        name = os.path.relpath(notebook.path, folder) if folder else notebook.path
        laid.add_row(Text(one_line(name)), *numbers, _outcome(notebook))
    return laid


def _folder(paths: Sequence[str]) -> str:
    """Return the folder that all paths begin with, which need not be repeated; empty if there is none."""
    try:
        return os.path.commonpath([os.path.dirname(path) for path in paths])
    except ValueError:  # absolute and relative ones
        return ""


def _outcome(notebook: NotebookReport) -> Text:
    if notebook.status in ("failed", "unchecked", "skipped"):
        word = "not checked" if notebook.problem else notebook.status
        return Text(word, style="dim" if notebook.lacks else "bold red")
    found = listed(notebook)
    is_error = any(finding.severity is Severity.ERROR for finding in found)
    return Text(str(len(found) or ""), style="bold red" if is_error else "yellow")


def _findings(report: Report) -> Iterator[str]:
    """Yield the findings by severity, then, if there is a baseline, how many are known and how many are gone."""
    findings = [finding for finding in report.findings() if finding.listed]
    new = [finding.severity for finding in findings if report.compared is None or not finding.known]
    counted = [(new.count(severity), severity) for severity in Severity]
    words = [
        count(number, str(severity), plural=severity is not Severity.INFO) for number, severity in counted if number
    ]
    adjective = "" if report.compared is None else "new "
    yield f"{adjective}findings: {', '.join(words)}" if words else f"no {adjective}findings"
    if report.compared is not None:
        yield f"{len(findings) - len(new)} known"
        if gone := sum(item.count for item in report.compared.gone):
            yield f"{gone} gone"
