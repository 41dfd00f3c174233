"""More objects than are read of any variable: that variable says so, and all others are judged exactly."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner

from nbrerun.cli import main

CELLS = [
    "class Thing:\n    def __init__(self, a):\n        self.a = a\n\ncount = 300_000",
    "rows = [Thing(i) for i in range(count)]\nfew = [Thing(i) for i in range(3)]",
    "rows[3].a += 1",
    "rows.sort(key=lambda thing: thing.a)",
    "few[-1].a += 1",
    "rows.append(Thing(0))",
    "rows[299_000].a += 1\ntotal = sum(thing.a for thing in rows[:10])",
    "few[0].a = 7",
]

VERDICTS = ["reset", "reset", "in-place", "undetermined", "in-place", "in-place", "reset", "reset"]


@pytest.mark.parametrize("engine", ["fork", "replay"])
def test_a_variable_of_very_many_objects(engine: str, tmp_path: Path) -> None:
    """What is seen to move moves; where nothing is seen, nothing is claimed, and both reports say why."""
    node = nbformat.v4.new_notebook()
    node.cells = [nbformat.v4.new_code_cell(source, id=f"cell-{i}") for i, source in enumerate(CELLS)]
    path, output = tmp_path / "big.ipynb", tmp_path / "report.json"
    nbformat.write(node, path)
    arguments = ["check", str(path), "--engine", engine, "--experiment", "again"]
    CliRunner().invoke(main, [*arguments, "--format", "json", "--output", str(output)], catch_exceptions=False)
    (report,) = json.loads(output.read_text())["notebooks"]
    cells = report["cells"]
    assert [cell["verdict"] for cell in cells] == VERDICTS, [cell["reason"] for cell in cells]
    variables = [{each["name"]: each for each in cell["variables"]} for cell in cells]
    assert [change["path"] for change in variables[2]["rows"]["changes"]] == ["rows[3].a"]
    assert [change["path"] for change in variables[4]["few"]["changes"]] == ["few[2].a"]
    assert [change["path"] for change in variables[5]["rows"]["changes"]] == ["len(rows)"]
    assert "rows" not in variables[4]
    why = "list: more than 250,000 objects, of which the first are compared"
    assert cells[3]["reason"] == f"`rows` cannot be read in full ({why})"
    assert variables[3]["rows"]["opaque"] == [why]
    assert variables[1]["rows"]["verdict"] == "reset"
    assert variables[6]["total"]["verdict"] == "reset"
