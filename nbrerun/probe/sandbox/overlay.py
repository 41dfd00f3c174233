"""The sandbox that the system provides: every run writes into a layer of its own over the user's folders.

The kernel runs in a mount namespace (mount_namespaces(7)) in which an overlay is mounted over each folder. A branch
makes a namespace of its own and mounts another overlay there, over a frozen copy of the kernel's layer. Layers are in
memory (tmpfs) and belong to the namespace: they disappear with its last process, however that ends.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from marshal import dump, load  # by name: the notebook may put other functions into the module
from typing import Callable, Dict, Iterable, List, Optional, Sequence, Tuple

from ..protocol.messages import File
from . import layer, mounts
from .handles import writable_mappings
from .mounts import is_below
from .syscalls import MS_BIND, MS_REC, mount, unmount, unshare_mounts

_SHARED_MEMORY = b"/dev/shm"
_MOST_SHARED = 1_000
"""Entries there that are mounted one by one."""
_FULL_BYTES = 1 << 16

Table = Dict[bytes, File]
"""What has changed, by path."""


class Overlay:
    """The layers over the user's folders, in one process."""

    kind = "overlay"

    def __init__(
        self, home: str, folders: Sequence[str], limit: int, beside: Sequence[str] = (), layers: bytes = b"layers"
    ) -> None:
        """Mount nothing yet.

        Args:
            layers: name of the folder of the layers, below `home`, which belongs to this sandbox alone.
        """
        self.notebook = os.fsencode(folders[0])
        self.folders = self.given = sorted({os.fsencode(folder) for folder in folders})
        self.beside = [os.fsencode(folder) for folder in beside]
        """Folders that are covered as well, but whose files are not judged."""
        self.note = "what the notebook writes goes to a layer in memory"
        self.refused: List[bytes] = []
        self.models: Callable[[], List[str]] = list
        """Returns the names of the notebook's own classes that are models."""
        self._home = os.fsencode(home)
        """The folder of this check, which belongs to it alone."""
        self._layers = os.path.join(self._home, layers)
        self._own = self._layers
        """Where this process's own layer is mounted."""
        self._limit = limit
        self._base: List[Table] = []
        """What had already changed in the files that this process started with, by folder."""
        self._copies: Dict[str, List[layer.Copied]] = {}
        self._last: Tuple[object, str] = (None, "")
        """The layers' fingerprints when the files were last kept, and the name."""
        self._mounts: List[Tuple[bytes, str]] = []
        """The mount points when they were last looked at, ..."""
        self._visible: List[bytes] = []
        """... and those below the folders that no overlay covers: of the notebook's, what holds no files."""
        self._reading = layer.Reading(self._merged)
        self._reading_beside = layer.Reading(in_full=False)
        self._count = 0

    def set_up(self) -> None:
        """Mount the first overlays, in the process that is about to become the kernel.

        Raises:
            OSError: the system does not allow it.
        """
        working = os.getcwd()
        unshare_mounts()
        self.folders = mounts.with_mounts_below([*self.folders, *mounts.targets_of_links(self.folders)], self._home)
        wanted = mounts.beside(self.beside, self.folders, self._home)
        self.beside = []
        os.mkdir(self._layers)
        self._mount_layer(self._layers)
        os.mkdir(self._frozen(""))
        os.mkdir(os.path.join(self._layers, b"own"))
        for number, folder in enumerate(self.folders):
            self._try(number, folder)
        for folder in wanted:
            self._try_beside(folder)
        sockets = mounts.listening(self.beside, self._home)
        self._look_at_mounts()
        self._mount_overlays(map(self._lower, range(len(self._all))), sockets)
        with contextlib.suppress(OSError):  # it has none, or others have very much there
            self._cover_shared_memory()
        os.chdir(working)

    @property
    def _all(self) -> List[bytes]:
        """The folders that have an overlay, by the number of its layer."""
        return [*self.folders, *self.beside]

    def _try(self, number: int, folder: bytes) -> None:
        """Mount an overlay elsewhere first: as long as no folder is covered, another sandbox can take over.

        Raises:
            OSError: the system does not allow it; some file systems cannot be below an overlay.
        """
        trial = os.path.join(self._layers, b"trial")
        os.makedirs(trial, exist_ok=True)
        os.makedirs(self._lower(number), exist_ok=True)
        # The overlay is about to cover the folder: a bind mount (mount(2)) keeps the original within reach.
        mount(folder, self._lower(number), None, MS_BIND)
        self._make_layer(number, folder)
        self._mount_overlay(number, self._lower(number), trial)
        unmount(trial)

    def _try_beside(self, folder: bytes) -> None:
        self.beside.append(folder)
        try:
            self._try(len(self._all) - 1, folder)
        except OSError as error:
            self.beside.remove(folder)
            self.note += f"; files in {os.fsdecode(folder)} are not kept safe ({error.strerror})"

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
        self._look_at_mounts()
        if self._is_empty():
            return ""
        mapped = self._forget_mapped()
        marks = [layer.fingerprint(self._upper(number)) for number in range(len(self._all))]
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
            for number in range(len(self._all))
        ]
        with open(self._frozen(name) + b".table", "wb") as file:
            dump([self._table(number) for number in range(len(self._all))], file)
        self._last = (None if None in marks else marks), name
        return name

    def forget(self, name: str) -> None:
        """Delete what was kept under a name."""
        if name and name != self._last[1]:
            self._copies.pop(name, None)
            shutil.rmtree(self._frozen(name), ignore_errors=True)
            with contextlib.suppress(OSError):
                os.remove(self._frozen(name) + b".table")

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
        lower = [self._lower(number) for number in range(len(self._all))]
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
        return self._with_folders(range(len(self.folders)))

    def changed_beside(self) -> Table:
        """Return the same for the folders beside; large files are compared by their timestamps there."""
        return self._with_folders(range(len(self.folders), len(self._all)))

    def _with_folders(self, numbers: Iterable[int]) -> Table:
        return {
            os.path.join(self._all[number], path): found
            for number in numbers
            for path, found in self._table(number).items()
        }

    def before_write(self, path: bytes) -> None:
        """Nothing to do: the overlay copies the file."""

    def before_move(self, path: bytes) -> None:
        """Nothing to do: the overlay records it."""

    def before_restore(self, path: bytes) -> None:
        """Nothing to do, as well."""

    def shown(self, path: bytes) -> str:
        """Return a path as the user would write it: relative to the notebook's folder for files near it."""
        around = [folder for folder in self.folders if is_below(self.notebook, [folder])]
        near = is_below(path, [self.notebook, *around])
        return os.fsdecode(os.path.relpath(path, self.notebook) if near else path)

    def value(self, path: bytes) -> Optional[File]:
        """Return the value of a file as it is now; None if there is none."""
        with contextlib.suppress(OSError):
            return self._reading.file(path, self.models)
        return None

    def model_in(self, path: bytes) -> bool:
        """Whether a file holds a model."""
        found = self.value(path)
        return found is not None and found["model"]

    def is_full(self) -> bool:
        """Whether nothing more can be written."""
        room = os.statvfs(self._own)
        return room.f_bavail * room.f_frsize < min(_FULL_BYTES, self._limit // 16)

    def before_rename(self, source: bytes) -> None:
        """Copy a folder into this layer: an overlay refuses to rename a folder of the layers below.

        rename(2) then fails with EXDEV (overlayfs.rst, "renaming directories").
        """
        number = self._covering(source)
        if number is not None and self._comes_from_below(number, os.path.relpath(source, self._all[number])):
            made = source + b".nbrerun"
            shutil.copytree(os.fsdecode(source), os.fsdecode(made), symlinks=True)
            shutil.rmtree(source)
            os.rename(made, source)

    def _covering(self, path: bytes) -> Optional[int]:
        """The number of the layer that a path is seen in; None outside of all."""
        above = [folder for folder in self._all if is_below(path, [folder])]
        return self._all.index(max(above, key=len)) if above else None

    def _comes_from_below(self, number: int, path: bytes) -> bool:
        upper = os.path.join(self._upper(number), path)
        kept = [os.path.join(self._frozen(name, number), path) for name in self._copies]
        below = [os.path.join(self._lower(number), path), *kept]
        return any(map(os.path.isdir, below)) and not layer.is_opaque(upper)

    def _table(self, number: int) -> Table:
        reading = self._reading if number < len(self.folders) else self._reading_beside

        def read(path: bytes) -> File:
            return reading.file(path, self.models)

        table = dict(self._base[number]) if self._base else {}
        layer.update_changes(table, self._upper(number), self._lower(number), read)
        return table

    def _is_empty(self) -> bool:
        return not any(os.listdir(self._upper(number)) for number in range(len(self._all)))

    def _forget_mapped(self) -> bool:
        """Have mapped files read again, since a mapping changes no timestamps; return whether there are any."""
        found = False
        if self._is_empty():  # listing the mappings takes milliseconds
            return found
        for mapped in writable_mappings():
            number = self._covering(mapped)
            if number is not None:
                self._reading.forget(os.path.join(self._upper(number), os.path.relpath(mapped, self._all[number])))
                found = True
        return found

    def _merged(self, path: bytes) -> bytes:
        """The path at which the notebook sees a file of the upper layer; any other path as it is."""
        for number, folder in enumerate(self.folders):
            if is_below(path, [self._upper(number)]):
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
        for number, folder in enumerate(self._all):
            self._make_layer(number, folder)

    def _make_layer(self, number: int, folder: bytes) -> None:
        os.makedirs(self._upper(number), exist_ok=True)
        os.makedirs(self._work(number), exist_ok=True)
        shutil.copystat(folder, self._upper(number))  # the merged folder shows the upper one's attributes

    def _work(self, number: int) -> bytes:
        return os.path.join(self._own, b"work%d" % number)

    def _mount_overlay(self, number: int, lower: bytes, target: bytes, layers: bytes = b"") -> None:
        """Mount one overlay; `layers` is another path by which the layers can be reached."""
        options = [b"lowerdir=%s" % lower, b"upperdir=%s" % self._upper(number), b"workdir=%s" % self._work(number)]
        if layers:
            options = [option.replace(self._layers, layers) for option in options]
        # userxattr: in a user namespace only attributes named `user.*` may be set (overlayfs.rst).
        mount("overlay", target, "overlay", 0, b",".join([*options, b"userxattr"]))

    def _mount_overlays(self, lower: Iterable[bytes], sockets: Iterable[bytes] = ()) -> None:
        """Mount an overlay over each folder, parents first, and make visible again what it must not cover.

        That is this check's own folder, and sockets at which others listen among it.
        """
        # A descriptor keeps a folder within reach while a mount covers its path (open(2), O_PATH).
        layers, kept = os.open(self._layers, os.O_PATH), {}
        for path in sorted({self._home, *self._visible, *sockets}):
            with contextlib.suppress(OSError):  # it is gone
                kept[path] = os.open(path, os.O_PATH)
        for folder, number, below in sorted(zip(self._all, range(len(self._all)), lower)):
            self._mount_overlay(number, below, folder, b"/proc/self/fd/%d" % layers)
        for path in (path for path in kept if is_below(path, self._all)):
            try:
                mount(f"/proc/self/fd/{kept[path]}", path, None, MS_BIND | MS_REC)
            except OSError:  # others remove their sockets when they like
                if path == self._home:
                    raise
        for descriptor in (layers, *kept.values()):
            os.close(descriptor)

    def _look_at_mounts(self) -> None:
        """Find what has to stay visible, unless the mounts are as they were: a branch need not look again."""
        known = mounts.mount_points()
        if known == self._mounts:
            return
        self._mounts, self._visible = known, []
        for path, kind in known:
            number = None if path in self._all or is_below(path, [self._home]) else self._covering(path)
            is_beside = number is not None and number >= len(self.folders)
            if number is not None and (is_beside or (kind in mounts.SYSTEM and os.path.isdir(path))):
                self._visible.append(path)
