"""What each path was before the first cell: noted on disk before it changes, so that it can be put back.

The notes are read by forks of the kernel, which note as well, and by the keeper, after the kernel has been
killed in the middle of anything.
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

from .tree import GONE, Entry, Known, Table, bring_back, entry, is_in, look, look_at, walk

MOST_ENTRIES = 5_000
"""A folder with more files is not copied, be they ever so small."""
_HOMES = b"nbrerun-*"
"""What folders of a check are called."""


class Refused(OSError):
    """Writing here would change a person's file that cannot be kept as it is."""


def refuse(path: bytes, why: str) -> Refused:
    """Make the error that the notebook's own call raises."""
    return Refused(errno.EPERM, f"nbrerun cannot keep this safe: {why}", os.fsdecode(path))


class Originals:
    """A table that only grows, shared by all processes of one kernel."""

    def __init__(self, home: bytes) -> None:
        self._home = home
        self._file = os.path.join(home, b"originals")
        self._copies = os.path.join(home, b"undo")
        self._table: Table = {}
        self._persons: Table = {}
        """The part of it that is not of the scratch tree."""
        self._read_to = 0
        self._count = itertools.count()
        self._lock = -1
        self._known_others: Dict[bytes, Originals] = {}

    def table(self) -> Table:
        """All that is known, by this process or another."""
        status = look(self._file)
        if status is not None and status.st_size > self._read_to:
            with open(self._file, "rb") as file:
                file.seek(self._read_to)
                new, ended, _ = file.read().rpartition(b"\n")
            self._read_to += len(new) + len(ended)
            for line in filter(None, new.splitlines()):
                with contextlib.suppress(ValueError):  # whoever wrote it was killed
                    path, mode, modified_ns, content = json.loads(line)
                    self._read(os.fsencode(path), Entry(mode, modified_ns, os.fsencode(content)))
        return self._table

    def _read(self, path: bytes, then: Entry) -> None:
        self._table[path] = then
        if not is_in(path, self._home):
            self._persons[path] = then

    def add(self, new: Table) -> None:
        """Note what paths were."""
        lines = [
            json.dumps([os.fsdecode(path), then.mode, then.modified_ns, os.fsdecode(then.content)])
            for path, then in new.items()
        ]
        descriptor = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with open(descriptor, "wb") as file:
            file.write("".join(f"\n{line}\n" for line in lines).encode())

    def persons(self) -> Table:
        """Those that are a person's own."""
        self.table()
        return self._persons

    def source(self, content: bytes) -> bytes:
        """Where the bytes are that were once in this file of the person's."""
        then = self.table().get(content)
        return then.content if then is not None and stat.S_ISREG(then.mode) else content

    def keep(self, path: bytes, moved: bool, limit: int) -> None:
        """Keep what is under a path of the person's, before it changes for the first time.

        Args:
            moved: a folder goes with all that is in it.

        Raises:
            Refused: that would be too much.
        """
        wanted = {each: look(each) for each in _concerned(path, moved) if each not in self.table()}
        if not wanted or self._made(path) is not None:
            return
        size = sum(each.st_size for each in wanted.values() if each is not None and stat.S_ISREG(each.st_mode))
        if size > limit or len(wanted) > MOST_ENTRIES:
            raise refuse(path, "it is larger than what a run may write (--sandbox-limit)")
        others = list(self._others())
        made = next(filter(None, (other._made(path) for other in others)), None)
        if made is not None:
            wanted = {made: None, **{each: status for each, status in wanted.items() if not is_in(each, made)}}
        self.add({each: self._original(each, status, others) for each, status in wanted.items()})

    def _made(self, path: bytes) -> Optional[bytes]:
        """The outermost of a path and its folders that was not there before the first cell."""
        table, found = self.table(), None
        while path != os.path.dirname(path):
            if table.get(path) == GONE:
                found = path
            path = os.path.dirname(path)
        return found

    def _original(self, path: bytes, status: Optional[os.stat_result], others: Iterable["Originals"]) -> Entry:
        """What other kernels that are running now have written is nobody's original."""
        for then in (other.persons()[path] for other in others if path in other.persons()):
            return then._replace(content=self._copy(then.content)) if stat.S_ISREG(then.mode) else then
        if status is None:
            return GONE
        return entry(path, status, self._copy(path) if stat.S_ISREG(status.st_mode) else b"")

    def _copy(self, path: bytes) -> bytes:
        copy = os.path.join(self._copies, b"%d-%d" % (os.getpid(), next(self._count)))
        os.makedirs(self._copies, exist_ok=True)
        shutil.copy2(path, copy)
        return copy

    def hold(self) -> None:
        """Show others that this kernel is running, for as long as this process or a fork of it is."""
        self._lock = os.open(self._file, os.O_RDONLY)
        fcntl.flock(self._lock, fcntl.LOCK_SH)

    def _others(self) -> Iterator["Originals"]:
        pattern = os.path.join(glob.escape(os.path.dirname(self._home)), _HOMES, os.path.basename(self._file))
        for file in glob.glob(pattern):
            home = os.path.dirname(file)
            if home != self._home and _is_held(file):
                yield self._known_others.setdefault(home, Originals(home))


def _concerned(path: bytes, moved: bool) -> Iterator[bytes]:
    """What changes with a path: its folder, and all that is in it."""
    yield os.path.dirname(path)
    yield path
    if moved and os.path.isdir(path) and not os.path.islink(path):
        yield from (below for below, _ in itertools.islice(walk(path), MOST_ENTRIES))


def _is_held(file: bytes) -> bool:
    """Whether it is of a kernel of the same person's that is running now."""
    with contextlib.suppress(OSError), open(file, "rb") as opened:
        if os.fstat(opened.fileno()).st_uid == os.getuid():
            try:
                fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
    return False


def undo(home: str) -> None:
    """Put back what a person's folders held, and let the folder of this check be removed."""
    place = os.fsencode(home)
    originals = Originals(place)
    with contextlib.suppress(OSError):  # as far as that can be done
        originals.hold()
        bring_back(originals.persons(), look_at(originals.persons()), Known(originals.source))
    _let_remove(place)


def _let_remove(folder: bytes) -> None:
    """A copy of a folder that may not be written to cannot be emptied."""
    for path, status in walk(folder):
        if stat.S_ISDIR(status.st_mode) and stat.S_IMODE(status.st_mode) & 0o700 != 0o700:
            with contextlib.suppress(OSError):
                os.chmod(path, 0o700)
