"""The two yardsticks: plain execution, and the naive way to run every cell again.

Run as `python -m benchmarks.plainly NOTEBOOK [0,1,2]`: without cells it executes the notebook once. With
cells it starts a fresh kernel for each of them, runs everything up to the cell, and then the cell again. The naive
way does not compare the results, so it is a lower bound.
"""

from __future__ import annotations

import copy
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient


def execute(notebook: nbformat.NotebookNode, folder: Path) -> None:
    """Run the notebook in a fresh kernel."""
    NotebookClient(
        notebook, kernel_name="python3", timeout=None, resources={"metadata": {"path": str(folder)}}
    ).execute()


def up_to_and_again(notebook: nbformat.NotebookNode, cell: int) -> nbformat.NotebookNode:
    """Return a notebook of the cells up to one cell, and this cell again."""
    shortened = copy.deepcopy(notebook)
    shortened.cells = [*shortened.cells[: cell + 1], copy.deepcopy(shortened.cells[cell])]
    return shortened


def main(path: Path, cells: list[int]) -> None:
    """Execute the notebook once, or run some cells again naively."""
    notebook = nbformat.read(path, as_version=4)
    if not cells:
        execute(notebook, path.parent)
    for cell in cells:
        execute(up_to_and_again(notebook, cell), path.parent)


if __name__ == "__main__":
    main(Path(sys.argv[1]), [int(cell) for cell in "".join(sys.argv[2:]).split(",") if cell])
