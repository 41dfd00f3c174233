"""Notices when modules are imported, since what an import does to the process is nobody's setting.

Two things happen on the outside of an outermost import: settings that changed meanwhile are
remembered as the import's, and a global generator of random numbers that appeared is remembered
as it was seeded (or seeded as it was in an earlier kernel of the same check). Whether an import drew
from one that was there before is noted: what the cell draws afterwards, no later run of it draws.
"""

from __future__ import annotations

import importlib.util
import sys
from typing import Any, Callable, Dict, Set

from ..read import generators
from ..read.process_settings import read_settings
from ..read.walk import Reader

_FROZEN = "<frozen importlib._bootstrap>"
"""Python takes frames of this file out of the tracebacks that a person sees."""

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
    """Stands around the import system's own entry for modules that are not loaded yet."""

    def __init__(self, before: Callable[[], None], after: Callable[[], None]) -> None:
        self.depth = 0
        self.drew = False
        """Since `begin` an import has drawn from a global generator that was there before."""
        self._stood: Dict[str, bytes] = {}
        """Where the global generators stood when the import began."""
        self._before: Dict[str, str] = {}
        self._last: Dict[str, str] = {}
        """As the cell found them, with what imports have changed since."""
        self._before_import = before
        self._after_import = after

    def install(self) -> None:
        """Wrap the entry; it is a plain attribute that the interpreter looks up for every import."""
        bootstrap: Any = sys.modules["_frozen_importlib"]
        namespace: Dict[str, Any] = {"watch": self, "original": bootstrap._find_and_load}
        exec(compile(_WRAPPER, _FROZEN, "exec"), namespace)
        bootstrap._find_and_load = namespace["_find_and_load"]

    def begin(self) -> None:
        """Forget what was set until now: a new cell is about to run."""
        self._last = read_settings()
        self.drew = False

    def set_by_hand(self, now: Dict[str, str]) -> Set[str]:
        """Settings that were changed since `begin`, other than by imports."""
        return _differing(self._last, now)

    def enter(self) -> None:
        """An import from outside begins."""
        self.depth = 1
        self._before = read_settings()
        self._stood = _global_generators()
        self._before_import()

    def leave(self) -> None:
        """It is over, whether it succeeded or not; what is done about it is part of it."""
        try:
            now = _global_generators()
            self.drew = self.drew or any(now.get(name, stood) != stood for name, stood in self._stood.items())
            self._after_import()
        finally:
            self.depth = 0
        after = read_settings()
        for name in _differing(self._before, after):
            self._last[name] = after.get(name, "")


def can_be_found(module: str) -> bool:
    """Whether a top-level module could be imported; it is not."""
    try:
        return importlib.util.find_spec(module) is not None
    except ValueError:  # it is imported already, by something that gave it no spec
        return True


def _global_generators() -> Dict[str, bytes]:
    reader = Reader()
    generators.read_global(reader)
    return {found.name: found.digest for found in reader.generators.values()}


def _differing(one: Dict[str, str], other: Dict[str, str]) -> Set[str]:
    return {name for name in one.keys() | other.keys() if one.get(name, "") != other.get(name, "")}
