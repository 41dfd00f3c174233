"""The two yardsticks: plain execution, and the naive way to run every cell again.

Run as `python -m benchmarks.plainly NOTEBOOK [0,1,2]`: without cells it executes the notebook once; with
cells it takes, for each of them, a fresh kernel, runs all up to it, and then it again. The naive way does not
even look at what came out, so it is a lower bound.
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
    """The cells up to this one, and this one once more."""
    shortened = copy.deepcopy(notebook)
    shortened.cells = [*shortened.cells[: cell + 1], copy.deepcopy(shortened.cells[cell])]
    return shortened


def main(path: Path, cells: list[int]) -> None:
    """Execute once, or naively for some cells."""
    notebook = nbformat.read(path, as_version=4)
    if not cells:
        execute(notebook, path.parent)
    for cell in cells:
        execute(up_to_and_again(notebook, cell), path.parent)


if __name__ == "__main__":
    main(Path(sys.argv[1]), [int(cell) for cell in "".join(sys.argv[2:]).split(",") if cell])
