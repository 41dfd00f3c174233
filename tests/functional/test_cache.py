"""The cache with real kernels: a second check runs nothing, unless something that a cell looked at has changed."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click.testing
import pytest

from nbrerun.analysis import analyze
from nbrerun.cli import main
from nbrerun.errors import KernelError
from nbrerun.model import Inputs, NotebookReport
from nbrerun.notebooks.read import Notebook, read_notebook
from nbrerun.progress import Silent
from nbrerun.settings.values import Settings
from tests.functional.conftest import as_at_the_start

CELLS = [
    "import glob, json, os, sys\nsys.path.insert(0, 'lib')\nimport helpers\nimport tools.maths",
    "rows = [helpers.twice(float(line)) for line in open('data/rows.csv')]",
    "name = 'model' + '.sav'\ntry:\n    model = open(name).read()\nexcept OSError:\n    model = None",
    "names = sorted(glob.glob('pictures/*'))",
    "!cat words.txt",
    "rows.append(1.0)",
    "with open('out.json', 'w') as file:\n    json.dump(rows, file)\nkept = json.load(open('out.json'))",
]


def write(folder: Path, *cells: str) -> Path:
    """Write a notebook."""
    plain = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    nodes = [{**plain, "id": f"c{at}", "source": source} for at, source in enumerate(cells)]
    path = folder / "nb.ipynb"
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": nodes}))
    return path


_SEARCH_PATH = os.environ.get("PYTHONPATH")


@pytest.fixture(autouse=True)
def _same_search_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fixtures of a module and tests get the same PYTHONPATH, which is part of the key; other tests extend it."""
    if _SEARCH_PATH is None:
        monkeypatch.delenv("PYTHONPATH", raising=False)
    else:
        monkeypatch.setenv("PYTHONPATH", _SEARCH_PATH)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A notebook with all that it looks at."""
    folder = tmp_path_factory.mktemp("project")
    files = {
        "lib/helpers.py": "def twice(x):\n    return 2 * x\n",
        "tools/__init__.py": "",
        "tools/maths.py": "half = 0.5\n",
        "data/rows.csv": "1\n2\n",
        "pictures/a.png": "",
        "words.txt": "some words",
        "unread.txt": "",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    write(folder, *CELLS)
    return folder


def seen(path: Path, **options: Any) -> Inputs:
    """What a check says that it depended on."""
    report = analyze(read_notebook(path), Settings(**options), Silent())
    assert report.inputs is not None
    return report.inputs


@pytest.mark.parametrize("engine", ["fork", "replay"])
@pytest.mark.parametrize("sandbox", ["auto", "copy"])
def test_what_cells_look_at(project: Path, engine: str, sandbox: str) -> None:
    """Modules, with and without their compiled form, files that are there or not, commands, listed folders."""
    for _ in range(2):
        inputs = seen(project / "nb.ipynb", engine=engine, sandbox=sandbox)
        expected = {"lib/helpers.py", "tools/__init__.py", "tools/maths.py", "data/rows.csv", "model.sav", "words.txt"}
        assert expected <= set(inputs.files)
        assert inputs.folders == ("pictures",)
        assert "unread.txt" not in inputs.files
        compile_modules(project)


def compile_modules(project: Path) -> None:
    """As Python does where the folder is not a sandbox."""
    import compileall

    for folder in ("lib", "tools"):
        compileall.compile_dir(project / folder, quiet=1)


@pytest.fixture(scope="module")
def checked(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project in another folder, checked once, with a cache of its own."""
    folder = tmp_path_factory.mktemp("checked") / "project"
    shutil.copytree(project, folder)
    with pytest.MonkeyPatch.context() as patch:
        as_at_the_start(patch)  # as each test has it: what is looked up there is part of what is compared
        assert not check(folder)["cached"]
    return folder


def check(folder: Path, *options: str) -> Any:
    """The report on the notebook."""
    arguments = ["check", folder / "nb.ipynb", "--cache-dir", folder / "kept", "--format", "json", *options]
    result = click.testing.CliRunner().invoke(main, list(map(str, arguments)))
    assert result.exit_code == 1, result.stderr
    (notebook,) = json.loads(result.stdout)["notebooks"]
    return notebook


