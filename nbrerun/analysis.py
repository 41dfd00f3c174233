"""The one use case: check a notebook and report."""

from __future__ import annotations

import contextlib
import time
from typing import Protocol

from nbrerun.classify.findings import findings
from nbrerun.classify.report import not_judged, report_cell
from nbrerun.config import Settings
from nbrerun.engine.choose import Choice
from nbrerun.engine.interface import Branch, FirstRun, Undone
from nbrerun.engine.kernel import ProbeFailure, resolve_kernel
from nbrerun.experiments.again import again
from nbrerun.experiments.later import later, matters
from nbrerun.model import Cell, CellReport, Failure, NotebookReport, Verdict
from nbrerun.notebook import Notebook, select
from nbrerun.probe.messages import State
from nbrerun.probe.wire import Closed
from nbrerun.state.observation import Observation


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
    started = time.perf_counter()
    kernel = resolve_kernel(notebook, settings.kernel)
    listener.notebook_started(str(notebook.path), len(notebook.cells))
    choice = Choice(notebook, settings, kernel, listener.cell_started)
    check = _Check(notebook, settings, listener, choice)
    interrupted = False
    try:
        check.run()
    except KeyboardInterrupt:
        interrupted = True
    finally:
        choice.engine.close()
    cells = check.cells()
    report = NotebookReport(
        path=str(notebook.path),
        engine=choice.name,
        engine_reason=choice.reason,
        kernel=kernel,
        cells=cells,
        findings=tuple(finding for cell in cells for finding in findings(cell)),
        failure=check.failure,
        interrupted=interrupted,
        seconds=time.perf_counter() - started,
    )
    listener.notebook_finished(report)
    return report


