"""What has to be put right around a fork: thread pools, workers, event loops, generators of random numbers."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import nbformat
import pytest

from nbrerun.analysis import analyze
from nbrerun.model import NotebookReport, Verdict
from nbrerun.notebooks.read import read_notebook
from nbrerun.progress import Silent
from nbrerun.settings.values import Settings

pytestmark = pytest.mark.cold_kernel  # threads that a library has started are what a fork has to care for

RESET, STATELESS = Verdict.RESET, Verdict.STATELESS


def check(folder: Path, sources: Sequence[str], engine: str = "auto") -> NotebookReport:
    """Write cells as a notebook and check it."""
    node = nbformat.v4.new_notebook()
    node.cells = [nbformat.v4.new_code_cell(source, id=f"cell-{i}") for i, source in enumerate(sources)]
    path = folder / "nb.ipynb"
    nbformat.write(node, path)
    return analyze(read_notebook(path), Settings(engine=engine), Silent())


def assert_forked(report: NotebookReport, *verdicts: Verdict | None) -> None:
    """Every cell was answered by a fork, without falling back to replay; None is any verdict but undetermined."""
    assert report.failure is None
    assert (report.engine, {cell.engine for cell in report.cells}) == ("fork", {"fork"}), report.engine_reason
    found = [cell.verdict for cell in report.cells]
    assert Verdict.UNDETERMINED not in found, [cell.reason for cell in report.cells]
    assert found == [wanted or verdict for wanted, verdict in zip(verdicts, found, strict=True)]


DATA = "import numpy as np\nX = np.random.RandomState(0).normal(size=(2000, 5))\ny = (X[:, 0] > 0).astype(int)"


def test_openmp_works_on_both_sides_of_a_fork(tmp_path: Path) -> None:
    """Models whose threads the main run has used are fitted again in a branch, and go on being fitted in the kernel."""
    report = check(
        tmp_path,
        [
            DATA,
            "from sklearn.cluster import KMeans\nfrom sklearn.ensemble import HistGradientBoostingClassifier",
            "boosted = HistGradientBoostingClassifier(max_iter=5, random_state=0).fit(X, y)",
            "means = KMeans(3, n_init=1, random_state=0).fit(X)",
            "boosted.fit(X, y)",
            "means.fit(X)",
            "predicted = boosted.predict(X)",
        ],
    )
    assert_forked(report, RESET, STATELESS, RESET, RESET, RESET, RESET, RESET)
    assert [cell.variables[0].marks for cell in report.cells[2:]] == [()] * 5


def test_openmp_after_many_threads_were_asked_for(tmp_path: Path) -> None:
    """More threads than there are cores are no different."""
    report = check(
        tmp_path,
        [
            "from threadpoolctl import threadpool_limits\nlimits = threadpool_limits(4, user_api='openmp')",
            DATA,
            "from sklearn.ensemble import HistGradientBoostingRegressor as Boosted",
            "one = Boosted(max_iter=3, random_state=0).fit(X, y)",
            "other = Boosted(max_iter=3, random_state=0).fit(X, y)",
        ],
    )
    assert_forked(report, None, RESET, STATELESS, RESET, RESET)


def test_linear_algebra_works_on_both_sides_of_a_fork(tmp_path: Path) -> None:
    """Large products use threads of another library."""
    report = check(
        tmp_path,
        [
            "import numpy as np\nA = np.random.RandomState(0).normal(size=(300, 300))",
            "B = A @ A.T",
            "values, vectors = np.linalg.eigh(B)",
        ],
    )
    assert_forked(report, RESET, RESET, RESET)


def test_workers_of_joblib_can_be_used_in_a_branch(tmp_path: Path) -> None:
    """The branch starts workers of its own; the kernel keeps those that it has."""
    report = check(
        tmp_path,
        [
            "from joblib import Parallel, delayed",
            "roots = Parallel(n_jobs=2)(delayed(pow)(i, 0.5) for i in range(6))",
            "squares = Parallel(n_jobs=2)(delayed(pow)(i, 2) for i in range(6))",
            DATA,
            "from sklearn.linear_model import LogisticRegression\nfrom sklearn.model_selection import cross_val_score",
            "scores = cross_val_score(LogisticRegression(), X, y, cv=3, n_jobs=2)",
        ],
    )
    assert_forked(report, STATELESS, RESET, RESET, RESET, STATELESS, RESET)


def test_processes_of_multiprocessing_can_be_used_in_a_branch(tmp_path: Path) -> None:
    """Pools that end within their cell."""
    report = check(
        tmp_path,
        [
            "import multiprocessing",
            "with multiprocessing.get_context('fork').Pool(2) as pool:\n    found = pool.map(abs, [-1, -2])",
            "with multiprocessing.get_context('fork').Pool(2) as pool:\n    more = pool.map(abs, [-3, -4])",
        ],
    )
    assert_forked(report, STATELESS, RESET, RESET)


def test_scripts_run_in_a_branch(tmp_path: Path) -> None:
    """`%%bash` keeps an event loop in a thread, which a branch has to do without."""
    report = check(
        tmp_path,
        ["%%bash\necho one", "%%bash --out said\necho two", "%%sh\necho three", "lines = !echo four", "!echo five"],
    )
    assert_forked(report, STATELESS, RESET, STATELESS, RESET, STATELESS)


def test_top_level_await_works_in_a_branch(tmp_path: Path) -> None:
    """A branch has an event loop of its own."""
    report = check(
        tmp_path,
        [
            "import asyncio\nasync def later(value):\n    await asyncio.sleep(0.01)\n    return value",
            "x = await later(1)",
            "y = await asyncio.gather(later(1), asyncio.create_task(later(2)))",
            "total = 0\ntotal += await later(1)",
            "total += await later(1)",
        ],
    )
    assert_forked(report, STATELESS, RESET, RESET, RESET, Verdict.IN_PLACE)


def test_a_thread_that_has_ended_is_no_matter(tmp_path: Path) -> None:
    """Only threads that live do not survive a fork."""
    source = """
