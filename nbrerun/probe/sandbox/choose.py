"""The sandbox interface, and the choice between its implementations."""

from __future__ import annotations

import os
from typing import Any, Callable, Dict, List, Protocol, Sequence

from ..protocol.messages import File
from .copy import Scratch
from .live import Live
from .overlay import Overlay


class Sandbox(Protocol):
    """Protects the user's files, and can return the notebook's files to any moment."""

    kind: str
    notebook: bytes
    """The notebook's own folder, as the notebook sees it."""
    folders: List[bytes]
    """The folders that are protected, and whose files are judged."""
    given: List[bytes]
    """Those of them that were asked for, or stand in for these, and not those that links lead to."""
    beside: List[bytes]
    """The folders that are protected as well."""
    note: str
    """What this sandbox does not protect."""
    refused: List[bytes]
    """What it has kept the notebook from writing to, because it could not keep that safe in any other way."""
    models: Callable[[], List[str]]
    """Returns the names of the notebook's own classes that are models."""

    def set_up(self) -> None:
        """Build the sandbox, in the process that is about to become the kernel.

        Raises:
            OSError: this sandbox does not work here.
        """

    def freeze(self) -> str:
        """Keep the current files under a name, and return the name; equal names stand for equal files."""

    def forget(self, name: str) -> None:
        """Delete what was kept under a name."""

    def enter(self, name: str) -> None:
        """In a branch: see the files as they were kept, and write where no other process looks."""

    def leave(self) -> None:
        """In the kernel, after a branch: see the kernel's own files again."""

    def changed(self) -> Dict[bytes, File]:
        """Return every file that differs from what it was before the first cell, by path."""

    def changed_beside(self) -> Dict[bytes, File]:
        """Return the same for the folders beside."""

    def shown(self, path: bytes) -> str:
        """Return a path as the user would write it: relative to the notebook's folder for files in it."""

    def model_in(self, path: bytes) -> bool:
        """Whether a file holds a model."""

    def is_full(self) -> bool:
        """Whether nothing more can be written."""

    def before_rename(self, source: bytes) -> None:
        """The notebook is about to rename a folder."""

    def before_write(self, path: bytes) -> None:
        """The notebook is about to change what is in a file or folder."""

    def before_move(self, path: bytes) -> None:
        """The notebook is about to create, rename or delete this path."""

    def before_restore(self, path: bytes) -> None:
        """nbrerun itself is about to replace what is there by what was there at another moment."""


# In order of preference: an overlay also protects against C libraries and shell commands, a copy does not.

_KINDS: Dict[str, Callable[[str, Sequence[str], int, Sequence[str]], Sandbox]] = {"overlay": Overlay, "copy": Scratch}

# A kernel that somebody works in has none; its forks have.
_ATTACHED: Dict[str, Callable[[str, Sequence[str], int, Sequence[str]], Sandbox]] = {**_KINDS, "live": Live}


def set_up(home: str, wanted: str, folders: Sequence[str], limit: int, beside: Sequence[str] = ()) -> Dict[str, Any]:
    """Set up the first sandbox that works, in the process that is to become the kernel.

    Args:
        home: the folder of this check.
        wanted: `overlay`, `copy` or `auto`.
        folders: the folders to protect, the notebook's own first.
        limit: bytes that one run may write.
        beside: folders to protect where that is possible; their files are not judged.

    Returns:
        The arguments of `attach`, and `reason`: why this sandbox was chosen; `kind` is empty if none works.
    """
    reasons = [] if wanted == "auto" else ["asked for"]
    made = [home, list(folders), limit, list(beside)]
    for kind in _KINDS if wanted == "auto" else [wanted]:
        sandbox = _KINDS[kind](home, folders, limit, beside)
        try:
            sandbox.set_up()
        except (OSError, AttributeError) as error:  # AttributeError: this libc has no unshare() or mount()
            reasons.append(f"this system allows no {kind}: {getattr(error, 'strerror', None) or error}")
            continue
        covered, also = ([os.fsdecode(each) for each in found] for found in (sandbox.folders, sandbox.beside))
        reason = "; ".join([*reasons, sandbox.note])
        return {"kind": kind, "home": home, "made": made, "covered": covered, "beside": also, "reason": reason}
    return {"kind": "", "reason": "; ".join(reasons)}


def attach(found: Dict[str, Any]) -> Sandbox:
    """Return the sandbox that this kernel was started in, from the result of `set_up`."""
    sandbox = _ATTACHED[found["kind"]](*found["made"])
    sandbox.folders = [os.fsencode(folder) for folder in found["covered"]]
    sandbox.beside = [os.fsencode(folder) for folder in found["beside"]]
    return sandbox
