"""What a cell looks at outside of itself, wherever on the disk it is: files, modules of its own, listed folders.

What belongs to the interpreter, to installed packages or to the system is left out: their versions stand for it.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
import sysconfig
from typing import Any, Callable, Dict, Iterable, Iterator, Set, Tuple

from ..protocol.messages import Inputs
from .guard import database_file, full

_SYSTEM = (b"/proc/", b"/sys/", b"/dev/", b"/etc/", b"/usr/", b"/lib/", b"/lib64/", b"/bin/", b"/sbin/")
_MOST = 5_000
_PACKAGES = ("site-packages", "dist-packages")
_DEPTH = 12
"""How far up a listing's caller is looked for."""


class InputLog:
    """Notes paths as audit events tell of them, from `begin` on."""

    def __init__(self) -> None:
        self._files: Set[bytes] = set()
        self._folders: Set[bytes] = set()
        self._complete = True
        self._installed: Tuple[bytes, ...] = _SYSTEM

    def install(self) -> None:
        """Once, before the first cell; which packages there are may have changed by the next."""
        self._installed = (*_SYSTEM, *_installed())

    def begin(self) -> None:
        """Forget what was looked at until now."""
        self._files, self._folders, self._complete = set(), set(), True

    def seen(self, shown: Callable[[bytes], str]) -> Inputs:
        """What has been looked at since `begin`, by the names that `shown` gives."""
        return {
            "files": sorted(map(shown, self._files)),
            "folders": sorted(map(shown, self._folders)),
            "complete": self._complete,
        }

    def hear(self, event: str, arguments: Tuple[Any, ...]) -> None:
        """Take an audit event in."""
        handler = HEARD.get(event)
        if handler is not None:
            handler(self, *arguments)

    def file(self, path: bytes) -> None:
        """A file is read, or was looked for."""
        self._add(self._files, _source(path))

    def _add(self, paths: Set[bytes], path: bytes) -> None:
        path = os.path.normpath(path)
        if path in paths or path.startswith(self._installed):
            return
        if len(paths) >= _MOST:
            self._complete = False
        else:
            paths.add(path)

    def _open(self, path: Any, _mode: Any, flags: int) -> None:
        emptied = flags & (os.O_TRUNC | os.O_EXCL) or (flags & os.O_ACCMODE == os.O_WRONLY and not flags & os.O_APPEND)
        if not isinstance(path, int) and not emptied:
            self.file(full(path))

    def _connect(self, database: Any, *_: Any) -> None:
        name = database_file(database)
        if name:
            self.file(full(name))

    def _import(self, _module: Any, path: Any = None, *_: Any) -> None:
        """Extension modules are opened by the system's loader."""
        if path:
            self.file(full(path))

    def _list(self, path: Any = None, *_: Any) -> None:
        """Python lists the folders that it imports from; that they hold a new report is no matter."""
        if not isinstance(path, int) and not _imports():
            self._add(self._folders, full("." if path is None else path))

    def _move(self, source: Any, _target: Any, source_folder: int = -1, *_: Any) -> None:
        self.file(full(source, source_folder))


HEARD: Dict[str, Callable[..., None]] = {
    "open": InputLog._open,
    "sqlite3.connect": InputLog._connect,
    "import": InputLog._import,
    "os.listdir": InputLog._list,
    "os.scandir": InputLog._list,
    "os.rename": InputLog._move,
}


def _source(path: bytes) -> bytes:
    """Python reads the compiled form of a module only; a person changes the other one."""
    if path.endswith(b".pyc"):
        with contextlib.suppress(ValueError, NotImplementedError):
            return os.fsencode(importlib.util.source_from_cache(os.fsdecode(path)))
    return path


def _installed() -> Iterator[bytes]:
    known = sysconfig.get_paths()
    yield from map(_folder, (known[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")))
    yield from map(_folder, (path for path in _search_path() if os.path.basename(path) in _PACKAGES))


def _search_path() -> Iterable[str]:
    return [path for path in sys.path if isinstance(path, str)]


def _folder(path: str) -> bytes:
    return os.path.join(os.fsencode(path), b"")


def _imports() -> bool:
    frame: Any = sys._getframe(2)
    for _ in range(_DEPTH):
        if frame is None:
            return False
        if "importlib" in frame.f_code.co_filename:
            return True
        frame = frame.f_back
    return False
