"""Checking a notebook changes nothing on the disk, whatever the notebook does there."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import nbformat
import psutil
import pytest

from nbrerun.analysis import analyze
from nbrerun.model import NotebookReport, Verdict
from nbrerun.notebooks.read import read_notebook
from nbrerun.probe.sandbox import syscalls
from nbrerun.progress import Silent
from nbrerun.settings.values import WHOLE, Settings


def allows_overlay() -> bool:
    """Whether this system lets a process have mounts of its own: asked in a child, without the code under test."""
    pid = os.fork()
    if pid == 0:
        with contextlib.suppress(OSError, AttributeError):
            syscalls.unshare_mounts()
            os._exit(0)
        os._exit(1)
    return os.waitpid(pid, 0)[1] == 0


COLD = pytest.mark.cold_kernel
"""What the keeper keeps safe is shown with a keeper that was started as usual, on one engine: it knows of none."""

KINDS = ["overlay", "copy"] if allows_overlay() else ["copy"]
SANDBOXES = pytest.mark.parametrize("sandbox", KINDS)
ENGINES = pytest.mark.parametrize("engine", [pytest.param("fork", marks=COLD), "replay"])


def tree(folder: Path) -> dict[bytes, tuple[object, ...]]:
    """Every name below a folder with its kind, mode, time of change and contents."""
    found: dict[bytes, tuple[object, ...]] = {}
    for parent, folders, files in os.walk(os.fsencode(folder)):
        for name in [b".", *folders, *files]:
            path = os.path.join(parent, name)
            status = os.lstat(path)
            found[path] = (status.st_mode, status.st_mtime_ns, status.st_ino, _contents(path, status.st_mode))
    return found


def _contents(path: bytes, mode: int) -> object:
    if stat.S_ISLNK(mode):
        return os.readlink(path)
    return hashlib.sha256(Path(os.fsdecode(path)).read_bytes()).digest() if stat.S_ISREG(mode) else None


@contextlib.contextmanager
def untouched(folder: Path) -> Iterator[None]:
    """The folder is byte for byte what it was."""
    before = tree(folder)
    yield
    assert tree(folder) == before


def write(folder: Path, *cells: str) -> Path:
    """A notebook in a folder."""
    node = nbformat.v4.new_notebook()
    for number, source in enumerate(cells):
        node.cells.append(nbformat.v4.new_code_cell(dedent(source).strip("\n"), id=f"cell-{number}"))
    path = folder / "nb.ipynb"
    nbformat.write(node, path)
    return path


def check(path: Path, **settings: object) -> NotebookReport:
    """Check it, with every experiment there is unless told otherwise."""
    return analyze(read_notebook(path), Settings(**settings), Silent())  # type: ignore[arg-type]


def verdicts(report: NotebookReport) -> list[str]:
    """One word per cell; what failed instead if something did."""
    assert report.failure is None, report.failure
    return [str(cell.verdict) for cell in report.cells]


def filled(folder: Path) -> None:
    """Files that a user might have."""
    (folder / "data").mkdir()
    (folder / "data" / "x.csv").write_text("a,b\n1,2\n")
    (folder / "data" / "deep").mkdir()
    (folder / "data" / "deep" / "y.bin").write_bytes(bytes(range(256)))
    (folder / "keep.txt").write_text("keep me\n")
    (folder / "gone.txt").write_text("delete me\n")
    (folder / "run.sh").write_text("#!/bin/sh\n")
    (folder / "link").symlink_to("keep.txt")
    for path in (folder / "keep.txt", folder / "data" / "x.csv", folder / "data"):
        os.utime(path, (1_000_000_000, 1_000_000_000))


EVERYTHING = (
    """
    import os, shutil, sqlite3, contextlib
    from pathlib import Path
    here = Path.cwd()
    """,
    "Path('new.txt').write_text('new')",
    "(here / 'absolute.txt').write_text('new')\n(here / 'keep.txt').write_text('overwritten')",
    "with open('data/x.csv', 'a') as f:\n    f.write('3,4\\n')",
    "with open('data/deep/y.bin', 'r+b') as f:\n    f.seek(10)\n    f.write(b'changed')",
    "Path('gone.txt').unlink(missing_ok=True)",
    "shutil.rmtree('made', ignore_errors=True)\nos.makedirs('made/below')\nPath('made/below/z.txt').write_text('z')",
    "if Path('data').exists():\n    os.rename('data', 'moved')",
    "os.chmod('run.sh', 0o755)\nos.utime('link')",
    """
    with contextlib.closing(sqlite3.connect('rows.db')) as db, db:
        db.execute('create table if not exists t (x)')
        db.execute('insert into t values (1)')
    """,
    "import numpy as np\nm = np.memmap('m.dat', dtype='f8', mode='w+', shape=8)\nm[:] = 1",
    "!echo shell >> shell.txt; echo more >> moved/x.csv",
    "%%writefile magic.txt\nmagic",
    "log = open('log.txt', 'a')",
    "print('line', file=log, flush=True)",
    "assert Path('log.txt').read_text() == 'line\\n', Path('log.txt').read_text()",
)


@SANDBOXES
@ENGINES
def test_nothing_on_the_disk_changes(sandbox: str, engine: str, tmp_path: Path) -> None:
    """A notebook that does everything one can do to files leaves the folder, and all around it, byte for byte."""
    folder = tmp_path / "work here"
    folder.mkdir()
    filled(folder)
    path = write(folder, *EVERYTHING)
    with untouched(tmp_path):
        report = check(
            path, sandbox=sandbox, engine=engine, experiments=frozenset({"again", "later", "restart", *WHOLE})
        )
    assert report.sandbox == sandbox
    found = verdicts(report)
    assert [found[index] for index in (3, 9, 11, 14)] == ["in-place"] * 4
    assert [found[index] for index in (1, 2, 4, 5, 6, 12)] == ["reset"] * 6
    assert [found[index] for index in (15,)] == ["stateless"]


@SANDBOXES
@ENGINES
def test_a_rerun_sees_the_files_of_its_moment(sandbox: str, engine: str, tmp_path: Path) -> None:
    """The third cell sees one line in its first run and in its rerun; later cells never see what reruns wrote."""
    path = write(
        tmp_path,
        "open('log.txt', 'w').write('one\\n')",
        "with open('log.txt', 'a') as f: f.write('two\\n')",
        "lines = open('log.txt').read().split()",
        "open('log.txt', 'w').write('')",
        "assert lines == ['one', 'two'] and open('log.txt').read() == ''",
    )
    with untouched(tmp_path):
        report = check(path, sandbox=sandbox, engine=engine)
    assert verdicts(report) == ["reset", "in-place", "persisted", "reset", "stateless"]


@SANDBOXES
@ENGINES
def test_write_files_keeps_those_of_the_main_run(sandbox: str, engine: str, tmp_path: Path) -> None:
    """With `--write-files` the folder is as after one plain run: no rerun has left a trace."""
    filled(tmp_path)
    path = write(
        tmp_path,
        "with open('log.txt', 'a') as f: f.write('line\\n')",
        "import os, shutil\nif os.path.exists('gone.txt'): os.remove('gone.txt')",
        "os.makedirs('made/below', exist_ok=True)\nopen('made/below/z.txt', 'w').write('z')",
        "shutil.rmtree('data', ignore_errors=True)",
    )
    check(path, sandbox=sandbox, engine=engine, write_files=True)
    assert (tmp_path / "log.txt").read_text() == "line\n"
    assert (tmp_path / "made" / "below" / "z.txt").read_text() == "z"
    assert sorted(os.listdir(tmp_path)) == ["keep.txt", "link", "log.txt", "made", "nb.ipynb", "run.sh"]


@COLD
@SANDBOXES
def test_a_folder_given_besides_is_kept_safe(sandbox: str, tmp_path: Path) -> None:
    """`--sandbox-dir` covers what lies elsewhere."""
    elsewhere, folder = tmp_path / "elsewhere", tmp_path / "here"
    elsewhere.mkdir()
    folder.mkdir()
    (elsewhere / "a.txt").write_text("a")
    source = f"with open({str(elsewhere / 'a.txt')!r}, 'a') as f: f.write('more')"
    path = write(folder, source, f"open({str(elsewhere / 'b.txt')!r}, 'w').write('b')")
    with untouched(tmp_path):
        report = check(path, sandbox=sandbox, sandbox_dirs=(elsewhere,))
    assert verdicts(report) == ["in-place", "reset"]
    assert [variable.name for variable in report.cells[1].variables] == [f"file:{elsewhere / 'b.txt'}"]


@COLD
@SANDBOXES
def test_strange_names_and_strange_files(sandbox: str, tmp_path: Path) -> None:
    """Spaces, line ends, bytes that are no text; a pipe, a socket, links that lead nowhere and in circles."""
    (tmp_path / "two\nlines and spaces.txt").write_text("old")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/not \xff utf8")).write_bytes(b"old")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "nowhere").symlink_to("not/there")
    (tmp_path / "circle").symlink_to(".")
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as sock:
        sock.bind(str(tmp_path / "socket"))
        path = write(
            tmp_path,
            """
            import os
            for name in (b'two\\nlines and spaces.txt', b'not \\xff utf8'):
                open(name, 'ab').write(b'x')
            """,
            "open('new \\n, name:=.txt', 'w').write('x')",
            "names = sorted(os.listdir(b'.'))",
        )
        with untouched(tmp_path):
            report = check(path, sandbox=sandbox)
    assert verdicts(report) == ["in-place", "reset", "reset"]


@COLD
@SANDBOXES
def test_a_link_that_leaves_the_folder(sandbox: str, tmp_path: Path) -> None:
    """What is written through a link in the notebook's folder does not reach the other end."""
    folder, elsewhere = tmp_path / "here", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    (elsewhere / "a.txt").write_text("a")
    (folder / "there").symlink_to(elsewhere)
    (folder / "a.txt").symlink_to(elsewhere / "a.txt")
    path = write(folder, "open('there/b.txt', 'w').write('b')", "with open('a.txt', 'a') as f: f.write('x')")
    with untouched(tmp_path):
        report = check(path, sandbox=sandbox)
    assert verdicts(report) == ["reset", "in-place"]


