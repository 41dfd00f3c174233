"""Configuration: files, metadata and command line, which of them counts, and what is refused."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click.testing
import pytest

from nbrerun import analysis
from nbrerun.cli import check, main
from nbrerun.model import Finding, NotebookReport, Severity
from nbrerun.notebooks.read import Notebook
from nbrerun.settings.files import EXCLUDE, IGNORES
from nbrerun.settings.resolve import OF_A_NOTEBOOK, options_of
from nbrerun.settings.values import Gate, Settings
from tests.unit.fake_environments import fake_environment

Write = Callable[..., Path]

EVERY_RULE = ("NBR002", "NBR004", "NBR101")


@pytest.fixture
def asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Settings]:
    """Settings by notebook, of an analysis that finds one error, one warning and one info in each."""
    calls: dict[str, Settings] = {}

    def analyze(notebook: Notebook, settings: Settings, listener: analysis.Listener) -> NotebookReport:
        calls[notebook.path.as_posix()] = settings
        severities = zip(EVERY_RULE, Severity, strict=True)
        findings = tuple(Finding(rule, severity, 0, None, f"says {rule}") for rule, severity in severities)
        return NotebookReport(str(notebook.path), "fork", "", "python3", findings=findings)

    monkeypatch.setattr(analysis, "analyze", analyze)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.chdir(tmp_path)
    return calls


def run(*args: str) -> click.testing.Result:
    """Run `nbrerun ARGS`; a traceback fails the test."""
    result = click.testing.CliRunner().invoke(main, args)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def configure(text: str, name: str = "nbrerun.toml") -> None:
    """Write a configuration file below the current folder."""
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text, encoding="utf-8")


def reported(result: click.testing.Result) -> list[str]:
    """The rules that a report shows."""
    return [rule for rule in EVERY_RULE if f"says {rule}" in result.stdout]


def test_every_option_is_a_key_of_a_file(asked_for: dict[str, Settings], write_notebook: Write, tmp_path: Path) -> None:
    """Each long name means there what it means on the command line; a folder is looked for beside the file."""
    (tmp_path / "data").mkdir()
    write_notebook("x", {"source": "y", "tags": ["train"]}, name="sub/nb.ipynb")
    configure(
        """
        [tool.nbrerun]
        cells = [0, "tag:train"]
        only = "models"
        watch = "a"
        experiment = ["again", "fresh-clone", "restart"]
        restart = true
        engine = "replay"
        kernel = "my kernel"
        timeout = 3
        sandbox = "copy"
        sandbox-dir = ["data"]
        sandbox-limit = "2G"
        write-files = true
        """,
        "pyproject.toml",
    )
    os.chdir("sub")
    assert run("check", "nb.ipynb").exit_code == 1
    assert asked_for["nb.ipynb"] == Settings(
        cells=("0", "tag:train"),
        only="models",
        watch=frozenset({"a"}),
        experiments=frozenset({"again", "fresh-clone", "restart"}),
        all_plans=True,
        engine="replay",
        kernel="my kernel",
        timeout=3.0,
        sandbox="copy",
        sandbox_dirs=(tmp_path.resolve() / "data",),
        sandbox_limit=2 << 30,
        write_files=True,
    )


def test_no_key_is_forgotten() -> None:
    """All that may differ from notebook to notebook is an option, and no option has the name of another key."""
    options = set(options_of(check))
    assert options >= OF_A_NOTEBOOK
    assert not options & {EXCLUDE, IGNORES, "needs", "help", "version", "svg"}


@pytest.mark.parametrize(
    ("files", "timeout"),
    [
        ({"nbrerun.toml": "timeout = 1"}, 1),
        ({"a/nbrerun.toml": "timeout = 2", "nbrerun.toml": "timeout = 1"}, 2),
        ({"a/nbrerun.toml": "timeout = 2", "a/pyproject.toml": "[tool.nbrerun]\ntimeout = 3"}, 2),
        ({"a/pyproject.toml": "[tool.ruff]", "pyproject.toml": "[tool.nbrerun]\ntimeout = 3"}, 3),
        ({"a/pyproject.toml": "[tool.nbrerun]", "nbrerun.toml": "timeout = 1"}, None),
        ({"a/b/other/nbrerun.toml": "timeout = 2"}, None),
    ],
)
def test_the_nearest_file_upwards_counts(
    asked_for: dict[str, Settings], write_notebook: Write, files: dict[str, str], timeout: float | None
) -> None:
    """From the notebook's folder, not from the current one; a pyproject.toml without our table is passed by."""
    write_notebook("x", name="a/b/nb.ipynb")
    for name, text in files.items():
        configure(text, name)
    run("check", "a/b/nb.ipynb")
    assert asked_for["a/b/nb.ipynb"] == Settings(timeout=timeout)


