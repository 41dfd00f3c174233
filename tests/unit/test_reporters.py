"""What the reporters make of one canonical report.

The golden files are what a person has looked at and found good. After a change that is meant, write them anew
with `NBRERUN_GOLDEN=1 pytest tests/unit/test_reporters.py` and look at the difference.
"""

from __future__ import annotations

import io
import json
import os
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from rich.cells import cell_len

from nbrerun.model import NotebookReport, Report, Verdict
from nbrerun.reporters import json as json_reporter
from nbrerun.reporters import terminal
from nbrerun.reporters.text import clean, one_line

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")


def _compare(name: str, text: str) -> None:
    path = GOLDEN / name
    if os.environ.get("NBRERUN_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def _terminal(report: Report, verbosity: int = terminal.NORMAL, out: io.TextIOBase | None = None) -> str:
    stream = out or io.StringIO()
    terminal.render(report, stream, verbosity)  # type: ignore[arg-type]
    stream.seek(0)
    return str(stream.read())


class _Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("width", [80, 200])
def test_terminal_report_looks_as_agreed(report: Report, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole report, at a narrow and a wide terminal, is the golden file."""
    monkeypatch.setenv("COLUMNS", str(width))
    _compare(f"terminal-{width}.txt", _terminal(report))


@pytest.mark.parametrize(("name", "verbosity"), [("quiet", terminal.QUIET), ("verbose", terminal.VERBOSE)])
def test_quiet_and_verbose_look_as_agreed(report: Report, name: str, verbosity: int) -> None:
    """`-q` keeps findings and summary only, `-v` adds changes, opaque parts and seconds."""
    _compare(f"terminal-{name}.txt", _terminal(report, verbosity))


@pytest.mark.parametrize("width", [50, 80, 119, 120, 200])
def test_nothing_that_matters_is_cut_off(report: Report, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """At any width no line is too long, and every word of reasons, findings and headers is there."""
    monkeypatch.setenv("COLUMNS", str(width))
    text = _terminal(report)
    assert max(map(cell_len, text.splitlines())) <= width
    shown = "".join(text.split())
    notebook = report.notebooks[0]
    said = [cell.reason for cell in notebook.cells] + [finding.message for finding in notebook.findings]
    missing = [word for sentence in [*said, notebook.engine_reason] for word in sentence.split() if word not in shown]
    assert not missing


def test_every_verdict_has_a_symbol_of_its_own_and_its_word() -> None:
    """Colour is never the only difference between two verdicts, with Unicode or without."""
    for column in (0, 1):
        symbols = [terminal._LOOKS[verdict][column] for verdict in Verdict]
        assert len(set(symbols)) == len(symbols)


def test_colours_appear_on_a_terminal_only(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file gets no escape sequence, a terminal gets colours, NO_COLOR takes the colours away."""
    assert "\x1b" not in _terminal(report)
    assert "\x1b[1;31m" in _terminal(report, out=_Tty())
    monkeypatch.setenv("NO_COLOR", "1")
    assert "31m" not in _terminal(report, out=_Tty())


def test_text_from_notebooks_is_only_text(report: Report) -> None:
    """Markup stays as written; escape sequences, bells and direction marks of a notebook are gone."""
    for verbosity in (terminal.NORMAL, terminal.VERBOSE):
        text = _terminal(report, verbosity)
        assert "[red]recreated[/red] :smile:" in text
        assert "odd/[red].ipynb" in text
        assert not set(text) & set("\x1b\x07\u202e\udc80\r")
        assert "[31m" not in text


def test_a_stream_that_is_not_unicode_gets_the_report_too(report: Report) -> None:
    """An ASCII stream gets ASCII symbols and no UnicodeEncodeError."""
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii")
    terminal.render(report, out)
    out.flush()
    assert b" x  [11]  error" in raw.getvalue()


def test_a_failed_notebook_says_where_and_what(report: Report) -> None:
    """The cell, the exception and its whole message are shown, also with `-q`."""
    lines = _terminal(report, terminal.QUIET).splitlines()
    row = next(index for index, line in enumerate(lines) if "failed" in line)
    assert "[2]" in lines[row]
    assert "ValueError: [/] first" in lines[row]
    assert [line.strip() for line in lines[row + 1 : row + 3]] == ["second", "third"]


def test_interrupted_and_empty_notebooks_say_so() -> None:
    """A notebook without code is no blank, and one that was stopped says that cells are missing."""
    stopped = NotebookReport("a.ipynb", "", "", "python3", interrupted=True)
    empty = NotebookReport("b.ipynb", "", "", "python3")
    assert "interrupted:" in _terminal(Report("0", (stopped,)))
    assert "no code cells" in _terminal(Report("0", (empty,)))
    assert _terminal(Report("0", (empty,)), terminal.QUIET).splitlines() == [
        "0 cells in 1 notebook",
        "no findings; 0.0 s",
    ]


def test_the_picture_is_drawn_in_colour_and_needs_nothing_else(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    """The SVG is coloured in any environment, loads no font, and is the same every time."""
    plain = terminal.render_svg(report, "nbrerun check")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "50")
    assert terminal.render_svg(report, "nbrerun check") == plain
    assert plain.startswith("<svg")
    assert "nbrerun&#160;check" in plain or "nbrerun check" in plain
    assert "url(" not in plain.split("</style>")[0]
    assert "#cc555a" in plain


def _json(report: Report) -> Any:
    out = io.StringIO()
    json_reporter.render(report, out)
    return json.loads(out.getvalue())


def _schema() -> Any:
    return json.loads(files("nbrerun.reporters").joinpath("report.schema.json").read_text(encoding="utf-8"))


def test_json_report_is_as_agreed(report: Report) -> None:
    """Every key and value of the canonical report is that of the golden file."""
    out = io.StringIO()
    json_reporter.render(report, out)
    _compare("report.json", out.getvalue())


def test_json_report_follows_its_schema(report: Report) -> None:
    """The schema is itself valid, and the canonical report and an empty one follow it."""
    jsonschema.Draft202012Validator.check_schema(_schema())
    for one in (report, Report("0.1.0")):
        jsonschema.validate(_json(one), _schema(), cls=jsonschema.Draft202012Validator)


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (("schema_version",), 2),
        (("notebooks", 0, "status"), "broken"),
        (("notebooks", 0, "status"), "failed"),
        (("notebooks", 1, "failure"), None),
        (("notebooks", 0, "cells", 0, "verdict"), "untouched"),
        (("notebooks", 0, "cells", 0, "index"), -1),
        (("notebooks", 0, "cells", 1, "variables", 0, "kind"), "thing"),
        (("notebooks", 0, "cells", 1, "variables", 0, "marks"), ["lucky"]),
        (("notebooks", 0, "cells", 5, "error"), "KeyError"),
        (("notebooks", 0, "findings", 0, "severity"), "fatal"),
        (("notebooks", 0, "findings", 0, "rule"), "X1"),
        (("summary", "reset"), 1.5),
    ],
)
def test_schema_refuses_other_words(report: Report, where: tuple[Any, ...], value: Any) -> None:
    """A value outside the contract is not valid."""
    data = part = _json(report)
    for key in where[:-1]:
        part = part[key]
    part[where[-1]] = value
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, _schema(), cls=jsonschema.Draft202012Validator)


