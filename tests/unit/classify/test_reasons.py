"""Facts and verdicts in, sentences out."""

from __future__ import annotations

import pytest

from nbrerun.classify.changed import describe, sentence
from nbrerun.classify.evidence import Evidence
from nbrerun.classify.reasons import cell_reason, drift, variable_reason
from nbrerun.classify.variable import judge
from nbrerun.model import ABSENT, Change, Kind, Raised, VariableReport, Verdict
from nbrerun.state.observation import Place
from tests.unit.classify.tables import (
    BOUND,
    DEFINED,
    ELSEWHERE,
    ENV,
    FILE_GREW,
    GENERATOR,
    LAST_DIGIT,
    MADE,
    MODEL,
    MOVED,
    NOISY,
    RECREATED,
    UNSEEDED,
    WRITTEN,
    facts,
    variable,
)

COEF = Change("clf.coef_", "array([0.12, -0.44, …], shape=(1, 20), float64)", "array([0.43 …])", 0.3101)
STEPS = Change("clf.t_", "101.0", "201.0", 100.0)
GROWN = Change("len(losses)", "3", "6", 3.0)
PRICES = Change("prices", "[1.5, 2.5]", "[2.5, 3.5]", 1.0)
SHAPE = Change("X.shape", "(40, 2)", "(40, 3)")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (COEF, "`clf.coef_` by up to 0.31"),
        (STEPS, "`clf.t_` from 101.0 to 201.0"),
        (GROWN, "`len(losses)` from 3 to 6"),
        (PRICES, "`prices` by up to 1"),
        (SHAPE, "`X.shape` from (40, 2) to (40, 3)"),
    ],
)
def test_a_change_is_told_by_how_much_or_from_what_to_what(change: Change, text: str) -> None:
    """Arrays by the largest distance, single values by both values."""
    assert describe(change) == text


def reason(seen: Evidence) -> str:
    """The sentence on a variable, judged by the rules."""
    judged = judge(seen)
    text, drifts = variable_reason(seen, judged), drift(seen, judged)
    return VariableReport(seen.name, seen.kind, "", judged.verdict, reason=text, drift=drifts).sentence


def test_a_model_that_keeps_training_is_reported_with_its_changes() -> None:
    """The sentence names the parts and how far they went, and how many more there are."""
    parts = (COEF, STEPS, *(Change(f"clf.a{i}_", "1", "2") for i in range(4)))
    text = reason(Evidence("clf", MODEL, written=True, changes=parts, **MOVED))
    assert "`clf` keeps training: `clf.coef_` by up to 0.31, `clf.t_` from 101.0 to 201.0" in text
    assert "`clf.a0_` from 1 to 2" in text
    assert "3 more" in text


def test_data_keeps_changing_and_does_not_train() -> None:
    """The word training is for models."""
    text = reason(Evidence("losses", written=True, changes=(GROWN,), **MOVED))
    assert text == "`losses` keeps changing: it grows from 3 to 6 items"
    assert "train" not in text


@pytest.mark.parametrize("call", ["losses.append", ""])
def test_the_statement_that_changed_the_object_is_blamed(call: str) -> None:
    """Where it calls something; else nothing is."""
    text = reason(Evidence("losses", written=True, changes=(GROWN,), blamed=(call,), **MOVED))
    assert (f"with `{call}` it grows" in text) is bool(call)
    text = reason(Evidence("clf", MODEL, written=True, changes=(STEPS,), blamed=(call,), **MOVED))
    assert (f"`{call}` changed `clf.t_` from" in text) is bool(call)


def _new(*paths: str) -> list[Change]:
    return [Change(path, ABSENT, "1") for path in paths]


def _gone(*paths: str) -> list[Change]:
    return [Change(path, "1", ABSENT) for path in paths]


def _shape(first: str, again: str) -> Change:
    return Change("df.shape", first, again)


COLUMNS = [f"df['c{number}']" for number in range(8)]


