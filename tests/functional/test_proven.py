"""Cells of which it is proven what they do have the verdicts that running them again gives."""

from __future__ import annotations

import ast
import sys
from dataclasses import replace
from pathlib import Path
from typing import Literal

import nbformat
import pytest

import nbrerun
from nbrerun.model import CellReport, Seconds
from nbrerun.probe.source.statements import only_defines
from tests.functional.cases import ALL


def _is_proven(source: str) -> bool:
    """Whether it is, and imports only what every kernel of the tests has."""
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return False
    imports = [node for node in body if isinstance(node, (ast.Import, ast.ImportFrom))]
    modules = {str(getattr(node, "module", None) or node.names[0].name).partition(".")[0] for node in imports}
    return only_defines(body) and modules <= {*sys.stdlib_module_names, "numpy", "pandas", "sklearn"}


def reports(cells: list[str], folder: Path, engine: Literal["fork", "replay"], *, paranoid: bool) -> list[CellReport]:
    """What a check says of cells, apart from how long they took."""
    node = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    nbformat.write(node, folder / "nb.ipynb")
    (report,) = nbrerun.check(folder / "nb.ipynb", engine=engine, paranoid=paranoid, cache=False).notebooks
    assert report.failure is None
    return [replace(cell, seconds=Seconds(0.0), id="") for cell in report.cells]


PROVEN = [
    *list(dict.fromkeys(cell.source for case in ALL for cell in case.cells if _is_proven(cell.source)))[::4],
    "a = b = -1.5\nc = [1, (2, 'x')]\nd = {'k': [], 1: None}",
    "import os.path as path\nimport collections.abc\nfrom os import environ, sep as between",
    "def f(a: int, b='x', *c, d=(1, -2)) -> float:\n    return a + len(c)",
    "class Kept:\n    'Text.'\n    n = 1\n    def m(self):\n        return self.n",
    "kept = Kept()",
    "Kept = None",
    "c = 2",
]
"""Such cells of the labelled cases, one after the other: many bind what others have bound."""


@pytest.mark.parametrize("engine", ["fork", "replay"])
def test_proven_cells_are_judged_as_if_they_were_run_again(tmp_path: Path, engine: Literal["fork", "replay"]) -> None:
    """Each variable, mark, restart need and reason."""
    cells = PROVEN if engine == "fork" else PROVEN[-20:]
    assert len(cells) >= 20
    assert reports(cells, tmp_path, engine, paranoid=False) == reports(cells, tmp_path, engine, paranoid=True)


IN_COMPANY = {
    "a function that IPython calls after each cell": [
        "count = []\ndef after(*_): count.append(1)\nget_ipython().events.register('post_run_cell', after)",
        "x = 1",
        "y = 2",
        "z = 3",
    ],
    "a transformer of cells": [
        "count = []\ndef lines(given):\n    count.append(1)\n    return given",
        "get_ipython().input_transformers_post.append(lines)",
        "x = 1",
        "y = 2",
        "z = 3",
    ],
    "an object whose end is seen": [
        "ended = []\nclass Seen:\n    def __del__(self): ended.append(1)",
        "x = Seen()\ny = Seen()",
        "x = 1",
        "y = 2",
        "z = 3",
    ],
    "an import that is replaced": [
        "import builtins\ncount = []\noriginal = builtins.__import__",
        "def replaced(*a, **k):\n    count.append(1)\n    return original(*a, **k)\nbuiltins.__import__ = replaced",
        "import math",
        "import cmath",
        "z = 3",
    ],
    "a module that makes what is asked for": [
        "import sys, types\nmade = types.ModuleType('made')\nmade.count = 0\n"
        "def look_up(name):\n    made.count += 1\n    return made.count\nmade.__getattr__ = look_up\n"
        "sys.modules['made'] = made",
        "from made import something",
        "from made import other",
        "z = 3",
    ],
    "figures that stay open": [
        "%matplotlib inline\nimport matplotlib.pyplot as plt\n%config InlineBackend.close_figures = False",
        "figure = plt.figure()\naxes = figure.gca()\nline = axes.plot([1, 2])",
        "x = 1",
        "y = 2",
        "z = 3",
    ],
}


@pytest.mark.parametrize("company", IN_COMPANY)
def test_cells_that_are_not_alone_are_run_again(tmp_path: Path, company: str) -> None:
    """Something of the notebook's runs along with them, so nothing follows from their own statements."""
    cells = IN_COMPANY[company]
    proven, seen = (
        [
            (cell.index, cell.verdict, [(variable.name, variable.verdict) for variable in cell.variables])
            for cell in reports(cells, tmp_path, "fork", paranoid=paranoid)
        ]
        for paranoid in (False, True)
    )
    assert proven == seen


def test_what_goes_on_between_cells_is_seen(tmp_path: Path) -> None:
    """A task of the event loop changes a variable while cells run that do nothing to it."""
    task = (
        "import asyncio\ncount = []\nasync def work():\n    for _ in range(10_000):\n"
        "        count.append(1)\n        await asyncio.sleep(0.001)\ntask = asyncio.ensure_future(work())"
    )
    cells = reports([task, "x = 1", "y = 2", "z = 3"], tmp_path, "fork", paranoid=False)
    assert ["count" in {variable.name for variable in cell.variables} for cell in cells] == [True] * 4
