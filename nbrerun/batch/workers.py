"""Check one notebook in this process, or many at once through joblib."""

from __future__ import annotations

import contextlib
import sys
import traceback
import warnings
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbrerun.batch.budget import Turn
from nbrerun.batch.displayed import displayed
from nbrerun.batch.jobs import Job
from nbrerun.errors import InternalError, NbrerunError, UsageError, WorkerError
from nbrerun.model import CellReport, NotebookReport, Verdict
from nbrerun.progress import Elsewhere, Silent
from nbrerun.secrets import code_without_values
from nbrerun.settings.values import LOCAL, OUT_OF_BUDGET

if TYPE_CHECKING:
    from nbrerun.analysis import Listener

_SECONDS_TO_CONNECT = 10
_ALL = -1
"""joblib's notation: a cluster knows its own size."""
_WHY = "most often because memory ran out; check fewer notebooks at once"

Task = tuple[Job, "Turn | None"]


@dataclass(frozen=True)
class Crew:
    """How many notebooks are checked at once, and where."""

    jobs: int | None = 1
    """None for one per core."""
    backend: str | None = None
    """Name of a joblib backend; None for this process, or processes of this machine if `jobs` is more than one."""
    scheduler: str | None = None
    """Address of a running cluster."""

    @property
    def size(self) -> int:
        """The number of jobs on this machine; that of a cluster is unknown here."""
        if self.jobs is None:
            import joblib

            return int(joblib.cpu_count())
        return self.jobs

    @property
    def is_alone(self) -> bool:
        """Whether everything is done in this process."""
        return self.backend is None and self.size == 1

    def check_all(
        self, tasks: Sequence[Task], listener: Silent
    ) -> Generator[tuple[int, NotebookReport | NbrerunError], None, None]:
        """Check notebooks at the same time; yield each report, or why there is none, with the position of its task.

        Raises:
            NbrerunError: the cluster does not respond, or one of its workers has died.
        """
        from nbrerun.batch import local

        if self.backend in (None, LOCAL):
            with local.shelter() as place:
                listener.workers_started(place)
                calls = [(job, turn, place) for job, turn in tasks]
                died = [WorkerError(f"{job.path}: the process that checked it has died, {_WHY}") for job, _ in tasks]
                with contextlib.closing(local.answers(_answer, calls, self.size, died.__getitem__)) as answers:
                    yield from answers
            return
        with self._cluster(), contextlib.closing(_answers(tasks)) as answers:
            try:
                yield from enumerate(answers)
            except _deaths() as error:
                raise WorkerError(f"a process that checked notebooks has died, {_WHY}") from error

    @contextlib.contextmanager
    def _cluster(self) -> Iterator[None]:
        import joblib

        with contextlib.ExitStack() as stack:
            options: dict[str, Any] = {}
            if self.backend == "dask":
                options["client"] = stack.enter_context(self._dask())
            elif self.backend == "ray":
                self._join_ray()
            stack.enter_context(joblib.parallel_config(backend=self.backend, **options))
            yield

    def _dask(self) -> Any:
        try:
            from distributed import Client
        except ImportError as error:
            raise UsageError("--backend dask needs the package distributed: pip install distributed") from error
        try:
            return Client(self.scheduler, timeout=_SECONDS_TO_CONNECT)  # type: ignore[no-untyped-call]  # it has no types
        except (OSError, TypeError, ValueError) as error:
            raise self._no_answer("dask scheduler", error) from error

    def _join_ray(self) -> None:
        try:
            import ray
            from ray.util.joblib import register_ray
        except ImportError as error:
            raise UsageError("--backend ray needs the package ray: pip install ray") from error
        try:
            ray.init(address=self.scheduler, ignore_reinit_error=True, log_to_driver=False, logging_level="warning")
        except (OSError, RuntimeError, ValueError) as error:
            raise self._no_answer("ray cluster", error) from error
        register_ray()

    def _no_answer(self, who: str, error: Exception) -> WorkerError:
        why = str(error).partition("\n")[0] or type(error).__name__
        return WorkerError(f"no {who} answers at {self.scheduler} ({why})")


