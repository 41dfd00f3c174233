"""Whose code it is, by where it lies."""

from __future__ import annotations

import os
import sys
import sysconfig
import types
from collections.abc import Iterator
from pathlib import Path

import numpy
import pytest

from nbrerun.probe.describe.ownership import belongs_to_user, is_users_file, lies_in_environment, own_modules


@pytest.fixture(autouse=True)
def _nobody() -> Iterator[None]:
    yield
    belongs_to_user(())


def made(folder: Path, name: str) -> str:
    """An empty file at a path below a folder."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return str(path)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("repo/mine.py", True),
        ("repo/src/mine/deep/a.py", True),
        ("repo/.venv/lib/python3.11/site-packages/numpy/core.py", False),
        ("repo/env/lib/python3/dist-packages/a.py", False),
        ("repo/plain-venv/lib/a.py", False),
        ("repo/miniconda/lib/a.py", False),
        ("elsewhere/editable/a.py", False),
        ("repository/a.py", False),
    ],
)
def test_where_code_lies_says_whose_it_is(tmp_path: Path, name: str, expected: bool) -> None:
    """The user's lies in the folder or repository, outside of any environment there."""
    made(tmp_path, "repo/plain-venv/pyvenv.cfg")
    (tmp_path / "repo/miniconda/conda-meta").mkdir(parents=True)
    belongs_to_user([str(tmp_path / "repo")])
    assert is_users_file(made(tmp_path, name)) is expected


def test_links_and_dots_do_not_matter(tmp_path: Path) -> None:
    """A path is resolved before it is looked at, and so are the folders."""
    library = made(tmp_path, "lib/site-packages/a.py")
    mine = made(tmp_path, "repo/mine.py")
    os.symlink(tmp_path / "lib", tmp_path / "repo/link")
    os.symlink(tmp_path / "repo", tmp_path / "other")
    belongs_to_user([str(tmp_path / "other")])
    assert is_users_file(mine)
    assert is_users_file(str(tmp_path / "repo/link/../repo/mine.py"))
    assert not is_users_file(str(tmp_path / "repo/link/site-packages/a.py"))
    assert not is_users_file(library)
    linked = tmp_path / "repo/linked.py"  # as some installers link each file from a common store
    linked.symlink_to(library)
    assert not is_users_file(str(linked))


def test_own_modules_are_those_that_are_loaded_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is looked at once, and whatever is loaded later is looked at then."""
    belongs_to_user([str(tmp_path)])
    assert own_modules() == []
    for name in ("mine", "site-packages/library", "mine_too"):
        module = types.ModuleType(name)
        module.__file__ = made(tmp_path, f"{name}.py")
        monkeypatch.setitem(sys.modules, name, module)
        expected = [each for each in ("mine", "mine_too") if each in sys.modules]
        assert sorted(own_modules()) == expected
    monkeypatch.delitem(sys.modules, "mine")
    assert own_modules() == ["mine_too"]


def test_a_notebook_within_an_environment_owns_its_folder(tmp_path: Path) -> None:
    """Somebody may work in the very folder that an environment was made in."""
    made(tmp_path, "pyvenv.cfg")
    belongs_to_user([str(tmp_path)])
    assert is_users_file(made(tmp_path, "mine.py"))


def test_the_standard_library_and_what_is_installed() -> None:
    """Neither is the user's, whether folders are set or not."""
    standard = os.path.join(sysconfig.get_paths()["stdlib"], "json", "__init__.py")
    for folders in ((), ("/",)):
        belongs_to_user(folders)
        assert not is_users_file(standard)
        assert not is_users_file(str(numpy.__file__))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (".venv/lib/python3.11/site-packages/a/b.py", True),
        (".venv/bin/activate", True),
        ("conda/share/x.txt", True),
        ("dist-packages/a.py", True),
        ("project.egg-info/PKG-INFO", True),
        ("data.csv", False),
        ("data/rows.csv", False),
        ("data/../conda/x.txt", True),
        ("conda/../data.csv", False),
        ("linked/x.txt", True),
    ],
)
def test_files_of_environments_of_any_kind(tmp_path: Path, path: str, expected: bool) -> None:
    """A folder with `pyvenv.cfg` or `conda-meta`, and folders of packages; the repository itself is none."""
    top = tmp_path / "repository"
    for folder in (top / ".venv", top / "data", top / "conda" / "conda-meta", top / "conda-meta", tmp_path / "other"):
        folder.mkdir(parents=True)
    (top / ".venv" / "pyvenv.cfg").write_text("")
    (tmp_path / "other" / "pyvenv.cfg").write_text("")
    (top / "linked").symlink_to(tmp_path / "other")
    assert lies_in_environment(str(top / path), str(top)) is expected
