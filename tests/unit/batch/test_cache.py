"""The cache: what is taken over from an earlier check, and what is checked again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nbrerun.batch.cache import Cache, key
from nbrerun.batch.cache.fingerprints import mentioned
from nbrerun.batch.jobs import Job
from nbrerun.model import (
    Cell,
    CellReport,
    Failure,
    Inputs,
    NotebookReport,
    Recovery,
    Restart,
    Seconds,
    Verdict,
    WholeRun,
)
from nbrerun.notebooks.read import read_notebook
from nbrerun.settings.values import Gate, Settings
from tests.unit.fake_environments import fake_environment

CELL = CellReport(0, "a", Verdict.RESET, "starts over", "x = 1", Seconds(1.0, 1.0))
FOUND = NotebookReport("nb.ipynb", "fork", "", "python3", cells=(CELL,), inputs=Inputs())


def notebook(*cells: str | dict[str, Any], **metadata: Any) -> str:
    """The text of a notebook file; a cell that is no text gives all that differs from a plain one."""
    plain = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    whole = [
        {"id": f"c{at}", **plain, **(cell if isinstance(cell, dict) else {"source": cell})}
        for at, cell in enumerate(cells)
    ]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": whole})


class Desk:
    """A folder with a notebook and a cache, reopened for every request."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "nb.ipynb"
        self.notes: list[str] = []
        self.write(self.path, notebook("x = open('data.csv').read()", {"cell_type": "markdown", "source": "text"}))

    def write(self, path: Path, text: str) -> None:
        """Write a file that is older than what follows."""
        path.write_text(text)
        os.utime(path, (1e9, 1e9))

    def job(self, **options: Any) -> Job:
        """Check the notebook."""
        return Job(read_notebook(self.path), Settings(**options), Gate())

    def get(self, **options: Any) -> NotebookReport | None:
        """What a new process would find."""
        cache = Cache(self.folder / "cache", self.notes.append)
        found = cache.get(self.job(**options))
        cache.close()
        return found

    def keep(
        self, report: NotebookReport = FOUND, meanwhile: Callable[[], object] = lambda: None, **options: Any
    ) -> None:
        """What a process does that checks the notebook."""
        cache = Cache(self.folder / "cache", self.notes.append)
        job = self.job(**options)
        assert cache.get(job) is None
        meanwhile()
        cache.put(job, report)
        cache.close()


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk in a folder of its own, and an environment that need not be asked."""
    monkeypatch.setattr(key, "_environment", lambda argv, env: ["3.11", ["numpy-2.0.dist-info"]])
    return Desk(tmp_path)


def test_what_was_found_is_found_again(desk: Desk) -> None:
    """A second check gets the report of the first, marked as such, and by the path that is asked for now."""
    desk.keep()
    assert desk.get() == replace(FOUND, path=str(desk.path), cached=True)
    assert desk.notes == []


def test_a_moved_folder_is_known(desk: Desk, tmp_path: Path) -> None:
    """Notebook, files and cache may move together, as they do between two machines of a CI."""
    desk.write(desk.folder / "data.csv", "1")
    desk.keep(replace(FOUND, inputs=Inputs(files=("data.csv",))))
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    for name in ("nb.ipynb", "data.csv", "cache"):
        (tmp_path / name).rename(moved / name)
    desk.folder, desk.path = moved, moved / "nb.ipynb"
    assert desk.get() is not None


@pytest.mark.parametrize(
    "changed",
    [
        notebook("x = 2", {"cell_type": "markdown", "source": "text"}),
        notebook({"source": "x = open('data.csv').read()", "id": "other"}),
        notebook({"source": "x = open('data.csv').read()", "metadata": {"tags": ["raises-exception"]}}),
        notebook({"source": "x = open('data.csv').read()", "metadata": {"tags": ["nbrerun:reset"]}}),
        notebook({"source": "x = open('data.csv').read()", "metadata": {"tags": ["skip-execution"]}}),
        notebook(
            {"cell_type": "markdown", "source": "moves it"}, {"source": "x = open('data.csv').read()", "id": "c0"}
        ),
        notebook("x = open('data.csv').read()", kernelspec={"name": "python3", "language": "python"}),
        notebook("x = open('data.csv').read()", nbrerun={"needs": ["json"]}),
        notebook("x = open('data.csv').read()", "y = 1"),
    ],
)
def test_another_notebook_is_checked_again(desk: Desk, changed: str) -> None:
    """Whatever of a notebook bears on its verdicts, when it changes they are measured again."""
    desk.keep()
    desk.write(desk.path, changed)
    assert desk.get() is None


@pytest.mark.parametrize(
    "changed",
    [
        notebook("x = open('data.csv').read()", {"cell_type": "markdown", "source": "better text"}),
        notebook("x = open('data.csv').read()", {"cell_type": "markdown", "source": "text"}, title="A lesson"),
        notebook("x = open('data.csv').read()", nbrerun={"fail-on": "warning"}),
        notebook(
            {"source": "x = open('data.csv').read()", "execution_count": 7, "metadata": {"collapsed": True}},
            {"cell_type": "markdown", "source": "text"},
        ),
    ],
)
def test_text_between_the_cells_is_no_matter(desk: Desk, changed: str) -> None:
    """Text, outputs and metadata that only editors read may change."""
    desk.keep()
    desk.write(desk.path, changed)
    assert desk.get() is not None


@pytest.mark.parametrize(
    "options",
    [
        {"cells": ("0",)},
        {"only": "models"},
        {"watch": frozenset({"x"})},
        {"experiments": frozenset({"again"})},
        {"engine": "replay"},
        {"kernel": "python3 "},
        {"python": Path(sys.executable)},
        {"sandbox": "copy"},
        {"sandbox_limit": 1 << 20},
        {"timeout": 5.0},
        {"all_plans": True},
    ],
)
def test_other_options_ask_another_question(desk: Desk, options: dict[str, Any]) -> None:
    """Every option that bears on a report is part of what is looked up; both answers are kept side by side."""
    desk.keep()
    assert desk.get(**options) is None
    assert desk.get() is not None


def test_another_environment_asks_another_question(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that belongs to the notebook, even if the same packages are installed there."""
    desk.keep()
    with monkeypatch.context() as patch:
        patch.setenv("VIRTUAL_ENV", str(fake_environment(desk.folder / "env")))
        assert desk.get() is None
        desk.keep()
        assert desk.get() is not None
    assert desk.get() is not None