def test_notebooks_of_one_run_have_files_of_their_own(asked_for: dict[str, Settings], write_notebook: Write) -> None:
    """Each is checked as the file above it says."""
    for name in ("a/nb.ipynb", "b/nb.ipynb"):
        write_notebook("x", name=name)
    configure('engine = "fork"', "a/nbrerun.toml")
    configure('engine = "replay"', "b/nbrerun.toml")
    run("check", ".")
    assert {name: settings.engine for name, settings in asked_for.items()} == {
        "a/nb.ipynb": "fork",
        "b/nb.ipynb": "replay",
    }


@pytest.mark.parametrize(
    ("args", "metadata", "file", "settings"),
    [
        ("", {}, "", Settings()),
        ("", {}, "engine = 'fork'", Settings(engine="fork")),
        ("", {"engine": "replay", "needs": []}, "engine = 'fork'", Settings(engine="replay")),
        ("--engine auto", {"engine": "replay"}, "engine = 'fork'", Settings()),
        ("--engine fork", {"timeout": 5}, "only = 'models'", Settings(engine="fork", timeout=5, only="models")),
        ("--watch b", {}, "watch = ['a']", Settings(watch=frozenset("b"))),
        ("--no-write-files", {}, "write-files = true", Settings()),
        ("--no-static", {}, "static = true", Settings()),
    ],
)
def test_the_command_line_wins_over_the_notebook_and_that_over_the_file(
    asked_for: dict[str, Settings],
    write_notebook: Write,
    args: str,
    metadata: dict[str, Any],
    file: str,
    settings: Settings,
) -> None:
    """Key by key, also where somebody asks for the default."""
    write_notebook("a = b = 1", metadata={"nbrerun": metadata})
    configure(file)
    run("check", "nb.ipynb", *args.split())
    assert asked_for["nb.ipynb"] == settings


@pytest.mark.parametrize(
    ("args", "file", "left", "code"),
    [
        ("", "", ["NBR002", "NBR004"], 1),
        ("--fail-on never", "", ["NBR002", "NBR004"], 0),
        ("--fail-on info --ignore NBR0", "", ["NBR101"], 1),
        ("--fail-on warning --ignore NBR0", "", [], 0),
        ("--fail-on warning --ignore nbr002", "", ["NBR004"], 1),
        ("--ignore NBR002", "", ["NBR004"], 0),
        ("--select NBR004,NBR1", "", ["NBR004", "NBR101"], 0),
        ("--select NBR --ignore NBR00", "", ["NBR101"], 0),
        ("--select NBR0 --ignore NBR002", "", ["NBR004"], 0),
        ("--select NBR002 --ignore NBR0", "", ["NBR002"], 1),
        ("--select NBR002 --ignore NBR002", "", [], 0),
        ("", "select = ['NBR0']\nignore = 'NBR004'", ["NBR002"], 1),
        ("--select NBR1", "select = ['NBR0']\nfail-on = 'info'", ["NBR101"], 1),
        ("", "[per-notebook-ignores]\n'nb.ipynb' = ['NBR002']\n'n*' = 'NBR1'", ["NBR004"], 0),
        ("--select NBR002", "[per-notebook-ignores]\n'nb.ipynb' = ['NBR0']", [], 0),
        ("", "[per-notebook-ignores]\n'other/**' = ['NBR002']", ["NBR002", "NBR004"], 1),
    ],
)
def test_which_findings_count(
    asked_for: dict[str, Settings], write_notebook: Write, args: str, file: str, left: list[str], code: int
) -> None:
    """Rules by code and prefix, the longer prefix deciding; `fail-on` says which severity is too grave."""
    write_notebook("x")
    configure(file)
    result = run("check", "nb.ipynb", "-v", *args.split())
    assert (reported(result), result.exit_code) == (list(left), code)


