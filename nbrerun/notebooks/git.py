"""What git knows about a notebook's folder; the only module that runs git."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path


def repository(folder: Path) -> Path | None:
    """Find the repository that a folder belongs to; a home folder under version control does not count."""
    for parent in (folder.resolve(), *folder.resolve().parents):
        if (parent / ".git").exists():
            # Some users keep their configuration files in a repository at ~; a notebook below is not part of it.
            return None if Path.home().is_relative_to(parent) else parent
    return None


def committed(folder: Path, names: Iterable[str]) -> frozenset[str] | None:
    """Select the files that git tracks; None if the folder or one of the files is not in a repository.

    Args:
        folder: the folder that the names are relative to.
        names: paths of files.
    """
    wanted = {os.path.relpath(folder / name, folder): name for name in names}
    if not wanted:
        return frozenset()
    listed = output(folder, "ls-files", "-z", "--", *wanted)  # fails for a file outside of the repository
    if listed is None:
        return None
    return frozenset(wanted[path] for path in os.fsdecode(listed).split("\0") if path in wanted)


def tracks_any_of(folder: Path) -> bool:
    """Tell whether git tracks any file in a folder; False if git cannot tell."""
    return folder.is_dir() and bool(output(folder, "ls-files", "-z", "--", "."))


def output(folder: Path, *command: str) -> bytes | None:
    """Run a git command in a folder and return its stdout; None if it fails or git is not installed."""
    try:
        return subprocess.run(["git", "-C", str(folder), *command], capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
