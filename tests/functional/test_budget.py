"""Limited time, with real kernels: what is looked at first, and what is said of the rest. The clock is the test's."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from nbrerun.analysis import analyze
from nbrerun.model import Mark, NotebookReport, Verdict
from nbrerun.notebooks.read import read_notebook
from nbrerun.progress import Silent
from nbrerun.settings.values import OUT_OF_BUDGET, Budget, Settings
from tests.functional.cases import ALL
from tests.functional.cases.case import Case
from tests.functional.test_bad_input import checked, write
from tests.functional.test_cases import disagreements, written

CELLS = [
    "from sklearn.linear_model import SGDClassifier\nimport numpy as np",
    "X, y = np.eye(4), [0, 1, 0, 1]",
    "rows = []",
    "rows.append(1)",
    "model = SGDClassifier(random_state=0)",
    "_ = model.partial_fit(X, y, classes=[0, 1])",
    "more = rows + [2]",
]
MODELS, LAST = {4, 5}, len(CELLS) - 1
VERDICTS = ["stateless", "reset", "reset", "in-place", "reset", "in-place", "reset"]


@dataclass(frozen=True)
class Scripted(Budget):
    """Time that is as far spent as the test says."""

    share: Callable[[], float] = lambda: 1.0
    """The part that is left, from 1 to 0."""

    @property
    def left(self) -> float:
        """Seconds that remain, of a thousand."""
        return 1000.0 * self.share()


@dataclass
class Watcher(Silent):
    """A listener that notes what is done, and can move the clock at that."""

    moves: dict[tuple[int, str], float] = field(default_factory=dict)
    """When a cell is about to be run for something: the part of the time that is left from then on."""
    done: list[tuple[int, str]] = field(default_factory=list)
    share: float = 1.0

    def cell_started(self, index: int, doing: str) -> None:
        """Note it."""
        self.done.append((index, doing))
        self.share = self.moves.get((index, doing), self.share)


def budgeted(
    folder: Path, watcher: Watcher, sources: Sequence[str] = CELLS, engine: str = "fork", first: Sequence[int] = ()
) -> NotebookReport:
    """Check cells while the watcher keeps the time."""
    budget = Scripted(0.0, 1000.0, frozenset(first), lambda: watcher.share)
    return analyze(read_notebook(write(folder, *sources)), Settings(engine=engine, budget=budget), watcher)


def undetermined(report: NotebookReport) -> set[int]:
    """The cells that there was no time for; each says so."""
    left_out = [cell for cell in report.cells if cell.verdict is Verdict.UNDETERMINED]
    assert {cell.reason for cell in left_out} <= {OUT_OF_BUDGET}
    return {cell.index for cell in left_out}


def test_models_are_run_again_at_once_and_data_at_the_end(tmp_path: Path) -> None:
    """With time enough every verdict is what it is without a limit."""
    watcher = Watcher()
    report = budgeted(tmp_path, watcher)
    again = [index for index, doing in watcher.done if doing == "again"]
    assert again == [4, 5, 0, 1, 2, 3, 6]
    assert watcher.done.index((LAST, "first run")) < watcher.done.index((0, "again"))
    assert [str(cell.verdict) for cell in report.cells] == VERDICTS
    assert not report.over_budget
    assert all(cell.restart is not None and not cell.restart.reason for cell in report.cells)


def test_when_time_is_over_the_models_have_been_judged(tmp_path: Path) -> None:
    """The main run is whole, data is undetermined, and nothing is claimed of a restart."""
    report = budgeted(tmp_path, Watcher({(0, "again"): 0.0}))
    assert undetermined(report) == {1, 2, 3, LAST}
    assert [str(report.cells[index].verdict) for index in sorted(MODELS)] == ["reset", "in-place"]
    assert report.over_budget
    assert report.failure is None
    restarts = [report.cells[index].restart for index in sorted({0, *MODELS})]
    assert [restart.reason for restart in restarts if restart] == [OUT_OF_BUDGET] * 3
    assert not report.recover  # nothing is claimed of a way back through cells that were not run again


def test_what_changed_comes_before_what_did_not(tmp_path: Path) -> None:
    """A changed model first, then changed data and old models, then old data."""
    watcher = Watcher()
    report = budgeted(tmp_path, watcher, first=[3, 5])
    assert [index for index, doing in watcher.done if doing == "again"] == [5, 3, 4, 0, 1, 2, 6]
    assert [str(cell.verdict) for cell in report.cells] == VERDICTS


def test_time_that_is_over_in_the_main_run_ends_it(tmp_path: Path) -> None:
    """Cells that were not reached are undetermined; the notebook has not failed."""
    report = budgeted(tmp_path, Watcher({(4, "again"): 0.0}))
    assert undetermined(report) == {0, 1, 2, 3, 5, 6}
    assert (len(report.cells), report.failure) == (len(CELLS), None)


def test_replay_gives_data_half_of_the_time(tmp_path: Path) -> None:
    """It cannot go back: cells that tell less are run again in passing, as long as half of the time is left."""
    watcher = Watcher({(2, "first run"): 0.4})
    report = budgeted(tmp_path, watcher, engine="replay")
    assert undetermined(report) == {2, 3, LAST}
    assert [str(report.cells[index].verdict) for index in (0, 1, 4, 5)] == ["stateless", "reset", "reset", "in-place"]


def test_going_over_to_replay_loses_no_cell_that_waits(tmp_path: Path) -> None:
    """Moments end with the fork engine, so cells that wait for their turn get it before."""
    threads = "from concurrent.futures import ThreadPoolExecutor\npool = ThreadPoolExecutor(1)\npool.submit(abs, 1)"
    report = budgeted(tmp_path, Watcher(), [*CELLS[:4], threads, "rows.append(3)"], engine="auto")
    assert report.engine == "fork+replay"
    assert [str(report.cells[index].verdict) for index in (0, 1, 2, 3, 5)] == [*VERDICTS[:4], "in-place"]


def test_a_verdict_that_needs_the_end_of_the_notebook_waits_for_it(tmp_path: Path) -> None:
    """An input changes further down, and what that does only *later* can tell: without it nobody claims anything."""
    cells = ["rows = [1]", "size = len(rows)", "rows.append(1)"]
    assert Mark.DRIFTS in budgeted(tmp_path, Watcher(), cells).cells[1].variables[0].marks
    report = budgeted(tmp_path, Watcher({(2, "again"): 0.0}), cells)
    assert undetermined(report) == {1}


def test_a_cell_that_runs_when_time_is_over_is_stopped(tmp_path: Path) -> None:
    """A first run, and a rerun; neither is a failure of the notebook."""
    now = time.time()
    path = write(tmp_path, "import time", "time.sleep(600)")
    report = analyze(read_notebook(path), Settings(budget=Budget(now, now + 3.0)), Silent())
    assert (undetermined(report) >= {1}, report.failure, report.over_budget) == (True, None, True)
    path = write(tmp_path, "import time", "time.sleep(600 if globals().get('again') else 0)\nagain = True")
    now = time.time()
    report = analyze(read_notebook(path), Settings(budget=Budget(now, now + 8.0)), Silent())
    assert (undetermined(report) >= {1}, report.failure, report.over_budget) == (True, None, True)


SAVED = "data that is saved in many ways"
TAKEN = [case for number, case in enumerate(ALL) if number % 20 == 0 or case.name.startswith(SAVED)]
"""One case of twenty, and one in which what is loaded depends on what was saved."""


@pytest.mark.parametrize("case", TAKEN, ids=str)
def test_verdicts_do_not_depend_on_when_a_cell_has_its_turn(case: Case, tmp_path: Path) -> None:
    """A labelled notebook with time enough, its cells judged after the main run, says what its labels say."""
    budget = Budget(time.time(), time.time() + 3600.0)
    settings = Settings(experiments=frozenset({"again", "later"}), budget=budget)
    report = analyze(read_notebook(written(case, tmp_path)), settings, Silent())
    assert not report.over_budget
    wrong = [text for label, cell in zip(case.cells, report.cells, strict=True) for text in disagreements(label, cell)]
    assert not wrong, "\n".join(wrong)


def test_the_command_says_what_it_left_out(tmp_path: Path) -> None:
    """A partial report, and an exit code of its own."""
    done, notebook = checked(write(tmp_path, "import time", "time.sleep(600)"), "--budget", "4s")
    assert (done.returncode, notebook["over_budget"], notebook["status"]) == (4, True, "ok")
    assert notebook["cells"][-1]["reason"] == OUT_OF_BUDGET


def test_a_time_limit_may_be_a_part_of_a_second(tmp_path: Path) -> None:
    """What nbclient takes as whole seconds only is not passed to it as it is."""
    done, notebook = checked(write(tmp_path, "import time", "time.sleep(600)"), "--timeout", "0.5")
    assert (done.returncode, notebook["failure"]["evalue"]) == (3, "the cell ran longer than 0.5 s")
