"""What a rerun changed, side by side."""

from __future__ import annotations

import pytest

from nbrerun.model import ABSENT, Change, How, Kind, Mark, VariableReport, Verdict
from nbrerun.reporters.html.moved import Moved, Row, side_by_side, variables
from tests import pages


def _one(change: Change, name: str = "model") -> Row:
    (row,) = _moved(pages.model(Verdict.IN_PLACE, name, changes=(change,))).rows
    return row


def _moved(variable: VariableReport) -> Moved:
    (found,) = variables(pages.judged(0, Verdict.IN_PLACE, variables=(variable,)))
    return found


@pytest.mark.parametrize(
    ("first", "again", "left", "right"),
    [
        ("'a quick fox'", "'a quick fox jumps'", "'a quick fox'", "'a quick fox<ins> jumps</ins>'"),
        ("(12, 3)", "(12, 4)", "(12, <del>3</del>)", "(12, <ins>4</ins>)"),
        ("570.0", "1139.0", "570.0", "1139.0"),
        ("<b>", "<i>", "&lt;<del>b</del>&gt;", "&lt;<ins>i</ins>&gt;"),
        ("one thing", "SOMETHING-ELSE", "one thing", "SOMETHING-ELSE"),
        (ABSENT, "(absent minded)", "(absent)", "(absent minded)"),
    ],
    ids=["text", "shape", "number", "markup", "unlike", "absent"],
)
def test_what_differs_is_marked(first: str, again: str, left: str, right: str) -> None:
    """Word by word, where there is more in common than not."""
    shown = side_by_side(first, again)
    assert tuple(str(text).replace("&#39;", "'") for text in shown) == (left, right)


def test_parts_are_named_without_their_variable() -> None:
    """It stands above them; an expression that only begins like it stays."""
    assert _one(Change("model.coef_", "1", "2")).part == "coef_"
    assert _one(Change("model['a']", "1", "2")).part == "['a']"
    assert _one(Change("model", "1", "2")).part == "model"
    assert _one(Change("len(model)", "1", "2")).part == "len(model)"


def test_columns_that_come_and_go_say_so() -> None:
    """In words, so that colour is not all that tells."""
    assert _one(Change("df['a']", ABSENT, "1"), "df").state == "new"
    assert _one(Change("df['a']", "1", ABSENT), "df").state == "gone"


def test_the_size_of_a_change_is_said_where_it_cannot_be_read_off() -> None:
    """Of an array; two numbers say it themselves."""
    assert _one(Change("x", "array([1, 2])", "array([1, 3])", 1.0)).by == "1"
    assert _one(Change("x", "1.5", "2e-05", 1.5)).by == ""


def test_a_verdict_is_in_words() -> None:
    """With what the variable follows."""
    marks = (Mark.UNSEEDED, Mark.FOLLOWS)
    variable = pages.model(Verdict.RESET, how=How.REFITTED, marks=marks, follows=("X", "y"))
    assert _moved(variable).words == "reset, refitted, unseeded, follows X, y"


def test_variables_that_start_over_come_last_and_incidental_ones_not_at_all() -> None:
    """The interesting ones are seen first."""
    plain = VariableReport("a", Kind.DATA, "int", Verdict.RESET, how=How.RECREATED)
    handle = VariableReport("f", Kind.DATA, "file", Verdict.IN_PLACE, incidental=True)
    cell = pages.judged(0, Verdict.IN_PLACE, variables=(plain, handle, pages.model(Verdict.IN_PLACE)))
    assert [(one.name, one.is_quiet) for one in variables(cell)] == [("model", False), ("a", True)]
