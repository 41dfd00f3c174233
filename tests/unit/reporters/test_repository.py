"""Paths as the services that host a repository write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbrerun.reporters.repository import path_in_repository


@pytest.mark.parametrize(
    ("path", "environment", "shown"),
    [
        ("sub/nb.ipynb", {}, "top/sub/nb.ipynb"),
        ("./sub/../nb.ipynb", {}, "top/nb.ipynb"),
        ("../nb.ipynb", {}, "nb.ipynb"),
        ("nb.ipynb", {"GITHUB_WORKSPACE": "top"}, "nb.ipynb"),
        ("nb.ipynb", {"CI_PROJECT_DIR": "top"}, "nb.ipynb"),
        ("nb.ipynb", {"GITHUB_WORKSPACE": "elsewhere"}, "top/nb.ipynb"),
        ("nb.ipynb", {"GITHUB_WORKSPACE": ""}, "top/nb.ipynb"),
    ],
)
def test_paths_begin_at_the_top_of_the_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, environment: dict[str, str], shown: str
) -> None:
    """The workspace of the CI counts if the file is in it, else the git repository."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "top").mkdir()
    monkeypatch.chdir(tmp_path / "top")
    tops = {name: value and str(tmp_path / value) for name, value in environment.items()}
    assert path_in_repository(path, tops) == shown
    assert path_in_repository(str(tmp_path / "top" / path), tops) == shown


def test_a_path_outside_of_everything_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a repository it begins at the current folder, and elsewhere at the root."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert path_in_repository("nb.ipynb", {}) == "nb.ipynb"
    assert path_in_repository(str(tmp_path / "nb.ipynb"), {}) == (tmp_path / "nb.ipynb").as_posix()
