"""Files kept safe without an overlay: whatever a notebook does, the user's files are what they were."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import psutil
import pytest

from nbrerun.analysis import analyze
from nbrerun.model import NotebookReport
from nbrerun.notebooks.read import read_notebook
from nbrerun.progress import Silent
from nbrerun.settings.values import Settings
from tests.functional.test_probe_in_kernel import write
from tests.functional.test_sandbox import COLD, ENGINES
from tests.unit.probe.sandbox.test_copy import snapshot


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for temporary files that nobody else uses, with a name short enough for sockets."""
    folder = Path(tempfile.mkdtemp(prefix="t-", dir="/tmp"))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("TMPDIR", str(folder))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def notebooks(tmp_path: Path) -> Path:
    """The folder of the notebook, in a project with data beside it."""
    for name, text in {
        "data/x.csv": "a,b\n1,2\n",
        "nb/old.txt": "old\n",
        "nb/log.txt": "started\n",
        "nb/sub/deep/c.txt": "c\n",
        "nb/helper.py": "value = 1\n",
    }.items():
        path = tmp_path / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        os.utime(path, (1_000_000_000, 1_000_000_000))
    (tmp_path / "project/nb/old.txt").chmod(0o600)
    (tmp_path / "project/nb/link").symlink_to("old.txt")
    return tmp_path / "project" / "nb"


def check(path: Path, engine: str = "fork", limit: int | None = None) -> NotebookReport:
    """Check a notebook in a scratch tree."""
    return analyze(read_notebook(path), Settings(engine=engine, sandbox="copy", sandbox_limit=limit), Silent())


def verdicts(report: NotebookReport) -> list[str]:
    """Of each cell, in order."""
    assert report.failure is None, report.failure
    return [cell.verdict.value for cell in report.cells]


CELLS: list[tuple[str, str]] = [
    ("import os, pickle, shutil, sqlite3\nfrom pathlib import Path\nimport helper", "stateless"),
    ("old = open('old.txt').read()", "reset"),
    ("open('new.txt', 'w').write('new')", "reset"),
    ("with open('new.txt', 'a') as f:\n    f.write('more')", "in-place"),
    ("text = open('new.txt').read()", "persisted"),
    ("os.rename('old.txt', 'renamed.txt')", "error"),
    ("os.remove('renamed.txt')", "error"),
    ("os.makedirs('made/of/folders', exist_ok=True)", "stateless"),
    ("shutil.rmtree('sub')", "error"),
    ("db = sqlite3.connect('data.db')\ndb.execute('create table if not exists t (a)')\ndb.close()", "reset"),
    (
        "with sqlite3.connect('data.db') as db:\n    db.execute('insert into t values (1)')\ndb.close()\ndel db",
        "in-place",
    ),
    ("!echo from the shell >> log.txt", "in-place"),
    ("%%writefile written.py\nvalue = 2", "reset"),
    ("handle = open('handle.txt', 'a')", "reset"),
    ("_ = handle.write('line\\n')\nhandle.flush()", "in-place"),
    ("lines = open('handle.txt').read()", "persisted"),
    ("with open('../data/x.csv', 'a') as f:\n    f.write('3,4\\n')", "in-place"),
    ("Path('../data/y.csv').write_text('y')", "reset"),
    ("with open('{nb}/log.txt', 'a') as f:\n    f.write('by its whole path\\n')", "in-place"),
    ("Path('{nb}/absolute').mkdir(exist_ok=True)\nPath('{nb}/absolute/new.txt').write_text('new')", "reset"),
    ("with open('counter', 'a') as f:\n    f.write('.')\nos.replace('counter', 'counter')", "in-place"),
    ("os.chmod('helper.py', 0o400)", "reset"),
]


@ENGINES
def test_nothing_of_what_a_notebook_does_to_files_stays(engine: str, notebooks: Path, temporary: Path) -> None:
    """Verdicts are as they should be, and every byte, permission and time in the project is what it was."""
    path = write(notebooks, *(source.replace("{nb}", str(notebooks)) for source, _ in CELLS))
    before = snapshot(notebooks.parent)
    report = check(path, engine)
    assert snapshot(notebooks.parent) == before
    assert list(temporary.iterdir()) == []
    wrong = [
        (source, found, wanted)
        for (source, wanted), found in zip(CELLS, verdicts(report), strict=True)
        if wanted != found
    ]
    assert wrong == []


