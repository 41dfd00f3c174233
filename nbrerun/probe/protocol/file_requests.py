"""What nbrerun may ask about the notebook's files: see `requests`."""

from __future__ import annotations

from typing import List, TypedDict

from .requests import Empty, Operation


class KeptFiles(TypedDict):
    """Forget the files that are kept under a name."""

    name: str


class RemoveFiles(TypedDict):
    """Remove files, as if they had never been made."""

    names: List[str]
    """Relative to the notebook's folder, or absolute."""


class FilesFolder(TypedDict):
    """The folder to save what the notebook has changed into, or to restore it from."""

    folder: str


class Fullness(TypedDict):
    """Whether there is no more room for files."""

    full: bool


FORGET_FILES = Operation("forget files", KeptFiles, Empty)
LEAVE_FILES = Operation("leave files", Empty, Empty)
REMOVE_FILES = Operation("remove files", RemoveFiles, Empty)
SAVE_FILES = Operation("save files", FilesFolder, Empty)
RESTORE_FILES = Operation("restore files", FilesFolder, Empty)
FILES_ARE_FULL = Operation("files are full", Empty, Fullness)
