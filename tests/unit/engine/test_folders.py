"""Temporary folders are removed by their owner, or by the next start if that was killed."""

from __future__ import annotations

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
    """With what is in it; what its kernels had changed is as it was."""
    left, file = _killed(place), place / "mine.txt"
    (left / "nbrerun-inner").mkdir()
    file.write_text("changed")
    (left / "nbrerun-inner" / "copy").write_text("mine")
    line = f'["{file}", {file.stat().st_mode}, 1000000000, "{left}/nbrerun-inner/copy"]\n'
    (left / "nbrerun-inner" / "originals").write_text(line)
    _age(left)
    Folder().remove()
    assert list(place.iterdir()) == [file]
    assert file.read_text() == "mine"


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
