"""The notebook as it was before the edit."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from nbrerun.errors import NotebookError, UsageError
from nbrerun.notebooks.read import read_notebook
from nbrerun.plan.before import version

Write = Callable[..., Path]


def git(folder: Path, *command: str) -> None:
    """Run git there."""
    subprocess.run(["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b", *command], check=True)


@pytest.fixture
def edited(tmp_path: Path, write_notebook: Write) -> Path:
    """A notebook that was committed with other code in its first two cells."""
    git(tmp_path, "init", "-q")
    path = write_notebook("a = 1", "b = 2", "c = 3")
    git(tmp_path, "add", path.name)
    git(tmp_path, "commit", "-q", "-m", "notebook")
    return write_notebook("a = 10", "b = 20", "c = 3")


def sources(path: Path, *chosen: str) -> list[str] | None:
    """The code of the version that is found."""
    found = version(read_notebook(path), chosen, None)
    return None if found is None else [cell.source for cell in found.cells]


def test_all_of_it_comes_from_git(edited: Path) -> None:
    """If no cell is named."""
    assert sources(edited) == ["a = 1", "b = 2", "c = 3"]


def test_only_the_cells_that_were_edited_come_from_git(edited: Path) -> None:
    """The others have been run as they are; also in the node, from which nbclient runs them."""
    assert sources(edited, "1") == ["a = 10", "b = 2", "c = 3"]
    found = version(read_notebook(edited), ["0", "1"], None)
    assert found is not None
    assert [cell["source"] for cell in found.node["cells"]] == ["a = 1", "b = 2", "c = 3"]


def test_nobody_knows_what_a_cell_was_that_is_the_same_in_git(edited: Path) -> None:
    """Even if git knows of another cell."""
    assert sources(edited, "2") is None
    assert sources(edited, "0", "2") is None


def test_without_git_a_cell_may_have_been_anything(tmp_path: Path, write_notebook: Write) -> None:
    """But something has to be said of what was edited."""
    path = write_notebook("a = 1")
    assert sources(path, "0") is None
    with pytest.raises(UsageError, match="--against OLD"):
        sources(path)
    with pytest.raises(UsageError, match=r"--edited 7: .* has only cell 0"):
        sources(path, "7")


def test_another_file(edited: Path, tmp_path: Path, write_notebook: Write) -> None:
    """It is read as it is, and not together with names of cells."""
    old = write_notebook("x = 1", name="old.ipynb")
    found = version(read_notebook(edited), (), str(old))
    assert found is not None
    assert [cell.source for cell in found.cells] == ["x = 1"]
    with pytest.raises(UsageError, match="give one of them"):
        version(read_notebook(edited), ["1"], str(old))
    with pytest.raises(NotebookError, match="there is no file"):
        version(read_notebook(edited), (), str(tmp_path / "gone.ipynb"))