def _deaths() -> tuple[type[Exception], ...]:
    """List the exceptions that dask raises when a worker, or a whole cluster, has died."""
    if "distributed" not in sys.modules:
        return ()
    from distributed import KilledWorker
    from distributed.comm.core import CommClosedError

    return CommClosedError, KilledWorker


def check(job: Job, turn: Turn | None, listener: Listener) -> NotebookReport:
    """Check one notebook in this process, in the time that its turn gives it.

    Raises:
        NbrerunError: it cannot be checked.
    """
    with mistakes_reported(job.path):
        return displayed(_check(job, turn, listener))


@contextlib.contextmanager
def mistakes_reported(path: Path) -> Iterator[None]:
    """Raise what is a mistake in nbrerun itself as InternalError, with the notebook that was at hand."""
    try:
        yield
    except NbrerunError:
        raise
    except Exception as error:  # none of those that nbrerun raises on purpose
        said = "".join(traceback.format_exception_only(error)).strip().rpartition("\n")[2]
        why = f"{path}: nbrerun itself failed ({said}); please report it{_where_to_report()}"
        raise InternalError(why, traceback.format_exc()) from error


def _where_to_report() -> str:
    """Say where the package's metadata want reports to go; empty if they do not say it."""
    with contextlib.suppress(metadata.PackageNotFoundError):  # it is used without being installed
        for url in metadata.metadata("nbrerun").get_all("Project-URL") or ():
            label, _, address = url.partition(", ")
            if label == "Issues":
                return f" at {address}"
    return ""


def _check(job: Job, turn: Turn | None, listener: Listener) -> NotebookReport:
    if job.settings.static:
        from nbrerun.static.check import analyze

        return analyze(job.notebook, job.settings)
    settings = job.settings
    if turn is not None:
        settings = replace(settings, budget=turn.budget())
        if settings.budget is not None and settings.budget.is_spent:
            return _not_begun(job)
    from nbrerun import analysis

    return analysis.analyze(job.notebook, settings, listener)


def _answers(tasks: Sequence[Task]) -> Generator[Any, None, None]:
    """Yield what a cluster sends as it arrives, or all at the end where joblib's backend (ray) allows nothing else."""
    import joblib
    from joblib.parallel import get_active_backend

    calls = (joblib.delayed(_answer)(job, turn, None) for job, turn in tasks)
    # Single tasks, not batches: a notebook takes seconds to minutes, and its report is wanted as soon as it is there.
    if not get_active_backend()[0].supports_return_generator:
        yield from joblib.Parallel(n_jobs=_ALL, batch_size=1)(calls)
        return
    with warnings.catch_warnings():
        # joblib warns of tasks that were cancelled; those were cancelled on purpose.
        warnings.filterwarnings("ignore", message=".*have been cancelled", category=UserWarning)
        run = joblib.Parallel(n_jobs=_ALL, return_as="generator", batch_size=1)
        with contextlib.closing(run(calls)) as answers:
            yield from answers


def _answer(job: Job, turn: Turn | None, place: str | None) -> NotebookReport | NbrerunError:
    """Check in a worker; an error is returned, since joblib drops the reports before one that is raised."""
    from nbrerun.batch import local

    try:
        if place is None:
            return check(job, turn, Silent())
        with local.at_work(place), Elsewhere(place) as listener:
            return check(job, turn, listener)
    except NbrerunError as error:
        return error


def _not_begun(job: Job) -> NotebookReport:
    kernel = job.settings.kernel_named(job.notebook.kernel_name)
    shown = str if job.settings.values else code_without_values
    cells = tuple(
        CellReport(cell.index, cell.id, Verdict.UNDETERMINED, OUT_OF_BUDGET, shown(cell.first_line))
        for cell in job.notebook.cells
    )
    return NotebookReport(str(job.notebook.path), "", "", kernel, cells=cells, over_budget=True)
