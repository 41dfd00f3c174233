"""Check notebooks, one after another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nbrerun.baseline import Baseline
from nbrerun.batch.cache import Cache
from nbrerun.batch.jobs import Job
from nbrerun.batch.outcome import Outcome
from nbrerun.errors import NbrerunError
from nbrerun.model import NotebookReport

if TYPE_CHECKING:
    from nbrerun.analysis import Listener


def run(jobs: Sequence[Job], listener: Listener, known: Baseline | None = None, cache: Cache | None = None) -> Outcome:
    """Check them all, or as many as it comes to: whatever ends the run is part of the outcome."""
    outcome = Outcome(known)
    try:
        for job in jobs:
            outcome.add(_known_or_found(job, listener, cache), job)
            if outcome.interrupted:
                break
    except NbrerunError as error:
        outcome.problem = error
    except KeyboardInterrupt:
        outcome.interrupted = True
    return outcome


def _known_or_found(job: Job, listener: Listener, cache: Cache | None) -> NotebookReport:
    if cache is None:
        return _report_on(job, listener)
    known = cache.get(job)
    if known is not None:
        listener.notebook_started(known.path, len(job.notebook.cells))
        listener.notebook_finished(known)
        return known
    report = _report_on(job, listener)
    cache.put(job, report)
    return report


def _report_on(job: Job, listener: Listener) -> NotebookReport:
    if job.settings.static:
        from nbrerun import static

        return static.analyze(job.notebook, job.settings)
    from nbrerun import analysis

    return analysis.analyze(job.notebook, job.settings, listener)
