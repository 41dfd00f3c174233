"""Where a cell's source lies in its file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest

from nbrerun.notebooks.lines import Place, places_in, read_places


def _v4(*sources: Any) -> dict[str, Any]:
    cells = [{"cell_type": "code", "metadata": {}, "outputs": [], "source": source} for source in sources]
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}


def _v3(*sheets: list[Any]) -> dict[str, Any]:
    worksheets = [
        {"cells": [{"cell_type": "code", "collapsed": False, "input": source, "outputs": []} for source in sources]}
        for sources in sheets
    ]
    return {"metadata": {"name": ""}, "nbformat": 3, "nbformat_minor": 0, "worksheets": worksheets}


def _written(notebook: dict[str, Any], text: str) -> list[list[str]]:
    """The lines that each place means."""
    lines = text.split("\n")
    return [lines[place.line - 1 : place.end_line] for place in places_in(text)]


@pytest.mark.parametrize("indent", [None, 0, 1, 4])
@pytest.mark.parametrize(
    "notebook",
    [
        _v4(["a = 1\n", "b = 2\n", "c = 3"], ["d = 4"], []),
        _v4("a = 1\nb = 2", "", 'print("\\"{[") # \u2028\\'),
        _v3([["a = 1\n", "b = 2"]], [["c = 3"], "d = 4"]),
    ],
    ids=["lists", "strings", "nbformat 3"],
)
def test_the_lines_of_a_cell_hold_its_source(notebook: dict[str, Any], indent: int | None) -> None:
    """Whatever the layout of the file: every line of the source is within the lines, its first and last on the ends."""
    text = json.dumps(notebook, indent=indent)
    cells = notebook.get("cells") or [cell for sheet in notebook["worksheets"] for cell in sheet["cells"]]
    assert len(places_in(text)) == len(cells)
    for cell, lines in zip(cells, _written(notebook, text), strict=True):
        source = cell.get("source", cell.get("input"))
        pieces = source if isinstance(source, list) else [source]
        assert all(json.dumps(piece) in "\n".join(lines) for piece in pieces)
        if pieces:
            assert json.dumps(pieces[0]) in lines[0]
            assert json.dumps(pieces[-1]) in lines[-1]


def test_blank_lines_around_the_source_are_left_out() -> None:
    """The place begins at the first line that says something, and ends at the last."""
    text = json.dumps(_v4(["\n", "  \n", "a = 1\n", "\n", "b = 2\n", "\n"]), indent=1)
    assert _written({}, text) == [['    "a = 1\\n",', '    "\\n",', '    "b = 2\\n",']]


@pytest.mark.parametrize(("ending", "bom"), [("\r\n", ""), ("\n", "\ufeff"), ("\r", "")])
def test_line_ends_and_byte_order_marks_do_not_move_lines(tmp_path: Path, ending: str, bom: str) -> None:
    """A file written on another system has the same lines."""
    text = json.dumps(_v4(["a"], ["b"]), indent=1)
    path = tmp_path / "nb.ipynb"
    path.write_bytes((bom + text.replace("\n", ending)).encode())
    assert read_places(str(path)) == places_in(text)


def test_outputs_that_look_like_cells_are_not_cells() -> None:
    """Keys and brackets within outputs and metadata are passed over."""
    notebook = _v4(["x"])
    notebook["metadata"] = {"cells": [{"source": ["no"]}], "source": "no"}
    notebook["cells"][0]["outputs"] = [{"text": ['"source": [\n', "]}"], "data": {"source": ["no"]}}]
    lines = _written(notebook, json.dumps(notebook, indent=1))
    assert [line.strip() for line in lines[0]] == ['"x"']
    assert len(lines) == 1


def test_cells_are_counted_as_nbformat_does(tmp_path: Path) -> None:
    """The worksheets of an old notebook follow each other."""
    text = json.dumps(_v3([["a"], ["b"]], [["c"]]), indent=1)
    upgraded = nbformat.reads(text, as_version=4)  # type: ignore[no-untyped-call]  # nbformat is not annotated
    assert [cell.source for cell in upgraded.cells] == [
        json.loads(lines[0]) for lines in _written({}, text) if len(lines) == 1
    ]


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", '{"cells": 3}', '{"cells": [', "nothing", '{"cells": [3]}'])
def test_what_is_no_notebook_has_no_places(tmp_path: Path, text: str) -> None:
    """A file that is broken by now gives no lines, or line 1, and no error."""
    path = tmp_path / "nb.ipynb"
    path.write_text(text)
    assert read_places(str(path)) in ([], [Place(1, 1)])
    assert read_places(str(tmp_path / "missing.ipynb")) == []