@pytest.mark.parametrize(
    ("name", "changes", "text"),
    [
        ("df", [_shape("(3, 2)", "(3, 3)"), *_new("df['a']")], "it gains column a"),
        (
            "df",
            [GROWN, _shape("(3, 2)", "(43, 4)"), *_new("df['a_x']", "df[7]")],
            "it gains columns a_x, 7, has 40 rows more",
        ),
        ("df", [_shape("(3, 2)", "(2, 1)"), *_gone("df['a']")], "it loses column a, has 1 row fewer"),
        (
            "df",
            [_shape("(3, 3)", "(3, 2)"), *_gone("df['a']", "df['b']"), *_new("df['c']")],
            "it gains column c, loses columns a, b",
        ),
        ("df", [_shape("(3, 0)", "(3, 8)"), *_new(*COLUMNS)], "it gains columns c0, c1, c2, c3, c4, c5 and 2 more"),
        ("df", [_shape("(3, 2)", "(3, 4)"), *_new("df['a']")], "it gains 2 columns"),
        ("df", [_shape("(3, 4)", "(3, 2)"), *_new("df['a'][3]")], "it loses 2 columns"),
        ("df", [Change("df['a']", "[1]", "[2]", 1.0)], "`df['a']` by up to 1"),
        ("df", [_shape("(3,)", "(6,)")], "`df.shape` from (3,) to (6,)"),
        ("df", [_shape("(hidden)", "(hidden)")], "`df.shape` from (hidden) to (hidden)"),
        ("x", [Change("len(x)", "3", "1", 2.0), *_gone("x[1]", "x[2]")], "it shrinks from 3 to 1 item"),
        (
            "x",
            [Change("len(x)", "3", "4", 1.0), *_new("x[3]"), Change("x[0]", "1", "2", 1.0)],
            "`len(x)` from 3 to 4, `x[3]` is new, `x[0]` from 1 to 2",
        ),
        ("x", [Change("x", "[1.5]", "[2.5]", 1.0)], "by up to 1"),
        ("x", [Change("x", "1", "2", 1.0)], "from 1 to 2"),
    ],
)
def test_tables_and_containers_change_in_their_own_words(name: str, changes: list[Change], text: str) -> None:
    """Columns and rows of a table, items of a container; what was named already is not named again."""
    assert sentence(name, changes) == text


def test_each_change_is_told_with_the_call_that_made_it() -> None:
    """Those that one call made have it once, and what no call made has none."""
    parts = (Change("m.n", "3", "6", 3.0), COEF, Change("m.b", "[0.1]", "[0.2]", 0.1), STEPS)
    told = reason(Evidence("m", MODEL, changes=parts, blamed=("m()", "opt.step", "opt.step", ""), **MOVED))
    assert told == (
        "`m` keeps training: `m()` changed `m.n` from 3 to 6; "
        "`opt.step` changed `clf.coef_` by up to 0.31, `m.b` by up to 0.1 and 1 more"
    )
    told = reason(Evidence("m", MODEL, changes=(COEF, STEPS), blamed=("opt.step", ""), **MOVED))
    assert told == "`m` keeps training: `opt.step` changed `clf.coef_` by up to 0.31; `clf.t_` from 101.0 to 201.0"


def test_a_move_without_known_parts_is_still_a_sentence() -> None:
    """Where no part can be shown, the value as a whole has changed."""
    assert reason(Evidence("blob", written=True, **MOVED)) == "`blob` keeps changing: its value changed"


