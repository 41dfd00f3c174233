"""Cache of verdicts, for notebooks that have not changed in anything that a verdict depends on.

A verdict is looked up in two steps: by a digest of what is known before anything runs (`key`), and then by the files
(`fingerprints`) and variables (`environment`) that the notebook was seen to use, which must be unchanged. See
docs/decisions.md#the-cache.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nbrerun.batch.cache.codec import Malformed, decode, encode
from nbrerun.batch.cache.environment import Environment
from nbrerun.batch.cache.fingerprints import Disk, Look, Unsteady, mentioned
from nbrerun.batch.cache.key import key_of
from nbrerun.batch.cache.store import Store, Unusable
from nbrerun.batch.jobs import Job
from nbrerun.errors import KernelError
from nbrerun.model import NotebookReport, Verdict
from nbrerun.notebooks.git import committed, tracks_any_of
from nbrerun.settings.values import CACHE_FOLDER

__all__ = ["Cache", "asked_for", "folder_of", "opened"]


def folder_of(options: Mapping[str, Any]) -> Path:
    """Return the folder of the cache, from the options by parameter name."""
    return Path(options["cache_dir"] or CACHE_FOLDER)


def asked_for(options: Mapping[str, Any], note: Callable[[str], None]) -> Cache | None:
    """Open the cache that the options ask for; None if they ask for none, or for a static check.

    Args:
        options: by parameter name.
        note: is called with a sentence if the cache cannot be used.
    """
    wanted = options["cache"] and not options["static"]
    return Cache(folder_of(options), note) if wanted else None


@contextlib.contextmanager
def opened(options: Mapping[str, Any], note: Callable[[str], None]) -> Iterator[Cache | None]:
    """Open the cache that the options ask for, and close it at the end of the run."""
    cache = asked_for(options, note)
    try:
        yield cache
    finally:
        if cache is not None:
            cache.close()


@dataclass(frozen=True)
class _Row:
    """What is stored for one notebook."""

    looks: tuple[Look, ...]
    environment: Environment
    tracked: tuple[str, ...]
    """Files for which it mattered whether git tracks them."""
    committed: tuple[str, ...] | None
    """Those that git tracked; None if there was no repository."""
    report: NotebookReport


class Cache:
    """A folder of verdicts. A problem with it is reported once, and the check goes on without the cache."""

    def __init__(self, folder: Path, note: Callable[[str], None]) -> None:
        """Open the cache, or create it; `note` is called with a sentence if it cannot be used."""
        self._folder = folder
        self._note = note
        self._disk = Disk()
        self._begun: dict[Path, tuple[str, float]] = {}
        self._store: Store | None = None
        try:
            if tracks_any_of(folder):  # whoever can commit could make up verdicts
                raise Unusable("git tracks it, so its verdicts may be those of others")
            self._store = Store(folder)
        except Unusable as error:
            self._give_up(error)

    def close(self) -> None:
        """Close the file."""
        if self._store is not None:
            self._store.close()
            self._store = None

    def get(self, job: Job) -> NotebookReport | None:
        """Return the report that a check of this notebook would give; None if only a check can tell."""
        if self._store is None or job.settings.static or job.settings.write_files:
            return None
        began = time.time()
        try:
            name = key_of(job)
        except KernelError:
            return None  # the check reports it
        if name is None:
            return None
        self._begun[job.notebook.path] = name, began
        try:
            text = self._store.get(self._name(job), name)
        except Unusable as error:
            self._give_up(error)
            return None
        if text is None:
            return None
        try:
            row = decode(_Row, json.loads(text))
        except (Malformed, ValueError, RecursionError):
            self._say("it is damaged: an entry is not a report")
            return None
        if not row.environment.is_still() or not self._disk.are_still(_where(job), row.looks):
            return None
        if row.tracked and _committed(job, row.tracked) != row.committed:
            return None
        return replace(row.report, path=str(job.notebook.path), cached=True)

    def put(self, job: Job, report: NotebookReport) -> None:
        """Store the report of a check, if another check would give the same report."""
        asked = self._begun.pop(job.notebook.path, None)
        if self._store is None or asked is None or report.inputs is None or not _lasts(report):
            return
        name, began = asked
        environment = Environment.now(report.inputs.variables, report.inputs.every_variable)
        names = {*report.inputs.files, *report.inputs.folders, *mentioned(job.notebook.cells)}
        try:
            looks = self._disk.look(_where(job), names, began)
            there = _committed(job, report.inputs.tracked)
            row = _Row(looks, environment, report.inputs.tracked, there, replace(report, inputs=None))
            self._store.put(self._name(job), name, json.dumps(encode(row)))
        except Unsteady:
            return
        except Unusable as error:
            self._give_up(error)

    def _name(self, job: Job) -> str:
        """Name the notebook relative to the cache, so that both can be moved together."""
        return Path(os.path.relpath(job.notebook.path.absolute(), self._folder.absolute())).as_posix()

    def _give_up(self, error: Unusable) -> None:
        self.close()
        self._say(str(error))

    def _say(self, why: str) -> None:
        self._note(f"the cache in {self._folder} is ignored: {why}")
        self._note = lambda _: None


def _where(job: Job) -> Path:
    """Return the folder that the probe's file names are relative to."""
    return job.notebook.folder.resolve()


def _committed(job: Job, names: tuple[str, ...]) -> tuple[str, ...] | None:
    there = committed(job.notebook.folder, names)
    return None if there is None else tuple(sorted(there))


def _lasts(report: NotebookReport) -> bool:
    """Tell whether another check of the unchanged notebook would give the same report."""
    if report.incomplete or report.failure or report.lacks or report.static or report.cached:
        return False
    for cell in report.cells:
        # A rerun was stopped, or the kernel died. State that cannot be read is undetermined in every check.
        if cell.verdict is Verdict.UNDETERMINED and cell.seconds.again is None:
            return False
        if cell.restart is not None and cell.restart.stopped:
            return False
    return not any(run.reason for run in report.whole) and not any(plan.stopped for plan in report.recover)
