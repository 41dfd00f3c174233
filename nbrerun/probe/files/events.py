"""Decode the audit events by which Python announces that it is about to use a file or a folder (PEP 578).

Arguments of each event: Python's documentation, "Audit events table".
"""

from __future__ import annotations

import enum
import fcntl
import os
import urllib.parse
from typing import Any, Callable, Dict, NamedTuple, Tuple

_NAME_LIMIT = 1024
"""Bytes that macOS writes for `F_GETPATH` at most (fcntl(2): MAXPATHLEN)."""


class Use(enum.Enum):
    """What is about to happen to a path."""

    OPEN = "it is opened, as the flags say"
    DATABASE = "SQLite opens it; whether it will be written cannot be known yet, unless the flags are O_RDONLY"
    LOAD = "the system's loader reads an extension module"
    LIST = "the names in this folder are read"
    ENTER = "the process goes into this folder, or empties it: later events give names relative to it"
    CHANGE = "its mode, owner, timestamps or extended attributes change"
    TRUNCATE = "its end is cut off"
    REMOVE = "this name of a file is removed"
    RENAME_FROM = "it loses this name"
    RENAME_TO = "another file or folder gets this name"
    LINK_FROM = "it gets a second name, by which it can be written from then on"
    LINK_TO = "a link gets this name"
    MAKE_FOLDER = "a folder is made"
    REMOVE_FOLDER = "an empty folder is removed"


class Access(NamedTuple):
    """One path that a call is about to use."""

    use: Use
    path: bytes
    """Absolute, but not normalized: `..` behind a link is for the system to follow.

    Empty for what is opened by its descriptor for reading, a pipe mostly.
    """
    flags: int = 0
    """Those of open(2), for `OPEN` and `DATABASE`."""
    by_descriptor: bool = False
    """It is open already."""

    @property
    def writes(self) -> bool:
        """It is opened for writing, creating or emptying."""
        return bool(self.flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC))

    @property
    def starts_empty(self) -> bool:
        """Nothing that was there is left once it is open."""
        return bool(self.flags & (os.O_TRUNC | os.O_EXCL))


def decode(event: str, arguments: Tuple[Any, ...]) -> Tuple[Access, ...]:
    """What an audit event announces; empty for events that are not about files.

    Raises:
        OSError: a relative path has no folder, since that has been removed or its descriptor closed.
        TypeError: these are not the arguments of such an event.
    """
    if event not in EVENTS:
        return ()
    return _DECODERS[event](*arguments)


def _open(path: Any, _mode: Any, flags: int) -> Tuple[Access, ...]:
    access = Access(Use.OPEN, b"", flags, isinstance(path, int))
    return (access._replace(path=_full(path)) if access.writes or not access.by_descriptor else access,)


def _connect(database: Any, *_more: Any) -> Tuple[Access, ...]:
    """A database may be given as a URI (https://sqlite.org/uri.html)."""
    name, options = os.fsdecode(database), ""
    if name.startswith("file:"):
        name, _, options = name[len("file:") :].partition("?")
        name = urllib.parse.unquote(name)
        name = name[2:] if name.startswith("///") else name
    if name in ("", ":memory:") or "mode=memory" in options:
        return ()
    read_only = "mode=ro" in options or "immutable=1" in options
    return (Access(Use.DATABASE, _full(name), os.O_RDONLY if read_only else os.O_RDWR | os.O_CREAT),)


def _import(_module: Any, path: Any = None, *_: Any) -> Tuple[Access, ...]:
    """Raised for every import; only for an extension module does it come with a path."""
    return (Access(Use.LOAD, _full(path)),) if path else ()


def _list(path: Any = None) -> Tuple[Access, ...]:
    return () if isinstance(path, int) else (Access(Use.LIST, _full("." if path is None else path)),)


def _rename(source: Any, target: Any, source_folder: int = -1, target_folder: int = -1) -> Tuple[Access, ...]:
    return Access(Use.RENAME_FROM, _full(source, source_folder)), Access(Use.RENAME_TO, _full(target, target_folder))


def _link(source: Any, target: Any, source_folder: int = -1, target_folder: int = -1) -> Tuple[Access, ...]:
    return Access(Use.LINK_FROM, _full(source, source_folder)), Access(Use.LINK_TO, _full(target, target_folder))


def _symlink(_source: Any, target: Any, folder: int = -1) -> Tuple[Access, ...]:
    """The source is not used, and need not be there."""
    return (Access(Use.LINK_TO, _full(target, folder)),)


def _of(use: Use, begins_in_folder: bool = False) -> Callable[..., Tuple[Access, ...]]:
    """Decode events about one path.

    Args:
        begins_in_folder: their last argument is the descriptor of the folder that a relative path begins in.
    """

    def decoder(path: Any, *more: Any) -> Tuple[Access, ...]:
        folder = more[-1] if begins_in_folder else -1
        return (Access(use, _full(path, folder), by_descriptor=isinstance(path, int)),)

    return decoder


_DECODERS: Dict[str, Callable[..., Tuple[Access, ...]]] = {
    "import": _import,
    "open": _open,
    "os.chdir": _of(Use.ENTER),
    "os.chmod": _of(Use.CHANGE, begins_in_folder=True),
    "os.chown": _of(Use.CHANGE, begins_in_folder=True),
    "os.link": _link,
    "os.listdir": _list,
    "os.mkdir": _of(Use.MAKE_FOLDER, begins_in_folder=True),
    "os.remove": _of(Use.REMOVE, begins_in_folder=True),
    "os.removexattr": _of(Use.CHANGE),
    "os.rename": _rename,
    "os.rmdir": _of(Use.REMOVE_FOLDER, begins_in_folder=True),
    "os.scandir": _list,
    "os.setxattr": _of(Use.CHANGE),
    "os.symlink": _symlink,
    "os.truncate": _of(Use.TRUNCATE),
    "os.utime": _of(Use.CHANGE, begins_in_folder=True),
    "shutil.rmtree": _of(Use.ENTER),
    "sqlite3.connect": _connect,
}

EVENTS = frozenset(_DECODERS)
"""Names of the events that are decoded."""


def _full(path: Any, folder: int = -1) -> bytes:
    """An absolute path.

    Args:
        path: may be a descriptor.
        folder: descriptor of the folder that a relative path begins in; -1 for the working folder.
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
    return os.readlink(b"/proc/self/fd/%d" % descriptor)  # Linux (proc(5))
