"""Which reports are written, and where to; what happens in a CI."""

from __future__ import annotations

import contextlib
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nbrerun.errors import UsageError
from nbrerun.model import Finding, NotebookReport, Report, Severity
from nbrerun.reporters.targets import Display, Stream, Target, choose, deliver, parse
from nbrerun.settings.values import FORMATS
from tests.unit.cli.test_options import Fake, fake, finding, run

__all__ = ["fake"]  # a fixture of the tests of the command line

TERMINAL, GITHUB, JSON = Target("terminal"), Target("github"), Target("json")
IN_GITHUB = {"GITHUB_ACTIONS": "true"}


@pytest.mark.parametrize(
    ("value", "target"),
    [
        ("json", JSON),
        ("sarif=out/a b.sarif", Target("sarif", "out/a b.sarif")),
        ("junit=a=b", Target("junit", "a=b")),
    ],
)
def test_a_format_may_name_its_file(value: str, target: Target) -> None:
    """What stands behind the first equals sign is the file."""
    assert parse(value) == target


@pytest.mark.parametrize("is_terminal", [True, False], ids=["terminal", "pipe"])
def test_a_page_is_not_written_to_a_terminal(is_terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe may lead to a file; a terminal would scroll for minutes, after a check of minutes."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: is_terminal)
    says = "name a file, as in --format html=report.html"
    with pytest.raises(UsageError, match=says) if is_terminal else contextlib.nullcontext():
        assert choose([Target("html")], None, {}) == (Target("html"),)
    assert choose([Target("html", "a.html")], None, {}) == (Target("html", "a.html"),)
    assert choose([Target("html")], "a.html", {}) == (Target("html", "a.html"),)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("xml", "there is no format 'xml'; choose from `terminal`"),
        ("serif=a", "did you mean `sarif`?"),
        ("=a", "there is no format ''"),
        ("json=", "write json=FILE, or json alone for stdout"),
    ],
)
def test_what_is_no_format_is_said(value: str, says: str) -> None:
    """One sentence, with what may have been meant."""
    with pytest.raises(UsageError, match=re.escape(says)):
        parse(value)


@pytest.mark.parametrize(
    ("asked", "output", "environment", "chosen"),
    [
        ((), None, {}, (TERMINAL,)),
        ((), None, IN_GITHUB, (TERMINAL, GITHUB)),
        ((), None, {"GITHUB_ACTIONS": "false"}, (TERMINAL,)),
        ((), None, {"GITLAB_CI": "true"}, (TERMINAL, Target("gitlab", "gl-code-quality-report.json"))),
        ((JSON,), None, {"GITLAB_CI": "true"}, (JSON,)),
        ((), "a.txt", {"GITLAB_CI": "true"}, (Target("terminal", "a.txt"),)),
        ((JSON,), None, IN_GITHUB, (JSON,)),
        ((), "a.txt", IN_GITHUB, (Target("terminal", "a.txt"),)),
        ((JSON,), "a.json", {}, (Target("json", "a.json"),)),
        ((TERMINAL, GITHUB), None, {}, (TERMINAL, GITHUB)),
        ((GITHUB, Target("sarif", "a")), None, {}, (GITHUB, Target("sarif", "a"))),
        ((Target("sarif", "a"),), None, {}, (Target("sarif", "a"),)),
        ((JSON, Target("json", "a")), None, {}, (JSON, Target("json", "a"))),
        ((Target("json", "/dev/null"), Target("junit", "/dev/null")), None, {}, None),
    ],
)
def test_the_reports_are_those_asked_for_or_those_of_the_place(
    asked: tuple[Target, ...], output: str | None, environment: dict[str, str], chosen: tuple[Target, ...] | None
) -> None:
    """What GitHub or GitLab reads comes by itself there, unless a format or a file is named."""
    assert choose(asked, output, environment) == (asked if chosen is None else chosen)


