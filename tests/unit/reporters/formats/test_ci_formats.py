"""What the reporters for CI services make of one canonical report, and of hostile and large ones.

The golden files are regenerated as those of `test_terminal_and_json.py` are.
"""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema
import pytest
from junitparser import JUnitXml
from lxml import etree
from sarif_pydantic import Sarif

from nbrerun.model import (
    CellReport,
    Compared,
    Failure,
    Finding,
    Gone,
    NotebookReport,
    Report,
    Seconds,
    Severity,
    Verdict,
)
from nbrerun.reporters.formats import concise, github, gitlab, junit, markdown, rdjsonl, sarif
from nbrerun.rules import RULES
from nbrerun.settings.values import NEVER, Gate
from tests.unit.making import judged

GOLDEN = Path(__file__).parent / "golden"
SCHEMAS = Path(__file__).parents[3] / "schemas"

Render = Callable[..., None]
RENDERS: dict[str, Render] = {
    "concise.txt": concise.render,
    "report.sarif": sarif.render,
    "junit.xml": junit.render,
    "github.txt": github.render,
    "gitlab.json": gitlab.render,
    "markdown.md": markdown.render,
    "rdjsonl.jsonl": rdjsonl.render,
}
EMPTY = Report("0.1.0")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_notebook: Callable[..., Path]) -> Path:
    """A repository with one of the notebooks of the canonical report; the others are gone."""
    cells = [{"source": [f"first = {number}\n", "second"]} for number in range(12)]
    path = write_notebook(*cells, name="lessons/04 training.ipynb")
    path.write_text(json.dumps(json.loads(path.read_text()), indent=1))
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _shown(render: Render, report: Report, **more: Any) -> str:
    out = io.StringIO()
    render(report, out, **more)
    return out.getvalue()


def _schema(name: str) -> Any:
    return json.loads((SCHEMAS / name).read_text(encoding="utf-8"))


def _check_sarif(text: str) -> None:
    jsonschema.validate(json.loads(text), _schema("sarif-2.1.0.json"), cls=jsonschema.Draft7Validator)


def _check_junit(text: str) -> None:
    etree.XMLSchema(etree.parse(SCHEMAS / "junit.xsd")).assertValid(etree.fromstring(text.encode()))


def _check_gitlab(text: str) -> None:
    issues = json.loads(text)
    jsonschema.validate(issues, _schema("gitlab-code-quality.json"), cls=jsonschema.Draft202012Validator)
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)


def _check_rdjsonl(text: str) -> None:
    for line in text.splitlines():
        jsonschema.validate(json.loads(line), _schema("rdf-diagnostic.json"), cls=jsonschema.Draft202012Validator)


def _check_github(text: str) -> None:
    command = r"::(error|warning|notice) (\w+=[^,:\r\n]*)(,\w+=[^,:\r\n]*)*::[^\r\n]+"
    assert all(re.fullmatch(command, line) for line in text.splitlines())


def _check_markdown(text: str) -> None:
    for table in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()}) == 1


def _check_concise(text: str) -> None:
    for line in text.splitlines():
        assert re.search(r": (NBR\d+|run-failed|unchecked) (error|warning|info): ", line)
    assert not set(text) & set("\x1b\x07\u202e\udc80\r")


CHECKS = {
    "concise.txt": _check_concise,
    "report.sarif": _check_sarif,
    "junit.xml": _check_junit,
    "github.txt": _check_github,
    "gitlab.json": _check_gitlab,
    "markdown.md": _check_markdown,
    "rdjsonl.jsonl": _check_rdjsonl,
}


def _many(number: int, *severities: Severity, name: str = "many.ipynb") -> Report:
    """Findings on so many cells, of these severities in turn."""
    findings = [Finding("NBR003", severity, index, None, "x") for index in range(number) for severity in severities]
    cells = [CellReport(index, f"c{index}", Verdict.IN_PLACE, "", f"x{index}") for index in range(number)]
    return Report("0.1.0", (NotebookReport(name, "fork", "", "python3", cells=tuple(cells), findings=tuple(findings)),))


def _one(message: str = "m", name: str = "nb.ipynb", index: int = 0, **more: Any) -> Report:
    cell = CellReport(0, "c", Verdict.IN_PLACE, message, message, Seconds(float("inf"), 0.5))
    finding = Finding("NBR003", Severity.ERROR, index, more.pop("variable", None), message)
    return Report("0", (NotebookReport(name, "fork", "", "python3", cells=(cell,), findings=(finding,), **more),))


