"""What a cell opens, as Python's audit events announce it, and as the system reports what raises no event.

C libraries and shell commands raise no events. On Linux, inotify sees what they read in the folders in which files
have changed, and at the top of the others.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import struct
from typing import Any, Callable, ContextManager, Dict, Iterable, Iterator, List, NamedTuple, Optional, Set, Tuple

from ..process.audit import listen
from ..protocol.messages import Opened
from ..sandbox.layer import Signature, signature
from ..sandbox.undo import Refused
from .events import EVENTS, Access, Use, decode
from .inputs import InputLog

# Constants and layout of events: inotify(7), <sys/inotify.h>
_ACCESS, _MODIFY, _CLOSE_NOWRITE, _MOVED_TO = 0x1, 0x2, 0x10, 0x80
_READ, _WRITTEN = _ACCESS | _CLOSE_NOWRITE, _MODIFY | _MOVED_TO
_IS_FOLDER = 0x40000000
_EVENT = struct.Struct("iIII")
_MOST = 10_000
_NO_FILES = (b"/dev/", b"/proc/", b"/sys/")


class _Effect(NamedTuple):
    """What becomes of a file's content."""

    read: bool
    written: bool
    kept: bool
    """It is opened to be changed: the old content is there still, or is part of the new one."""


_EFFECTS = {
    Use.DATABASE: _Effect(read=True, written=False, kept=True),
    Use.RENAME_FROM: _Effect(read=True, written=True, kept=True),
    Use.RENAME_TO: _Effect(read=False, written=True, kept=False),
    Use.LINK_TO: _Effect(read=False, written=True, kept=False),
    Use.REMOVE: _Effect(read=False, written=True, kept=False),
    Use.TRUNCATE: _Effect(read=False, written=True, kept=True),
}
"""The effect of each use but `OPEN`, which depends on the flags. That of others, such as `chmod`, is none."""


