"""Notebooks that are text, in whole checks."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jupytext  # type: ignore[import-untyped]  # it has no annotations
import nbformat
import pytest

CELLS: list[tuple[str, dict[str, Any]]] = [
    ("%precision 3\nimport random\n!echo from the shell > shell.txt", {}),
    ("rows = []", {}),
    ("rows.append(1)", {}),
    ("rows.append(1)", {"tags": ["nbrerun:in-place"]}),
    ("x = random.random()\nassert open('shell.txt').read() == 'from the shell\\n'", {}),
    ("del rows[0]\nassert rows\ntext = '''\n# %% x\n'''", {"nbrerun": {"expect": "error"}}),
]
IPYNB, PERCENT, MYST = "lesson.ipynb", "lesson.py", "lesson.md"
FORMATS = {IPYNB: "ipynb", PERCENT: "py:percent", MYST: "md:myst"}


def _write(folder: Path) -> None:
    node = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python"}})
    node.cells = [nbformat.v4.new_markdown_cell("rows.append(1)")]
    node.cells += [nbformat.v4.new_code_cell(source, metadata=metadata) for source, metadata in CELLS]
    for name, kind in FORMATS.items():
        (folder / name).write_text(jupytext.writes(node, fmt=kind))


def _nbrerun(folder: Path, *arguments: str, before: str = "") -> subprocess.CompletedProcess[str]:
    code = f"import sys\n{before}\nfrom nbrerun.cli import main\nmain()"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )


def _judged(notebook: dict[str, Any]) -> list[Any]:
    cells = [(cell["index"], cell["verdict"], cell["reason"], cell["first_line"]) for cell in notebook["cells"]]
    return [cells, [(one["rule"], one["index"], one["message"]) for one in notebook["findings"]], notebook["failure"]]


@pytest.mark.parametrize("engine", ["fork", "replay"])
def test_text_gets_the_verdicts_of_the_same_notebook(engine: str, tmp_path: Path) -> None:
    """The three files are judged the same, and findings stand at the line of the cell in each; nothing is written."""
    _write(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    formats = ["--format", "json", "--format", f"sarif={tmp_path.parent}/{engine}.sarif"]
    done = _nbrerun(tmp_path, "check", *FORMATS, "--engine", engine, *formats)
    assert done.returncode == 1, done.stderr
    ipynb, percent, myst = json.loads(done.stdout)["notebooks"]
    verdicts = [cell["verdict"] for cell in ipynb["cells"]]
    assert verdicts == ["reset", "reset", "in-place", "in-place", "reset", "error"]
    assert _judged(percent) == _judged(myst) == _judged(ipynb)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before

    (run,) = json.loads((tmp_path.parent / f"{engine}.sarif").read_text())["runs"]
    lines: dict[str, set[str]] = {}
    for result in run["results"]:
        place = result["locations"][0]["physicalLocation"]
        name = Path(place["artifactLocation"]["uri"]).name
        held = (tmp_path / name).read_text().split("\n")[place["region"]["startLine"] - 1]
        lines.setdefault(name, set()).add(held)
    assert lines[PERCENT] == lines[MYST] == {source.split("\n")[0] for source, _ in found_in(ipynb)}


def found_in(notebook: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The cells that have findings to look at; the first cell of the notebook is text."""
    return [CELLS[index - 1] for index in sorted({one["index"] for one in notebook["findings"] if one["listed"]})]


def test_a_folder_is_checked_once(tmp_path: Path) -> None:
    """A paired notebook is one; without its `.ipynb` file, the script is checked, and the same page is not."""
    _write(tmp_path)
    (tmp_path / "module.py").write_text("# %%\nopen('ran.txt', 'w')\n")
    (tmp_path / IPYNB).unlink()
    done = _nbrerun(tmp_path, "check", ".", "--static", "--format", "json")
    assert [one["path"] for one in json.loads(done.stdout)["notebooks"]] == [PERCENT]


def test_without_jupytext_one_sentence_says_what_to_install(tmp_path: Path) -> None:
    """Exit code 2, and the other notebook is checked."""
    _write(tmp_path)
    done = _nbrerun(tmp_path, "check", IPYNB, MYST, before="sys.modules['jupytext'] = None")
    assert done.returncode == 2
    assert "1 notebook not checked" in done.stdout
    what = "is a jupytext notebook; install jupytext to check it: pip install jupytext"
    assert done.stderr == f"nbrerun: {MYST} {what}\n"


def test_a_module_is_refused(tmp_path: Path) -> None:
    """What has no cells is not run as one."""
    (tmp_path / "module.py").write_text("open('ran.txt', 'w')\n")
    done = _nbrerun(tmp_path, "check", "module.py")
    assert done.returncode == 2
    assert done.stderr.startswith("nbrerun: module.py is not a notebook: ")
    assert not (tmp_path / "ran.txt").exists()
