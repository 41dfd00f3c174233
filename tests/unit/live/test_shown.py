"""Answers as they are displayed."""

from __future__ import annotations

import json
from html.parser import HTMLParser

import pytest

from nbrerun.live.restart import Losses, WayBack
from nbrerun.live.sentence import listed, told
from nbrerun.live.shown import shown
from nbrerun.live.shown_losses import shown_losses
from nbrerun.model import CellReport, Change, Finding, Mark, NotebookReport, Numbers, Outside, Severity, Verdict
from tests import pages


def report(*cells: CellReport, findings: tuple[Finding, ...] = (), problem: str = "") -> NotebookReport:
    """The report on a cell."""
    return NotebookReport("n.ipynb", "fork", "", "python3", cells=cells, findings=findings, problem=problem)


class Tags(HTMLParser):
    """The tags and attributes of some HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Record them."""
        self.found |= {tag, *(name for name, _ in attrs)}


NUMBERS = Numbers((2,), 2, (1.0, 2.0), (1.5, 2.0))


def test_what_moves_is_shown_with_the_fix() -> None:
    """Verdict, marks, reason, the values after either run, how much they differ, and what to do about it."""
    changes = (Change("model.coef_", "[1, 2]", "[1.5, 2]", 0.5, numbers=NUMBERS), Change("model.t_", "1.0", "2.0", 1.0))
    variable = pages.model(Verdict.IN_PLACE, changes=changes, marks=(Mark.SETTLED,), more_changes=3)
    cell = pages.judged(4, Verdict.IN_PLACE, "`model` keeps training", variables=(variable,))
    answer = shown(7, report(cell, findings=(Finding("NBR002", Severity.ERROR, 4, "model", "keeps training"),)))
    assert answer["number"] == 7
    assert answer["text"].splitlines() == [
        "» in-place, settled - `model` keeps training",
        "  model.coef_: [1, 2] → [1.5, 2], by up to 0.5",
        "  model.t_: 1.0 → 2.0, by up to 1",
        "  and 3 more parts",
        "  create `model` in the cell that trains it; if it is meant to continue, tag the cell nbrerun:in-place",
    ]
    assert "<code>model.coef_</code>" in answer["html"]
    assert "by up to 0.5" in answer["html"]
    assert "by up to 1<" not in answer["html"]  # of single numbers everybody sees it
    assert json.loads(answer["facts"]) == {
        "verdict": "in-place",
        "reason": "`model` keeps training",
        "error": None,
        "variables": {"model": {"verdict": "in-place", "via": None, "marks": ["settled"]}},
        "rules": ["NBR002"],
    }


def test_what_is_not_kept_apart_or_read_is_named() -> None:
    """So that nobody takes silence for an answer."""
    variable = pages.model(Verdict.RESET, opaque=("model.handle: a socket",))
    outside = (Outside("file", "/srv/out.csv"),)
    text = shown(1, report(pages.judged(1, Verdict.RESET, variables=(variable,), outside=outside)))["text"]
    assert "not read: model.handle: a socket" in text
    assert "not kept apart: file `/srv/out.csv`" in text


def test_advice_for_the_command_line_is_left_out() -> None:
    """What helps a check with a cell that could not be judged are options that nobody has here."""
    cell = pages.judged(1, Verdict.UNDETERMINED, "the rerun was stopped")
    found = Finding("NBR009", Severity.WARNING, 1, None, "the rerun was stopped")
    assert "--timeout" not in shown(1, report(cell, findings=(found,)))["text"]


def test_a_cell_without_a_report() -> None:
    """The problem is said."""
    assert (
        shown(1, report(problem="the forked kernel died"))["text"] == "nbrerun: not run again: the forked kernel died"
    )


HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>`<b onclick=x>`\x1b[31m\u202e"


@pytest.mark.parametrize("answer", ["cell", "sentence", "losses"])
def test_text_from_the_notebook_never_becomes_markup(answer: str) -> None:
    """Only a few tags, each with no other attribute than its style and class, whatever names and values say."""
    variable = pages.model(Verdict.IN_PLACE, HOSTILE, changes=(Change(HOSTILE, HOSTILE, HOSTILE),), opaque=(HOSTILE,))
    cell = pages.judged(1, Verdict.IN_PLACE, HOSTILE, variables=(variable,), outside=(Outside("file", HOSTILE),))
    ways = (WayBack(HOSTILE, (1,), True, HOSTILE), WayBack(HOSTILE, (), False, None, HOSTILE))
    html = {
        "cell": lambda: shown(1, report(cell)),
        "sentence": lambda: told(1, HOSTILE),
        "losses": lambda: shown_losses(1, Losses(ways, ways, ways)),
    }[answer]()["html"]
    known = {"div", "b", "span", "code", "table", "thead", "tbody", "tr", "th", "td", "ins", "del", "class", "style"}
    assert Tags(html).found <= known
    assert "\x1b" not in html
    assert "\u202e" not in html


def test_long_lists_of_names_are_cut() -> None:
    """Five, and how many more."""
    assert listed(["a", "b"]) == "`a`, `b`"
    assert listed(list("abcdefg")) == "`a`, `b`, `c`, `d`, `e` and 2 more"


def test_what_a_restart_loses() -> None:
    """Models one by one, and whether that was verified; the rest by the cells that it comes from."""
    found = Losses(
        models=(
            WayBack("a", (2, 3), True),
            WayBack("b", (2,), True, "b.pkl"),
            WayBack("c", (2,), False, None, "it differs"),
        ),
        data=(WayBack("X", (2,), False), WayBack("y", (2,), False), WayBack("old", (), False)),
        definitions=(),
    )
    assert shown_losses(1, found)["text"].splitlines() == [
        "A restart would lose 6 names.",
        "  a: running In [2], In [3] brings it back as it is now (run and compared).",
        "  b: running In [2] brings it back as it is now, loaded from b.pkl (run and compared).",
        "  c: not verified: running In [2]; it differs.",
        "  data: X, y from In [2].",
        "  data: old from before %load_ext nbrerun.",
        "  Only the lists for models have been run; the others follow from what the cells look at.",
    ]
