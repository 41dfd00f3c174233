"""The command line with a fake analysis: what is asked of it, what is shown, and which exit code follows."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click.testing
import pytest

import nbrerun
from nbrerun import analysis
from nbrerun.cli import main
from nbrerun.errors import KernelError
from nbrerun.model import CellReport, Failure, Finding, NotebookReport, Seconds, Severity, Verdict
from nbrerun.notebooks.read import Notebook
from nbrerun.settings.values import EXPERIMENTS, FORMATS, WHOLE, Settings
from tests.unit.fake_environments import fake_environment

Write = Callable[..., Path]
ROOT = Path(nbrerun.__file__).parents[1]


@dataclass
class Fake:
    """Stands in for `analyze`: notes what it is called with, and answers or raises by the notebook's name."""

    answers: dict[str, Any] = field(default_factory=dict)
    calls: list[tuple[str, Settings]] = field(default_factory=list)

    def __call__(self, notebook: Notebook, settings: Settings, listener: analysis.Listener) -> NotebookReport:
        self.calls.append((notebook.path.name, settings))
        answer = self.answers.get(notebook.path.name, {})
        if callable(answer):
            answer = answer()
        if isinstance(answer, BaseException):
            raise answer
        cell = CellReport(0, "a", Verdict.RESET, "starts over", "x = 1", Seconds(1.0, 1.0))
        return NotebookReport(str(notebook.path), "fork", "", "python3", **{"cells": (cell,), **answer})


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Fake:
    """The fake, put in place of `analyze`."""
    fake = Fake()
    monkeypatch.setattr(analysis, "analyze", fake)
    monkeypatch.setenv("COLUMNS", "80")
    return fake


