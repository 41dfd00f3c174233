"""Run a batch: check notebooks one after another or several at once, all of them or as many as there is time for."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field

from nbrerun.baseline import Baseline
from nbrerun.batch.budget import Turn, turns
from nbrerun.batch.cache import Cache
from nbrerun.batch.changed import changed
from nbrerun.batch.jobs import Job, Refused
from nbrerun.batch.outcome import Outcome
from nbrerun.batch.workers import Crew, check
from nbrerun.errors import NbrerunError
from nbrerun.model import NotebookReport
from nbrerun.progress import Silent


@dataclass(frozen=True)
class Course:
    """How a run proceeds."""

    crew: Crew = field(default_factory=Crew)
    budget: float | None = None
    """Seconds that the run may take; None for no limit."""
    fail_fast: bool = False
    """The run ends with the first notebook that fails."""
    strict: bool = False
    """What was not judged fails as well."""


_ONE_BY_ONE = Course()


def run(
    jobs: Sequence[Job | Refused],
    listener: Silent,
    known: Baseline | None = None,
    cache: Cache | None = None,
    course: Course = _ONE_BY_ONE,
    done: Callable[[NotebookReport], None] = lambda report: None,
) -> Outcome:
    """Check the notebooks; whatever ends the run early is part of the outcome, and is not raised.

    Args:
        jobs: the notebooks.
        listener: is told of the progress.
        known: the baseline to compare with.
        cache: verdicts of earlier checks.
        course: processes, budget, and when to stop.
        done: is called with the report of each notebook as soon as it is there.
    """
    outcome = Outcome(known, course.strict)
    try:
        with contextlib.closing(_reports(jobs, listener, cache, course)) as reports:
            for number, report in reports:
                judged = outcome.add(report, jobs[number], number)
                listener.notebook_reported(number, judged)
                done(judged)
                if outcome.interrupted or (course.fail_fast and outcome.fails):
                    break
    except NbrerunError as error:
        outcome.problem = error
    except KeyboardInterrupt:
        outcome.interrupted = True
    return outcome


def _reports(
    jobs: Sequence[Job | Refused], listener: Silent, cache: Cache | None, course: Course
) -> Generator[tuple[int, NotebookReport | NbrerunError], None, None]:
    """Yield the reports with the numbers of their notebooks; first what need not be run."""
    unknown: dict[int, Job] = {}
    for number, job in enumerate(jobs):
        if isinstance(job, Refused):
            yield number, job.error
            continue
        report = cache.get(job) if cache is not None else None
        if report is None:
            unknown[number] = job
            continue
        yield number, report
    for number, found in _found(unknown, listener, course):
        if cache is not None and isinstance(found, NotebookReport):
            cache.put(unknown[number], found)
        yield number, found


def _found(
    jobs: Mapping[int, Job], listener: Silent, course: Course
) -> Generator[tuple[int, NotebookReport | NbrerunError], None, None]:
    numbers = list(jobs)
    order: list[tuple[int, Turn | None]] = [(number, None) for number in numbers]
    if course.budget is not None:
        recently = changed([jobs[number].notebook for number in numbers])
        order = [(numbers[place], turn) for place, turn in turns(recently, course.budget, course.crew.size)]
    if course.crew.is_alone or (len(order) < 2 and course.crew.backend is None):
        for number, turn in order:
            try:
                yield number, check(jobs[number], turn, listener)
            except NbrerunError as error:
                yield number, error
        return
    found = course.crew.check_all([(jobs[number], turn) for number, turn in order], listener)
    with contextlib.closing(found):
        for position, report in found:
            yield order[position][0], report
