"""What cells declare, in whole checks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nbrerun.analysis import analyze
from nbrerun.notebooks.read import read_notebook
from nbrerun.progress import Silent
from nbrerun.settings.values import Settings

CELLS: list[tuple[str, dict[str, Any]]] = [
    ("xs = []", {"tags": ["nbrerun:in-place"]}),
    ("xs.append(1)", {"tags": ["nbrerun:in-place"]}),
    ("del xs[0]\nassert not xs", {"nbrerun": {"expect": "error"}}),
    ("1 / 0", {"tags": ["nbval-raises-exception"]}),
    ("raise SystemError", {"tags": ["nbval-skip", "nbrerun:skip"]}),
    ("y = 1", {"nbrerun": {"skip": True}}),
    ("xs.append(2)", {"nbrerun": {"ignore": ["NBR003", "NBR006"]}}),
]


def written(cells: list[tuple[str, dict[str, Any]]], folder: Path) -> Path:
    """A notebook of cells with metadata."""
    found = [
        {"cell_type": "code", "id": f"c{number}", "source": source, "metadata": metadata, "outputs": []}
        for number, (source, metadata) in enumerate(cells)
    ]
    path = folder / "nb.ipynb"
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": found}))
    return path


@pytest.mark.parametrize("engine", ["fork", "replay"])
def test_declarations_decide_what_is_found(engine: str, tmp_path: Path) -> None:
    """True ones silence, a false one and unused ones are found, and tags of nbval keep their meaning."""
    report = analyze(read_notebook(written(CELLS, tmp_path)), Settings(engine=engine), Silent())
    verdicts = ["reset", "in-place", "error", "stateless", "skipped", "skipped", "in-place"]
    assert [str(cell.verdict) for cell in report.cells] == verdicts
    found = [(finding.index, finding.rule) for finding in report.findings if finding.rule != "NBR101"]
    assert found == [(0, "NBR201"), (4, "NBR202"), (6, "NBR202")]
    assert report.failure is None


@pytest.mark.parametrize("engine", ["fork", "replay"])
def test_what_a_cell_left_before_it_raised_is_judged_like_any_other(engine: str, tmp_path: Path) -> None:
    """Also where it takes the same random numbers, or other values before the rerun, to tell."""
    raises = {"tags": ["raises-exception"]}
    cells: list[tuple[str, dict[str, Any]]] = [
        ("import random\nn, total = 1, 0", {}),
        ("x = random.random()\n1 / 0", raises),
        ("n = n + 1\ntotal = n * 2\n1 / 0", raises),
    ]
    report = analyze(read_notebook(written(cells, tmp_path)), Settings(engine=engine), Silent())
    found = {each.name: (str(each.verdict), [*map(str, each.marks)]) for each in report.cells[1].variables}
    assert found["x"] == ("reset", ["unseeded"])
    found = {each.name: (str(each.verdict), [*map(str, each.marks)]) for each in report.cells[2].variables}
    assert found == {"n": ("in-place", []), "total": ("reset", ["follows"])}
