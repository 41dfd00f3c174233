"""What can go wrong, as a user meets it: the exit code, what is said, and what is left behind.

A process of its own takes most of a second to import everything. It is started where signals and processes matter, and
once for each exit code.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from textwrap import dedent
from typing import Any

import nbformat
import psutil
import pytest
from click.testing import CliRunner

from nbrerun.cli import main

pytestmark = pytest.mark.timeout(120)  # a hang is what several of these tests are about

ENGINES = pytest.mark.parametrize("engine", ["fork", "replay"])

AGAIN = "n = globals().get('n', 0) + 1\nif n > 1:\n    "
"""A cell begins so whose last line is for the rerun only."""


def write(folder: Path, *sources: str, name: str = "nb.ipynb") -> Path:
    """A notebook of code cells."""
    node = nbformat.v4.new_notebook()
    node.cells = [nbformat.v4.new_code_cell(dedent(each).strip(), id=f"cell-{i}") for i, each in enumerate(sources)]
    path = folder / name
    nbformat.write(node, path)
    return path


def command(*arguments: str | Path) -> list[str]:
    """nbrerun as a process of its own."""
    return [sys.executable, "-m", "nbrerun", "check", *map(str, arguments)]


def nbrerun_process(*arguments: str | Path, **more: Any) -> subprocess.CompletedProcess[str]:
    """Run it to its end as a process of its own; it never waits for input."""
    return subprocess.run(
        command(*arguments), capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, **more
    )


def nbrerun(
    *arguments: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command in this process, in a folder and with environment variables."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(cwd or Path.cwd())
        for name, value in (env or {}).items():
            patch.setenv(name, value)
        done = CliRunner().invoke(main, ["check", *map(str, arguments)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return subprocess.CompletedProcess(arguments, done.exit_code, done.stdout, done.stderr)


def checked(path: Path, *options: str) -> tuple[subprocess.CompletedProcess[str], dict[str, Any]]:
    """One notebook's part of the JSON report, and how the process ended."""
    done = nbrerun(path, "--format", "json", *options)
    assert "Traceback" not in done.stderr
    (notebook,) = json.loads(done.stdout)["notebooks"]
    return done, notebook


def verdicts(notebook: dict[str, Any]) -> dict[int, str]:
    """Of each cell that is reported."""
    return {cell["index"]: cell["verdict"] for cell in notebook["cells"]}


def listing(folder: Path) -> dict[str, bytes | None]:
    """All files and folders below, with what the files hold."""
    found = sorted(folder.rglob("*"))
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in found}


def assert_refused(done: subprocess.CompletedProcess[str]) -> str:
    """Exit code 2, nothing was run, and one sentence on stderr, which is returned."""
    assert done.returncode == 2, done.stderr
    shown = " ".join(done.stdout.split())  # a long path is wrapped
    assert not shown or ("not checked: " in shown and "1 notebook not checked" in shown)
    (line,) = done.stderr.splitlines()
    assert line.startswith("nbrerun: ")
    assert len(line.split()) >= 4
    return line


RUN = {"cell_type": "code", "id": "a", "metadata": {}, "outputs": [], "execution_count": None}
WRITES = {**RUN, "source": "open('ran.txt', 'w').close()"}
SOUND = json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [WRITES]})

WATCH = ["--watch modle", "nb.ipynb", "did you mean `model`?"]

