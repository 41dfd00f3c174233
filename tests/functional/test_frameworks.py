"""The libraries that people train with, each on the engines that are to answer for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbrerun.model import NotebookReport
from tests.functional import matrix_table
from tests.functional.cases.frameworks import ALL
from tests.functional.cases.frameworks.matrix import ROWS
from tests.functional.cases.frameworks.notebook import AUTO, OPERATIONS, FrameworkCase, Row
from tests.functional.test_cases import check, disagreements

pytestmark = pytest.mark.timeout(600)  # a kernel with TensorFlow takes its time to start, and replay starts several

RUNS = [pytest.param(case, engine, id=f"{case}-{engine}") for case in ALL for engine in case.engines]


@pytest.mark.parametrize(("case", "engine"), RUNS)
def test_every_cell_gets_its_verdict(case: FrameworkCase, engine: str, tmp_path: Path) -> None:
    """The report on each cell agrees with its label, and says which engine answered and why."""
    report = check(case.case, tmp_path, engine)
    assert report.failure is None
    pairs = zip(case.case.cells, report.cells, strict=True)
    wrong = [text for label, cell in pairs for text in disagreements(label, cell)]
    assert not wrong, "\n".join(wrong)
    row = next((row for row in ROWS if row.as_case().case == case.case), None)
    assert row is None or unlike_the_page(row, report) == []
    if engine == AUTO and case.hazard:
        assert report.engine == "fork+replay"
        assert case.hazard in report.engine_reason
        assert report.cells[0].engine == "fork"
    elif engine != AUTO:
        assert {cell.engine for cell in report.cells} == {engine}


def unlike_the_page(row: Row, report: NotebookReport) -> list[str]:
    """Cells of which docs/frameworks.md does not say just what was measured."""
    shown = [
        (name, matrix_table.verdict(label), matrix_table.measured(cell, matrix_table.leading(label)))
        for (name, label), cell in zip(row.cells.items(), report.cells, strict=True)
        if name in OPERATIONS
    ]
    return [f"{name}: {words}, but measured {found}" for name, words, found in shown if words != found]


def test_all_libraries_are_here() -> None:
    """A library that is not installed would leave its notebooks untried."""
    assert [str(case) for case in ALL if not case.is_here] == []
