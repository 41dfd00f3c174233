"""What a cell opens: told by Python's audit events, and by the system for what no event tells of.

C libraries and shell commands raise no events; on Linux, inotify sees what they read in the folders
where files have changed, and at the top of the others.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import struct
import sys
from typing import Any, Callable, ContextManager, Dict, Iterable, Iterator, List, Optional, Set, Tuple

from ..protocol.messages import Opened
from ..sandbox.undo import Refused
from .guard import EVENTS, database_file, full
from .inputs import HEARD, InputLog

_ACCESS, _MODIFY, _CLOSE_NOWRITE, _MOVED_TO = 0x1, 0x2, 0x10, 0x80
_READ, _WRITTEN = _ACCESS | _CLOSE_NOWRITE, _MODIFY | _MOVED_TO
_IS_FOLDER = 0x40000000
_EVENT = struct.Struct("iIII")
_MOST = 10_000


class FileLog:
    """Notes what is opened in some folders, from `begin` on."""

    def __init__(self) -> None:
        self.before_rename: Callable[[bytes], None] = lambda path: None
        self.announce: Callable[[str, Tuple[Any, ...]], None] = lambda event, arguments: None
        """Told of every event first; may raise `Refused`, and so keep the notebook from what it is about to do."""
        self.position: Callable[[], int] = int
        """Tells how far the running cell is."""
        self.inputs = InputLog()
        self._folders: Tuple[bytes, ...] = ()
        self._found: Dict[bytes, Opened] = {}
        self._watch = _Watch()
        self._asked = 0
        """How far the cell was when the system was last asked."""
        self._busy = False

    def install(self, folders: Iterable[bytes]) -> None:
        """Begin to listen; an audit hook cannot be taken away again."""
        self._folders = tuple(os.path.join(folder, b"") for folder in folders)
        self.inputs.install()
        sys.addaudithook(self._hear)

    def begin(self, folders: Iterable[bytes]) -> None:
        """Forget what was opened until now, and watch these folders from now on."""
        self._found = {}
        self.inputs.begin()
        self._asked = 0
        self._watch.renew(folders)

    def opened(self) -> Dict[bytes, Opened]:
        """What has been opened since `begin`."""
        self.ask_system()
        return dict(self._found)

    def ask_system(self) -> None:
        """Note what no event told of, and so before what an event is about to tell.

        All that is known of when it was read: since the system was last asked.
        """
        asked, self._asked = self._asked, self.position()
        for path, read, written, written_first in self._watch.read():
            if read and not written_first and not path.endswith(b".ipynb"):  # whoever reads those, it is no C library
                self.inputs.file(path)
            self._note(path, read, written, kept=False, written_first=written_first, at=asked)

    @contextlib.contextmanager
    def unwatched(self) -> Iterator[None]:
        """What the probe reads meanwhile, the notebook has not read."""
        self.opened()
        yield
        self.skip()

    def skip(self) -> None:
        """What was read and written lately was by others."""
        self._watch.read()

    @contextlib.contextmanager
    def unheard(self, busy: bool = True) -> Iterator[None]:
        """What the probe itself does is not the notebook's."""
        before, self._busy = self._busy, busy
        try:
            yield
        finally:
            self._busy = before

    def heard(self) -> ContextManager[None]:
        """Within `unheard`: a cell runs."""
        return self.unheard(busy=False)

    def _hear(self, event: str, arguments: Tuple[Any, ...]) -> None:
        if self._busy or event not in _HEARD:
            return
        with self.unheard():
            try:
                self.announce(event, arguments)
                self.inputs.hear(event, arguments)
                if event in _HANDLERS:
                    self.ask_system()
                    _HANDLERS[event](self, *arguments)
            except Refused:
                raise
            except Exception:  # noqa: BLE001  whatever else comes, the notebook goes on
                return

    def _open(self, path: Any, mode: Any, flags: int) -> None:
        if isinstance(path, int):
            return
        access = flags & (os.O_RDONLY | os.O_WRONLY | os.O_RDWR)
        written = access != os.O_RDONLY
        emptied = bool(flags & (os.O_TRUNC | os.O_EXCL))
        self._note(_absolute(path), read=access != os.O_WRONLY and not emptied, written=written, kept=not emptied)

    def _connect(self, database: Any, *_: Any) -> None:
        name = database_file(database)
        if name:
            self._note(_absolute(name), read=True, written=False, kept=True)

    def _rename(self, source: Any, target: Any, source_folder: int = -1, target_folder: int = -1) -> None:
        old, new = _absolute(source, source_folder), _absolute(target, target_folder)
        self._note(old, read=True, written=True, kept=True)
        self._note(new, read=False, written=True, kept=False)
        if os.path.isdir(old) and not os.path.islink(old):
            self.before_rename(old)

    def _remove(self, path: Any, folder: int = -1) -> None:
        self._note(_absolute(path, folder), read=False, written=True, kept=False)

    def _truncate(self, path: Any, *_: Any) -> None:
        if not isinstance(path, int):
            self._note(_absolute(path), read=False, written=True, kept=True)

    def _link(self, _source: Any, target: Any, *folders: int) -> None:
        self._note(_absolute(target, *folders[-1:]), read=False, written=True, kept=False)

    def _note(
        self, path: bytes, read: bool, written: bool, kept: bool, written_first: bool = False, at: Optional[int] = None
    ) -> None:
        if not path.startswith(self._folders):
            return
        if len(self._found) > _MOST:
            return
        known = self._found.setdefault(
            path,
            {
                "read": False,
                "written": False,
                "kept": False,
                "written_first": written_first or (written and not read and not kept),
                "at": 0,
                "exists": False,
                "model": False,
            },
        )
        if read and not known["read"]:
            known["at"] = self.position() if at is None else at
        known["read"] = known["read"] or read
        known["written"] = known["written"] or written
        known["kept"] = known["kept"] or (written and kept and not known["written_first"])


