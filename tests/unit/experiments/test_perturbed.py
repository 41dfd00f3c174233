"""*perturbed*: where a rerun leaves variables whose value was changed before it."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from nbrerun.engine.interface import Undone
from nbrerun.experiments.perturbed import changed_parts, doubtful, only_shrank, outcome, own_parts, perturbed
from nbrerun.model import Change
from nbrerun.probe.protocol.messages import Leaf
from nbrerun.state.diff import Leaves, Parts
from nbrerun.state.observation import Observation, Outcome
from tests.unit.making import FakeBranch, FakeEngine, error, generator, name, observation, rerun, state, variable

STAYS, RESTORED, ELSEWHERE = Outcome.STAYS, Outcome.RESTORED, Outcome.ELSEWHERE


def leaf(digest: bytes, *numbers: float, address: int = 1) -> Leaf:
    """One part, with numbers or none."""
    packed = struct.pack(f"{len(numbers)}d", *numbers) if numbers else None
    found: Any = {"digest": digest, "id": address, "atom": False, "text": "", "size": None, "length": None}
    return {**found, "numbers": packed, "whole": True}


A, B, C = leaf(b"a"), leaf(b"b"), leaf(b"c")
ONE, TWO, MIXED, THREE = leaf(b"1", 1, 1), leaf(b"2", 2, 2), leaf(b"3", 1, 2), leaf(b"4", 1, 3)
LONGER = leaf(b"5", 1, 2, 1)
HALF, NEARLY, FAR = (leaf(f"{n}".encode(), 0.7, 0.7 + n * 2.0**-53) for n in (0, 4, 40))

OUTCOMES: dict[str, tuple[list[tuple[Leaf | None, Leaf | None, Leaf | None]], Outcome]] = {
    # for each part that was changed: after the first run, as it was changed, after the rerun
    "left as it was changed": ([(A, B, B)], STAYS),
    "computed anew": ([(A, B, A)], RESTORED),
    "neither": ([(ONE, TWO, THREE)], ELSEWHERE),
    "numbers, left alone": ([(ONE, TWO, TWO)], STAYS),
    "numbers, computed anew": ([(ONE, TWO, ONE)], RESTORED),
    "one element computed anew, the other left alone": ([(ONE, TWO, MIXED)], RESTORED),
    "apart from the last digits, as after the first run": ([(HALF, TWO, NEARLY)], RESTORED),
    "apart from more than the last digits": ([(HALF, TWO, FAR)], ELSEWHERE),
    "of another length": ([(ONE, TWO, LONGER)], ELSEWHERE),
    "numbers no more": ([(ONE, TWO, A)], ELSEWHERE),
    "no numbers at any time": ([(A, B, C)], RESTORED),
    "gone": ([(A, B, None)], ELSEWHERE),
    "nothing known of the first run": ([(None, B, B)], ELSEWHERE),
    "nothing known of the change": ([(A, None, A)], ELSEWHERE),
    "both left alone": ([(A, B, B), (ONE, TWO, TWO)], STAYS),
    "one left alone, one computed anew": ([(A, B, B), (ONE, TWO, ONE)], RESTORED),
    "one left alone, one elsewhere": ([(A, B, B), (ONE, TWO, THREE)], ELSEWHERE),
    "one computed anew, one elsewhere": ([(A, B, A), (ONE, TWO, THREE)], ELSEWHERE),
}


@pytest.mark.parametrize("case", OUTCOMES)
def test_an_outcome_is_told_part_by_part(case: str) -> None:
    """Elsewhere outranks computed anew, which outranks left alone; numbers are compared element by element."""
    parts, expected = OUTCOMES[case]
    tables = [{f"x[{i}]": part[at] for i, part in enumerate(parts) if part[at] is not None} for at in range(3)]
    assert outcome([f"x[{i}]" for i in range(len(parts))], *tables) is expected


def test_only_what_the_first_run_changed_is_changed() -> None:
    """With what was there before; None for what it made. What it deleted cannot be changed."""
    before, first = {"x.a": A, "x.b": ONE, "x.d": A}, {"x.a": A, "x.b": TWO, "x.c": C}
    assert changed_parts(before, first) == {"x.b": ONE, "x.c": None}


def test_what_is_a_part_of_another_variable_is_left_as_it_is() -> None:
    """By the object, with all that is below it; atoms are nobody's."""
    number: Leaf = {**leaf(b"3", 1, address=10), "atom": True}
    kept = leaf(b"1", 1, address=7)
    first = {"x.X": kept, "x.X.name": leaf(b"2", address=8), "x.Xs": leaf(b"1", 1, address=9), "x.n": number}
    others = {"X": {"X": kept}, "n": {"n": number}}
    assert own_parts(dict.fromkeys(first), first, others).keys() == {"x.Xs", "x.n"}