@COLD
@SANDBOXES
def test_a_rerun_that_fills_its_layer_is_undetermined(sandbox: str, tmp_path: Path) -> None:
    """The first run fits into the limit, the rerun does not: that says nothing about the cell."""
    path = write(
        tmp_path,
        "import os\nsize = 6 << 20 if os.path.exists('big') else 1 << 10\nopen('big', 'ab').write(bytes(size))",
        "x = 1",
    )
    with untouched(tmp_path):
        report = check(path, sandbox=sandbox, sandbox_limit=4 << 20)
    assert report.cells[0].verdict is Verdict.UNDETERMINED
    assert "--sandbox-limit" in report.cells[0].reason
    assert report.cells[1].verdict is Verdict.RESET


@COLD
@pytest.mark.parametrize("sandbox", [kind for kind in KINDS if kind == "overlay"])
def test_a_main_run_that_fills_its_layer_says_so(sandbox: str, tmp_path: Path) -> None:
    """It fails as on a full disk, and the message names the option that gives more; a copy is on the disk itself."""
    path = write(tmp_path, "open('big', 'wb').write(bytes(6 << 20))")
    with untouched(tmp_path):
        report = check(path, sandbox=sandbox, sandbox_limit=4 << 20)
    assert report.failure is not None
    assert "--sandbox-limit" in report.failure.evalue


