"""Measure what running a notebook cell again does: reset, in-place or persisted.

The public API is `check` and the names in `__all__`, described in `docs/api.md`; the plugin API for adapters is the
object that `docs/adapters.md` describes. Every other module of the package is internal and may change at any time.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import Literal

    from nbrerun.errors import InternalError, KernelError, NbrerunError, NotebookError, UsageError, WorkerError
    from nbrerun.model import (
        CellReport,
        Change,
        Compared,
        Drift,
        Failure,
        Finding,
        Gone,
        How,
        Inputs,
        Kind,
        Mark,
        Missing,
        NotebookReport,
        Numbers,
        Outside,
        Part,
        Parting,
        Raised,
        Recovery,
        Report,
        Restart,
        Seconds,
        Severity,
        Spent,
        Spot,
        VariableReport,
        Verdict,
        Via,
        WholeRun,
    )
    from nbrerun.plan.answer import Plan

    _Path = str | os.PathLike[str]
    _Experiment = Literal["again", "later", "restart", "run-all-twice", "restart-and-run-all", "fresh-clone"]

__version__ = "0.1.0"

__all__ = [
    "CellReport",
    "Change",
    "Compared",
    "Drift",
    "Failure",
    "Finding",
    "Gone",
    "How",
    "Inputs",
    "InternalError",
    "KernelError",
    "Kind",
    "Mark",
    "Missing",
    "NbrerunError",
    "NotebookError",
    "NotebookReport",
    "Numbers",
    "Outside",
    "Part",
    "Parting",
    "Raised",
    "Recovery",
    "Report",
    "Restart",
    "Seconds",
    "Severity",
    "Spent",
    "Spot",
    "UsageError",
    "VariableReport",
    "Verdict",
    "Via",
    "WholeRun",
    "WorkerError",
    "__version__",
    "check",
]


def check(
    path: _Path | Iterable[_Path],
    *,
    cells: str | int | Iterable[str | int] | None = None,
    experiment: _Experiment | Iterable[_Experiment] | None = None,
    restart: bool | None = None,
    static: bool | None = None,
    engine: Literal["auto", "fork", "replay"] | None = None,
    kernel: str | None = None,
    python: _Path | None = None,
    timeout: float | None = None,
    sandbox: Literal["auto", "overlay", "copy"] | None = None,
    sandbox_dir: _Path | Iterable[_Path] | None = None,
    sandbox_limit: int | str | None = None,
    write_files: bool | None = None,
    rerun_outside: bool | None = None,
    paranoid: bool | None = None,
    only: Literal["models", "all"] | None = None,
    watch: str | Iterable[str] | None = None,
    values: bool | None = None,
    profile: bool | None = None,
    select: str | Iterable[str] | None = None,
    ignore: str | Iterable[str] | None = None,
    fail_on: Literal["error", "warning", "info", "never"] | None = None,
    baseline: _Path | None = None,
    cache: bool | None = None,
    cache_dir: _Path | None = None,
    jobs: int | Literal["auto"] | None = None,
    backend: Literal["loky", "dask", "ray"] | None = None,
    scheduler: str | None = None,
    budget: int | str | None = None,
    fail_fast: bool | None = None,
) -> Report:
    """Run notebooks, run their cells again, and return what that does.

    The keywords are the options of `nbrerun check`, with the same meaning and the same defaults. One that is None is
    taken from the notebook's metadata or from the configuration file above it, as on the command line. Notebook files
    are never written. If a notebook cannot be checked, what went wrong is raised where `path` is that notebook; of a
    folder or of several paths it is reported, with the status `unchecked`, and all others are checked.

    Args:
        path: a notebook, a folder that is searched for notebooks, or several of them.
        restart: do the experiment `restart`; short for `experiment="restart"`.
        timeout: seconds that one run of one cell may take.
        sandbox_limit: bytes that a run may write, or a size such as `500M`.
        budget: seconds that everything together may take, or a time such as `10m`.

    Raises:
        UsageError: a path does not exist, or a setting is invalid.
        NotebookError: a file is not a notebook.
        InternalError: a mistake in nbrerun itself.
        KernelError: the kernel does not exist, does not start, or does not run Python.
        WorkerError: a process or a cluster that checks notebooks does not respond.
        KeyboardInterrupt: the check was interrupted.
    """
    settings = {name: _plain(value) for name, value in locals().items() if name != "path" and value is not None}
    if isinstance(settings.get("budget"), int):
        settings["budget"] = f"{settings['budget']}s"
    if settings.pop("restart", False):  # on the command line it chooses what is shown, of which there is nothing here
        asked = settings.get("experiment", [])
        settings["experiment"] = [*([asked] if isinstance(asked, str) else asked), "restart"]
    is_one = isinstance(path, (str, os.PathLike)) or not isinstance(path, Iterable)
    paths: Any = [path] if is_one else path
    names = [os.fspath(one) for one in paths]
    return _check(names, settings, is_notebook=is_one and not os.path.isdir(names[0]))


def load_ipython_extension(shell: Any) -> None:
    """Answer in the running kernel what running its cells again does: `%load_ext nbrerun` (`docs/live.md`).

    Raises:
        ImportError: processes cannot be forked on this system.
    """
    if not hasattr(os, "fork"):
        raise ImportError("nbrerun forks the kernel, which works on Linux and macOS only")
    from nbrerun.live.magics import load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Undo that: `%unload_ext nbrerun`."""
    from nbrerun.live.magics import unload

    unload(shell)