def test_an_input_that_is_a_part_of_a_model_is_not_changed_with_it() -> None:
    """A model that keeps the data it was fitted to ends elsewhere with other data: it is changed once more without."""
    first, spoiled = {"m": variable(b"1", 5, "model"), "X": variable(b"1", 7)}, {"X": variable(b"2", 7)}
    seen = observation(state({"X": first["X"]}), state(first), rerun(state(first)))
    parts = {"m": {"m.X": leaf(b"1", 1, address=7), "m.a": leaf(b"1", 1, address=8)}, "X": {"X": leaf(b"1", address=7)}}

    def answer(branch: FakeBranch) -> Any:
        return rerun(state({**first, **(spoiled if "m.X" in branch.perturbed["m"] else {})}))

    engine = FakeEngine(answer_after=answer, leaves=lambda _, names: {key: parts[key] for key in names})
    assert perturbed(engine, 3, seen) is None
    assert asked_to_change(engine) == [["m"], ["m"]]
    changed = [list(branch.perturbed["m"]) for branch in engine.branches if branch.perturbed]
    assert changed == [["m.X", "m.a"], ["m.a"]]


def test_nothing_is_known_of_a_model_that_keeps_a_view_of_an_input() -> None:
    """No part of it is the input itself, and yet the input is changed with it."""
    first = {"m": variable(b"1", 5, "model"), "X": variable(b"1", 7)}
    seen = observation(state({"X": first["X"]}), state(first), rerun(state(first)))
    part = leaf(b"1", 1, address=9)

    def leaves(branch: FakeBranch, names: Sequence[str]) -> Leaves:
        found = {"m": {"m.X": part}, "X": {"X": leaf(b"2" if branch.perturbed else b"1", address=7)}}
        return {key: found[key] for key in names}

    engine = FakeEngine(
        answer_after=lambda branch: rerun(state({**first, "X": variable(b"2", 7)})),
        leaves=leaves,
    )
    assert perturbed(engine, 3, seen) is None
    assert (asked_to_change(engine), seen.outcomes) == ([["m"], ["m"]], {})


def cell(
    first: Mapping[str, Any],
    again: Mapping[str, Any] | None = None,
    before: Mapping[str, Any] | None = None,
    **run: Any,
) -> Observation:
    """A cell that changed or made variables."""
    more = {key: run.pop(key) for key in ("parts_kept", "moved", "raises", "outcomes") if key in run}
    after = state(first if again is None else again)
    return observation(state(before or {}), state(first), rerun(after, **run), **more)


MODEL, DATA, ATOM = variable(b"1", 5, "model"), variable(b"1", 5), variable(b"1", 5, atom=True)
X = ["x"]
DOUBTFUL: dict[str, tuple[Observation, bool]] = {
    "a model that was neither bound nor replaced": (cell({"x": MODEL}), True),
    "a model, replaced, and the old one not looked at": (cell({"x": MODEL}, bound=X, replaced=X), False),
    "a model, replaced, and made from the old one": (cell({"x": MODEL}, bound=X, replaced=X, reads=X), True),
    "data, replaced": (cell({"x": DATA}, bound=X, replaced=X, reads=X), False),
    "data, neither bound nor replaced": (cell({"x": DATA}), True),
    "data, of which a part was replaced": (cell({"x": DATA}, parts_kept={"x": False}), False),
    "data, whose parts stayed": (cell({"x": DATA}, parts_kept={"x": True}), True),
    "a model, of which a part was replaced": (cell({"x": MODEL}, parts_kept={"x": False}), True),
    "a number, bound": (cell({"x": ATOM}, bound=X), False),
    "a number, bound to what was made from it": (cell({"x": ATOM}, bound=X, reads=X), True),
    "a number that no statement was seen to bind": (cell({"x": ATOM}), True),
    "a model that keeps changing": (cell({"x": MODEL}, moved={name("x"): (Change("x", "1", "2"),)}), False),
    "a model that the first run left alone": (cell({"x": MODEL}, before={"x": MODEL}), False),
    "a model with another value": (cell({"x": MODEL}, before={"x": variable(b"0", 5, "model")}), True),
    "a model that the rerun deletes": (cell({"x": MODEL}, {}), False),
    "imported": (cell({"x": DATA}, imports=X), False),
    "a function": (cell({"x": variable(b"1", 5, "definition")}), False),
    "a generator": (cell({"x": variable(b"1", 5, "generator")}), False),
    "a model that cannot be read": (cell({"x": variable(b"1", 5, "model", opaque=["a lock"])}), False),
}


@pytest.mark.parametrize("case", DOUBTFUL)
def test_a_variable_is_in_doubt_where_the_objects_do_not_tell(case: str) -> None:
    """All others cost no run."""
    seen, expected = DOUBTFUL[case]
    assert doubtful(seen) == (["x"] if expected else [])