@COLD
@SANDBOXES
def test_two_checks_of_one_folder_at_once(sandbox: str, tmp_path: Path) -> None:
    """They do not see each other."""
    path = write(tmp_path, "with open('n.txt', 'a') as f: f.write('x')", "assert open('n.txt').read() == 'x'")
    command = [sys.executable, "-m", "nbrerun", "check", str(path), "--sandbox", sandbox, "--format", "json"]
    with untouched(tmp_path):
        both = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(2)]
        assert [process.wait(120) for process in both] == [1, 1]


@COLD
@SANDBOXES
def test_kill_9_leaves_nothing_behind(sandbox: str, tmp_path: Path) -> None:
    """No process, no mount, no temporary folder; and the folder as it was."""
    # Sockets need a short path.
    home, folder = Path(tempfile.mkdtemp(prefix="t-", dir="/tmp")), tmp_path / "folder"
    folder.mkdir()
    filled(folder)
    marker = f"sleep {os.getpid()}.{time.monotonic_ns()}"
    path = write(
        folder,
        """
        import subprocess, time
        from pathlib import Path
        Path('new.txt').write_text('x')
        (Path.cwd() / 'keep.txt').write_text('y')
        """,
        f"subprocess.Popen({marker.split()!r}, start_new_session=True)\ntime.sleep(100)",
    )
    command = [sys.executable, "-m", "nbrerun", "check", str(path), "--sandbox", sandbox]
    with untouched(folder):
        process = subprocess.Popen(command, env={**os.environ, "TMPDIR": str(home)}, stdout=subprocess.DEVNULL)
        _wait_until(lambda: bool(_running(marker)))
        assert os.listdir(home)
        process.send_signal(signal.SIGKILL)
        process.wait(30)
        _wait_until(lambda: not _running(marker) and not os.listdir(home))
    home.rmdir()
    assert str(tmp_path) not in Path("/proc/self/mountinfo").read_text()


