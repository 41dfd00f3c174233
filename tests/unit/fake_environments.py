"""Environments that consist of what nbrerun looks at: a link to an interpreter, and the files that say who made it."""

from __future__ import annotations

import sys
from pathlib import Path


def fake_environment(folder: Path, *, made_by: str = "venv", interpreter: str = "python") -> Path:
    """Make one, and return its folder; `made_by` is `venv`, `uv`, `conda` or `nobody`, as in a whole system."""
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / interpreter).symlink_to(sys.executable)
    if made_by in ("venv", "uv"):
        said = "uv = 0.9.1\n" if made_by == "uv" else ""
        (folder / "pyvenv.cfg").write_text(f"home = /usr/bin\n{said}version = 3.12.1\n")
    if made_by == "venv":
        (folder / "lib" / "python3.12" / "site-packages" / "pip").mkdir(parents=True)
    if made_by == "conda":
        (folder / "conda-meta").mkdir()
    return folder
