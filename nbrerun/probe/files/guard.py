"""Tell the sandbox what a cell is about to write, remove or rename, so that it can keep a copy first."""

from __future__ import annotations

import contextlib
import os
from typing import Iterable, Protocol

from .events import Access, Use

_MOVES = frozenset(
    {Use.REMOVE, Use.RENAME_FROM, Use.RENAME_TO, Use.LINK_TO, Use.MAKE_FOLDER, Use.REMOVE_FOLDER},
)
_WRITES = frozenset({Use.CHANGE, Use.TRUNCATE, Use.LINK_FROM})
_DATABASE_SUFFIXES = (b"", b"-journal", b"-wal", b"-shm")
"""Files that SQLite writes for one database (https://sqlite.org/tempfiles.html)."""


class Keeps(Protocol):
    """Keeps what a path contains before it changes; either method may raise `Refused`."""

    def before_write(self, path: bytes) -> None:
        """The content or the attributes of a file or folder are about to change."""

    def before_move(self, path: bytes) -> None:
        """Something is about to get this name, or to lose it."""


def announce(keeps: Keeps, accesses: Iterable[Access]) -> None:
    """Tell the sandbox of each path that is about to change.

    Raises:
        OSError: `keeps` refuses.
    """
    for access in accesses:
        if access.use in _MOVES:
            keeps.before_move(access.path)
        elif access.use is Use.DATABASE and access.writes:
            for suffix in _DATABASE_SUFFIXES:
                keeps.before_write(access.path + suffix)
        elif access.use in _WRITES or access.writes:
            keeps.before_write(access.path)
        elif access.use is Use.ENTER:
            # Paths below are announced without it. Nothing there has changed yet, so nothing is refused.
            with contextlib.suppress(OSError):
                keeps.before_write(os.path.join(access.path, b"."))
