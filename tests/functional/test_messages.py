"""What nbrerun asks the kernel for one cell: counted, since each message costs a round trip."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import nbformat
import pytest

from nbrerun.analysis import analyze
from nbrerun.model import NotebookReport, Verdict
from nbrerun.notebooks.read import read_notebook
from nbrerun.probe.protocol.requests import OPERATION
from nbrerun.probe.protocol.wire import Wire
from nbrerun.progress import Silent
from nbrerun.settings.values import Settings

QUIET = {"fork": ["hold", "run"], "replay": ["begin cell", "read", "run"]}
"""A cell that computes a number: its moment is held and read, and it is run again."""


def check(folder: Path, engine: str, *sources: str) -> NotebookReport:
    """Check a notebook with *again* alone."""
    node = nbformat.v4.new_notebook()
    node.cells = [nbformat.v4.new_code_cell(source, id=f"cell-{i}") for i, source in enumerate(sources)]
    path = folder / "nb.ipynb"
    nbformat.write(node, path)
    return analyze(read_notebook(path), Settings(engine=engine, experiments=frozenset({"again"})), Silent())


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The operations that are asked for, in order."""
    found: list[str] = []
    send = Wire.send

    def noting(self: Wire, message: Mapping[str, object]) -> None:
        found.append(str(message[OPERATION]))
        send(self, message)

    monkeypatch.setattr(Wire, "send", noting)
    return found


@pytest.mark.parametrize("engine", QUIET)
def test_a_quiet_cell_takes_few_requests(engine: str, asked: list[str], tmp_path: Path) -> None:
    """On both engines, and nothing more for another cell."""
    report = check(tmp_path, engine, *(f"x{i} = abs({i})" for i in range(4)))
    assert [cell.verdict for cell in report.cells] == [Verdict.RESET] * 4
    # Whether a second kernel follows depends on how busy the machine is.
    left = [operation for operation in asked if operation not in ("save files", "forget files", "follow")]
    start = {"fork": ["hold"], "replay": ["read"]}[engine]
    assert left == start + QUIET[engine] * 4


@pytest.mark.parametrize("engine", QUIET)
def test_a_variable_may_be_called_as_a_failure_is(engine: str, tmp_path: Path) -> None:
    """Answers by name of variable are no failures of the probe."""
    report = check(tmp_path, engine, "failed, traceback = [], []", "failed.append(1); traceback.append(1)")
    assert report.cells[1].verdict is Verdict.IN_PLACE
    assert {variable.name for variable in report.cells[1].variables} == {"failed", "traceback"}


@pytest.mark.parametrize("values", [True, False], ids=["values", "no values"])
def test_a_figure_that_changed_is_drawn_after_both_runs(values: bool, tmp_path: Path) -> None:
    """Once, though two variables lead to it."""
    sources = ["import matplotlib.pyplot as plt\nfig, ax = plt.subplots()", "ax.plot([1, 3, 2])"]
    node = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    nbformat.write(node, tmp_path / "nb.ipynb")
    settings = Settings(engine="fork", experiments=frozenset({"again"}), values=values)
    report = analyze(read_notebook(tmp_path / "nb.ipynb"), settings, Silent())
    drawn = {each.name: each.changes[0].pictures for each in report.cells[1].variables}
    assert drawn["fig"] == ()
    assert len(set(drawn["ax"])) == (2 if values else 0)
