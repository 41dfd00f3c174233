"""Names to watch that no cell binds."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from nbrerun.batch.jobs import read
from nbrerun.cli.check import asked_for
from nbrerun.errors import UsageError


def write(folder: Path, name: str, *sources: str, **metadata: object) -> Path:
    """A notebook of code cells."""
    cells = [nbformat.v4.new_code_cell(source, id=f"c{at}") for at, source in enumerate(sources)]
    path = folder / name
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), path)
    return path


def refusal(path: Path, *watch: str) -> str:
    """What is said about these names; empty if they are accepted."""
    try:
        read([str(path)], asked_for({"watch": list(watch)}))
    except UsageError as error:
        return str(error)
    return ""


SOURCE = "import numpy as np\nmodel = np.zeros(3)\ndef train():\n    global losses\n    losses = []\n!ls"


@pytest.mark.parametrize("name", ["model", "np", "train", "losses", "file:m.pkl", "env:cwd"])
def test_names_that_a_cell_may_bind(tmp_path: Path, name: str) -> None:
    """Also in a function; files and settings are not known before the run."""
    assert refusal(write(tmp_path, "nb.ipynb", SOURCE), name) == ""


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("modle", "did you mean `model`?"),
        ("model.coef_", "did you mean `model`?"),
        ("zzz", "names that are bound: losses, model, np, train"),
    ],
)
def test_names_that_none_binds(tmp_path: Path, name: str, hint: str) -> None:
    """One sentence with the name that was probably meant."""
    path = write(tmp_path, "nb.ipynb", SOURCE)
    assert refusal(path, "model", name).endswith(f"--watch {name}: no cell of {path} binds this name; {hint}")


@pytest.mark.parametrize(
    "source",
    ["from helpers import *", "%run setup.py", "exec(text)", "globals()[key] = 1", "%load_ext own_magics", "x = = 1"],
)
def test_a_cell_that_may_bind_anything(tmp_path: Path, source: str) -> None:
    """The source does not show which names these bind."""
    assert refusal(write(tmp_path, "nb.ipynb", "model = 1", source), "modle") == ""


def test_one_notebook_that_binds_it_is_enough(tmp_path: Path) -> None:
    """Not every notebook of a folder has every variable, nor has every shard."""
    write(tmp_path, "a.ipynb", "x = 1")
    write(tmp_path, "b.ipynb", "model = 1")
    assert refusal(tmp_path, "model") == ""
    assert "no cell of the 2 notebooks binds this name; did you mean `model`?" in refusal(tmp_path, "modle")
    read([str(tmp_path)], asked_for({"watch": ["model"]}), shard=(1, 2))


def test_names_in_the_metadata_are_the_notebooks_own(tmp_path: Path) -> None:
    """There another notebook does not count."""
    write(tmp_path, "a.ipynb", "x = 1", nbrerun={"watch": ["model"]})
    write(tmp_path, "b.ipynb", "model = 1")
    with pytest.raises(UsageError, match=r"metadata of .*a\.ipynb: --watch model: no cell of .*a\.ipynb binds"):
        read([str(tmp_path)], asked_for({}))


def test_names_of_a_project_need_not_be_everywhere(tmp_path: Path) -> None:
    """A configuration file is written for all notebooks below it, of which one is checked now."""
    (tmp_path / "nbrerun.toml").write_text('watch = ["model"]')
    read([str(write(tmp_path, "a.ipynb", "x = 1"))], asked_for({}))