@COLD
def test_the_report_says_what_is_not_kept_safe(notebooks: Path) -> None:
    """Kind and reason."""
    report = check(write(notebooks, "x = 1"))
    assert report.sandbox == "copy"
    assert "C libraries and shell commands" in report.sandbox_reason


@ENGINES
def test_a_file_too_large_to_copy_is_not_written_to(engine: str, notebooks: Path) -> None:
    """The cell raises, and says why; reading it works."""
    (notebooks / "large.bin").write_bytes(bytes(200_000))
    path = write(
        notebooks,
        "size = len(open('large.bin', 'rb').read())",
        "import pytest",
        "with pytest.raises(OSError, match='--sandbox-limit'):\n    open('large.bin', 'ab').write(b'more')",
        f"with pytest.raises(OSError, match='--sandbox-limit'):\n    open('{notebooks}/large.bin', 'ab').write(b'x')",
        "import os\nos.remove('large.bin')",
    )
    before = snapshot(notebooks)
    report = check(path, engine, limit=100_000)
    assert snapshot(notebooks) == before
    assert verdicts(report) == ["reset", "stateless", "stateless", "stateless", "error"]


def test_the_place_of_the_scratch_tree_is_no_value(notebooks: Path) -> None:
    """It is another one in every kernel, and a name that holds it is not noise for that."""
    path = write(
        notebooks,
        "import os\nlog = {'n': 0}",
        "log = {'n': log['n'] + 1, 'path': os.path.abspath('old.txt')}",
    )
    report = check(path, "replay")
    assert verdicts(report) == ["reset", "in-place"]
    assert report.cells[1].variables[0].marks == ()


@COLD
def test_a_module_beside_the_folder_is_compiled_elsewhere(notebooks: Path) -> None:
    """An import writes files, too."""
    (notebooks.parent / "lib").mkdir()
    (notebooks.parent / "lib/mine.py").write_text("value = 1")
    path = write(notebooks, "import sys\nsys.dont_write_bytecode = False\nsys.path.append('../lib')", "import mine")
    before = snapshot(notebooks.parent)
    check(path)
    assert snapshot(notebooks.parent) == before


@COLD
def test_processes_that_the_notebook_starts_write_to_the_scratch_tree(notebooks: Path) -> None:
    """They work in the same folder."""
    code = "import pathlib; pathlib.Path('old.txt').write_text('by a child'); pathlib.Path('made').mkdir()"
    cell = f"""
        import subprocess, sys
        done = subprocess.run([sys.executable, "-c", {code!r}]).returncode
        text = open('old.txt').read()
    """
    before_file = write(notebooks, cell)
    before = snapshot(notebooks)
    check(before_file)
    assert snapshot(notebooks) == before


@COLD
def test_a_kernel_that_dies_leaves_nothing(notebooks: Path, temporary: Path) -> None:
    """What it wrote by absolute paths is undone by its keeper."""
    cell = f"open('{notebooks}/old.txt', 'w').close()\nimport os, signal\nos.kill(os.getpid(), signal.SIGKILL)"
    path = write(notebooks, cell)
    before = snapshot(notebooks)
    report = check(path)
    assert report.failure is not None
    assert snapshot(notebooks) == before
    assert list(temporary.iterdir()) == []


LONG = """
    with open('old.txt', 'a') as f:
        f.write('relative')
    with open('../data/x.csv', 'a') as f:
        f.write('beside')
    with open({nb!r} + '/log.txt', 'w') as f:
        f.write('absolute')
    with open({nb!r} + '/new.txt', 'w') as f:
        f.write('absolute')
    import os, subprocess, time
    stays = {stays}
    child = subprocess.Popen(['sleep', '1000']) if stays else None
    open({marker!r}, 'w').close()
    time.sleep(1000 if stays else 0)
"""


