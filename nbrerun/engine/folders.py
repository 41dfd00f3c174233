"""Temporary folders of kernels and workers, and the end of those whose owner was killed before it could remove them."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import time

from nbrerun.engine.arrivals import short_place
from nbrerun.probe.sandbox.undo import undo

_PREFIX, _OWNER = "nbrerun-", "owner"
_SECONDS = 60.0
"""A younger folder may be one that is just being made, or that the keeper of a killed check still works in."""


class Folder:
    """A temporary folder that is there as long as it is wanted."""

    def __init__(self) -> None:
        """Make it, after those have been removed that others have left."""
        place = short_place() or tempfile.gettempdir()
        _sweep(place)
        self.path = os.path.realpath(tempfile.mkdtemp(prefix=_PREFIX, dir=place))
        # flock(2): the lock ends with this process, however it ends, and is seen from other containers as well.
        self._lock = os.open(os.path.join(self.path, _OWNER), os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def remove(self) -> None:
        """Remove it with everything in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


def _sweep(place: str) -> None:
    with contextlib.suppress(OSError), os.scandir(place) as entries:
        for entry in entries:
            if entry.name.startswith(_PREFIX) and entry.is_dir(follow_symlinks=False):
                with contextlib.suppress(OSError):  # it is in use, or another process was quicker
                    _remove_if_left(entry)


def _remove_if_left(entry: os.DirEntry[str]) -> None:
    status = entry.stat(follow_symlinks=False)
    if status.st_uid != os.getuid() or time.time() - status.st_mtime < _SECONDS:
        return
    owner = os.path.join(entry.path, _OWNER)
    if not os.path.exists(owner):
        os.rmdir(entry.path)  # only if it is empty: its owner was killed as it made it, or it is not ours
        return
    lock = os.open(owner, os.O_RDWR)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Its kernels may have been killed with their keepers, before what they had changed was restored.
        for home in [entry.path, *(each.path for each in os.scandir(entry.path) if each.is_dir(follow_symlinks=False))]:
            undo(home, strict=True)
        shutil.rmtree(entry.path, ignore_errors=True)
    finally:
        os.close(lock)
