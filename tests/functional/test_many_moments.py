"""Nothing grows with the number of cells: `python -m tests.functional.test_many_moments 2000` counts it by hand."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import nbformat
import psutil
import pytest

from nbrerun.analysis import analyze
from nbrerun.notebooks.read import Notebook, read_notebook
from nbrerun.progress import Silent
from nbrerun.settings.values import Settings

_FIRST = """
import glob, os, tempfile
def count():
    layers = glob.glob(tempfile.gettempdir() + '/nbrerun-*/layers/frozen/*')
    with open('/proc/self/statm') as file:
        pages = int(file.read().split()[1])
    print(len(os.listdir('/proc/self/fd')), len(layers), pages // 256)
"""
_CELLS = ("open('f.txt', 'w').write('{0}');", "n = {0}", "count()")
_SETTLED = 12
"""Cells after which a check has all that it needs."""
_PASSING = 3
"""Processes that have been ended and not yet waited for; one for each cell would be fourteen more."""


class _Counting(Silent):
    """Counts what this process has, whenever a cell begins."""

    def __init__(self) -> None:
        self.found: list[tuple[int, int, int]] = []
        """Descriptors, processes below this one, and MiB."""

    def cell_started(self, index: int, purpose: str) -> None:
        """Count."""
        if purpose == "first run":
            me = psutil.Process()
            self.found.append((me.num_fds(), len(me.children(recursive=True)), me.memory_info().rss >> 20))


def _notebook(folder: Path, cells: int) -> Notebook:
    node = nbformat.v4.new_notebook()
    sources = [_FIRST, *(_CELLS[number % 3].format(number) for number in range(cells - 1))]
    node.cells = [nbformat.v4.new_code_cell(source, id=f"cell-{index}") for index, source in enumerate(sources)]
    nbformat.write(node, folder / "nb.ipynb")
    return read_notebook(folder / "nb.ipynb")


def _counted(notebook: Notebook) -> list[tuple[int, ...]]:
    """What the kernel had, as its cells printed it: descriptors, kept moments of its files, and MiB."""
    texts = ["".join(output["text"] for output in cell["outputs"]) for cell in notebook.node["cells"]]
    return [tuple(map(int, text.split())) for text in texts if text]


@pytest.mark.parametrize("engine", ["fork", "replay"])
def test_nothing_grows(engine: str, tmp_path: Path) -> None:
    """Neither descriptors nor processes nor files, in the kernel and in nbrerun itself."""
    notebook, listener = _notebook(tmp_path, 40), _Counting()
    report = analyze(notebook, Settings(engine=engine, experiments=frozenset({"again"})), listener)
    assert report.failure is None, report.failure
    for here in ([found[:2] for found in listener.found], [found[:2] for found in _counted(notebook)]):
        settled = [found for number, found in enumerate(here) if number > _SETTLED * len(here) // 40]
        half = len(settled) // 2
        for one, other in zip(zip(*settled[:half], strict=True), zip(*settled[half:], strict=True), strict=True):
            assert max(other) <= max(one) + _PASSING, here


def main() -> None:
    """Check a notebook of so many cells, and print what there was in the course of it."""
    with tempfile.TemporaryDirectory(prefix="nm") as folder:
        notebook, listener = _notebook(Path(folder), int(sys.argv[1])), _Counting()
        report = analyze(notebook, Settings(engine=sys.argv[2], experiments=frozenset({"again"})), listener)
        inside = _counted(notebook)
        print(f"{len(report.cells)} cells, {report.seconds:.0f} s, {report.engine}; descriptors, processes, MiB:")
        for part in range(11):
            here, there = (found[(len(found) - 1) * part // 10] for found in (listener.found, inside))
            print(f"{part * 10:3} %  nbrerun {here}  kernel (descriptors, kept moments, MiB) {there}")


if __name__ == "__main__":
    os.environ.setdefault("PYTHONHASHSEED", "0")
    main()