class _Check:
    """One notebook on its way from the first cell to the last, and back for *later*."""

    def __init__(self, notebook: Notebook, settings: Settings, listener: Listener, choice: Choice) -> None:
        self._notebook = notebook
        self._settings = settings
        self._listener = listener
        self._choice = choice
        self._chosen = select(notebook, settings.cells)
        self._reports: dict[int, CellReport] = {}
        self._seen: dict[int, tuple[Observation, float]] = {}
        self._set: dict[int, list[str]] = {}
        """Process settings that each cell's first run changed."""
        self._done: list[Cell] = []
        self._state: State | None = None
        self.failure: Failure | None = None

    def run(self) -> None:
        """The main run with *again* after each cell, then *later*."""
        for cell in self._notebook.skipped:
            self._report(not_judged(cell, Verdict.SKIPPED, "tagged `skip-execution`", None))
        self._look(0)
        for moment, cell in enumerate(self._notebook.cells, 1):
            self._listener.cell_started(cell.index, "first run")
            first = self._choice.engine.first_run(cell)
            if first.lost:
                self._give_up(moment, first.lost)
                return
            if first.fatal:
                self._fail(cell, first)
                return
            self._state = first.before or self._state
            self._done.append(cell)
            if self._is_chosen(moment):
                self._judge(moment, cell, first)
            else:
                self._look(moment)
                self._report(not_judged(cell, Verdict.SKIPPED, self._why_skipped(cell), first.seconds))
            self._choice.engine.drop(moment - 1)
        if "later" in self._settings.experiments:
            self._later()

    def cells(self) -> tuple[CellReport, ...]:
        """What is known by now, in document order."""
        return tuple(self._reports[index] for index in sorted(self._reports))

    def _report(self, report: CellReport) -> None:
        self._reports[report.index] = report
        self._listener.cell_judged(report)

    def _give_up(self, moment: int, why: str) -> None:
        for cell in self._notebook.cells[moment - 1 :]:
            self._report(not_judged(cell, Verdict.UNDETERMINED, why, None))

    def _fail(self, cell: Cell, first: FirstRun) -> None:
        raised = first.raised
        assert raised is not None
        self.failure = Failure(raised.ename, raised.evalue, raised.traceback, cell.index)

    def _hold(self, moment: int) -> Branch | Undone:
        """Keep the moment, read the state there, and leave a branch there to use."""
        engine = self._choice.engine
        try:
            undone = engine.hold(moment)
            branch = undone or engine.branch(moment)
            if isinstance(branch, Undone):
                return self._elsewhere(moment, branch)
            self._state = branch.read()
            self._set[moment] = self._state["by_hand"]
        except (Closed, ProbeFailure) as error:
            return Undone(f"the state could not be read: {error}")
        return branch

    def _look(self, moment: int) -> None:
        """Keep and read a moment that the next cell or the end needs; the cell before it is not run again."""
        if moment == len(self._notebook.cells) or self._is_chosen(moment + 1):
            branch = self._hold(moment)
            if not isinstance(branch, Undone):
                branch.close()

    def _is_chosen(self, moment: int) -> bool:
        cells = self._notebook.cells
        return 1 <= moment <= len(cells) and not self._why_skipped(cells[moment - 1])

    def _why_skipped(self, cell: Cell) -> str:
        """Why this cell is not run again; empty if it is."""
        if "nbrerun:skip" in cell.tags:
            return "tagged `nbrerun:skip`"
        return "" if cell.index in self._chosen else "not chosen with --cells"

    def _elsewhere(self, moment: int, undone: Undone) -> Branch | Undone:
        cell = self._notebook.cells[max(0, moment - 1)]
        return self._hold(moment) if self._choice.switch(undone, cell, self._done) else undone

    def _judge(self, moment: int, cell: Cell, first: FirstRun) -> None:
        seconds = first.seconds
        before = self._state
        branch = self._hold(moment)
        if isinstance(branch, Undone):
            self._state = None
            self._report(not_judged(cell, Verdict.UNDETERMINED, branch.reason, seconds))
            return
        if before is None or self._state is None:
            branch.close()
            reason = "the state before this cell could not be read"
            self._report(not_judged(cell, Verdict.UNDETERMINED, reason, seconds))
            return
        if self._settings.only == "models" and not self._concerns_model(cell, branch):
            branch.close()
            self._report(not_judged(cell, Verdict.SKIPPED, "concerns no model", seconds))
            return
        self._listener.cell_started(cell.index, "again")
        seen = Observation(cell, before, self._state, raises=first.raised is not None)
        undone = self._again(moment, branch, seen)
        if undone is not None:
            engine = self._choice.engine.name
            self._report(not_judged(cell, Verdict.UNDETERMINED, undone.reason, seconds, engine))
            return
        self._seen[moment] = (seen, seconds)
        self._report(report_cell(seen, self._settings.watch, seconds, self._choice.engine.name))

    def _again(self, moment: int, branch: Branch, seen: Observation) -> Undone | None:
        try:
            undone = again(self._choice.engine, moment, branch, seen)
        except (Closed, ProbeFailure) as error:
            undone = Undone(f"the state after the rerun could not be read: {error}")
        if undone is not None and self._choice.switch(undone, seen.cell, self._done):
            other = self._hold(moment)
            return other if isinstance(other, Undone) else self._again(moment, other, seen)
        return undone

    def _concerns_model(self, cell: Cell, branch: Branch) -> bool:
        assert self._state is not None
        variables = self._state["variables"]
        return any(variables[name]["kind"] == "model" for name in branch.touchable(cell) if name in variables)

    def _later(self) -> None:
        end, moment = self._state, len(self._done)
        if end is None:
            return
        for position, (seen, seconds) in self._seen.items():
            report = self._reports[seen.cell.index]
            settings = {name for set_at, names in self._set.items() if set_at > position for name in names}
            if report.verdict in (Verdict.RESET, Verdict.PERSISTED) and matters(seen, end, settings):
                self._listener.cell_started(seen.cell.index, "later")
                with contextlib.suppress(Closed, ProbeFailure):  # then nothing is said of *later*
                    later(self._choice.engine, moment, seen, end)
                self._report(report_cell(seen, self._settings.watch, seconds, report.engine))