@pytest.mark.parametrize(
    ("asked", "output", "says"),
    [
        ((JSON, GITHUB), None, "only one format can go to stdout, and json and github would"),
        ((JSON, JSON), None, "only one format can go to stdout"),
        ((GITHUB, GITHUB), None, "only one format can go to stdout"),
        ((TERMINAL, GITHUB, JSON), None, "terminal and github and json would; name a file, as in --format json=FILE"),
        ((Target("json", "a"), Target("sarif", "./a")), None, "two formats would be written to ./a"),
        ((JSON, GITHUB), "a", "--output goes with one --format"),
        ((Target("json", "b"),), "a", "--output goes with one --format"),
    ],
)
def test_two_reports_for_one_place_are_refused(asked: tuple[Target, ...], output: str | None, says: str) -> None:
    """One sentence says which, and what to write instead."""
    with pytest.raises(UsageError, match=re.escape(says)):
        choose(asked, output, {})


def _report(number: int = 1) -> Report:
    findings = tuple(Finding("NBR003", Severity.ERROR, 0, None, f"{n}\n::error::x") for n in range(number))
    return Report("0", (NotebookReport("nb.ipynb", "fork", "", "python3", findings=findings),))


def test_every_format_can_be_written_at_once(tmp_path: Path) -> None:
    """Each format has a module, and each file is there."""
    targets = [Target(form, str(tmp_path / form)) for form in FORMATS]
    (said,) = deliver(_report(), targets, Display(), {})
    assert all("NBR003" in (tmp_path / form).read_text() for form in FORMATS)
    assert said.startswith("0 cells in 1 notebook; findings: 1 error; 0.0 s; written to ")
    assert "NBR003 error" in (tmp_path / "junit").read_text()


def test_a_report_that_cannot_be_written_stops_no_other(tmp_path: Path) -> None:
    """The others are written, and the sentence comes at the end."""
    targets = [Target("json", str(tmp_path / "no" / "a")), Target("sarif", str(tmp_path / "b"))]
    with pytest.raises(UsageError, match="cannot be written"):
        list(deliver(_report(), targets, Display(), {}))
    assert json.loads((tmp_path / "b").read_text())["version"] == "2.1.0"


def test_parts_are_written_as_they_come(capsys: pytest.CaptureFixture[str]) -> None:
    """Each notebook once, at once; together they are the report that is written as a whole."""
    report = _report()
    list(deliver(report, [TERMINAL], Display(), {}))
    whole = capsys.readouterr().out
    stream = Stream(Display(), {})
    stream.notebook(report.notebooks[0])
    first = capsys.readouterr().out
    assert "NBR003" in first
    assert list(deliver(report, [TERMINAL], Display(), {}, stream)) == []
    assert first + capsys.readouterr().out == whole


def test_a_part_that_cannot_be_written_ends_no_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other reports are written; that it failed is said once, at the end."""

    def refuse(render: object) -> None:
        raise UsageError("no space")

    monkeypatch.setattr("nbrerun.reporters.write.write_stdout", refuse)
    stream = Stream(Display(), {})
    stream.notebook(_report().notebooks[0])
    with pytest.raises(UsageError, match="no space"):
        list(deliver(_report(), [TERMINAL, Target("sarif", str(tmp_path / "b"))], Display(), {}, stream))
    assert (tmp_path / "b").exists()


def test_the_job_summary_is_added_to_what_is_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The table goes to the end of the file; what there is of it keeps within the limit of the step."""
    summary = tmp_path / "summary.md"
    environment = IN_GITHUB | {"GITHUB_STEP_SUMMARY": str(summary)}
    assert list(deliver(_report(), [GITHUB], Display(), environment)) == []
    assert summary.read_text().startswith("## nbrerun")
    assert capsys.readouterr().out.startswith("::error file=nb.ipynb")
    summary.write_text("x" * (1024 * 1024 - 2000) + "\n")
    list(deliver(_report(500), [GITHUB], Display(), environment))
    assert "more lines cut" in summary.read_text()
    assert summary.stat().st_size <= 1024 * 1024


