"""Watches imports, to tell what an import does to the process from what the cell does.

After each outermost import, three things are recorded: the process settings that it changed; the seeds of global random
number generators that it brought (each is seeded as in an earlier kernel of the same check); and where it left a
generator that was there before, if it drew from it. The numbers that follow in the cell then are drawn by a later run,
which imports nothing, only if it begins from there.

Audit events do not serve: "import" comes before a module is loaded, and none comes after it (docs/decisions.md, "What
an import does is not a setting").
"""

from __future__ import annotations

import importlib.util
import sys
from typing import Any, Callable, Dict, List, Set

from ..read import generators
from ..read.process_settings import read_settings
from ..read.walk import GeneratorFound, Reader

_FROZEN = "<frozen importlib._bootstrap>"
"""Python removes frames of this file from tracebacks (Python/import.c, `remove_importlib_frames`)."""

_WRAPPER = """
def _find_and_load(name, import_):
    if watch.depth:
        return original(name, import_)
    watch.enter()
    try:
        return original(name, import_)
    finally:
        watch.leave()
"""


class ImportWatch:
    """Wraps the import system's entry for modules that are not loaded yet."""

    def __init__(self, before: Callable[[], None], after: Callable[[], None]) -> None:
        self.depth = 0
        """1 while an import is under way: imports inside it are part of it."""
        self.drew: Dict[str, bytes] = {}
        """The global generators that an import since `begin` has drawn from, in the states where it left them."""
        self._found: Dict[str, bytes] = {}
        """Digests of these where the first such import found them."""
        self._moved_between = False
        """One of them was drawn from between two such imports."""
        self.left: Dict[str, bytes] = {}
        """Global generators that imports since `begin` brought or drew from, with their digests after the last one."""
        self._stood_first: Dict[str, bytes] = {}
        """Digests of the global generators when the cell began."""
        self._stood: Dict[str, bytes] = {}
        """Digests of the global generators when the import began."""
        self._before: Dict[str, str] = {}
        """Settings when the import began."""
        self._first: Dict[str, str] = {}
        """Settings when the cell began, ..."""
        self.settings: Dict[str, str] = {}
        """... and those that imports have changed since."""
        self._before_import = before
        self._after_import = after

    def install(self) -> None:
        """Wrap the entry: a plain attribute that the interpreter looks up anew for every import (Python/import.c)."""
        bootstrap: Any = sys.modules["_frozen_importlib"]
        namespace: Dict[str, Any] = {"watch": self, "original": bootstrap._find_and_load}
        exec(compile(_WRAPPER, _FROZEN, "exec"), namespace)
        bootstrap._find_and_load = namespace["_find_and_load"]

    def begin(self) -> None:
        """Forget what was imported until now, before a cell runs; `began` has to be called as well."""
        self.drew, self._found, self._moved_between, self.left, self.settings = {}, {}, False, {}, {}

    def began(self, settings: Dict[str, str], generators: Dict[str, bytes]) -> None:
        """Set what there was at `begin`, before anybody asks what has changed since.

        Args:
            settings: of the process.
            generators: digests of the global ones.
        """
        self._first, self._stood_first = settings, generators

    def begin_here(self) -> None:
        """Both at once, with what there is now."""
        self.begin()
        self.began(read_settings(), {found.name: found.digest for found in _global_generators()})

    @property
    def drew_between(self) -> bool:
        """Whether the cell itself had drawn from a generator before an import drew from it."""
        return self._moved_between or any(self._stood_first.get(name) != stood for name, stood in self._found.items())

    def set_by_hand(self, now: Dict[str, str]) -> Set[str]:
        """Names of the settings that differ from those when the cell began, except for changes by imports."""
        return _differing({**self._first, **self.settings}, now)

    def enter(self) -> None:
        """An outermost import begins."""
        self.depth = 1
        self._before = read_settings()
        self._stood = {found.name: found.digest for found in _global_generators()}
        self._before_import()

    def leave(self) -> None:
        """It is over, whether it succeeded or not. What the probe then sets counts as set by the import."""
        try:
            self._after_import()
            known = dict(self.left)
            for found in _global_generators():
                stood = self._stood.get(found.name)
                if found.digest != stood:
                    self.left[found.name] = found.digest
                    if stood is not None:
                        self.drew[found.name] = found.state
                        if found.name in known:
                            self._moved_between = self._moved_between or known[found.name] != stood
                        else:
                            self._found[found.name] = stood
        finally:
            self.depth = 0
        after = read_settings()
        for name in _differing(self._before, after):
            self.settings[name] = after.get(name, "")


def can_be_found(module: str) -> bool:
    """Whether a top-level module could be imported, found out without importing it."""
    try:
        return importlib.util.find_spec(module) is not None
    except ValueError:  # it is in `sys.modules`, and its `__spec__` is None
        return True


def _global_generators() -> List[GeneratorFound]:
    reader = Reader()
    generators.read_global(reader)
    return list(reader.generators.values())


def _differing(one: Dict[str, str], other: Dict[str, str]) -> Set[str]:
    return {name for name in one.keys() | other.keys() if one.get(name, "") != other.get(name, "")}
