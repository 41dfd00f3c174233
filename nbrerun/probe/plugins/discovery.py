"""Other packages that bring adapters: found by their entry points, loaded once their library is there.

    [project.entry-points."nbrerun.adapters"]
    mylib = "mylib_nbrerun:register"

The name says whose objects are read; docs/adapters.md says the rest.
"""

from __future__ import annotations

import contextlib
import os
import sys
from importlib import metadata
from typing import Any, Dict, Iterator, List, NamedTuple, Set, Tuple

from ..describe.node import UNREADABLE, forget_classes
from ..describe.quiet import unseen
from ..read import generators
from ..read.walk import Reader
from .api import Api, told

GROUP = "nbrerun.adapters"
_FILE = "entry_points.txt"
_NO_LIBRARIES = frozenset({"builtins", "__main__"})
"""What Python itself and the notebook define is no other package's."""


class _Offer(NamedTuple):
    """An entry point of an installed package."""

    module: str
    package: str
    entry: Any


class Packages:
    """Those that are installed in the kernel's environment."""

    def __init__(self) -> None:
        self._looked: Dict[str, int] = {}
        """Folders of `sys.path`, with when each had last changed when it was looked through."""
        self._known: Set[Tuple[str, str]] = set()
        self._waiting: List[_Offer] = []

    def due(self) -> bool:
        """Whether a library has come that a package waits for."""
        return any(offer.module in sys.modules for offer in self._waiting)

    def load(self) -> None:
        """Have the packages register what reads the libraries that are there by now."""
        self._look()
        if not self.due():
            return
        with _generators_kept(), unseen():
            while self.due():  # what one imports, another may wait for
                offer = next(offer for offer in self._waiting if offer.module in sys.modules)
                _register(offer)
                self._waiting.remove(offer)
        forget_classes()

    def _look(self) -> None:
        """Look through the folders that have changed since: a cell may install a package, or add a folder."""
        for folder in list(sys.path):
            with contextlib.suppress(Exception):  # no folder, no path at all, a damaged archive: nothing is offered
                path = os.path.abspath(folder)
                changed = os.stat(path).st_mtime_ns
                if self._looked.get(path) != changed:
                    self._looked[path] = changed
                    self._add(path)

    def _add(self, folder: str) -> None:
        for offer in sorted(_offers(folder), key=lambda offer: offer[:2]):
            if offer[:2] not in self._known:  # the first on the path is the one that is imported
                self._known.add(offer[:2])
                self._waiting.append(offer)


def _offers(folder: str) -> Iterator[_Offer]:
    for package in metadata.distributions(path=[folder]):
        try:
            if GROUP in (package.read_text(_FILE) or ""):
                name = str(package.metadata["Name"])
                found = [entry for entry in package.entry_points if entry.group == GROUP]
                yield from (_Offer(entry.name, name, entry) for entry in found if entry.name not in _NO_LIBRARIES)
        except Exception:  # noqa: BLE001  a package whose metadata is damaged offers nothing that could be found
            continue


def _register(offer: _Offer) -> None:
    try:
        api = Api(offer.module, offer.package)
        offer.entry.load()(api)
        api.commit()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001  a module may even call sys.exit when it is imported
        UNREADABLE[offer.module] = f"the adapters of {offer.package} cannot be loaded ({told(error)})"


@contextlib.contextmanager
def _generators_kept() -> Iterator[None]:
    """The random numbers that are drawn meanwhile, the notebook has not drawn."""
    reader = Reader()
    generators.read_global(reader)
    try:
        yield
    finally:
        with contextlib.suppress(Exception):  # another package's adapter may fail at it
            generators.put_back(reader.generators, generators.messages(reader.generators))
