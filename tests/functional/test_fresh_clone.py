"""`--experiment fresh-clone`: files that git does not track are gone, except for those of an environment."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from nbrerun.analysis import analyze
from nbrerun.model import WholeRun
from nbrerun.notebooks.read import read_notebook
from nbrerun.progress import Silent
from nbrerun.settings.values import Settings
from tests.functional.cases.case import Case, cell
from tests.functional.test_cases import written


def fresh_clone(folder: Path, engine: str, *sources: str) -> WholeRun:
    """Commit the notebook, and run it as from a clone of its repository."""
    path = written(Case("clone", *(cell(source, "reset") for source in sources)), folder)
    git = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", path.name], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "notebook"], check=True)
    settings = Settings(engine=engine, experiments=frozenset({"again", "fresh-clone"}))
    (run,) = analyze(read_notebook(path), settings, Silent()).whole
    return run


@pytest.mark.parametrize("engine", ["fork", "replay"])
@pytest.mark.parametrize("is_link", [False, True])
def test_an_environment_inside_the_repository_stays(engine: str, is_link: bool, tmp_path: Path) -> None:
    """Its packages, and whatever else lies in it; also where it is a link to an environment elsewhere."""
    repository = tmp_path / "repository"
    repository.mkdir()
    place = tmp_path / "elsewhere" if is_link else repository / ".venv"
    packages = place / "lib" / "python3" / "site-packages"
    packages.mkdir(parents=True)
    (place / "pyvenv.cfg").write_text("home = /usr/bin\n")
    (packages / "helperlib.py").write_text("value = 3\n")
    (place / "share.txt").write_text("shared")
    if is_link:
        os.symlink(place, repository / ".venv")
    sources = (
        "import sys\nsys.path.insert(0, '.venv/lib/python3/site-packages')\nimport helperlib\nx = helperlib.value",
        "text = open('.venv/share.txt').read() + open('.venv/lib/python3/site-packages/helperlib.py').read()",
    )
    assert fresh_clone(repository, engine, *sources).raised is None


@pytest.mark.parametrize("engine", ["fork", "replay"])
def test_files_that_are_not_tracked_are_gone(engine: str, tmp_path: Path) -> None:
    """A clone does not have them."""
    (tmp_path / "data.txt").write_text("1")
    run = fresh_clone(tmp_path, engine, "text = open('data.txt').read()")
    assert run.raised is not None
    assert run.raised.ename == "FileNotFoundError"