REASONS = {
    "recreated": (facts(**BOUND, new_object=True), "`x` is recreated"),
    "recomputed": (facts(changed_first=True, written=True), "`x` is recomputed"),
    "refitted": (facts(kind=MODEL, changed_first=True, written=True), "`x` is refitted"),
    "a setting": (facts(kind=ENV, changed_first=True, bound=True, acts=True), "`x` is set again"),
    "a generator that is seeded": (
        facts(kind=GENERATOR, changed_first=True, bound=True),
        "`x` is left in the same state",
    ),
    "a generator that is drawn from": (
        facts(kind=GENERATOR, changed_first=True, written=True, moved=True),
        "`x` is advanced, with a different random draw each time",
    ),
    "a part that is new, by a method": (
        facts(written=True, changes=(Change("x[3]", ABSENT, "1"),), blamed=("x.append",), **MOVED),
        "`x` keeps changing: `x[3]` is new",
    ),
    "unseeded": (
        facts(**BOUND, new_object=True, moved=True),
        "`x` is recreated, with a different random draw each time",
    ),
    "nondeterministic": (
        facts(**BOUND, atom=True, new_object=True, **NOISY),
        "`x` is recreated, but no two runs give the same value",
    ),
    "drifts": (
        facts(**BOUND, new_object=True, later=Place.ELSEWHERE),
        "`x` is recreated; run after the whole notebook, the cell gives a different result",
    ),
    "drifts by raising": (
        facts(**BOUND, new_object=True, later_raised=Raised("KeyError", "'a'")),
        "`x` is recreated; run after the whole notebook, the cell raises KeyError",
    ),
    "loaded": (facts(**BOUND, new_object=True, from_file="m.pkl"), "`x` is loaded from m.pkl"),
    "saved": (facts(**WRITTEN, saves_model=True), "`x` holds a model, and is rewritten with the same value"),
    "a file": (facts(**WRITTEN), "`x` is rewritten"),
    "a file with the time": (facts(**WRITTEN, **NOISY), "`x` is rewritten, but no two runs give the same value"),
    "a file that grows": (
        facts(**WRITTEN, changes=(FILE_GREW,), **MOVED),
        "`x` keeps changing: 3 bytes after the first run, 10 bytes after the second",
    ),
    "kept": (facts(**MADE), "`x` was created by the first run, and the rerun leaves it alone"),
    "opaque": (facts(opaque=("_thread.lock: a lock",), written=True), "`x` cannot be read (_thread.lock: a lock)"),
    "too large": (
        facts(opaque=("list: more than 9 objects",), in_part=True, written=True),
        "`x` cannot be read in full (list: more than 9 objects)",
    ),
    "too large, and not the only reason": (
        facts(opaque=("list: more than 9 objects", "a lock"), written=True),
        "`x` cannot be read (list: more than 9 objects; a lock)",
    ),
    "opaque, and draws": (
        facts(opaque=("a lock",), written=True, moved=True),
        "`x` depends on random numbers, and whether it starts over otherwise cannot be read (a lock)",
    ),
    "opaque, draws, and is made from nothing": (
        facts(**BOUND, new_object=True, opaque=("a lock",), moved=True),
        "`x` is recreated, with a different value each time; "
        "whether chance explains all of that cannot be read (a lock)",
    ),
    "noise beside what cannot be read": (
        facts(written=True, beyond_noise=False, opaque=("a lock",), **NOISY),
        "`x` differs even between two first runs, and what else changes cannot be read (a lock)",
    ),
    "cells above that do not repeat": (
        facts(**BOUND, astray=frozenset({"t", "u"}), **NOISY),
        "`x` cannot be judged: the cells above give `t`, `u` another value each time they are run",
    ),
    "settled": (
        facts(**MADE, users=True, outcome=ELSEWHERE),
        "`x` keeps changing, but has come to rest: from another value the rerun ends elsewhere",
    ),
    "a model that is settled": (
        facts(kind=MODEL, **MADE, outcome=ELSEWHERE),
        "`x` keeps training, but has come to rest: from another value the rerun ends elsewhere",
    ),
    "rounding": (
        facts(written=True, changes=(LAST_DIGIT,), **MOVED),
        "`x` keeps changing: from 0.1 to 0.10000000000000002, which is rounding in the last digits",
    ),
    "follows": (
        facts(**BOUND, new_object=True, follows=("clf", "X"), **MOVED),
        "`x` is recreated, and follows `clf`, `X`",
    ),
    "noisy training": (
        facts(looked_at=True, written=True, changes=(STEPS,), **NOISY),
        "`x` keeps changing: `clf.t_` from 101.0 to 201.0; it differs even between two first runs",
    ),
}