@pytest.mark.parametrize(
    ("where", "keys"),
    [
        ((), "schema_version nbrerun_version notebooks summary"),
        (("notebooks", 0), "path engine engine_reason kernel status cells recover findings"),
        (("notebooks", 1, "failure"), "index ename evalue traceback"),
        (("notebooks", 0, "cells", 3), "index id verdict reason seconds variables error restart"),
        (("notebooks", 0, "cells", 3, "seconds"), "first again"),
        (
            ("notebooks", 0, "cells", 3, "variables", 0),
            "name kind type verdict how via direction marks changes",
        ),
        (("notebooks", 0, "cells", 3, "variables", 0, "changes", 0), "path first again max_abs_change"),
        (("notebooks", 0, "findings", 0), "rule severity index name message"),
        (("summary",), "cells reset in-place persisted stateless error skipped undetermined"),
    ],
)
def test_schema_requires_every_key_of_version_1(report: Report, where: tuple[Any, ...], keys: str) -> None:
    """Each key that consumers may read is there, and without it the report is not valid."""
    for key in keys.split():
        data = part = _json(report)
        for step in where:
            part = part[step]
        del part[key]
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(data, _schema(), cls=jsonschema.Draft202012Validator)


def test_json_is_ascii_and_strict(report: Report) -> None:
    """No NaN, no infinity, no lone surrogate: any JSON parser and any stream takes it."""
    out = io.StringIO()
    json_reporter.render(report, out)
    assert out.getvalue().isascii()

    def refuse(word: str) -> None:
        raise AssertionError(word)

    json.loads(out.getvalue(), parse_constant=refuse)


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("plain [b]text[/b] \\[", "plain [b]text[/b] \\["),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]8;;https://example.org\x1b\\link\x1b]8;;\x07", "link"),
        ("\x1bPq#0\x1b\\after", "after"),
        ("half \x1b", "half "),
        ("\x1b(Bset", "set"),
        ("a\tb\r\nc\rd", "a    b\nc\nd"),
        ("\x9b31m\x85\x00\x7f", "31m\n"),
        ("\u202eevil\u2066", "evil"),
        ("é 日本 😀", "é 日本 😀"),
    ],
)
def test_clean_leaves_text_only(text: str, cleaned: str) -> None:
    """Escape sequences and controls go, letters of any script and newlines stay."""
    assert clean(text) == cleaned


def test_one_line_folds_white_space() -> None:
    """Newlines and runs of blanks become one blank."""
    assert one_line(" a\n\n  b\tc ") == "a b c"
