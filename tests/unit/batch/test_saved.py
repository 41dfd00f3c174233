"""A report that was saved as JSON can be shown in any format, and compared with another."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click.testing
import pytest

from nbrerun.batch import saved
from nbrerun.cli import main
from nbrerun.errors import UsageError
from nbrerun.model import (
    CellReport,
    Compared,
    Finding,
    Gone,
    NotebookReport,
    Outside,
    Report,
    Severity,
    Verdict,
)
from nbrerun.reporters.difference import compare
from nbrerun.reporters.formats import json as json_reporter


def _text(report: Report) -> str:
    out = io.StringIO()
    json_reporter.render(report, out)
    return out.getvalue()


def _save(report: Report, path: Path) -> str:
    path.write_text(_text(report), encoding="utf-8")
    return str(path)


def _run(*args: str) -> click.testing.Result:
    return click.testing.CliRunner().invoke(main, args)


@pytest.fixture
def whole(report: Report) -> Report:
    """The canonical report, with what only some reports have."""
    compared = Compared("b.json", (Gone("a.ipynb", "ab", "NBR002", 2),))
    first, *others = report.notebooks
    cell = replace(first.cells[0], outside=(Outside("network", "example.org:443", reads=True),))
    ids = {cell.index: cell.id for cell in first.cells}
    findings = tuple(replace(finding, cell=ids[finding.index]) for finding in first.findings)
    first = replace(first, cells=(cell, *first.cells[1:]), findings=findings, cached=True, over_budget=True)
    first = replace(first, kernel=".venv", kernel_reason="asked for", declared="it needs numpy")
    broken = NotebookReport("broken.ipynb", "", "", "", problem="it is empty", traceback=("a", "b"))
    return replace(report, notebooks=(first, *others, broken), compared=compared)


def test_what_was_saved_is_read_again(whole: Report, tmp_path: Path) -> None:
    """Saved once more it is the same file, to the letter."""
    read = saved.read(_save(whole, tmp_path / "r.json"))
    assert _text(read) == _text(whole)
    assert read.notebooks[-2].lacks == ("torch", "keras")


@pytest.mark.parametrize("form", ["terminal", "markdown", "junit", "concise", "sarif"])
def test_it_is_shown_as_it_would_have_been(
    whole: Report, form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In any format; the ids of findings that a check has filled in are in the file."""
    monkeypatch.setenv("COLUMNS", "90")
    monkeypatch.chdir(tmp_path)
    filled = saved.read(_save(whole, tmp_path / "r.json"))
    first = _run("show", "r.json", "--format", form)
    assert (first.exit_code, first.stderr) == (0, "")
    assert "model" in first.stdout
    _save(filled, tmp_path / "again.json")
    assert _run("show", "again.json", "--format", form).stdout == first.stdout


