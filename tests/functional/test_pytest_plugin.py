"""`pytest --nbrerun`: notebooks as files, cells as items."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

from tests.functional.test_bad_input import beside, write

pytest_plugins = ["pytester"]

INSTALLED = bool(entry_points(group="pytest11", name="nbrerun"))
"""An installation older than the plugin has no entry point for it."""

Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester) -> Run:
    """`pytest ARGS` as a process of its own, with the plugin."""
    plugin = [] if INSTALLED else ["-p", "nbrerun.pytest_plugin"]
    return lambda *args: pytester.runpytest_subprocess(*plugin, *args)


def counted(result: pytest.RunResult) -> dict[str, int]:
    """Outcomes by their names; nothing of ours may have raised."""
    assert "pytest_plugin.py" not in result.stdout.str() + result.stderr.str()
    return result.parseoutcomes()


def declare(path: Path, **metadata: Any) -> None:
    """Put something into the metadata of a notebook."""
    node = json.loads(path.read_text())
    node["metadata"]["nbrerun"] = metadata
    path.write_text(json.dumps(node))


def counting(log: Path) -> str:
    """A cell that leaves a line outside of the sandbox for every process that runs it first."""
    return f"import os\nfd = os.open({str(log)!r}, os.O_CREAT | os.O_APPEND | os.O_WRONLY)\nos.write(fd, b'x')"


def test_cells_pass_and_fail_by_name_and_the_text_is_the_finding(run: Run, pytester: pytest.Pytester) -> None:
    """Names hold index, id and first line, whatever is in it; finding, reason and line of the file, no traceback."""
    write(pytester.path, "xs = []", "xs.append(1)", "\nys = xs[::2]")
    result = run("--nbrerun", "-v", ".")
    assert counted(result) == {"passed": 2, "failed": 1}
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        [
            "nb.ipynb::cell[[]0 cell-0 xs = [[][]]] PASSED*",
            "nb.ipynb::cell[[]1 cell-1 xs.append(1)] FAILED*",
            "nb.ipynb::cell[[]2 cell-2 ys = xs[[]::2]] PASSED*",
            "nb.ipynb:*: NBR003 error: `xs` keeps changing*",
            "cell 1 is in-place: *xs.append*",
            "how to fix it: nbrerun explain NBR003",
            "*Captured nbrerun call*",
            "nb.ipynb:*: NBR101 info: *",
        ]
    )
    line = next(line for line in result.outlines if line.startswith("nb.ipynb") and "NBR003 error" in line)
    number = int(line.split(":")[1])
    assert "xs.append(1)" in (pytester.path / "nb.ipynb").read_text().splitlines()[number - 1]
    assert "Traceback" not in result.stdout.str()
    again = run("--nbrerun", "nb.ipynb::cell[1 cell-1 xs.append(1)]")
    assert counted(again) == {"failed": 1}


def test_the_cell_that_raised_fails_and_later_ones_are_skipped(run: Run, pytester: pytest.Pytester) -> None:
    """The exception with the traceback of the notebook; the others say why they were not reached."""
    write(pytester.path, "x = 1", "def f():\n    return 1 / 0\nf()", "z = 2")
    result = run("--nbrerun", "-rs", "nb.ipynb")
    assert counted(result) == {"passed": 1, "failed": 1, "skipped": 1}
    result.stdout.fnmatch_lines(["the main run raised ZeroDivisionError: division by zero", "*return 1 / 0*"])
    result.stdout.fnmatch_lines(["*not reached: the main run raised ZeroDivisionError in cell 1"])


def test_what_is_not_judged_is_skipped_with_its_reason(run: Run, pytester: pytest.Pytester) -> None:
    """Cells tagged so, and notebooks whose kernel lacks what they need; none of this fails."""
    path = write(pytester.path, "raise SystemError", "y = 1", "z = 1")
    node = json.loads(path.read_text())
    node["cells"][0]["metadata"]["tags"] = ["skip-execution"]
    node["cells"][1]["metadata"]["tags"] = ["nbrerun:skip"]
    path.write_text(json.dumps(node))
    declare(write(pytester.path, "import made_up_module_a", name="needs.ipynb"), needs=["made_up_module_a"])
    result = run("--nbrerun", "-rs", ".")
    assert counted(result) == {"passed": 1, "skipped": 3}
    assert result.ret == pytest.ExitCode.OK
    for why in (
        "skipped: tagged `skip-execution`",
        "skipped: tagged `nbrerun:skip`",
        "needs made_up_module_a",
    ):
        result.stdout.fnmatch_lines([f"SKIPPED*.ipynb:*: {why}"])


def test_options_come_from_the_configuration(run: Run, pytester: pytest.Pytester) -> None:
    """`fail-on`, `ignore` and `exclude` count as for `nbrerun check`; a notebook that is named is not excluded."""
    write(pytester.path, "xs = []", "xs.append(1)", "print(xs)")
    (pytester.path / "old").mkdir()
    write(pytester.path / "old", "x = 1")
    configuration = pytester.path / "nbrerun.toml"
    configuration.write_text('ignore = ["NBR003"]\nfail-on = "info"\nexclude = ["old"]')
    result = run("--nbrerun", ".")
    assert counted(result) == {"passed": 1, "failed": 2}
    assert "NBR003" not in result.stdout.str()
    configuration.write_text('fail-on = "never"\nexclude = ["old"]')
    assert counted(run("--nbrerun", "nb.ipynb", "old/nb.ipynb")) == {"passed": 4}


def test_findings_of_the_baseline_do_not_fail(run: Run, pytester: pytest.Pytester) -> None:
    """Those that are known are shown and pass; a new one fails."""
    path = write(pytester.path, "xs = []", "xs.append(1)")
    (pytester.path / "nbrerun.toml").write_text('baseline = "known.json"')
    assert pytester.run(sys.executable, "-m", "nbrerun", "baseline", path).ret == 0
    assert counted(run("--nbrerun", ".")) == {"passed": 2}
    write(pytester.path, "xs = []", "xs.append(1)", "xs.append(2)")
    assert counted(run("--nbrerun", ".")) == {"passed": 2, "failed": 1}


def test_a_notebook_is_checked_once_and_only_if_one_of_its_cells_is_chosen(run: Run, pytester: pytest.Pytester) -> None:
    """-k chooses cells by any word of their names, -x stops, --lf takes up the failed one."""
    first, second = (beside(Path(f"{pytester.path.name}-{name}")) for name in "ab")
    write(pytester.path, counting(first), "xs = []", "xs.append(1)", "xs.append(2)", name="a.ipynb")
    write(pytester.path, counting(second), "ys = 1", name="b.ipynb")
    declare(pytester.path / "a.ipynb", cells=["1-3"], experiment=["again"], engine="fork")
    assert counted(run("--nbrerun", "-k", "append", ".")) == {"failed": 2, "deselected": 4}
    assert (first.read_text(), second.exists()) == ("x", False)
    assert counted(run("--nbrerun", "-x", ".")) == {"skipped": 1, "passed": 1, "failed": 1}
    assert (first.read_text(), second.exists()) == ("xx", False)
    assert counted(run("--nbrerun", "--lf", ".")) == {"failed": 2}
    assert (first.read_text(), second.exists()) == ("xxx", False)


def test_xdist_keeps_the_cells_of_a_notebook_together(run: Run, pytester: pytest.Pytester) -> None:
    """With --dist loadfile each notebook is run by one worker, and the outcome is the same."""
    logs = [beside(Path(f"{pytester.path.name}-{name}")) for name in "ab"]
    for log in logs:
        path = write(pytester.path, counting(log), "xs = []", "xs.append(1)", name=f"{log.name}.ipynb")
        declare(path, cells=["1-2"], experiment=["again"], engine="fork")
    assert counted(run("--nbrerun", "-n", "2", "--dist", "loadfile", ".")) == {"passed": 2, "failed": 2, "skipped": 2}
    assert [log.read_text() for log in logs] == ["x", "x"]


WRONG = {
    "no notebook": ("{", "", "is not JSON"),
    "a wrong key": (None, "engin = 1", "there is no key `engin`; did you mean `engine`?"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_cannot_be_meant_is_one_sentence(what: str, run: Run, pytester: pytest.Pytester) -> None:
    """Before anything runs, with the file; pytest's own exit code for it is 2."""
    text, configuration, sentence = WRONG[what]
    path = write(pytester.path, "x = 1")
    path.write_text(text or path.read_text())
    (pytester.path / "nbrerun.toml").write_text(configuration)
    result = run("--nbrerun", ".")
    assert counted(result) == {"errors": 1}
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines([f"nbrerun: {pytester.path}*{sentence}*"])
    assert "Traceback" not in result.stdout.str()


