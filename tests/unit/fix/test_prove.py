"""When an edit is proven, and what is said where it is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from nbrerun.analysis import Examined
from nbrerun.fix.edit import Edit, Renamed
from nbrerun.fix.prove import Failed, Proven, prove
from nbrerun.fix.version import NotFixed, Stays, Version
from nbrerun.model import CellReport, Failure, Finding, Kind, NotebookReport, Severity, VariableReport, Verdict
from nbrerun.probe.protocol.messages import State
from tests.unit.fix.situations import Values, states, steps
from tests.unit.making import named, observation, rerun

GROWS = Finding("NBR003", Severity.ERROR, 1, "x", "`x` keeps changing")
EDIT = Edit("any", "do it", {1: "x"})
RUN: list[Values] = [{}, {"x": "1"}, {"x": "2"}]


@dataclass
class Made(Version):
    """A version of a notebook of which everything is made by hand."""

    others: Sequence[Values] | None = None
    """What another run comes to; None if nobody asks."""
    asked: list[Sequence[Any]] = field(default_factory=list)

    @property
    def texts(self) -> dict[int, str]:
        """Two cells, unless the run ended before."""
        return dict.fromkeys(range(2), "")

    def run_again(self, seeds: Sequence[Any] = ()) -> dict[int, State]:
        """The other run."""
        self.asked.append(seeds)
        assert self.others is not None
        return dict(enumerate(states(*self.others)[1:]))


def version(
    findings: Sequence[Finding] = (),
    moments: Sequence[Values] = RUN,
    verdict: Verdict = Verdict.RESET,
    others: Sequence[Values] | None = None,
    **more: Any,
) -> Made:
    """A version whose cell 1 has a verdict."""
    cells = (CellReport(0, "a", Verdict.RESET, ""), CellReport(1, "b", verdict, "because"))
    report = NotebookReport("nb.ipynb", "fork", "", "python3", cells=cells, findings=tuple(findings), **more)
    run = tuple(steps(["", ""], states(*moments)).values())
    notebook: Any = None
    settings: Any = None
    return Made(notebook, settings, Examined(report, run, seeds=("seeds",)), others=others)  # type: ignore[arg-type]


BEFORE = version([GROWS])


def reason(after: Version, edit: Edit = EDIT, before: Version = BEFORE) -> str:
    """Why an edit is not proven."""
    found = prove(before, edit, GROWS, lambda *_: after)
    assert isinstance(found, Failed)
    return found.reason


def sentence(after: Version, edit: Edit = EDIT, before: Version = BEFORE, finding: Finding = GROWS) -> str:
    """What was proven."""
    found = prove(before, edit, finding, lambda *_: after)
    assert isinstance(found, Proven), found
    return found.sentence


def test_an_edit_is_proven_if_the_finding_is_gone_and_every_value_is_the_same() -> None:
    """The proof says what was compared."""
    assert sentence(version()) == (
        "cell 1 is reset now, no cell has a new finding, and after every cell the one name has bit for bit "
        "the value of before"
    )


def test_a_finding_that_stays_is_no_fix() -> None:
    """Nor is a cell that raises now, or that cannot be judged."""
    assert reason(version([GROWS])) == "NBR003 stays: `x` keeps changing"
    assert reason(version(verdict=Verdict.UNDETERMINED)) == "NBR003 stays: because"
    assert reason(version(verdict=Verdict.ERROR)) == "NBR003 stays: because"


@pytest.mark.parametrize(("name", "ends"), [("x_2", True), ("x", True), ("y", False)])
def test_the_run_ends_at_the_cell_whose_finding_stays(name: str, ends: bool) -> None:
    """Under its new name, or still under the old one; the rest of the notebook would tell nothing."""
    (old,), (new,) = named("x"), named("x_2")
    edit = Edit("any", "do it", {1: "x"}, (Renamed(old, new, 1),))
    variable = VariableReport(name, Kind.DATA, "int", Verdict.IN_PLACE, reason=f"`{name}` grows")
    report = CellReport(1, "b", Verdict.IN_PLACE, "", variables=(variable,))

    def examine(_: Edit, stays: Stays) -> Version:
        assert bool(stays(report)) is ends
        raise NotFixed(stays(report))

    found = prove(BEFORE, edit, GROWS, examine)
    assert isinstance(found, Failed)
    assert found.reason == f"NBR003 stays: {f'`{name}` grows' if ends else ''}"


@pytest.mark.parametrize(
    ("finding", "wanted"),
    [
        (replace(GROWS, index=0), "cell 0 would have NBR003: `x` keeps changing"),
        (replace(GROWS, name="y", message="y"), "cell 1 would have NBR003: y"),
        (Finding("NBR007", Severity.WARNING, 0, "x", "drifts"), "cell 0 would have NBR007: drifts"),
    ],
)
def test_no_cell_may_have_a_new_finding(finding: Finding, wanted: str) -> None:
    """An error that is only somewhere else now is one as well, and so is a warning."""
    assert reason(version([finding])) == wanted


def test_what_a_notebook_is_told_for_information_is_no_reason() -> None:
    """A cell may need other names after a restart."""
    assert sentence(version([Finding("NBR101", Severity.INFO, 1, None, "needs")]))


def test_a_finding_keeps_being_the_same_under_a_new_name() -> None:
    """Another cell changes the variable, too, and that is fixed next."""
    (old,), (new,) = named("x"), named("x_2")
    edit = Edit("any", "do it", {1: "x"}, (Renamed(old, new, 0),))
    other = replace(GROWS, index=0)
    before = version([other, GROWS])
    after = version([replace(other, name="x_2")], [{}, {"x_2": "1"}, {"x_2": "2"}])
    assert sentence(after, edit, before)


@pytest.mark.parametrize(("reads", "wanted"), [(["x"], True), (["x_2"], False), (None, True)])
def test_nobody_may_look_at_the_old_name(reads: list[str] | None, wanted: bool) -> None:
    """A function that only shows the variable would show the old value; where nobody could see that, it may be so."""
    (old,), (new,) = named("x"), named("x_2")
    first, second = replace(GROWS, index=0), Edit("any", "do it", {1: "x"}, (Renamed(old, new, 0),))
    after = version(moments=[{}, {"x_2": "1"}, {"x_2": "2"}])
    last = after.examined.steps[1]
    seen = None if reads is None else replace(last.seen or observation(), again=rerun(last.first, reads=reads))
    after.examined = replace(after.examined, steps=(after.examined.steps[0], replace(last, seen=seen)))
    found = prove(version([first]), second, first, lambda *_: after)
    assert isinstance(found, Failed) is wanted
    if isinstance(found, Failed):
        looks = "cell 1 was not run again" if reads is None else "cell 1 still looks at `x`"
        assert found.reason.startswith(looks)


def test_what_drifts_drifts_wherever_the_statement_is() -> None:
    """An edit that moves it into another cell has not made it drift."""
    drift = Finding("NBR007", Severity.WARNING, 0, "x", "drifts")
    edit = Edit("any", "do it", {1: "x"}, later={"x": (0, 1)})
    assert sentence(version([replace(drift, index=1)]), edit, version([drift, GROWS]))


def test_a_value_that_differs_is_named_with_the_cell_after_which_it_does() -> None:
    """Unless another run of the notebook as it was gives it another value as well."""
    after = version(moments=[{}, {"x": "1"}, {"x": "3", "y": "1"}])
    quiet = version([GROWS], others=RUN)
    assert reason(after, before=quiet) == "after cell 1, `x` has another value than before the edit, and one more name"
    assert quiet.asked == [("seeds",)]
    noisy = version([GROWS], others=[{}, {"x": "1"}, {"x": "4", "y": "1"}])
    assert "apart from `x`, `y`, where two runs of the notebook as it was differ as well" in sentence(
        after, before=noisy
    )


def test_a_notebook_that_does_not_come_to_its_end_proves_nothing() -> None:
    """With the exception, or the cell after which nothing could be read."""
    raised = Failure("NameError", "name 'x' is not defined\nmore", index=1)
    assert reason(version(failure=raised)) == "cell 1 raises NameError: name 'x' is not defined"
    assert reason(version(moments=RUN[:2])) == "the state after cell 1 could not be read"
    assert reason(version(over_budget=True)).startswith("the budget is spent")


def seeded_after(others: Sequence[Values]) -> Mapping[str, Any]:
    """A version in which another value is drawn, and what another run of it comes to."""
    return {"moments": [{}, {"x": "1"}, {"x": "1", "M": "2"}], "others": others}


def test_a_seed_is_proven_by_two_runs_that_begin_with_other_random_numbers() -> None:
    """The value itself is another one than before."""
    finding = Finding("NBR004", Severity.WARNING, 1, "M", "unseeded")
    edit = Edit("seed", "seed it", {1: "x"}, seeds=frozenset({"M"}))
    before = version([finding], [{}, {"x": "1"}, {"x": "1", "M": "1"}])
    after = version(**seeded_after([{}, {"x": "1"}, {"x": "1", "M": "2"}]))
    said = sentence(after, edit, before, finding)
    assert "two runs give `M` the same value" in said
    assert "apart from what was drawn without a seed or is computed from it (`M`)" in said
    assert after.asked == [()]
    other = version(**seeded_after([{}, {"x": "1"}, {"x": "1", "M": "3"}]))
    found = prove(before, edit, finding, lambda *_: other)
    assert isinstance(found, Failed)
    assert found.reason == "another run gives `M` other values"