def test_options_of_the_terminal_report_work(whole: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`-q`, `-v`, `--restart` and `--output`, which keeps the saved file safe as well."""
    monkeypatch.chdir(tmp_path)
    _save(whole, tmp_path / "r.json")
    texts = [_run("show", "r.json", *option).stdout for option in ([], ["-q"], ["-v"], ["--restart"])]
    assert ["What a restart loses:" in text for text in texts] == [False, False, True, True]
    assert len(set(texts)) == 4
    written = _run("show", "r.json", "--output", "out.txt")
    assert (written.exit_code, written.stdout) == (0, "")
    assert (tmp_path / "out.txt").read_text().startswith("lessons/04 training.ipynb")


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda told: told["notebooks"][0]["cells"][0].update(verdict="odd"), "'odd' is not a valid Verdict"),
        (lambda told: told["notebooks"][0]["cells"][0].update(reason=3), "3 is not of type str"),
        (lambda told: told["notebooks"][0]["findings"][0].update(rule="X"), "there is no rule 'X'"),
        (lambda told: told["notebooks"][0].pop("engine"), "KeyError: 'engine'"),
        (lambda told: told.update(schema_version=2), "schema_version is 2"),
        (lambda told: told.update(notebooks={}), "is not a JSON report of nbrerun"),
    ],
    ids=["verdict", "type", "rule", "key", "version", "shape"],
)
def test_what_is_damaged_is_one_sentence(
    whole: Report, damage: Callable[[Any], object], says: str, tmp_path: Path
) -> None:
    """Nothing of a wrong type gets as far as a format."""
    told = json.loads(_text(whole))
    damage(told)
    (tmp_path / "r.json").write_text(json.dumps(told))
    with pytest.raises(UsageError, match=r"r\.json") as raised:
        saved.read(str(tmp_path / "r.json"))
    assert says in str(raised.value)


def _cell(index: int, verdict: Verdict, name: str = "") -> CellReport:
    return CellReport(index, name or f"id{index}", verdict, "", f"x{index} = {index}")


def _finding(rule: str, index: int, name: str | None = None, **more: Any) -> Finding:
    return Finding(rule, Severity.ERROR, index, name, f"says {rule}", f"id{index}", **more)


def _one(*parts: CellReport | Finding, path: str = "nb.ipynb", **more: Any) -> NotebookReport:
    cells = tuple(part for part in parts if isinstance(part, CellReport))
    findings = tuple(part for part in parts if isinstance(part, Finding))
    return NotebookReport(path, "fork", "", "python3", cells=cells, findings=findings, **more)


def _compared(old: Report, new: Report, folder: Path, *args: str) -> str:
    result = _run("diff", _save(old, folder / "old.json"), _save(new, folder / "new.json"), *args)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def test_verdicts_and_findings_that_changed_are_listed(tmp_path: Path) -> None:
    """By the ids of cells, which may have moved; one of two equal findings may be gone."""
    old = _one(
        _cell(0, Verdict.RESET),
        _cell(1, Verdict.IN_PLACE),
        _cell(2, Verdict.RESET),
        _finding("NBR002", 1, "m"),
        _finding("NBR001", 1),
        _finding("NBR001", 1),
    )
    new = _one(
        _cell(0, Verdict.RESET),
        _cell(5, Verdict.RESET, "id1"),
        _cell(6, Verdict.ERROR),
        _finding("NBR001", 1),
        _finding("NBR003", 6, "x"),
        _finding("NBR101", 6, listed=False),
    )
    assert _compared(Report("0", (old,)), Report("0", (new,)), tmp_path).splitlines() == [
        "nb.ipynb",
        "  cell 5: in-place, now reset  x5 = 5",
        "  cell 6: new, error  x6 = 6",
        "  cell 2: gone, was reset  x2 = 2",
        "  + NBR003 error in cell 6: says NBR003",
        "  - NBR002 error in cell 1: says NBR002",
        "  - NBR001 error in cell 1: says NBR001",
        "",
        "3 verdicts changed, 1 new finding, 2 findings gone in 1 notebook",
    ]


def test_notebooks_that_only_one_report_has(tmp_path: Path) -> None:
    """They are named with what is new or gone; notebooks that are the same are not named."""
    same, gone, new = _one(path="same.ipynb"), _one(_finding("NBR002", 0), path="gone.ipynb"), _one(path="new.ipynb")
    text = _compared(Report("0", (same, gone)), Report("0", (same, new)), tmp_path)
    assert "same.ipynb" not in text
    assert "new.ipynb\n  was absent, is ok\n" in text
    assert "gone.ipynb\n  was ok, is absent\n  - NBR002 error in cell 0" in text
    assert compare(Report("0", (same,)), Report("0", (replace(same, path="moved.ipynb"),))) == []
    assert _compared(Report("0", (same,)), Report("0", (same,)), tmp_path) == "nothing has changed\n"


def test_the_difference_is_markdown_for_a_comment(tmp_path: Path) -> None:
    """A table for each notebook, in which nothing of a notebook is markup."""
    old = _one(_cell(1, Verdict.IN_PLACE), path="a|b.ipynb")
    new = _one(replace(_cell(1, Verdict.RESET)), _finding("NBR002", 1), path="a|b.ipynb", problem="it is *empty*")
    assert _compared(Report("0", (old,)), Report("0", (new,)), tmp_path, "--format", "markdown").splitlines() == [
        "## nbrerun: 1 verdict changed, 1 new finding, 0 findings gone in 1 notebook",
        "",
        "### a\\|b.ipynb",
        "",
        "was ok, is unchecked",
        "",
        "| cell | | what |",
        "| ---: | --- | --- |",
        "| 1 | verdict | in-place, now reset |",
        "| 1 | new NBR002 | says NBR002 |",
    ]
