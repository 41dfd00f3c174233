"""*restart* and *recover* on labelled notebooks, on both engines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import nbformat
import pytest

from nbrerun.analysis import analyze
from nbrerun.model import NotebookReport, Restart
from nbrerun.notebooks.read import read_notebook
from nbrerun.progress import Silent
from nbrerun.settings.values import Settings
from tests.functional.restart_cases import RECOVER, RESTART, Missing, RecoverCase, RestartCase

ENGINES = pytest.mark.parametrize("engine", ["fork", "replay"])


def check(folder: Path, cells: Iterable[tuple[str, Sequence[str]]], engine: str) -> NotebookReport:
    """Check a notebook made of sources with their tags."""
    node = nbformat.v4.new_notebook()
    for number, (source, tags) in enumerate(cells):
        metadata = {"tags": list(tags)}
        node.cells.append(nbformat.v4.new_code_cell(source, id=f"cell-{number}", metadata=metadata))
    path = folder / "nb.ipynb"
    nbformat.write(node, path)
    settings = Settings(engine=engine, experiments=frozenset({"again", "later", "restart"}), all_plans=True)
    report = analyze(read_notebook(path), settings, Silent())
    assert report.failure is None
    return report


def found(restart: Restart) -> set[Missing]:
    """What a report lists, in the shape of a label."""
    return {(item.name, item.defined_in, item.kind.value, item.through) for item in restart.missing}


@ENGINES
@pytest.mark.parametrize("case", RESTART, ids=str)
def test_what_a_cell_lacks_after_a_restart(case: RestartCase, engine: str, tmp_path: Path) -> None:
    """Each cell runs alone or lacks the names of its label."""
    report = check(tmp_path, [(cell.source, cell.tags) for cell in case.cells], engine)
    wrong = []
    for label, cell in zip(case.cells, report.cells, strict=True):
        assert cell.restart is not None
        if cell.restart.runs_alone != label.runs_alone or found(cell.restart) != set(label.missing):
            wrong.append(
                f"[{cell.index}] {sorted(map(str, found(cell.restart)))}, not {sorted(map(str, label.missing))}"
            )
            wrong[-1] += f" ({cell.restart.raised} {cell.restart.reason})"
    assert not wrong, "\n".join(wrong)


@ENGINES
@pytest.mark.parametrize("case", RECOVER, ids=str)
def test_the_cells_that_bring_a_model_back(case: RecoverCase, engine: str, tmp_path: Path) -> None:
    """For each model the fewest cells, and whether they were seen to restore it."""
    report = check(tmp_path, [(source, ()) for source in case.sources], engine)
    plans = {item.name: (item.cells, item.verified) for item in report.recover}
    assert {name: plans.get(name) for name in case.expected} == dict(case.expected)


@ENGINES
def test_a_path_that_changes_is_no_file_from_the_future(engine: str, tmp_path: Path) -> None:
    """Run again at the end, the second cell reads what the third wrote, by a name that was another one at its time."""
    sources = [
        "path = 'a.txt'\nopen(path, 'w').write('a')",
        "import os\ntext = open(path).read() if os.path.exists(path) else ''",
        "path = 'b.txt'\nopen(path, 'w').write('b')",
        "import os\nother = open('c.txt').read() if os.path.exists('c.txt') else ''",
        "open('c.txt', 'w').write('c')",
    ]
    report = check(tmp_path, [(source, ()) for source in sources], engine)
    assert [(finding.rule, finding.index) for finding in report.findings if finding.rule == "NBR102"] == [("NBR102", 3)]


@pytest.mark.parametrize("engine", ["auto", "replay"])
def test_a_database_that_only_nbrerun_looks_into_is_no_input(engine: str, tmp_path: Path) -> None:
    """An open connection is a value, and read through its file: a cell that loads something else did not read it."""
    sources = [
        "import sqlite3\nimport numpy as np\nnp.save('w.npy', np.ones(2))",
        "a = np.load('w.npy')\nnp.save('w.npy', a)",
        "con = sqlite3.connect('a.db')\ncon.execute('create table if not exists t (x)')\ncon.commit()",
        "b = np.load('w.npy')",
    ]
    report = check(tmp_path, [(source, ()) for source in sources], engine)
    assert report.cells[3].reason == "`b` is loaded from w.npy"
    assert "NBR102" not in {finding.rule for finding in report.findings}
