"""The main run with *again* after each cell."""

from __future__ import annotations

import contextlib

from nbrerun.analysis.check import Check
from nbrerun.classify.report import not_judged, report_cell
from nbrerun.engine.interface import Branch, FirstRun, Past, Undone
from nbrerun.engine.kernel import ProbeFailure
from nbrerun.experiments.again import again
from nbrerun.model import Cell, Failure, Verdict
from nbrerun.notebook import select
from nbrerun.probe.messages import State
from nbrerun.probe.wire import Closed
from nbrerun.state.observation import Observation
from nbrerun.state.timeline import Step


class MainRun:
    """One notebook on its way from the first cell to the last."""

    def __init__(self, check: Check) -> None:
        self._check = check
        self._choice = check.choice
        self._notebook = check.notebook
        self._chosen = select(check.notebook, check.settings.cells)
        self._done: list[Past] = []
        self._state: State | None = None

    def run(self) -> None:
        """Run every cell, and each once more."""
        for cell in self._notebook.skipped:
            tag = "nbval-skip" if "nbval-skip" in cell.tags else "skip-execution"
            self._check.report(not_judged(cell, Verdict.SKIPPED, f"tagged `{tag}`", None))
        self._look(0)
        for moment, cell in enumerate(self._notebook.cells, 1):
            self._check.listener.cell_started(cell.index, "first run")
            first = self._choice.engine.first_run(cell)
            if first.lost:
                self._give_up(moment, first.lost)
                return
            if first.fatal:
                self._fail(cell, first)
                return
            before = self._state = first.before or self._state
            self._done.append(Past(cell, before))
            seen = None
            if self._is_chosen(moment):
                seen = self._judge(moment, cell, first)
            else:
                self._look(moment)
                self._check.report(not_judged(cell, Verdict.SKIPPED, self._why_skipped(cell), first.seconds))
            if before is not None and self._state is not None:
                self._check.steps.append(Step(cell, before, self._state, first.seconds, first.raised, seen))
            if moment > 1 or not self._check.starts_over:
                self._choice.engine.drop(moment - 1)

    def _give_up(self, moment: int, why: str) -> None:
        for cell in self._notebook.cells[moment - 1 :]:
            self._check.report(not_judged(cell, Verdict.UNDETERMINED, why, None))

    def _fail(self, cell: Cell, first: FirstRun) -> None:
        raised = first.raised
        assert raised is not None
        evalue = raised.evalue
        with contextlib.suppress(Closed, ProbeFailure):  # the kernel may be dead
            if self._choice.engine.is_full():
                evalue += " (this run has no more room for files in the sandbox: give it more with --sandbox-limit)"
        self._check.failure = Failure(raised.ename, evalue, raised.traceback, cell.index)

    def _hold(self, moment: int) -> Branch | Undone:
        """Keep the moment, read the state there, and leave a branch there to use."""
        engine = self._choice.engine
        try:
            undone = engine.hold(moment)
            branch = undone or engine.branch(moment)
            if isinstance(branch, Undone):
                return self._elsewhere(moment, branch)
            if moment == len(self._notebook.cells):
                engine.keep_files()
            self._state = branch.read()
            self._check.set_by_hand[moment] = self._state["by_hand"]
        except (Closed, ProbeFailure) as error:
            return Undone(f"the state could not be read: {error}")
        return branch

    def _look(self, moment: int) -> None:
        """Keep and read a moment that the next cell or the end needs; the cell before it is not run again."""
        if moment == len(self._notebook.cells) or self._is_chosen(moment + 1) or self._check.starts_over:
            branch = self._hold(moment)
            if isinstance(branch, Undone):
                self._state = None
            else:
                branch.close()

    def _is_chosen(self, moment: int) -> bool:
        cells = self._notebook.cells
        return 1 <= moment <= len(cells) and not self._why_skipped(cells[moment - 1])

    def _why_skipped(self, cell: Cell) -> str:
        """Why this cell is not run again; empty if it is."""
        if cell.declared.skip:
            return "tagged `nbrerun:skip`" if "nbrerun:skip" in cell.tags else "skipped by its metadata"
        return "" if cell.index in self._chosen else "not chosen with --cells"

    def _elsewhere(self, moment: int, undone: Undone) -> Branch | Undone:
        cell = self._notebook.cells[max(0, moment - 1)]
        return self._hold(moment) if self._choice.switch(undone, cell, self._done) else undone

    def _judge(self, moment: int, cell: Cell, first: FirstRun) -> Observation | None:
        seconds = first.seconds
        before = self._state
        branch = self._hold(moment)
        if isinstance(branch, Undone):
            self._state = None
            self._check.report(not_judged(cell, Verdict.UNDETERMINED, branch.reason, seconds))
            return None
        if before is None or self._state is None:
            branch.close()
            reason = "the state before this cell could not be read"
            self._check.report(not_judged(cell, Verdict.UNDETERMINED, reason, seconds))
            return None
        if self._check.settings.only == "models" and not self._concerns_model(cell, branch):
            branch.close()
            self._check.report(not_judged(cell, Verdict.SKIPPED, "concerns no model", seconds))
            return None
        self._check.listener.cell_started(cell.index, "again")
        seen = Observation(cell, before, self._state, raises=first.raised is not None)
        undone = self._again(moment, branch, seen)
        if undone is not None:
            engine = self._choice.engine.name
            self._check.report(not_judged(cell, Verdict.UNDETERMINED, undone.reason, seconds, engine))
            return None
        self._check.report(report_cell(seen, self._check.settings.watch, seconds, self._choice.engine.name))
        return seen

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
