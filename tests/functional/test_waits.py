"""Every wait has an end, and the report says what happened."""

from __future__ import annotations

import time
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner

from nbrerun.analysis import analyze
from nbrerun.cli import main
from nbrerun.engine import liveness
from nbrerun.experiments import later
from nbrerun.model import NotebookReport, Verdict
from nbrerun.notebooks.read import read_notebook
from nbrerun.progress import Silent
from nbrerun.settings.values import Settings

ENGINES = pytest.mark.parametrize("engine", ["auto", "replay"])
RESET, IN_PLACE, STATELESS = Verdict.RESET, Verdict.IN_PLACE, Verdict.STATELESS


def _write(folder: Path, *sources: str) -> Path:
    node = nbformat.v4.new_notebook()
    node.cells = [nbformat.v4.new_code_cell(source, id=f"cell-{index}") for index, source in enumerate(sources)]
    nbformat.write(node, folder / "nb.ipynb")
    return folder / "nb.ipynb"


def _check(folder: Path, engine: str, *sources: str, timeout: float | None = None) -> NotebookReport:
    return analyze(read_notebook(_write(folder, *sources)), Settings(engine=engine, timeout=timeout), Silent())


def _verdicts(report: NotebookReport) -> list[Verdict]:
    return [cell.verdict for cell in report.cells]


@ENGINES
def test_a_kernel_that_is_kept_busy_between_cells(engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A callback that never returns, once the cell is over, keeps it from every answer."""
    monkeypatch.setattr(liveness, "_SHORTEST", 2.0)
    spins = "import asyncio, time\ndef spin():\n    while True:\n        time.sleep(0.05)\n"
    soon = "_ = asyncio.get_event_loop().call_soon(spin)\ny = 2"
    started = time.monotonic()
    report = _check(tmp_path, engine, "x = 1", spins + soon, "z = 3", timeout=2)
    assert time.monotonic() - started < 60
    assert report.cells[0].verdict is RESET
    assert report.cells[1].verdict is Verdict.UNDETERMINED
    assert "time limit" in report.cells[1].reason


@ENGINES
def test_a_run_after_the_whole_notebook_that_would_take_for_ever(
    engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cell below has made of ten rounds very many; the cell itself is judged."""
    monkeypatch.setattr(later, "_LEAST_SECONDS", 1.0)
    report = _check(tmp_path, engine, "n = 10", "total = sum(i for i in range(n))", "n = 10**12")
    assert _verdicts(report) == [RESET, RESET, RESET]
    assert report.cells[1].variables[-1].marks == ()


@ENGINES
def test_functions_that_nbrerun_needs_may_be_replaced(engine: str, tmp_path: Path) -> None:
    """What the notebook does to the module `marshal` is its own affair."""
    report = _check(tmp_path, engine, "a = 1", "import marshal\nmarshal.dumps = marshal.loads = None", "a += 1")
    assert _verdicts(report) == [RESET, STATELESS, IN_PLACE]


@ENGINES
def test_names_may_be_of_any_type(engine: str, tmp_path: Path) -> None:
    """Names that are no plain text are left out; all others are judged."""
    strange = "class S(str): pass\nglobals()[S('zz')] = 1\nimport numpy as np\nglobals()[np.str_('aa')] = 1\n"
    report = _check(tmp_path, engine, "a = 1", strange + "globals()[7] = 1", "a += 1", "b = 1")
    assert _verdicts(report)[2:] == [IN_PLACE, RESET]


@ENGINES
def test_exceptions_may_have_any_name(engine: str, tmp_path: Path) -> None:
    """A class may say that its name is no text, or be called by a subclass of str."""
    strange = """
class Meta(type):
    __name__ = property(lambda self: 7)
class S(str):
    pass
Odd = Meta(S("Odd"), (ValueError,), {"__str__": lambda self: S("said")})
"""
    report = _check(tmp_path, engine, strange, "if 'ran' in globals():\n    raise Odd()\nran = 1", "x = 1")
    assert _verdicts(report)[1:] == [Verdict.ERROR, RESET]
    assert report.cells[1].error is not None
    assert (report.cells[1].error.ename, report.cells[1].error.evalue) == ("Odd", "said")


def test_a_fork_that_dies_at_once_is_known_at_once(tmp_path: Path) -> None:
    """Replay takes over within a second or so, though nobody greets."""
    started = time.monotonic()
    dies = "import os\nos.register_at_fork(after_in_child=lambda: os._exit(1))\nz = 1"
    report = _check(tmp_path, "auto", "a = 1", dies, "a += 1")
    assert _verdicts(report) == [RESET, RESET, IN_PLACE]
    assert report.engine == "fork+replay"
    assert time.monotonic() - started < 30


def test_a_budget_that_ends_in_the_first_cell(tmp_path: Path) -> None:
    """Exit code 4, and every cell is undetermined: nothing was found, since nothing was looked at."""
    path = _write(tmp_path, "import time\ntime.sleep(60)", "x = 1")
    result = CliRunner().invoke(main, ["check", str(path), "--no-cache", "--budget", "5s"])
    assert result.exit_code == 4, result.output
    assert "2 undetermined" in result.output
    assert "the budget is spent" in result.output
