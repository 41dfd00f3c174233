"""Files that a notebook has changed, saved to a folder and applied to another copy of the notebook's folder."""

from __future__ import annotations

import contextlib
import os
import shutil
from marshal import dump, load  # by name: the notebook may put other functions into the module
from typing import Callable, Dict, List, Tuple

from ..protocol.messages import File

INDEX = "index"
"""The file that lists the changes."""
BESIDE = "beside"
"""The folder, below that of the others, for changes to files that are not judged, which are not the user's to get."""

Change = Tuple[str, str, str]
"""Name of the file, its kind (as in `File`), and the name of its content in the saved folder."""


def save(changed: Dict[bytes, File], shown: Callable[[bytes], str], folder: str) -> None:
    """Write changed files, and an index of all changes, into a new folder.

    Args:
        changed: all changes, by path.
        shown: gives the name of a path: relative to the notebook's folder, or absolute outside.
    """
    os.makedirs(folder)
    index: List[Change] = []
    for number, (path, file) in enumerate(sorted(changed.items())):
        if file["kind"] == "file":
            shutil.copy2(path, os.path.join(os.fsencode(folder), b"%d" % number), follow_symlinks=False)
        index.append((shown(path), file["kind"], str(number)))
    with open(os.path.join(folder, INDEX), "wb") as out:
        dump(index, out)


def apply(folder: str, base: str, before: Callable[[bytes], None] = lambda path: None) -> None:
    """Make the saved changes to the files below `base`, and to those with absolute names.

    Args:
        before: called with every path that is about to be replaced or removed.
    """
    with open(os.path.join(folder, INDEX), "rb") as saved:
        index: List[Change] = load(saved)
    for name, kind, _ in reversed(index):  # a folder's content comes after it
        path = os.path.join(base, name)
        before(os.fsencode(path))
        if kind == "gone" and os.path.lexists(path):
            if os.path.isdir(path) and not os.path.islink(path):
                shutil.rmtree(path)
            else:
                os.remove(path)
    for name, kind, contents in index:
        path = os.path.join(base, name)
        if kind == "folder":
            if os.path.lexists(path) and (os.path.islink(path) or not os.path.isdir(path)):
                os.remove(path)
            os.makedirs(path, exist_ok=True)
        elif kind == "file":
            if os.path.isdir(path) and not os.path.islink(path):
                shutil.rmtree(path)
            _put(os.path.join(folder, contents), path)


def _put(source: str, path: str) -> None:
    """Replace a file in one step (rename(2)), so that readers see either the old one or the new one."""
    with contextlib.suppress(FileNotFoundError):
        os.remove(path + ".nbrerun")
    shutil.copy2(source, path + ".nbrerun", follow_symlinks=False)
    os.replace(path + ".nbrerun", path)
