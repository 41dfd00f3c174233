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


@pytest.mark.parametrize("engine", ["fork", "replay"])
def test_every_section_is_about_watched_variables(engine: str, tmp_path: Path) -> None:
    """Restart, recover, a second run of the whole notebook, and findings."""
    case = Case(
        "sections",
        cell("import random\nx = random.random()\ny = random.random()", "reset"),
        cell("class Model:\n    def predict(self): ...\n    def fit(self, value): self.value_ = value", "reset"),
        cell("model = Model()\nmodel.fit(1)", "reset"),
        cell("total = x + y", "reset"),
        cell("other = y", "reset"),
    )
    experiments = frozenset({"again", "later", "restart", "restart-and-run-all"})
    settings = Settings(engine=engine, watch=frozenset({"x"}), experiments=experiments)
    report = analyze(read_notebook(written(case, tmp_path)), settings, Silent())
    assert {variable.name for cell in report.cells for variable in cell.variables} == {"x"}
    missing = {cell.index: [item.name for item in cell.restart.missing] for cell in report.cells if cell.restart}
    assert missing == {3: ["x"]}
    assert {recovery.name for recovery in report.recover} <= {"x"}
    assert [parting.name for run in report.whole for parting in run.parted] == ["x"]
    assert {finding.name for finding in report.findings} <= {"x", None}
    needs = [finding.message for finding in report.findings if finding.rule == "NBR101"]
    assert needs == ["does not run alone after a restart: needs `x`"]


def test_a_finding_on_a_watched_variable_may_rest_on_another(tmp_path: Path) -> None:
    """That a model is fitted on an unseeded draw is a finding on the draw, whether or not the model is watched."""
    case = Case(
        "draw",
        cell("import random\nrows = [random.random() for _ in range(4)]", "reset"),
        cell("class Model:\n    def predict(self): ...\n    def fit(self, rows): self.value_ = sum(rows)", "reset"),
        cell("model = Model()\nmodel.fit(rows)", "reset"),
    )
    rules = {}
    path = written(case, tmp_path)
    for watch in (frozenset[str](), frozenset({"rows"})):
        report = analyze(read_notebook(path), Settings(watch=watch), Silent())
        rules[watch] = [finding.rule for finding in report.findings if finding.name == "rows"]
    assert rules[frozenset()] == rules[frozenset({"rows"})] == ["NBR004"]
