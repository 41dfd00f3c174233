"""What the reporters for other tools share: one entry for each finding, and one for each main run that raised."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass

from nbrerun import rules
from nbrerun.model import Finding, NotebookReport, Report, Severity
from nbrerun.notebooks.lines import Place, read_places
from nbrerun.reporters.repository import path_in_repository
from nbrerun.reporters.text import one_line

RUN_FAILED = "run-failed"
"""Stands in place of the rule for a main run that raised."""

UNCHECKED = "unchecked"
"""Stands in place of the rule for a notebook that could not be checked."""
TROUBLES = (RUN_FAILED, UNCHECKED)

TOOL = "nbrerun"
_ORDER = list(Severity)


@dataclass(frozen=True)
class Entry:
    """One message about a place in a notebook."""

    path: str
    """Relative to the top of the repository, with forward slashes."""
    rule: str
    severity: Severity
    index: int
    """The cell, from 0; -1 if the entry is about the whole notebook."""
    cell: str
    """The id of the cell."""
    name: str | None
    message: str
    """On one line, and safe to print."""
    place: Place
    fix: str = ""
    """How to fix it, in a few words."""
    known: bool = False
    """It is in the baseline."""
    fails: bool = False
    """It fails the check."""
    turn: int = 0
    """Position among the entries with the same rule, variable and cell, from 0."""

    @property
    def title(self) -> str:
        """Render `NBR002 in cell 4`."""
        return f"{self.rule} in {self.where}"

    @property
    def where(self) -> str:
        """Render `cell 4`."""
        return where(self.index)

    @property
    def rank(self) -> int:
        """Sort key, most important first: 0 for a run that failed or did not begin, then by severity."""
        return 0 if self.rule in TROUBLES else 1 + _ORDER.index(self.severity)

    def fingerprint(self, *more: str) -> str:
        """Identify the finding across runs: by cell, rule and variable, not by position or wording."""
        parts = (*more, self.cell, self.rule, self.name or "", str(self.turn))
        # File names that are not UTF-8 contain surrogates (PEP 383).
        return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def where(index: int) -> str:
    """Name a cell by the number that the terminal report gives it, or the notebook if the index is negative."""
    return f"cell {index}" if index >= 0 else "the notebook"


def of_report(report: Report) -> list[Entry]:
    """List all entries, notebooks in their order."""
    return [entry for notebook in report.notebooks for entry in of_notebook(notebook)]


def new_of_report(report: Report) -> list[Entry]:
    """List all entries except for those that are in the baseline."""
    return [entry for entry in of_report(report) if not entry.known]


def of_notebook(notebook: NotebookReport) -> list[Entry]:
    """List why the notebook was not checked, or the failure of the main run, then the findings to look at."""
    found = [finding for finding in notebook.findings if finding.listed]
    if failure := notebook.failure:
        said = f"the main run raised {failure.ename}: {failure.evalue}"
        found.insert(0, Finding(RUN_FAILED, Severity.ERROR, failure.index, None, said))
    if notebook.problem:
        found.append(Finding(UNCHECKED, Severity.ERROR, -1, None, f"not checked: {notebook.problem}"))
    if not found:
        return []  # and the file need not be read
    path, places = path_in_repository(notebook.path), read_places(notebook.path)
    ids = {cell.index: cell.id for cell in notebook.cells}
    turns: Counter[tuple[object, ...]] = Counter()
    entries = []
    for finding in found:
        index, key = finding.index, (finding.rule, finding.index, finding.name)
        entry = Entry(
            path=path,
            rule=finding.rule,
            severity=finding.severity,
            index=index,
            cell=finding.cell or ids.get(index, str(index)),
            name=finding.name,
            message=one_line(finding.message) or finding.rule,
            place=places[index] if 0 <= index < len(places) else Place(),
            fix=rules.fix(finding),
            known=finding.known,
            fails=finding.fails,
            turn=turns[key],
        )
        entries.append(entry)
        turns[key] += 1
    return entries
