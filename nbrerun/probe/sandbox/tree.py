"""A table of files: what is at each path at one moment, and how to restore it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import time
from typing import Callable, Dict, Iterable, Iterator, List, Mapping, NamedTuple, Optional, Set, Tuple

from .layer import Signature, signature

_YOUNG_NS = 50_000_000
"""Within this time after a write, another write may leave the file's timestamps unchanged."""
_CHUNK = 1 << 20


class Entry(NamedTuple):
    """What is at one path at one moment."""

    mode: int
    """Kind and permissions (`st_mode`); 0 if nothing is there."""
    modified_ns: int
    content: bytes
    """For a file, the path where its bytes are kept (empty: they cannot be read); for a link, its target."""


GONE = Entry(0, 0, b"")

Table = Dict[bytes, Entry]
Found = Dict[bytes, os.stat_result]
"""What is on the disk now, by path."""


def entry(path: bytes, status: os.stat_result, content: bytes = b"") -> Entry:
    """Return the entry of a path; `content` is where the bytes of a file are kept."""
    if stat.S_ISLNK(status.st_mode):
        content = os.readlink(path)
    elif not stat.S_ISREG(status.st_mode):
        content = b""
    return Entry(status.st_mode, status.st_mtime_ns, content)


def walk(folder: bytes) -> Iterator[Tuple[bytes, os.stat_result]]:
    """Yield everything below a folder; links are not followed."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for item in entries:
            status = look(item.path)
            if status is not None:
                yield item.path, status
                if stat.S_ISDIR(status.st_mode):
                    yield from walk(item.path)


def look(path: bytes) -> Optional[os.stat_result]:
    """Return `os.lstat` of a path, or None if nothing is there."""
    try:
        return os.lstat(path)
    except OSError:
        return None


def look_at(table: Table) -> Found:
    """Return what is now at the paths of a table, and everything below folders that are new."""
    found: Found = {}
    for path, then in table.items():
        status = look(path)
        if status is not None:
            found[path] = status
            if stat.S_ISDIR(status.st_mode) and not stat.S_ISDIR(then.mode):
                found.update(walk(path))
    return found


def is_in(path: bytes, folder: bytes) -> bool:
    """Whether a path is a folder or below it."""
    return path == folder or path.startswith(os.path.join(folder, b""))


def open_for_writing() -> Set[int]:
    """Return the inodes that this process has open for writing.

    A mapping made by `mmap.mmap` counts: Python keeps a duplicate of its descriptor open.
    """
    found = set()
    for name in os.listdir("/dev/fd"):
        with contextlib.suppress(OSError):  # the listing's own is closed by now
            if fcntl.fcntl(int(name), fcntl.F_GETFL) & (os.O_WRONLY | os.O_RDWR):
                found.add(os.fstat(int(name)).st_ino)
    return found


class Known:
    """Which bytes each file holds, for as long as its signature shows that nothing has written to it."""

    def __init__(self, source: Callable[[bytes], bytes]) -> None:
        self.source = source
        """Returns the path of the bytes that `Entry.content` names."""
        self.written_unseen: Set[int] = set()
        """Inodes that may be written to through a mapping, which changes no signature."""
        self._known: Dict[bytes, Tuple[Signature, bytes]] = {}

    def record(self, path: bytes, status: os.stat_result, content: bytes) -> None:
        """Record which bytes a file holds now."""
        self._known.pop(path, None)
        if time.time_ns() - status.st_mtime_ns > _YOUNG_NS:
            self._known[path] = signature(status), content

    def content(self, path: bytes, status: os.stat_result) -> Optional[bytes]:
        """Return where the bytes of a file are kept, or None if only reading it can tell."""
        signed, content = self._known.get(path, (None, None))
        return content if signed == signature(status) and status.st_ino not in self.written_unseen else None

    def holds(self, path: bytes, status: os.stat_result, content: bytes) -> bool:
        """Whether a file holds these bytes."""
        if self.content(path, status) == content or not content:
            return True
        with contextlib.suppress(OSError):
            source = self.source(content)
            return os.path.getsize(source) == status.st_size and _same_bytes(path, source)
        return False


def _same_bytes(path: bytes, other: bytes) -> bool:
    """Compare two files byte by byte; `filecmp` caches its answer by size and timestamp."""
    with open(path, "rb") as one, open(other, "rb") as two:
        return all(chunk == two.read(_CHUNK) for chunk in iter(lambda: one.read(_CHUNK), b""))


def restore(wanted: Table, found: Found, known: Known, inodes: Optional[Mapping[bytes, bytes]] = None) -> None:
    """Restore the disk to what a table says, rewriting only what differs.

    Files keep their inodes, so that processes that have them open continue with them.

    Args:
        wanted: what must be there.
        found: all that is there now; what is not wanted is removed.
        inodes: for a file that must be a certain inode, another path of that inode.

    Raises:
        OSError: the first failure; everything else has been restored.
    """
    _Restoration(wanted, found, known, inodes or {}).run()


class _Restoration:
    def __init__(self, wanted: Table, found: Found, known: Known, inodes: Mapping[bytes, bytes]) -> None:
        self._wanted = wanted
        self._found = dict(found)
        self._known = known
        self._inodes = inodes
        self._failed: List[OSError] = []

    def run(self) -> None:
        """Remove, children first; create and rewrite, parents first; set folders' timestamps, children first."""
        self._each(sorted(self._found, reverse=True), self._remove)
        self._each(sorted(self._wanted), self._create)
        folders = [path for path, then in self._wanted.items() if stat.S_ISDIR(then.mode)]
        self._each(sorted(folders, reverse=True), self._set_mode_and_time)
        if self._failed:
            raise self._failed[0]

    def _each(self, paths: Iterable[bytes], step: Callable[[bytes], None]) -> None:
        for path in paths:
            try:
                step(path)
            except OSError as error:
                self._failed.append(error)

    def _remove(self, path: bytes) -> None:
        mode, then = self._found[path].st_mode, self._wanted.get(path, GONE)
        same = stat.S_IFMT(mode) == stat.S_IFMT(then.mode)
        if same and not (stat.S_ISLNK(mode) and os.readlink(path) != then.content):
            return
        make_writable(os.path.dirname(path))
        if stat.S_ISDIR(mode):
            os.rmdir(path)
        else:
            os.remove(path)
        del self._found[path]

    def _create(self, path: bytes) -> None:
        then, status = self._wanted[path], self._found.get(path)
        if stat.S_ISREG(then.mode):
            self._restore_file(path, then)
        elif then == GONE:
            return
        elif status is None:
            make_writable(os.path.dirname(path))
            if stat.S_ISDIR(then.mode):
                os.mkdir(path, 0o700)
            elif stat.S_ISLNK(then.mode):
                os.symlink(then.content, path)
            elif stat.S_ISFIFO(then.mode):
                os.mkfifo(path)
            self._set_mode_and_time(path)
        # Creating files has changed the timestamps of folders, so `run` sets those once more at its end.
        elif (status.st_mode, status.st_mtime_ns) != then[:2]:
            self._set_mode_and_time(path)

    def _restore_file(self, path: bytes, then: Entry) -> None:
        self._restore_inode(path)
        status = self._found.get(path)
        if status is None or not self._known.holds(path, status, then.content):
            make_writable(os.path.dirname(path))
            _overwrite(self._known.source(then.content), path)
            status = None
        if status is None or (status.st_mode, status.st_mtime_ns) != then[:2]:
            self._set_mode_and_time(path)
            status = os.lstat(path)
        self._known.record(path, status, then.content)

    def _restore_inode(self, path: bytes) -> None:
        name, status = self._inodes.get(path), self._found.get(path)
        if name is not None and (status is None or os.lstat(name).st_ino != status.st_ino):
            make_writable(os.path.dirname(path))
            with contextlib.suppress(FileNotFoundError):
                os.remove(path)
            os.link(name, path)
            self._found[path] = os.lstat(path)

    def _set_mode_and_time(self, path: bytes) -> None:
        then, status = self._wanted[path], os.lstat(path)
        if status.st_mode != then.mode and not stat.S_ISLNK(then.mode):
            os.chmod(path, stat.S_IMODE(then.mode))
        if status.st_mtime_ns != then.modified_ns:
            os.utime(path, ns=(status.st_atime_ns, then.modified_ns), follow_symlinks=False)


def make_writable(folder: bytes) -> None:
    """Make a folder writable; `run` restores its permissions at its end."""
    if not os.access(folder, os.W_OK | os.X_OK):
        os.chmod(folder, 0o700)


def _overwrite(source: bytes, path: bytes) -> None:
    """Overwrite a file in place, and shorten it last.

    A mapping of the file must not lose its pages: touching one past the end raises SIGBUS (mmap(2)).
    """
    if os.path.lexists(path) and not os.access(path, os.W_OK):
        os.chmod(path, 0o600)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    with open(descriptor, "wb") as new, open(source, "rb") as old:
        shutil.copyfileobj(old, new, _CHUNK)
        new.truncate()
