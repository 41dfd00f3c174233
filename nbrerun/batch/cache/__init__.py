"""Verdicts of earlier checks, for notebooks of which nothing has changed since that a verdict depends on.

A verdict is looked up in two steps: by a digest of what is known before anything runs (`key`), and then by the files
that the notebook was seen to look at (`inputs`), which have to be what they were.
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
from nbrerun.batch.cache.fingerprints import Disk, Look, Unsteady, mentioned
from nbrerun.batch.cache.key import key_of
from nbrerun.batch.cache.store import Store, Unusable
from nbrerun.batch.jobs import Job
from nbrerun.errors import KernelError
from nbrerun.model import CellReport, NotebookReport, Verdict
from nbrerun.notebooks.git import committed
from nbrerun.settings.values import CACHE_FOLDER

__all__ = ["Cache", "asked_for", "folder_of", "opened"]


def folder_of(options: Mapping[str, Any]) -> Path:
    """Where the options of a run keep it."""
    return Path(options["cache_dir"] or CACHE_FOLDER)


def asked_for(options: Mapping[str, Any], note: Callable[[str], None]) -> Cache | None:
    """The cache that the options of a run ask for."""
    wanted = options["cache"] and not options["static"]
    return Cache(folder_of(options), note) if wanted else None


@contextlib.contextmanager
def opened(options: Mapping[str, Any], note: Callable[[str], None]) -> Iterator[Cache | None]:
    """The same for the time of a run."""
    cache = asked_for(options, note)
    try:
        yield cache
    finally:
        if cache is not None:
            cache.close()


@dataclass(frozen=True)
class _Row:
    """What is stored of one notebook."""

    looks: tuple[Look, ...]
    tracked: tuple[str, ...]
    """Files of which it mattered whether they are under version control."""
    committed: tuple[str, ...] | None
    """Those that were; None where there was no repository."""
    report: NotebookReport


class Cache:
    """One folder of verdicts. Whatever is wrong with it is said once, and the check goes on without it."""

    def __init__(self, folder: Path, note: Callable[[str], None]) -> None:
        """Open it, and make it where it is missing; `note` is told what is wrong."""
        self._folder = folder
        self._note = note
        self._disk = Disk()
        self._begun: dict[Path, tuple[str, float]] = {}
        self._store: Store | None = None
        try:
            self._store = Store(folder)
        except Unusable as error:
            self._give_up(error)

    def close(self) -> None:
        """Be done with it."""
        if self._store is not None:
            self._store.close()
            self._store = None

    def get(self, job: Job) -> NotebookReport | None:
        """What a check of this notebook would find; None where only a check can tell."""
        if self._store is None or job.settings.static or job.settings.write_files:
            return None
        began = time.time()
        try:
            name = key_of(job)
        except KernelError:
            return None  # the check says so itself
        if name is None:
            return None
        self._begun[job.notebook.path] = name, began
        try:
            text = self._store.get(self._name(job), name)
        except Unusable as error:
            self._give_up(error)
            return None
        row = self._read(text) if text is not None else None
        if row is None or not self._still_holds(job, row):
            return None
        return replace(row.report, path=str(job.notebook.path), cached=True)

    def put(self, job: Job, report: NotebookReport) -> None:
        """Keep what a check has found, if another one would find the same."""
        asked = self._begun.pop(job.notebook.path, None)
        if self._store is None or asked is None or report.inputs is None or not _lasts(report):
            return
        name, began = asked
        names = {*report.inputs.files, *report.inputs.folders, *mentioned(job.notebook.cells)}
        try:
            looks = self._disk.look(_where(job), names, began)
            there = _committed(job, report.inputs.tracked)
            row = _Row(looks, report.inputs.tracked, there, replace(report, inputs=None))
            self._store.put(self._name(job), name, json.dumps(encode(row)))
        except Unsteady:
            return
        except Unusable as error:
            self._give_up(error)

    def _name(self, job: Job) -> str:
        """From the cache on: both may move together."""
        return Path(os.path.relpath(job.notebook.path.absolute(), self._folder.absolute())).as_posix()

    def _read(self, text: str) -> _Row | None:
        try:
            return decode(_Row, json.loads(text))
        except (Malformed, ValueError, RecursionError):
            self._say("it is damaged: what it holds is no report")
            return None

    def _still_holds(self, job: Job, row: _Row) -> bool:
        if not self._disk.are_still(_where(job), row.looks):
            return False
        return not row.tracked or _committed(job, row.tracked) == row.committed

    def _give_up(self, error: Unusable) -> None:
        self.close()
        self._say(str(error))

    def _say(self, why: str) -> None:
        self._note(f"the cache in {self._folder} is ignored: {why}")
        self._note = lambda _: None


def _where(job: Job) -> Path:
    """What names of files start from, as the kernel's sandbox has it."""
    return job.notebook.folder.resolve()


def _committed(job: Job, names: tuple[str, ...]) -> tuple[str, ...] | None:
    there = committed(job.notebook.folder, names)
    return None if there is None else tuple(sorted(there))


def _lasts(report: NotebookReport) -> bool:
    """Whether it says what the notebook is like, and not how the day was."""
    if report.incomplete or report.failure or report.lacks or report.static or report.cached:
        return False
    return not any(map(_gave_no_answer, report.cells)) and not any(run.reason for run in report.whole)


def _gave_no_answer(cell: CellReport) -> bool:
    """A rerun was stopped, or a kernel died; what could not be read of a state is undetermined for good."""
    return cell.verdict is Verdict.UNDETERMINED and cell.seconds.again is None
