"""Record on disk what each path was before the first cell, before it changes, so that it can be restored.

The records are read and extended by forks of the kernel, and read by the keeper, after the kernel may have been
killed at any point.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import glob
import itertools
import json
import os
import shutil
import stat
from typing import Dict, Iterable, Iterator, Optional

from .tree import GONE, Entry, Known, Table, entry, is_in, look, look_at, restore, walk

MOST_ENTRIES = 5_000
"""A folder with more files is not copied, however small they are."""
_HOMES = b"nbrerun-*"
"""Pattern of the names of checks' folders."""


class Refused(OSError):
    """Writing here would change a user's file that cannot be kept."""


def refuse(path: bytes, why: str) -> Refused:
    """Return the error that the notebook's own call raises."""
    return Refused(errno.EPERM, f"nbrerun cannot keep this safe: {why}", os.fsdecode(path))


class Originals:
    """A table of original files that only grows, shared by all processes of one kernel."""

    def __init__(self, home: bytes) -> None:
        self._home = home
        self._file = os.path.join(home, b"originals")
        self._copies = os.path.join(home, b"undo")
        self._table: Table = {}
        self._user_files: Table = {}
        """The part of the table that is not in the scratch tree."""
        self._read_to = 0
        self._count = itertools.count()
        self._lock = -1
        self._known_others: Dict[bytes, Originals] = {}

    def table(self) -> Table:
        """Return all that this process or another has recorded."""
        status = look(self._file)
        if status is not None and status.st_size > self._read_to:
            with open(self._file, "rb") as file:
                file.seek(self._read_to)
                new, ended, _ = file.read().rpartition(b"\n")
            self._read_to += len(new) + len(ended)
            for line in filter(None, new.splitlines()):
                with contextlib.suppress(ValueError):  # the process that wrote it was killed
                    path, mode, modified_ns, content = json.loads(line)
                    path, then = os.fsencode(path), Entry(mode, modified_ns, os.fsencode(content))
                    self._table[path] = then
                    if not is_in(path, self._home):
                        self._user_files[path] = then
        return self._table

    def add(self, new: Table) -> None:
        """Record what paths were."""
        lines = [
            json.dumps([os.fsdecode(path), then.mode, then.modified_ns, os.fsdecode(then.content)])
            for path, then in new.items()
        ]
        # O_APPEND: each write goes to the end, whichever process does it (open(2)). The leading newline ends a
        # line that a killed process left unfinished.
        descriptor = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with open(descriptor, "wb") as file:
            file.write("".join(f"\n{line}\n" for line in lines).encode())

    def user_files(self) -> Table:
        """Return the recorded files that are the user's own, not the scratch tree's."""
        self.table()
        return self._user_files

    def source(self, content: bytes) -> bytes:
        """Return the path of the bytes that this user's file held before the first cell."""
        then = self.table().get(content)
        return then.content if then is not None and stat.S_ISREG(then.mode) else content

    def keep(self, path: bytes, moved: bool, limit: int) -> None:
        """Keep what is at a path of the user's, before it changes for the first time.

        Args:
            moved: a folder is kept with everything in it.
            limit: bytes that may be kept.

        Raises:
            Refused: it is larger than that.
        """
        wanted = {each: look(each) for each in _affected(path, moved) if each not in self.table()}
        if not wanted or self._created_ancestor(path) is not None:
            return
        size = sum(each.st_size for each in wanted.values() if each is not None and stat.S_ISREG(each.st_mode))
        if size > limit or len(wanted) > MOST_ENTRIES:
            raise refuse(path, "it is larger than what a run may write (--sandbox-limit)")
        others = list(self._other_kernels())
        made = next(filter(None, (other._created_ancestor(path) for other in others)), None)
        if made is not None:
            wanted = {made: None, **{each: status for each, status in wanted.items() if not is_in(each, made)}}
        self.add({each: self._original(each, status, others) for each, status in wanted.items()})

    def _created_ancestor(self, path: bytes) -> Optional[bytes]:
        """Return the outermost of a path and its parents that did not exist before the first cell."""
        table, found = self.table(), None
        while path != os.path.dirname(path):
            if table.get(path) == GONE:
                found = path
            path = os.path.dirname(path)
        return found

    def _original(self, path: bytes, status: Optional[os.stat_result], others: Iterable["Originals"]) -> Entry:
        """Return the entry to record; files that other running kernels have written have their own records."""
        for then in (other.user_files()[path] for other in others if path in other.user_files()):
            return then._replace(content=self._copy(then.content)) if stat.S_ISREG(then.mode) else then
        if status is None:
            return GONE
        return entry(path, status, self._copy(path) if stat.S_ISREG(status.st_mode) else b"")

    def _copy(self, path: bytes) -> bytes:
        copy = os.path.join(self._copies, b"%d-%d" % (os.getpid(), next(self._count)))
        os.makedirs(self._copies, exist_ok=True)
        shutil.copy2(path, copy)
        return copy

    def mark_running(self) -> None:
        """Hold a lock that shows other kernels that this one runs.

        flock(2): a fork holds it as well, and it ends with the last process that does.
        """
        self._lock = os.open(self._file, os.O_RDONLY)
        fcntl.flock(self._lock, fcntl.LOCK_SH)

    def _other_kernels(self) -> Iterator["Originals"]:
        pattern = os.path.join(glob.escape(os.path.dirname(self._home)), _HOMES, os.path.basename(self._file))
        for file in glob.glob(pattern):
            home = os.path.dirname(file)
            if home != self._home and _is_running(file):
                yield self._known_others.setdefault(home, Originals(home))


def _affected(path: bytes, moved: bool) -> Iterator[bytes]:
    """Yield the paths that change with a path: its folder, and everything in it."""
    yield os.path.dirname(path)
    yield path
    if moved and os.path.isdir(path) and not os.path.islink(path):
        yield from (below for below, _ in itertools.islice(walk(path), MOST_ENTRIES))


def _is_running(file: bytes) -> bool:
    """Whether a record belongs to a running kernel of the same user."""
    with contextlib.suppress(OSError), open(file, "rb") as opened:
        if os.fstat(opened.fileno()).st_uid == os.getuid():
            try:
                fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
    return False


def undo(home: str) -> None:
    """Restore the user's folders, and make the folder of this check removable."""
    place = os.fsencode(home)
    originals = Originals(place)
    with contextlib.suppress(OSError):  # everything that can be restored has been
        originals.mark_running()
        restore(originals.user_files(), look_at(originals.user_files()), Known(originals.source))
    # A copy of a folder without write permission could not be emptied.
    for path, status in walk(place):
        if stat.S_ISDIR(status.st_mode) and stat.S_IMODE(status.st_mode) & 0o700 != 0o700:
            with contextlib.suppress(OSError):
                os.chmod(path, 0o700)
