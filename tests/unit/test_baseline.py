"""Baselines: what is written, what is known, what is gone, and what is refused."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import click.testing
import jsonschema
import pytest

from nbrerun import analysis, baseline
from nbrerun.baseline import Found
from nbrerun.cli import main
from nbrerun.errors import UsageError
from nbrerun.model import CellReport, Compared, Failure, Finding, Gone, NotebookReport, Report, Severity, Verdict
from nbrerun.notebooks.read import Notebook
from nbrerun.reporters.formats import github, gitlab, junit, markdown, rdjsonl, sarif, terminal
from nbrerun.reporters.formats import json as json_report
from nbrerun.settings.values import Gate, Settings
from tests.unit.making import judged

Write = Callable[..., Path]
SCHEMA = json.loads((resources.files("nbrerun.reporters") / "report.schema.json").read_text(encoding="utf-8"))


def finding(index: int = 0, rule: str = "NBR002", **more: Any) -> Finding:
    """One finding."""
    return Finding(rule, Severity.ERROR, index, "model", f"says {rule} of {index}", **more)


class Fake:
    """Stands in for `analyze`."""

    def __init__(self) -> None:
        self.findings: dict[str, tuple[Finding, ...]] = {}
        self.failure: Failure | None = None

    def __call__(self, notebook: Notebook, settings: Settings, listener: object) -> NotebookReport:
        cells = tuple(CellReport(cell.index, cell.id, Verdict.RESET, "starts over") for cell in notebook.cells)
        found = self.findings.get(notebook.path.name, ())
        return NotebookReport(str(notebook.path), "", "", "python3", cells=cells, findings=found, failure=self.failure)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Fake:
    """The fake in place of `analyze`, in a folder of its own."""
    fake = Fake()
    monkeypatch.setattr(analysis, "analyze", fake)
    monkeypatch.setenv("COLUMNS", "100")
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return fake


def notebook(name: str, *ids: str) -> Path:
    """Write a notebook whose cells have these ids."""
    cells = [
        {"cell_type": "code", "id": one, "metadata": {}, "source": "x = 1", "outputs": [], "execution_count": None}
        for one in ids
    ]
    path = Path(name)
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}), encoding="utf-8")
    return path


def run(*args: str) -> click.testing.Result:
    """Run `nbrerun ARGS`; a traceback fails the test."""
    result = click.testing.CliRunner().invoke(main, args)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def text(*found: Found) -> str:
    """The baseline of these, as a file."""
    out = io.StringIO()
    baseline.render(found, "b.json", out)
    return out.getvalue()


def test_a_baseline_is_sorted_and_has_one_entry_a_line() -> None:
    """The order in which things were found is no matter, and equal ones are counted."""
    found = [Found("b.ipynb", "y", "NBR002"), Found("a.ipynb", "z", "NBR003"), Found("b.ipynb", "y", "NBR002")]
    wanted = """\
{
  "nbrerun_baseline": 1,
  "findings": [
    {"notebook": "a.ipynb", "cell": "z", "rule": "NBR003", "count": 1},
    {"notebook": "b.ipynb", "cell": "y", "rule": "NBR002", "count": 2}
  ]
}
"""
    assert text(*found) == text(*reversed(found)) == wanted
    assert json.loads(text()) == {"nbrerun_baseline": 1, "findings": []}


def test_what_was_found_yesterday_does_not_fail_today(fake: Fake) -> None:
    """Written, then checked: exit code 0 and each marked; one more is new and fails."""
    notebook("nbs/a.ipynb", "one", "two")
    fake.findings = {"a.ipynb": (finding(0), finding(1))}
    written = run("baseline", "nbs")
    assert (written.exit_code, written.stdout) == (0, "")
    assert written.stderr == "nbrerun: 2 findings in 1 notebook; written to nbrerun-baseline.json\n"
    same = run("check", "nbs", "--baseline", "nbrerun-baseline.json")
    assert same.exit_code == 0
    assert same.stdout.count("error, known") == 2
    assert "no new findings; 2 known; 0.0 s" in same.stdout
    fake.findings = {"a.ipynb": (finding(0), finding(1), finding(1, "NBR003"))}
    more = run("check", "nbs", "--baseline", "nbrerun-baseline.json", "-q")
    assert more.exit_code == 1
    assert "says NBR003 of 1" in more.stdout
    assert "says NBR002 of 0" not in more.stdout
    assert "new findings: 1 error; 2 known; 0.0 s" in more.stdout


def test_a_moved_cell_keeps_its_findings_and_another_cell_does_not_get_them(fake: Fake) -> None:
    """The id of the cell counts, not its position."""
    notebook("a.ipynb", "one", "two")
    fake.findings = {"a.ipynb": (finding(1),)}
    run("baseline", "a.ipynb")
    notebook("a.ipynb", "two", "new", "one")
    for index, code in ((0, 0), (1, 1), (2, 1)):
        fake.findings = {"a.ipynb": (finding(index),)}
        assert run("check", "a.ipynb", "--baseline", "nbrerun-baseline.json").exit_code == code


def test_a_second_finding_of_the_same_kind_is_new(fake: Fake) -> None:
    """The count is part of the baseline."""
    notebook("a.ipynb", "one")
    fake.findings = {"a.ipynb": (finding(),)}
    run("baseline", "a.ipynb")
    fake.findings = {"a.ipynb": (finding(), finding())}
    result = run("check", "a.ipynb", "--baseline", "nbrerun-baseline.json", "--format", "json")
    report = json.loads(result.stdout)
    assert [one["known"] for one in report["notebooks"][0]["findings"]] == [True, False]
    assert result.exit_code == 1


def test_paths_are_those_from_the_folder_of_the_baseline(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the same file whoever reads it from wherever."""
    notebook("nbs/a.ipynb", "one")
    fake.findings = {"a.ipynb": (finding(),)}
    run("baseline", "nbs", "--output", "nbs/b.json")
    assert json.loads(Path("nbs/b.json").read_text(encoding="utf-8"))["findings"][0]["notebook"] == "a.ipynb"
    monkeypatch.chdir("nbs")
    assert run("check", "a.ipynb", "--baseline", "b.json").exit_code == 0