@COLD  # all processes are to be descendants of the check
@ENGINES
@pytest.mark.parametrize("again", [False, True])
def test_kill_9_leaves_nothing(engine: str, again: bool, notebooks: Path, temporary: Path, tmp_path: Path) -> None:
    """In the middle of a cell, or of its rerun: no file, no process, and the folder is what it was."""
    marker = tmp_path / "marker"
    once = str(tmp_path / "once")
    # A cell that leaves a process running is not run again by fork, so only the rerun starts one.
    stays = f"os.path.exists({once!r})" if again else "True"
    source = dedent(LONG).format(nb=str(notebooks), marker=str(marker), stays=stays)
    if again:
        source += f"open({once!r}, 'w').close()"
    path = write(notebooks, source)
    before = snapshot(notebooks.parent)
    command = [sys.executable, "-m", "nbrerun", "check", "--sandbox", "copy", "--engine", engine, str(path)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        _wait(lambda: marker.exists() and (not again or _again(marker, tmp_path / "once")))
        running = psutil.Process(process.pid).children(recursive=True)
        assert snapshot(notebooks) != before
        os.kill(process.pid, signal.SIGKILL)
    assert running
    _wait(lambda: not any(_runs(each) for each in running))
    _wait(lambda: not list(temporary.iterdir()))
    assert snapshot(notebooks.parent) == before


def _again(marker: Path, once: Path) -> bool:
    return once.exists() and marker.stat().st_mtime_ns > once.stat().st_mtime_ns


def _runs(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _wait(done: object, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    assert callable(done)
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@ENGINES
def test_what_is_edited_during_a_check_is_not_undone(engine: str, notebooks: Path, tmp_path: Path) -> None:
    """Nor written to by the cells that come after it."""
    ready, edited, log = tmp_path / "ready", tmp_path / "edited", notebooks / "log.txt"
    path = write(
        notebooks,
        f"with open({str(log)!r}, 'a') as f:\n    f.write('by a cell')",
        f"""
        import os, time
        open({str(ready)!r}, 'w').close()
        while not os.path.exists({str(edited)!r}):
            time.sleep(0.02)
        """,
        f"""
        try:
            open({str(log)!r}, 'a').close()
            refused = 'no'
        except OSError as error:
            refused = str(error)
        assert 'has been edited' in refused, refused
        """,
    )

    def edit() -> None:
        _wait(ready.exists)
        log.write_text("edited\n")
        edited.touch()

    editor = threading.Thread(target=edit)
    editor.start()
    report = check(path, engine)
    editor.join()
    assert report.failure is None, report.failure
    assert log.read_text() == "edited\n"


@ENGINES
def test_checks_at_once_restore_what_was_there_before_all_of_them(engine: str, notebooks: Path, tmp_path: Path) -> None:
    """Each has another folder for its temporary files, and all write the same files by absolute paths."""
    before = snapshot(notebooks)
    running, temporary = [], [tempfile.mkdtemp(dir="/tmp", prefix="t-") for _ in range(3)]
    for number in range(3):
        folder = tmp_path / f"{number}"
        folder.mkdir()
        shutil.copytree(notebooks, folder / "nb", symlinks=True)
        path = write(
            folder / "nb",
            f"with open({str(notebooks)!r} + '/log.txt', 'a') as f:\n    f.write('{number}')",
            "import time\ntime.sleep(0.3)",
            f"with open({str(notebooks)!r} + '/log.txt', 'a') as f:\n    f.write('{number}')",
            f"open({str(notebooks)!r} + '/new.txt', 'w').write('{number}')",
        )
        command = [sys.executable, "-m", "nbrerun", "check", "--no-cache", "--sandbox", "copy", "--engine", engine]
        command += ["--sandbox-dir", str(notebooks), str(path)]
        running.append(
            subprocess.Popen(
                command,
                env={**os.environ, "TMPDIR": temporary[number]},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
        )
    for process in running:
        output, _ = process.communicate()
        assert process.returncode in (0, 1), output.decode()
    assert [os.listdir(folder) for folder in temporary] == [[], [], []]
    for folder in temporary:
        os.rmdir(folder)
    assert snapshot(notebooks) == before
