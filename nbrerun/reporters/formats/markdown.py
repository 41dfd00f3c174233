"""The report as Markdown, for a job summary or a comment on a pull request."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TextIO

from nbrerun.model import NotebookReport, Report, Verdict
from nbrerun.reporters.entries import RUN_FAILED, UNCHECKED, new_of_report, of_notebook
from nbrerun.reporters.pieces import count
from nbrerun.reporters.summary import summary_line
from nbrerun.reporters.text import one_line

_CODE = re.compile(r"(`[^`]+`)")
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~!&$])")
_RESERVE = 256
"""Bytes kept free for the sentence that says how much was cut."""


def render(report: Report, out: TextIO, most_bytes: int | None = None) -> None:
    """Write a table for each notebook that has findings, in at most this many bytes of UTF-8."""
    size = 0
    rows = 0
    for chunk, is_row in _chunks(report):
        size += len(chunk.encode("utf-8", "replace"))
        if most_bytes is not None and size > most_bytes - _RESERVE:
            left = len(new_of_report(report)) - rows
            out.write(f"\n\n{count(left, 'more line')} cut: the table exceeds the size limit.\n")
            return
        out.write(chunk)
        rows += is_row


def _chunks(report: Report) -> Iterator[tuple[str, bool]]:
    """Yield pieces of text that must not be cut, and whether each is the row of an entry."""
    yield f"## nbrerun\n\n{prose(summary_line(report))}\n", False
    yield "".join(_verdicts(report)), False
    yield "".join(_gone(report)), False
    for notebook in report.notebooks:
        new = [entry for entry in of_notebook(notebook) if not entry.known]
        entries = sorted(new, key=lambda entry: (entry.rank, entry.index))
        if entries or notebook.lacks or notebook.incomplete:
            notes = "".join(f"\n{prose(note)}\n" for note in (notebook.reason, notebook.incomplete) if note)
            yield f"\n### {prose(notebook.path)}\n{notes}", False
        if entries:
            yield "\n| cell | rule | severity | what |\n| ---: | --- | --- | --- |\n", False
        for entry in entries:
            cell = str(entry.index) if entry.index >= 0 else ""
            rule = {RUN_FAILED: "the run failed", UNCHECKED: "not checked"}.get(entry.rule, entry.rule)
            yield f"| {cell} | {rule} | {entry.severity} | {prose(entry.message)} |\n", True


def _verdicts(report: Report) -> Iterator[str]:
    """Yield the lines of a table with one row for each notebook: how many cells have each verdict."""
    there = {cell.verdict for notebook in report.notebooks for cell in notebook.cells}
    columns = [verdict for verdict in Verdict if verdict in there]
    if not columns:
        return
    yield f"\n| notebook | {' | '.join(map(str, columns))} | findings |\n"
    yield f"| --- |{' ---: |' * len(columns)} ---: |\n"
    for notebook in report.notebooks:
        verdicts = [cell.verdict for cell in notebook.cells]
        numbers = [str(verdicts.count(verdict) or "") for verdict in columns]
        yield f"| {prose(notebook.path)} | {' | '.join([*numbers, _outcome(notebook)])} |\n"


def _outcome(notebook: NotebookReport) -> str:
    if notebook.status != "ok":
        return {"unchecked": "not checked"}.get(notebook.status, notebook.status)
    new = sum(finding.listed and not finding.known for finding in notebook.findings)
    known = sum(finding.listed and finding.known for finding in notebook.findings)
    return ", ".join([*([str(new)] if new else []), *([f"{known} known"] if known else [])])


def _gone(report: Report) -> Iterator[str]:
    """Yield what has gone since the baseline."""
    if report.compared is None or not report.compared.gone:
        return
    yield f"\nGone since the baseline {prose(report.compared.baseline)}:\n\n"
    for gone in report.compared.gone:
        more = f" ({gone.count} findings)" if gone.count > 1 else ""
        yield f"- {gone.rule} in cell {prose(gone.cell)} of {prose(gone.notebook)}{more}\n"


def prose(text: str) -> str:
    """Escape what Markdown would read as markup, except for code between backticks."""
    parts = _CODE.split(one_line(text))
    # A table splits at a bare `|` even within code (GitHub Flavored Markdown, "Tables").
    return "".join(
        part.replace("|", r"\|") if number % 2 else _SPECIAL.sub(r"\\\1", part) for number, part in enumerate(parts)
    )