def test_a_second_check_runs_nothing(checked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And says the same, but for that; a report beside the notebook is no matter to it."""
    (checked / "report.json").write_text("")
    monkeypatch.setattr("nbrerun.analysis.analyze", None)
    first, second = check(checked), check(checked, "--cache")
    assert first["cached"]
    assert first == second
    assert [cell["verdict"] for cell in first["cells"]][5] == "in-place"


def is_checked_again(folder: Path, monkeypatch: pytest.MonkeyPatch, *options: str) -> bool:
    """Whether a check would run it; nothing is run."""
    asked: list[Path] = []

    def analyze(notebook: Notebook, *_: Any) -> NotebookReport:
        asked.append(notebook.path)
        raise KernelError("not now")

    monkeypatch.setattr("nbrerun.analysis.analyze", analyze)
    arguments = ["check", folder / "nb.ipynb", "--cache-dir", folder / "kept", *options]
    result = click.testing.CliRunner().invoke(main, list(map(str, arguments)))
    assert result.exit_code == (2 if asked else 1), result.output
    return bool(asked)


def _data(folder: Path) -> None:
    (folder / "data" / "rows.csv").write_text("1\n3\n")


def _helper(folder: Path) -> None:
    (folder / "lib" / "helpers.py").write_text("def twice(x):\n    return 3 * x\n")


def _appears(folder: Path) -> None:
    (folder / "model.sav").write_text("")


def _picture(folder: Path) -> None:
    (folder / "pictures" / "b.png").write_text("")


def _words(folder: Path) -> None:
    (folder / "words.txt").write_text("SOME WORDS")


def _cell(folder: Path) -> None:
    write(folder, *CELLS[:-1])


@pytest.mark.parametrize("change", [_data, _helper, _appears, _picture, _words, _cell])
def test_changes_are_noticed(
    checked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None]
) -> None:
    """A notebook is run again where something that it looked at is not what it was."""
    folder = tmp_path / "project"
    shutil.copytree(checked, folder)
    assert not is_checked_again(folder, monkeypatch)
    change(folder)
    assert is_checked_again(folder, monkeypatch)


def test_no_cache_neither_reads_nor_writes(checked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it says, on the command line and in a file."""
    before = {name: (checked / "kept" / name).read_bytes() for name in os.listdir(checked / "kept")}
    assert is_checked_again(checked, monkeypatch, "--no-cache")
    (checked / "nbrerun.toml").write_text("cache = false")
    assert is_checked_again(checked, monkeypatch)
    (checked / "nbrerun.toml").unlink()
    assert {name: (checked / "kept" / name).read_bytes() for name in os.listdir(checked / "kept")} == before


def test_the_cache_is_no_file_of_the_notebook(tmp_path: Path) -> None:
    """A cell that lists everything and one that reads everything are what they would be without it."""
    path = write(tmp_path, "found = [a + c for a, b, d in __import__('os').walk('.') for c in d]", "len(found)")
    result = click.testing.CliRunner().invoke(
        main, ["check", str(path), "--cache-dir", str(tmp_path / ".nbrerun_cache"), "--format", "json"]
    )
    (notebook,) = json.loads(result.stdout)["notebooks"]
    assert [cell["verdict"] for cell in notebook["cells"]] == ["reset", "stateless"]
    assert [item["name"] for cell in notebook["cells"] for item in cell["variables"]] == ["found"]


LOOKUPS = {
    "by key": ("import os\nx = os.environ['MODE']", {"MODE"}, False),
    "get": ("import os\nx = os.environ.get('MODE')", {"MODE"}, False),
    "get, not set": ("import os\nx = os.environ.get('NOT_SET_ANYWHERE')", {"NOT_SET_ANYWHERE"}, False),
    "in": ("import os\nx = 'MODE' in os.environ", {"MODE"}, False),
    "getenv": ("import os\nx = os.getenv('MODE')", {"MODE"}, False),
    "bytes": ("import os\nx = os.environb.get(b'MODE')", {"MODE"}, False),
    "pop": ("import os\nx = os.environ.pop('MODE', 0)", {"MODE"}, False),
    "in a path": ("import os\nx = os.path.expandvars('$MODE/x')", {"MODE"}, False),
    "in a function": ("import os\ndef f():\n    return os.environ['MODE']\nx = f()", {"MODE"}, False),
    "all of them": ("import os\nx = sorted(os.environ)", set(), True),
    "a copy": ("import os\nx = dict(os.environ)", set(), True),
    "none": ("import os\nx = 1", set(), False),
}


@pytest.mark.parametrize("engine", ["fork", "replay"])
def test_variables_that_cells_look_up(engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each way to look one up is observed, in the cell that does it, and only there."""
    monkeypatch.setenv("MODE", "a")
    for number, (source, names, every) in enumerate(LOOKUPS.values()):
        folder = tmp_path / str(number)
        folder.mkdir()
        if engine == "replay" and number not in (1, 9, 11):
            continue  # the probe is the same
        inputs = seen(write(folder, source), engine=engine)
        assert names <= set(inputs.variables), source
        assert inputs.every_variable is every, source
        assert every or ("MODE" in inputs.variables) is ("MODE" in names), source


def test_a_lookup_in_a_rerun_counts(tmp_path: Path) -> None:
    """A cell may look a variable up only when it is run again."""
    inputs = seen(write(tmp_path, "import os\nn = 0", "n += 1\nif n > 1:\n    os.getenv('ONLY_AGAIN')"))
    assert "ONLY_AGAIN" in inputs.variables


def test_a_lookup_in_vain_raises_as_ever(tmp_path: Path) -> None:
    """The notebook sees the same KeyError."""
    source = "import os\ntry:\n    os.environ['NOT_SET_ANYWHERE']\nexcept KeyError as error:\n    found = error.args"
    report = analyze(
        read_notebook(write(tmp_path, source, "assert found == ('NOT_SET_ANYWHERE',)")), Settings(), Silent()
    )
    assert report.failure is None


def test_another_value_of_a_variable_is_another_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A notebook that depends on MODE is checked again where MODE differs, and no value is stored."""
    path = write(tmp_path, "import os\nx = []", "if os.environ.get('MODE', '').endswith('b'):\n    x.append(1)")
    verdicts = {}
    for mode, cached in (("hush-a", False), ("hush-b", False), ("hush-b", True), ("hush-a", False)):
        monkeypatch.setenv("MODE", mode)
        arguments = ["check", str(path), "--cache-dir", str(tmp_path / "kept"), "--format", "json"]
        result = click.testing.CliRunner().invoke(main, arguments)
        (notebook,) = json.loads(result.stdout)["notebooks"]
        assert notebook["cached"] is cached, mode
        verdicts[mode] = notebook["cells"][1]["verdict"]
    assert verdicts == {"hush-a": "stateless", "hush-b": "in-place"}
    assert not any(b"hush-" in file.read_bytes() for file in (tmp_path / "kept").iterdir())