def run(*args: object) -> click.testing.Result:
    """Run `nbrerun check ARGS`; a traceback fails the test."""
    result = click.testing.CliRunner().invoke(main, ["check", *map(str, args)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def finding(severity: Severity) -> dict[str, Any]:
    """An answer of the fake with one finding."""
    return {"findings": (Finding("NBR002", severity, 0, "model", "keeps training"),)}


FAILURE = {"failure": Failure("ValueError", "no", (), 1)}


def test_defaults_are_those_of_settings(fake: Fake, write_notebook: Write) -> None:
    """Without options the analysis gets `Settings()`, and exit code 0 says that all is well."""
    result = run(write_notebook("x = 1"))
    assert (result.exit_code, fake.calls) == (0, [("nb.ipynb", Settings())])
    assert "starts over" in result.stdout
    assert result.stderr == ""


def test_every_option_arrives(fake: Fake, write_notebook: Write) -> None:
    """Options become the settings that they name; lists may be repeated and comma separated."""
    path = write_notebook("a = b = 1", "y", "z", {"source": "t", "tags": ["train"]})
    args = "--cells 0,1-2 --cells tag:train --only models --watch a --watch b --experiment again --engine replay"
    files = f"--sandbox copy --sandbox-dir {path.parent} --sandbox-limit 2G --write-files"
    run(path, *args.split(), "--kernel", "my kernel", "--timeout", "2.5", *files.split())
    assert fake.calls[0][1] == Settings(
        cells=("0", "1-2", "tag:train"),
        only="models",
        watch=frozenset({"a", "b"}),
        experiments=frozenset({"again"}),
        engine="replay",
        kernel="my kernel",
        sandbox="copy",
        sandbox_dirs=(path.parent,),
        sandbox_limit=2 << 30,
        write_files=True,
        timeout=2.5,
    )


def test_the_python_is_an_absolute_path(fake: Fake, write_notebook: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """A check may run in another process and another folder; an environment stands for its interpreter."""
    path = write_notebook("x")
    there = fake_environment(path.parent / "env") / "bin" / "python"
    monkeypatch.chdir(path.parent)
    for given in ("env", "env/bin/python"):
        run(path, "--python", given)
    assert [call[1] for call in fake.calls] == [Settings(python=there)] * 2


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--python", "env", "--kernel", "python3"], "--kernel and --python both say what to run in"),
        (["--python", "no"], "--python no: there is no such interpreter"),
        (["--python", "env", "--static"], "a static check runs nothing, so --python has no meaning"),
    ],
)
def test_a_python_that_cannot_be_meant_is_one_sentence(
    args: list[str], said: str, fake: Fake, write_notebook: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is run, and the exit code is 2."""
    path = write_notebook("x")
    fake_environment(path.parent / "env")
    monkeypatch.chdir(path.parent)
    result = run(path, *args)
    assert (result.exit_code, fake.calls) == (2, [])
    assert result.stderr.startswith(f"nbrerun: {said}")


@pytest.mark.parametrize(
    ("args", "experiments"),
    [
        ("", set(EXPERIMENTS)),
        ("--experiment again,later --experiment again", {"again", "later"}),
        ("--experiment run-all-twice,fresh-clone", {"run-all-twice", "fresh-clone"}),
        (f"--experiment {','.join((*EXPERIMENTS, *WHOLE))}", {*EXPERIMENTS, *WHOLE}),
        ("--restart", set(EXPERIMENTS)),
        ("--experiment again,fresh-clone --restart", {"again", "fresh-clone"}),
    ],
)
def test_experiments_add_up(fake: Fake, write_notebook: Write, args: str, experiments: set[str]) -> None:
    """Comma separated and repeated names are one set; no name is the default set; `--restart` is about the display."""
    run(write_notebook("x"), *args.split())
    assert fake.calls[0][1].experiments == experiments


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", None), ("90s", 90), ("10m", 600), ("1h30m", 5400), ("1H", 3600), ("1m 5", None)]
)
def test_times_have_units(fake: Fake, write_notebook: Write, text: str, seconds: int | None) -> None:
    """Hours, minutes and seconds, of which the last is meant where nothing is said."""
    result = run(write_notebook("x"), "--budget", text)
    if seconds is None:
        assert result.exit_code == 2
        return
    budget = fake.calls[0][1].budget
    assert budget is not None
    assert budget.end - budget.begin == pytest.approx(seconds, abs=20)


def test_a_shard_without_a_notebook_is_good(fake: Fake, write_notebook: Write, tmp_path: Path) -> None:
    """A matrix may have more parts than there are notebooks; a report is written all the same."""
    write_notebook("x", name="a.ipynb")
    result = run(tmp_path, "--shard", "2/2")
    assert (result.exit_code, fake.calls) == (0, [])
    assert "0 cells in 0 notebooks" in result.stdout
    assert result.stderr == "nbrerun: there is no notebook in this shard\n"


def test_fail_fast_says_what_it_left_out(fake: Fake, write_notebook: Write, tmp_path: Path) -> None:
    """One sentence, and the exit code of what was found."""
    for name in "abc":
        write_notebook("x", name=f"{name}.ipynb")
    fake.answers["a.ipynb"] = finding(Severity.ERROR)
    result = run(tmp_path, "--fail-fast")
    assert (result.exit_code, len(fake.calls)) == (1, 1)
    assert result.stderr == "nbrerun: stopped at the first notebook that fails; 2 of 3 not checked\n"


def test_blanks_between_names_are_no_matter(fake: Fake, write_notebook: Write) -> None:
    """A comma may be followed by a blank."""
    run(write_notebook("x"), "--experiment", "again, later")
    assert fake.calls[0][1].experiments == {"again", "later"}


def test_sandbox_folders_are_absolute_and_named_once(
    fake: Fake, write_notebook: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relative path, a link and a second mention all come out as the one folder that they mean."""
    folder = write_notebook("x").parent.resolve()
    (folder / "data").mkdir()
    (folder / "link").symlink_to("data")
    monkeypatch.chdir(folder)
    run("nb.ipynb", "--sandbox-dir", "data", "--sandbox-dir", ".", "--sandbox-dir", "link")
    assert fake.calls[0][1].sandbox_dirs == (folder / "data", folder)


@pytest.mark.parametrize(
    ("size", "number"),
    [("1", 1), ("4096", 4096), ("1k", 1 << 10), ("500M", 500 << 20), ("2g", 2 << 30), ("3T", 3 << 40)],
)
def test_sizes_have_units(fake: Fake, write_notebook: Write, size: str, number: int) -> None:
    """K, M, G and T, in either case, are powers of 1024; without one it is bytes."""
    run(write_notebook("x"), "--sandbox-limit", size)
    assert fake.calls[0][1].sandbox_limit == number


def test_the_command_line_outranks_a_cell_that_declines(
    fake: Fake, write_notebook: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--cells` has a cell run again that is tagged `nbrerun:skip`; the same key in a file has not."""
    path = write_notebook("x", {"source": "y", "tags": ["nbrerun:skip"]}, {"source": "z", "tags": ["nbrerun:skip"]})
    declined = []

    def analyze(notebook: Notebook, settings: Settings, listener: analysis.Listener) -> NotebookReport:
        declined.append([cell.index for cell in notebook.cells if cell.declared.skip])
        return fake(notebook, settings, listener)

    monkeypatch.setattr(analysis, "analyze", analyze)
    run(path, "--no-cache")
    run(path, "--no-cache", "--cells", "0-1")
    (path.parent / "nbrerun.toml").write_text('cells = "0-1"')
    run(path, "--no-cache")
    assert declined == [[1, 2], [2], [1, 2]]


def test_several_notebooks_are_one_report(fake: Fake, write_notebook: Write, tmp_path: Path) -> None:
    """A folder and a file are checked in order, each once, and reported together."""
    b, _ = write_notebook("x", name="b.ipynb"), write_notebook("x", name="a.ipynb")
    result = run(b, tmp_path)
    assert [name for name, _ in fake.calls] == ["b.ipynb", "a.ipynb"]
    assert "2 cells in 2 notebooks: 2 reset" in result.stdout


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({}, 0),
        (finding(Severity.WARNING), 0),
        (finding(Severity.INFO), 0),
        (finding(Severity.ERROR), 1),
        (FAILURE, 3),
        (FAILURE | finding(Severity.ERROR), 3),
        (FAILURE | {"interrupted": True}, 130),
        (KeyboardInterrupt(), 130),
        (KernelError("there is no kernel x"), 2),
    ],
)
def test_exit_codes(fake: Fake, write_notebook: Write, answer: Any, code: int) -> None:
    """0 well, 1 findings, 3 failed wins over 1, 130 interrupted, 2 no such kernel."""
    fake.answers["nb.ipynb"] = answer
    assert run(write_notebook("x")).exit_code == code


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"cells": ("skipped", "undetermined", "undetermined")}, "1 cell skipped, 2 cells undetermined"),
        ({"lacks": ("torch",)}, "1 notebook skipped"),
        ({"cells": ("reset",)}, ""),
    ],
)
def test_strict_fails_what_was_not_judged(fake: Fake, write_notebook: Write, answer: Any, said: str) -> None:
    """With `--strict` the exit code is 1 and a sentence says why; without it is 0."""
    verdicts = map(Verdict, answer.pop("cells", ()))
    cells = tuple(CellReport(index, str(index), verdict, "") for index, verdict in enumerate(verdicts))
    fake.answers["nb.ipynb"] = {**answer, "cells": cells}
    path = write_notebook("x")
    assert run(path).exit_code == 0
    strict = run(path, "--strict")
    assert (strict.exit_code, strict.stderr) == ((1, f"nbrerun: --strict: {said}\n") if said else (0, ""))


def test_the_worst_notebook_gives_the_exit_code(fake: Fake, write_notebook: Write, tmp_path: Path) -> None:
    """One failed notebook among others is exit 3, whatever comes after it."""
    for name in "abc":
        write_notebook("x", name=f"{name}.ipynb")
    fake.answers = {"a.ipynb": finding(Severity.ERROR), "b.ipynb": FAILURE}
    assert run(tmp_path).exit_code == 3


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ((), "nbrerun: give at least one notebook"),
        (("missing.ipynb",), "nbrerun: there is no file missing.ipynb"),
        (("empty",), "nbrerun: there is no notebook (*.ipynb) in the folder empty"),
        (("nb.ipynb", "--cells", "7"), "nbrerun: --cells 7: nb.ipynb has only cell 0"),
        (
            ("nb.ipynb", "--output", "nowhere/r.json"),
            "nbrerun: the folder of the output file nowhere/r.json does",
        ),
        (("nb.ipynb", "--output", "empty"), "nbrerun: the output file empty is a folder"),
        (
            ("nb.ipynb", "--output", "./nb.ipynb"),
            "nbrerun: the output file nb.ipynb is one of the notebooks",
        ),
        (("nb.ipynb", "--output", "r" * 300), "nbrerun: the output file rrr"),
        (
            ("nb.ipynb", "--sandbox-dir", "empty", "--sandbox-dir", "nowhere"),
            "nbrerun: --sandbox-dir 'nowhere': there is no such folder",
        ),
        (("nb.ipynb", "--sandbox-dir", "nb.ipynb"), "nbrerun: --sandbox-dir 'nb.ipynb': there is no such folder"),
        (("nb.ipynb", "--sandbox-dir", ""), "nbrerun: --sandbox-dir '': there is no such folder"),
        (("nb.ipynb", "--backend", "dask"), "nbrerun: --scheduler ADDRESS says where a cluster is"),
        (("nb.ipynb", "--scheduler", "tcp://host:1"), "nbrerun: --scheduler ADDRESS says where a cluster is"),
        (("nb.ipynb", "--svg", "nowhere/r.svg"), "nbrerun: the folder of the output file nowhere/r.svg does"),
    ],
)
def test_bad_input_is_one_sentence_before_anything_runs(
    fake: Fake, write_notebook: Write, monkeypatch: pytest.MonkeyPatch, args: tuple[str, ...], says: str
) -> None:
    """Exit 2, one line on stderr, nothing on stdout, nothing run and nothing written."""
    folder = write_notebook("x").parent
    (folder / "empty").mkdir()
    monkeypatch.chdir(folder)
    before = sorted(folder.rglob("*")), (folder / "nb.ipynb").read_bytes()
    result = run(*args)
    assert (result.exit_code, result.stdout, fake.calls) == (2, "", [])
    assert result.stderr.startswith(says)
    assert result.stderr.count("\n") == 1
    assert (sorted(folder.rglob("*")), (folder / "nb.ipynb").read_bytes()) == before


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (
            "--experiment again,nope",
            "there is no 'nope'; choose from again, later, restart, run-all-twice, restart-and-run-all, fresh-clone",
        ),
        ("--experiment ,", "empty name"),
        ("--cells 1,,2", "empty name"),
        ("--timeout 0", "greater than 0"),
        ("--timeout nan", "greater than 0"),
        ("--timeout inf", "greater than 0"),
        ("--timeout soon", "'soon' is not a number"),
        ("--budget soon", "'soon' is not a time; give 90s, 10m or 1h30m"),
        ("--budget 0m", "'0m' is not a time"),
        ("--budget -5", "'-5' is not a time"),
        ("--budget 1.5h", "'1.5h' is not a time"),
        ("--jobs 0", "must be a whole number, 1 or more, or auto; not '0'"),
        ("--jobs all", "must be a whole number, 1 or more, or auto; not 'all'"),
        ("--shard 2", "'2' is not a shard; give 2/5 for the second of five"),
        ("--shard 0/2", "'0/2' is not a shard"),
        ("--shard 3/2", "'3/2' is not a shard"),
        ("--backend slurm", "there is no 'slurm'; choose from `loky`, `dask`, `ray`"),
        ("--engine warp", "there is no 'warp'; choose from `auto`, `fork`, `replay`"),
        ("--sandbox jail", "there is no 'jail'; choose from `auto`, `overlay`, `copy`"),
        ("--sandbox-limit lots", "'lots' is not a size; give 500M, 2G or a number of bytes"),
        ("--sandbox-limit 1.5G", "'1.5G' is not a size"),
        ("--sandbox-limit 0M", "'0M' is not a size"),
        ("--sandbox-limit -1", "'-1' is not a size"),
        ("--sandbox-limit ٣", "'٣' is not a size"),
        ("--sandbox-limit 9999999T", "'9999999T' is not a size"),
        ("--only data", "there is no 'data'; choose from `models`, `all`"),
        ("--format xml", "there is no format 'xml'; choose from `terminal`, `concise`, `json`"),
        ("--format sariff=x", "did you mean `sarif`?"),
        ("--format json=", "there is no file after the = of 'json='"),
        ("--zzz", "there is no option --zzz; `"),
        ("--fail-no x", "there is no option --fail-no; did you mean `--fail-on`?"),
        ("--budget 5", "--budget: '5' has no unit; give 5s or 5m"),
        ("-q -v", "-q shows less and -v shows more: give one of them"),
        ("--select NBR999", "--select: there is no rule 'NBR999'; did you mean"),
        ("--cells", "--cells' requires an argument"),
    ],
)
def test_bad_options_are_usage_errors(fake: Fake, write_notebook: Write, args: str, says: str) -> None:
    """An invalid option gives exit 2, and one sentence, with the closest word or the valid choices."""
    result = run(write_notebook("x"), *args.split())
    assert (result.exit_code, fake.calls) == (2, [])
    assert says in result.stderr
    assert (result.stderr.count("\n"), result.stderr.startswith("nbrerun: ")) == (1, True)


def test_json_goes_to_stdout_alone(fake: Fake, write_notebook: Write) -> None:
    """stdout is one JSON document, stderr is empty."""
    result = run(write_notebook("x"), "--format", "json", "-q")
    assert json.loads(result.stdout)["summary"]["cells"] == 1
    assert result.stderr == ""


@pytest.mark.parametrize("form", ["json", "terminal"])
def test_output_takes_the_report_and_stderr_a_line(
    fake: Fake, write_notebook: Write, tmp_path: Path, form: str
) -> None:
    """The chosen format goes to the file, the summary in one line to stderr, unless quiet."""
    target = tmp_path / "report"
    result = run(write_notebook("x"), "--format", form, "--output", target)
    assert result.stdout == ""
    assert result.stderr.startswith("nbrerun: 1 cell in 1 notebook: 1 reset; no findings")
    assert str(target) in result.stderr
    assert result.stderr.count("\n") == 1
    assert ("schema_version" if form == "json" else "starts over") in target.read_text(encoding="utf-8")
    assert run(tmp_path, "--output", target, "-q").stderr == ""


def test_the_picture_is_written_besides(fake: Fake, write_notebook: Write, tmp_path: Path) -> None:
    """`--svg` adds a picture and takes nothing away from stdout."""
    result = run(write_notebook("x"), "--svg", tmp_path / "r.svg")
    assert "starts over" in result.stdout
    assert (tmp_path / "r.svg").read_text(encoding="utf-8").startswith("<svg")


def test_quiet_and_verbose_change_the_report(fake: Fake, write_notebook: Write) -> None:
    """-q leaves the cells out, -v adds the seconds."""
    fake.answers["nb.ipynb"] = finding(Severity.WARNING)
    path = write_notebook("x")
    shown = {option: run(path, *option.split()).stdout for option in ("", "-q", "-v")}
    assert ["✓ cell 0" in text for text in shown.values()] == [True, False, True]
    assert ["first run" in text for text in shown.values()] == [False, False, True]
    assert all("NBR002" in text for text in shown.values())


@pytest.mark.parametrize("problem", [KernelError("there is no kernel x"), KeyboardInterrupt()])
def test_what_is_known_is_reported_when_a_later_notebook_fails(
    fake: Fake, write_notebook: Write, tmp_path: Path, problem: BaseException
) -> None:
    """One that cannot be checked does not keep the others from it; an interrupt does. One sentence says why."""
    for name in "abc":
        write_notebook("x", name=f"{name}.ipynb")
    fake.answers["b.ipynb"] = problem
    target = tmp_path / "report.json"
    result = run(tmp_path, "--format", "json", "--output", target)
    goes_on = isinstance(problem, KernelError)
    assert [name for name, _ in fake.calls] == ["a.ipynb", "b.ipynb", *(["c.ipynb"] if goes_on else [])]
    found = [(one["path"], one["problem"]) for one in json.loads(target.read_text(encoding="utf-8"))["notebooks"]]
    others = [(str(tmp_path / "b.ipynb"), str(problem)), (str(tmp_path / "c.ipynb"), None)] if goes_on else []
    assert found == [(str(tmp_path / "a.ipynb"), None), *others]
    last = result.stderr.splitlines()[-1]
    assert last == f"nbrerun: {problem}" or last == "nbrerun: interrupted; 2 of 3 notebooks not checked"


@pytest.mark.parametrize("form", FORMATS)
def test_every_report_lists_what_was_not_checked(fake: Fake, write_notebook: Write, form: str) -> None:
    """With the sentence that says why, which is on stderr as well; exit code 2."""
    fake.answers["nb.ipynb"] = KernelError("there is no kernel x")
    result = run(write_notebook("x"), "--format", form)
    assert (result.exit_code, result.stderr) == (2, "nbrerun: there is no kernel x\n")
    shown = result.stdout.replace("\n", "")  # a long path is wrapped anywhere
    assert "there is no kernel x" in shown
    assert "nb.ipynb" in shown


def test_an_interrupted_report_stops_the_rest(fake: Fake, write_notebook: Write, tmp_path: Path) -> None:
    """A notebook that comes back interrupted is reported, and no other one is begun."""
    for name in "ab":
        write_notebook("x", name=f"{name}.ipynb")
    fake.answers["a.ipynb"] = {"interrupted": True}
    result = run(tmp_path)
    assert (result.exit_code, len(fake.calls)) == (130, 1)
    assert "interrupted" in result.stdout
    assert "1 of 2 notebooks not checked" in result.stderr


def test_sigterm_is_like_ctrl_c(fake: Fake, write_notebook: Write) -> None:
    """SIGTERM ends the check as an interrupt, and the handler of before is back afterwards."""
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    fake.answers["nb.ipynb"] = lambda: signal.raise_signal(signal.SIGTERM)
    try:
        assert run(write_notebook("x")).exit_code == 130
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_mistake_in_nbrerun_takes_one_notebook_only(fake: Fake, write_notebook: Write, tmp_path: Path) -> None:
    """It is that notebook's, with a request to report it; `-v` shows where it happened."""
    for name in "ab":
        write_notebook("x", name=f"{name}.ipynb")
    fake.answers["a.ipynb"] = ZeroDivisionError("bug")
    quiet, verbose = run(tmp_path), run(tmp_path, "-v")
    assert [name for name, _ in fake.calls] == ["a.ipynb", "b.ipynb"] * 2
    assert quiet.exit_code == 2
    assert "nbrerun itself failed (ZeroDivisionError: bug); please report it" in quiet.stderr
    assert ["Traceback" in result.stdout for result in (quiet, verbose)] == [False, True]


def test_the_notebook_is_never_changed(fake: Fake, write_notebook: Write) -> None:
    """Its bytes are the same after a check."""
    path = write_notebook("x", nbformat_minor=2)
    before = path.read_bytes()
    run(path)
    assert path.read_bytes() == before


def test_help_is_grouped_and_fits() -> None:
    """`check --help` has its headings, every option, examples and exit codes, in 80 columns."""
    result = click.testing.CliRunner().invoke(main, ["check", "--help"], prog_name="nbrerun")
    text = result.stdout
    groups = ("What to run again", "How to run", "Many notebooks, limited time", "Files", "What to show", "Other")
    headings = [f"{group}:" for group in (*groups, "Examples", "Exit codes")]
    places = [text.index(heading) for heading in headings]
    assert places == sorted(places)
    options = (
        "cells experiment restart engine kernel timeout sandbox sandbox-dir sandbox-limit write-files "
        "budget fail-fast jobs backend scheduler shard only watch format output quiet verbose version help"
    )
    assert not [name for name in options.split() if f"--{name} " not in text]
    assert "svg" not in text
    assert max(map(len, text.splitlines())) <= 80
    starts = {
        line.index(word) for line in text.splitlines() for word in ("Run only", "Kernel to", "What the") if word in line
    }
    assert len(starts) == 1


@pytest.mark.parametrize("args", [["--version"], ["check", "--version"]])
def test_version(args: list[str]) -> None:
    """Both levels say name and version."""
    assert click.testing.CliRunner().invoke(main, args).stdout == f"nbrerun {nbrerun.__version__}\n"


def test_a_notebook_is_reported_before_the_next_is_checked(fake: Fake, write_notebook: Write) -> None:
    """Its part is on stdout by then; a report that goes to a file is written at the end, as a whole."""
    seen: list[str] = []

    def answer() -> dict[str, Any]:
        seen.append(sys.stdout.buffer.getvalue().decode())  # type: ignore[attr-defined]
        return {}

    fake.answers["b.ipynb"] = answer
    first, second = write_notebook("x", name="a.ipynb"), write_notebook("y", name="b.ipynb")
    result = run(first, second)
    assert seen[0].startswith(str(first))
    assert "✓ cell 0" in seen[0]
    assert str(second) not in seen[0]
    assert result.stdout.startswith(seen[0])
    run(first, second, "--output", first.parent / "r.txt")
    assert seen[1] == ""


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["chek", "x"], "nbrerun: there is no command 'chek'; did you mean `check`?"),
        (["frobnicate"], "nbrerun: there is no command 'frobnicate'; `nbrerun help` lists them"),
        (["help", "chek"], "nbrerun: there is no command 'chek'; did you mean `check`?"),
        (["diff", "a"], "nbrerun: give NEW, as `nbrerun diff --help` shows"),
        (["diff", "a", "b", "c"], "nbrerun: got unexpected extra argument (c)"),
        (["cache", "info", "--cash-dir", "x"], "nbrerun: there is no option --cash-dir; did you mean `--cache-dir`?"),
        (["--nope"], "nbrerun: there is no option --nope; `nbrerun --help` lists them"),
        (["show", "r.json", "--format", "xml"], "nbrerun: --format: there is no format 'xml'; choose from"),
    ],
)
def test_wrong_usage_of_any_command_is_one_sentence(args: list[str], says: str) -> None:
    """Whatever click has to say, with the closest word where there is one; exit code 2."""
    result = click.testing.CliRunner().invoke(main, args, prog_name="nbrerun")
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert result.stderr.startswith(says)


