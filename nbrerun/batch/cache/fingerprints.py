"""Fingerprints of the files and folders that a verdict depends on, and whether these have changed since."""

from __future__ import annotations

import hashlib
import math
import os
import re
import shlex
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from nbrerun.model import Cell
from nbrerun.settings.values import CACHE_FOLDER

_CHUNK = 1 << 20
_LONGEST = 255
"""Longer strings are taken for text; a file name has at most 255 bytes (NAME_MAX, limits.h(0p))."""
_QUOTED = re.compile(r"""(["'])((?:\\.|(?!\1)[^\\\n])+)\1""")
_COMMAND = re.compile(r"^\s*(?:[\w\s,]+=\s*)?[!%]+(.*)$", re.MULTILINE)
_IMPORT = re.compile(r"\b(?:from\s+(\w+)|import\s+([\w., \t]+))")
# These appear when a notebook is checked, imports a module next to it, or is opened in Jupyter.
_NOT_LISTED = frozenset([CACHE_FOLDER, "__pycache__", ".ipynb_checkpoints"])


class Unsteady(Exception):
    """A file changed while the notebook was checked, or cannot be read."""


@dataclass(frozen=True)
class Look:
    """What was found at a path."""

    name: str
    """The path, absolute or relative to the notebook's folder."""
    kind: str
    """`absent`, `file`, `folder` or `special` (a pipe, a device)."""
    size: int = 0
    modified_ns: int = 0
    changed_ns: int = 0
    """The ctime; unlike the mtime, programs cannot set it (utimensat(2))."""
    digest: str = ""
    """Digest of the bytes of a file, or of the names in a folder."""


class Disk:
    """Takes fingerprints of files, and reads each file once as long as its size and times do not change."""

    def __init__(self) -> None:
        self._digests: dict[tuple[str, int, int, int], str] = {}

    def look(self, folder: Path, names: Iterable[str], since: float) -> tuple[Look, ...]:
        """Take fingerprints of files and folders.

        Args:
            folder: the folder that relative names start from.
            names: paths.
            since: when the check began, in seconds since the epoch.

        Raises:
            Unsteady: one of them was written after `since`, or cannot be read.
        """
        return tuple(self._look(folder, name, since) for name in sorted(names))

    def are_still(self, folder: Path, looks: Iterable[Look]) -> bool:
        """Tell whether all of them are unchanged."""
        try:
            return all(self._is_still(folder, then) for then in looks)
        except Unsteady:
            return False

    def _is_still(self, folder: Path, then: Look) -> bool:
        status = _status(os.path.join(folder, then.name))
        if status is None or then.kind == "absent":
            return status is None and then.kind == "absent"
        if then.kind == "file" and stat.S_ISREG(status.st_mode):
            # Equal times spare the reading; a fresh checkout has new times, so unequal times prove nothing.
            now = (status.st_size, status.st_mtime_ns, status.st_ctime_ns)
            if now == (then.size, then.modified_ns, then.changed_ns):
                return True
            return status.st_size == then.size and self._digest(os.path.join(folder, then.name), now) == then.digest
        now_there = self._look(folder, then.name, math.inf)
        return (now_there.kind, now_there.digest) == (then.kind, then.digest)

    def _look(self, folder: Path, name: str, since: float) -> Look:
        path = os.path.join(folder, name)
        status = _status(path)
        if status is None:
            return Look(name, "absent")
        if status.st_mtime > since:
            raise Unsteady(path)
        if stat.S_ISREG(status.st_mode):
            now = (status.st_size, status.st_mtime_ns, status.st_ctime_ns)
            return Look(name, "file", *now, self._digest(path, now))
        if stat.S_ISDIR(status.st_mode):
            try:
                names = sorted(set(os.listdir(path)) - _NOT_LISTED)
            except OSError as error:
                raise Unsteady(path) from error
            listing = "\0".join(names).encode(errors="surrogateescape")
            return Look(name, "folder", digest=hashlib.blake2b(listing, digest_size=16).hexdigest())
        return Look(name, "special")

    def _digest(self, path: str, now: tuple[int, int, int]) -> str:
        known = (path, *now)
        if known not in self._digests:
            self._digests[known] = _read(path)
        return self._digests[known]


def _status(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except (OSError, ValueError):  # ValueError: the name contains a null byte
        return None


def _read(path: str) -> str:
    digest = hashlib.blake2b(digest_size=16)
    try:
        with open(path, "rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    except OSError as error:
        raise Unsteady(path) from error
    return digest.hexdigest()


def mentioned(cells: Iterable[Cell]) -> set[str]:
    """Collect what may be the name of a file in the source.

    No audit event reports that code tests whether a file exists (docs.python.org, "Audit events table").
    """
    return {name for cell in cells for name in _names(cell.source) if 0 < len(name) <= _LONGEST and "\0" not in name}


def _names(source: str) -> Iterator[str]:
    for match in _QUOTED.finditer(source):
        yield match[2]
    # In a cell magic such as %%bash every line may be a command.
    commands = [source] if source.lstrip().startswith("%%") else _COMMAND.findall(source)
    for command in commands:
        try:
            words = shlex.split(command)
        except ValueError:  # an unbalanced quote
            words = command.split()
        for word in words:
            yield word
            # In `cat <a.txt;` the shell does not count the punctuation as part of the name.
            yield word.strip("\"'`;()<>|&")
    for origin, names in _IMPORT.findall(source):
        for module in re.findall(r"(?:^|,)\s*(\w+)", origin or names):
            yield f"{module}.py"
            yield f"{module}/__init__.py"
