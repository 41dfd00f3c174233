"""New sources in a notebook's file: everything else stays, down to the byte."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from nbrerun.errors import NotebookError
from nbrerun.fix.apply import apply, with_new_sources

PATH = Path("nb.ipynb")


def notebook(*sources: Any, **more: Any) -> dict[str, Any]:
    """A notebook as JSON; every code cell has an output."""
    output = {"output_type": "stream", "name": "stdout", "text": ['{"source": "[\\"\n']}
    cells = [
        {"cell_type": "code", "metadata": {}, "source": source, "outputs": [output], "execution_count": 1}
        for source in sources
    ]
    return {"cells": cells, "metadata": {"source": ["x"]}, "nbformat": 4, "nbformat_minor": 4, **more}


STYLES: dict[str, dict[str, Any]] = {
    "Jupyter": {"indent": 1, "ensure_ascii": False},
    "escaped": {"indent": 2},
    "one line": {},
    "compact": {"separators": (",", ":")},
    "tabs": {"indent": "\t", "sort_keys": True},
}


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("source", [["x = 1\n", "y = 'ü'"], "x = 1\ny = 'ü'", ["x = 1\ny = 'ü'"]], ids=repr)
def test_only_the_source_changes(style: str, source: Any) -> None:
    """The rest of the text is the same before and after it, and the source is written as the old one was."""
    content = json.dumps(notebook(["a"], source, []), **STYLES[style]) + "\n"
    found = with_new_sources(content, PATH, {1: "x = 1\ny = 'ü'"}, {1: "x = 2\ny = 'ö'"})
    new = "x = 2\ny = 'ö'" if isinstance(source, str) else ["x = 2\n", "y = 'ö'"]
    assert found == json.dumps(notebook(["a"], new, []), **STYLES[style]) + "\n"


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_line_endings_and_a_byte_order_mark_stay(ending: str) -> None:
    """As whatever wrote the file has chosen them."""
    content = "\ufeff" + json.dumps(notebook(["a\n", "b"]), indent=1).replace("\n", ending)
    found = with_new_sources(content, PATH, {0: "a\nb"}, {0: "a\nc\nd"})
    assert found == "\ufeff" + json.dumps(notebook(["a\n", "c\n", "d"]), indent=1).replace("\n", ending)


def test_a_cell_may_become_blank() -> None:
    """It is an empty list then."""
    found = json.loads(with_new_sources(json.dumps(notebook(["a"], "b")), PATH, {0: "a", 1: "b"}, {0: "", 1: ""}))
    assert [cell["source"] for cell in found["cells"]] == [[], ""]


def test_a_file_that_has_changed_meanwhile_is_not_written(tmp_path: Path) -> None:
    """What was proven is not about that text."""
    path = tmp_path / "nb.ipynb"
    path.write_text(json.dumps(notebook("a = 2")))
    with pytest.raises(NotebookError, match="has changed since it was run"):
        apply(path, {0: "a = 1"}, {0: "b"})
    assert json.loads(path.read_text()) == notebook("a = 2")


@pytest.mark.parametrize(
    "content",
    ['{"worksheets": [], "nbformat": 3}', "", "[]", '{"cells": [{}], "nbformat": 4}', '{"cells": {}}'],
)
def test_a_file_of_another_format_is_refused_in_one_sentence(content: str) -> None:
    """nbrerun reads old formats, but does not write them."""
    with pytest.raises(NotebookError, match=r"nb\.ipynb cannot be edited"):
        with_new_sources(content, PATH, {0: "a"}, {0: "b"})


def test_the_file_keeps_its_mode_and_links_stay(tmp_path: Path) -> None:
    """It is replaced as a whole, or not at all."""
    path, link = tmp_path / "nb.ipynb", tmp_path / "link.ipynb"
    path.write_text(json.dumps(notebook("a")))
    path.chmod(0o640)
    link.symlink_to(path.name)
    apply(link, {0: "a"}, {0: "b"})
    assert link.is_symlink()
    assert json.loads(path.read_text()) == notebook("b")
    assert path.stat().st_mode & 0o777 == 0o640
    assert sorted(os.listdir(tmp_path)) == ["link.ipynb", "nb.ipynb"]


def test_nothing_is_written_where_nothing_changes(tmp_path: Path) -> None:
    """Not even the time of the file."""
    apply(tmp_path / "none.ipynb", {}, {})
    assert not list(tmp_path.iterdir())


PERCENT = """\
# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

"""


def test_a_text_notebook_is_edited_where_the_cell_stands() -> None:
    """The header and the other cells are the same text as before."""
    content = f"{PERCENT}# %% [markdown]\n# x = 1\n\n# %%\nx = 1\ny = x\n\n# %%\nprint(y)\n"
    found = with_new_sources(content, Path("nb.py"), {1: "x = 1\ny = x"}, {1: "x = 2"})
    assert found == content.replace("\nx = 1\ny = x\n", "\nx = 2\n")


def test_a_text_notebook_in_which_the_cell_is_not_found_is_refused() -> None:
    """Two equal cells, or one that is written in another way."""
    content = f"{PERCENT}# %%\nf(1)\n\n# %%\nf(1)\n"
    with pytest.raises(NotebookError, match="does not stand in it exactly once"):
        with_new_sources(content, Path("nb.py"), {0: "f(1)"}, {0: "f(2)"})