def test_two_states_are_compared_as_often_whatever_they_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not once for each variable, of which there may be a thousand."""
    compared = []
    monkeypatch.setattr(Observation, "changed", property(lambda seen: compared.append(seen) or {name("x0")}))
    seen = cell({f"x{number}": MODEL for number in range(10)})
    assert doubtful(seen) == ["x0"]
    assert compared == [seen]


def test_nothing_is_run_where_nothing_is_in_doubt() -> None:
    """No branch is asked for."""
    seen, engine = cell({"x": DATA}, bound=X, replaced=X), FakeEngine()
    assert perturbed(engine, 3, seen) is None
    assert (engine.branches, seen.outcomes) == ([], {})


Does = Mapping[str, Callable[[set[str]], str]]
"""By variable, from the names that were changed to where the rerun leaves it: `first`, `changed`, or another word."""


def engine_of(does: Does, raises_for: Sequence[str] = (), refuses: Sequence[str] = (), **more: Any) -> FakeEngine:
    """An engine for a cell that does this; it raises if any of some variables was changed."""
    ran: set[int] = set()

    def answer(branch: FakeBranch) -> Any:
        ran.add(id(branch))
        return rerun(error=error("ValueError")) if set(raises_for) & branch.perturbed.keys() else rerun()

    def leaves(branch: FakeBranch, names: Sequence[str]) -> Leaves:
        now = {key: "changed" if key in branch.perturbed else "first" for key in does}
        if id(branch) in ran:
            now = {key: rule(set(branch.perturbed)) for key, rule in does.items()}
        numbers = {"first": 1.0, "changed": 2.0, "gone": None}
        found = {key: (now[key], numbers.get(now[key], 3.0)) for key in names if key in now}
        return {key: {key: leaf(word.encode(), number)} for key, (word, number) in found.items() if number is not None}

    return FakeEngine(answer_after=answer, leaves=leaves, refuses=refuses, **more)


def asked_to_change(engine: FakeEngine) -> list[object]:
    """The names that were changed, for each run."""
    return [asked[2] for asked in engine.asked if asked[1] == "perturb"]


def models(*names: str, **run: Any) -> Observation:
    """A cell that fits models."""
    return cell({key: variable(key.encode(), i, "model") for i, key in enumerate(names)}, **run)


@pytest.mark.parametrize(("ends", "expected"), [("first", RESTORED), ("changed", STAYS), ("else", ELSEWHERE)])
def test_a_single_variable_takes_one_run(ends: str, expected: Outcome) -> None:
    """Its outcome is recorded as it is."""
    seen, engine = models("a"), engine_of({"a": lambda changed: ends})
    assert perturbed(engine, 3, seen) is None
    assert seen.outcomes == {"a": expected}
    assert asked_to_change(engine) == [["a"]]
    assert engine.left_open() == []


def test_several_are_changed_at_once_and_those_that_end_elsewhere_alone() -> None:
    """`b` depends on `a`: it ends elsewhere only because `a` was changed."""
    does: Does = {
        "a": lambda changed: "changed",
        "b": lambda changed: "else" if "a" in changed else "first",
        "c": lambda changed: "else" if "c" in changed else "first",
    }
    seen, engine = models("a", "b", "c"), engine_of(does)
    assert perturbed(engine, 3, seen) is None
    assert seen.outcomes == {"a": STAYS, "b": RESTORED, "c": ELSEWHERE}
    assert asked_to_change(engine) == [["a", "b", "c"], ["b"], ["c"]]
    assert engine.left_open() == []


def test_where_the_cell_raises_because_of_one_the_others_are_changed_alone() -> None:
    """Nothing is known of the one that it cannot do with another value."""
    does: Does = {key: lambda changed: "first" for key in "ab"}
    seen, engine = models("a", "b"), engine_of(does, raises_for=["a"])
    assert perturbed(engine, 3, seen) is None
    assert seen.outcomes == {"b": RESTORED}
    assert asked_to_change(engine) == [["a", "b"], ["a"], ["b"]]


def test_a_cell_that_raises_by_permission_is_compared_all_the_same() -> None:
    """Its first run has raised as well."""
    seen, engine = models("a", raises=True), engine_of({"a": lambda changed: "first"}, raises_for=["a"])
    assert perturbed(engine, 3, seen) is None
    assert seen.outcomes == {"a": RESTORED}


def test_only_a_few_are_changed_alone() -> None:
    """Each takes a run; of the others nothing is known: one may have ended elsewhere because of another."""
    names = "abcdefg"
    seen, engine = models(*names), engine_of({key: lambda changed: "else" for key in names})
    assert perturbed(engine, 3, seen) is None
    assert asked_to_change(engine) == [list(names), ["a"], ["b"], ["c"], ["d"]]
    assert seen.outcomes == dict.fromkeys("abcd", ELSEWHERE)


def test_nothing_is_known_of_what_cannot_be_changed_or_is_gone() -> None:
    """No run where nothing can be changed."""
    seen, engine = models("a"), engine_of({"a": lambda changed: "first"}, rigid=["a"])
    assert perturbed(engine, 3, seen) is None
    assert seen.outcomes == {}
    assert [asked for asked in engine.asked if asked[1] == "run"] == []
    seen, engine = models("a"), engine_of({"a": lambda changed: "gone"})
    assert perturbed(engine, 3, seen) is None
    assert (seen.outcomes, engine.left_open()) == ({}, [])


def test_only_parts_that_the_first_run_changed_are_asked_for() -> None:
    """A variable all of whose parts were there before is not changed."""
    before = {"a": {"a": leaf(b"first", 1.0)}}
    seen, engine = models("a"), engine_of({"a": lambda changed: "first"}, before=before)
    assert perturbed(engine, 3, seen) is None
    assert seen.outcomes == {}


def test_no_branch_is_told() -> None:
    """And nothing is recorded."""
    seen, engine = models("a"), engine_of({"a": lambda changed: "first"}, refuses=["moment 3"])
    assert perturbed(engine, 3, seen) == Undone("there is no moment 3")
    assert seen.outcomes == {}


def test_a_cell_that_draws_is_run_with_the_same_random_numbers() -> None:
    """Else a new draw would look like another end; without a draw no generator is touched."""
    seen, engine = models("a"), engine_of({"a": lambda changed: "first"})
    seen.before["generators"], seen.first["generators"] = [generator("random", b"1", library=True)], []
    perturbed(engine, 3, seen)
    seen.first["generators"] = [generator("random", b"2", library=True)]
    perturbed(engine, 3, seen)
    assert [asked[2:] for asked in engine.asked if asked[1] == "run"] == [(0,), (0, 1)]


@pytest.mark.parametrize(
    ("held", "existed", "mentioned", "expected"),
    [
        (7, False, True, RESTORED),
        (8, False, True, STAYS),  # another object than `v`
        (7, True, True, STAYS),  # `cache` is of an earlier cell
        (7, False, False, STAYS),  # the cell does not name it
    ],
)
def test_a_name_for_a_part_of_what_the_cell_creates_starts_over(
    held: int, existed: bool, mentioned: bool, expected: Outcome
) -> None:
    """`v = cache["k"]`: what was left alone is `cache`, if the cell creates it where there is none."""
    first = {"cache": variable(b"1", 6), "v": variable(b"2", 7)}
    before = {"cache": variable(b"0", 6)} if existed else {}
    seen = cell(first, before=before, bound=["v"], mentions=["cache", "v"] if mentioned else ["v"])
    engine = engine_of({"v": lambda changed: "changed"})
    own = engine.leaves

    def leaves(branch: FakeBranch, names: Sequence[str]) -> Leaves:
        parts = {"cache": leaf(b"1", address=6), "cache['k']": leaf(b"2", address=held)}
        return {**own(branch, names), **({"cache": parts} if "cache" in names else {})}

    engine.leaves = leaves
    assert perturbed(engine, 3, seen) is None
    assert seen.outcomes["v"] is expected
    assert engine.left_open() == []


def sized(digest: bytes, length: int) -> Leaf:
    """A container of so many items."""
    return {**leaf(digest), "size": "len({})", "length": str(length)}


@pytest.mark.parametrize(
    ("before", "first", "expected"),
    [
        ({"x": sized(b"1", 2)}, {"x": sized(b"2", 1)}, True),
        ({"x": sized(b"1", 2)}, {"x": sized(b"2", 2)}, False),
        ({"x": sized(b"1", 2)}, {"x": sized(b"2", 3)}, False),
        ({"x": sized(b"1", 1), "x.a": sized(b"3", 2)}, {"x": sized(b"2", 1), "x.a": sized(b"4", 1)}, True),
        ({"x": sized(b"1", 2), "x[1]": leaf(b"5")}, {"x": sized(b"2", 1), "x[0]": leaf(b"6")}, True),
        ({"x": leaf(b"1"), "x.a": sized(b"3", 2)}, {"x": leaf(b"2"), "x.a": sized(b"4", 1), "x.b": leaf(b"5")}, False),
        ({"x": leaf(b"1")}, {"x": leaf(b"2")}, False),
        ({}, {"x": sized(b"2", 1)}, False),
    ],
)
def test_what_only_got_smaller_has_created_nothing(before: Parts, first: Parts, expected: bool) -> None:
    """Whatever holds it has another value as well, and what follows it may lie elsewhere."""
    assert only_shrank(changed_parts(before, first), first) is expected
