"""The sandbox that the system provides: every run writes into a layer of its own over the user's folders.

The kernel runs in a mount namespace (mount_namespaces(7)) in which an overlay is mounted over each folder. A branch
makes a namespace of its own and mounts another overlay there, over a frozen copy of the kernel's layer. Layers are in
memory (tmpfs) and belong to the namespace: they disappear with its last process, however that ends.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import shutil
from marshal import dump, load  # by name: the notebook may put other functions into the module
from typing import Callable, Dict, Iterator, List, Sequence, Tuple

from ..protocol.messages import File
from . import layer
from .handles import writable_mappings
from .syscalls import MS_BIND, MS_REC, mount, unshare_mounts

_SYSTEM = frozenset("proc sysfs devtmpfs devpts cgroup cgroup2 mqueue securityfs debugfs tracefs nsfs".split())
"""File systems that hold no files of the user's."""
_NOT_TO_COVER = [b"/proc", b"/sys", b"/dev", b"/run", b"/usr", b"/bin", b"/lib"]
_MOST_ENTRIES = 10_000
"""Entries of a folder that are checked for symbolic links to other folders."""
_SHARED_MEMORY = b"/dev/shm"
_MOST_SHARED = 1_000
"""Entries there that are mounted one by one."""
_FULL_BYTES = 1 << 16

Table = Dict[bytes, File]
"""What has changed, by path."""


