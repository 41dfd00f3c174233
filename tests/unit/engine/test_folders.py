"""Temporary folders are removed by their owner, or by the next start if that was killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from nbrerun.engine.folders import Folder

_MAKES = """
import os, signal
from nbrerun.engine import folders
folders.short_place = lambda: None
folders.Folder()
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary folders."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr("nbrerun.engine.folders.short_place", lambda: None)
    return tmp_path


def _killed(place: Path) -> Path:
    before = set(place.iterdir())
    subprocess.run([sys.executable, "-c", _MAKES], env={**os.environ, "TMPDIR": str(place)}, check=False)
    (left,) = set(place.iterdir()) - before
    return left


def _age(path: Path) -> None:
    os.utime(path, (1.0, 1.0))


def test_a_folder_whose_owner_was_killed_is_removed_by_the_next(place: Path) -> None:
    """With what is in it; what its kernels had changed is as it was, unless somebody has changed it since."""
    left, files = _killed(place), [place / "mine.txt", place / "edited.txt"]
    inner = left / "nbrerun-inner"
    inner.mkdir()
    (inner / "copy").write_text("mine")
    for file in files:
        file.write_text("changed")
        status = file.stat()
        with (inner / "originals").open("a") as originals, (inner / "edits").open("a") as edits:
            originals.write(json.dumps([str(file), status.st_mode, 1000000000, f"{inner}/copy"]) + "\n")
            signature = [status.st_ino, status.st_size, status.st_ctime_ns, status.st_mtime_ns]
            edits.write(json.dumps([str(file), signature]) + "\n")
    files[1].write_text("edited since")
    _age(left)
    Folder().remove()
    assert set(place.iterdir()) == set(files)
    assert [file.read_text() for file in files] == ["mine", "edited since"]


def test_a_young_folder_and_one_in_use_stay(place: Path) -> None:
    """Its owner may be just making it, or is at work."""
    young, used = _killed(place), Folder()
    _age(Path(used.path))
    Folder().remove()
    assert set(place.iterdir()) == {young, Path(used.path)}
    used.remove()


def test_folders_of_others_stay(place: Path) -> None:
    """Those without our mark, unless they are empty."""
    for name in ("nbrerun-mine", "nbrerun-empty", "other"):
        (place / name).mkdir()
    (place / "nbrerun-mine" / "file").write_text("")
    for path in place.iterdir():
        _age(path)
    Folder().remove()
    assert {path.name for path in place.iterdir()} == {"nbrerun-mine", "other"}
