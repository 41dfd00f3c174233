"""The experiments that start from the end of the main run: *later*, *restart*, *recover*, the whole notebook."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from dataclasses import replace

from nbrerun.analysis import watched
from nbrerun.analysis.check import Check
from nbrerun.classify.declared import settle
from nbrerun.classify.findings import findings, future_findings, unseeded_draw, whole_findings
from nbrerun.classify.report import not_judged, report_cell
from nbrerun.classify.variable import may_drift
from nbrerun.clock import Part, spent_on
from nbrerun.engine.liveness import ProbeFailure
from nbrerun.experiments.later import later, matters, told_anything
from nbrerun.experiments.recover import recover
from nbrerun.experiments.restart import restart
from nbrerun.experiments.whole_notebook import files_read, whole
from nbrerun.model import Cell, CellReport, Finding, Kind, Mark, Parting, Restart, Verdict, WholeRun
from nbrerun.notebooks.git import repository
from nbrerun.probe.describe.ownership import lies_in_environment
from nbrerun.probe.protocol.wire import Closed
from nbrerun.settings.values import EXPERIMENTS, OUT_OF_BUDGET, WHOLE
from nbrerun.state.timeline import from_the_future

_RECOVER_SECONDS, _RECOVER_SHARE = 0.3, 0.1
"""How long recovery plans may run unless asked for: this, and this share of the main run."""


class Afterwards:
    """The experiments on a notebook whose main run is over, and whose last moment could be read."""

    def __init__(self, check: Check) -> None:
        self._check = check
        self._steps = check.steps

    def run(self) -> None:
        """Make the experiments that the settings ask for."""
        experiments = self._check.settings.experiments
        if "later" in experiments:
            self._later()
        if len(self._steps) < len(self._check.notebook.cells):
            return  # the others compare with every moment, and one could not be read
        if "restart" in experiments:
            self._restart()
        for name in WHOLE:
            if name in experiments:
                self._whole(name)

    def _later(self) -> None:
        cells, end = self._check.notebook.cells, self._steps[-1].first
        for position, step in enumerate(self._steps):
            seen, report = step.seen, self._check.reports[step.cell.index]
            if seen is None or not _may_drift(report):
                continue
            below = [(each.before, each.first) for each in self._steps[position + 1 :]]
            moment = cells.index(step.cell) + 1
            settings = {name for at, names in self._check.set_by_hand.items() if at > moment for name in names}
            if matters(seen, end, settings, below):
                if self._check.has_time():
                    self._check.listener.cell_started(step.cell.index, "later")
                    with contextlib.suppress(Closed, ProbeFailure):  # then the verdict stays without *later*
                        later(self._check.choice.engine, len(cells), seen, end, below)
                if not told_anything(seen.later) and not self._check.has_time():
                    self._check.report(not_judged(step.cell, Verdict.UNDETERMINED, OUT_OF_BUDGET, step.seconds))
                else:
                    shown = self._check.settings.values
                    self._check.report(report_cell(seen, step.seconds, report.engine, values=shown))

    def _restart(self) -> None:
        found: dict[int, Restart] = {}
        for position, step in enumerate(self._steps):
            if step.seen is not None:
                with spent_on(Part.RESTART):
                    found[position] = self._alone(position)
                self._check.report(replace(self._check.reports[step.cell.index], restart=found[position]))
        # What was found before the kernel died is reported.
        with contextlib.suppress(Closed, ProbeFailure), spent_on(Part.WAYS_BACK):
            engine, settings = self._check.choice.engine, self._check.settings
            for recovery in recover(engine, self._steps, found, settings.watch, self._seconds_to_recover()):
                left_out = not recovery.verified and not self._check.has_time()
                self._check.recovered.append(replace(recovery, reason=OUT_OF_BUDGET) if left_out else recovery)
        self._check.recovered.sort(key=lambda recovery: recovery.name)

    def _alone(self, position: int) -> Restart:
        if not self._check.has_time():
            return Restart(False, reason=OUT_OF_BUDGET)
        self._check.listener.cell_started(self._steps[position].cell.index, "restart")
        try:
            return restart(self._check.choice.engine, position, self._steps)
        except (Closed, ProbeFailure) as error:
            return Restart(False, reason=f"the kernel gave no answer: {error}")

    def _seconds_to_recover(self) -> float:
        """A limit on plans, since all of them can take as long as the notebook itself; the user can lift it."""
        budget = self._check.settings.budget
        left = math.inf if budget is None else max(budget.left, 0.0)
        if self._check.settings.all_plans:
            return left
        return min(left, _RECOVER_SECONDS + _RECOVER_SHARE * sum(step.seconds for step in self._steps))

    def _whole(self, name: str) -> None:
        if not self._check.has_time():
            self._check.whole.append(WholeRun(name, reason=OUT_OF_BUDGET))
            return
        self._check.listener.cell_started(self._steps[0].cell.index, name.replace("-", " "))
        try:
            found = whole(
                self._check.choice.engine, name, self._steps, self._uncommitted() if name == "fresh-clone" else ()
            )
        except (Closed, ProbeFailure) as error:
            found = WholeRun(name, reason=f"the kernel gave no answer: {error}")
        self._check.whole.append(replace(found, parted=tuple(map(self._with_marks, found.parted))))

    def _uncommitted(self) -> list[str]:
        """Files that the notebook reads and that a clone of its repository does not have.

        An environment inside the repository is installed beside every clone, so its files stay.
        """
        folder = self._check.notebook.folder.resolve()
        top = str(repository(folder) or folder)
        read = [name for name in files_read(self._steps) if not lies_in_environment(str(folder / name), top)]
        there = self._check.committed(read)
        return [] if there is None else [name for name in read if name not in there]

    def _with_marks(self, parting: Parting) -> Parting:
        """Add the marks of a variable, which may explain why two runs end differently."""
        marks = {
            mark
            for report in self._check.reports.values()
            for variable in report.variables
            if variable.name == parting.name
            for mark in variable.marks
        }
        return replace(parting, marks=tuple(mark for mark in Mark if mark in marks - {Mark.DRIFTS}))


def _may_drift(report: CellReport) -> bool:
    """Whether *later* can tell anything about a variable of a cell, whatever the verdict on the cell."""
    counted = (each for each in report.variables if not each.incidental and each.kind is not Kind.DEFINITION)
    return any(may_drift(each.verdict, each.marks) for each in counted)


def all_findings(check: Check) -> Iterator[Finding]:
    """All findings, in the order of the cells."""
    on_files = [*future_findings(_from_the_future(check)), *whole_findings(check.whole)]
    cells = {cell.index: cell for cell in (*check.notebook.cells, *check.notebook.skipped)}
    asked = check.settings
    partly = bool(asked.watch or asked.cells) or asked.only != "all" or not asked.experiments.issuperset(EXPERIMENTS)
    for report in check.cells():
        found = [*findings(watched.cell(report, asked.watch))]
        others = [*(finding for finding in on_files if finding.index == report.index), *_unseeded_draws(check, report)]
        found += [finding for finding in others if watched.shows(finding.name, asked.watch)]
        yield from settle(cells[report.index], report, found, partly)


def _unseeded_draws(check: Check, report: CellReport) -> Iterator[Finding]:
    """Findings on data that is drawn without a seed, where a model in a later cell is fitted on it."""
    # Where the check was interrupted, the last cell has been run, and not been judged.
    later = [step for step in check.steps if step.cell.index > report.index and step.cell.index in check.reports]
    for variable in report.variables:
        if Mark.UNSEEDED not in variable.marks or variable.kind is not Kind.DATA or variable.incidental:
            continue
        for step in later:
            if step.replaces(variable.name):
                break  # from there on the name is another variable's
            models = [one.name for one in check.reports[step.cell.index].variables if one.kind is Kind.MODEL]
            if variable.name in step.read and models:
                yield unseeded_draw(report, variable, models[0], step.cell)
                break


def _from_the_future(check: Check) -> Iterator[tuple[Cell, str, Cell]]:
    """Files that a later cell writes, except for those under version control, which are wherever the notebook is."""
    found = list(from_the_future(check.steps))
    there = check.committed(name for _, name, _ in found) or ()
    for reader, name, writer in found:
        if name not in there:
            yield reader.cell, name, writer.cell