class FileLog:
    """Records what is opened in some folders, from `begin` on."""

    def __init__(self) -> None:
        self.before_rename: Callable[[bytes], None] = lambda path: None
        """Called with the path of a folder that is about to be renamed."""
        self.announce: Callable[[Iterable[Access]], None] = lambda accesses: None
        """Called with every access first; may raise `Refused`, which the notebook's own call then raises."""
        self.position: Callable[[], int] = int
        """Returns how many statements of the running cell have run."""
        self.inputs = InputLog()
        self.counts: Callable[[], bool] = lambda: True
        """Returns whether files are written by the cell, and not by an import."""
        self.is_of_others: Callable[[bytes], bool] = lambda path: False
        """Returns whether it is other programs that read and write a file, where no event announces it."""
        self._folders: Tuple[bytes, ...] = ()
        self._apart: Tuple[bytes, ...] = ()
        """The folders whose files are kept safe or hold none, ..."""
        self._elsewhere: Dict[bytes, Optional[Signature]] = {}
        """... and what was in others that the cell has written since, before it did."""
        self.by_imports: Set[bytes] = set()
        """Files that were last written, and folders that were made, while a module was imported."""
        self._found: Dict[bytes, Opened] = {}
        self._watch = _Watch()
        self._asked = 0
        """The position when the system was last asked."""
        self._busy = False
        self.last_read = b""
        """The path of the file that was read last, wherever it is, ..."""
        self.last_written = b""
        """... and of the one that was written last."""

    def install(self, folders: Iterable[bytes], beside: Iterable[bytes] = ()) -> None:
        """Begin to listen. Called once, since it is for good.

        Args:
            folders: whose files are recorded.
            beside: whose files are kept safe as well.
        """
        self.watch(folders, beside)
        self.inputs.install()
        listen(EVENTS, self._hear)

    def watch(self, folders: Iterable[bytes], beside: Iterable[bytes]) -> None:
        """Record what is opened in these folders from now on; see `install`."""
        self._folders = tuple(os.path.join(folder, b"") for folder in folders)
        self._apart = (*self._folders, *(os.path.join(folder, b"") for folder in beside), *_NO_FILES)

    def begin(self, folders: Iterable[bytes]) -> None:
        """Forget what was opened until now, and watch these folders from now on."""
        self._found, self._elsewhere = {}, {}
        self.inputs.begin()
        self._asked = 0
        self._watch.renew(folders)

    def opened(self) -> Dict[bytes, Opened]:
        """What has been opened since `begin`."""
        self.ask_system()
        return dict(self._found)

    def elsewhere(self) -> List[bytes]:
        """Files outside of all folders that are not what they were before the cell wrote to them."""
        return [path for path, before in self._elsewhere.items() if _differs(before, _signed(path))]

    def ask_system(self) -> None:
        """Record what raised no event; called before an event is recorded, to keep the order.

        The system does not report when a file was read: it was since the system was last asked.
        """
        asked, self._asked = self._asked, self.position()
        for path, read, written, written_first in self._watch.read():
            if self.is_of_others(path):
                continue
            if read and not written_first and not path.endswith(b".ipynb"):  # an editor reads notebooks, no C library
                self.inputs.file(path)
            self._record(path, _Effect(read, written, kept=False), written_first, asked)

    @contextlib.contextmanager
    def unwatched(self) -> Iterator[None]:
        """Ignore what the system reports meanwhile: the probe reads files, not the notebook."""
        self.opened()
        yield
        self.skip()

    def skip(self) -> None:
        """Ignore what the system has reported since it was last asked."""
        self._watch.read()

    @contextlib.contextmanager
    def unheard(self, busy: bool = True) -> Iterator[None]:
        """Ignore audit events meanwhile: the probe raises them, not the notebook."""
        before, self._busy = self._busy, busy
        try:
            yield
        finally:
            self._busy = before

    def heard(self) -> ContextManager[None]:
        """Record audit events again, within `unheard`: a cell runs."""
        return self.unheard(busy=False)

    def _hear(self, event: str, arguments: Tuple[Any, ...]) -> None:
        if self._busy:
            return
        with self.unheard():
            try:
                accesses = decode(event, arguments)
                self.announce(accesses)
                for access in accesses:
                    self.inputs.hear(access)
                self._open(accesses)
            except Refused:
                raise
            except Exception:  # noqa: BLE001  the arguments may be the user's objects; an error here would be the cell's
                return

    def hear_lookup(self, name: Optional[bytes]) -> None:
        """Record that an environment variable is looked up; None for all of them."""
        if not self._busy:
            self.inputs.variable(name)

    def hear_in_vain(self, path: Optional[bytes]) -> None:
        """Record that a file was looked for that is not there."""
        if path and not self._busy:
            self.inputs.file(path)

    def _open(self, accesses: Iterable[Access]) -> None:
        effects = [(access, effect) for access in accesses for effect in _effects(access)]
        if effects:
            self.ask_system()
        for access, effect in effects:
            if effect.written and not access.by_descriptor:
                self._note_written(os.path.realpath(access.path))
            if not access.by_descriptor:
                self._record(os.path.normpath(access.path), effect)
        for access in accesses:
            if access.use is Use.MAKE_FOLDER and not self.counts():
                self.by_imports.add(os.path.realpath(access.path))
            path = os.path.normpath(access.path)
            if access.use is Use.RENAME_FROM and os.path.isdir(path) and not os.path.islink(path):
                self.before_rename(path)

    def _note_written(self, path: bytes) -> None:
        if not self.counts():
            self.by_imports.add(path)
            return
        self.by_imports.discard(path)
        if not path.startswith(self._apart) and path not in self._elsewhere and len(self._elsewhere) < _MOST:
            self._elsewhere[path] = _signed(path)

    def _record(self, path: bytes, effect: _Effect, written_first: bool = False, at: Optional[int] = None) -> None:
        """Add what happened to a file to what is known of it, if it lies in the folders.

        Args:
            written_first: it was written before it was read, as the system reports.
            at: the position; that of now if left out.
        """
        if not path.startswith(self._folders) or len(self._found) > _MOST:
            return
        if effect.read:
            self.last_read = path
        if effect.written:
            self.last_written = path
        known = self._found.setdefault(
            path,
            {
                "read": False,
                "written": False,
                "kept": False,
                "written_first": written_first or (effect.written and not effect.read and not effect.kept),
                "at": 0,
                "exists": False,
                "model": False,
            },
        )
        if effect.read and not known["read"]:
            known["at"] = self.position() if at is None else at
        known["read"] = known["read"] or effect.read
        known["written"] = known["written"] or effect.written
        known["kept"] = known["kept"] or (effect.kept and not known["written_first"])


def _signed(path: bytes) -> Optional[Signature]:
    try:
        return signature(os.lstat(path))
    except OSError:  # nothing is there
        return None


def _differs(before: Optional[Signature], after: Optional[Signature]) -> bool:
    """Whether a file has changed; a lock that is taken by opening it is as empty as before."""
    is_empty = before is not None and after is not None and before.size == after.size == 0
    return before != after and not is_empty


def _effects(access: Access) -> List[_Effect]:
    """One effect on the content of a file, or none."""
    if access.use is not Use.OPEN:
        return [_EFFECTS[access.use]] if access.use in _EFFECTS else []
    mode, kept = access.flags & os.O_ACCMODE, not access.starts_empty
    written = mode != os.O_RDONLY
    return [_Effect(read=mode != os.O_WRONLY and kept, written=written, kept=written and kept)]


class _Watch:
    """Reads and writes of any process in some folders, as inotify(7) reports them; none on other systems."""

    def __init__(self) -> None:
        self._descriptor = -1
        self._watched: Dict[int, bytes] = {}
        self._folders: Set[bytes] = set()
        self._process = 0

    def renew(self, folders: Iterable[bytes]) -> None:
        """Watch these folders instead, and forget what happened until now."""
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
        """Take what happened since the last call: a path, whether it was read, written, and written first."""
        found: Dict[bytes, int] = {}
        first: Dict[bytes, int] = {}  # events come in the order in which they happened
        with contextlib.suppress(OSError):
            while self._descriptor >= 0 and self._process == os.getpid():  # a forked child shares its parent's queue
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
