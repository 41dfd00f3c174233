"""A run of many notebooks with a fake analysis: who is checked, in which order, and for how long."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from nbrerun import analysis, progress
from nbrerun.batch import changed, run
from nbrerun.batch.budget import Turn, turns
from nbrerun.batch.jobs import Job, part
from nbrerun.batch.outcome import Exit, Outcome
from nbrerun.batch.run import Course
from nbrerun.batch.workers import Crew
from nbrerun.model import Failure, NotebookReport, Verdict
from nbrerun.notebooks.read import Notebook, read_notebook
from nbrerun.settings.values import OUT_OF_BUDGET, Budget, Gate, Settings

Write = Callable[..., Path]


@dataclass
class Fake:
    """Stands in for `analyze`: notes what it is called with, and says what was prepared."""

    calls: dict[str, Settings] = field(default_factory=dict)
    failing: set[str] = field(default_factory=set)

    def __call__(self, notebook: Notebook, settings: Settings, listener: object) -> NotebookReport:
        name = notebook.path.name
        self.calls[name] = settings
        failure = Failure("ValueError", "no", (), 0) if name in self.failing else None
        return NotebookReport(str(notebook.path), "fork", "", "python3", failure=failure)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Fake:
    """The fake, put in place of `analyze`."""
    fake = Fake()
    monkeypatch.setattr(analysis, "analyze", fake)
    return fake


def job(path: Path) -> Job:
    """A notebook to check in the usual way."""
    return Job(read_notebook(path), Settings(), Gate())


def course(jobs: list[Job], **more: object) -> Outcome:
    """What comes of a run."""
    return run.run(jobs, progress.Silent(), course=Course(**more))  # type: ignore[arg-type]  # passed on as it is


def names(outcome: Outcome) -> list[str]:
    """The notebooks that have a report, in its order."""
    return [Path(report.path).name for report in outcome.reports]


@pytest.mark.parametrize(
    ("shard", "expected"),
    [(None, "abcdefg"), ((1, 1), "abcdefg"), ((1, 3), "adg"), ((2, 3), "be"), ((3, 3), "cf"), ((9, 9), "")],
)
def test_a_shard_is_every_nth_notebook(shard: tuple[int, int] | None, expected: str) -> None:
    """The parts are disjoint, and together they are all."""
    assert [path.name for path in part([Path(letter) for letter in "abcdefg"], shard)] == list(expected)


def test_a_turn_is_a_fair_part_of_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of three that wait gets a third; two at once get two thirds; the last one all; too late is nothing."""
    monkeypatch.setattr(time, "time", lambda: 1000.0)
    assert Turn(1090.0, waiting=2).budget() == Budget(1000.0, 1030.0)
    assert Turn(1090.0, waiting=2, at_once=2).budget() == Budget(1000.0, 1060.0)
    assert Turn(1090.0, waiting=0, at_once=4, first=frozenset({3})).budget() == Budget(1000.0, 1090.0, frozenset({3}))
    assert Turn(900.0).budget().is_spent


