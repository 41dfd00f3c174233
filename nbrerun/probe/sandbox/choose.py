"""The ways of keeping files safe, and the choice between them."""

from __future__ import annotations

import os
from typing import Any, Callable, Dict, List, Protocol, Sequence

from ..protocol.messages import File
from .copy import Scratch
from .overlay import Overlay


class Sandbox(Protocol):
    """Keeps the person's files as they are, and the notebook's at every moment."""

    kind: str
    notebook: bytes
    """The notebook's own folder, as the notebook sees it."""
    folders: List[bytes]
    note: str
    """What it does not keep safe."""
    models: Callable[[], List[str]]
    """Tells the names of the notebook's own classes that are models."""

    def set_up(self) -> None:
        """Before the kernel starts.

        Raises:
            OSError: it does not work here.
        """

    def freeze(self) -> str:
        """Keep the files as they are now, under a name; equal names stand for equal files."""

    def forget(self, name: str) -> None:
        """Give up what was kept under a name."""

    def enter(self, name: str) -> None:
        """In a branch: see the files as they were kept, and write where nobody else looks."""

    def leave(self) -> None:
        """In the kernel, after a branch: see the kernel's own files again."""

    def changed(self) -> Dict[bytes, File]:
        """All that is not as it was before the first cell, by path."""

    def shown(self, path: bytes) -> str:
        """What a person calls a file: relative to the notebook's folder, if it is in there."""

    def model_in(self, path: bytes) -> bool:
        """Whether a file holds a model."""

    def is_full(self) -> bool:
        """Nothing more can be written."""

    def before_rename(self, source: bytes) -> None:
        """The notebook is about to rename a folder."""

    def before_write(self, path: bytes) -> None:
        """What is in a file or folder is about to change."""

    def before_move(self, path: bytes) -> None:
        """Something is about to get this name, or to lose it."""


_KINDS: Dict[str, Callable[[str, Sequence[str], int], Sandbox]] = {"overlay": Overlay, "copy": Scratch}


def set_up(home: str, wanted: str, folders: Sequence[str], limit: int) -> Dict[str, Any]:
    """Set up the first way that works, in the process that is to become the kernel.

    Args:
        home: the folder of this check.
        wanted: `overlay`, `copy` or `auto`.
        folders: the notebook's own first.

    Returns:
        What `attach` needs, and `reason`: why it is this one; `kind` is empty if none works.
    """
    reason = "" if wanted == "auto" else "asked for"
    for kind in _KINDS if wanted == "auto" else [wanted]:
        sandbox = _KINDS[kind](home, folders, limit)
        try:
            sandbox.set_up()
        except (OSError, AttributeError) as error:
            reason = f"this system allows no {kind}: {getattr(error, 'strerror', None) or error}"
            continue
        covered = [os.fsdecode(folder) for folder in sandbox.folders]
        reason = "; ".join(filter(None, [reason, sandbox.note]))
        made = [home, list(folders), limit]
        return {"kind": kind, "home": home, "made": made, "covered": covered, "reason": reason}
    return {"kind": "", "reason": reason}


def attach(found: Dict[str, Any]) -> Sandbox:
    """The sandbox that this kernel was started in."""
    sandbox = _KINDS[found["kind"]](*found["made"])
    sandbox.folders = [os.fsencode(folder) for folder in found["covered"]]
    return sandbox
