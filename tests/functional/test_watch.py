"""`--watch` chooses what is shown; what a cell does stays what it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbrerun.analysis import analyze
from nbrerun.model import Severity
from nbrerun.notebooks.read import read_notebook
from nbrerun.progress import Silent
from nbrerun.settings.values import Settings
from tests.functional.cases.case import Case, cell
from tests.functional.test_cases import written


@pytest.mark.parametrize("engine", ["fork", "replay"])
def test_a_watched_name_does_not_hide_that_another_one_moves(engine: str, tmp_path: Path) -> None:
    """A cell that moves an unwatched variable is in-place still; only watched variables are listed and found."""
    case = Case("watch", cell("x = y = 1", "reset"), cell("y += 1", "in-place"), cell("x += 1", "in-place"))
    settings = Settings(engine=engine, watch=frozenset({"x"}))
    report = analyze(read_notebook(written(case, tmp_path)), settings, Silent())
    assert [str(cell.verdict) for cell in report.cells] == ["reset", "in-place", "in-place"]
    assert [[variable.name for variable in cell.variables] for cell in report.cells] == [["x"], [], ["x"]]
    moved = [(finding.index, finding.name) for finding in report.findings if finding.severity is not Severity.INFO]
    assert moved == [(2, "x")]