def test_keys_may_have_underscores(asked_for: dict[str, Settings], write_notebook: Write) -> None:
    """Other tools write them so, in a file and in the notebook."""
    write_notebook("x", metadata={"nbrerun": {"sandbox_limit": "7"}})
    configure("write_files = true\nfail_on = 'never'\n[per_notebook_ignores]\n'b.ipynb' = ['NBR']")
    assert run("check", "nb.ipynb").exit_code == 0
    settings = asked_for["nb.ipynb"]
    assert (settings.write_files, settings.sandbox_limit) == (True, 7)
    assert 'per-notebook-ignores."b.ipynb"' in run("config").stdout


def test_cells_that_there_are_not_are_said_with_their_place(
    asked_for: dict[str, Settings], write_notebook: Write
) -> None:
    """On the command line they need none."""
    write_notebook("x", metadata={"nbrerun": {"cells": "9"}})
    says = "--cells 9: nb.ipynb has only cell 0\n"
    assert run("check", "nb.ipynb").stderr == f"nbrerun: metadata of nb.ipynb: {says}"
    assert run("check", "nb.ipynb", "--cells", "9").stderr == f"nbrerun: {says}"
    assert asked_for == {}


def test_one_notebook_that_fails_is_enough(asked_for: dict[str, Settings], write_notebook: Write) -> None:
    """Another one after it, of which nothing counts, does not make it good."""
    for name in ("a.ipynb", "b.ipynb"):
        write_notebook("x", name=name)
    configure("[per-notebook-ignores]\n'b.ipynb' = ['NBR']")
    assert run("check", "a.ipynb", "b.ipynb").exit_code == 1
    assert run("check", "b.ipynb").exit_code == 0


def test_a_gate_without_wishes_lets_everything_through() -> None:
    """Nothing selected means all, and only errors fail."""
    gate = Gate()
    assert all(map(gate.reports, EVERY_RULE))
    assert not gate.fails(Finding("NBR004", Severity.WARNING, 0, None, ""))


def test_the_python_of_a_file_lies_relative_to_it(
    asked_for: dict[str, Settings], write_notebook: Write, tmp_path: Path
) -> None:
    """The command line's kernel takes its place: both answer the same question."""
    there = fake_environment(tmp_path / "a" / "env") / "bin" / "python"
    write_notebook("x", name="a/b/nb.ipynb")
    configure("python = 'env'", "a/nbrerun.toml")
    run("check", "a/b/nb.ipynb")
    assert asked_for["a/b/nb.ipynb"] == Settings(python=there)
    run("check", "a/b/nb.ipynb", "--kernel", "k")
    assert asked_for["a/b/nb.ipynb"] == Settings(kernel="k")


@pytest.mark.parametrize("python", ["env", "env/bin/python"])
def test_a_file_names_no_python_that_git_tracks(
    python: str, asked_for: dict[str, Settings], write_notebook: Write, tmp_path: Path
) -> None:
    """It would be run outside of the sandbox, and come with somebody else's notebooks; the command line may name it."""
    fake_environment(tmp_path / "env")
    write_notebook("x")
    configure(f"python = '{python}'")
    subprocess.run(["git", "init", "-q"], check=True)
    assert run("check", "nb.ipynb").exit_code == 1
    subprocess.run(["git", "add", "-f", "env"], check=True)
    asked_for.clear()
    result = run("check", "nb.ipynb")
    assert (result.exit_code, asked_for) == (2, {})
    assert "python: git tracks files in" in result.stderr
    assert run("check", "nb.ipynb", "--kernel", "python3").exit_code == 2  # the file is wrong, whatever counts
    (tmp_path / "nbrerun.toml").unlink()
    assert run("check", "nb.ipynb", "--python", python).exit_code == 1


