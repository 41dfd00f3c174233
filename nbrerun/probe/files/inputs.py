"""What a cell reads, anywhere on the disk: files, modules of the user's own, listings of folders.

Files of the interpreter, of installed packages and of the system are left out: their versions stand for them.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
import sysconfig
from typing import Any, Callable, Set, Tuple

from ..protocol.messages import Inputs
from .events import Access, Use

_SYSTEM = (b"/proc/", b"/sys/", b"/dev/", b"/etc/", b"/usr/", b"/lib/", b"/lib64/", b"/bin/", b"/sbin/")
_MOST = 5_000
_PACKAGES = ("site-packages", "dist-packages")
_READS = frozenset({Use.DATABASE, Use.LOAD, Use.RENAME_FROM})
_DEPTH = 10
"""How many of a listing's callers are searched for the import system."""


class InputLog:
    """Records paths that are read, from `begin` on."""

    def __init__(self) -> None:
        self._files: Set[bytes] = set()
        self._folders: Set[bytes] = set()
        self._complete = True
        self._installed: Tuple[bytes, ...] = _SYSTEM

    def install(self) -> None:
        """Find out where packages are installed. Called once, since a cell may change `sys.path`."""
        known = sysconfig.get_paths()
        folders = [known[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")]
        search_path = [path for path in sys.path if isinstance(path, str)]
        folders += [path for path in search_path if os.path.basename(path) in _PACKAGES]
        self._installed = (*_SYSTEM, *(os.path.join(os.fsencode(folder), b"") for folder in folders))

    def begin(self) -> None:
        """Forget what was read until now."""
        self._files, self._folders, self._complete = set(), set(), True

    def seen(self, shown: Callable[[bytes], str]) -> Inputs:
        """What has been read since `begin`.

        Args:
            shown: gives the name by which a path is reported.
        """
        return {
            "files": sorted(map(shown, self._files)),
            "folders": sorted(map(shown, self._folders)),
            "complete": self._complete,
        }

    def hear(self, access: Access) -> None:
        """Record an access, if what it reads can matter to the cell."""
        if access.use in _READS or (access.use is Use.OPEN and not access.by_descriptor and _depends(access)):
            self.file(access.path)
        elif access.use is Use.LIST and not _is_for_import():
            self._add(self._folders, access.path)

    def file(self, path: bytes) -> None:
        """Record that a file is read, or was looked for in vain."""
        if path.endswith(b".pyc"):  # Python reads only the compiled form of a module; the user edits the source
            with contextlib.suppress(ValueError, NotImplementedError):
                path = os.fsencode(importlib.util.source_from_cache(os.fsdecode(path)))
        self._add(self._files, path)

    def _add(self, paths: Set[bytes], path: bytes) -> None:
        path = os.path.normpath(path)
        if path in paths or path.startswith(self._installed):
            return
        if len(paths) >= _MOST:
            self._complete = False
        else:
            paths.add(path)


def _depends(opened: Access) -> bool:
    """Whether the file's old content is read, or is part of the new one."""
    overwrites = opened.flags & os.O_ACCMODE == os.O_WRONLY and not opened.flags & os.O_APPEND
    return not opened.starts_empty and not overwrites


def _is_for_import() -> bool:
    """Whether the import system lists the folder: it looks for modules, so that other new files do not matter."""
    frame: Any = sys._getframe(3)  # the caller of the audit hook
    for _ in range(_DEPTH):
        if frame is None:
            return False
        if "importlib" in frame.f_code.co_filename:
            return True
        frame = frame.f_back
    return False
