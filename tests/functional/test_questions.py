"""docs/questions.md shows what the commands on it print."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.functional import questions_page
from tests.functional.questions_page import ROOT, lasting, shown, with_reports

SHOWN = shown(questions_page.PAGE.read_text(encoding="utf-8"))

ROW = " ✓ cell 4  reset      model.fit(X, y)             `model` is refitted\n"
REPORT = f"""\
nb.ipynb  1 cell: 1 reset

{ROW}
 after a restart: 0 of 1 cells run alone (--restart shows more)
 kernel python3; engine fork; files: overlay

no findings; 11.7 s
"""


@pytest.mark.timeout(600)  # a kernel with TensorFlow takes its time to start, and a restart takes several
@pytest.mark.parametrize("command", SHOWN)
def test_the_page_shows_what_the_command_prints(command: str) -> None:
    """Verdicts, reasons and what a restart loses are those of a run; update them with `questions_page --write`."""
    assert lasting(SHOWN[command]) == lasting(questions_page.run(command))


def test_every_report_is_about_a_sample() -> None:
    """Each command names one sample notebook, and the two questions have their evidence."""
    notebooks = [Path(word) for command in SHOWN for word in shlex.split(command) if word.endswith(".ipynb")]
    assert [path.name for path in notebooks] == [
        "13_pytorch_training_loop.ipynb",
        "02_fit_twice.ipynb",
        "14_keras_after_a_restart.ipynb",
    ]
    assert all((ROOT / path).is_file() for path in notebooks)
    assert questions_page.PAGE.read_text(encoding="utf-8").count("$ nbrerun") == len(SHOWN)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("11.7 s", "… s"),
        ("engine fork", "engine replay: asked\n for"),
        ("files: overlay", "files: copy: no overlay"),
        ("is refitted", "is\n              refitted"),
    ],
    ids=["seconds", "engine", "sandbox", "line breaks"],
)
def test_what_differs_between_machines_is_not_compared(one: str, other: str) -> None:
    """Seconds, the engine, the sandbox and where lines are broken say nothing about a notebook."""
    assert one in REPORT
    assert lasting(REPORT.replace(one, other)) == lasting(REPORT)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("reset      model", "in-place   model"),
        ("cell 4", "cell 5"),
        ("refitted", "recreated"),
        ("1 reset", "2 reset"),
        ("no findings", "findings: 1 error"),
        (ROW, ""),
        (ROW, ROW + ROW.replace("cell 4", "cell 5")),
        ("nb.ipynb", "other.ipynb"),
    ],
)
def test_what_a_report_says_is_compared(one: str, other: str) -> None:
    """Another verdict, cell, reason, count or finding is another report."""
    assert one in REPORT
    assert lasting(REPORT.replace(one, other)) != lasting(REPORT)


def test_digits_are_not_compared_but_steps_are() -> None:
    """How far a weight moved depends on the processor; how many steps were made does not."""
    text = "`net[2].weight` by up to {}; `opt.state[0].step` from 20 to {}"
    assert lasting(text.format("0.207", 40)) == lasting(text.format("1.3e-05", 40)) != lasting(text.format("0.207", 41))


def test_rows_stand_apart() -> None:
    """A failing comparison names the cell."""
    assert [row[:8] for row in lasting(REPORT)] == ["nb.ipynb", "✓ cell 4"]
    text = " cell 2  needs X of cell 1\n cell 3  needs `net[2]`"
    assert lasting(text) == ["cell 2 needs X of cell 1", "cell 3 needs `net[2]`"]


def test_writing_puts_reports_under_their_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    """What stood there is replaced, the rest of the page stays, and writing twice changes nothing."""
    monkeypatch.setattr(questions_page, "run", lambda command: f"report on {command}\nno findings; 1.5 s\n")
    page = "# A\n\n```console\n$ nbrerun check a\nold\n```\n\nB\n\n```console\n$ nbrerun check b\n```\n"
    written = with_reports(page)
    assert shown(written) == {
        f"nbrerun check {name}": f"report on nbrerun check {name}\nno findings; … s\n" for name in "ab"
    }
    assert written.startswith("# A\n\n```console\n$ nbrerun check a\nreport on")
    assert "```\n\nB\n\n```console\n$ nbrerun check b\n" in written
    assert with_reports(written) == written