def test_help_and_version_are_words() -> None:
    """They say what the options say; `help check` is `check --help`."""

    def told(*args: str) -> str:
        result = click.testing.CliRunner().invoke(main, args, prog_name="nbrerun")
        assert (result.exit_code, result.stderr) == (0, "")
        return result.stdout

    assert told("version") == told("--version")
    assert told("help") == told("--help")
    assert told("help", "check") == told("check", "--help")


def test_without_a_command_the_help_is_shown() -> None:
    """On stderr, and the exit code is that of wrong usage."""
    result = click.testing.CliRunner().invoke(main, [], prog_name="nbrerun")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("Usage: nbrerun")


def _python(code: str, *more: str, **options: Any) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-c", code, *more],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        **options,
    )


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_completes_as_the_page_says(shell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The script for the shell calls nbrerun, which names the values of an option."""
    page = (Path(nbrerun.__file__).parents[1] / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert f"_NBRERUN_COMPLETE={shell}_source nbrerun" in page
    code = "from nbrerun.cli import main; main(prog_name='nbrerun')"
    monkeypatch.setenv("_NBRERUN_COMPLETE", f"{shell}_source")
    script = _python(code).stdout
    assert "_NBRERUN_COMPLETE" in script
    monkeypatch.setenv("_NBRERUN_COMPLETE", f"{shell}_complete")
    monkeypatch.setenv("COMP_WORDS", "nbrerun check --fail-on w")
    monkeypatch.setenv("COMP_CWORD", "3" if shell != "fish" else "w")
    completed = _python(code).stdout
    assert "warning" in completed
    assert "error" not in completed


def test_help_imports_nothing_heavy() -> None:
    """Importing the command line loads click and nothing that takes its time."""
    heavy = "{'rich', 'nbformat', 'nbclient', 'jupyter_client', 'asyncio', 'json', 'sklearn', 'numpy'}"
    done = _python(f"import sys, nbrerun.cli; print(sorted({heavy} & set(sys.modules)))")
    assert done.stdout.strip() == "[]"


CHECK_WITH_FAKE = """
import sys
from nbrerun import analysis
from nbrerun.cli import main
from nbrerun.model import CellReport, NotebookReport, Verdict
cells = tuple(CellReport(i, str(i), Verdict.RESET, "starts over " * 20, "x = 1") for i in range(2000))
analysis.analyze = lambda notebook, settings, listener: NotebookReport("nb", "fork", "", "python3", cells=cells)
main(["check", *sys.argv[1:]])
"""


@pytest.mark.parametrize("form", ["json", "terminal"])
def test_a_reader_that_stops_is_no_error(write_notebook: Write, form: str) -> None:
    """`nbrerun check ... | head -1` ends quietly, with the exit code of the check."""
    command = [sys.executable, "-c", CHECK_WITH_FAKE, str(write_notebook("x")), "--format", form]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 0


@pytest.mark.parametrize("how", ["stdout", "output"])
def test_a_full_disk_is_one_sentence(write_notebook: Write, how: str) -> None:
    """A report that cannot be written is exit 2 and one line, no traceback."""
    more = ["--output", "/dev/full"] if how == "output" else []
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-c", CHECK_WITH_FAKE, str(write_notebook("x")), *more]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, env=environment, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr.startswith("nbrerun: the report cannot be written to ")
    assert "Traceback" not in done.stderr