def _wait_until(condition: object) -> None:
    assert callable(condition)
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _running(marker: str) -> list[int]:
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if " ".join(process.cmdline()) == marker and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
    return found


@COLD
@SANDBOXES
def test_a_read_only_folder(sandbox: str, tmp_path: Path) -> None:
    """A notebook that only reads there is checked like any other."""
    (tmp_path / "x.csv").write_text("1\n")
    path = write(tmp_path, "x = open('x.csv').read()", "y = x * 2")
    tmp_path.chmod(0o555)
    try:
        with untouched(tmp_path):
            report = check(path, sandbox=sandbox)
    finally:
        tmp_path.chmod(0o755)
    assert verdicts(report) == ["reset", "reset"]


@COLD
def test_the_first_choice_is_the_overlay(tmp_path: Path) -> None:
    """Where the system allows one, `auto` takes it."""
    assert check(write(tmp_path, "x = 1")).sandbox == KINDS[0]


@COLD
@SANDBOXES
def test_the_repository_around_the_folder_is_kept_safe(sandbox: str, tmp_path: Path) -> None:
    """What notebooks write to `../models` does not reach the disk either, and has its name."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "models").mkdir()
    (tmp_path / "notebooks").mkdir()
    path = write(tmp_path / "notebooks", "open('../models/m.txt', 'w').write('m')", "open('../models/m.txt').read();")
    with untouched(tmp_path):
        report = check(path, sandbox=sandbox)
    assert verdicts(report) == ["reset", "stateless"]
    assert [variable.name for variable in report.cells[0].variables] == ["file:../models/m.txt"]


@COLD
@SANDBOXES
def test_a_folder_around_the_notebooks_own_can_be_given(sandbox: str, tmp_path: Path) -> None:
    """`--sandbox-dir ..` covers the notebook's folder and what lies beside it."""
    (tmp_path / "here").mkdir()
    (tmp_path / "a.txt").write_text("a")
    path = write(tmp_path / "here", "with open('../a.txt', 'a') as f: f.write('x')", "open('b.txt', 'w').write('b')")
    with untouched(tmp_path):
        report = check(path, sandbox=sandbox, sandbox_dirs=(tmp_path,))
    assert verdicts(report) == ["in-place", "reset"]