def test_half_of_the_time_is_told_from_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A budget knows how much of it is left."""
    budget = Budget(1000.0, 1010.0)
    spent = []
    for now in (1000.0, 1004.0, 1005.0, 1009.0, 1010.0):
        monkeypatch.setattr(time, "time", lambda now=now: now)
        spent.append((budget.is_half_spent, budget.is_spent))
    assert spent == [(False, False), (False, False), (True, False), (True, False), (True, True)]


@pytest.mark.parametrize(
    ("timeout", "left", "expected"), [(None, None, None), (5.0, None, 5.0), (5.0, 9.0, 5.0), (5.0, 2.0, 2.0)]
)
def test_a_run_ends_with_its_own_limit_or_the_budget(
    monkeypatch: pytest.MonkeyPatch, timeout: float | None, left: float | None, expected: float | None
) -> None:
    """The shorter one holds; a limit is never 0, which would mean none."""
    monkeypatch.setattr(time, "time", lambda: 1000.0)
    budget = None if left is None else Budget(1000.0, 1000.0 + left)
    assert Settings(timeout=timeout, budget=budget).seconds_to_run == expected
    late = Settings(timeout=timeout, budget=Budget(900.0, 990.0)).seconds_to_run
    assert late is not None
    assert 0 < late < 1


def test_what_changed_comes_first_and_may_use_all_that_is_left() -> None:
    """The others share what is left then, in the order in which they were given."""
    none: frozenset[int] = frozenset()
    found = turns([none, frozenset({0}), none, frozenset({2})], 60.0, at_once=1)
    assert [number for number, _ in found] == [1, 3, 0, 2]
    assert [turn.waiting for _, turn in found] == [0, 0, 1, 0]
    assert [turn.first for _, turn in found] == [{0}, {2}, none, none]


def test_reports_keep_the_order_of_the_notebooks(
    fake: Fake, write_notebook: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What changed is checked first, and reported where it was given; each notebook gets its budget."""
    jobs = [job(write_notebook("x", name=f"{letter}.ipynb")) for letter in "abc"]
    monkeypatch.setattr(run, "changed", lambda notebooks: [frozenset(), frozenset(), frozenset({0})])
    outcome = course(jobs, budget=60.0)
    assert list(fake.calls) == ["c.ipynb", "a.ipynb", "b.ipynb"]
    assert names(outcome) == ["a.ipynb", "b.ipynb", "c.ipynb"]
    budgets = {name: settings.budget for name, settings in fake.calls.items()}
    assert all(budget is not None and not budget.is_spent for budget in budgets.values())