def test_other_packages_and_another_nbrerun(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Verdicts of another environment, of another version or of other code of nbrerun are not taken over."""
    desk.keep()
    for name, value in (
        ("_environment", lambda argv, env: ["3.11", ["numpy-2.1.dist-info"]]),
        ("__version__", "99"),
        ("_own_source", lambda: "other"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(key, name, value)
            assert desk.get() is None, name
    assert desk.get() is not None


def test_an_environment_that_does_not_answer(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody can tell what a kernel has installed, nothing is kept."""
    monkeypatch.setattr(key, "_environment", lambda argv, env: None)
    desk.keep()
    assert desk.get() is None


def _touch(folder: Path) -> None:
    os.utime(folder / "data.csv", (1.5e9, 1.5e9))


def _same_size_and_time(folder: Path) -> None:
    (folder / "data.csv").write_text("2")
    os.utime(folder / "data.csv", (1e9, 1e9))


@pytest.mark.parametrize(
    ("change", "known"),
    [
        (lambda folder: None, True),
        (_touch, True),
        (_same_size_and_time, False),
        (lambda folder: (folder / "data.csv").write_text("1,2"), False),
        (lambda folder: (folder / "data.csv").unlink(), False),
        (lambda folder: (folder / "model.sav").write_text(""), False),
        (lambda folder: (folder / "pictures" / "new.png").write_text(""), False),
        (lambda folder: (folder / "pictures" / "old.png").write_text("other bytes"), True),
        (lambda folder: (folder / "report.json").write_text(""), True),
    ],
)
def test_files_have_to_be_what_they_were(desk: Desk, change: Callable[[Path], object], known: bool) -> None:
    """Bytes of files that were read, absence of those that were looked for, names in folders that were listed."""
    desk.write(desk.folder / "data.csv", "1")
    (desk.folder / "pictures").mkdir()
    desk.write(desk.folder / "pictures" / "old.png", "")
    os.utime(desk.folder / "pictures", (1e9, 1e9))
    desk.keep(replace(FOUND, inputs=Inputs(files=("data.csv", "model.sav"), folders=("pictures",))))
    change(desk.folder)
    assert (desk.get() is not None) == known
    assert desk.notes == []


def test_what_the_source_names_counts(desk: Desk) -> None:
    """A file that appears under a name in the source, which nobody was seen to open, is noticed."""
    desk.keep()
    desk.write(desk.folder / "data.csv", "1")
    assert desk.get() is None


def test_names_in_the_source() -> None:
    """Strings, words of commands, and modules that may lie beside the notebook."""
    python = "import os, helpers as h\nfrom tools.x import y\nif os.path.exists('m.sav'): pass\n"
    magics = "!cat a.txt > b.txt\nfiles = !ls 'c d'\n%run s.py -x\n"
    names = mentioned([Cell(0, "a", python + magics), Cell(1, "b", "%%bash\ncat e.txt | wc")])
    assert names >= {"m.sav", "a.txt", "b.txt", "c d", "s.py", "helpers.py", "helpers/__init__.py", "tools.py", "e.txt"}
    assert "h.py" not in names


def test_a_file_that_changes_during_the_check(desk: Desk) -> None:
    """Nobody knows which of its contents a cell has read."""
    found = replace(FOUND, inputs=Inputs(files=("data.csv",)))

    def meanwhile() -> None:
        (desk.folder / "data.csv").write_text("1")
        os.utime(desk.folder / "data.csv", (time.time() + 5,) * 2)

    desk.keep(found, meanwhile)
    assert desk.get() is None


def _cell(verdict: Verdict, again: float | None) -> CellReport:
    return CellReport(0, "a", verdict, "", "x", Seconds(1.0, again))


@pytest.mark.parametrize(
    "change",
    [
        {"interrupted": True},
        {"failure": Failure("ValueError", "no", (), 0)},
        {"lacks": ("torch",)},
        {"inputs": None},
        {"cells": (_cell(Verdict.UNDETERMINED, None),)},
        {"whole": (WholeRun("fresh-clone", reason="the kernel gave no answer"),)},
        {"cells": (replace(CELL, restart=Restart(False, reason="stopped", stopped=True)),)},
        {"recover": (Recovery("m", (0,), (), None, verified=False, reason="stopped", stopped=True),)},
    ],
)
def test_what_says_little_is_not_kept(desk: Desk, change: dict[str, Any]) -> None:
    """A check that was broken off, failed, or did not learn all that it wanted to know."""
    desk.keep(replace(FOUND, **change))
    assert desk.get() is None


def test_what_cannot_be_read_is_undetermined_for_good(desk: Desk) -> None:
    """A rerun that was made and compared, as far as its state could be read, is kept."""
    desk.keep(replace(FOUND, cells=(_cell(Verdict.UNDETERMINED, 0.5),)))
    assert desk.get() is not None


@pytest.mark.parametrize("options", [{"write_files": True}, {"static": True}])
def test_runs_that_do_something_else(desk: Desk, options: dict[str, Any]) -> None:
    """Files have to be written each time, and a static check is quicker than any cache."""
    desk.keep(**options)
    assert desk.get(**options) is None
    desk.keep()
    assert desk.get(**options) is None


def test_version_control_counts_where_it_mattered(desk: Desk) -> None:
    """A file that is committed after a check said that it was not."""
    git = ["git", "-C", str(desk.folder), "-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run([*git, "init", "-q"], check=True)
    desk.write(desk.folder / "m.sav", "1")
    desk.keep(replace(FOUND, inputs=Inputs(tracked=("m.sav",))))
    assert desk.get() is not None
    subprocess.run([*git, "add", "m.sav"], check=True)
    assert desk.get() is None


def test_variables_that_cells_looked_up_have_to_be_what_they_were(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also those that every kernel depends on, such as the time zone."""
    monkeypatch.setenv("MODE", "a")
    monkeypatch.setenv("TZ", "UTC")
    desk.keep(replace(FOUND, inputs=Inputs(variables=("MODE",))))
    assert desk.get() is not None
    for name in ("MODE", "TZ"):
        with monkeypatch.context() as patch:
            patch.setenv(name, "b")
            assert desk.get() is None, name
    assert desk.get() is not None


def test_a_cache_that_git_tracks_is_not_trusted(desk: Desk) -> None:
    """Whoever can commit could make up verdicts: a note says so, and nothing is read or written."""
    git = ["git", "-C", str(desk.folder)]
    subprocess.run([*git, "init", "-q"], check=True)
    desk.keep()
    assert desk.get() is not None
    subprocess.run([*git, "add", "-f", "cache/verdicts.sqlite3"], check=True)
    assert desk.get() is None
    where = desk.folder / "cache"
    assert desk.notes == [f"the cache in {where} is ignored: git tracks it, so its verdicts may be those of others"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda row: "no JSON",
        lambda row: "[" * 100_000,
        lambda row: "[]",
        lambda row: json.dumps({**row, "more": 1}),
        lambda row: json.dumps({name: value for name, value in row.items() if name != "tracked"}),
        lambda row: json.dumps({**row, "report": {**row["report"], "engine": 1}}),
        lambda row: json.dumps({**row, "report": {**row["report"], "interrupted": 0}}),
        lambda row: json.dumps(
            {**row, "report": {**row["report"], "cells": [{**row["report"]["cells"][0], "verdict": "x"}]}}
        ),
        lambda row: json.dumps({**row, "looks": [{"name": "x"}]}),
    ],
)
def test_a_row_of_another_shape_is_not_trusted(desk: Desk, damage: Callable[[Any], str]) -> None:
    """It is said once, the notebook is checked, and the row replaced."""
    desk.keep()
    cache = Cache(desk.folder / "cache", desk.notes.append)
    assert cache._store is not None
    base = cache._store._base
    (text,) = base.execute("SELECT text FROM verdict").fetchone()
    base.execute("UPDATE verdict SET text = ?", (damage(json.loads(text)),))
    cache.close()
    desk.keep()
    assert desk.notes == [f"the cache in {desk.folder / 'cache'} is ignored: it is damaged: an entry is not a report"]
    assert desk.get() is not None


def test_the_interpreter_says_what_it_has() -> None:
    """The environment is asked through the command that starts the kernel; a command without a module has no answer."""
    argv = (sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}")
    _, _, (version, executable, _, installed) = key._environment(argv, (("A", "${HOME}"),))
    assert (version, executable) == (sys.version, sys.executable)
    assert any(name.startswith("ipykernel-") for name in installed)
    assert key._environment(("python", "-m", "ipykernel_launcher"), ())[2][1] == sys.executable
    assert key._environment(("some-kernel", "{connection_file}"), ()) is None
    assert key._environment(("/there/is/none", "-m", "ipykernel_launcher"), ()) is None
    assert key._environment(("false", "-m", "ipykernel_launcher"), ()) is None
    assert key._environment(("echo", "-m", "ipykernel_launcher"), ()) is None