_HANDLERS: Dict[str, Callable[..., None]] = {
    "open": FileLog._open,
    "sqlite3.connect": FileLog._connect,
    "os.rename": FileLog._rename,
    "os.remove": FileLog._remove,
    "os.truncate": FileLog._truncate,
    "os.link": FileLog._link,
    "os.symlink": FileLog._link,
}
_HEARD = frozenset({*_HANDLERS, *EVENTS, *HEARD})


def _absolute(path: Any, folder: int = -1) -> bytes:
    return os.path.normpath(full(path, folder))


class _Watch:
    """The system's own account of what is read and written in some folders (inotify(7))."""

    def __init__(self) -> None:
        self._descriptor = -1
        self._watched: Dict[int, bytes] = {}
        self._folders: Set[bytes] = set()
        self._process = 0

    def renew(self, folders: Iterable[bytes]) -> None:
        """Watch these folders, and forget what happened."""
        wanted = set(folders)
        if self._process == os.getpid() and wanted == self._folders:
            self.read()
            return
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor, self._watched, self._folders, self._process = -1, {}, wanted, os.getpid()
        libc = ctypes.CDLL(None, use_errno=True)
        if not hasattr(libc, "inotify_init1"):
            return
        self._descriptor = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        for folder in wanted:
            number = libc.inotify_add_watch(self._descriptor, folder, _READ | _WRITTEN)
            if number >= 0:
                self._watched[number] = folder

    def read(self) -> List[Tuple[bytes, bool, bool, bool]]:
        """Paths with whether they were read, whether they were written, and whether that came first."""
        found: Dict[bytes, int] = {}
        first: Dict[bytes, int] = {}  # the system tells of events in their order
        with contextlib.suppress(OSError):
            while self._descriptor >= 0 and self._process == os.getpid():  # a fork shares its parent's events
                data = os.read(self._descriptor, 1 << 16)
                position = 0
                while position < len(data):
                    number, mask, _, length = _EVENT.unpack_from(data, position)
                    position += _EVENT.size + length
                    name = data[position - length : position].rstrip(b"\0")
                    if number in self._watched and name and not mask & _IS_FOLDER:
                        path = os.path.join(self._watched[number], name)
                        found[path] = found.get(path, 0) | mask
                        first.setdefault(path, mask)
        return [
            (path, bool(mask & _READ), bool(mask & _WRITTEN), bool(first[path] & _WRITTEN))
            for path, mask in found.items()
        ]
