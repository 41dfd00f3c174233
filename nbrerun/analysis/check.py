"""One check of one notebook, while it is made."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Protocol

from nbrerun.engine.choose import Chosen
from nbrerun.model import CellReport, Failure, NotebookReport, Recovery, WholeRun
from nbrerun.notebooks.git import committed
from nbrerun.notebooks.read import Notebook
from nbrerun.secrets import code_without_values
from nbrerun.settings.values import WHOLE, Settings
from nbrerun.state.timeline import Step


class Listener(Protocol):
    """Is told how far a check is; a progress display, for instance."""

    def notebook_started(self, path: str, total: int) -> None:
        """A notebook is about to be run, with `total` code cells."""

    def cell_started(self, index: int, doing: str) -> None:
        """Cell `index` is about to be run; `doing` is `first run`, `again`, `control` ..."""

    def cell_judged(self, cell: CellReport) -> None:
        """The verdict on a cell is known (may be refined by *later* at the end)."""

    def notebook_finished(self, report: NotebookReport) -> None:
        """The report on a notebook is complete."""


@dataclass
class Check:
    """What is known so far; the parts of the analysis fill it in."""

    notebook: Notebook
    settings: Settings
    listener: Listener
    choice: Chosen
    reports: dict[int, CellReport] = field(default_factory=dict)
    """By index of the cell."""
    steps: list[Step] = field(default_factory=list)
    """Cells of the main run whose states could be read."""
    set_by_hand: dict[int, list[str]] = field(default_factory=dict)
    """Process settings that each cell's first run changed, by moment."""
    recovered: list[Recovery] = field(default_factory=list)
    whole: list[WholeRun] = field(default_factory=list)
    failure: Failure | None = None
    over_budget: bool = False
    """Something was left out since there was no time for it."""
    tracked: set[str] = field(default_factory=set)
    """Files of which it mattered whether they are under version control."""

    def report(self, report: CellReport) -> None:
        """Add a cell's verdict, or refine it."""
        if not self.settings.values:
            report = replace(report, first_line=code_without_values(report.first_line))
        self.reports[report.index] = report
        self.listener.cell_judged(report)

    def has_time(self) -> bool:
        """Whether the budget allows another experiment; if it does not, the report says that some were left out."""
        budget = self.settings.budget
        is_spent = budget is not None and budget.is_spent
        self.over_budget = self.over_budget or is_spent
        return not is_spent

    @property
    def starts_over(self) -> bool:
        """Whether some experiment begins with a fresh kernel, and compares with every moment."""
        return bool(self.settings.experiments & {"restart", *WHOLE})

    def committed(self, names: Iterable[str]) -> frozenset[str] | None:
        """Which of these files are under version control."""
        self.tracked.update(wanted := set(names))
        return committed(self.notebook.folder, wanted)

    def cells(self) -> tuple[CellReport, ...]:
        """The reports in document order."""
        return tuple(self.reports[index] for index in sorted(self.reports))