@pytest.mark.parametrize(
    ("args", "failed", "gone"),
    [
        ("a.ipynb", False, ["NBR002 in cell one of a.ipynb", "NBR002 in cell x of deleted.ipynb"]),
        ("b.ipynb", False, ["NBR002 in cell x of deleted.ipynb"]),
        ("a.ipynb --ignore NBR002", False, ["NBR002 in cell x of deleted.ipynb"]),
        ("a.ipynb --cells 0", False, ["NBR002 in cell x of deleted.ipynb"]),
        ("a.ipynb --experiment again", False, ["NBR002 in cell x of deleted.ipynb"]),
        ("a.ipynb", True, ["NBR002 in cell x of deleted.ipynb"]),
        (
            "a.ipynb --restart",
            False,
            ["NBR101 in cell one of a.ipynb", "NBR002 in cell x of deleted.ipynb"],
        ),
    ],
)
def test_what_is_gone_is_said_where_it_was_looked_for(fake: Fake, args: str, failed: bool, gone: list[str]) -> None:
    """Not of another notebook, of rules that do not count, of a part, nor after a failure; of deleted files always."""
    notebook("a.ipynb", "one")
    notebook("b.ipynb", "one")
    rule = "NBR101" if "--restart" in args else "NBR002"
    known = [Found("a.ipynb", "one", rule), Found("b.ipynb", "one", rule), Found("a.ipynb", "one", "NBR301")]
    Path("b.json").write_text(text(*known, Found("deleted.ipynb", "x", "NBR002")), encoding="utf-8")
    fake.failure = Failure("ValueError", "no", (), 0) if failed else None
    if args.startswith("b"):
        fake.findings = {"b.ipynb": (finding(),)}
    result = run("check", *args.split(), "--baseline", "b.json")
    assert re.findall(r"NBR\d+ in cell \w+ of \S+", result.stdout) == gone
    assert f"{len(gone)} gone" in result.stdout
    assert result.exit_code == (3 if failed else 0)


