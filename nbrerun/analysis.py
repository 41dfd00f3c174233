"""The one use case: check a notebook and report."""

from __future__ import annotations

from typing import Protocol

from nbrerun.config import Settings
from nbrerun.model import CellReport, NotebookReport
from nbrerun.notebook import Notebook


class Listener(Protocol):
    """What wants to know how far a check is; a progress display, say."""

    def notebook_started(self, path: str, total: int) -> None:
        """`total` code cells will be run."""

    def cell_started(self, index: int, doing: str) -> None:
        """Cell `index` is about to be run; `doing` is `first run`, `again`, `control` ..."""

    def cell_judged(self, cell: CellReport) -> None:
        """The verdict on a cell is known (may be refined by *later* at the end)."""

    def notebook_finished(self, report: NotebookReport) -> None:
        """All that there is to say of this notebook."""


def analyze(notebook: Notebook, settings: Settings, listener: Listener) -> NotebookReport:
    """Run the notebook, run its cells again, compare, judge.

    Raises:
        KernelError: the kernel does not exist, does not start, or is not Python.
    """
    raise NotImplementedError