HOSTILE = "a\x00\x1b[31m|b`c\r\n::error::d<e>&amp;\x07\udc80\uffff ]]> {0} [t](1) 100% \u202e,x:y*_#"


@pytest.mark.parametrize("name", RENDERS)
def test_the_report_looks_as_agreed(report: Report, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The canonical report is the golden file; of the texts of rules one stands for all."""
    monkeypatch.setattr(sarif, "RULES", {"NBR002": RULES["NBR002"]})
    text = _shown(RENDERS[name], report)
    path = GOLDEN / name
    if os.environ.get("NBRERUN_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", RENDERS)
@pytest.mark.parametrize(
    "one",
    [
        EMPTY,
        _many(40, *Severity),
        _one(HOSTILE, HOSTILE + ".ipynb", variable=HOSTILE),
        _one("", ""),
        _one(index=-1),
        _one(index=9, failure=Failure(HOSTILE, HOSTILE, (HOSTILE,), index=0)),
        _one(failure=Failure("DeadKernel", "it died"), interrupted=True),
        _one(lacks=("torch",)),
    ],
    ids=["empty", "many", "hostile", "blank", "whole", "failed", "died", "lacks"],
)
def test_every_report_follows_its_schema(name: str, one: Report) -> None:
    """Large, empty, failed and hostile reports are valid, too; nothing of a notebook is markup or a command."""
    text = _shown(RENDERS[name], one)
    assert not set(text) & set("\x00\x1b\x07\u202e\udc80\r")
    CHECKS[name](text)


@pytest.mark.parametrize("name", RENDERS)
def test_the_canonical_report_follows_its_schema(report: Report, name: str) -> None:
    """What the golden files hold is valid."""
    CHECKS[name](_shown(RENDERS[name], report))


def test_sarif_is_read_by_a_model_of_the_whole_format(report: Report) -> None:
    """Nothing is lost on the way through it: all that is written has a place in the format."""
    written = json.loads(_shown(sarif.render, report))
    assert Sarif.model_validate(written).model_dump(mode="json", by_alias=True, exclude_unset=True) == written


def test_junit_is_read_by_a_reader_of_others(report: Report) -> None:
    """It counts what we count."""
    read = JUnitXml.fromstring(_shown(junit.render, report).encode())
    read_results = [type(result).__name__ for suite in read for case in suite for result in case.result]
    assert (read.tests, read.failures, read.errors) == (26, 2, 1)
    assert [read_results.count(kind) for kind in ("Failure", "Error", "Skipped")] == [2, 1, 3]


@pytest.mark.parametrize(
    ("name", "broken"),
    [
        ("report.sarif", '{"version": "2.0.0", "runs": []}'),
        ("gitlab.json", '[{"description": "x", "check_name": "x", "fingerprint": "x", "severity": "bad"}]'),
        ("rdjsonl.jsonl", '{"message": "x"}'),
    ],
)
def test_the_schemas_refuse_what_is_wrong(name: str, broken: str) -> None:
    """A validator that takes anything would show nothing."""
    with pytest.raises(jsonschema.ValidationError):
        CHECKS[name](broken)
    with pytest.raises(etree.DocumentInvalid):
        _check_junit("<testsuites><testsuite/></testsuites>")


def _lines(name: str, text: str) -> list[tuple[int, int]]:
    """Begin and end of each place that a format names."""
    if name == "report.sarif":
        regions = [
            result["locations"][0]["physicalLocation"]["region"] for result in json.loads(text)["runs"][0]["results"]
        ]
        return [(region["startLine"], region["endLine"]) for region in regions]
    if name == "rdjsonl.jsonl":
        ranges = [json.loads(line)["location"]["range"] for line in text.splitlines()]
        return [(one["start"]["line"], one["end"]["line"]) for one in ranges]
    if name == "gitlab.json":
        return [(issue["location"]["lines"]["begin"],) * 2 for issue in json.loads(text)]
    return [(int(begin), int(end)) for begin, end in re.findall(r"line=(\d+),endLine=(\d+)", text)]


@pytest.mark.parametrize("name", ["report.sarif", "rdjsonl.jsonl", "gitlab.json", "github.txt"])
def test_lines_are_those_of_the_file(folder: Path, name: str) -> None:
    """The lines named hold the source of the cell; without the file it is line 1."""
    for path, expected in (("lessons/04 training.ipynb", ['"first = 0\\n",', '"second"']), ("gone.ipynb", ["{", "{"])):
        lines = (folder / path).read_text().splitlines() if (folder / path).exists() else ["{"]
        ((begin, end),) = _lines(name, _shown(RENDERS[name], _one(name=path)))
        wanted = expected if name != "gitlab.json" else [expected[0]] * 2
        assert [lines[begin - 1].strip(), lines[end - 1].strip()] == wanted


def _run(report: Report) -> Any:
    return json.loads(_shown(sarif.render, report))["runs"][0]


def test_sarif_describes_every_rule() -> None:
    """Each rule has its severity and the text of the page; links to other pages are only their words."""
    rules = {rule["id"]: rule for rule in _run(EMPTY)["tool"]["driver"]["rules"]}
    assert list(rules) == list(RULES)
    levels = {"error": "error", "warning": "warning", "info": "note"}
    for code, rule in rules.items():
        assert rule["defaultConfiguration"]["level"] == levels[str(RULES[code].severity)]
        assert "How to fix" in rule["help"]["markdown"]
        assert "](" not in rule["help"]["markdown"]
        assert "**" not in rule["help"]["text"]
        assert rule["fullDescription"]["text"].count("\n") == 0


def test_sarif_points_at_the_rule_of_each_result(report: Report) -> None:
    """`ruleIndex` is the place of the rule, also of one that is not known."""
    unknown = Finding("X001", Severity.INFO, 0, None, "new")
    for one in (report, Report("0", (NotebookReport("a.ipynb", "", "", "", findings=(unknown,)),))):
        run = _run(one)
        rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
        listed = [finding.rule for finding in one.findings() if finding.listed]
        assert [rules[result["ruleIndex"]] for result in run["results"]] == listed


def test_sarif_says_when_the_tool_could_not_do_its_work(report: Report) -> None:
    """A main run that raised is a notification, no result; only a run without one, and uninterrupted, is successful."""
    invocation = _run(report)["invocations"][0]
    assert invocation["executionSuccessful"] is False
    assert "ValueError" in invocation["toolExecutionNotifications"][0]["message"]["text"]
    assert len(_run(report)["results"]) == sum(finding.listed for finding in report.findings())
    assert _run(_one())["invocations"] == [{"executionSuccessful": True, "toolExecutionNotifications": []}]
    assert _run(_one(interrupted=True))["invocations"][0]["executionSuccessful"] is False


def test_sarif_messages_hold_no_placeholder_and_no_link() -> None:
    """Braces are doubled, and brackets do not touch parentheses."""
    text = _run(_one("d = {0} [t](1)"))["results"][0]["message"]["text"]
    assert text == "cell 0: d = {{0}} [t] (1)"


@pytest.mark.parametrize(("path", "uri"), [("a b/ü%.ipynb", "a%20b/%C3%BC%25.ipynb"), ("a:b.ipynb", "a%3Ab.ipynb")])
def test_sarif_paths_are_uris(path: str, uri: str) -> None:
    """Blanks, colons, percent signs and letters beyond ASCII are quoted."""
    location = _run(_one(name=path))["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert location == {"uri": uri}
    assert unquote(location["uri"]) == path


def _prints(findings: tuple[Finding, ...], *ids: str, path: str = "nb.ipynb") -> tuple[list[str], list[str]]:
    """Fingerprints in SARIF and in GitLab's report."""
    cells = tuple(CellReport(index, id, Verdict.IN_PLACE, "") for index, id in enumerate(ids))
    report = Report("0", (NotebookReport(path, "", "", "", cells=cells, findings=findings),))
    results = [result["partialFingerprints"]["cellAndRule/v1"] for result in _run(report)["results"]]
    return results, [issue["fingerprint"] for issue in json.loads(_shown(gitlab.render, report))]


def _finding(index: int, rule: str = "NBR003", name: str | None = "x", message: str = "m") -> Finding:
    return Finding(rule, Severity.ERROR, index, name, message)


def test_fingerprints_survive_moves_and_other_words() -> None:
    """They depend on the cell's id, the rule and the variable, not on its number or on measured values."""
    before = _prints((_finding(0, message="by 0.31"),), "a", "b")
    assert _prints((_finding(1, message="by 0.32"),), "b", "a") == before


@pytest.mark.parametrize(
    "other", [(_finding(1),), (_finding(0, rule="NBR002"),), (_finding(0, name="y"),), (_finding(0, name=None),)]
)
def test_fingerprints_tell_findings_apart(other: tuple[Finding, ...]) -> None:
    """Another cell, rule or variable is another finding."""
    assert not set(_prints((_finding(0),), "a", "b")[0]) & set(_prints(other, "a", "b")[0])


def test_fingerprints_are_unique_in_a_report() -> None:
    """Two findings of one rule on one cell differ; in GitLab's report copies of a notebook do, too."""
    for prints in _prints((_finding(0, name=None), _finding(0, name=None)), "a"):
        assert len(set(prints)) == 2
    one, copy = _prints((_finding(0),), "a"), _prints((_finding(0),), "a", path="copy.ipynb")
    assert one[0] == copy[0]
    assert one[1] != copy[1]


def _suites(report: Report) -> Any:
    return etree.fromstring(_shown(junit.render, report).encode())


def test_junit_has_a_suite_for_each_notebook_and_a_case_for_each_cell(report: Report) -> None:
    """Names, classes without dots of their own, and times."""
    root = _suites(report)
    assert [suite.get("name") for suite in root] == [notebook.path for notebook in report.notebooks]
    cases = root[0].findall("testcase")
    assert [case.get("name") for case in cases][:2] == [
        "cell 1: import numpy as np",
        f"cell 3: {'X_train, X_test, '}y_train, y_test = train_test_split(X, y, random_state=0)",
    ]
    assert {case.get("classname") for case in cases} == {"lessons.04 training"}
    assert cases[0].get("time") == "0.310"


def test_sarif_names_the_cell_and_the_page_of_the_rule(report: Report) -> None:
    """By id and position, so that a finding can be followed; the run has a category."""
    run = _run(report)
    places = [result["locations"][0]["logicalLocations"][0]["properties"] for result in run["results"]]
    assert places[1] == {"cellId": "0a0b", "cellIndex": 6}
    assert run["automationDetails"] == {"id": "nbrerun/"}
    assert all(rule["helpUri"].endswith(f"/nbrerun/rules/{rule['id']}.md") for rule in run["tool"]["driver"]["rules"])


@pytest.mark.parametrize("name", [name for name in RENDERS if name != "concise.txt"])
@pytest.mark.parametrize(
    ("gate", "there"), [(Gate(), False), (Gate(select=("NBR1",)), True), (Gate(fail_on="info"), True)]
)
def test_what_a_cell_needs_after_a_restart_is_listed_on_request(
    report: Report, name: str, gate: Gate, there: bool
) -> None:
    """NBR101 is in a report for other tools if its rule is selected, or if its severity fails the check."""
    text = _shown(RENDERS[name], judged(report, gate))
    assert ("needs `model` of cell 4" in text) is there


@pytest.mark.parametrize(
    ("fail_on", "failed", "put_out"),
    [
        (NEVER, [], ["NBR004", "NBR002", "NBR001"]),
        (Severity.ERROR, ["NBR002", "NBR001"], ["NBR004"]),
        (Severity.WARNING, ["NBR004", "NBR002", "NBR001"], []),
        (Severity.INFO, ["NBR004", "NBR002, NBR101", "NBR001"], []),
    ],
)
def test_junit_fails_what_fails_the_check(report: Report, fail_on: str, failed: list[str], put_out: list[str]) -> None:
    """Its findings are one failure of their cell, the others are its output."""
    suite = _suites(judged(report, Gate(fail_on=fail_on)))[0]
    assert [failure.get("type") for failure in suite.iter("failure")] == failed
    said = " ".join(out.text for out in suite.iter("system-out"))
    assert re.findall(r"NBR\d+", said) == put_out
    assert suite.get("failures") == str(len(failed))


def test_junit_tells_errors_and_skips_from_failures(report: Report) -> None:
    """A main run that raised is an error of its cell; what was not judged, or not run, is skipped and says why."""
    root = _suites(report)
    error = root[1].find("testcase/error")
    assert (error.get("type"), error.getparent().get("name")) == ("ValueError", "cell 2")
    assert error.text.splitlines() == ["Traceback:", "[/]"]
    assert [one.get("message") for one in root[0].iter("skipped")] == [
        "skipped: tagged nbrerun:skip",
        "undetermined: the rerun was stopped after 10 s",
    ]
    assert root[2].find("system-err").text.startswith("interrupted")
    assert [one.get("message") for one in root[4].iter("skipped")] == ["skipped: needs torch and keras"]
    for name, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error")):
        assert root.get(name) == str(len(list(root.iter(tag))))


def test_junit_shows_findings_on_a_cell_that_raised() -> None:
    """The error does not hide them: they are its output."""
    (case,) = _suites(_one(failure=Failure("E", "no", index=0)))[0]
    assert [part.tag for part in case] == ["error", "system-out"]


@pytest.mark.parametrize(
    ("numbers", "kept", "notice"),
    [
        ((10, 10, 10), (10, 10, 10), ""),
        ((11, 0, 0), (10, 0, 1), "1 of 11 errors"),
        ((11, 12, 13), (10, 10, 10), "1 of 11 errors, 2 of 12 warnings, 4 of 13 notices"),
        ((0, 0, 11), (0, 0, 10), "2 of 11 notices"),
        ((11, 0, 10), (10, 0, 10), "1 of 11 errors, 1 of 10 notices"),
    ],
)
def test_annotations_keep_to_the_limits(numbers: tuple[int, ...], kept: tuple[int, ...], notice: str) -> None:
    """Ten of each kind, the worst first; the last notice says what is not shown, and counts as one."""
    pairs = list(zip(Severity, numbers, strict=True))
    findings = [
        Finding("NBR003", severity, 0, None, "x") for severity, number in reversed(pairs) for _ in range(number)
    ]
    report = Report("0", (NotebookReport("a.ipynb", "", "", "", findings=tuple(findings)),))
    lines = _shown(github.render, report).splitlines()
    words = [line.split()[0][2:] for line in lines]
    assert tuple(words.count(word) for word in ("error", "warning", "notice")) == kept
    assert words == sorted(words, key=["error", "warning", "notice"].index)
    assert ("not shown: " in lines[-1]) is bool(notice)
    assert lines[-1].endswith(notice)


def test_a_failed_run_is_the_first_annotation() -> None:
    """It comes before every finding, however many there are."""
    notebooks = [_many(20, Severity.ERROR).notebooks[0], _one(failure=Failure("E", "no", index=0)).notebooks[0]]
    assert "run-failed" in _shown(github.render, Report("0", tuple(notebooks))).splitlines()[0]


def test_annotations_escape_what_the_runner_reads() -> None:
    """Percent signs and line breaks in both parts, colons and commas in properties."""
    text = _shown(github.render, _one("50%, a: b\nc", "a,b:50%.ipynb"))
    assert text == "::error file=a%2Cb%3A50%25.ipynb,line=1,endLine=1,title=NBR003 in cell 0::50%25, a: b c\n"


def test_markdown_is_escaped() -> None:
    """Code stays code, everything else is text; a bar never ends a column."""
    text = _shown(markdown.render, _one("`a|b*` <b> *c* _d_ [e](f) | g ` h"))
    assert r"| 0 | NBR003 | error | `a\|b*` \<b\> \*c\* \_d\_ \[e\](f) \| g \` h |" in text


def test_markdown_counts_verdicts_and_says_what_is_gone() -> None:
    """A row for each notebook, with columns of the verdicts that there are; known findings are counted, not listed."""
    cells = [CellReport(index, str(index), verdict, "") for index, verdict in enumerate([Verdict.RESET, Verdict.ERROR])]
    findings = [Finding("NBR001", Severity.ERROR, 1, None, f"m{known}", known=known) for known in (True, True, False)]
    found = NotebookReport("a.ipynb", "fork", "", "python3", cells=tuple(cells), findings=tuple(findings))
    compared = Compared("base_line.json", (Gone("b.ipynb", "x|y", "NBR002", 2), Gone("a.ipynb", "z", "NBR003", 1)))
    lines = _shown(markdown.render, Report("0", (found,), compared)).splitlines()
    assert lines[4:7] == [
        "| notebook | error | reset | findings |",
        "| --- | ---: | ---: | ---: |",
        "| a.ipynb | 1 | 1 | 1, 2 known |",
    ]
    assert lines[8:12] == [
        "Gone since the baseline base\\_line.json:",
        "",
        "- NBR002 in cell x\\|y of b.ipynb (2 findings)",
        "- NBR003 in cell z of a.ipynb",
    ]
    assert not any("mTrue" in line for line in lines)


@pytest.mark.parametrize("most", [2_000, 20_000, 10**7])
def test_markdown_keeps_to_a_size_and_says_what_it_cut(most: int) -> None:
    """The rows that are not there are counted; without a limit all are there."""
    report = _many(1000, Severity.ERROR, name="ü" * 40 + ".ipynb")
    text = _shown(markdown.render, report, most_bytes=most)
    rows = text.count("| NBR003 |")
    assert len(text.encode()) <= most
    assert rows == 1000 or f"{1000 - rows} more lines cut" in text
    assert (rows == 1000) is (most == 10**7)
    assert _shown(markdown.render, report).count("| NBR003 |") == 1000