@pytest.mark.parametrize("case", REASONS)
def test_each_verdict_has_its_sentence(case: str) -> None:
    """Plain words, the marks included."""
    seen, text = REASONS[case]
    assert reason(seen) == text


def test_a_cell_that_raises_says_what_on_one_line() -> None:
    """The exception is part of the sentence, however many lines its text has."""
    text = cell_reason(Verdict.ERROR, (), Raised("KeyError", "\"['a']\n  not found\""))
    assert text == "can be run only once: the second run raises KeyError: \"['a'] not found\""
    assert cell_reason(Verdict.ERROR, (), Raised("StopIteration", "")).endswith("raises StopIteration")


def test_a_value_that_cannot_be_read_in_full_has_a_sentence_of_its_own() -> None:
    """It is not named together with what comes out the same."""
    plain = variable(Kind.DATA, Verdict.RESET, name="y", reason="`y` is recreated")
    drawn = variable(
        Kind.DATA, Verdict.RESET, name="x", reason="`x` is recreated, with a different value", changes=(STEPS,)
    )
    text = cell_reason(Verdict.RESET, (drawn, plain))
    assert text == "`x` is recreated, with a different value; `y` is recreated"


def test_a_cell_without_an_answer_says_why() -> None:
    """An undetermined cell repeats the reason of the variable that cannot be read."""
    unread = variable(Kind.DATA, Verdict.UNDETERMINED, reason="`x` cannot be read (a lock)")
    assert cell_reason(Verdict.UNDETERMINED, (unread,)) == "`x` cannot be read (a lock)"


def test_a_stateless_cell_leaves_nothing_behind() -> None:
    """Whatever it defined."""
    assert cell_reason(Verdict.STATELESS, (DEFINED,)) == "leaves nothing behind"


def test_what_is_not_judged_is_left_behind_all_the_same() -> None:
    """Nobody is told that nothing is left."""
    one = cell_reason(Verdict.STATELESS, (), elsewhere=["/tmp/a.txt"])
    assert one == "leaves only `/tmp/a.txt`, which is not judged"
    two = cell_reason(Verdict.STATELESS, (), elsewhere=["/tmp/a.txt", "/tmp/b.txt"])
    assert two == "leaves only `/tmp/a.txt` and 1 more, which are not judged"


def test_a_cell_speaks_of_the_variables_its_verdict_rests_on() -> None:
    """A cell that keeps training a model says so, and not what else it made."""
    trained = variable(MODEL, Verdict.IN_PLACE, "clf", reason="`clf` keeps training")
    moved = variable(Kind.DATA, Verdict.IN_PLACE, "losses", reason="`losses` keeps changing")
    made = variable(Kind.DATA, Verdict.RESET, reason="`x` is recreated")
    assert cell_reason(Verdict.IN_PLACE, (made, moved, trained)) == "`clf` keeps training"


def test_many_plain_variables_share_one_sentence() -> None:
    """They are counted, and those with a mark keep a sentence of their own."""
    plain = [variable(Kind.DATA, Verdict.RESET, f"x{i}", how=RECREATED) for i in range(8)]
    marked = variable(Kind.DATA, Verdict.RESET, "y", marks=(UNSEEDED,), reason="`y` is redrawn")
    text = cell_reason(Verdict.RESET, (*plain, marked))
    assert text == "`y` is redrawn; `x0`, `x1`, `x2`, `x3`, `x4`, `x5` and 2 more are recreated"


def test_more_than_a_few_reasons_are_counted() -> None:
    """Nobody reads ten of them."""
    moved = [variable(Kind.DATA, Verdict.IN_PLACE, f"x{i}", reason=f"`x{i}` keeps changing") for i in range(5)]
    text = cell_reason(Verdict.IN_PLACE, moved)
    assert text == "`x0` keeps changing; `x1` keeps changing; `x2` keeps changing; and 2 more variables"
