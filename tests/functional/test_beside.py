"""The home directory and folders for temporary files: each branch has its own, nothing stays, and nothing is judged."""

from __future__ import annotations

import os
import socket
import tempfile
import threading
import uuid
from pathlib import Path
from typing import Any

import nbformat
import pytest

from nbrerun.analysis import analyze
from nbrerun.model import NotebookReport, Verdict
from nbrerun.notebooks.read import read_notebook
from nbrerun.progress import Silent
from nbrerun.settings.values import Settings
from tests.functional.test_sandbox import KINDS, untouched

ENGINES = pytest.mark.parametrize("engine", ["auto", "replay"])
OVERLAY = pytest.mark.parametrize("sandbox", [kind for kind in KINDS if kind == "overlay"])

pytestmark = pytest.mark.cold_kernel  # its home directory is another one from its start


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The notebook's folder, beside a home directory and a folder for temporary files of the test's own."""
    for name in ("work", "home", "temporary"):
        (tmp_path / name).mkdir()
    (tmp_path / "home" / ".ipython").mkdir()  # made by what starts kernels
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    for name in ("MPLCONFIGDIR", "IPYTHONDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "work"


def _check(folder: Path, engine: str, *sources: str, **settings: Any) -> NotebookReport:
    node = nbformat.v4.new_notebook()
    node.cells = [nbformat.v4.new_code_cell(source, id=f"cell-{index}") for index, source in enumerate(sources)]
    nbformat.write(node, folder / "nb.ipynb")
    return analyze(read_notebook(folder / "nb.ipynb"), Settings(engine=engine, **settings), Silent())


PLACES = {
    "the folder for temporary files": "os.path.join(tempfile.gettempdir(), 'counter.txt')",
    "the home directory": "os.path.expanduser('~/.cache/counter.txt')",
    "/tmp": "'/tmp/nbreruntest-{unique}.txt'",
}


@OVERLAY
@ENGINES
@pytest.mark.parametrize("place", PLACES)
def test_the_main_run_never_notices(place: str, engine: str, sandbox: str, work: Path) -> None:
    """A file there has in the main run what the main run wrote, and is gone afterwards."""
    path = PLACES[place].format(unique=uuid.uuid4().hex)
    temporary = set(os.listdir("/tmp"))
    with untouched(work.parent / "home"):
        report = _check(
            work,
            engine,
            f"import os, tempfile\np = {path}\nos.makedirs(os.path.dirname(p), exist_ok=True)",
            "open(p, 'a').write('x')",
            "text = open(p).read()\nassert text == 'x', text",
            "tempfile.mkstemp();",
            sandbox=sandbox,
        )
    assert report.failure is None, report.failure
    assert os.listdir(work.parent / "temporary") == []
    assert {name for name in os.listdir("/tmp") if name.startswith("nbreruntest-")} <= temporary
    assert [cell.verdict for cell in report.cells] == [
        Verdict.RESET,
        Verdict.STATELESS,
        Verdict.RESET,
        Verdict.STATELESS,
    ]
    assert report.cells[1].reason.endswith(".txt`, which is not judged")
    assert not any(variable.name.startswith("file:") for cell in report.cells for variable in cell.variables)


@OVERLAY
@ENGINES
def test_what_ipython_stores_is_kept_apart(engine: str, sandbox: str, work: Path) -> None:
    """`%store` writes to the home directory."""
    report = _check(
        work,
        engine,
        "n = [1]",
        "%store n",
        "n = [1, 2]\n%store n",
        "%store -r n\nassert n == [1, 2], n",
        sandbox=sandbox,
    )
    assert report.failure is None, report.failure
    assert not (work.parent / "home" / ".ipython" / "profile_default" / "db").exists()


@OVERLAY
@ENGINES
def test_a_restart_finds_the_files_of_the_end(engine: str, sandbox: str, work: Path) -> None:
    """A cell that needs nothing but such a file runs alone after a restart."""
    report = _check(
        work,
        engine,
        "import pathlib\npathlib.Path.home().joinpath('left.txt').write_text('left')\nx = 1",
        "import pathlib\ntext = pathlib.Path.home().joinpath('left.txt').read_text()",
        sandbox=sandbox,
    )
    assert report.failure is None, report.failure
    alone = report.cells[1].restart
    assert alone is not None
    assert alone.runs_alone, alone


@OVERLAY
def test_caches_of_libraries_are_nobody_s_state(sandbox: str, work: Path) -> None:
    """The list of fonts that matplotlib makes at its first import is no finding, and no variable."""
    report = _check(
        work, "auto", "import matplotlib.font_manager", "import os\nassert len(os.listdir(os.path.expanduser('~'))) > 1"
    )
    assert report.failure is None, report.failure
    assert [cell.verdict for cell in report.cells] == [Verdict.STATELESS, Verdict.STATELESS]
    assert report.findings == ()
    assert os.listdir(work.parent / "home") == [".ipython"]


@OVERLAY
@ENGINES
def test_what_an_import_writes_is_not_told(engine: str, sandbox: str, work: Path) -> None:
    """Unlike what the cell itself writes there, be it the same file."""
    path = "pathlib.Path.home() / '.mod' / 'mod.json'"
    (work / "mod.py").write_text(f"import pathlib\npath = {path}\npath.parent.mkdir()\npath.write_text('{{}}')\n")
    report = _check(work, engine, "import mod", "x = 1", "mod.path.write_text('more')", sandbox=sandbox)
    assert report.failure is None, report.failure
    assert report.cells[0].reason == "leaves nothing behind"
    assert report.cells[2].reason.startswith("leaves only `")
    assert "mod.json" in report.cells[2].reason


@OVERLAY
@ENGINES
def test_others_still_answer_at_their_sockets(engine: str, sandbox: str, work: Path) -> None:
    """A server of somebody else's that listens below the folder is reached in the main run and in reruns."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(work.parent / "temporary" / "s"))
        server.listen(8)

        def answer() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.sendall(b"hello")

        threading.Thread(target=answer, daemon=True).start()
        report = _check(
            work,
            engine,
            "import os, socket, tempfile",
            "with socket.socket(socket.AF_UNIX) as s:\n"
            "    s.connect(os.path.join(tempfile.gettempdir(), 's'))\n    said = s.recv(9)\ndel s",
            "assert said == b'hello'",
            sandbox=sandbox,
        )
        server.shutdown(socket.SHUT_RDWR)
    assert report.failure is None, report.failure
    assert report.cells[1].verdict is Verdict.RESET, report.cells[1].reason


def test_the_report_says_that_a_copy_does_not_cover_them(work: Path) -> None:
    """Where there is no overlay, what is written there is written."""
    report = _check(work, "auto", "x = 1", sandbox="copy")
    assert "home directory" in report.sandbox_reason
