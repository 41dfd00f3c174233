"""What the reporters for other tools have in common: one entry for each finding, and for each main run that raised."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from nbrerun.model import Finding, NotebookReport, Report, Severity
from nbrerun.reporters.places import Place, path_in_repository, read_cells
from nbrerun.reporters.text import one_line

RUN_FAILED = "run-failed"
"""Stands where the rule does, for a main run that raised."""

TOOL = "nbrerun"
_ORDER = list(Severity)


@dataclass(frozen=True)
class Entry:
    """One thing to show beside the text of a notebook."""

    path: str
    """From the top of the repository, with forward slashes."""
    rule: str
    severity: Severity
    index: int
    """The cell, from 0; -1 where it is about the notebook as a whole."""
    cell: str
    """The id of the cell."""
    name: str | None
    message: str
    """On one line, and safe to print."""
    place: Place
    known: bool = False
    """It is in the baseline."""
    fails: bool = False
    """It fails the check."""
    turn: int = 0
    """Counts entries of one rule on one variable of one cell, from 0."""

    @property
    def title(self) -> str:
        """Write `NBR002 in cell 4`."""
        return f"{self.rule} in {self.where}"

    @property
    def where(self) -> str:
        """Write `cell 4`."""
        return where(self.index)

    @property
    def rank(self) -> int:
        """0 for what matters most; a run that failed comes before any finding."""
        return 0 if self.rule == RUN_FAILED else 1 + _ORDER.index(self.severity)

    def fingerprint(self, *more: str) -> str:
        """Name the same finding the same in every run: by cell, rule and variable, not by place or wording."""
        parts = (*more, self.cell, self.rule, self.name or "", str(self.turn))
        return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def where(index: int) -> str:
    """Name a cell as the terminal report counts it."""
    return f"cell {index}" if index >= 0 else "the notebook"


def of_report(report: Report) -> list[Entry]:
    """All entries, notebooks in their order."""
    return [entry for notebook in report.notebooks for entry in of_notebook(notebook)]


def new_of_report(report: Report) -> list[Entry]:
    """All entries but those that the baseline has."""
    return [entry for entry in of_report(report) if not entry.known]


def of_notebook(notebook: NotebookReport) -> list[Entry]:
    """The failure of the main run, if there is one, then the findings in their order."""
    return list(_Entries(notebook)) if notebook.failure or notebook.findings else []


@dataclass(frozen=True)
class _Entries:
    notebook: NotebookReport

    def __iter__(self) -> Iterator[Entry]:
        turns: Counter[tuple[object, ...]] = Counter()
        for rule, finding in self._found():
            key = rule, finding.index, finding.name
            yield self._entry(rule, finding, turns[key])
            turns[key] += 1

    def _found(self) -> Iterator[tuple[str, Finding]]:
        failure = self.notebook.failure
        if failure:
            said = f"the main run raised {failure.ename}: {failure.evalue}"
            yield RUN_FAILED, Finding(RUN_FAILED, Severity.ERROR, failure.index, None, said)
        yield from ((finding.rule, finding) for finding in self.notebook.findings)

    def _entry(self, rule: str, finding: Finding, turn: int) -> Entry:
        index, places = finding.index, self._places
        return Entry(
            path=self._path,
            rule=rule,
            severity=finding.severity,
            index=index,
            cell=finding.cell or self._ids.get(index, str(index)),
            name=finding.name,
            message=one_line(finding.message) or rule,
            place=places[index] if 0 <= index < len(places) else Place(),
            known=finding.known,
            fails=finding.fails,
            turn=turn,
        )

    @cached_property
    def _path(self) -> str:
        return path_in_repository(self.notebook.path)

    @cached_property
    def _places(self) -> list[Place]:
        return read_cells(self.notebook.path)

    @cached_property
    def _ids(self) -> dict[int, str]:
        return {cell.index: cell.id for cell in self.notebook.cells}
