"""What a notebook has changed on its disk, as a folder that can be carried elsewhere and applied there."""

from __future__ import annotations

import contextlib
import marshal
import os
import shutil
from typing import Callable, Dict, List, Tuple

from ..protocol.messages import File

_INDEX = "index"

Change = Tuple[str, str, str]
"""Name of the file, what became of it, and where its contents lie."""


def save(changed: Dict[bytes, File], shown: Callable[[bytes], str], folder: str) -> None:
    """Write changed files, and what else has changed, into a new folder."""
    os.makedirs(folder)
    index: List[Change] = []
    for number, (path, file) in enumerate(sorted(changed.items())):
        if file["kind"] == "file":
            shutil.copy2(path, os.path.join(os.fsencode(folder), b"%d" % number), follow_symlinks=False)
        index.append((shown(path), file["kind"], str(number)))
    with open(os.path.join(folder, _INDEX), "wb") as out:
        marshal.dump(index, out)


def apply(folder: str, base: str, before: Callable[[bytes], None] = lambda path: None) -> None:
    """Do to the files below `base` what was done to those that were saved; absolute names stay what they are.

    Args:
        before: told of every file that is about to be replaced or removed.
    """
    with open(os.path.join(folder, _INDEX), "rb") as saved:
        index: List[Change] = marshal.load(saved)
    for name, kind, _ in reversed(index):  # what is in a folder comes after it
        path = os.path.join(base, name)
        before(os.fsencode(path))
        if kind == "gone" and os.path.lexists(path):
            _remove(path)
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
    """Replace a file in one step, so that whoever looks sees the old one or the new one."""
    with contextlib.suppress(FileNotFoundError):
        os.remove(path + ".nbrerun")
    shutil.copy2(source, path + ".nbrerun", follow_symlinks=False)
    os.replace(path + ".nbrerun", path)


def _remove(path: str) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    else:
        os.remove(path)