import threading
seen = []
thread = threading.Thread(target=lambda: seen.append(1))
thread.start()
thread.join()
del thread
"""
    report = check(tmp_path, [source, "from concurrent.futures import ThreadPoolExecutor", POOL_THAT_ENDS, "x = 1"])
    assert_forked(report, RESET, STATELESS, RESET, RESET)


POOL_THAT_ENDS = "with ThreadPoolExecutor(2) as pool:\n    found = list(pool.map(abs, [-1, -2]))\ndel pool"


def test_live_threads_are_for_replay(tmp_path: Path) -> None:
    """Cells from there on are answered by replay, those before by fork, and the report says why."""
    report = check(
        tmp_path,
        [
            "from concurrent.futures import ThreadPoolExecutor\nx = 1",
            "x += 1",
            "pool = ThreadPoolExecutor(2)\nfound = list(pool.map(abs, [-1, -2]))",
            "more = list(pool.map(abs, [-3, -4]))",
            "x += 1",
        ],
    )
    assert [cell.engine for cell in report.cells] == ["fork", "fork", "replay", "replay", "replay"]
    verdicts = [cell.verdict for cell in report.cells]
    assert [verdicts[index] for index in (0, 1, 3, 4)] == [RESET, Verdict.IN_PLACE, RESET, Verdict.IN_PLACE]
    assert report.engine == "fork+replay"
    assert "cell 2" in report.engine_reason
    assert "thread" in report.engine_reason


def test_live_threads_with_the_fork_engine_are_undetermined(tmp_path: Path) -> None:
    """Who asks for fork alone gets a reason instead of a hang."""
    report = check(
        tmp_path,
        [
            "x = 1",
            "import threading\nstop = threading.Event()\nworker = threading.Thread(target=stop.wait, name='worker')",
            "worker.start()",
            "x += 1",
            "stop.set()\nworker.join()",
        ],
        engine="fork",
    )
    assert report.cells[0].verdict is RESET
    assert [cell.verdict for cell in report.cells[2:4]] == [Verdict.UNDETERMINED] * 2
    assert "worker" in report.cells[2].reason
    assert len(report.cells) == 5


@pytest.mark.parametrize("engine", ["fork", "replay"])
def test_a_branch_draws_on_from_where_the_kernel_stands(engine: str, tmp_path: Path) -> None:
    """A fork does not reseed Python's generator: the rerun draws the second number of the main run's sequence."""
    report = check(tmp_path, ["import random\nrandom.seed(1)", "drawn = random.random()", "random.seed(7)"], engine)
    sequence = random.Random(1)
    first, second = sequence.random(), sequence.random()
    (drawn,) = report.cells[1].variables
    (change,) = drawn.changes
    assert (change.first, change.again) == (repr(first), repr(second))
    assert [mark.value for mark in drawn.marks] == ["unseeded"]


@pytest.mark.parametrize("engine", ["fork", "replay"])
@pytest.mark.parametrize(
    "source",
    [
        "import random\nrandom.seed(1)\ndrawn = [random.random() for _ in range(3)]",
        "import numpy as np\nnp.random.seed(1)\ndrawn = np.random.normal(size=3)",
        "import numpy as np\nrng = np.random.default_rng(1)\ndrawn = rng.normal(size=3)",
        "import random, tempfile\nrandom.seed(1)\nname = len(tempfile.mktemp())\ndrawn = random.random()",
    ],
)
def test_a_seeded_draw_starts_over(source: str, engine: str, tmp_path: Path) -> None:
    """Reset, without any mark."""
    report = check(tmp_path, ["x = 1", source, "y = 1"], engine)
    drawn = {variable.name: variable for variable in report.cells[1].variables}["drawn"]
    assert (report.cells[1].verdict, drawn.verdict, drawn.marks) == (RESET, RESET, ())


def test_a_cells_own_forks_and_waits_are_its_own(tmp_path: Path) -> None:
    """A cell that forks, and waits for its child, finds that child and no moment of nbrerun."""
    forks = """
import os
pid = os.fork()
if pid == 0:
    os._exit(5)
same = os.waitpid(pid, 0) == (pid, 5 << 8)
del pid
"""
    report = check(tmp_path, ["x = 1", forks + "assert same", "x += 1"])
    assert_forked(report, RESET, RESET, Verdict.IN_PLACE)


def test_open_files_are_a_branchs_own(tmp_path: Path) -> None:
    """Reading on in a branch does not move the kernel's own handle on."""
    (tmp_path / "lines.txt").write_text("one\ntwo\nthree\nfour\n")
    report = check(
        tmp_path,
        ["f = open('lines.txt')", "a = f.readline()", "b = f.readline()", "assert (a, b) == ('one\\n', 'two\\n')"],
    )
    assert_forked(report, RESET, Verdict.IN_PLACE, Verdict.IN_PLACE, STATELESS)
