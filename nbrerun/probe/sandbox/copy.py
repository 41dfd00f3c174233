"""The sandbox for systems that allow no overlay (macOS, many containers): a scratch copy of the notebook's folder.

The kernel works in a scratch tree that stands in for the notebook's folder (`mirror`). What the notebook writes
elsewhere in the user's folders, by absolute paths, is reverted (`undo`). Kernel and branches share these files: a
branch first restores them to its moment, and the kernel restores its own files afterwards.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import stat
from marshal import dump, load  # by name: the notebook may put other functions into the module
from typing import Callable, Dict, List, Sequence, Set, Tuple

from ..protocol.messages import File
from . import layer
from .mirror import Mirror
from .tree import GONE, Entry, Found, Known, Table, entry, is_in, look_at, open_for_writing, restore, walk
from .undo import Originals, Refused, refuse

_FULL_BYTES = 1 << 16
# As many symbolic links as Linux follows in one path (path_resolution(7)).
_MOST_LINKS = 40
_NOTE = (
    "C libraries and shell commands can still change the disk, by absolute paths and through links, "
    "which stand for large files and for everything outside the folder; "
    "what is written to the home directory and to folders for temporary files is written there"
)


class Scratch:
    """The scratch tree of one kernel, and the user's files that it has written to."""

    kind = "copy"

    def __init__(self, home: str, folders: Sequence[str], limit: int, beside: Sequence[str] = ()) -> None:
        self.beside: List[bytes] = []
        """None: a copy in these folders may be one that somebody else needs at the same time."""
        self.refused: List[bytes] = []
        self.models: Callable[[], List[str]] = list
        """Returns the names of the notebook's own classes that are models."""
        self.note = _NOTE
        self._home = os.fsencode(home)
        self._root = os.path.join(self._home, b"scratch")
        self._limit = limit
        given = [os.path.realpath(os.fsencode(folder)) for folder in folders]
        self._user_folders = [folder for folder in given if not is_in(folder, self._home)]
        self._mirror = Mirror(self._root, self._home, self._user_folders, limit)
        self.notebook = self._mirror.image(self._user_folders[0])
        self.folders = [*map(self._mirror.image, self._user_folders), self._root, *self._user_folders]
        self.given = self.folders
        self._originals = Originals(self._home)
        self._known = Known(self._originals.source)
        self._reading = layer.Reading()
        self._working = self.notebook
        self._count = itertools.count(1)
        self._last: Tuple[str, Table] = "", {}
        self._blobs: Dict[str, Set[bytes]] = {}
        """The copies of files that each name needs."""
        if os.path.exists(self._table_file("")):
            self._attach()

    def set_up(self) -> None:
        """Build the scratch tree, and make its image of the notebook's folder the working folder.

        Raises:
            OSError: there are too many files, or the disk is full.
        """
        os.mkdir(self._root)
        self._mirror.build()
        if self._mirror.partial:
            self.note += f"; not all is seen of {os.fsdecode(b', '.join(self._mirror.partial))}"
        table = {path: entry(path, status, self._mirror.real(path)) for path, status in walk(self._root)}
        self._originals.add(table)
        try:
            self._originals.register()
        except OSError as error:
            self.note += f"; what is to be written there by absolute paths is refused ({error.strerror})"
        os.mkdir(os.path.dirname(self._table_file("")))
        self._save("", table, {})
        os.chdir(self.notebook)

    def _attach(self) -> None:
        self._originals.mark_running()
        self._last = "", self._load("")[0]
        found = self._current()
        for path, then in self._last[1].items():
            if path in found and found[path].st_mtime_ns == then.modified_ns:
                self._known.record(path, found[path], then.content)

    def freeze(self) -> str:
        """Keep the current files under a name, and return the name; equal names stand for equal files."""
        with contextlib.suppress(OSError):  # the working folder was removed
            self._working = os.getcwdb()
        found = self._current()
        inodes = self._link_open_files(found)
        table = {path: self._kept_entry(path, status) for path, status in found.items()}
        table.update({path: GONE for path in self._originals.user_files() if path not in found})
        if table != self._last[1]:
            name = str(next(self._count))
            self._save(name, table, inodes)
            self._blobs[name] = {then.content for then in table.values() if is_in(then.content, self._frozen())}
            self._last = name, table
        return self._last[0]

    def forget(self, name: str) -> None:
        """Delete what was kept under a name, apart from copies that other names need."""
        if name and name != self._last[0] and name in self._blobs:
            given_up = self._blobs.pop(name)
            os.remove(self._table_file(name))
            for blob in given_up.difference(*self._blobs.values()):
                os.remove(blob)

    def enter(self, name: str) -> None:
        """In a branch: restore the files to what they were when they were kept.

        Raises:
            OSError: some of them cannot be restored; the others have been.
        """
        self._restore(*self._load(name))

    def leave(self) -> None:
        """In the kernel, after a branch: restore the files to what the kernel left.

        Raises:
            OSError: some of them cannot be restored; the others have been.
        """
        self._restore(*self._load(self._last[0]))

    def changed(self) -> Dict[bytes, File]:
        """Return every file that differs from what it was before the first cell, by path."""
        found, originals = self._current(), self._originals.table()
        changed: Dict[bytes, File] = {}
        for path, status in found.items():
            then = originals.get(path, GONE)
            if not self._is_original(path, status, then):
                if stat.S_ISDIR(status.st_mode):
                    value: File = {"kind": "folder", "digest": b"", "size": 0, "model": False}
                else:  # what was read of a file before does not count while a mapping may change it
                    unseen = status.st_ino in self._known.written_unseen
                    value = (layer.Reading() if unseen else self._reading).file(path, self.models)
                first = layer.gone()
                if stat.S_ISREG(then.mode):
                    first = self._reading.file(self._originals.source(then.content), self.models)
                if value != first:
                    changed[path] = value
        for path in originals.keys() - found.keys():
            # Of a deleted folder only the folder itself is reported, so its parent must still be there.
            above = found.get(os.path.dirname(path))
            if originals[path] != GONE and above is not None and stat.S_ISDIR(above.st_mode):
                changed[path] = layer.gone()
        return changed

    def changed_beside(self) -> Dict[bytes, File]:
        """Return nothing: nothing is protected there."""
        return {}

    def shown(self, path: bytes) -> str:
        """Return a path as the user would write it: relative to the notebook's folder for files of the scratch tree."""
        if not is_in(path, self._root):
            return os.fsdecode(path)
        return os.fsdecode(os.path.relpath(self._mirror.real(path), self._user_folders[0]))

    def model_in(self, path: bytes) -> bool:
        """Whether a file holds a model."""
        with contextlib.suppress(OSError):
            return self._reading.file(os.path.realpath(path), self.models)["model"]
        return False

    def is_full(self) -> bool:
        """Whether the notebook has written more than it may, or the disk is full."""
        room = os.statvfs(self._home)
        originals = self._originals.table()
        written = sum(
            status.st_size
            for path, status in self._current().items()
            if stat.S_ISREG(status.st_mode) and not self._is_original(path, status, originals.get(path, GONE))
        )
        return written > self._limit or room.f_bavail * room.f_frsize < _FULL_BYTES

    def before_rename(self, source: bytes) -> None:
        """Nothing to do: links still lead where they did."""

    def before_write(self, path: bytes) -> None:
        """Copy a file into the scratch tree, or keep its contents, before the notebook writes to it.

        Raises:
            Refused: neither is possible.
        """
        self._guard(path, moved=False)

    def before_move(self, path: bytes) -> None:
        """Keep a file or folder before the notebook creates, renames or deletes it.

        Raises:
            Refused: it cannot be kept.
        """
        self._guard(path.rstrip(b"/"), moved=True)

    def before_restore(self, path: bytes) -> None:
        """Keep it as well.

        Raises:
            Refused: it cannot be kept.
        """
        self.before_move(path)

    def _guard(self, path: bytes, moved: bool) -> None:
        try:
            reached, outside = self._reach(path, moved)
            if any(is_in(reached, folder) for folder in self._user_folders) and not is_in(reached, self._home):
                self._originals.keep(reached, moved, self._limit)
            elif outside:
                raise refuse(path, "it is in a folder of too many files")
        except Refused:
            raise
        except OSError as error:
            raise refuse(path, str(error)) from error

    def _reach(self, path: bytes, moved: bool) -> Tuple[bytes, bool]:
        """Resolve a path as the system does, and open up links that lead out of the scratch tree.

        Args:
            moved: the path itself is about to change, so a link at its end is not followed.

        Returns:
            The path without links, and whether it leads out of the scratch tree all the same.
        """
        left = path.split(b"/")[::-1]
        reached, outside, links = b"/", False, 0
        while left:
            name = left.pop()
            if name in (b"", b"."):
                continue
            step = os.path.dirname(reached) if name == b".." else os.path.join(reached, name)
            if links >= _MOST_LINKS or not os.path.islink(step) or (moved and not left):
                reached = step
                continue
            links += 1
            target = os.readlink(step)
            leaves = is_in(step, self._root) and os.path.isabs(target) and not is_in(target, self._root)
            if leaves and self._open_up(step):
                reached = step
                continue
            outside = outside or (leaves and os.path.isdir(step))
            left.extend(target.split(b"/")[::-1])
            reached = b"/" if os.path.isabs(target) else reached
        return reached, outside

    def _open_up(self, link: bytes) -> bool:
        opened = self._mirror.open_up(link)
        self._originals.add(opened or {})
        for path, then in (opened or {}).items():
            if stat.S_ISREG(then.mode) and self._originals.source(then.content) == then.content:
                self._known.record(path, os.lstat(path), then.content)
        return opened is not None

    def _current(self) -> Found:
        """Return all files in the scratch tree, and the user's files that were written to."""
        self._known.written_unseen = open_for_writing()
        self._originals.look(self._known.written_unseen)
        return {**dict(walk(self._root)), **look_at(self._originals.user_files())}

    def _restore(self, table: Table, inodes: Dict[bytes, bytes]) -> None:
        found = self._current()
        wanted = {**self._originals.user_files(), **table}
        try:
            restore(*self._originals.without_edited(wanted, found), self._known, inodes)
        finally:
            self._originals.restored()
        # The working folder may have been deleted and created again: a process stays in the old one until it asks.
        with contextlib.suppress(OSError):
            os.chdir(self._working)

    def _kept_entry(self, path: bytes, status: os.stat_result) -> Entry:
        """Return an entry whose contents are kept, in a new copy if need be."""
        if not stat.S_ISREG(status.st_mode):
            return entry(path, status)
        content = self._known.content(path, status)
        last = self._last[1].get(path, GONE).content
        if content is None and last and self._known.holds(path, status, last):
            content = last
        if content is None:
            content = self._frozen(b"%d" % next(self._count))
            try:
                shutil.copyfile(path, content)
            except PermissionError:
                # Without read permission the notebook cannot have read it either.
                content = b""
        self._known.record(path, status, content)
        return entry(path, status, content)

    def _link_open_files(self, found: Found) -> Dict[bytes, bytes]:
        """Give files that are open for writing a second name, so that the open inode can be put back later."""
        inodes = {}
        for path, status in found.items():
            if status.st_ino in self._known.written_unseen and stat.S_ISREG(status.st_mode) and is_in(path, self._root):
                inodes[path] = self._frozen(b"inode%d" % status.st_ino)
                if not os.path.exists(inodes[path]):
                    os.link(path, inodes[path])
        return inodes

    def _is_original(self, path: bytes, status: os.stat_result, then: Entry) -> bool:
        """Whether a path certainly is what it was before the first cell, without reading a file."""
        if stat.S_ISLNK(status.st_mode):
            target = os.readlink(path)
            return target == then.content or (is_in(path, self._root) and target == self._mirror.real(path))
        if stat.S_ISDIR(status.st_mode):
            return stat.S_ISDIR(then.mode)
        return status.st_mode == then.mode and self._known.content(path, status) == then.content

    def _frozen(self, name: bytes = b"") -> bytes:
        return os.path.join(self._home, b"frozen", name)

    def _table_file(self, name: str) -> bytes:
        return self._frozen(os.fsencode(name) + b".table")

    def _save(self, name: str, table: Table, inodes: Dict[bytes, bytes]) -> None:
        with open(self._table_file(name), "wb") as file:
            dump(({path: tuple(then) for path, then in table.items()}, inodes), file)

    def _load(self, name: str) -> Tuple[Table, Dict[bytes, bytes]]:
        with open(self._table_file(name), "rb") as file:
            table, inodes = load(file)
        return {path: Entry(*then) for path, then in table.items()}, inodes
