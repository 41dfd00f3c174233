"""A clean run of a notebook, and branches from its moments, on both engines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import nbformat
import pytest

from nbrerun.analysis.clean_run import CleanRun, run_in
from nbrerun.engine.interface import Undone
from nbrerun.model import Cell
from nbrerun.notebooks.read import Notebook, read_notebook
from nbrerun.settings.values import Settings
from nbrerun.state.names import Name, Space, variables

ENGINES = pytest.mark.parametrize("engine", ["fork", "replay"])


def notebook(folder: Path, sources: Sequence[str], name: str = "nb.ipynb") -> Notebook:
    """Write a notebook, and read it."""
    node = nbformat.v4.new_notebook()
    node.cells = [nbformat.v4.new_code_cell(source, id=f"cell-{at}") for at, source in enumerate(sources)]
    nbformat.write(node, folder / name)
    return read_notebook(folder / name)


def other(source: str, index: int) -> Cell:
    """A cell that the notebook does not have."""
    return Cell(index, f"other-{index}", source)


@ENGINES
def test_a_branch_from_the_middle_ends_as_the_clean_run_did(engine: str, tmp_path: Path) -> None:
    """Cells 1 and 2, run at moment 1 once more, give each variable and each file its value once more."""
    sources = ["import random\nx = [random.random()]", "x.append(1)\nopen('f', 'w').write('a')", "y = len(x)"]
    with CleanRun(notebook(tmp_path, sources), Settings(engine=engine)) as run:
        run.run()
        assert run.is_complete
        assert [len(state["variables"]) for state in run.states] == [0, 2, 2, 3]
        branch = run.branch(1)
        assert not isinstance(branch, Undone)
        done = run_in(branch, run.notebook.cells[1:], run.seconds_for(run.notebook.cells))
        assert not isinstance(done, Undone)
        assert not run.unlike(3, done[-1]["after"])
        branch.close()
    assert not (tmp_path / "f").exists()


@ENGINES
def test_another_cell_in_a_branch_shows_what_it_changes(engine: str, tmp_path: Path) -> None:
    """An edited cell gives its variable and what follows from it another value; the rest stays as it was."""
    with CleanRun(notebook(tmp_path, ["a = 1\nb = 5", "c = a + 1"]), Settings(engine=engine)) as run:
        run.run()
        branch = run.branch(0)
        assert not isinstance(branch, Undone)
        done = run_in(branch, [other("a = 2\nb = 5", 0), run.notebook.cells[1]], 30.0)
        assert not isinstance(done, Undone)
        assert run.unlike(2, done[-1]["after"]) == variables(["a", "c"])
        branch.close()


def test_a_cell_that_raises_ends_the_run(tmp_path: Path) -> None:
    """The states up to it are there, and the error is reported."""
    with CleanRun(notebook(tmp_path, ["a = 1", "1 / 0", "b = 2"]), Settings()) as run:
        run.run()
        assert run.failure is not None
        assert (run.failure.ename, run.failure.index) == ("ZeroDivisionError", 1)
        assert set(run.end["variables"]) == {"a"}


def test_a_generator_that_was_drawn_from_differs(tmp_path: Path) -> None:
    """One in a variable, and that of a library."""
    sources = ["import random, numpy\nrandom.seed(1)\nrng = numpy.random.default_rng(0)"]
    with CleanRun(notebook(tmp_path, sources), Settings()) as run:
        run.run()
        for drawn, name in (
            ("_ = rng.random()", Name(Space.VARIABLE, "rng")),
            ("_ = random.random()", Name(Space.GENERATOR, "random")),
        ):
            branch = run.branch(1)
            assert not isinstance(branch, Undone)
            done = run_in(branch, [other(f"{drawn}\ndel _", 1)], 30.0)
            assert not isinstance(done, Undone)
            assert run.unlike(1, done[-1]["after"]) == {name}
            branch.close()
