"""What holds for every test."""

from __future__ import annotations

import gc
import itertools
import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import chromium

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # the tests start Python a thousand times
sys.dont_write_bytecode = False
# Threads that wait for work do so without using a core: a tenth to a fifth of what notebooks with scikit-learn cost.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")

# The environment that the tests run in is the active one, whatever the shell says and whatever lies above a notebook.
os.environ["VIRTUAL_ENV"] = sys.prefix
os.environ.pop("CONDA_PREFIX", None)

CI_VARIABLES = ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE", "GITLAB_CI", "CI_PROJECT_DIR")
ENVIRON = {name: value for name, value in os.environ.items() if name not in CI_VARIABLES}
"""The environment before any test is collected: libraries that tests import change it."""
KERNELS = pytest.StashKey[Counter[str]]()
"""What became of the kernels that this process's tests asked a zygote for, and how many tests may have asked."""
ASKING = "tests"


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: each worker waits for its kernels for a good part of its time."""
    return len(os.sched_getaffinity(0)) + 1 if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1) + 1


collect_ignore = ["browser"] if chromium.is_left_out() else []


def pytest_report_header() -> list[str]:
    """Say which tests are left out."""
    return ["tests/browser is left out: no Chromium is on the PATH"] if collect_ignore else []


def pytest_configure(config: pytest.Config) -> None:
    """Begin to count."""
    config.stash[KERNELS] = Counter()


def pytest_collection_finish() -> None:
    """Have no collection of garbage go through what the libraries consist of, a second for each with all of them."""
    gc.collect()
    gc.freeze()


def not_forked(counts: Counter[str]) -> str:
    """What is wrong with the counts of a long run; each test would still pass, in several times the time.

    The zygote refuses where a test changes what a kernel reads when it starts; those are few. Most tests ask for
    several kernels, and some for none.
    """
    forked, tests = counts["forked"], counts[ASKING]
    asked = counts.total() - tests
    if tests < 500 or forked > max(0.9 * asked, tests):
        return ""
    return f"only {forked:,} kernels were forked: {tests:,} tests asked for {asked:,}"


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Have a worker send what it counted, and fail the run if kernels are no longer forked."""
    counts = session.config.stash[KERNELS]
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["kernels"] = dict(counts)
    elif not_forked(counts):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Add what a worker counted."""
    node.config.stash[KERNELS].update(getattr(node, "workeroutput", {}).get("kernels", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say how the kernels came about."""
    if counts := config.stash[KERNELS]:
        found = ", ".join(f"{count:,} {outcome}" for outcome, count in counts.most_common() if outcome != ASKING)
        terminalreporter.write_line(f"kernels that {counts[ASKING]:,} tests asked a zygote for: {found or 'none'}")
        terminalreporter.write_line(not_forked(counts), red=True)


@pytest.fixture(autouse=True)
def _not_in_a_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test means the same on a developer's machine and in a CI that nbrerun would know."""
    for name in CI_VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def cache_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Folders with numbers; pytest would look through all those of before to find the next one."""
    base = tmp_path_factory.mktemp("caches")
    return (base / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def cache_folder(monkeypatch: pytest.MonkeyPatch, cache_folders: Iterator[Path]) -> Path:
    """Every test keeps its own verdicts, and none in the folder that it happens to run in."""
    own = next(cache_folders)
    own.mkdir()
    folder = own / "verdicts"
    monkeypatch.setenv("NBRERUN_CACHE_DIR", str(folder))
    return folder
