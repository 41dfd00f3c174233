"""The notebook's files as a state holds them: the sandbox that keeps them, and the log of what opens them."""

from __future__ import annotations

import functools
import os
from typing import Any, Callable, Dict, List, Set

from ..describe.node import leave_out
from ..protocol.messages import File, Inputs, Opened
from ..sandbox.choose import attach
from ..sandbox.handles import remap_files, reopen_files
from . import changeset
from .guard import announce
from .opened import FileLog

_NOT_VALUE = (b"/__pycache__/", b"/.ipynb_checkpoints/", b"/.nbrerun_cache/")
_NOT_VALUE_SUFFIXES = (b".pyc", b"-journal", b"-wal", b"-shm")


class NotebookFiles:
    """Files of one kernel, or of a fork of it."""

    def __init__(self, found: Dict[str, Any], namespace: Dict[str, Any]) -> None:
        self.sandbox = attach(found)
        if found["kind"] == "copy":
            leave_out(found["home"])
        self.sandbox.models = lambda: _own_models(namespace)
        self._log = FileLog()
        self.heard = self._log.heard
        self.unheard = self._log.unheard
        self.unwatched = self._log.unwatched

    def install(self) -> None:
        """Begin to listen, once, before the first cell."""
        self._log.before_rename = self.sandbox.before_rename
        self._log.announce = functools.partial(announce, self.sandbox)
        self._log.install(self.sandbox.folders)
        self.begin()

    def begin(self, position: Callable[[], int] = int) -> None:
        """A cell is about to run: forget what was opened until now.

        Args:
            position: tells how far the cell is.
        """
        self._log.position = position
        written = {os.path.dirname(path) for path, file in self._changed().items() if file["kind"] == "file"}
        self._log.begin({*self.sandbox.folders, *written})

    def freeze(self) -> str:
        """Keep the files as they are now, under a name."""
        with self._log.unwatched():  # a fork cannot ask for what was opened until now
            return self.sandbox.freeze()

    def enter(self, frozen: str) -> None:
        """In a branch: see the files as they were kept, through what is open as well.

        Raises:
            OSError: the system does not allow it.
        """
        self.sandbox.enter(frozen)
        reopen_files()
        if frozen:  # otherwise nothing has been written, and what is mapped is what it was
            remap_files()

    def leave(self) -> None:
        """In the kernel, after a branch: see the kernel's own files again."""
        self.sandbox.leave()
        self._log.skip()

    def changed(self) -> Dict[str, File]:
        """All that is not as it was before the first cell, by name."""
        return {self.sandbox.shown(path): file for path, file in self._changed().items() if _is_value(path)}

    def _changed(self) -> Dict[bytes, File]:
        with self._log.unwatched():
            return self.sandbox.changed()

    def opened(self) -> Dict[str, Opened]:
        """What the last cell opened, by name."""
        found: Dict[str, Opened] = {}
        with self._log.unwatched():
            for path, opened in self._log.opened().items():
                if _is_value(path) and not os.path.isdir(path):
                    opened["exists"] = os.path.lexists(path)
                    opened["model"] = opened["exists"] and self.sandbox.model_in(path)
                    found[self.sandbox.shown(path)] = opened
        return found

    def inputs(self) -> Inputs:
        """What the last cell looked at, inside the sandbox or not."""
        return self._log.inputs.seen(self.sandbox.shown)

    def save(self, folder: str) -> None:
        """Write what has changed into a folder, for another kernel or for the person."""
        changeset.save(self._changed(), self.sandbox.shown, folder)

    def restore(self, folder: str) -> None:
        """Change the files as those of another kernel had been changed."""
        changeset.apply(folder, os.fsdecode(self.sandbox.notebook), self.sandbox.before_move)

    def remove(self, names: List[str]) -> None:
        """Take files away, as if they had never been made."""
        for name in names:
            path = os.path.join(self.sandbox.notebook, os.fsencode(name))
            if os.path.lexists(path):
                self.sandbox.before_move(path)
                os.remove(path)


def _is_value(path: bytes) -> bool:
    return not path.endswith(_NOT_VALUE_SUFFIXES) and not any(part in path for part in _NOT_VALUE)


def _own_models(namespace: Dict[str, Any]) -> List[str]:
    """Classes of the notebook that learn and predict."""
    wanted: Set[str] = {"predict", "forward", "transform"}
    return [
        name
        for name, value in list(namespace.items())
        if isinstance(value, type) and value.__module__ == "__main__" and wanted & set(dir(value))
    ]
