"""Whose code it is: the user's lies in the notebook's folder or repository, and in no environment there.

Everything else is a library's, however its path is spelled: environments of any kind (venv, conda, user site, `.pth`
files, `dist-packages`), editable installs of other projects, paths with `..` or links. Libraries are no state.
"""

from __future__ import annotations

import functools
import os
import sys
import sysconfig
from typing import Iterable, List, Set, Tuple

_PACKAGES = frozenset({"site-packages", "dist-packages"})
_ENVIRONMENT = ("pyvenv.cfg", "conda-meta")
"""What lies at the top of an environment: of venv (PEP 405), of conda."""
_METADATA = (".dist-info", ".egg-info")
"""How the folder of an installed package's metadata ends (PEP 376); that of an editable install lies in its project."""

_roots: Tuple[str, ...] = ()
_looked_at: Set[str] = set()
_own: Set[str] = set()
"""Names of modules that have been looked at, and of those that were the user's own."""
_known = (0, "")
"""How many modules there were when they were looked at, and the one that was imported last."""


def belongs_to_user(folders: Iterable[str]) -> None:
    """Set the folders whose code is the user's: the notebook's own, and its repository."""
    global _roots, _known
    _roots = tuple(os.path.join(os.path.realpath(folder), "") for folder in folders)
    is_users_file.cache_clear()
    _is_users_folder.cache_clear()
    _looked_at.clear()
    _own.clear()
    _known = (0, "")


@functools.lru_cache(maxsize=8192)
def is_users_file(file: str) -> bool:
    """Whether a module's file is the user's own; where no folders are set, whatever lies in no environment is."""
    return _is_users_folder(os.path.dirname(os.path.realpath(file) if os.path.islink(file) else file))


@functools.lru_cache(maxsize=8192)
def _is_users_folder(folder: str) -> bool:
    """The same for the folder of a file that is no link: many modules share it."""
    folder = os.path.join(os.path.realpath(folder), "")
    if not _PACKAGES.isdisjoint(folder.split(os.sep)) or folder.startswith(_standard_library()):
        return False
    root = next((root for root in _roots if folder.startswith(root)), None)
    if root is None:
        return not _roots and not _is_in_environment(folder.rstrip(os.sep), os.sep)
    return not _is_in_environment(folder.rstrip(os.sep), root.rstrip(os.sep))


def own_modules() -> List[str]:
    """Names of the loaded modules that are the user's own.

    Each module is looked at once. So the kernel asks before it is forked, and its forks look at nothing: even to go
    through the names would write to the memory that they share with it, where references are counted.
    """
    global _known
    known = len(sys.modules), next(reversed(sys.modules), "")
    if known != _known:
        for name in sys.modules.keys() - _looked_at:
            file = getattr(sys.modules.get(name), "__file__", None)
            if isinstance(file, str) and is_users_file(file):
                _own.add(name)
            _looked_at.add(name)
        _known = known
    return [name for name in _own if name in sys.modules]


def lies_in_environment(path: str, top: str) -> bool:
    """Tell whether a file belongs to an environment: what was installed there, or the environment's own files.

    Args:
        path: the file, which need not exist.
        top: the folder where the search for the environment's top ends; it does not count itself.
    """
    # Both as written and as resolved: `.venv` may be a link to an environment elsewhere.
    for each in (os.path.abspath(path), os.path.realpath(path)):
        folders = os.path.dirname(each).split(os.sep)
        if not _PACKAGES.isdisjoint(folders) or any(name.endswith(_METADATA) for name in folders):
            return True
        if _is_in_environment(os.path.dirname(each), top if each.startswith(os.path.join(top, "")) else os.sep):
            return True
    return False


def comes_with_python(module: str) -> bool:
    """Tell whether a loaded module is of the standard library."""
    file = getattr(sys.modules.get(module), "__file__", None)
    path = os.path.realpath(file) if isinstance(file, str) else ""
    return path.startswith(_standard_library()) and _PACKAGES.isdisjoint(path.split(os.sep))


@functools.lru_cache(maxsize=None)
def _standard_library() -> Tuple[str, ...]:
    known = sysconfig.get_paths()
    return tuple(os.path.join(os.path.realpath(known[name]), "") for name in ("stdlib", "platstdlib"))


@functools.lru_cache(maxsize=8192)
def _is_in_environment(folder: str, top: str) -> bool:
    """Whether a folder, or one between it and `top`, is the top of an environment; `top` itself does not count."""
    if len(folder) <= len(top) or os.path.dirname(folder) == folder:
        return False
    if any(os.path.exists(os.path.join(folder, name)) for name in _ENVIRONMENT):
        return True
    return _is_in_environment(os.path.dirname(folder), top)