def test_a_json_report_makes_the_same_baseline(fake: Fake) -> None:
    """`--from` needs no second run."""
    notebook("a.ipynb", "one", "two")
    fake.findings = {"a.ipynb": (finding(1),)}
    run("check", "a.ipynb", "--format", "json=r.json")
    run("baseline", "a.ipynb", "--output", "direct.json")
    assert run("baseline", "--from", "r.json", "--output", "from.json").exit_code == 0
    assert Path("from.json").read_text(encoding="utf-8") == Path("direct.json").read_text(encoding="utf-8")


def test_options_of_check_say_what_goes_into_it(fake: Fake) -> None:
    """Ignored rules are not written; an option that is none is refused."""
    notebook("a.ipynb", "one")
    fake.findings = {"a.ipynb": (finding(), finding(rule="NBR003"))}
    assert run("baseline", "a.ipynb", "--ignore", "NBR002", "--engine", "replay").exit_code == 0
    assert [key.rule for key in baseline.read("nbrerun-baseline.json").counts] == ["NBR003"]
    refused = run("baseline", "a.ipynb", "--engin", "replay")
    assert (refused.exit_code, "--engin" in refused.stderr) == (2, True)


def test_a_configured_baseline_lies_beside_the_configuration(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is written there and read from there, wherever the command runs."""
    Path("nbrerun.toml").write_text('baseline = "known.json"', encoding="utf-8")
    notebook("nbs/a.ipynb", "one")
    fake.findings = {"a.ipynb": (finding(),)}
    monkeypatch.chdir("nbs")
    assert run("baseline", "a.ipynb").exit_code == 0
    assert Path("../known.json").exists()
    assert run("check", "a.ipynb").exit_code == 0


def test_a_failed_run_is_said_and_gives_its_exit_code(fake: Fake) -> None:
    """What was found up to there is written."""
    notebook("a.ipynb", "one")
    fake.findings, fake.failure = {"a.ipynb": (finding(),)}, Failure("ValueError", "no", (), 0)
    result = run("baseline", "a.ipynb")
    assert (result.exit_code, "the main run of a.ipynb raised" in result.stderr) == (3, True)
    assert len(baseline.read("nbrerun-baseline.json").counts) == 1


ENTRY = {"notebook": "a.ipynb", "cell": "one", "rule": "NBR002", "count": 1}


def _whole(**entry: object) -> str:
    return json.dumps({"nbrerun_baseline": 1, "findings": [ENTRY | entry]})


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "there is no baseline b.json; `nbrerun baseline PATHS --output b.json` writes one"),
        ("{\n<<<<", "the baseline b.json is not JSON (line 2 column 1: "),
        ("[]", "b.json is not a baseline of nbrerun: it has no `nbrerun_baseline`"),
        ('{"schema_version": 1}', "b.json is not a baseline of nbrerun"),
        ('{"nbrerun_baseline": true}', "b.json is not a baseline of nbrerun"),
        ('{"nbrerun_baseline": 2}', "b.json: nbrerun_baseline is 2; this nbrerun reads version 1 only"),
        ('{"nbrerun_baseline": 1, "findings": {}}', "b.json: findings must be a list"),
        ('{"nbrerun_baseline": 1, "findings": [1]}', "b.json: findings[0] must be an object with"),
        (_whole(more=1), "b.json: findings[0] must be an object with"),
        (_whole(cell=3), "b.json: findings[0].cell must be a string, not 3"),
        (_whole(notebook=""), 'b.json: findings[0].notebook must be a string, not ""'),
        (_whole(rule="E501"), 'b.json: findings[0].rule must be the code of a rule such as NBR002, not "E501"'),
        (_whole(count=0), "b.json: findings[0].count must be a whole number, 1 or more, not 0"),
        (_whole(count=True), "b.json: findings[0].count must be a whole number, 1 or more, not true"),
        (
            json.dumps({"nbrerun_baseline": 1, "findings": [ENTRY, ENTRY]}),
            "b.json: findings[1]: there is an entry for NBR002 in cell one of a.ipynb already",
        ),
    ],
)
def test_a_wrong_baseline_is_one_sentence_with_the_place(fake: Fake, content: str | None, says: str) -> None:
    """Exit code 2, and nothing is run."""
    path = notebook("a.ipynb", "one")
    if content is not None:
        Path("b.json").write_text(content, encoding="utf-8")
    result = run("check", str(path), "--baseline", "b.json")
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert says in result.stderr


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "the report r.json cannot be read (No such file or directory)"),
        ("{", "the report r.json is not JSON"),
        ("{}", "r.json is not a JSON report of nbrerun"),
        ('{"nbrerun_baseline": 1, "findings": []}', "r.json is not a JSON report of nbrerun"),
        ('{"schema_version": 9, "notebooks": []}', "r.json: schema_version is 9"),
        ('{"schema_version": 1, "notebooks": [{}]}', "r.json is a damaged JSON report of nbrerun"),
    ],
)
def test_a_wrong_report_is_one_sentence(fake: Fake, content: str | None, says: str) -> None:
    """Exit code 2, and no baseline is written."""
    if content is not None:
        Path("r.json").write_text(content, encoding="utf-8")
    result = run("baseline", "--from", "r.json")
    assert (result.exit_code, result.stderr.count("\n"), says in result.stderr) == (2, 1, True)
    assert not Path("nbrerun-baseline.json").exists()


@pytest.mark.parametrize("args", [["a.ipynb", "--from", "r.json"], ["a.ipynb", "--output", "a.ipynb"], []])
def test_wrong_usage_writes_nothing(fake: Fake, args: list[str]) -> None:
    """Both sources, a notebook as output, and nothing at all."""
    notebook("a.ipynb", "one")
    before = Path("a.ipynb").read_bytes()
    result = run("baseline", *args)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert Path("a.ipynb").read_bytes() == before
    assert not Path("nbrerun-baseline.json").exists()


def test_binary_files_are_refused(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 are no JSON."""
    path = tmp_path / "b.json"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="cannot be read as JSON"):
        baseline.read(str(path))