def test_a_notebook_names_no_python(asked_for: dict[str, Settings], write_notebook: Write) -> None:
    """A path means nothing on the next machine, and a notebook comes from anywhere."""
    write_notebook("x", metadata={"nbrerun": {"python": "env"}})
    result = run("check", "nb.ipynb")
    assert (result.exit_code, asked_for) == (2, {})
    assert "`python` applies to a whole run" in result.stderr


NOTEBOOKS = ("a/nb.ipynb", "a/old/nb.ipynb", "b/deep/er/nb.ipynb", "old/nb.ipynb", "solutions.ipynb")


@pytest.mark.parametrize(
    ("globs", "left"),
    [
        (["old"], [0, 2, 4]),
        (["old/"], [0, 2, 4]),
        (["/old"], [0, 1, 2, 4]),
        (["old/nb.ipynb"], [0, 1, 2, 4]),
        (["./old/*"], [0, 1, 2, 4]),
        (["a/old"], [0, 2, 3, 4]),
        (["**/old"], [0, 2, 4]),
        (["b/*"], [0, 1, 3, 4]),
        (["b/*.ipynb"], [0, 1, 2, 3, 4]),
        (["b/**/nb.ipynb"], [0, 1, 3, 4]),
        (["sol*", "?"], [3]),
    ],
)
def test_folders_are_searched_without_what_is_excluded(
    asked_for: dict[str, Settings], write_notebook: Write, globs: list[str], left: list[int]
) -> None:
    """Globs start at the file's folder; without a slash they mean a name anywhere, and a folder is all of it."""
    for name in NOTEBOOKS:
        write_notebook("x", name=name)
    configure(f"exclude = {globs}")
    run("check", ".")
    assert sorted(asked_for) == [NOTEBOOKS[number] for number in left]


def test_what_is_named_is_checked_even_if_it_is_excluded(asked_for: dict[str, Settings], write_notebook: Write) -> None:
    """Exclusion is for folders; where it leaves nothing, that is said."""
    write_notebook("x")
    configure("exclude = ['*.ipynb']")
    assert run("check", "nb.ipynb").exit_code == 1
    result = run("check", ".")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "nbrerun: every notebook in the folder . is excluded by its configuration\n"


def test_keys_of_the_whole_run_come_from_the_file_above_all_paths(
    asked_for: dict[str, Settings], write_notebook: Write
) -> None:
    """A file further down has no say in how the report looks; the command line has the last word."""
    for name in ("a/nb.ipynb", "b/nb.ipynb"):
        write_notebook("x", name=name)
    configure("quiet = true", "a/nbrerun.toml")
    header = "kernel python3"
    assert header not in run("check", "a").stdout
    assert header in run("check", "a", "b").stdout
    assert run("check", "a", "-v").stdout == run("check", "b", "-v").stdout.replace("b/nb", "a/nb")


