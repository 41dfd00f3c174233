"""Which notebooks a server runs: those below its folder, wherever links lead."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbrerun.errors import UsageError
from nbrerun.mcp.folder import notebook_in


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a notebook in a folder of its own, beside a folder with another one."""
    for name in ("served/part/in.ipynb", "served-not/out.ipynb"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("{}")
    served = (tmp_path / "served").resolve()
    (served / "link.ipynb").symlink_to("part/in.ipynb")
    (served / "leaves.ipynb").symlink_to("../served-not/out.ipynb")
    (served / "leaving").symlink_to("../served-not")
    (served / "entered").symlink_to("part")
    (served / "loop.ipynb").symlink_to("loop.ipynb")
    return served


@pytest.mark.parametrize(
    "name",
    ["part/in.ipynb", "link.ipynb", "entered/in.ipynb", "./part/../part/in.ipynb", "leaving/../served/link.ipynb"],
)
def test_a_notebook_below_the_folder_is_found_by_its_own_path(folder: Path, name: str) -> None:
    """The path that is run is that of the file itself, relative to the folder."""
    assert notebook_in(folder, name) == Path("part/in.ipynb")


def test_an_absolute_path_is_as_good(folder: Path) -> None:
    """Agents often know no other."""
    assert notebook_in(folder, str(folder / "link.ipynb")) == Path("part/in.ipynb")


@pytest.mark.parametrize(
    "name",
    ["../served-not/out.ipynb", "leaves.ipynb", "leaving/out.ipynb", "part/../../served-not/out.ipynb", "/etc/passwd"],
)
def test_a_path_that_leaves_the_folder_is_refused(folder: Path, name: str) -> None:
    """By `..`, by an absolute path, by a link, or into a folder whose name begins alike."""
    with pytest.raises(UsageError, match="leads out of the folder"):
        notebook_in(folder, name)


@pytest.mark.parametrize("name", ["part", "none.ipynb", "", "entered", "link.ipynb/x"])
def test_only_a_file_is_a_notebook(folder: Path, name: str) -> None:
    """A folder would be searched, and each notebook in it run."""
    with pytest.raises(UsageError, match="there is no notebook"):
        notebook_in(folder, name)


@pytest.mark.parametrize("name", ["loop.ipynb", "a\0b"])
def test_what_no_file_can_be_is_refused(folder: Path, name: str) -> None:
    """With a sentence, too."""
    with pytest.raises(UsageError, match="notebook"):
        notebook_in(folder, name)
