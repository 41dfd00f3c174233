"""The parts of variables as they were before the cell or the run that may have changed them."""

from __future__ import annotations

from typing import Any, Dict, Iterable

from ..files.session import NotebookFiles
from ..protocol.messages import Leaf
from .namespace import user_names
from .parts import leaves
from .walk import collector_paused

_Table = Dict[str, Dict[str, Leaf]]


class EarlierParts:
    """The parts before the last run, and before the cell of the main run began."""

    def __init__(self, shell: Any, files: NotebookFiles) -> None:
        self._shell = shell
        self._files = files
        self._before_run: _Table = {}
        self._before_cell: _Table = {}

    def now(self, names: Iterable[str], values: bool = True) -> _Table:
        """The parts as they are now; without `values`, only which objects they are."""
        namespace = user_names(self._shell)
        with collector_paused(), self._files.unwatched():
            return {name: leaves(name, namespace[name], values) for name in names if name in namespace}

    def begin_cell(self, names: Iterable[str]) -> None:
        """Before a cell of the main run: remember the parts of what it can reach."""
        self._before_run, self._before_cell = {}, self.now(names)

    def begin_run(self, names: Iterable[str]) -> None:
        """Before a run: remember the parts of what it can reach."""
        self._before_run = self.now(names)

    def before_cell(self, names: Iterable[str]) -> _Table:
        """The parts before the cell of the main run began, of those variables that it could reach."""
        return {name: self._before_cell[name] for name in names if name in self._before_cell}

    def before_run(self, names: Iterable[str]) -> _Table:
        """The parts before the last run, of those variables that it could reach."""
        return {name: self._before_run[name] for name in names if name in self._before_run}
