"""The two yardsticks: plain execution, and the naive way to run every cell again.

Run as `python -m benchmarks.plainly NOTEBOOK`, it executes the notebook once. With `--cells 0,1,2` it starts a fresh
kernel for each of these cells, runs everything up to the cell, and then the cell again. The naive way does not compare
the results, so it is a lower bound. It needs nbclient only, so that it runs in the environments of the peers as well.
"""

from __future__ import annotations

import argparse
import copy
import os
import tempfile
import uuid
from pathlib import Path

import nbformat
from nbclient import NotebookClient


def execute(notebook: nbformat.NotebookNode, folder: Path, kernel: str = "python3") -> None:
    """Run the notebook in a fresh kernel."""
    client = NotebookClient(notebook, kernel_name=kernel, timeout=None, resources={"metadata": {"path": str(folder)}})
    with tempfile.TemporaryDirectory() as place:
        client.km = client.create_kernel_manager()
        # As a Jupyter server names it: extensions look for the kernel's identity there.
        client.km.connection_file = os.path.join(place, f"kernel-{uuid.uuid4()}.json")
        client.execute()


def up_to_and_again(notebook: nbformat.NotebookNode, cell: int) -> nbformat.NotebookNode:
    """Return a notebook of the cells up to one code cell, and this cell again."""
    shortened = copy.deepcopy(notebook)
    at = [index for index, each in enumerate(shortened.cells) if each.cell_type == "code"][cell]
    shortened.cells = [*shortened.cells[: at + 1], copy.deepcopy(shortened.cells[at])]
    return shortened


def main() -> None:
    """Execute the notebook once, or run some cells again naively."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.plainly", description=__doc__)
    parser.add_argument("notebook", type=Path)
    parser.add_argument("--cells", default="", help="numbers of code cells, from 0, to run again naively")
    parser.add_argument("--kernel", default="python3")
    parser.add_argument("--first", default="", help="source of a cell to put in front")
    parser.add_argument("--save", action="store_true", help="write the outputs into the notebook")
    asked = parser.parse_args()
    notebook = nbformat.read(asked.notebook, as_version=4)
    if asked.first:
        notebook.cells.insert(0, nbformat.v4.new_code_cell(asked.first))
    cells = [int(cell) for cell in asked.cells.split(",") if cell]
    if not cells:
        execute(notebook, asked.notebook.parent, asked.kernel)
    for cell in cells:
        execute(up_to_and_again(notebook, cell), asked.notebook.parent, asked.kernel)
    if asked.save:
        nbformat.write(notebook, asked.notebook)


if __name__ == "__main__":
    main()
