"""Copies of the user's files from just before a running cell first changes them.

The cell writes to the user's own files, as it always does. A fork that stays at the moment before the cell gets them
back from here, in a layer of its own (`files/changeset.py` reads them).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from marshal import dump  # by name: the notebook may put other functions into the module
from typing import Dict, List, Optional, Sequence, Set

from ..files.changeset import BESIDE, INDEX, Change
from .tree import is_in

_MOST_BYTES = 64 << 20
"""Copied for one cell at most: copying holds the cell up."""
_MOST_ENTRIES = 2_000
"""Names that are remembered of a folder, and files that are copied with one."""


class Kept:
    """What one cell changes, from `begin` to `finish`."""

    def __init__(self, home: bytes, folders: Sequence[bytes]) -> None:
        """Keep nothing yet.

        Args:
            home: a folder for the copies.
            folders: whose files are kept.
        """
        self._home, self._folders = home, list(folders)
        self._there: Dict[bytes, Optional[Set[bytes]]] = {}
        """The names in each folder when the cell began; None where there are too many."""
        self._kinds: Dict[bytes, str] = {}
        """What has been kept, by path: `file`, `folder` or `gone`, which stands for nothing."""
        self._place = b""
        self._room = _MOST_BYTES
        self.lost: List[bytes] = []
        """Paths that have changed, and of which nobody knows what they were."""

    def begin(self, number: int) -> None:
        """A cell is about to run."""
        self._there = {folder: _names(folder) for folder in self._folders}
        self._kinds, self.lost, self._room = {}, [], _MOST_BYTES
        self._place = os.path.join(self._home, b"kept%d" % number)

    def keep(self, path: bytes, moved: bool) -> None:
        """Keep what is at a path before it changes, if it lies in the folders.

        Args:
            moved: the path itself is about to change, so a link at its end is not followed, and a folder is kept whole.
        """
        real = os.path.realpath(path)
        if moved:
            real = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
        if self._place and any(is_in(real, folder) for folder in self._folders) and real not in self._kinds:
            try:
                self._copy(real, moved)
            except OSError:  # the cell's own call will find out why
                self.lost.append(real)

    def _copy(self, path: bytes, whole: bool) -> None:
        status = os.lstat(path) if os.path.lexists(path) else None
        if path in self._kinds:
            return
        if status is None:
            self._kinds[path] = "gone"
        elif stat.S_ISDIR(status.st_mode):
            self._kinds[path] = "folder"
            for name in os.listdir(path) if whole else ():
                self._copy(os.path.join(path, name), whole)
        elif len(self._kinds) >= _MOST_ENTRIES or status.st_size > self._room or not _may_be_copied(status):
            self.lost.append(path)
        else:
            os.makedirs(self._place, exist_ok=True)
            shutil.copy2(path, os.path.join(self._place, b"%d" % len(self._kinds)), follow_symlinks=False)
            self._room -= status.st_size
            self._kinds[path] = "file"

    def note(self, path: bytes) -> None:
        """A path has been written by a program or a C library, which do not announce it."""
        folder, name = os.path.split(path)
        names = self._there.get(folder)
        if path not in self._kinds:
            if names is not None and name not in names:
                self._kinds[path] = "gone"
            else:
                self.lost.append(path)

    def finish(self) -> str:
        """The cell is over: return the folder that `changeset.apply` can be given; empty if nothing was changed."""
        place, self._place = self._place, b""
        if not self._kinds:
            return ""
        beside = os.path.join(place, os.fsencode(BESIDE))
        os.makedirs(beside, exist_ok=True)
        index: List[Change] = [
            (os.fsdecode(path), kind, str(number)) for number, (path, kind) in enumerate(self._kinds.items())
        ]
        for folder, changes in ((place, sorted(index)), (beside, [])):
            with open(os.path.join(folder, os.fsencode(INDEX)), "wb") as out:
                dump(changes, out)
        return os.fsdecode(place)

    @property
    def paths(self) -> Set[bytes]:
        """What has changed since `begin`."""
        return {*self._kinds, *self.lost}


def _names(folder: bytes) -> Optional[Set[bytes]]:
    with contextlib.suppress(OSError):
        names = os.listdir(folder)
        return set(names) if len(names) <= _MOST_ENTRIES else None
    return None


def _may_be_copied(status: os.stat_result) -> bool:
    return stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode)