class Overlay:
    """The layers over the user's folders, in one process."""

    kind = "overlay"

    def __init__(self, home: str, folders: Sequence[str], limit: int) -> None:
        self.notebook = os.fsencode(folders[0])
        self.folders = self.given = sorted({os.fsencode(folder) for folder in folders})
        self.note = "what the notebook writes goes to a layer in memory"
        self.models: Callable[[], List[str]] = list
        """Returns the names of the notebook's own classes that are models."""
        self._home = os.fsencode(home)
        """The folder of this check, which belongs to it alone."""
        self._layers = os.path.join(self._home, b"layers")
        self._own = self._layers
        """Where this process's own layer is mounted."""
        self._limit = limit
        self._base: List[Table] = []
        """What had already changed in the files that this process started with, by folder."""
        self._copies: Dict[str, List[layer.Copied]] = {}
        self._last: Tuple[object, str] = (None, "")
        """The layers' fingerprints when the files were last kept, and the name."""
        self._reading = layer.Reading(self._merged)
        self._count = 0

    def set_up(self) -> None:
        """Mount the first overlays, in the process that is about to become the kernel.

        Raises:
            OSError: the system does not allow it.
        """
        working = os.getcwd()
        unshare_mounts()
        self.folders = _with_mounts_below([*self.folders, *_targets_of_links(self.folders)], self._home)
        os.mkdir(self._layers)
        self._mount_layer(self._layers)
        os.mkdir(self._frozen(""))
        os.mkdir(os.path.join(self._layers, b"own"))
        for number, folder in enumerate(self.folders):
            # The overlay is about to cover the folder: a bind mount (mount(2)) keeps the original within reach.
            os.mkdir(self._lower(number))
            mount(folder, self._lower(number), None, MS_BIND)
        self._mount_overlays([self._lower(number) for number in range(len(self.folders))])
        with contextlib.suppress(OSError):  # it has none, or others have very much there
            self._cover_shared_memory()
        os.chdir(working)

    def _cover_shared_memory(self) -> None:
        """Give the notebook a /dev/shm that is gone with it: killed workers leave theirs (shm_overview(7)).

        What others have there stays within reach.
        """
        others, own = list(os.scandir(_SHARED_MEMORY)), os.path.join(self._layers, b"shm")
        if len(others) > _MOST_SHARED:
            return
        os.mkdir(own)
        mount("tmpfs", own, "tmpfs", 0, "mode=1777")
        for entry in others:
            target = os.path.join(own, entry.name)
            if entry.is_dir(follow_symlinks=False):
                os.mkdir(target)
            else:
                os.close(os.open(target, os.O_CREAT))
            mount(entry.path, target, None, MS_BIND | MS_REC)
        mount(own, _SHARED_MEMORY, None, MS_BIND | MS_REC)

    def freeze(self) -> str:
        """Keep the current files under a name, and return the name; equal names stand for equal files."""
        if self._is_empty():
            return ""
        mapped = self._forget_mapped()
        marks = [layer.fingerprint(self._upper(number)) for number in range(len(self.folders))]
        mark, name = self._last
        if mark is not None and mark == marks and not mapped:
            return name
        # What a mapping wrote shows in no timestamp, so no file may be linked to its earlier copy.
        earlier = [] if mapped else self._copies.get(name, [])
        self._count += 1
        name = str(self._count)
        os.mkdir(self._frozen(name))
        self._copies[name] = [
            layer.copy(self._upper(number), self._frozen(name, number), earlier[number] if earlier else {})
            for number in range(len(self.folders))
        ]
        with open(self._frozen(name) + b".table", "wb") as file:
            dump(self._tables(), file)
        self._last = (None if None in marks else marks), name
        return name

    def forget(self, name: str) -> None:
        """Delete what was kept under a name."""
        if name and name != self._last[1]:
            self._copies.pop(name, None)
            shutil.rmtree(self._frozen(name), ignore_errors=True)

    def enter(self, name: str) -> None:
        """In a branch: see the files as they were kept, and write to a layer of its own.

        Raises:
            OSError: the system does not allow it.
        """
        try:
            working = os.getcwdb()
        except OSError:  # it was removed
            working = b"/"
        unshare_mounts()
        self._mount_layer(os.path.join(self._layers, b"own"))
        lower = [self._lower(number) for number in range(len(self.folders))]
        self._base = []
        if name:
            # Of several lower folders the first is on top (overlayfs.rst, "multiple lower layers").
            lower = [self._frozen(name, number) + b":" + below for number, below in enumerate(lower)]
            with open(self._frozen(name) + b".table", "rb") as file:
                self._base = load(file)
        self._mount_overlays(lower)
        # The process still is in the folder under the new mount until it changes to the same path again.
        with contextlib.suppress(OSError):
            os.chdir(working)

    def leave(self) -> None:
        """Nothing to do: a branch's mounts end with its process."""

    def changed(self) -> Table:
        """Return every file that differs from what it was before the first cell, by path."""
        self._forget_mapped()
        tables = self._tables()
        return {
            os.path.join(folder, path): found
            for folder, table in zip(self.folders, tables)
            for path, found in table.items()
        }

    def before_write(self, path: bytes) -> None:
        """Nothing to do: the overlay copies the file."""

    def before_move(self, path: bytes) -> None:
        """Nothing to do: the overlay records it."""

    def shown(self, path: bytes) -> str:
        """Return a path as the user would write it: relative to the notebook's folder for files near it."""
        around = [folder for folder in self.folders if _is_below(self.notebook, [folder])]
        near = _is_below(path, [self.notebook, *around])
        return os.fsdecode(os.path.relpath(path, self.notebook) if near else path)

    def model_in(self, path: bytes) -> bool:
        """Whether a file holds a model."""
        with contextlib.suppress(OSError):
            return self._reading.file(path, self.models)["model"]
        return False

    def is_full(self) -> bool:
        """Whether nothing more can be written."""
        room = os.statvfs(self._own)
        return room.f_bavail * room.f_frsize < min(_FULL_BYTES, self._limit // 16)

    def before_rename(self, source: bytes) -> None:
        """Copy a folder into this layer: an overlay refuses to rename a folder of the layers below.

        rename(2) then fails with EXDEV (overlayfs.rst, "renaming directories").
        """
        for number, folder in enumerate(self.folders):
            path = os.path.relpath(source, folder)
            if source.startswith(os.path.join(folder, b"")) and self._comes_from_below(number, path):
                made = source + b".nbrerun"
                shutil.copytree(os.fsdecode(source), os.fsdecode(made), symlinks=True)
                shutil.rmtree(source)
                os.rename(made, source)

    def _comes_from_below(self, number: int, path: bytes) -> bool:
        upper = os.path.join(self._upper(number), path)
        kept = [os.path.join(self._frozen(name, number), path) for name in self._copies]
        below = [os.path.join(self._lower(number), path), *kept]
        return any(map(os.path.isdir, below)) and not layer.is_opaque(upper)

    def _tables(self) -> List[Table]:
        def read(path: bytes) -> File:
            return self._reading.file(path, self.models)

        tables = [dict(table) for table in self._base] or [{} for _ in self.folders]
        for number, table in enumerate(tables):
            layer.update_changes(table, self._upper(number), self._lower(number), read)
        return tables

    def _is_empty(self) -> bool:
        return not any(os.listdir(self._upper(number)) for number in range(len(self.folders)))

    def _forget_mapped(self) -> bool:
        """Have mapped files read again, since a mapping changes no timestamps; return whether there are any."""
        found = False
        if self._is_empty():  # listing the mappings takes milliseconds
            return found
        for mapped in writable_mappings():
            for number, folder in enumerate(self.folders):
                if _is_below(mapped, [folder]):
                    self._reading.forget(os.path.join(self._upper(number), os.path.relpath(mapped, folder)))
                    found = True
        return found

    def _merged(self, path: bytes) -> bytes:
        """The path at which the notebook sees a file of the upper layer; any other path as it is."""
        for number, folder in enumerate(self.folders):
            if _is_below(path, [self._upper(number)]):
                return os.path.join(folder, os.path.relpath(path, self._upper(number)))
        return path

    def _lower(self, number: int) -> bytes:
        return os.path.join(self._layers, b"lower%d" % number)

    def _upper(self, number: int) -> bytes:
        return os.path.join(self._own, b"upper%d" % number)

    def _frozen(self, name: str, *number: int) -> bytes:
        return os.path.join(self._layers, b"frozen", os.fsencode(name), *(b"%d" % part for part in number))

    def _mount_layer(self, where: bytes) -> None:
        mount("tmpfs", where, "tmpfs", 0, f"size={self._limit},mode=700")
        self._own = where
        for number, folder in enumerate(self.folders):
            os.mkdir(self._upper(number))
            os.mkdir(os.path.join(where, b"work%d" % number))
            shutil.copystat(folder, self._upper(number))  # the merged folder shows the upper one's attributes

    def _mount_overlays(self, lower: Sequence[bytes]) -> None:
        """Mount an overlay over each folder, parents first, and make visible again what it must not cover."""
        system = [path for path, kind in _mounts() if kind in _SYSTEM and os.path.isdir(path)]
        visible = [path for path in sorted({self._home, *system}) if _is_below(path, self.folders)]
        # A descriptor keeps a folder within reach while a mount covers its path (open(2), O_PATH).
        kept = {path: os.open(path, os.O_PATH | os.O_DIRECTORY) for path in visible}
        for number, folder in enumerate(self.folders):
            work = os.path.join(self._own, b"work%d" % number)
            # userxattr: in a user namespace only attributes named `user.*` may be set (overlayfs.rst).
            options = b"lowerdir=%s,upperdir=%s,workdir=%s,userxattr" % (lower[number], self._upper(number), work)
            mount("overlay", folder, "overlay", 0, options)
        for path, descriptor in kept.items():
            mount(f"/proc/self/fd/{descriptor}", path, None, MS_BIND | MS_REC)
            os.close(descriptor)


def _with_mounts_below(folders: Sequence[bytes], home: bytes) -> List[bytes]:
    """Return folders, with the mount points below them: an overlay shows only one file system."""
    mounted = [path for path, kind in _mounts() if kind not in _SYSTEM and os.path.isdir(path)]
    below = [path for path in mounted if _is_below(path, folders) and not _is_below(path, [home])]
    outermost = [folder for folder in set(folders) if not _is_below(folder, folders)]
    return sorted({*outermost, *below})


def _targets_of_links(folders: Sequence[bytes]) -> Iterator[bytes]:
    """Yield the folders that symbolic links lead to, or that hold the files that they lead to."""
    for folder in folders:
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            for entry in itertools.islice(entries, _MOST_ENTRIES):
                if entry.is_symlink():
                    real = os.path.realpath(entry.path)
                    real = real if os.path.isdir(real) else os.path.dirname(real)
                    if os.access(real, os.R_OK | os.X_OK) and not _is_below(real, _NOT_TO_COVER) and real != b"/":
                        yield real


def _is_below(path: bytes, folders: Sequence[bytes]) -> bool:
    return any(path.startswith(os.path.join(folder, b"")) for folder in folders)


def _mounts() -> List[Tuple[bytes, str]]:
    """Return each mount point with its file system type (proc_pid_mountinfo(5))."""
    found = []
    with open("/proc/self/mountinfo", "rb") as file:
        for line in file:
            fields, _, more = line.partition(b" - ")
            path = fields.split()[4]
            if b"\\" in path:  # spaces and the like are written as octal escapes
                path = re.sub(rb"\\([0-7]{3})", lambda octal: bytes([int(octal[1], 8)]), path)
            found.append((path, more.split()[0].decode()))
    return found
