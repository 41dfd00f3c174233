"""The sandbox of a kernel that somebody works in: the kernel has none, and each fork of it has one.

What the user's cells do to files stays as it is. A fork that is to run cells again mounts an overlay over the folders
first. Where the system allows none, it refuses to write instead.
"""

from __future__ import annotations

import os
from typing import Callable, Dict, List, Optional, Sequence, Set

from ..protocol.messages import File
from .kept import Kept
from .overlay import Overlay
from .tree import is_in
from .undo import refuse

_NO_FILES = (b"/dev/", b"/proc/", b"/sys/")


class Live:
    """The folders of the kernel, of a fork that stays at one of its moments, or of a branch of that."""

    kind = "live"

    def __init__(self, home: str, folders: Sequence[str], limit: int, beside: Sequence[str] = ()) -> None:
        self.notebook = os.fsencode(folders[0])
        self.folders = self.given = sorted({os.fsencode(folder) for folder in folders})
        self.beside: List[bytes] = []
        self.note = ""
        self.models: Callable[[], List[str]] = list
        """Returns the names of the notebook's own classes that are models."""
        self.kept = Kept(os.fsencode(home), self.folders)
        """What the running cell changes, in the kernel."""
        self.why_none = ""
        """In a fork: why there is no overlay."""
        self.refused: List[bytes] = []
        """In a fork without an overlay: what it was kept from writing to."""
        self._home, self._limit, self._wanted = home, limit, list(beside)
        self._overlay: Optional[Overlay] = None
        self._name = ""
        """Of this fork; empty in the kernel."""
        self._after_set_up: Callable[[], None] = lambda: None
        self._written: Set[bytes] = set()
        """What cells have written since nbrerun was loaded; all other files are as they always were."""

    def move(self, home: str) -> None:
        """Keep copies in another folder from now on."""
        self._home = home
        self.kept.home = os.fsencode(home)

    def set_up(self) -> None:
        """Nothing to do: the kernel sees the user's own files."""

    def leave_kernel(self, name: str, after_set_up: Callable[[], None]) -> None:
        """In a fork of the kernel: have an overlay from the first use of files on, which most forks never come to.

        Args:
            name: of this fork, unlike all others.
            after_set_up: is called once the folders are known.
        """
        self._name = name
        self._after_set_up = after_set_up

    def _layered(self) -> Optional[Overlay]:
        """In a fork, the overlay, which is mounted now if it has not been yet; None if there is none."""
        if self._name and self._overlay is None and not self.why_none:
            folders = [os.fsdecode(folder) for folder in self.folders]
            overlay = Overlay(self._home, folders, self._limit, self._wanted, os.fsencode(f"layers{self._name}"))
            overlay.models = self.models
            try:
                overlay.set_up()
            except (OSError, AttributeError) as error:  # AttributeError: this libc has no unshare() or mount()
                self.why_none = f"this system allows no overlay: {getattr(error, 'strerror', None) or error}"
            else:
                self._overlay = overlay
                self.folders, self.given = overlay.folders, overlay.given
                self.beside, self.note = overlay.beside, overlay.note
            self._after_set_up()
        return self._overlay

    def cell_is_over(self) -> str:
        """In the kernel, after a cell: the folder with what it has changed, as that was before; empty if nothing."""
        self._written |= self.kept.paths
        return self.kept.finish()

    def freeze(self) -> str:
        """Keep the current files under a name, and return the name."""
        overlay = self._layered()
        return overlay.freeze() if overlay else ""

    def forget(self, name: str) -> None:
        """Delete what was kept under a name."""
        if self._overlay:
            self._overlay.forget(name)

    def enter(self, name: str) -> None:
        """In a branch: see the files as they were kept, and write where no other process looks."""
        if self._overlay:
            self._overlay.enter(name)
        else:
            self._layered()

    def leave(self) -> None:
        """Nothing to do: a branch's mounts end with its process."""

    def changed(self) -> Dict[bytes, File]:
        """Return what cells have written since nbrerun was loaded, here or in the kernel, as it is now."""
        overlay = self._layered()
        found = overlay.changed() if overlay else {}
        for path in self._written:
            value = overlay.value(path) if overlay else None
            if value is not None:
                found[path] = value
            else:
                found.pop(path, None)
        return found

    def changed_beside(self) -> Dict[bytes, File]:
        """Return what a fork has written in the folders beside."""
        return self._overlay.changed_beside() if self._overlay else {}

    def shown(self, path: bytes) -> str:
        """Return a path as the user would write it: relative to the notebook's folder for files near it."""
        if self._overlay:
            return self._overlay.shown(path)
        near = any(is_in(path, folder) for folder in self.folders)
        return os.fsdecode(os.path.relpath(path, self.notebook) if near else path)

    def model_in(self, path: bytes) -> bool:
        """Whether a file holds a model."""
        return self._overlay.model_in(path) if self._overlay else False

    def is_full(self) -> bool:
        """Whether nothing more can be written."""
        return self._overlay.is_full() if self._overlay else False

    def before_rename(self, source: bytes) -> None:
        """Have the overlay copy a folder that it would refuse to rename."""
        if self._overlay:
            self._overlay.before_rename(source)

    def before_write(self, path: bytes) -> None:
        """In the kernel, keep a copy of the file; in a fork, refuse to change it if that would change the user's.

        Raises:
            Refused: it would.
        """
        self._about_to_change(path, moved=False)

    def before_move(self, path: bytes) -> None:
        """Do the same where a path is about to be created, renamed or deleted.

        Raises:
            Refused: see `before_write`.
        """
        self._about_to_change(path.rstrip(b"/"), moved=True)

    def _about_to_change(self, path: bytes, moved: bool) -> None:
        if not self._name:
            self.kept.keep(path, moved)
        elif self._layered() is None and not path.startswith(_NO_FILES):
            self.refused.append(path)
            raise refuse(path, self.why_none)

    def before_restore(self, path: bytes) -> None:
        """In a fork that stays before a cell: the cell has changed this path.

        Raises:
            Refused: there is no overlay.
        """
        self._written.add(path)
        if self._layered() is None:
            raise refuse(path, self.why_none)
