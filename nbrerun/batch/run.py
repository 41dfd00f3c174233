"""Run a batch: check notebooks one after another or several at once, all of them or as many as there is time for."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nbrerun.baseline import Baseline
from nbrerun.batch.budget import Turn, turns
from nbrerun.batch.cache import Cache
from nbrerun.batch.changed import changed
from nbrerun.batch.jobs import Job
from nbrerun.batch.outcome import Outcome
from nbrerun.batch.workers import Crew, check
from nbrerun.errors import NbrerunError
from nbrerun.model import NotebookReport

if TYPE_CHECKING:
    from nbrerun.analysis import Listener


@dataclass(frozen=True)
class Course:
    """How a run proceeds."""

    crew: Crew = field(default_factory=Crew)
    budget: float | None = None
    """Seconds that the run may take; None for no limit."""
    fail_fast: bool = False
    """The run ends with the first notebook that fails."""


_ONE_BY_ONE = Course()


def run(
    jobs: Sequence[Job],
    listener: Listener,
    known: Baseline | None = None,
    cache: Cache | None = None,
    course: Course = _ONE_BY_ONE,
) -> Outcome:
    """Check the notebooks; whatever ends the run early is part of the outcome, and is not raised.

    Args:
        jobs: the notebooks.
        listener: is told of the progress.
        known: the baseline to compare with.
        cache: verdicts of earlier checks.
        course: processes, budget, and when to stop.
    """
    outcome = Outcome(known)
    try:
        with contextlib.closing(_reports(jobs, listener, cache, course)) as reports:
            for number, report in reports:
                outcome.add(report, jobs[number], number)
                if outcome.interrupted or (course.fail_fast and outcome.fails):
                    break
    except NbrerunError as error:
        outcome.problem = error
    except KeyboardInterrupt:
        outcome.interrupted = True
    return outcome


def _reports(
    jobs: Sequence[Job], listener: Listener, cache: Cache | None, course: Course
) -> Generator[tuple[int, NotebookReport], None, None]:
    """Yield the reports with the numbers of their notebooks; those from the cache come first."""
    unknown = []
    for number, job in enumerate(jobs):
        report = cache.get(job) if cache is not None else None
        if report is None:
            unknown.append(number)
            continue
        _tell(listener, report)
        yield number, report
    for number, report in _found(jobs, unknown, listener, course):
        if cache is not None:
            cache.put(jobs[number], report)
        yield number, report


def _found(
    jobs: Sequence[Job], numbers: Sequence[int], listener: Listener, course: Course
) -> Generator[tuple[int, NotebookReport], None, None]:
    order: list[tuple[int, Turn | None]] = [(number, None) for number in numbers]
    if course.budget is not None:
        recently = changed([jobs[number].notebook for number in numbers])
        order = [(numbers[place], turn) for place, turn in turns(recently, course.budget, course.crew.size)]
    if course.crew.is_alone or (len(order) < 2 and course.crew.backend is None):
        for number, turn in order:
            yield number, check(jobs[number], turn, listener)
        return
    found = course.crew.check_all([(jobs[number], turn) for number, turn in order])
    with contextlib.closing(found):
        for (number, _), report in zip(order, found, strict=True):
            _tell(listener, report)
            yield number, report


def _tell(listener: Listener, report: NotebookReport) -> None:
    listener.notebook_started(report.path, len(report.cells))
    listener.notebook_finished(report)
