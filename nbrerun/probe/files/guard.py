"""What a cell is about to write, delete or rename, as Python's audit events announce it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import urllib.parse
from typing import Any, Callable, Dict, Protocol, Tuple

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_NAME_LIMIT = 1024
_BESIDE_DATABASE = ("-journal", "-wal", "-shm")


class Keeps(Protocol):
    """Wants to keep what a file holds before it changes; may raise `Refused`."""

    def before_write(self, path: bytes) -> None:
        """What is in a file or folder is about to change."""

    def before_move(self, path: bytes) -> None:
        """Something is about to get this name, or to lose it."""


def announce(keeps: Keeps, event: str, arguments: Tuple[Any, ...]) -> None:
    """Tell of what an audit event announces.

    Raises:
        OSError: `keeps` refuses.
    """
    handler = EVENTS.get(event)
    if handler is not None:
        handler(keeps, *arguments)


def _open(keeps: Keeps, path: Any, _mode: Any, flags: int) -> None:
    if flags & _WRITING:
        _write(keeps, path)


def _connect(keeps: Keeps, database: Any, *_more: Any) -> None:
    """SQLite may write whenever it reads, and to files beside the database."""
    name, options = database_file(database), os.fsdecode(database).partition("?")[2]
    if name and "mode=ro" not in options and "immutable=1" not in options:
        _write(keeps, name)
        for suffix in _BESIDE_DATABASE:
            _write(keeps, name + suffix)


def _write(keeps: Keeps, path: Any, *_: Any) -> None:
    keeps.before_write(full(path))


def _write_at(keeps: Keeps, path: Any, *more: Any) -> None:
    """The last argument is a descriptor of the folder that a relative path begins in."""
    keeps.before_write(full(path, more[-1]))


def _move_at(keeps: Keeps, path: Any, *more: Any) -> None:
    keeps.before_move(full(path, more[-1]))


def _rename(keeps: Keeps, source: Any, target: Any, source_folder: int, target_folder: int) -> None:
    keeps.before_move(full(source, source_folder))
    keeps.before_move(full(target, target_folder))


def _link(keeps: Keeps, source: Any, target: Any, source_folder: int, target_folder: int) -> None:
    keeps.before_write(full(source, source_folder))  # from then on it can be written to by its new name
    keeps.before_move(full(target, target_folder))


def _symlink(keeps: Keeps, _source: Any, target: Any, folder: int) -> None:
    keeps.before_move(full(target, folder))


def _enter(keeps: Keeps, path: Any, *_: Any) -> None:
    """What is done with paths below it is announced without it."""
    with contextlib.suppress(OSError):  # it is only looked at, so far
        keeps.before_write(os.path.join(full(path), b"."))


EVENTS: Dict[str, Callable[..., None]] = {
    "open": _open,
    "sqlite3.connect": _connect,
    "os.chdir": _enter,
    "os.chmod": _write_at,
    "os.chown": _write_at,
    "os.link": _link,
    "os.mkdir": _move_at,
    "os.remove": _move_at,
    "os.removexattr": _write,
    "os.rename": _rename,
    "os.rmdir": _move_at,
    "os.setxattr": _write,
    "os.symlink": _symlink,
    "os.truncate": _write,
    "os.utime": _write_at,
    "shutil.rmtree": _enter,
}
"""Events by name (Python's documentation, Audit events table)."""


def database_file(database: Any) -> str:
    """The file of an SQLite database, which may be given as a URI; empty if it is in memory."""
    name = os.fsdecode(database)
    if name.startswith("file:"):
        name, _, options = name[len("file:") :].partition("?")
        if "mode=memory" in options:
            return ""
        name = urllib.parse.unquote(name)
        name = name[2:] if name.startswith("///") else name
    return "" if name == ":memory:" else name


def full(path: Any, folder: int = -1) -> bytes:
    """A path from the root on, as it was given: `..` behind a link is for the system to follow.

    Args:
        path: may be a descriptor.
        folder: descriptor of the folder that it begins in; -1 for the working folder.
    """
    if isinstance(path, int):
        return _path_of(path)
    name = os.fsencode(path)
    if os.path.isabs(name):
        return name
    return os.path.join(os.getcwdb() if folder < 0 else _path_of(folder), name)


def _path_of(descriptor: int) -> bytes:
    if hasattr(fcntl, "F_GETPATH"):  # macOS
        found: bytes = fcntl.fcntl(descriptor, fcntl.F_GETPATH, bytes(_NAME_LIMIT))
        return found.rstrip(b"\0")
    return os.readlink(b"/proc/self/fd/%d" % descriptor)
