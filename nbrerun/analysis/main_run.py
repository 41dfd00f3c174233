"""The main run of a notebook, with *again* after each cell."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from nbrerun.analysis.check import Check
from nbrerun.analysis.foresight import Foresight
from nbrerun.classify.report import killed, not_judged, report_cell
from nbrerun.engine.identity import worth_watching
from nbrerun.engine.interface import Branch, FirstResult, FirstRun, Past, Undone
from nbrerun.engine.liveness import ProbeFailure
from nbrerun.errors import with_limit
from nbrerun.experiments.again import again
from nbrerun.model import Cell, Failure, Outside, Verdict
from nbrerun.notebooks.select import select
from nbrerun.probe.protocol.messages import Contact, State
from nbrerun.probe.protocol.wire import Closed
from nbrerun.settings.values import OUT_OF_BUDGET
from nbrerun.state.observation import Observation
from nbrerun.state.outside import sent
from nbrerun.state.sharing import share
from nbrerun.state.timeline import Step, data_files

_FIRST = 0
_WORTH_OVERLAPPING = 0.1
"""Seconds of a first run from which on the rerun goes on beside the next cell; it costs one more fork."""


@dataclass(frozen=True)
class _Waiting:
    """A cell whose first run is over, and whose moment is kept until it is its turn to be run again."""

    rank: int
    moment: int
    cell: Cell
    first: FirstRun
    before: State
    state: State


class MainRun:
    """The main run of one notebook, from its first cell to its last."""

    def __init__(self, check: Check) -> None:
        self._check = check
        self._choice = check.choice
        self._notebook = check.notebook
        self._chosen = select(check.notebook, check.settings.cells)
        self._done: list[Past] = []
        self._state: State | None = None
        self._read_at = -1
        """The moment at which the state was read."""
        self._waiting: list[_Waiting] = []
        self._overlapping: tuple[_Waiting, Branch] | None = None
        """The last cell, while it is run again beside the next one."""
        self._died = False
        """The kernel of the main run died, and whatever was forked from it."""
        self._is_over = False
        self._foresight = Foresight(check, self._is_chosen)
        self._passed: list[int] = []
        """Moments before the last one that was held, which serve the reading of the next one."""

    def run(self) -> None:
        """Run every cell, and each chosen one once more."""
        for cell in self._notebook.skipped:
            tag = "nbval-skip" if "nbval-skip" in cell.tags else "skip-execution"
            self._check.report(not_judged(cell, Verdict.SKIPPED, f"tagged `{tag}`", None))
        self._look(0)
        for moment, cell in enumerate(self._notebook.cells, 1):
            first = self._first_run(cell)
            self._died = first.raised is not None and first.raised.ename == "DeadKernelError"
            self._finish_overlapping()
            if first.lost:
                self._give_up(moment, first.lost)
                break
            if first.fatal:
                self._fail(cell, first)
                break
            before = self._state = first.before or self._state
            self._done.append(Past(cell, before))
            was_read = self._read_at == moment - 1
            seen = self._foresight.told(moment, first, before)
            is_told = seen is not None
            if seen is not None:
                self._state, self._read_at = seen.first, moment
                self._report(seen, first.seconds, ())
            elif self._is_chosen(moment):
                seen = self._judge(moment, cell, first)
            else:
                self._look(moment)
                self._check.report(not_judged(cell, Verdict.SKIPPED, self._why_skipped(cell), first.seconds))
            if before is not None and self._state is not None:
                is_alone = was_read and self._read_at == moment
                self._check.steps.append(Step(cell, before, self._state, first.seconds, first.raised, seen, is_alone))
            self._passed.append(moment - 1)
            if not is_told:
                for passed in self._passed:
                    self._drop(passed)
                self._passed.clear()
        self._finish_overlapping()
        self._is_over = True
        self._judge_waiting()

    def _first_run(self, cell: Cell) -> FirstRun:
        if not self._check.has_time():
            return FirstRun(0.0, lost=OUT_OF_BUDGET)
        self._check.listener.cell_started(cell.index, "first run")
        return self._choice.engine.first_run(cell)

    def _drop(self, moment: int) -> None:
        waiting = [*self._waiting, *(self._overlapping[:1] if self._overlapping else ())]
        needed = {near for each in waiting for near in (each.moment - 1, each.moment)}
        if moment not in needed and (moment > 0 or not self._check.starts_over):
            self._choice.engine.drop(moment)

    def _give_up(self, moment: int, why: str) -> None:
        self._check.over_budget = self._check.over_budget or why == OUT_OF_BUDGET
        for cell in self._notebook.cells[moment - 1 :]:
            skipped = self._why_skipped(cell)
            verdict = Verdict.SKIPPED if skipped else Verdict.UNDETERMINED
            self._check.report(not_judged(cell, verdict, skipped or why, None))

    def _fail(self, cell: Cell, first: FirstRun) -> None:
        raised = first.raised
        assert raised is not None
        evalue = raised.evalue
        with contextlib.suppress(Closed, ProbeFailure):  # the kernel may be dead
            if self._choice.engine.is_full():
                evalue += " (this run has no more room for files in the sandbox: give it more with --sandbox-limit)"
        self._check.failure = Failure(raised.ename, with_limit(evalue), raised.traceback, cell.index)

    def _hold(self, moment: int) -> Branch | Undone:
        """Keep the moment, read the state there, and return a branch there."""
        engine = self._choice.engine
        try:
            branch = engine.hold(moment)
            if isinstance(branch, Undone):
                cell = self._notebook.cells[max(0, moment - 1)]
                return self._hold(moment) if self._switch(moment, branch, cell) else self._choice.advised(branch)
            if moment == len(self._notebook.cells):
                engine.keep_files()
            state, known = branch.read(), self._state
            if known is not None:
                share(state, known)
            self._state, self._read_at = state, moment
            self._check.set_by_hand[moment] = self._state["by_hand"]
        except (Closed, ProbeFailure) as error:
            return Undone(with_limit(f"the state could not be read: {error}"))
        return branch

    def _look(self, moment: int) -> None:
        """Keep and read a moment after a cell that is not run again, if the next cell or the end needs it."""
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

    def _switch(self, moment: int, undone: Undone, cell: Cell) -> bool:
        """Use replay from now on, if that may help; it cannot go back to cells that wait, so these come first."""
        if moment < len(self._done) or self._overlapping is not None:
            return False
        if undone.replay_may_answer:
            self._judge_waiting()
        return self._choice.switch(undone, cell, self._done)

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
        reached = self._state["outside"]
        if (acts := sent(reached)) and not self._check.settings.rerun_outside:
            branch.close()
            self._done[moment - 1] = replace(self._done[moment - 1], sends=True)
            reason = f"{acts[0]['how']} {acts[0]['what']}: not run again"
            report = not_judged(cell, Verdict.UNDETERMINED, reason, seconds)
            self._check.report(replace(report, outside=_outside(reached)))
            return None
        waiting = _Waiting(self._rank(cell, branch), moment, cell, first, before, self._state)
        if waiting.rank == _FIRST:
            if self._choice.engine.overlaps and moment < len(self._notebook.cells) and seconds > _WORTH_OVERLAPPING:
                branch.begin(cell, worth_watching(self._result(waiting)))
                self._overlapping = waiting, branch
                return None
            return self._rerun(waiting, branch)
        if self._choice.engine.can_come_back():
            self._waiting.append(waiting)
        elif self._may_rerun_lesser():
            return self._rerun(waiting, branch)
        else:
            self._leave_out(waiting)
        branch.close()
        return None

    def _rank(self, cell: Cell, branch: Branch) -> int:
        """A cell's place in the order where time is limited: models before data, changed cells before others.

        See "A budget is spent where it tells most" in `docs/decisions.md`.
        """
        budget = self._check.settings.budget
        if budget is None:
            return _FIRST
        is_old = bool(budget.first) and cell.index not in budget.first
        return _FIRST + is_old + (not self._concerns_model(cell, branch))

    def _may_rerun_lesser(self) -> bool:
        """Less important cells may use half of the budget before the main run is over, and then all that is left."""
        budget = self._check.settings.budget
        return self._check.has_time() if budget is None or self._is_over else not budget.is_half_spent

    def _leave_out(self, waiting: _Waiting) -> None:
        self._check.over_budget = True
        cell, seconds = waiting.cell, waiting.first.seconds
        self._check.report(not_judged(cell, Verdict.UNDETERMINED, OUT_OF_BUDGET, seconds))

    def _judge_waiting(self) -> None:
        """Run the cells that were passed over again, most important first."""
        for each in sorted(self._waiting, key=lambda each: (each.rank, each.moment)):
            if each.cell.index in self._check.reports:
                continue  # judged meanwhile, for another cell
            if self._may_rerun_lesser():
                self._take_turn(each)
            else:
                self._leave_out(each)
        passed, self._waiting = self._waiting, []
        for moment in {near for each in passed for near in (each.moment - 1, each.moment)}:
            if moment < len(self._done):
                self._drop(moment)

    def _take_turn(self, waiting: _Waiting) -> None:
        branch = self._choice.engine.branch(waiting.moment)
        if isinstance(branch, Undone):
            self._report_undone(waiting, branch)
        else:
            self._note(waiting.cell, self._rerun(waiting, branch))

    def _judge_writers(self, waiting: _Waiting) -> None:
        """Judge those first that wrote a file which this one read: what they saved decides what was loaded."""
        read = {name for name, opened in waiting.state["opened"].items() if opened["read"]}
        for each in self._waiting:
            wrote = {name for name, opened in each.state["opened"].items() if opened["written"]}
            if read & wrote and each.moment < waiting.moment and each.cell.index not in self._check.reports:
                self._take_turn(each)

    def _finish_overlapping(self) -> None:
        """Judge the cell that is being run again, now that the next one has been run."""
        if self._overlapping is not None:
            waiting, branch = self._overlapping
            self._note(waiting.cell, self._rerun(waiting, branch))
            self._overlapping = None
            for near in (waiting.moment - 1, waiting.moment):
                if near < len(self._done):
                    self._drop(near)

    def _note(self, cell: Cell, seen: Observation | None) -> None:
        """Add what the experiments on a cell have shown to its step."""
        steps = self._check.steps
        steps[:] = [replace(step, seen=seen) if step.cell is cell else step for step in steps]

    def _result(self, waiting: _Waiting) -> FirstResult:
        above = data_files(step for step in self._check.steps if step.cell.index < waiting.cell.index)
        raises = waiting.first.raised is not None
        return FirstResult(waiting.cell, waiting.before, waiting.state, raises, above)

    def _rerun(self, waiting: _Waiting, branch: Branch) -> Observation | None:
        cell, first = waiting.cell, waiting.first
        self._judge_writers(waiting)
        self._check.listener.cell_started(cell.index, "again")
        seen = self._again(waiting.moment, branch, self._result(waiting))
        if isinstance(seen, Undone):
            self._report_undone(waiting, seen)
            return None
        self._report(seen, first.seconds, waiting.state["outside"])
        return seen

    def _report(self, seen: Observation, seconds: float, reached: Sequence[Contact]) -> None:
        report = report_cell(seen, seconds, self._choice.engine.name, values=self._check.settings.values)
        self._check.report(replace(report, outside=_outside(reached)))

    def _report_undone(self, waiting: _Waiting, undone: Undone) -> None:
        if undone.outside:
            self._done[waiting.moment - 1] = replace(self._done[waiting.moment - 1], sends=True)
        reason = "the kernel died in the cell below" if self._died else with_limit(undone.reason)
        reason = reason if self._check.has_time() else OUT_OF_BUDGET
        name, seconds = self._choice.engine.name, waiting.first.seconds
        if undone.died and not self._died:
            self._check.report(killed(waiting.cell, seconds, name))
            return
        report = not_judged(waiting.cell, Verdict.UNDETERMINED, reason, seconds, name)
        self._check.report(replace(report, outside=_outside([*waiting.state["outside"], *undone.outside])))

    def _again(self, moment: int, branch: Branch, first: FirstResult) -> Observation | Undone:
        try:
            seen = again(self._choice.engine, moment, branch, first)
        except (Closed, ProbeFailure) as error:
            seen = Undone(f"the state after the rerun could not be read: {error}")
        if isinstance(seen, Undone) and self._switch(moment, seen, first.cell):
            other = self._hold(moment)
            return other if isinstance(other, Undone) else self._again(moment, other, first)
        if isinstance(seen, Undone):
            return self._choice.advised(seen)
        if seen.again is not None:
            share(seen.again["after"], seen.first)
        return seen

    def _concerns_model(self, cell: Cell, branch: Branch) -> bool:
        assert self._state is not None
        variables = self._state["variables"]
        return any(variables[name]["kind"] == "model" for name in branch.touchable(cell) if name in variables)


def _outside(contacts: Iterable[Contact]) -> tuple[Outside, ...]:
    return tuple(dict.fromkeys(Outside(each["kind"], each["what"], each["reads"]) for each in contacts))
