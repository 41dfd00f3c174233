"""`--cells` claims nothing about what it did not measure."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbrerun.analysis import analyze
from nbrerun.model import NotebookReport
from nbrerun.notebooks.read import read_notebook
from nbrerun.progress import Silent
from nbrerun.settings.values import Settings
from tests.functional.cases.case import Case, cell
from tests.functional.test_cases import written


def check(folder: Path, *sources: str, **options: object) -> NotebookReport:
    """The report on a notebook."""
    case = Case("chosen", *(cell(source, "reset") for source in sources))
    return analyze(read_notebook(written(case, folder)), Settings(**options), Silent())  # type: ignore[arg-type]


@pytest.mark.parametrize("engine", ["fork", "replay"])
def test_no_way_back_through_cells_that_were_not_run_again(engine: str, tmp_path: Path) -> None:
    """What the first cells need is not known, and without it they do not run; a list that was seen to work is told."""
    sources = (
        "class Model:\n    def predict(self): ...\n    def fit(self, value): self.value_ = value",
        "base = 2",
        "scale = base + 1",
        "model = Model()\nmodel.fit(scale)",
    )
    report = check(tmp_path, *sources, engine=engine, cells=("3",))
    assert report.recover == ()
    assert [item.cells for item in check(tmp_path, *sources, engine=engine).recover] == [(0, 1, 2, 3)]


@pytest.mark.parametrize("engine", ["fork", "replay"])
def test_no_cell_is_named_that_nobody_saw_write(engine: str, tmp_path: Path) -> None:
    """Between two cells that are run again moments are not read: which of the cells there wrote a file is unknown."""
    (tmp_path / "data.txt").write_text("1")
    sources = (
        "text = open('data.txt').read()",
        "a = 1",
        "with open('data.txt', 'w') as file:\n    file.write('2')",
        "b = 1",
        "c = 1",
    )
    options = {"engine": engine, "experiments": frozenset({"again", "later"})}
    found = {
        cells: [(one.rule, one.message) for one in check(tmp_path, *sources, cells=cells, **options).findings]
        for cells in ((), ("0", "4"))
    }
    assert [rule for rule, _ in found[()]].count("NBR102") == 1
    assert "which only cell 2 writes" in str(found[()])
    assert "NBR102" not in str(found[("0", "4")])
    assert check(tmp_path, *sources, cells=("0", "4"), **options).inputs is None
