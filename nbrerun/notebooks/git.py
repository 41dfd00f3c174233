"""What git knows of a notebook's folder: which repository it belongs to, and which files are tracked."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path


def repository(folder: Path) -> Path | None:
    """The repository that a folder belongs to; a home folder that is one is too much to be meant."""
    for parent in (folder.resolve(), *folder.resolve().parents):
        if (parent / ".git").exists():
            return None if Path.home().is_relative_to(parent) else parent
    return None


def committed(folder: Path, names: Iterable[str]) -> frozenset[str] | None:
    """Which files git tracks; None where the folder belongs to no repository, or a file to none."""
    wanted = {os.path.relpath(folder / name, folder): name for name in names}
    if not wanted:
        return frozenset()
    command = ["git", "-C", str(folder), "ls-files", "-z", "--", *wanted]
    try:
        listed = subprocess.run(command, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):  # no git, no repository, or a file outside of it
        return None
    return frozenset(wanted[path] for path in os.fsdecode(listed.stdout).split("\0") if path in wanted)
