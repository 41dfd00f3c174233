"""Find the adapters that other packages provide, by their entry points, and load those whose library is imported.

    [project.entry-points."nbrerun.adapters"]
    mylib = "mylib_nbrerun:register"

The name on the left is the module whose objects are read; see docs/adapters.md.
"""

from __future__ import annotations

import contextlib
import os
import sys
from importlib import metadata
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Set, Tuple

from ..describe.node import UNREADABLE, forget_classes
from ..describe.quiet import importing_silently
from ..read import generators
from ..read.walk import Reader
from .api import Api, describe_error

GROUP = "nbrerun.adapters"
_FILE = "entry_points.txt"
_METADATA = (".dist-info", "egg-info")
"""How the names of folders end that have it."""
_NO_LIBRARIES = frozenset({"builtins", "__main__"})
"""Names that no entry point may have: the objects of Python itself and of the notebook."""


class _Offer(NamedTuple):
    """An entry point of an installed package."""

    module: str
    package: str
    entry: Any


class Packages:
    """The packages in the kernel's environment that provide adapters."""

    def __init__(self) -> None:
        self._looked: Dict[str, int] = {}
        """Modification times of the folders of `sys.path` when they were searched."""
        self._known: Set[Tuple[str, str]] = set()
        self._waiting: List[_Offer] = []

    def due(self) -> bool:
        """Whether a library has been imported for which a package with adapters is waiting."""
        return any(offer.module in sys.modules for offer in self._waiting)

    def load(self) -> None:
        """Load the adapters for all libraries that have been imported by now."""
        self._look()
        if not self.due():
            return
        with _generators_kept(), importing_silently():
            while self.due():  # loading one adapter may import the library that another waits for
                offer = next(offer for offer in self._waiting if offer.module in sys.modules)
                _register(offer)
                self._waiting.remove(offer)
        forget_classes()

    def _look(self) -> None:
        """Search folders that have changed: a cell may install a package, or add a folder to `sys.path`."""
        for folder in list(sys.path):
            with contextlib.suppress(Exception):  # not a folder, not a path, a damaged archive
                path = os.path.abspath(folder)
                changed = os.stat(path).st_mtime_ns
                if self._looked.get(path) != changed:
                    self._looked[path] = changed
                    self._add(path)

    def _add(self, folder: str) -> None:
        for offer in sorted(_offers(folder), key=lambda offer: offer[:2]):
            # Of a package that is installed twice, Python imports the one that comes first on the path.
            if offer[:2] not in self._known:
                self._known.add(offer[:2])
                self._waiting.append(offer)


def installed_version(distribution: str) -> Optional[str]:
    """The version of a distribution that is installed; None if it is not, or its metadata are damaged."""
    try:
        return metadata.version(distribution)
    except Exception:  # noqa: BLE001  besides those that are not found: a file that cannot be read
        return None


def _offers(folder: str) -> Iterator[_Offer]:
    for package in _with_adapters(folder):
        try:
            if GROUP in (package.read_text(_FILE) or ""):
                name = str(package.metadata["Name"])
                found = [entry for entry in package.entry_points if entry.group == GROUP]
                yield from (_Offer(entry.name, name, entry) for entry in found if entry.name not in _NO_LIBRARIES)
        except Exception:  # noqa: BLE001  the metadata of this package are damaged
            continue


def _with_adapters(folder: str) -> Iterator[metadata.Distribution]:
    """Packages in a folder or an archive of `sys.path` that may provide adapters.

    In a folder the files are looked at one by one: `metadata.distributions` takes ten times as long.
    """
    if not os.path.isdir(folder):
        yield from metadata.distributions(path=[folder])
        return
    for name in os.listdir(folder):
        if name.lower().endswith(_METADATA):
            with contextlib.suppress(OSError), open(os.path.join(folder, name, _FILE), "rb") as file:
                if GROUP.encode() in file.read():
                    yield metadata.Distribution.at(os.path.join(folder, name))


def _register(offer: _Offer) -> None:
    try:
        api = Api(offer.module, offer.package)
        offer.entry.load()(api)
        api.commit()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001  a module may even call sys.exit when it is imported
        UNREADABLE[offer.module] = f"the adapters of {offer.package} cannot be loaded ({describe_error(error)})"


@contextlib.contextmanager
def _generators_kept() -> Iterator[None]:
    """Restore the global generators afterwards: an import that draws random numbers must not change the notebook's."""
    reader = Reader()
    generators.read_global(reader)
    try:
        yield
    finally:
        with contextlib.suppress(Exception):  # another package's adapter may fail at it
            generators.put_back(reader.generators, generators.messages(reader.generators))
