"""The outcome of a run: the reports of the notebooks that were checked, and the exit code."""

from __future__ import annotations

import enum
import functools
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from nbrerun import __version__
from nbrerun.baseline import Baseline
from nbrerun.batch.displayed import displayed
from nbrerun.batch.jobs import Job, Refused
from nbrerun.batch.placed import placed
from nbrerun.errors import InternalError, NbrerunError
from nbrerun.model import Compared, NotebookReport, Report, Verdict


class Exit(enum.IntEnum):
    """Exit codes of a check."""

    NOTHING = 0
    FINDINGS = 1
    WRONG_USAGE = 2
    FAILED = 3
    OVER_BUDGET = 4
    INTERRUPTED = 130


@dataclass
class Outcome:
    """The reports of all notebooks that it came to, and why the run ended early, if it did."""

    baseline: Baseline | None = None
    strict: bool = False
    """What was not judged fails as well."""
    problem: NbrerunError | None = None
    interrupted: bool = False
    unchecked: list[NbrerunError] = field(default_factory=list)
    """Why notebooks could not be checked."""
    _started: float = field(default_factory=time.perf_counter)
    _found: dict[int, tuple[NotebookReport, Callable[[str], bool]]] = field(default_factory=dict)
    """By the number of the notebook: its report, and whether the check looked for a rule."""

    @property
    def reports(self) -> list[NotebookReport]:
        """The reports in the order in which the notebooks were given."""
        return [report for report, _ in self._in_order]

    @property
    def _in_order(self) -> list[tuple[NotebookReport, Callable[[str], bool]]]:
        return [self._found[number] for number in sorted(self._found)]

    @property
    def fails(self) -> bool:
        """Whether a notebook could not be checked, raised, or has a finding that fails the check."""
        return self.exit_code in (Exit.FINDINGS, Exit.FAILED, Exit.WRONG_USAGE)

    @property
    def exit_code(self) -> Exit:
        """The exit code of the process."""
        # The gravest outcome decides: one that leaves notebooks unchecked comes before what was found in the others.
        if self.problem or self.unchecked:
            return Exit.WRONG_USAGE
        if self.interrupted:
            return Exit.INTERRUPTED
        if any(report.failure for report in self.reports):
            return Exit.FAILED
        fails = any(finding.fails for report in self.reports for finding in report.findings)
        fails = fails or (self.strict and bool(self.not_judged))
        over_budget = any(report.over_budget for report in self.reports)
        return Exit.FINDINGS if fails else Exit.OVER_BUDGET if over_budget else Exit.NOTHING

    @property
    def not_judged(self) -> str:
        """Which cells and notebooks have no verdict: `2 cells undetermined, 1 notebook skipped`; empty if all have."""
        held = [cell.verdict for report in self.reports for cell in report.cells]
        numbers = [(held.count(verdict), f"cell{{}} {verdict}") for verdict in (Verdict.SKIPPED, Verdict.UNDETERMINED)]
        numbers.append((sum(bool(report.lacks) for report in self.reports), "notebook{} skipped"))
        return ", ".join(f"{number} {words.format('s' if number > 1 else '')}" for number, words in numbers if number)

    def add(self, found: NotebookReport | NbrerunError, job: Job | Refused, number: int) -> NotebookReport:
        """Add the report on a notebook, or why there is none; return it with those of its findings that count."""
        if isinstance(found, NbrerunError) or isinstance(job, Refused):
            self._refuse(found, job.path, number)
        else:
            self._judge(found, job, number)
        return self._found[number][0]

    def _refuse(self, error: NotebookReport | NbrerunError, path: Path, number: int) -> None:
        assert isinstance(error, NbrerunError)
        self.unchecked.append(error)
        lines = error.traceback.splitlines() if isinstance(error, InternalError) else ()
        report = NotebookReport(str(path), "", "", "", problem=str(error), traceback=tuple(lines))
        self._found[number] = displayed(report), lambda rule: False

    def _judge(self, report: NotebookReport, job: Job, number: int) -> None:
        report = placed(report, job)
        findings = tuple(finding for finding in report.findings if job.gate.reports(finding.rule))
        if self.baseline is not None:
            findings = self.baseline.marked(report.path, findings)
        gate = job.gate
        judged = (
            replace(finding, fails=not finding.known and gate.fails(finding), listed=gate.lists(finding))
            for finding in findings
        )
        report = replace(report, findings=tuple(judged), values=job.settings.values)
        self._found[number] = report, functools.partial(job.looks_for, report)
        self.interrupted |= report.interrupted

    def report(self) -> Report:
        """Combine the reports, and compare them with the baseline."""
        compared = None
        if self.baseline is not None:
            gone = self.baseline.gone(self._in_order)
            compared = Compared(self.baseline.path, gone)
        return Report(__version__, tuple(self.reports), compared, time.perf_counter() - self._started)
