"""Looks at variables while a cell runs, which tell no more than whether they and their parts have changed."""

from __future__ import annotations

from typing import Any, Dict, Iterable

from ..files.session import NotebookFiles
from .namespace import user_names
from .parts import digests_of_parts
from .walk import Reader, collector_paused


class Looks:
    """Reads variables unheard."""

    def __init__(self, shell: Any, files: NotebookFiles) -> None:
        self._shell = shell
        self._files = files

    def digests(self, names: Iterable[str]) -> Dict[str, bytes]:
        """Digests of the values of variables, of those that are there."""
        namespace, reader = user_names(self._shell), Reader()
        with collector_paused(), self._files.unwatched(), self._files.unheard():
            return {name: reader.read(name, namespace[name]).digest for name in names if name in namespace}

    def digests_of_parts(self, name: str) -> Dict[str, bytes]:
        """Digests of the parts of one variable, by path."""
        with collector_paused(), self._files.unwatched(), self._files.unheard():
            return digests_of_parts(name, user_names(self._shell)[name])