def _check(paths: list[str], settings: dict[str, Any], is_notebook: bool) -> Report:
    import warnings

    from nbrerun.baseline import read as read_baseline
    from nbrerun.batch import cache as caches
    from nbrerun.batch.jobs import read as read_jobs
    from nbrerun.batch.run import run
    from nbrerun.cli.check import asked_for, course_of
    from nbrerun.progress import Silent

    asked = asked_for(settings)
    options = asked.of_run(paths).parameters()
    known = read_baseline(options["baseline"]) if options["baseline"] is not None else None
    course = course_of(options)
    todo = read_jobs(paths, asked, options["shard"])
    with caches.opened(options, lambda why: warnings.warn(f"nbrerun: {why}", stacklevel=2)) as opened:
        outcome = run(todo, Silent(), known, opened, course)
    if error := outcome.problem or (outcome.unchecked[0] if is_notebook and outcome.unchecked else None):
        raise error
    if outcome.interrupted:
        raise KeyboardInterrupt
    return outcome.report()


def _plan_after_edit(
    path: str, edited: Iterable[str], against: str | None, outputs: bool, settings: dict[str, Any]
) -> Plan:
    """Answer what `nbrerun plan` does, for callers that are below the command line.

    Raises:
        UsageError: the selectors select nothing, or neither they nor git nor `against` say what was edited.
        NotebookError: a file is not a notebook.
        KernelError: the kernel does not exist, does not start, or cannot be read.
    """
    from pathlib import Path

    from nbrerun.batch.jobs import job
    from nbrerun.cli.check import asked_for
    from nbrerun.plan.ask import ask

    found = job(Path(path), asked_for(settings))
    return ask(found.notebook, found.settings, tuple(edited), against, outputs)


def _plain(value: Any) -> Any:
    """Write a setting as a configuration file would: paths are text, and several values a list."""
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    return value if isinstance(value, str) or not isinstance(value, Iterable) else [_plain(one) for one in value]


def __getattr__(name: str) -> Any:
    # PEP 562. Loading the model takes longer than all the rest of `nbrerun --help`, and a kernel's keeper imports this
    # package in a Python without site-packages.
    if name in __all__:
        from nbrerun import errors, model

        return getattr(model if hasattr(model, name) else errors, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
