"""What cells declare: how it is read, and what becomes of their findings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nbrerun.classify.declared import settle
from nbrerun.errors import NotebookError
from nbrerun.model import Cell, CellReport, Declared, Finding, Severity, Verdict
from nbrerun.notebooks.read import read_notebook

Write = Callable[..., Path]


def cell(*tags: str, **own: Any) -> dict[str, Any]:
    """A code cell with tags, and with this as `metadata.nbrerun` if there is any."""
    return {"source": "x", "metadata": {"tags": list(tags), **({"nbrerun": own} if own else {})}}


@pytest.mark.parametrize(
    ("given", "declares"),
    [
        (cell(), Declared()),
        (cell("train", "slow:skip"), Declared()),
        (cell("nbrerun:in-place"), Declared(Verdict.IN_PLACE)),
        (cell("nbrerun:reset"), Declared(Verdict.RESET)),
        (cell("nbrerun:persisted"), Declared(Verdict.PERSISTED)),
        (cell("nbrerun:error"), Declared(Verdict.ERROR)),
        (cell("nbrerun:stateless"), Declared(Verdict.STATELESS)),
        (cell("nbrerun:skip"), Declared(skip=True)),
        (cell("nbrerun:skip", "nbrerun:reset"), Declared(Verdict.RESET, True)),
        (cell(expect="in-place"), Declared(Verdict.IN_PLACE)),
        (cell("nbrerun:in-place", expect="in-place"), Declared(Verdict.IN_PLACE)),
        (cell(skip=True), Declared(skip=True)),
        (cell(skip=False), Declared()),
        (cell(ignore=["NBR005", "nbr1"]), Declared(ignore=("NBR005", "NBR1"))),
    ],
)
def test_tags_and_metadata_are_read(write_notebook: Write, given: dict[str, Any], declares: Declared) -> None:
    """Both say the same things, and may say them twice."""
    assert read_notebook(write_notebook(given)).cells[0].declared == declares


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (cell("nbrerun:inplace"), "there is no tag `nbrerun:inplace`; did you mean `nbrerun:in-place`?"),
        (
            cell("nbrerun:"),
            "there is no tag `nbrerun:`; choose from `nbrerun:in-place`, `nbrerun:reset`, `nbrerun:persisted`, "
            "`nbrerun:error`, `nbrerun:stateless`, `nbrerun:skip`",
        ),
        (cell("nbrerun-skip"), "there is no tag `nbrerun-skip`; did you mean `nbrerun:skip`?"),
        (cell("NBRerun: In-Place"), "there is no tag `NBRerun: In-Place`; did you mean `nbrerun:in-place`?"),
        ({"source": "x", "metadata": {"tags": "nbrerun:skip"}}, "metadata.tags must be a list of tags"),
        (cell("nbrerun:undetermined"), "there is no tag `nbrerun:undetermined`; choose from "),
        (cell("nbrerun:reset", "nbrerun:error"), "it declares more than one verdict: error and reset"),
        (cell("nbrerun:reset", expect="error"), "it declares more than one verdict: error and reset"),
        (cell(expects="reset"), "metadata.nbrerun of a cell has no key `expects`; did you mean `expect`?"),
        (cell(expect="rest"), "metadata.nbrerun.expect cannot be 'rest'; did you mean `reset`?"),
        (cell(expect=["reset"]), "metadata.nbrerun.expect cannot be ['reset']; did you mean `reset`?"),
        (cell(expect=None), "metadata.nbrerun.expect cannot be None; choose from "),
        (cell(skip="no"), "metadata.nbrerun.skip must be true or false"),
        (cell(ignore="NBR001"), 'metadata.nbrerun.ignore must be a list of rules, such as ["NBR005"]'),
        (cell(ignore=["NBR01"]), "metadata.nbrerun.ignore: there is no rule 'NBR01'; did you mean `NBR001`?"),
        (cell(ignore=[""]), "metadata.nbrerun.ignore: there is no rule ''; choose from "),
        ({"source": "x", "metadata": {"nbrerun": [1]}}, "metadata.nbrerun must be an object, such as "),
        (
            {**cell("nbrerun:skip"), "cell_type": "markdown"},
            "the tag `nbrerun:skip` applies to code cells only, and this is not a code cell",
        ),
    ],
)
def test_what_cannot_be_meant_is_one_sentence_with_the_cell(
    write_notebook: Write, given: dict[str, Any], says: str
) -> None:
    """It names the notebook, the cell and what may have been meant."""
    path = write_notebook("first", given)
    with pytest.raises(NotebookError) as raised:
        read_notebook(path)
    assert str(raised.value).startswith(f"{path}, cell 1: {says}")
    assert "\n" not in str(raised.value)


def test_tags_of_nbval_are_those_of_nbclient(write_notebook: Write) -> None:
    """`nbval-skip` leaves a cell out of the main run, `nbval-raises-exception` lets it raise there."""
    read = read_notebook(write_notebook(cell("nbval-skip"), cell("nbval-raises-exception")))
    assert [one.index for one in read.skipped] == [0]
    assert read.cells[0].tags == {"nbval-raises-exception", "raises-exception"}
    assert read.node["cells"][1]["metadata"]["tags"] == ["nbval-raises-exception", "raises-exception"]


TRAINS, GROWS = Finding("NBR002", Severity.ERROR, 0, "model", "m"), Finding("NBR006", Severity.ERROR, 0, "f", "m")
MOVES, RAISES = Finding("NBR003", Severity.ERROR, 0, "x", "m"), Finding("NBR001", Severity.ERROR, 0, None, "m")
UNSEEDED, ALONE = Finding("NBR004", Severity.WARNING, 0, "x", "m"), Finding("NBR101", Severity.INFO, 0, None, "m")
CLOCK = Finding("NBR005", Severity.WARNING, 0, "x", "m")
FUTURE = Finding("NBR102", Severity.ERROR, 0, "file:f", "m")


def settled(
    declared: Declared, verdict: Verdict, *found: Finding, tags: tuple[str, ...] = (), partly: bool = False
) -> tuple[list[Finding], list[tuple[str, str]]]:
    """What is left of the findings, and rule and message of those that were added."""
    report = CellReport(0, "id0", verdict, "it keeps training")
    left = list(settle(Cell(0, "id0", "x", frozenset(tags), declared), report, found, partly))
    return [one for one in left if one in found], [(one.rule, one.message) for one in left if one not in found]


@pytest.mark.parametrize(
    ("expect", "found", "left"),
    [
        (None, [TRAINS, ALONE], [TRAINS, ALONE]),
        (Verdict.IN_PLACE, [TRAINS, MOVES, GROWS, UNSEEDED, ALONE, FUTURE], [UNSEEDED, ALONE, FUTURE]),
        (Verdict.ERROR, [RAISES, ALONE], [ALONE]),
        (Verdict.PERSISTED, [MOVES, FUTURE], [MOVES, FUTURE]),
        (Verdict.RESET, [UNSEEDED], [UNSEEDED]),
        (Verdict.STATELESS, [], []),
    ],
)
def test_a_verdict_that_holds_silences_what_says_the_same(
    expect: Verdict | None, found: list[Finding], left: list[Finding]
) -> None:
    """Nothing else is silenced: no warning, and no finding on another thing than the verdict; nothing is added."""
    assert settled(Declared(expect), expect or Verdict.IN_PLACE, *found) == (left, [])


@pytest.mark.parametrize("verdict", [Verdict.RESET, Verdict.ERROR, Verdict.PERSISTED, Verdict.STATELESS])
def test_a_verdict_that_does_not_hold_is_a_finding(verdict: Verdict) -> None:
    """It says what is declared, what is, and why; what was found stays."""
    added = [("NBR201", f"declared `in-place`, but is `{verdict}`: it keeps training")]
    assert settled(Declared(Verdict.IN_PLACE), verdict, RAISES, TRAINS) == ([RAISES, TRAINS], added)


@pytest.mark.parametrize("verdict", [Verdict.SKIPPED, Verdict.UNDETERMINED])
def test_where_nothing_is_known_nothing_is_said(verdict: Verdict) -> None:
    """A cell that was not chosen, or not judged, is no proof against what it declares."""
    assert settled(Declared(Verdict.IN_PLACE, ignore=("NBR005",)), verdict, ALONE) == ([ALONE], [])


@pytest.mark.parametrize(
    ("declares", "verdict", "tags", "why"),
    [
        (
            Declared(Verdict.RESET, skip=True),
            Verdict.SKIPPED,
            (),
            "declared `reset`, but a cell that is skipped is never run again",
        ),
        (
            Declared(Verdict.RESET),
            Verdict.SKIPPED,
            ("skip-execution",),
            "the cell is never run, so its other declarations have no effect",
        ),
        (
            Declared(skip=True),
            Verdict.SKIPPED,
            ("skip-execution",),
            "the cell is never run, so its other declarations have no effect",
        ),
        (
            Declared(ignore=("NBR005",)),
            Verdict.IN_PLACE,
            (),
            "it ignores NBR005, but there is no such finding",
        ),
    ],
)
def test_a_declaration_without_effect_is_a_finding(
    declares: Declared, verdict: Verdict, tags: tuple[str, ...], why: str
) -> None:
    """It says what has no effect; where only a part was looked at, an ignored rule may have a finding after all."""
    left = [TRAINS] if verdict is Verdict.IN_PLACE else []
    unused = [("NBR202", f"unused declaration: {why}")]
    assert settled(declares, verdict, *left, tags=tags) == (left, unused)
    assert settled(declares, verdict, *left, tags=tags, partly=True) == (left, [] if declares.ignore else unused)


def test_a_skip_that_skips_is_used() -> None:
    """Leaving the rerun out is all that it is for."""
    assert settled(Declared(skip=True), Verdict.SKIPPED) == ([], [])


def test_rules_that_a_cell_ignores_are_left_out() -> None:
    """By code and by prefix; a rule that is looked for only when asked is not said to be unused."""
    assert settled(Declared(ignore=("NBR005",)), Verdict.RESET, CLOCK, UNSEEDED) == ([UNSEEDED], [])
    assert settled(Declared(ignore=("NBR0", "NBR103")), Verdict.RESET, CLOCK, UNSEEDED, ALONE) == ([ALONE], [])
