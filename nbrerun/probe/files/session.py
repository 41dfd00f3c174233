"""The notebook's files as part of a state: the sandbox that keeps them, and the log of what opens them."""

from __future__ import annotations

import contextlib
import functools
import os
from typing import Any, Callable, Dict, Iterator, List

from ..describe.node import leave_out
from ..process import lookups
from ..protocol.messages import Contact, File, Inputs, Opened
from ..sandbox.choose import attach
from ..sandbox.handles import remap_files, reopen_files
from ..source.vocabulary import PREDICTING_METHODS
from . import changeset
from .guard import announce
from .opened import FileLog

_NOT_VALUE = (b"/__pycache__/", b"/.ipynb_checkpoints/", b"/.nbrerun_cache/")
_NOT_VALUE_SUFFIXES = (b".pyc", b"-journal", b"-wal", b"-shm", b".wal")


class NotebookFiles:
    """Files of one kernel, or of a fork of it."""

    def __init__(self, found: Dict[str, Any], namespace: Dict[str, Any]) -> None:
        self.sandbox = attach(found)
        if found["kind"] == "copy":
            leave_out(found["home"])
        self.sandbox.models = lambda: _own_models(namespace)
        self._namespace = namespace
        self._log = FileLog()
        self.unheard = self._log.unheard
        self.unwatched = self._log.unwatched

    @contextlib.contextmanager
    def heard(self) -> Iterator[None]:
        """Record what a cell opens and looks for meanwhile."""
        with self._log.heard(), lookups.files_in_vain(self._log.hear_in_vain, self._namespace):
            yield

    def install(self, counts: Callable[[], bool]) -> None:
        """Begin to record what is opened. Called once, before the first cell.

        Args:
            counts: returns whether what is written elsewhere now is the cell's doing.
        """
        self._log.counts = counts
        self._log.before_rename = self.sandbox.before_rename
        self._log.announce = functools.partial(announce, self.sandbox)
        self._log.install(self.sandbox.folders, self.sandbox.beside)
        lookups.observe(self._log.hear_lookup)
        self.begin()

    def watch_again(self) -> None:
        """Record what is opened in the folders that the sandbox has now, which are others than at `install`."""
        self._log.watch(self.sandbox.folders, self.sandbox.beside)

    def begin(self, position: Callable[[], int] = int) -> None:
        """Forget what was opened until now, before a cell runs.

        Args:
            position: returns how many of the cell's statements have run.
        """
        self._log.position = position
        written = {os.path.dirname(path) for path, file in self._changed().items() if file["kind"] == "file"}
        self._log.begin({*self.sandbox.folders, *written})

    def freeze(self) -> str:
        """Keep the files as they are now, and return a name for them."""
        with self._log.unwatched():  # what was opened until now cannot be asked for in a fork
            return self.sandbox.freeze()

    def enter(self, frozen: str) -> None:
        """In a branch: see the files as they were kept, also through open files and memory maps.

        Raises:
            OSError: the system does not allow it.
        """
        self.sandbox.enter(frozen)
        reopen_files()
        if frozen:  # otherwise nothing has been written since they were mapped
            remap_files()

    def leave(self) -> None:
        """In the kernel, after a branch: see the kernel's own files again."""
        self.sandbox.leave()
        self._log.skip()

    def changed(self) -> Dict[str, File]:
        """All files that have changed since before the first cell, by name."""
        return {self.sandbox.shown(path): file for path, file in self._changed().items() if _is_value(path)}

    def _changed(self) -> Dict[bytes, File]:
        with self._log.unwatched():
            return self.sandbox.changed()

    def changed_beside(self) -> Dict[str, File]:
        """The same for files that are kept safe and not judged, by absolute path; not for what an import wrote."""
        left_out = self._log.by_imports
        return {
            os.fsdecode(path): file
            for path, file in self._changed_beside().items()
            if _is_value(path) and path not in left_out
        }

    def _changed_beside(self) -> Dict[bytes, File]:
        with self._log.unwatched():
            return self.sandbox.changed_beside()

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

    def elsewhere(self) -> List[Contact]:
        """Files that the last cell wrote where nothing is kept safe."""
        found = map(os.fsdecode, filter(_is_value, self._log.elsewhere()))
        return [{"kind": "file", "what": path, "how": "writes to", "reads": False} for path in found]

    def written(self) -> List[bytes]:
        """The paths of the files in the sandbox that the last cell has written."""
        return [path for path, opened in self._log.opened().items() if opened["written"] and _is_value(path)]

    def kept_from(self) -> List[Contact]:
        """What the last cell was about to write, and was kept from."""
        found = dict.fromkeys(self.sandbox.shown(path) for path in self.sandbox.refused if _is_value(path))
        return [{"kind": "file", "what": path, "how": "writes to", "reads": False} for path in found]

    def leave_out(self, is_of_others: Callable[[bytes], bool]) -> None:
        """Do not record what other programs do to these files, in folders that they write to as well."""
        self._log.is_of_others = is_of_others

    def last_read(self) -> bytes:
        """The path of the file in the sandbox that was read last."""
        return self._log.last_read

    def last_written(self) -> bytes:
        """The path of the file in the sandbox that was written last."""
        return self._log.last_written

    def shown(self, path: bytes) -> str:
        """A path as reports show it."""
        return self.sandbox.shown(path)

    def path(self, name: str) -> bytes:
        """The path of a file that reports show by this name."""
        return os.path.join(self.sandbox.notebook, os.fsencode(name))

    def inputs(self) -> Inputs:
        """What the last cell read, inside the sandbox or outside."""
        return self._log.inputs.seen(self.sandbox.shown)

    def save(self, folder: str) -> None:
        """Write what has changed into a folder, for another kernel or for the user."""
        changeset.save(self._changed(), self.sandbox.shown, folder)
        changeset.save(self._changed_beside(), os.fsdecode, os.path.join(folder, changeset.BESIDE))

    def restore(self, folder: str) -> None:
        """Apply the changes that another kernel has saved."""
        for part in (folder, os.path.join(folder, changeset.BESIDE)):
            changeset.apply(part, os.fsdecode(self.sandbox.notebook), self.sandbox.before_restore)

    def remove(self, names: List[str]) -> None:
        """Remove files, as if they had never been created, and folders that are empty then."""
        for name in sorted(names, reverse=True):  # what is in a folder before the folder
            path = self.path(name)
            if os.path.isdir(path) and not os.path.islink(path):
                with contextlib.suppress(OSError):  # something else is in it
                    os.rmdir(path)
            elif os.path.lexists(path):
                self.sandbox.before_move(path)
                os.remove(path)


def _is_value(path: bytes) -> bool:
    return not path.endswith(_NOT_VALUE_SUFFIXES) and not any(part in path for part in _NOT_VALUE)


def _own_models(namespace: Dict[str, Any]) -> List[str]:
    """Names of the notebook's classes that predict: an instance in a file is a model."""
    return [
        name
        for name, value in list(namespace.items())
        if isinstance(value, type) and value.__module__ == "__main__" and PREDICTING_METHODS & set(dir(value))
    ]