@pytest.mark.parametrize(
    ("file", "says"),
    [
        ("timeuot = 3", "there is no key `timeuot`; did you mean `timeout`?"),
        ("fail_no = 'never'", "there is no key `fail_no`; did you mean `fail-on`?"),
        ("fail_on = 'never'\nfail-on = 'never'", "`fail_on` and `fail-on` are the same key, and only one may be given"),
        ("[tool.nbrerun]", "there is no key `tool`; keys in this file stand without `[tool.nbrerun]`"),
        ("needs = ['torch']", "there is no key `needs`; "),
        ("svg = 'x.svg'", "there is no key `svg`; "),
        ("timeout = 'soon'", 'timeout must be a number, not "soon"'),
        ("timeout = true", "timeout must be a number, not true"),
        ("timeout = 0", "timeout: give a number of seconds greater than 0"),
        ("timeout = nan", "timeout: give a number of seconds greater than 0"),
        ("engine = 'frok'", "engine: there is no 'frok'; did you mean `fork`?"),
        ("engine = ['fork']", 'engine must be a string, not ["fork"]'),
        ("restart = 'yes'", 'restart must be true or false, not "yes"'),
        ("watch = [['a']]", 'watch must be a list of strings, not [["a"]]'),
        ("experiment = 'agian'", "experiment: there is no 'agian'; choose from again, later"),
        ("sandbox-limit = 'lots'", "sandbox-limit: 'lots' is not a size"),
        ("sandbox-dir = ['nowhere']", "sandbox-dir: there is no folder "),
        ("select = ['NBR02']", "select: there is no rule 'NBR02'; did you mean `NBR002`?"),
        ("fail-on = 'errors'", "fail-on: there is no 'errors'; did you mean `error`?"),
        ("exclude = [1]", "exclude must be a list of globs, not [1]"),
        ("exclude = ['']", 'exclude must be a list of globs, not [""]'),
        ("per-notebook-ignores = ['a']", "per-notebook-ignores must be a table of globs, each with a list of rules"),
        ("[per-notebook-ignores]\n'a*' = ['NBRX']", "per-notebook-ignores.\"a*\": ignore: there is no rule 'NBRX'"),
        ("timeout = ", "is not TOML (Invalid value (at end of document))"),
    ],
)
def test_what_a_file_cannot_mean_is_one_sentence(
    asked_for: dict[str, Settings], write_notebook: Write, file: str, says: str
) -> None:
    """Exit 2 with the file, the key and what may have been meant; nothing is run."""
    write_notebook("x")
    configure(file)
    for args in (["check", "nb.ipynb"], ["check", "."], ["config"], ["config", "nb.ipynb"]):
        result = run(*args)
        place, _, rest = result.stderr.removeprefix("nbrerun: ").partition("nbrerun.toml")
        assert (result.exit_code, result.stdout, asked_for) == (2, "", {})
        assert rest.lstrip(": ").startswith(says)
        assert Path(place) == Path.cwd()
        assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[tool]\nnbrerun = 3", "pyproject.toml: tool.nbrerun must be a table"),
        ("[tool.nbrerun]\nnope = 3", "pyproject.toml: there is no key `nope`; "),
        ("[tool.nbrerun", "pyproject.toml is not TOML ("),
    ],
)
def test_a_wrong_pyproject_is_said(asked_for: dict[str, Settings], write_notebook: Write, text: str, says: str) -> None:
    """One sentence that begins with the file."""
    write_notebook("x")
    configure(text, "pyproject.toml")
    result = run("check", "nb.ipynb")
    assert (result.exit_code, asked_for) == (2, {})
    assert result.stderr.startswith(f"nbrerun: {Path.cwd() / says}")


@pytest.mark.parametrize("content", [b"\xff", b"timeout = " + b"[" * 100_000])
def test_a_file_that_cannot_be_parsed_is_said(
    asked_for: dict[str, Settings], write_notebook: Write, content: bytes
) -> None:
    """Bytes that are no UTF-8, and brackets without end, are no TOML."""
    write_notebook("x")
    Path("nbrerun.toml").write_bytes(content)
    result = run("check", "nb.ipynb")
    assert (result.exit_code, asked_for) == (2, {})
    assert "nbrerun.toml is not TOML (" in result.stderr


@pytest.mark.parametrize(
    ("own", "says"),
    [
        ({"need": ["torch"]}, "there is no key `need`; did you mean `needs`?"),
        ({"engine": "frok"}, "engine: there is no 'frok'; did you mean `fork`?"),
        ({"quiet": True}, "`quiet` applies to a whole run: set it on the command line or in a file"),
        ({"exclude": ["a"]}, "there is no key `exclude`; "),
        ({"timeout": None}, "timeout must be a number, not -"),
    ],
)
def test_what_a_notebook_cannot_mean_is_one_sentence(
    asked_for: dict[str, Settings], write_notebook: Write, own: dict[str, Any], says: str
) -> None:
    """Exit 2 with the notebook and the key; nothing is run."""
    write_notebook("x", metadata={"nbrerun": own})
    result = run("check", "nb.ipynb")
    assert (result.exit_code, asked_for) == (2, {})
    assert result.stderr.startswith(f"nbrerun: nb.ipynb: metadata.nbrerun: {says}")


