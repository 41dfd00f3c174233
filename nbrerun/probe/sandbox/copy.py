"""Files kept safe without the system's help, where it allows no overlay (macOS, many containers).

The kernel works in a scratch tree that stands in for the notebook's folder (`mirror`). What the notebook
writes elsewhere in the person's folders, by absolute paths, is undone (`undo`). Kernel and branches
share these files: a branch brings them to where they were at its moment, and the kernel brings them back.
"""

from __future__ import annotations

import contextlib
import itertools
import marshal
import os
import shutil
import stat
from typing import Callable, Dict, List, Sequence, Set, Tuple

from ..protocol.messages import File
from . import layer
from .mirror import Mirror
from .tree import GONE, Entry, Found, Known, Table, bring_back, entry, is_in, look_at, open_for_writing, walk
from .undo import Originals, Refused, refuse

_FULL_BYTES = 1 << 16
_MOST_LINKS = 40
_NOTE = (
    "not kept from the disk is what C libraries and shell commands write to absolute paths and through links, "
    "which stand for large files and for what lies outside the folder"
)


class Scratch:
    """The scratch tree of one kernel, and the person's files that it has written to."""

    kind = "copy"

    def __init__(self, home: str, folders: Sequence[str], limit: int) -> None:
        self.models: Callable[[], List[str]] = list
        """Tells the names of the notebook's own classes that are models."""
        self.note = _NOTE
        self._home = os.fsencode(home)
        self._root = os.path.join(self._home, b"scratch")
        self._limit = limit
        given = [os.path.realpath(os.fsencode(folder)) for folder in folders]
        self._persons = [folder for folder in given if not is_in(folder, self._home)]
        self._mirror = Mirror(self._root, self._home, self._persons, limit)
        self.notebook = self._mirror.image(self._persons[0])
        self.folders = [*map(self._mirror.image, self._persons), self._root, *self._persons]
        self._originals = Originals(self._home)
        self._known = Known(self._originals.source)
        self._reading = layer.Reading()
        self._working = self.notebook
        self._count = itertools.count(1)
        self._last: Tuple[str, Table] = "", {}
        self._blobs: Dict[str, Set[bytes]] = {}
        """The files that were kept, under each name."""
        if os.path.exists(self._table_file("")):
            self._attach()

    def set_up(self) -> None:
        """Before the kernel starts: build the tree, and go there.

        Raises:
            OSError: there are too many files, or there is no room.
        """
        os.mkdir(self._root)
        self._mirror.build()
        if self._mirror.partial:
            self.note += f"; not all is seen of {os.fsdecode(b', '.join(self._mirror.partial))}"
        table = {path: entry(path, status, self._mirror.real(path)) for path, status in walk(self._root)}
        self._originals.add(table)
        os.mkdir(os.path.dirname(self._table_file("")))
        self._save("", table, {})
        os.chdir(self.notebook)

    def _attach(self) -> None:
        self._originals.hold()
        self._last = "", self._load("")[0]
        found = self._found()
        for path, then in self._last[1].items():
            if path in found and found[path].st_mtime_ns == then.modified_ns:
                self._known.note(path, found[path], then.content)

    def freeze(self) -> str:
        """Keep the files as they are now, under a name; equal names stand for equal files."""
        with contextlib.suppress(OSError):  # it was removed
            self._working = os.getcwdb()
        found = self._found()
        inodes = self._hold(found)
        table = {path: self._kept(path, status) for path, status in found.items()}
        table.update({path: GONE for path in self._originals.persons() if path not in found})
        if table != self._last[1]:
            name = str(next(self._count))
            self._save(name, table, inodes)
            self._blobs[name] = {then.content for then in table.values() if is_in(then.content, self._frozen())}
            self._last = name, table
        return self._last[0]

    def forget(self, name: str) -> None:
        """Give up what was kept under a name."""
        if name and name != self._last[0] and name in self._blobs:
            given_up = self._blobs.pop(name)
            os.remove(self._table_file(name))
            for blob in given_up.difference(*self._blobs.values()):
                os.remove(blob)

    def enter(self, name: str) -> None:
        """In a branch: bring the files to where they were kept.

        Raises:
            OSError: not all of them can be brought there.
        """
        self._bring_back(*self._load(name))

    def leave(self) -> None:
        """In the kernel, after a branch: bring the files back to where the kernel left them.

        Raises:
            OSError: not all of them can be brought there.
        """
        self._bring_back(*self._load(self._last[0]))

    def changed(self) -> Dict[bytes, File]:
        """All that is not as it was before the first cell."""
        found, originals = self._found(), self._originals.table()
        changed: Dict[bytes, File] = {}
        for path, status in found.items():
            then = originals.get(path, GONE)
            if not self._is_original(path, status, then):
                value = self._value(path, status)
                if value != self._first_value(then):
                    changed[path] = value
        for path in originals.keys() - found.keys():
            above = found.get(os.path.dirname(path))
            if originals[path] != GONE and above is not None and stat.S_ISDIR(above.st_mode):
                changed[path] = layer.gone()
        return changed

    def shown(self, path: bytes) -> str:
        """What a person calls a file: relative to the notebook's folder where it was named so."""
        if not is_in(path, self._root):
            return os.fsdecode(path)
        return os.fsdecode(os.path.relpath(self._mirror.real(path), self._persons[0]))

    def model_in(self, path: bytes) -> bool:
        """Whether a file holds a model."""
        with contextlib.suppress(OSError):
            return self._reading.file(os.path.realpath(path), self.models)["model"]
        return False

    def is_full(self) -> bool:
        """The notebook has written more than it may, or there is no more room."""
        room = os.statvfs(self._home)
        originals = self._originals.table()
        written = sum(
            status.st_size
            for path, status in self._found().items()
            if stat.S_ISREG(status.st_mode) and not self._is_original(path, status, originals.get(path, GONE))
        )
        return written > self._limit or room.f_bavail * room.f_frsize < _FULL_BYTES

    def before_rename(self, source: bytes) -> None:
        """Nothing to do: links lead to where they did."""

    def before_write(self, path: bytes) -> None:
        """The notebook is about to write to a file: copy it here, or keep it to put it back.

        Raises:
            Refused: that cannot be done.
        """
        self._guard(path, moved=False)

    def before_move(self, path: bytes) -> None:
        """The notebook is about to make, rename or delete a file or folder.

        Raises:
            Refused: it cannot be kept to put it back.
        """
        self._guard(path.rstrip(b"/"), moved=True)

    def _guard(self, path: bytes, moved: bool) -> None:
        try:
            reached, outside = self._reach(path, moved)
            if any(is_in(reached, folder) for folder in self._persons) and not is_in(reached, self._home):
                self._originals.keep(reached, moved, self._limit)
            elif outside:
                raise refuse(path, "it is in a folder of too many files")
        except Refused:
            raise
        except OSError as error:
            raise refuse(path, str(error)) from error

    def _reach(self, path: bytes, moved: bool) -> Tuple[bytes, bool]:
        """Go along a path as the system does, and open up links that lead out of the scratch tree.

        Returns:
            The path without links, and whether it leads out all the same.
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
                self._known.note(path, os.lstat(path), then.content)
        return opened is not None

    def _found(self) -> Found:
        """All that is in the scratch tree now, and those files of the person's that were written to."""
        self._known.loose = open_for_writing()
        return {**dict(walk(self._root)), **look_at(self._originals.persons())}

    def _bring_back(self, table: Table, inodes: Dict[bytes, bytes]) -> None:
        bring_back({**self._originals.persons(), **table}, self._found(), self._known, inodes)
        with contextlib.suppress(OSError):
            os.chdir(self._working)  # the folder may be another one of the same name

    def _kept(self, path: bytes, status: os.stat_result) -> Entry:
        """An entry whose bytes are kept, in a new copy if need be."""
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
                content = b""
        self._known.note(path, status, content)
        return entry(path, status, content)

    def _hold(self, found: Found) -> Dict[bytes, bytes]:
        """Give the files of the tree that are open for writing a second name, under which they stay what they are."""
        inodes = {}
        for path, status in found.items():
            if status.st_ino in self._known.loose and stat.S_ISREG(status.st_mode) and is_in(path, self._root):
                inodes[path] = self._frozen(b"inode%d" % status.st_ino)
                if not os.path.exists(inodes[path]):
                    os.link(path, inodes[path])
        return inodes

    def _is_original(self, path: bytes, status: os.stat_result, then: Entry) -> bool:
        """Whether that is certain without reading a file."""
        if stat.S_ISLNK(status.st_mode):
            target = os.readlink(path)
            return target == then.content or (is_in(path, self._root) and target == self._mirror.real(path))
        if stat.S_ISDIR(status.st_mode):
            return stat.S_ISDIR(then.mode)
        return status.st_mode == then.mode and self._known.content(path, status) == then.content

    def _value(self, path: bytes, status: os.stat_result) -> File:
        if stat.S_ISDIR(status.st_mode):
            return {"kind": "folder", "digest": b"", "size": 0, "model": False}
        reading = layer.Reading() if status.st_ino in self._known.loose else self._reading
        return reading.file(path, self.models)

    def _first_value(self, then: Entry) -> File:
        if stat.S_ISREG(then.mode):
            return self._reading.file(self._originals.source(then.content), self.models)
        return layer.gone()

    def _frozen(self, name: bytes = b"") -> bytes:
        return os.path.join(self._home, b"frozen", name)

    def _table_file(self, name: str) -> bytes:
        return self._frozen(os.fsencode(name) + b".table")

    def _save(self, name: str, table: Table, inodes: Dict[bytes, bytes]) -> None:
        with open(self._table_file(name), "wb") as file:
            marshal.dump(({path: tuple(then) for path, then in table.items()}, inodes), file)

    def _load(self, name: str) -> Tuple[Table, Dict[bytes, bytes]]:
        with open(self._table_file(name), "rb") as file:
            table, inodes = marshal.load(file)
        return {path: Entry(*then) for path, then in table.items()}, inodes