KNOWN, NEW = finding(0, "NBR002", cell="one", known=True), finding(0, "NBR003", cell="one")
REPORT = Report(
    "1",
    (NotebookReport("a.ipynb", "", "", "python3", findings=(KNOWN, NEW)),),
    Compared("b.json", (Gone("a.ipynb", "two", "NBR001", 2),)),
)


@pytest.mark.parametrize("reporter", [github, gitlab, markdown, rdjsonl])
def test_reports_for_reviewers_leave_out_what_is_known(reporter: Any) -> None:
    """Nobody is told again in every pull request."""
    out = io.StringIO()
    reporter.render(REPORT, out)
    assert "says NBR003" in out.getvalue()
    assert "says NBR002" not in out.getvalue()


def test_other_reports_mark_what_is_known() -> None:
    """SARIF has its own word for it, JUnit makes it no failure, JSON and the terminal say so, with what is gone."""
    written = {}
    for reporter in (sarif, junit, json_report, terminal):
        out = io.StringIO()
        reporter.render(judged(REPORT, Gate()), out)
        written[reporter] = out.getvalue()
    results = json.loads(written[sarif])["runs"][0]["results"]
    assert [result["baselineState"] for result in results] == ["unchanged", "new"]
    assert '<failure type="NBR003" message="says NBR003 of 0">' in written[junit]
    assert "NBR002 error (known): says NBR002 of 0" in written[junit]
    report = json.loads(written[json_report])
    jsonschema.Draft202012Validator(SCHEMA).validate(report)
    gone = {"notebook": "a.ipynb", "cell": "two", "rule": "NBR001", "count": 2}
    assert report["baseline"] == {"path": "b.json", "gone": [gone]}
    assert "NBR001 in cell two of a.ipynb (2 findings)" in written[terminal]
    assert "new findings: 1 error; 1 known; 2 gone; 0.0 s" in written[terminal]


def test_without_a_baseline_sarif_says_nothing_of_one() -> None:
    """`baselineState` is for logs that were compared."""
    out = io.StringIO()
    sarif.render(replace(REPORT, compared=None), out)
    assert "baselineState" not in out.getvalue()