def test_a_kernel_that_is_not_there_is_said_once(run: Run, pytester: pytest.Pytester) -> None:
    """The first cell fails with the sentence; the others are skipped."""
    write(pytester.path, "x = 1", "y = 1", "z = 1")
    (pytester.path / "nbrerun.toml").write_text('kernel = "made-up"')
    result = run("--nbrerun", ".")
    assert counted(result) == {"failed": 1, "skipped": 2}
    assert len([line for line in result.outlines if line.startswith("nbrerun: ") and "made-up" in line]) == 1


def test_an_interrupt_ends_the_session(run: Run, pytester: pytest.Pytester) -> None:
    """As in any other test; no cell is said to have passed."""
    write(pytester.path, "x = 1")
    pytester.makeconftest(
        """
        from nbrerun import analysis
        from nbrerun.model import NotebookReport
        analysis.analyze = lambda *args: NotebookReport("nb.ipynb", "", "", "python3", interrupted=True)
        """
    )
    result = run("--nbrerun", ".")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert "passed" not in result.stdout.str()


def test_without_the_option_nothing_is_collected_or_imported(run: Run, pytester: pytest.Pytester) -> None:
    """Notebooks are let alone, and no module of nbrerun but the plugin is loaded; hidden ones need to be named."""
    write(pytester.path, "x = 1", name=".hidden.ipynb")
    assert run("--nbrerun", ".").ret == pytest.ExitCode.NO_TESTS_COLLECTED
    write(pytester.path, "x = 1")
    pytester.makepyfile(
        """
        import sys
        def test_loaded():
            ours = {name for name in sys.modules if name.partition(".")[0] in ("nbrerun", "nbformat", "click", "rich")}
            assert ours <= {"nbrerun", "nbrerun.pytest_plugin"}
        """
    )
    assert counted(run(".")) == {"passed": 1}


def test_pytest_finds_the_plugin_by_its_entry_point() -> None:
    """What is installed names the module that the other tests load."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert project["entry-points"] == {"pytest11": {"nbrerun": "nbrerun.pytest_plugin"}}
