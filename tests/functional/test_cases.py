"""The labelled cells, on both engines: the verdicts must be those of the contract, and so must agree."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from nbrerun.analysis import analyze
from nbrerun.model import CellReport, NotebookReport, VariableReport
from nbrerun.notebooks.read import read_notebook
from nbrerun.progress import Silent
from nbrerun.settings.values import Settings
from tests.functional.cases import ALL
from tests.functional.cases.case import Case, LabelledCell, marks_agree


def written(case: Case, folder: Path) -> Path:
    """Write a case as a notebook, beside the files that its setup makes."""
    if case.setup:
        subprocess.run([sys.executable, "-c", case.setup], cwd=folder, check=True)
    node = nbformat.v4.new_notebook()
    node.cells = [nbformat.v4.new_code_cell(cell.source, id=f"cell-{i}") for i, cell in enumerate(case.cells)]
    path = folder / "case.ipynb"
    nbformat.write(node, path)
    return path


def check(case: Case, folder: Path, engine: str) -> NotebookReport:
    """Check a case with one engine."""
    return analyze(
        read_notebook(written(case, folder)),
        Settings(engine=engine, experiments=frozenset({"again", "later"})),
        Silent(),
    )


def disagreements(label: LabelledCell, report: CellReport) -> list[str]:
    """Everything that a report says other than its label."""
    variables = {variable.name: variable for variable in report.variables}
    wrong = []
    if label.verdict is not None and report.verdict.value != label.verdict:
        wrong.append(f"verdict {report.verdict}, not {label.verdict}")
    for name, verdict in label.variables.items():
        found = variables[name].verdict.value if name in variables else "untouched"
        if found != verdict:
            wrong.append(f"{name}: {found}, not {verdict}")
    wrong += [text for name in variables for text in _details(label, variables[name])]
    paths = {change.path for variable in report.variables for change in variable.changes}
    wrong += [f"{path} is not among the changes {sorted(paths)}" for path in sorted(label.changed - paths)]
    return [f"[{report.index}] {text} ({report.reason})" for text in wrong]


def _details(label: LabelledCell, variable: VariableReport) -> list[str]:
    name, wrong = variable.name, []
    marks = frozenset(mark.value for mark in variable.marks)
    if name in label.marks and not marks_agree(label.marks[name], marks):
        wrong.append(f"{name} is marked {set(marks)}, not {set(label.marks[name])}")
    for what, labels in (("how", label.how), ("via", label.via), ("kind", label.kinds)):
        found = getattr(variable, what)
        if name in labels and (found.value if found else None) != labels[name]:
            wrong.append(f"{what} of {name}: {found}, not {labels[name]}")
    return wrong


COLD = pytest.mark.cold_kernel


@pytest.mark.parametrize("engine", ["fork", "replay"])
@pytest.mark.parametrize("case", [pytest.param(case, marks=[COLD] * case.cold, id=str(case)) for case in ALL])
def test_every_labelled_cell_gets_its_verdict(case: Case, engine: str, tmp_path: Path) -> None:
    """The report on each cell of a case agrees with its label."""
    report = check(case, tmp_path, engine if case.survives_fork else engine.replace("fork", "auto"))
    assert report.failure is None
    assert len(report.cells) == len(case.cells)
    wrong = [text for label, cell in zip(case.cells, report.cells, strict=True) for text in disagreements(label, cell)]
    assert not wrong, "\n".join(wrong)
