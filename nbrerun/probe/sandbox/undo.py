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
import os
import shutil
import stat
from typing import Collection, Dict, Iterable, Iterator, List, Optional, Tuple

from .edits import Edits
from .notes import append, read_from
from .tree import GONE, Entry, Found, Known, Table, entry, is_in, look, look_at, restore, walk

MOST_ENTRIES = 5_000
"""A folder with more files is not copied, however small they are."""
_PLACE = b"/tmp"
"""Where checks are known to one another, whatever their own folders for temporary files are."""
_LINKS = b"nbrerun-at-%d-"
"""How the names of links to checks' folders begin, by user."""


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
        self._edits = Edits(home)
        self._link = os.path.join(_PLACE, _LINKS % os.getuid() + os.path.basename(home))
        self._known_others: Dict[bytes, Originals] = {}

    def table(self) -> Table:
        """Return all that this process or another has recorded."""
        lines, self._read_to = read_from(self._file, self._read_to)
        for path, mode, modified_ns, content in lines:
            path, then = os.fsencode(path), Entry(mode, modified_ns, os.fsencode(content))
            self._table[path] = then
            if not is_in(path, self._home):
                self._user_files[path] = then
        return self._table

    def add(self, new: Table) -> None:
        """Record what paths were."""
        append(
            self._file,
            ([os.fsdecode(path), then.mode, then.modified_ns, os.fsdecode(then.content)] for path, then in new.items()),
        )

    def user_files(self) -> Table:
        """Return the recorded files that are the user's own, not the scratch tree's, and not edited since."""
        self.table()
        edited = self._edits.edited()
        return {path: then for path, then in self._user_files.items() if path not in edited}

    def without_edited(self, wanted: Table, found: Found) -> Tuple[Table, Found]:
        """Leave out what `restore` must not touch: files that somebody else has edited, and the folders they are in."""
        edited = self._edits.edited()
        if not edited:
            return wanted, found
        wanted = {path: then for path, then in wanted.items() if path not in edited}
        to_go = {path for path in found if wanted.get(path, GONE) == GONE}
        around = {path for path in to_go if any(is_in(each, path) for each in edited)}
        return wanted, {path: status for path, status in found.items() if path not in around}

    def look(self, opened: Collection[int] = (), strict: bool = False) -> None:
        """After a cell: find out which files somebody else has edited (see `Edits.look`)."""
        self._edits.look(self.user_files(), self._is_known, opened, strict)

    def restored(self) -> None:
        """The user's files have just been written by nbrerun itself."""
        self._edits.record(self.user_files())

    def _is_known(self, path: bytes, status: Optional[os.stat_result]) -> bool:
        """Whether a file is what it was before the first cell, or another check may have written it."""
        then = self.table().get(path, GONE)
        if status is None or then == GONE:
            is_first = status is None and then == GONE
        else:
            is_first = stat.S_ISREG(status.st_mode) and Known(self.source).holds(path, status, path)
        return is_first or any(path in other.user_files() for other in self._other_kernels())

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
        if path in self._edits.edited():
            raise refuse(path, "it has been edited since the notebook wrote to it")
        if not os.path.islink(self._link):
            raise refuse(path, f"other checks cannot be told of it in {os.fsdecode(_PLACE)}")
        self._edits.begin(path)
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

    def register(self) -> None:
        """Let the other checks of this user know where the records are, wherever their temporary folders are.

        Raises:
            OSError: that is not possible here; nothing of the user's may be written to then.
        """
        for link in _links():
            with contextlib.suppress(OSError):
                if not os.path.exists(link):  # its check was killed
                    os.remove(link)
        os.symlink(self._home, self._link)

    def unregister(self) -> None:
        """There is nothing to be known any more."""
        with contextlib.suppress(OSError):
            os.remove(self._link)

    def _other_kernels(self) -> Iterator["Originals"]:
        for link in _links():
            with contextlib.suppress(OSError):
                home = os.readlink(link)
                if home != self._home and _is_running(os.path.join(home, os.path.basename(self._file))):
                    yield self._known_others.setdefault(home, Originals(home))


def _links() -> List[bytes]:
    return glob.glob(os.path.join(_PLACE, _LINKS % os.getuid() + b"*"))


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


def undo(home: str, strict: bool = False) -> None:
    """Restore the user's folders, and make the folder of this check removable.

    Args:
        strict: it was left by a check that was killed, so that somebody may have edited files since.
    """
    place = os.fsencode(home)
    originals = Originals(place)
    with contextlib.suppress(OSError):  # everything that can be restored has been
        originals.mark_running()
        originals.look(strict=strict)
        wanted = originals.user_files()
        restore(*originals.without_edited(wanted, look_at(wanted)), Known(originals.source))
    originals.unregister()
    # A copy of a folder without write permission could not be emptied.
    for path, status in walk(place):
        if stat.S_ISDIR(status.st_mode) and stat.S_IMODE(status.st_mode) & 0o700 != 0o700:
            with contextlib.suppress(OSError):
                os.chmod(path, 0o700)
