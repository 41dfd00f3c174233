"""Which variables share one finding."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nbrerun.classify.evidence import Evidence
from nbrerun.classify.findings import findings
from nbrerun.classify.together import told_together
from nbrerun.model import Change, Kind, Verdict
from tests.unit.classify.tables import report, variable


def changed(name: str, *within: str, kind: Kind = Kind.DATA, mentioned: bool = False, type: str = "C") -> Evidence:
    """What is known of a variable of which one part changed for each of these; that of nobody else is an empty one."""
    changes = tuple(Change(f"{name}.part", "1", "2", within=other) for other in within or [""])
    return Evidence(name, kind, type, mentioned=mentioned, changes=changes)


CASES = {
    "each for itself": ([changed("a"), changed("b")], {}),
    "what has the only part": ([changed("ax"), changed("fig", "ax", "ax")], {"fig": "ax"}),
    "the one that the cell names": ([changed("ax"), changed("fig", "ax", mentioned=True)], {"ax": "fig"}),
    "the model": (
        [changed("model", kind=Kind.MODEL), changed("trainer", "model", mentioned=True)],
        {"trainer": "model"},
    ),
    "a whole of several parts": (
        [changed("dec"), changed("enc"), changed("net", "enc", "dec")],
        {"dec": "net", "enc": "net"},
    ),
    "a container of several": ([changed("a"), changed("b"), changed("both", "a", "b", type="list")], {"both": "a"}),
    "two names of one": ([changed("a", "b"), changed("b", "a")], {"a": "b"}),
    "more than the part": ([changed("ax"), changed("fig", "ax", "")], {}),
    "a part that is not in-place": ([changed("fig", "ax")], {}),
    "a view that the cell names": (
        [changed("a", "c"), changed("b", "a", mentioned=True), changed("c", "a")],
        {"a": "b", "c": "b"},
    ),
    "two parts that the cell names, apart from each other": (
        [changed("a", mentioned=True), changed("b", "c", mentioned=True), changed("c"), changed("d", "c")],
        {"c": "b", "d": "b"},
    ),
    "a whole within another": ([changed("a"), changed("b", "a"), changed("c", "b")], {"b": "a", "c": "a"}),
}


@pytest.mark.parametrize(
    ("kind", "mentioned", "told"),
    [(Kind.MODEL, False, {"layer": "net"}), (Kind.DATA, True, {"layer": "net"}), (Kind.DATA, False, {})],
)
def test_what_is_left_of_a_loop_is_told_with_what_it_was_taken_from(
    kind: Kind, mentioned: bool, told: dict[str, str]
) -> None:
    """Of which more has changed; only if the cell is about that one, or it is the model."""
    net = changed("net", "", "", kind=kind, mentioned=mentioned)
    layer = replace(changed("layer"), changes=(Change("layer.weight", "1", "2", held_by="net"),))
    assert told_together([layer, net]) == told
    more = replace(layer, changes=(*layer.changes, Change("layer.own", "1", "2")))
    assert told_together([more, net]) == {}


@pytest.mark.parametrize("case", CASES)
def test_one_variable_is_told_of(case: str) -> None:
    """And each of the others leads to one that is."""
    seen, expected = CASES[case]
    assert told_together(seen) == expected
    assert not expected.keys() & set(expected.values())


def test_one_finding_names_the_others() -> None:
    """Unless the one that it would be about is not shown."""
    fig = replace(variable(Kind.DATA, Verdict.IN_PLACE), name="fig", told_by="ax")
    ax = replace(variable(Kind.DATA, Verdict.IN_PLACE), name="ax", reason="`ax` keeps changing")
    (found,) = findings(report(fig, ax))
    assert (found.name, found.message) == ("ax", "`ax` keeps changing; `fig` shares what changed")
    (found,) = findings(report(fig))
    assert found.name == "fig"
