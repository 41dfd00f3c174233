"""Finding, reading and addressing notebooks."""

from __future__ import annotations

import json
import os
import subprocess
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

from nbrerun.errors import NotebookError, UsageError
from nbrerun.notebooks.find import find_notebooks
from nbrerun.notebooks.git import committed
from nbrerun.notebooks.read import Notebook, read_notebook
from nbrerun.notebooks.select import select

Write = Callable[..., Path]
MARKDOWN = {"cell_type": "markdown", "source": "# text"}


def test_folders_are_searched_in_order_and_hidden_ones_left_out(write_notebook: Write, tmp_path: Path) -> None:
    """A folder gives its notebooks sorted, without checkpoints, hidden folders and hidden files."""
    for name in ("b.ipynb", "c.ipynb", "a/y.ipynb", "a/z.ipynb", "d/1.ipynb"):
        write_notebook(name=name)
    for name in (".ipynb_checkpoints/b.ipynb", "a/.hidden/x.ipynb", "a/._z.ipynb"):
        write_notebook(name=name)
    (tmp_path / "notes.txt").write_text("no notebook")
    found = [str(path.relative_to(tmp_path)) for path in find_notebooks([tmp_path])]
    assert found == ["a/y.ipynb", "a/z.ipynb", "b.ipynb", "c.ipynb", "d/1.ipynb"]


def test_a_hidden_folder_that_is_asked_for_is_searched(write_notebook: Write, tmp_path: Path) -> None:
    """Hidden means hidden below the folder given, not above it."""
    path = write_notebook(name=".work/x.ipynb")
    assert find_notebooks([tmp_path / ".work"]) == [path]


def test_each_notebook_is_listed_once_in_the_order_given(write_notebook: Write, tmp_path: Path) -> None:
    """A file that is named twice, or also lies in a folder that is named, is checked once."""
    first, second = write_notebook(name="b.ipynb"), write_notebook(name="a.ipynb")
    given = [first, tmp_path, second, tmp_path / "x" / ".." / "b.ipynb"]
    (tmp_path / "x").mkdir()
    assert find_notebooks(given) == [first, second]


@pytest.mark.parametrize(("name", "says"), [("missing.ipynb", "there is no file"), (".", "no notebook")])
def test_paths_that_mean_nothing_are_usage_errors(name: str, says: str, tmp_path: Path) -> None:
    """A missing file and a folder without notebooks are said in one line that names the path."""
    with pytest.raises(UsageError, match=says) as raised:
        find_notebooks([tmp_path / name])
    assert str(tmp_path) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_read_keeps_what_is_run_and_what_is_skipped_apart(write_notebook: Write) -> None:
    """Markdown and blank cells do not count, `skip-execution` goes to `skipped`, indexes count every cell."""
    skip = {"source": "1/0", "tags": ["skip-execution"]}
    tagged = {"source": ["x = 1\n", "x"], "tags": ["train", 3]}
    read = read_notebook(write_notebook(MARKDOWN, "  \n", tagged, skip))
    assert [(cell.index, cell.id, cell.source, cell.tags) for cell in read.cells] == [
        (2, "id2", "x = 1\nx", frozenset({"train"}))
    ]
    assert [cell.index for cell in read.skipped] == [3]


def test_read_exposes_kernel_and_language(write_notebook: Write) -> None:
    """The kernelspec's name and language are taken, `language_info` fills in, absence is None."""
    spec = {"kernelspec": {"name": "ir", "language": "R"}}
    named = read_notebook(write_notebook(metadata=spec))
    info = read_notebook(write_notebook(metadata={"language_info": {"name": "python"}}))
    bare = read_notebook(write_notebook(metadata={"kernelspec": "broken"}))
    read = [(one.kernel_name, one.language) for one in (named, info, bare)]
    assert read == [("ir", "R"), (None, "python"), (None, None)]


@pytest.mark.parametrize(
    ("metadata", "needs"),
    [
        ({}, ()),
        ({"nbrerun": {}}, ()),
        ({"nbrerun": {"needs": []}}, ()),
        ({"nbrerun": {"needs": ["torch", "_a1", "torch"], "other": 1}}, ("torch", "_a1")),
    ],
)
def test_read_exposes_what_the_notebook_needs(
    metadata: dict[str, Any], needs: tuple[str, ...], write_notebook: Write
) -> None:
    """Each module once, in the order given; nothing where nothing is said."""
    assert read_notebook(write_notebook(metadata=metadata)).needs == needs