REFUSED: dict[str, tuple[str, list[str], list[str]]] = {
    "no such file": ("", ["missing.ipynb"], ["missing.ipynb"]),
    "no such folder": ("", ["missing/"], ["missing"]),
    "a folder without notebooks": ("", ["empty"], ["no notebook", "empty"]),
    "not JSON": ("{ this is no JSON", [], ["nb.ipynb", "not JSON"]),
    "nothing at all": ("", ["void.ipynb"], ["void.ipynb", "is not a notebook: the file is empty"]),
    "not text": ("", ["bytes.ipynb"], ["bytes.ipynb", "UTF-8"]),
    "JSON, but a list": ("[]", [], ["nb.ipynb", "not a notebook"]),
    "JSON, but no notebook": ('{"name": "x"}', [], ["nb.ipynb", "not a notebook"]),
    "JSON, but no cells": ('{"nbformat": 4, "nbformat_minor": 5, "metadata": {}}', [], ["nb.ipynb", "cells"]),
    "newer than known": (SOUND.replace('"nbformat": 4', '"nbformat": 5'), [], ["nbformat 5", "4"]),
    "no such kernel": (SOUND, ["nb.ipynb", "--kernel", "nonesuch"], ["nonesuch", "python3", "--kernel"]),
    "a kernel that is not Python": (SOUND, ["nb.ipynb", "--kernel", "fake-r"], ["fake-r", "runs R", "Python"]),
    "a cell out of range": (SOUND, ["nb.ipynb", "--cells", "7"], ["--cells 7", "nb.ipynb"]),
    "a range out of range": (SOUND, ["nb.ipynb", "--cells", "0-7"], ["--cells 0-7", "nb.ipynb"]),
    "no such cell id": (SOUND, ["nb.ipynb", "--cells", "zz"], ["--cells zz", "a (0)"]),
    "no such tag": (SOUND, ["nb.ipynb", "--cells", "tag:zz"], ["--cells tag:zz"]),
    "a watched name that nothing binds": (
        SOUND.replace("open('ran", "model = open('ran"),
        ["nb.ipynb", "--watch", "modle"],
        WATCH,
    ),
    "an output in no folder": (SOUND, ["nb.ipynb", "--output", "missing/report.txt"], ["missing", "does not exist"]),
    "an output that is the notebook": (SOUND, ["nb.ipynb", "--output", "nb.ipynb"], ["nb.ipynb", "notebooks"]),
    "one good, one missing": (SOUND, ["nb.ipynb", "missing.ipynb"], ["missing.ipynb"]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_input_is_refused_before_anything_runs(case: str, tmp_path: Path) -> None:
    """One clear sentence, exit code 2, no traceback, nothing written."""
    content, arguments, words = REFUSED[case]
    folder = tmp_path / "work"
    (folder / "empty" / ".ipynb_checkpoints").mkdir(parents=True)
    (folder / "empty" / ".ipynb_checkpoints" / "old.ipynb").write_text(SOUND)
    (folder / "empty" / "notes.txt").write_text("no notebook")
    (folder / "void.ipynb").write_text("")
    (folder / "bytes.ipynb").write_bytes(b"\xff\xfe\x00")
    (folder / "nb.ipynb").write_text(content)
    kernel = tmp_path / "jupyter" / "kernels" / "fake-r"
    kernel.mkdir(parents=True)
    spec = {"argv": ["no-such-program", "{connection_file}"], "display_name": "R", "language": "R"}
    (kernel / "kernel.json").write_text(json.dumps(spec))
    before = listing(folder)
    environment = {"JUPYTER_PATH": str(tmp_path / "jupyter")}
    sentence = assert_refused(nbrerun(*arguments or ["nb.ipynb"], cwd=folder, env=environment))
    for word in words:
        assert word in sentence
    assert listing(folder) == before


def test_the_notebooks_own_kernel_is_refused_too(tmp_path: Path) -> None:
    """A notebook of a kernel that is not there says which there are."""
    node = json.loads(SOUND) | {"metadata": {"kernelspec": {"name": "old-env", "display_name": "Old"}}}
    (tmp_path / "nb.ipynb").write_text(json.dumps(node))
    sentence = assert_refused(nbrerun_process("nb.ipynb", cwd=tmp_path))
    assert "old-env" in sentence
    assert "python3" in sentence
    assert not (tmp_path / "ran.txt").exists()


def test_a_kernel_that_does_not_start_is_one_sentence(tmp_path: Path) -> None:
    """A kernelspec whose program ends at once, or is not there."""
    for name, argv in (("ends", [sys.executable, "-c", "raise SystemExit(3)"]), ("missing", ["/no/such/program"])):
        kernel = tmp_path / "jupyter" / "kernels" / name
        kernel.mkdir(parents=True)
        spec = {"argv": [*argv, "{connection_file}"], "display_name": name, "language": "python"}
        (kernel / "kernel.json").write_text(json.dumps(spec))
    write(tmp_path, "x = 1")
    environment = {"JUPYTER_PATH": str(tmp_path / "jupyter")}
    for name in ("ends", "missing"):
        assert name in assert_refused(nbrerun("nb.ipynb", "--kernel", name, cwd=tmp_path, env=environment))


def test_an_old_notebook_is_upgraded_in_memory(tmp_path: Path) -> None:
    """nbformat 3 is read and judged; its file stays as it is."""
    old_cell = {"cell_type": "code", "input": "x = 1", "language": "python", "metadata": {}, "outputs": []}
    old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": [{"cells": [old_cell]}]}
    path = tmp_path / "old.ipynb"
    path.write_text(json.dumps(old))
    before = listing(tmp_path)
    done, notebook = checked(path)
    assert (done.returncode, done.stderr) == (0, "")
    assert verdicts(notebook) == {0: "reset"}
    assert listing(tmp_path) == before


@pytest.mark.parametrize("cells", [[], [{"cell_type": "markdown", "id": "m", "metadata": {}, "source": "only text"}]])
def test_an_empty_notebook_is_fine(cells: list[dict[str, Any]], tmp_path: Path) -> None:
    """Zero cells, no findings, exit code 0."""
    path = tmp_path / "nb.ipynb"
    path.write_text(json.dumps(json.loads(SOUND) | {"cells": cells}))
    done, notebook = checked(path)
    assert (done.returncode, done.stderr) == (0, "")
    assert (notebook["cells"], notebook["findings"], notebook["status"]) == ([], [], "ok")


@ENGINES
def test_a_cell_that_raises_in_the_main_run(engine: str, tmp_path: Path) -> None:
    """Exit code 3; the cells before it are reported, and the failure names the cell and the exception."""
    path = write(tmp_path, "x = 1", "x += 1", "raise ValueError('broken\\nfor good')", "y = 1")
    done, notebook = checked(path, "--engine", engine)
    assert done.returncode == 3
    assert verdicts(notebook) == {0: "reset", 1: "in-place"}
    assert notebook["status"] == "failed"
    failure = notebook["failure"]
    assert (failure["index"], failure["ename"], failure["evalue"]) == (2, "ValueError", "broken\nfor good")
    assert any("ValueError" in line for line in failure["traceback"])


def test_the_terminal_report_names_the_failure(tmp_path: Path) -> None:
    """In words, with the position of the cell, after what is known of the cells before."""
    path = write(tmp_path, "x = 1", "x += 1", "1 / 0")
    done = nbrerun_process(path)
    assert done.returncode == 3
    assert "ZeroDivisionError" in done.stdout
    assert "in-place" in done.stdout
    assert "Traceback" not in done.stderr


DEATHS = {
    "ends itself": "import os\nos._exit(1)",
    "segfault": "import ctypes\nctypes.string_at(0)",
    "killed": "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
}


@ENGINES
@pytest.mark.parametrize("death", DEATHS)
def test_a_kernel_that_dies_in_the_main_run(death: str, engine: str, tmp_path: Path) -> None:
    """Exit code 3; the cells before it are reported, and the failure says that the kernel died."""
    path = write(tmp_path, "x = 1", DEATHS[death], "y = 1")
    done, notebook = checked(path, "--engine", engine)
    assert done.returncode == 3
    assert verdicts(notebook) == {0: "reset"}
    assert notebook["failure"]["index"] == 1
    assert "died" in notebook["failure"]["evalue"]


@ENGINES
@pytest.mark.parametrize("death", ["import os; os._exit(1)", "import ctypes; ctypes.string_at(0)"])
def test_a_kernel_that_dies_in_a_rerun_only(death: str, engine: str, tmp_path: Path) -> None:
    """Said so for that cell; all others are judged."""
    path = write(tmp_path, "x = 1", AGAIN + death, "x += 1", "y = 2")
    done, notebook = checked(path, "--engine", engine)
    assert verdicts(notebook) == {0: "reset", 1: "error", 2: "in-place", 3: "reset"}
    assert notebook["cells"][1]["error"]["ename"] == "DeadKernelError"
    assert done.returncode == 1


@ENGINES
def test_a_rerun_out_of_time(engine: str, tmp_path: Path) -> None:
    """Stopped at the limit that was set, said so, and all others are judged."""
    path = write(tmp_path, "x = 1", AGAIN + "while True: pass", "x += 1")
    done, notebook = checked(path, "--engine", engine, "--timeout", "2")
    assert verdicts(notebook) == {0: "reset", 1: "undetermined", 2: "in-place"}
    assert "2 s" in notebook["cells"][1]["reason"]
    assert done.returncode == 1


def test_a_main_run_out_of_time(tmp_path: Path) -> None:
    """The notebook failed at this cell, and the cells before it are reported."""
    path = write(tmp_path, "x = 1", "while True: pass", "y = 1")
    done, notebook = checked(path, "--timeout", "2")
    assert done.returncode == 3
    assert verdicts(notebook) == {0: "reset"}
    assert (notebook["failure"]["index"], notebook["failure"]["ename"]) == (1, "TimeoutError")


def test_a_rerun_that_sleeps_for_ever_is_noticed(tmp_path: Path) -> None:
    """Without any time limit: a rerun that computes nothing for longer than its first run took is stuck."""
    path = write(tmp_path, "x = 1", AGAIN + "import time; time.sleep(10**6)", "x += 1")
    _, notebook = checked(path, "--engine", "fork")
    assert verdicts(notebook) == {0: "reset", 1: "undetermined", 2: "in-place"}
    assert "did nothing" in notebook["cells"][1]["reason"]


def test_a_rerun_that_ignores_signals_is_stopped(tmp_path: Path) -> None:
    """Whatever a cell does with signals, and whatever it has started."""
    stubborn = """
    import signal, subprocess, time
    signal.signal(signal.SIGINT, signal.SIG_IGN); signal.signal(signal.SIGTERM, signal.SIG_IGN)
    """
    path = write(tmp_path, dedent(stubborn), AGAIN + "child = subprocess.run(['sleep', '7654'])", "x = 1")
    _, notebook = checked(path, "--engine", "fork", "--timeout", "2")
    assert verdicts(notebook)[1] == "undetermined"
    assert verdicts(notebook)[2] == "reset"
    assert not [process for process in psutil.process_iter(["cmdline"]) if process.info["cmdline"] == ["sleep", "7654"]]


@ENGINES
def test_input_is_a_clear_error_and_no_hang(engine: str, tmp_path: Path) -> None:
    """In the main run the notebook fails there; nobody is waited for."""
    path = write(tmp_path, "x = 1", "name = input('Your name? ')", "y = 1")
    done, notebook = checked(path, "--engine", engine)
    assert done.returncode == 3
    assert verdicts(notebook) == {0: "reset"}
    assert (notebook["failure"]["index"], notebook["failure"]["ename"]) == (1, "StdinNotImplementedError")


@ENGINES
def test_input_in_a_rerun_is_what_the_rerun_raises(engine: str, tmp_path: Path) -> None:
    """The cell can be run only once, and the sentence says why."""
    path = write(tmp_path, AGAIN + "input('Sure? ')", "x = 1")
    _, notebook = checked(path, "--engine", engine)
    assert verdicts(notebook) == {0: "error", 1: "reset"}
    assert notebook["cells"][0]["error"]["ename"] == "StdinNotImplementedError"


@ENGINES
@pytest.mark.parametrize("leave", ["exit()", "quit", "import sys; sys.exit(3)", "raise KeyboardInterrupt"])
def test_cells_that_want_to_leave(leave: str, engine: str, tmp_path: Path) -> None:
    """In a rerun only: the check goes on and judges the others, whatever it says of that cell."""
    path = write(tmp_path, "x = 1", AGAIN + leave, "x += 1")
    _, notebook = checked(path, "--engine", engine)
    found = verdicts(notebook)
    assert (found[0], found[2]) == ("reset", "in-place")
    # `exit` only asks the front end to end the kernel, so the rerun comes to its end there.
    assert found[1] == ("in-place" if leave in ("exit()", "quit") else "error")


@pytest.fixture
def scratch() -> Iterator[Path]:
    """A folder for temporary files with a short name, since sockets want one; gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="nt"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


class Running:
    """nbrerun on a notebook or a folder, stopped somewhere in the middle."""

    def __init__(self, path: Path, engine: str, scratch: Path, *more: str) -> None:
        self.process = subprocess.Popen(
            command(path, "--engine", engine, "--format", "json", *more),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env={**os.environ, "TMPDIR": str(scratch)},
        )

    def wait_for(self, marker: Path) -> list[psutil.Process]:
        """Wait until a cell has made this file; return all processes that there are by then."""
        while not marker.exists():
            assert self.process.poll() is None, self.process.communicate()
            time.sleep(0.05)
        mine = psutil.Process(self.process.pid)
        return [mine, *mine.children(recursive=True)]

    def end(self) -> tuple[str, str]:
        """What it wrote, once it has ended."""
        return self.process.communicate()


@pytest.fixture
def run(scratch: Path) -> Iterator[Callable[..., Running]]:
    """Start nbrerun; whatever a failing test leaves running is ended."""
    started: list[Running] = []

    def start(path: Path, engine: str, *more: str) -> Running:
        started.append(Running(path, engine, scratch, *more))
        return started[-1]

    yield start
    for running in started:
        with contextlib.suppress(psutil.NoSuchProcess):
            mine = psutil.Process(running.process.pid)
            for process in [*mine.children(recursive=True), mine]:
                process.kill()


def assert_gone(processes: Sequence[psutil.Process]) -> None:
    """All of them have ended, or do so while one waits a moment."""
    _, alive = psutil.wait_procs(processes, timeout=20)
    left = [process.cmdline() for process in alive if process.status() != psutil.STATUS_ZOMBIE]
    for process in alive:
        process.kill()
    assert left == []


_OUTSIDE = Path("/var/tmp", f"nbrerun-tests-{os.getpid()}")
atexit.register(shutil.rmtree, _OUTSIDE, ignore_errors=True)


def beside(folder: Path) -> Path:
    """A file that no sandbox covers: what is written in one never reaches the disk."""
    _OUTSIDE.mkdir(exist_ok=True)
    return _OUTSIDE / folder.name


def stops_in_first_run(folder: Path) -> tuple[Path, Path]:
    """A notebook whose third cell waits for ever, and the file that tells that it has come so far."""
    marker = beside(folder)
    waits = f"open({str(marker)!r}, 'w').close()\nimport time\ntime.sleep(10**6)"
    return write(folder, "x = 1", "x += 1", waits, "y = 1"), marker


def stops_in_rerun(folder: Path) -> tuple[Path, Path]:
    """The same in the rerun of the third cell."""
    marker = beside(folder)
    waits = f"import time; open({str(marker)!r}, 'w').close(); time.sleep(10**6)"
    return write(folder, "x = 1", "x += 1", AGAIN + waits, "y = 1"), marker


def stops_in_computing(folder: Path) -> tuple[Path, Path]:
    """The same, busy instead of asleep."""
    marker = beside(folder)
    computes = f"open({str(marker)!r}, 'w').close(); exec('while True: pass')"
    return write(folder, "x = 1", "x += 1", AGAIN + computes, "y = 1"), marker


def stops_in_a_process_of_its_own(folder: Path) -> tuple[Path, Path]:
    """The same, waiting for a process that the rerun started."""
    marker = beside(folder)
    waits = f"import subprocess; open({str(marker)!r}, 'w').close(); subprocess.run(['sleep', '1000000'])"
    return write(folder, "x = 1", "x += 1", AGAIN + waits, "y = 1"), marker


Stops = Callable[[Path], tuple[Path, Path]]


@pytest.mark.cold_kernel  # nbrerun has to be the ancestor of all processes, as it is for a user
@ENGINES
@pytest.mark.parametrize("stops", [stops_in_first_run, stops_in_rerun, stops_in_a_process_of_its_own])
def test_ctrl_c_reports_what_is_known(
    stops: Stops,
    engine: str,
    tmp_path: Path,
    scratch: Path,
    run: Callable[[Path, str], Running],
) -> None:
    """Exit code 130, the cells that were judged, no process and no temporary file left behind."""
    path, marker = stops(tmp_path)
    running = run(path, engine)
    processes = running.wait_for(marker)
    os.killpg(running.process.pid, signal.SIGINT)
    out, err = running.end()
    assert running.process.returncode == 130, err
    assert "interrupted" in err
    assert "Traceback" not in err
    (notebook,) = json.loads(out)["notebooks"]
    assert notebook["interrupted"]
    assert {index: verdict for index, verdict in verdicts(notebook).items() if index < 2} == {0: "reset", 1: "in-place"}
    assert_gone(processes[1:])
    assert list(scratch.glob("nbrerun*")) == []


@pytest.mark.cold_kernel  # nbrerun has to be the ancestor of all processes, as it is for a user
@ENGINES
@pytest.mark.parametrize(
    "stops", [stops_in_first_run, stops_in_rerun, stops_in_computing, stops_in_a_process_of_its_own]
)
def test_kill_9_leaves_no_process_behind(
    stops: Stops,
    engine: str,
    tmp_path: Path,
    scratch: Path,
    run: Callable[[Path, str], Running],
) -> None:
    """Kernel, moments, branches and what they started end with nbrerun, though nobody tells them."""
    path, marker = stops(tmp_path)
    running = run(path, engine)
    processes = running.wait_for(marker)
    assert len(processes) > 1
    running.process.kill()
    running.end()
    assert_gone(processes[1:])
    assert list(scratch.glob("nbrerun*")) == []