def test_a_summary_that_cannot_be_written_is_no_failure(tmp_path: Path) -> None:
    """The annotations are there, and a sentence says what is not."""
    environment = {"GITHUB_STEP_SUMMARY": str(tmp_path / "no" / "summary.md")}
    (said,) = deliver(_report(), [GITHUB], Display(), environment)
    assert said.startswith("the job summary cannot be written to")
    assert said.endswith("(No such file or directory)")


def test_a_notebook_gives_the_runner_no_commands(capsys: pytest.CaptureFixture[str]) -> None:
    """In GitHub Actions commands are off while the terminal report is printed, with a word nobody can guess."""
    words = []
    for _ in range(2):
        list(deliver(_report(), [TERMINAL, GITHUB], Display(), IN_GITHUB))
        first, *middle = capsys.readouterr().out.splitlines()
        token = first.removeprefix("::stop-commands::")
        end = middle.index(f"::{token}::")
        assert any("NBR003" in line for line in middle[:end])
        assert [line.split()[0] for line in middle[end + 1 :]] == ["::error"]
        words.append(token)
    assert len(set(words)) == 2
    list(deliver(_report(), [TERMINAL], Display(), {}))
    assert "stop-commands" not in capsys.readouterr().out


def test_in_gitlab_the_code_quality_report_lies_where_jobs_look_for_it(
    fake: Fake, write_notebook: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Next to the text for people, and stderr says so."""
    monkeypatch.setenv("GITLAB_CI", "true")
    path = write_notebook("x")
    monkeypatch.chdir(path.parent)
    fake.answers["nb.ipynb"] = finding(Severity.ERROR)
    result = run(path)
    assert "error NBR002" in result.stdout
    assert result.stderr == "nbrerun: written to gl-code-quality-report.json\n"
    assert json.loads(Path("gl-code-quality-report.json").read_text())[0]["check_name"] == "NBR002"


def test_formats_go_each_to_its_place(fake: Fake, write_notebook: Callable[..., Path], tmp_path: Path) -> None:
    """`--format github --format sarif=FILE --format junit=FILE` in one run."""
    fake.answers["nb.ipynb"] = finding(Severity.ERROR)
    args: list[Any] = ["--format", "github"]
    for form in ("sarif", "junit"):
        args += ["--format", f"{form}={tmp_path / form}"]
    result = run(write_notebook("x"), *args)
    assert result.exit_code == 1
    assert result.stdout.startswith("::error file=")
    assert result.stderr == f"nbrerun: written to {tmp_path / 'sarif'}, {tmp_path / 'junit'}\n"
    assert json.loads((tmp_path / "sarif").read_text())["runs"][0]["results"][0]["ruleId"] == "NBR002"
    assert "<failure" in (tmp_path / "junit").read_text()


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ("--format json --format sarif", "only one format can go to stdout"),
        ("--format json=nb.ipynb", "the output file nb.ipynb is one of the notebooks"),
        ("--format json=a --format sarif=no/b", "the folder of the output file no/b does not exist"),
    ],
)
def test_wrong_targets_are_said_before_anything_runs(
    fake: Fake,
    write_notebook: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    args: str,
    says: str,
) -> None:
    """Exit code 2, one sentence, and no file."""
    monkeypatch.chdir(tmp_path)
    write_notebook("x")
    result = run("nb.ipynb", *args.split())
    assert (result.exit_code, result.stdout, fake.calls) == (2, "", [])
    assert result.stderr.startswith(f"nbrerun: {says}")
    assert [path.name for path in tmp_path.iterdir()] == ["nb.ipynb"]


def test_in_github_actions_annotations_follow_the_text(
    fake: Fake, write_notebook: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without `--format` there are both, and with one only that."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    fake.answers["nb.ipynb"] = finding(Severity.ERROR)
    path = write_notebook("x")
    text = run(path).stdout
    assert text.index("✓ cell 0") < text.index("::error file=")
    assert "::error" not in run(path, "--format", "terminal").stdout
    assert json.load(io.StringIO(run(path, "--format", "json").stdout))["schema_version"] == 1