@pytest.mark.parametrize(
    "needs", ["torch", {"torch": 1}, None, [1], ["torch", ""], ["torch.nn"], ["torch>=2"], [["a"]]]
)
def test_needs_that_cannot_be_meant_are_an_error(needs: Any, write_notebook: Write) -> None:
    """One line names the file, the key, and how it should be."""
    path = write_notebook(metadata={"nbrerun": {"needs": needs}})
    with pytest.raises(NotebookError, match=r'metadata\.nbrerun\.needs must be a list .* \["torch"\]$') as raised:
        read_notebook(path)
    assert str(raised.value).startswith(f"{path}: ")


@pytest.mark.parametrize("own", ["needs torch", None, ["torch"]])
def test_settings_of_the_notebook_have_to_be_an_object(own: Any, write_notebook: Write) -> None:
    """What is no object holds no key."""
    path = write_notebook(metadata={"nbrerun": own})
    with pytest.raises(NotebookError, match=r"metadata\.nbrerun must be an object") as raised:
        read_notebook(path)
    assert str(raised.value).startswith(f"{path}: ")


def test_folder_is_where_the_file_lies(write_notebook: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path has an absolute folder."""
    path = write_notebook(name="sub/nb.ipynb")
    monkeypatch.chdir(path.parent)
    assert read_notebook("nb.ipynb").folder == path.parent


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "the file is empty"),
        (b" \n", "the file is empty"),
        (b"import numpy", "not JSON .line 1 column 1"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"[" * 100_000, "cannot be read|not JSON"),
        (b"[1, 2]", "does not state its nbformat"),
        (b'{"cells": []}', "does not state its nbformat"),
        (b'{"nbformat": "4", "cells": []}', "does not state its nbformat"),
        (b'{"nbformat": 4}', "no list of cells"),
        (b'{"nbformat": 3, "cells": []}', "no list of worksheets"),
        (b'{"nbformat": 5, "cells": []}', "nbformat 5; the newest that nbrerun can read is 4"),
        (b'{"nbformat": 3, "worksheets": [{"nothing": 1}]}', "damaged"),
        (b'{"nbformat": 4, "cells": [{"cell_type": "code"}]}', "damaged"),
        (b'{"nbformat": 4, "cells": ["x"]}', "damaged"),
        (b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": [1]}]}', "damaged"),
    ],
)
def test_what_is_no_notebook_is_said_in_one_sentence(content: bytes, says: str, tmp_path: Path) -> None:
    """Every kind of broken file is a NotebookError of one line that names the file."""
    path = tmp_path / "bad.ipynb"
    path.write_bytes(content)
    with pytest.raises(NotebookError, match=says) as raised:
        read_notebook(path)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_an_unreadable_file_is_said(write_notebook: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Missing permission is a NotebookError, not a traceback."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")  # root may read everything

    path = write_notebook()
    for opener in ("open", "read_text", "read_bytes"):
        monkeypatch.setattr(Path, opener, refuse)
    with pytest.raises(NotebookError, match="Permission denied"):
        read_notebook(path)


def test_a_file_that_the_system_refuses_is_said(tmp_path: Path) -> None:
    """An OSError of reading is a NotebookError."""
    with pytest.raises(NotebookError, match="cannot be read"):
        read_notebook(tmp_path)


def test_a_file_that_is_not_there_is_said_as_everywhere(tmp_path: Path) -> None:
    """In the words of the search for notebooks (`find_notebooks`)."""
    with pytest.raises(NotebookError, match=r"^there is no file .*missing\.ipynb$"):
        read_notebook(tmp_path / "missing.ipynb")


def test_missing_ids_are_the_same_every_time_and_only_in_memory(
    write_notebook: Write, capfd: pytest.CaptureFixture[str], recwarn: pytest.WarningsRecorder
) -> None:
    """Cells of nbformat 4.4 and doubled ids get `cell-<index>`, silently, and the file keeps its bytes."""
    cells: list[Any] = [{"source": f"x = {index}", "id": name} for index, name in enumerate(["cell-1", None, "a", "a"])]
    path = write_notebook(*cells, nbformat_minor=4)
    before = path.read_bytes()
    ids = [[cell.id for cell in read_notebook(path).cells] for _ in range(2)]
    assert ids[0] == ids[1] == ["cell-1", "cell-1-x", "a", "cell-3"]
    assert path.read_bytes() == before
    assert capfd.readouterr() == ("", "")
    assert not recwarn.list


def test_nbformat_3_is_upgraded_in_memory(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], recwarn: pytest.WarningsRecorder
) -> None:
    """The cells of an old notebook can be run, with ids that do not change from reading to reading."""
    cells = [
        {"cell_type": "heading", "level": 1, "source": "Title"},
        {
            "cell_type": "code",
            "language": "python",
            "input": ["a = 1\n", "a"],
            "outputs": [],
            "collapsed": False,
        },
    ]
    path = tmp_path / "old.ipynb"
    path.write_text(json.dumps({"nbformat": 3, "metadata": {}, "worksheets": [{"cells": cells}]}))
    before = path.read_bytes()
    read = read_notebook(path)
    assert [(cell.index, cell.id, cell.source) for cell in read.cells] == [(1, "cell-1", "a = 1\na")]
    assert (read.node["nbformat"], path.read_bytes()) == (4, before)
    assert capfd.readouterr() == ("", "")
    assert not recwarn.list


def test_warnings_of_nbformat_are_not_shown(
    write_notebook: Write, monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    """What nbformat has to say of a file's form does not concern a user who checks it."""

    def convert(node: Any, to_version: int) -> Any:
        warnings.warn("old", stacklevel=1)
        return node

    monkeypatch.setattr(nbformat, "convert", convert)
    assert read_notebook(write_notebook("x")).cells
    assert not recwarn.list


def test_an_untidy_notebook_is_made_fit_to_run(tmp_path: Path) -> None:
    """Missing metadata and outputs, and a byte order mark, do not matter."""
    path = tmp_path / "nb.ipynb"
    text = json.dumps({"nbformat": 4, "cells": [{"cell_type": "code", "source": "1", "metadata": None}]})
    path.write_text(text, encoding="utf-8-sig")
    node = read_notebook(path).node
    assert node["cells"][0] == {
        "cell_type": "code",
        "source": "1",
        "metadata": {},
        "outputs": [],
        "execution_count": None,
        "id": "cell-0",
    }


def test_an_empty_notebook_is_fine(write_notebook: Write) -> None:
    """No cells are no error."""
    assert read_notebook(write_notebook()).cells == ()


@pytest.fixture
def eight(write_notebook: Write) -> Notebook:
    """Cells: 0 markdown, 1 to 3 code, 4 blank, 5 skipped, 6 code (id of digits), 7 code."""
    train = {"source": "fit()", "tags": ["train"]}
    skip = {"source": "no", "tags": ["skip-execution", "train"]}
    digits = {"source": "late", "id": "12345678", "tags": ["train", "late"]}
    return read_notebook(write_notebook(MARKDOWN, "a", train, "b", "", skip, digits, {"source": "c", "id": "3"}))


@pytest.mark.parametrize(
    ("selectors", "indexes"),
    [
        ([], {1, 2, 3, 6, 7}),
        (["2"], {2}),
        (["0-3"], {1, 2, 3}),
        (["3-3"], {3}),
        (["0-7"], {1, 2, 3, 6, 7}),
        (["id1"], {1}),
        (["12345678"], {6}),
        (["3"], {3}),
        (["tag:train"], {2, 6}),
        (["1", "id2", "tag:late"], {1, 2, 6}),
    ],
)
def test_selectors_select(eight: Notebook, selectors: list[str], indexes: set[int]) -> None:
    """Numbers, ranges over markdown, ids and tags add up; a number that is an index is never an id."""
    assert select(eight, selectors) == indexes


@pytest.mark.parametrize(
    ("selector", "says"),
    [
        ("8", "cells 0 to 7"),
        ("9" * 5000, "no cell of .* has this id"),
        ("6-8", "cells 0 to 7"),
        ("3-1", "runs backwards; write 1-3"),
        ("4-5", "no code cell to run in this range"),
        ("0", "is a markdown cell"),
        ("id0", "cell 0 .* is a markdown cell"),
        ("4", "empty code cell"),
        ("5", "tagged skip-execution"),
        ("nope", r"no cell of .* has this id; its code cells: id1 \(1\), id2 \(2\)"),
        ("tag:nope", "tags in use: late, train"),
        ("tag:skip-execution", "no code cell of .* has this tag"),
    ],
)
def test_selectors_that_select_nothing_are_usage_errors(eight: Notebook, selector: str, says: str) -> None:
    """What cannot be meant is reported together with the valid choices, on one line."""
    with pytest.raises(UsageError, match=says) as raised:
        select(eight, ["1", selector])
    assert "\n" not in str(raised.value)


def test_selecting_in_an_empty_notebook(write_notebook: Write) -> None:
    """Everything of nothing is nothing; a cell of nothing is an error that says so."""
    empty = read_notebook(write_notebook())
    assert select(empty, []) == set()
    with pytest.raises(UsageError, match="has no cells"):
        select(empty, ["0"])
    with pytest.raises(UsageError, match="it has no code cell"):
        select(empty, ["abc"])


def git(folder: Path, *words: str) -> None:
    """Have git do something, as somebody."""
    person = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    subprocess.run(["git", "-C", str(folder), *person, *words], check=True, capture_output=True)


UNCOMMON = ["two words.csv", "\u00fcml\u00e4ut.csv", "line\nbreak.csv", "part[1].csv", os.fsdecode(b"\xff.bin")]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A repository with the folder `lessons`; all that is not called `mine` is committed."""
    root = tmp_path / "repository"
    names = ["top.csv", "lessons/a.csv", "lessons/data/b.csv", *(f"lessons/{name}" for name in UNCOMMON)]
    for name in [*names, "mine.csv", "lessons/mine.csv", "lessons/data/mine.csv"]:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("1")
    git(tmp_path, "init", str(root))
    git(root, "add", "--", *names)
    git(root, "commit", "-m", "first")
    return root


@pytest.mark.parametrize(
    ("names", "there"),
    [
        ([], []),
        (["a.csv"], ["a.csv"]),
        (["mine.csv"], []),
        (["a.csv", "mine.csv", "data/b.csv", "data/mine.csv"], ["a.csv", "data/b.csv"]),
        (["../top.csv", "../mine.csv"], ["../top.csv"]),
        (["data/../a.csv"], ["data/../a.csv"]),
        (["missing.csv"], []),
        (["data"], []),
        (["*.csv"], []),
        (["part?1?.csv", "a.*"], []),
        (UNCOMMON, UNCOMMON),
    ],
)
def test_what_is_committed_is_told_file_by_file(names: list[str], there: list[str], clone: Path) -> None:
    """By the names that were asked for, relative to the folder of the notebook; no name stands for others."""
    assert committed(clone / "lessons", names) == set(there)


def test_absolute_names_are_as_good(clone: Path) -> None:
    """Those of files beside the folder, say."""
    names = [str(clone / "top.csv"), str(clone / "mine.csv")]
    assert committed(clone / "lessons", names) == {names[0]}


def test_a_committed_file_that_was_changed_or_deleted_is_committed(clone: Path) -> None:
    """Whoever clones the repository gets it, in some version."""
    (clone / "lessons/a.csv").write_text("2")
    (clone / "lessons/data/b.csv").unlink()
    assert committed(clone / "lessons", ["a.csv", "data/b.csv"]) == {"a.csv", "data/b.csv"}


def test_where_nothing_is_committed_nobody_knows(clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No repository, a file outside of it, or no git at all."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    (tmp_path / "a.csv").write_text("1")
    assert committed(tmp_path, ["a.csv"]) is None
    assert committed(clone / "lessons", ["a.csv", str(tmp_path / "a.csv")]) is None
    monkeypatch.setenv("PATH", "")
    assert committed(clone / "lessons", ["a.csv"]) is None
    assert committed(clone / "lessons", []) == frozenset()
