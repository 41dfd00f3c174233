"""What has changed between two reports: verdicts, findings, and what could be checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TextIO

from nbrerun.model import CellReport, Finding, NotebookReport, Report
from nbrerun.reporters.formats.markdown import prose
from nbrerun.reporters.looks import cell_name
from nbrerun.reporters.pieces import count
from nbrerun.reporters.text import one_line


@dataclass(frozen=True)
class Changed:
    """One verdict that has changed, or a cell that only one report has."""

    index: int
    first_line: str
    before: str
    """The verdict; empty if the cell is new."""
    now: str
    """The verdict; empty if the cell is gone."""


@dataclass(frozen=True)
class Difference:
    """The differences on one notebook."""

    path: str
    status: tuple[str, str]
    """Before and now; `absent` of a notebook that only one report has."""
    verdicts: tuple[Changed, ...] = ()
    new: tuple[Finding, ...] = ()
    gone: tuple[Finding, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.verdicts or self.new or self.gone or self.status[0] != self.status[1])


def compare(old: Report, new: Report) -> list[Difference]:
    """Compare the notebooks with the same path, their cells by their ids; the only ones of both reports in any case."""
    before = {notebook.path: notebook for notebook in old.notebooks}
    now = {notebook.path: notebook for notebook in new.notebooks}
    if len(before) == len(now) == 1:
        before = {path: notebook for path in now for notebook in before.values()}
    paths = [*now, *(path for path in before if path not in now)]
    found = (_compare(path, before.get(path), now.get(path)) for path in paths)
    return [difference for difference in found if difference]


def _compare(path: str, old: NotebookReport | None, new: NotebookReport | None) -> Difference:
    statuses = old.status if old else "absent", new.status if new else "absent"
    if old is None or new is None:
        return Difference(path, statuses, new=_listed(new), gone=_listed(old))
    return Difference(
        path,
        statuses,
        tuple(_verdicts(old.cells, new.cells)),
        tuple(_only_in(_listed(new), _listed(old))),
        tuple(_only_in(_listed(old), _listed(new))),
    )


def _listed(notebook: NotebookReport | None) -> tuple[Finding, ...]:
    return tuple(finding for finding in notebook.findings if finding.listed) if notebook else ()


def _verdicts(old: Iterable[CellReport], new: Iterable[CellReport]) -> Iterator[Changed]:
    before, now = {cell.id: cell for cell in old}, {cell.id: cell for cell in new}
    for name in [*now, *(name for name in before if name not in now)]:
        shown = now.get(name) or before[name]
        verdicts = [str(cells[name].verdict) if name in cells else "" for cells in (before, now)]
        if verdicts[0] != verdicts[1]:
            yield Changed(shown.index, shown.first_line, *verdicts)


def _only_in(some: Iterable[Finding], others: Iterable[Finding]) -> Iterator[Finding]:
    """Yield the findings of a cell, a rule and a variable that are more than in the other report."""
    there = Counter((finding.cell, finding.rule, finding.name) for finding in others)
    for finding in some:
        key = finding.cell, finding.rule, finding.name
        there[key] -= 1
        if there[key] < 0:
            yield finding


def summary(differences: Iterable[Difference]) -> str:
    """Render `2 verdicts changed, 1 new finding, 3 findings gone in 2 notebooks`."""
    found = list(differences)
    if not found:
        return "nothing has changed"
    verdicts, new, gone = (sum(len(getattr(one, part)) for one in found) for part in ("verdicts", "new", "gone"))
    counts = f"{count(verdicts, 'verdict')} changed, {count(new, 'new finding')}, {count(gone, 'finding')} gone"
    return f"{counts} in {count(len(found), 'notebook')}"


def render(differences: Iterable[Difference], out: TextIO) -> None:
    """Write the differences as text."""
    found = list(differences)
    lines = [line for one in found for line in [one_line(one.path), *(f"  {line}" for line in _lines(one)), ""]]
    encoding = out.encoding or "utf-8"
    for line in [*lines, summary(found)]:
        out.write(line.encode(encoding, "replace").decode(encoding) + "\n")


def _lines(one: Difference) -> Iterator[str]:
    if one.status[0] != one.status[1]:
        yield f"was {one.status[0]}, is {one.status[1]}"
    for change in one.verdicts:
        yield f"{cell_name(change.index)}: {_words(change)}  {one_line(change.first_line)}".rstrip()
    for sign, findings in (("+", one.new), ("-", one.gone)):
        for finding in findings:
            yield f"{sign} {finding.rule} {finding.severity} in {_where(finding)}: {one_line(finding.message)}"


def _words(change: Changed) -> str:
    if not change.before:
        return f"new, {change.now}"
    return f"{change.before}, now {change.now}" if change.now else f"gone, was {change.before}"


def _where(finding: Finding) -> str:
    return cell_name(finding.index) or "the notebook"


def render_markdown(differences: Iterable[Difference], out: TextIO) -> None:
    """Write the differences for a comment on a pull request: a table for each notebook."""
    found = list(differences)
    out.write(f"## nbrerun: {summary(found)}\n")
    for one in found:
        out.write(f"\n### {prose(one.path)}\n")
        if one.status[0] != one.status[1]:
            out.write(f"\nwas {one.status[0]}, is {one.status[1]}\n")
        rows = [(str(change.index), "verdict", _words(change)) for change in one.verdicts]
        for word, findings in (("new", one.new), ("gone", one.gone)):
            rows += [
                (_where(finding).removeprefix("cell "), f"{word} {finding.rule}", finding.message)
                for finding in findings
            ]
        if rows:
            out.write("\n| cell | | what |\n| ---: | --- | --- |\n")
        for cell, kind, what in rows:
            out.write(f"| {cell} | {kind} | {prose(what)} |\n")