def test_config_prints_each_value_and_where_it_came_from(asked_for: dict[str, Settings], write_notebook: Write) -> None:
    """One line for each key, the file's globs and the cells' declarations; nothing is run."""
    cell = {"source": "x", "metadata": {"tags": ["nbrerun:in-place"], "nbrerun": {"ignore": ["NBR005"]}}}
    write_notebook("y", cell, metadata={"nbrerun": {"timeout": 9, "needs": ["a"]}})
    configure("engine = 'fork'\nexclude = ['old']\nper-notebook-ignores = {'nb*' = 'NBR1'}")
    file = str(Path.cwd() / "nbrerun.toml")
    result = run("config", "nb.ipynb")
    rows = {key: rest for key, *rest in (re.split("  +", line) for line in result.stdout.splitlines())}
    assert (result.exit_code, asked_for) == (0, {})
    assert rows["engine"] == ['"fork"', file]
    assert rows["timeout"] == ["9.0", "metadata of nb.ipynb"]
    assert rows["kernel"] == ["-", "default"]
    assert rows["experiment"] == ['["again", "later", "restart"]', "default"]
    assert rows["exclude"] == ['["old"]', file]
    assert rows['per-notebook-ignores."nb*"'] == ['["NBR1"]', file]
    assert result.stdout.splitlines()[-1] == "cell 1 declares in-place, ignore NBR005"
    assert set(options_of(check)) <= set(rows)


def test_config_of_a_folder_is_what_the_file_says(asked_for: dict[str, Settings]) -> None:
    """The current folder unless another path is given; a path that is not there is one sentence."""
    configure("timeout = 1", "a/nbrerun.toml")
    assert str(Path.cwd()) not in run("config").stdout
    assert str(Path.cwd() / "a" / "nbrerun.toml") in run("config", "a").stdout
    result = run("config", "nowhere")
    assert (result.exit_code, result.stderr) == (2, "nbrerun: there is no file nowhere\n")


def test_paths_that_cannot_be_are_one_sentence(asked_for: dict[str, Settings]) -> None:
    """The search for a file trips over no name."""
    for name in ("n" * 300, "no/such/nb.ipynb"):
        for command in ("check", "config"):
            result = run(command, name)
            assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)


def test_where_the_cache_is(asked_for: dict[str, Settings], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The command line says it before the environment, and that before the file, whose folder it starts from."""
    monkeypatch.delenv("NBRERUN_CACHE_DIR")
    (tmp_path / "a").mkdir()
    monkeypatch.chdir(tmp_path / "a")
    configure("cache-dir = 'kept'", "../nbrerun.toml")
    assert run("cache", "info").stdout.splitlines()[0] == str(tmp_path / "kept")
    monkeypatch.setenv("NBRERUN_CACHE_DIR", "elsewhere")
    assert run("cache", "info").stdout.splitlines()[0] == str(tmp_path / "a" / "elsewhere")
    row = next(line for line in run("config").stdout.splitlines() if line.startswith("cache-dir"))
    assert re.split("  +", row)[1:] == ['"elsewhere"', "environment"]
    assert run("cache", "info", "--cache-dir", "here").stdout.splitlines()[0] == str(tmp_path / "a" / "here")


def test_a_wrong_cache_is_no_reason_to_stop(
    asked_for: dict[str, Settings], write_notebook: Write, tmp_path: Path
) -> None:
    """One sentence on stderr, and the check does its work; nothing is made before all else is right."""
    write_notebook("x")
    (tmp_path / "file").write_text("")
    result = run("check", "nb.ipynb", "--cache-dir", "file")
    assert (result.exit_code, list(asked_for)) == (1, ["nb.ipynb"])
    assert result.stderr == "nbrerun: the cache in file is ignored: File exists\n"
    assert run("check", "nb.ipynb", "--cache-dir", "new", "--output", "no/such/folder").exit_code == 2
    assert run("check", "nb.ipynb", "--cache-dir", "new", "--static").exit_code == 1
    assert run("check", "nb.ipynb", "--cache-dir", "new", "--no-cache").exit_code == 1
    assert not (tmp_path / "new").exists()
