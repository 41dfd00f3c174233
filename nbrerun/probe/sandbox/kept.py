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
from typing import Dict, List, Optional, Sequence, Set, Tuple

from ..files.changeset import BESIDE, INDEX, Change
from .tree import is_in

_MOST_BYTES = 64 << 20
"""Copied for one cell at most: copying holds the cell up."""
_SMALL = 1 << 20
"""Bytes up to which a file is copied though perhaps nobody will change it."""
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
        self.home = home
        self._folders = list(folders)
        self._there: Dict[bytes, Optional[Set[bytes]]] = {}
        """The names in each folder when the cell began; None where there are too many."""
        self._kept: Dict[bytes, Tuple[str, str]] = {}
        """By path, what was there (`file`, `folder`, or `gone` for nothing), and the name of the copy."""
        self._spare: Dict[bytes, Tuple[str, str]] = {}
        """The same for files that perhaps nobody will change."""
        self._unannounced: Set[bytes] = set()
        """Files that programs and C libraries have written, which do not say so beforehand."""
        self._place = b""
        """The folder for the copies of this cell; empty between two cells."""
        self._count = 0
        self._room = _MOST_BYTES
        self.lost: List[bytes] = []
        """Paths that have changed, and of which nobody knows what they were."""

    @property
    def paths(self) -> Set[bytes]:
        """What has changed since `begin`."""
        return {*self._kept, *self.lost}

    def begin(self, number: int) -> None:
        """A cell is about to run."""
        self._there = {folder: _names(folder) for folder in self._folders}
        self._kept, self._spare, self.lost, self._room = {}, {}, [], _MOST_BYTES
        self._place = os.path.join(self.home, b"kept%d" % number)
        for path in self._unannounced:
            with contextlib.suppress(OSError):
                if os.path.getsize(path) <= _SMALL:
                    self._spare[path] = ("file", self._copy(path))

    def keep(self, path: bytes, moved: bool) -> None:
        """Keep what is at a path before it changes, if it lies in the folders.

        Args:
            moved: the path itself is about to change, so a link at its end is not followed, and a folder is kept whole.
        """
        real = os.path.realpath(path)
        if moved:
            real = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
        if self._place and any(is_in(real, folder) for folder in self._folders):
            try:
                self._keep(real, moved)
            except OSError:  # the cell's own call will find out why
                self.lost.append(real)

    def _keep(self, path: bytes, whole: bool) -> None:
        if path in self._kept:
            return
        status = os.lstat(path) if os.path.lexists(path) else None
        if status is None:
            self._kept[path] = ("gone", "")
        elif stat.S_ISDIR(status.st_mode):
            self._kept[path] = ("folder", "")
            for name in os.listdir(path) if whole else ():
                self._keep(os.path.join(path, name), whole)
        elif len(self._kept) >= _MOST_ENTRIES or status.st_size > self._room or not _may_be_copied(status):
            self.lost.append(path)
        else:
            self._room -= status.st_size
            self._kept[path] = ("file", self._copy(path))

    def _copy(self, path: bytes) -> str:
        os.makedirs(self._place, exist_ok=True)
        self._count += 1
        shutil.copy2(path, os.path.join(self._place, b"%d" % self._count), follow_symlinks=False)
        return str(self._count)

    def note(self, path: bytes) -> None:
        """A path has been written, perhaps by a program or a C library."""
        folder, name = os.path.split(path)
        names = self._there.get(folder)
        if path in self._kept:
            return
        self._unannounced.add(path)
        if path in self._spare:
            self._kept[path] = self._spare[path]
        elif names is not None and name not in names:
            self._kept[path] = ("gone", "")
        else:
            self.lost.append(path)

    def compare_names(self, besides: Tuple[bytes, ...]) -> None:
        """See which files have been created or removed without anybody having said so.

        Args:
            besides: how the names of files end that do not count.
        """
        for folder, before in self._there.items():
            now = _names(folder)
            if before is not None and now is not None:
                for name in before ^ now:
                    if not name.endswith(besides):
                        self.note(os.path.join(folder, name))

    def finish(self) -> str:
        """The cell is over: return the folder that `changeset.apply` can be given; empty if nothing was changed."""
        place, self._place = self._place, b""
        if not self._kept:
            shutil.rmtree(place, ignore_errors=True)
            return ""
        beside = os.path.join(place, os.fsencode(BESIDE))
        os.makedirs(beside, exist_ok=True)
        index: List[Change] = sorted((os.fsdecode(path), *what) for path, what in self._kept.items())
        for folder, changes in ((place, index), (beside, [])):
            with open(os.path.join(folder, os.fsencode(INDEX)), "wb") as out:
                dump(changes, out)
        return os.fsdecode(place)


def _names(folder: bytes) -> Optional[Set[bytes]]:
    with contextlib.suppress(OSError):
        names = os.listdir(folder)
        return set(names) if len(names) <= _MOST_ENTRIES else None
    return None


def _may_be_copied(status: os.stat_result) -> bool:
    return stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode)
