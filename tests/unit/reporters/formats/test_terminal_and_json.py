"""What the reporters make of one canonical report.

The golden files were reviewed by hand. After an intended change, regenerate them
with `NBRERUN_GOLDEN=1 pytest tests/unit/reporters/formats` and review the diff.
"""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from rich.cells import cell_len

from nbrerun.model import (
    CellReport,
    Failure,
    Kind,
    Mark,
    Missing,
    NotebookReport,
    Parting,
    Raised,
    Recovery,
    Report,
    Restart,
    Verdict,
    WholeRun,
)
from nbrerun.reporters.formats import json as json_reporter
from nbrerun.reporters.formats import terminal
from nbrerun.reporters.looks import VERDICTS
from nbrerun.reporters.summary import summary_line
from nbrerun.reporters.text import clean, one_line
from nbrerun.settings.values import SANDBOXES, WHOLE

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


def _terminal(
    report: Report, verbosity: int = terminal.NORMAL, out: io.TextIOBase | None = None, restart: bool = False
) -> str:
    stream = out or io.StringIO()
    terminal.render(report, stream, verbosity, restart)  # type: ignore[arg-type]
    stream.seek(0)
    return str(stream.read())


class _Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("width", [80, 120, 200])
def test_terminal_report_looks_as_agreed(report: Report, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole report, at narrow and wide terminals, is the golden file."""
    monkeypatch.setenv("COLUMNS", str(width))
    _compare(f"terminal-{width}.txt", _terminal(report))


@pytest.mark.parametrize(
    ("name", "verbosity", "restart"),
    [("quiet", terminal.QUIET, False), ("verbose", terminal.VERBOSE, False), ("restart", terminal.NORMAL, True)],
)
def test_quiet_and_verbose_look_as_agreed(report: Report, name: str, verbosity: int, restart: bool) -> None:
    """`-q` keeps findings and summary, `-v` adds changes and seconds, `--restart` what a restart loses."""
    _compare(f"terminal-{name}.txt", _terminal(report, verbosity, restart=restart))


def _said(notebook: NotebookReport) -> Iterator[str]:
    yield from (notebook.engine_reason, notebook.sandbox_reason)
    found = {finding.index for finding in notebook.findings if finding.listed}
    yield from (cell.reason for cell in notebook.cells if cell.index not in found)
    yield from (finding.message for finding in notebook.findings if finding.listed)
    yield from (missing.name for cell in notebook.cells if cell.restart for missing in cell.restart.missing)
    yield from (cell.restart.reason for cell in notebook.cells if cell.restart)
    yield from (f"{plan.name} {'' if plan.verified else plan.reason}" for plan in notebook.recover)
    yield from (f"{parting.name} {run.reason}" for run in notebook.whole for parting in run.parted)


@pytest.mark.parametrize("width", [50, 80, 119, 120, 200])
def test_nothing_that_matters_is_cut_off(report: Report, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """At any width no line is too long, and `-v` has every word of reasons, findings and headers."""
    monkeypatch.setenv("COLUMNS", str(width))
    assert max(map(cell_len, _terminal(report).splitlines())) <= width
    text = _terminal(report, terminal.VERBOSE)
    assert max(map(cell_len, text.splitlines())) <= width
    shown = "".join(text.split())
    said = [sentence for notebook in (report.notebooks[0], report.notebooks[3]) for sentence in _said(notebook)]
    missing = [word for sentence in said for word in sentence.split() if word not in shown]
    assert not missing


def test_a_known_finding_is_told_once(report: Report) -> None:
    """Beside its cell the rule is enough."""
    notebook = next(each for each in report.notebooks if any(finding.listed for finding in each.findings))
    findings = tuple(replace(finding, known=True) for finding in notebook.findings)
    text = " ".join(_terminal(Report("0", (replace(notebook, findings=findings),))).split())
    for finding in findings:
        if finding.listed:
            assert text.count(finding.message.split("`")[-1].strip()[:30]) == 1
            assert f"{finding.rule} (known)" in text


def test_every_verdict_has_a_symbol_of_its_own_and_its_word() -> None:
    """Colour is never the only difference between two verdicts, with Unicode or without."""
    for column in (0, 1):
        symbols = [VERDICTS[verdict][column] for verdict in Verdict]
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
    assert re.search(rb"^ x  cell 11 +error ", raw.getvalue(), re.MULTILINE)


def test_a_failed_notebook_says_where_and_what(report: Report) -> None:
    """The cell, the exception and its whole message are shown, also with `-q`."""
    lines = _terminal(report, terminal.QUIET).splitlines()
    row = next(index for index, line in enumerate(lines) if "the main run raised" in line)
    assert lines[row].strip() == "cell 2: the main run raised ValueError: [/] first"
    assert [line.strip() for line in lines[row + 1 : row + 3]] == ["second", "third"]


def test_interrupted_and_empty_notebooks_say_so() -> None:
    """A notebook without code is no blank, and one that was stopped says that cells are missing."""
    stopped = NotebookReport("a.ipynb", "", "", "python3", interrupted=True)
    empty = NotebookReport("b.ipynb", "", "", "python3")
    assert "interrupted:" in _terminal(Report("0", (stopped,)))
    assert "no code cells" in _terminal(Report("0", (empty,)))
    assert _terminal(Report("0", (empty,)), terminal.QUIET) == "0 cells in 1 notebook\nno findings; 0.0 s\n"


def test_no_findings_are_claimed_where_nothing_was_checked() -> None:
    """Notebooks that could not be read, or whose libraries are missing, have no findings to count."""
    unread = NotebookReport("a.ipynb", "", "", "python3", problem="a.ipynb is empty")
    skipped = NotebookReport("b.ipynb", "", "", "python3", lacks=("torch",))
    shown = summary_line(Report("0", (unread, skipped)))
    assert shown == "nothing was checked; 1 notebook not checked; 1 notebook skipped: needs torch; 0.0 s"


@pytest.mark.parametrize(
    ("engine", "sandbox", "verbosity", "line"),
    [
        ("fork", ("overlay", "in memory"), terminal.NORMAL, "kernel python3; engine fork; files: overlay"),
        (
            "fork",
            ("overlay", "in memory"),
            terminal.VERBOSE,
            "kernel python3; engine fork: why; files: overlay: in memory",
        ),
        ("replay", ("copy", "no overlay"), 0, "kernel python3; engine replay: why; files: copy: no overlay"),
        ("fork", ("", "none allowed"), 0, "kernel python3; engine fork; files: no sandbox: none allowed"),
    ],
)
def test_the_last_line_says_how_it_was_measured(
    engine: str, sandbox: tuple[str, str], verbosity: int, line: str
) -> None:
    """The engine and the sandbox, with the reason if it is not the usual one or with `-v`."""
    notebook = NotebookReport("a.ipynb", engine, "why", "python3", *sandbox)
    assert line in [shown.strip() for shown in _terminal(Report("0", (notebook,)), verbosity).splitlines()]


@pytest.mark.parametrize("engine", ["fork", ""])
def test_a_kernel_that_nobody_named_is_named_with_the_reason(engine: str) -> None:
    """Also where a module is missing and nothing was run; what the notebook declares comes before it."""
    lacks = () if engine else ("torch",)
    notebook = NotebookReport("a.ipynb", engine, "why", ".venv", lacks=lacks, kernel_reason="above", declared="needs x")
    lines = [shown.strip() for shown in _terminal(Report("0", (notebook,))).splitlines()]
    at = lines.index("needs x")
    assert lines[at + 1] == ("kernel .venv: above; engine fork; files: no sandbox" if engine else "kernel .venv: above")


def test_where_no_kernel_was_started_nothing_is_said_of_engines() -> None:
    """Neither an engine nor a sandbox is named."""
    text = _terminal(Report("0", (NotebookReport("a.ipynb", "", "", "python3"),)))
    assert "engine" not in text


@pytest.mark.parametrize(
    ("lacks", "sentence", "summary"),
    [
        ([("torch",)], "skipped: needs torch", "1 notebook skipped: needs torch"),
        ([("torch", "keras")], "skipped: needs torch and keras", "1 notebook skipped: needs torch and keras"),
        ([("a", "b", "c")], "skipped: needs a, b and c", "1 notebook skipped: needs a, b and c"),
        ([("torch",), ("keras",), ("torch",)], "skipped: needs keras", "3 notebooks skipped: needs torch and keras"),
    ],
)
def test_a_skipped_notebook_says_what_it_needs(lacks: list[tuple[str, ...]], sentence: str, summary: str) -> None:
    """In its own place, in the summary, in JSON; it is no finding."""
    report = Report("0", tuple(NotebookReport("a.ipynb", "", "", "python3", lacks=each) for each in lacks))
    lines = [line.strip() for line in _terminal(report).splitlines()]
    assert sentence in lines
    assert "no code cells" not in lines
    assert lines[-1] == f"{summary}; 0.0 s"
    assert summary_line(report).endswith(lines[-1])
    assert _terminal(report, terminal.QUIET).splitlines()[-1] == lines[-1]
    said = [(notebook["status"], notebook["reason"]) for notebook in _json(report)["notebooks"]]
    assert ("skipped", sentence) in said
    assert len(said) == len(lacks)


HEADINGS = {"What a restart loses:", "After a restart:", "The whole notebook once more:"}


def _after_cells(notebook: NotebookReport, verbosity: int = terminal.NORMAL) -> list[str]:
    """The lines from the first of these headings to the summary."""
    shown = _terminal(Report("0", (notebook,)), verbosity, restart=True)
    lines = [line.strip() for line in shown.splitlines() if line]
    start = next((number for number, line in enumerate(lines) if line in HEADINGS), -1)
    return [line for line in lines[start:-1] if not line.startswith(("kernel ", "0 cells "))]


def _restarted(*restarts: Restart | None, step: int = 1) -> NotebookReport:
    """A notebook with these answers, one in `step` cells being a code cell."""
    cells = tuple(
        CellReport(place * step, str(place), Verdict.STATELESS, "", "x", restart=restart)
        for place, restart in enumerate(restarts)
    )
    return NotebookReport("a.ipynb", "fork", "", "python3", cells=cells)


NUMPY = Missing("np", 0, Kind.DEFINITION, imported=True)
ALONE, NEEDS = Restart(True), Restart(False, (NUMPY,))


@pytest.mark.parametrize(
    ("restarts", "step", "lines"),
    [
        ([ALONE], 1, ["cell 0 runs alone"]),
        ([ALONE] * 2, 1, ["cells 0 and 1 run alone"]),
        ([ALONE, NEEDS] + [ALONE] * 3, 1, ["cell 1  needs np (import, cell 0)", "cells 0 and 2-4 run alone"]),
        ([NEEDS] * 2, 1, ["cells 0 and 1  needs np (import, cell 0)"]),
        ([NEEDS] * 5, 2, ["cells 0-8  needs np (import, cell 0)"]),
        ([NEEDS, None, NEEDS], 1, ["cell 0  needs np (import, cell 0)", "cell 2  needs np (import, cell 0)"]),
        (
            [NEEDS, ALONE, NEEDS],
            3,
            ["cell 0  needs np (import, cell 0)", "cell 6  needs np (import, cell 0)", "cell 3 runs alone"],
        ),
        ([Restart(True, reason="as far as it ran")], 1, ["cell 0  runs alone; as far as it ran"]),
        ([Restart(False, (NUMPY,), reason="not run")], 1, ["cell 0  needs np (import, cell 0); not run"]),
        ([Restart(False, raised=Raised("E", "1\n2"))], 1, ["cell 0  raises E: 1 (and 1 line more)"]),
    ],
)
def test_cells_in_a_row_that_need_the_same_share_a_line(
    restarts: list[Restart | None], step: int, lines: list[str]
) -> None:
    """Text between two cells does not part them; a cell without that answer does."""
    assert _after_cells(_restarted(*restarts, step=step))[1:] == lines


def test_names_of_one_origin_share_it() -> None:
    """`np, plt (import, cell 0)`; what a function needs is kept apart."""
    plt, through = Missing("plt", 0, Kind.DEFINITION, True), Missing("pd", 0, Kind.DEFINITION, True, "load")
    lines = _after_cells(_restarted(Restart(False, (NUMPY, through, Missing("X", 2, Kind.DATA), plt))))
    assert " ".join(lines[1:]) == (
        "cell 0  needs np, plt (import, cell 0), pd (import, cell 0) through load, X (data, cell 2)"
    )


def test_no_answer_on_restarts_is_no_section() -> None:
    """Without any answer, plan or other run nothing is printed below the cells; with `-q` never."""
    assert _after_cells(_restarted(None, None)) == []
    assert "restart" not in _terminal(Report("0", (_restarted(NEEDS, ALONE),)), terminal.QUIET)


def test_a_long_notebook_does_not_get_a_line_per_cell() -> None:
    """After twenty rows the rest is a number, unless `-v` asks for all."""
    needs = [Restart(False, (Missing(f"x{number}", number, Kind.DATA),)) for number in range(60)]
    short = _after_cells(_restarted(*needs))
    assert len(short) == 22
    assert short[-1] == "and 40 more cells (-v lists them)"
    assert len(_after_cells(_restarted(*needs), terminal.VERBOSE)) == 61


@pytest.mark.parametrize(
    ("plan", "line"),
    [
        (Recovery("m", (1,), (0,), None, True), "`m` is restored by running cell 1; cell 0 need not run"),
        (Recovery("m", (0, 1), (), None, True, "why"), "`m` is restored by running cells 0 and 1"),
        (Recovery("m", (1,), (), "m.pt", True), "`m` is restored by running cell 1 (from m.pt)"),
        (Recovery("m", (1,), (), None, False), "`m` may be restored by running cell 1; not verified"),
        (Recovery("m", (1,), (), None, False, "slow"), "`m` may be restored by running cell 1; not verified: slow"),
        (Recovery("m", (), (), None, False), "`m`: no cells were found that restore it"),
    ],
)
def test_a_plan_is_one_sentence(plan: Recovery, line: str) -> None:
    """What to run, where the value comes from, what need not run; and whether that was tried."""
    notebook = NotebookReport("a.ipynb", "fork", "", "python3", recover=(plan,))
    assert _after_cells(notebook) == ["After a restart:", f"-  {line}"]


@pytest.mark.parametrize(
    ("run", "line"),
    [
        (WholeRun("fresh-clone"), "fresh clone  same result"),
        (WholeRun("run-all-twice", reason="stopped"), "run all twice  not answered: stopped"),
        (WholeRun("fresh-clone", raised=Failure("E", "no", index=3)), "fresh clone  raises E: no in cell 3"),
        (WholeRun("fresh-clone", raised=Failure("DeadKernel", "it died")), "fresh clone  raises DeadKernel: it died"),
        (
            WholeRun("fresh-clone", (Parting("m", 4, (Mark.UNSEEDED,)), Parting("x", 5))),
            "fresh clone  ends differently: `m` (first differs at cell 4, unseeded), `x` (first differs at cell 5)",
        ),
    ],
)
def test_another_run_of_the_whole_is_one_line(run: WholeRun, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same, different in which variables, raised, or not answered."""
    monkeypatch.setenv("COLUMNS", "120")
    notebook = NotebookReport("a.ipynb", "fork", "", "python3", whole=(run,))
    assert _after_cells(notebook) == ["The whole notebook once more:", line]


def test_many_differences_are_cut_short() -> None:
    """Eight variables are named, the others counted, unless `-v` asks for all."""
    run = WholeRun("run-all-twice", tuple(Parting(f"x{number}", 1) for number in range(11)))
    notebook = NotebookReport("a.ipynb", "fork", "", "python3", whole=(run,))
    short, full = (" ".join(_after_cells(notebook, how)) for how in (terminal.NORMAL, terminal.VERBOSE))
    assert short.endswith("`x7` (first differs at cell 1), and 3 more (-v lists them)")
    assert full.endswith("`x10` (first differs at cell 1)")


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
        (("notebooks", 0, "status"), "skipped"),
        (("notebooks", 0, "reason"), "skipped: needs torch"),
        (("notebooks", 4, "reason"), ""),
        (("notebooks", 0, "cells", 0, "verdict"), "untouched"),
        (("notebooks", 0, "cells", 0, "index"), -1),
        (("notebooks", 0, "cells", 1, "variables", 0, "kind"), "thing"),
        (("notebooks", 0, "cells", 1, "variables", 0, "marks"), ["lucky"]),
        (("notebooks", 0, "cells", 5, "error"), "KeyError"),
        (("notebooks", 0, "findings", 0, "severity"), "fatal"),
        (("notebooks", 0, "findings", 0, "rule"), "X1"),
        (("notebooks", 0, "sandbox"), "jail"),
        (("notebooks", 3, "cells", 0, "restart"), "yes"),
        (("notebooks", 3, "cells", 3, "restart", "missing", 0, "kind"), "import"),
        (("notebooks", 3, "cells", 3, "restart", "missing", 0, "defined_in"), -1),
        (("notebooks", 3, "cells", 9, "restart", "raised"), "FileNotFoundError"),
        (("notebooks", 3, "recover", 0, "via"), "my_model.sav"),
        (("notebooks", 3, "recover", 0, "cells"), [-1]),
        (("notebooks", 3, "whole", 0, "experiment"), "twice"),
        (("notebooks", 3, "whole", 0, "parted", 0, "marks"), ["lucky"]),
        (("notebooks", 3, "whole", 0, "raised", "index"), None),
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
        (
            ("notebooks", 0),
            "path engine engine_reason kernel sandbox sandbox_reason status reason failure cells recover whole "
            "findings",
        ),
        (("notebooks", 1, "failure"), "index ename evalue traceback"),
        (("notebooks", 0, "cells", 3), "index id verdict reason seconds variables error restart"),
        (("notebooks", 0, "cells", 3, "seconds"), "first again"),
        (
            ("notebooks", 0, "cells", 3, "variables", 0),
            "name kind type verdict how via direction marks changes",
        ),
        (("notebooks", 0, "cells", 3, "variables", 0, "changes", 0), "path first again max_abs_change"),
        (("notebooks", 3, "cells", 3, "restart"), "runs_alone missing raised reason"),
        (("notebooks", 3, "cells", 3, "restart", "missing", 0), "name defined_in kind imported through"),
        (("notebooks", 3, "recover", 0), "name cells skipped via verified reason"),
        (("notebooks", 3, "whole", 0), "experiment parted raised reason"),
        (("notebooks", 3, "whole", 0, "parted", 0), "name index marks"),
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


def test_schema_has_the_words_of_the_settings() -> None:
    """Whatever sandbox and whole-notebook experiment can be asked for can be reported."""
    parts = _schema()["$defs"]
    assert parts["whole"]["properties"]["experiment"]["enum"] == list(WHOLE)
    assert {*parts["notebook"]["properties"]["sandbox"]["enum"]} == {*SANDBOXES} - {"auto"} | {""}


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


def test_what_comes_from_the_cache_says_so(report: Report) -> None:
    """Dimly, beside the kernel, and in the summary, which counts only the seconds that were spent now."""
    notebooks = tuple(
        replace(notebook, cached=at == 0, seconds=10.0 + at) for at, notebook in enumerate(report.notebooks[:2])
    )
    out = io.StringIO()
    terminal.render(replace(report, notebooks=notebooks), out)
    assert out.getvalue().count("cached; kernel python3") == 1
    assert "1 notebook cached; 11.0 s" in " ".join(out.getvalue().split())