def test_notebooks_that_there_is_no_time_for_are_undetermined(
    fake: Fake, write_notebook: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No kernel is started for them, each cell says why, and the exit code is one of its own."""
    monkeypatch.setattr(run, "changed", lambda notebooks: [frozenset()] * len(notebooks))
    monkeypatch.setattr(Budget, "left", 0.0)
    outcome = course([job(write_notebook("x = 1", "y = 2"))], budget=60.0)
    (report,) = outcome.reports
    assert fake.calls == {}
    assert {(cell.verdict, cell.reason) for cell in report.cells} == {(Verdict.UNDETERMINED, OUT_OF_BUDGET)}
    assert len(report.cells) == 2
    assert report.over_budget
    assert outcome.exit_code is Exit.OVER_BUDGET


def test_without_a_budget_nobody_asks_git(fake: Fake, write_notebook: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking for changes takes time, and is of no use then."""
    monkeypatch.setattr(run, "changed", lambda notebooks: pytest.fail("git was asked"))
    assert names(course([job(write_notebook("x"))])) == ["nb.ipynb"]
    assert fake.calls["nb.ipynb"].budget is None


@pytest.mark.parametrize(("fail_fast", "checked"), [(True, ["a.ipynb", "b.ipynb"]), (False, list("abc"))])
def test_the_first_that_fails_ends_the_run(
    fake: Fake, write_notebook: Write, fail_fast: bool, checked: list[str]
) -> None:
    """With `fail_fast` nothing is begun after it."""
    jobs = [job(write_notebook("x", name=f"{letter}.ipynb")) for letter in "abc"]
    fake.failing = {"b.ipynb"}
    outcome = course(jobs, fail_fast=fail_fast)
    assert names(outcome) == [name if "." in name else f"{name}.ipynb" for name in checked]
    assert outcome.exit_code is Exit.FAILED


@pytest.mark.parametrize(
    ("crew", "alone"),
    [
        (Crew(), True),
        (Crew(2), False),
        (Crew(1, "loky"), False),
        (Crew(1, "dask", "tcp://host:1"), False),
    ],
)
def test_a_crew_is_alone_unless_somebody_asks_for_more(crew: Crew, alone: bool) -> None:
    """Whoever names a backend wants the work done there."""
    assert crew.is_alone is alone


def _git(folder: Path, *command: str) -> None:
    environment = os.environ | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    name = ("-c", "user.name=N", "-c", "user.email=n@example.org", "-c", "init.defaultBranch=main")
    subprocess.run(["git", *name, *command], cwd=folder, check=True, capture_output=True, env=environment)


@pytest.fixture
def repository(write_notebook: Write) -> Path:
    """Three notebooks, committed."""
    for letter in "abc":
        folder = write_notebook("x = 1", "y = 2", name=f"{letter}.ipynb").parent
    _git(folder, "init")
    _git(folder, "add", ".")
    _git(folder, "commit", "-m", "first")
    return folder


def _changed(folder: Path, **environment: str) -> dict[str, set[int]]:
    read = [read_notebook(path) for path in sorted(folder.glob("*.ipynb"))]
    found = changed.changed(read, environment)
    return {one.path.stem: set(cells) for one, cells in zip(read, found, strict=True)}


def test_what_is_not_committed_has_changed(repository: Path, write_notebook: Write) -> None:
    """A cell of which the last commit has no like; all cells of a new notebook."""
    write_notebook("y = 2", "x = 1", "y = 3", name="b.ipynb")
    write_notebook("z = 1", name="d.ipynb")
    assert _changed(repository) == {"a": set(), "b": {2}, "c": set(), "d": {0}}


def test_a_clean_tree_is_compared_with_the_commit_before(repository: Path, write_notebook: Write) -> None:
    """On a branch that nobody else has, that is what the last commit changed."""
    assert _changed(repository) == {"a": set(), "b": set(), "c": set()}
    write_notebook("x = 1", "y = 9", name="c.ipynb")
    _git(repository, "commit", "-am", "second")
    assert _changed(repository) == {"a": set(), "b": set(), "c": {1}}


def test_a_branch_is_compared_with_where_it_began(repository: Path, write_notebook: Write) -> None:
    """CI names the branch that a request goes to, or the commit itself; commits made there since do not matter."""
    _git(repository, "update-ref", "refs/remotes/origin/trunk", "HEAD")
    for name in "ab":
        write_notebook("x = 7", name=f"{name}.ipynb")
        _git(repository, "commit", "-am", name)
    assert _changed(repository) == {"a": set(), "b": {0}, "c": set()}
    assert _changed(repository, GITHUB_BASE_REF="trunk") == {"a": {0}, "b": {0}, "c": set()}
    assert _changed(repository, CI_MERGE_REQUEST_DIFF_BASE_SHA="HEAD~2") == {"a": {0}, "b": {0}, "c": set()}


def test_without_git_nothing_is_known_to_have_changed(write_notebook: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither outside of a repository, nor where there is no git."""
    folder = write_notebook("x = 1").parent
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(folder.parent))
    assert _changed(folder) == {"nb": set()}
    monkeypatch.setenv("PATH", "")
    assert _changed(folder) == {"nb": set()}


def test_a_text_changes_as_a_whole(repository: Path) -> None:
    """Cells of jupytext's formats are not told apart in what was committed."""
    text = repository / "t.py"
    text.write_text("# %%\nx = 1\n# %%\ny = 2\n")
    _git(repository, "add", ".")
    _git(repository, "commit", "-m", "text")
    (repository / "a.ipynb").write_text((repository / "a.ipynb").read_text().replace("x = 1", "x = 3"))
    read = [read_notebook(path) for path in (repository / "a.ipynb", text)]
    assert changed.changed(read, {}) == [{0}, set()]
    text.write_text("# %%\nx = 1\n# %%\ny = 3\n")
    assert changed.changed([read_notebook(text)], {}) == [{0, 1}]


def test_what_was_no_notebook_before_has_changed(repository: Path, write_notebook: Write) -> None:
    """A file that the commit has in another form says nothing of cells."""
    (repository / "c.ipynb").write_text("<<<<<<< conflict")
    _git(repository, "commit", "-am", "broken")
    write_notebook("x = 1", "y = 2", name="c.ipynb")
    assert _changed(repository)["c"] == {0, 1}
