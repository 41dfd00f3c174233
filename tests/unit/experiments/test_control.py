"""*control*: how noisy a cell is, and *again*, which it follows."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import pytest

from nbrerun.engine.interface import Again, Branch, Control, FirstResult, Undone
from nbrerun.experiments.again import again
from nbrerun.experiments.control import control
from nbrerun.model import Cell, Change
from nbrerun.probe.protocol.messages import Leaf, Rerun, State
from nbrerun.state.diff import Leaves
from nbrerun.state.observation import Observation
from tests.unit.making import FakeEngine, cell, error, name, named, observation, rerun, state, variable

GREW = (Change("x", "1", "2"),)


def _leaf(text: str) -> Leaf:
    return {
        "digest": text.encode(),
        "id": 1,
        "atom": True,
        "text": text,
        "size": None,
        "length": None,
        "numbers": struct.pack("d", float(text)) if "." in text else None,
        "whole": True,
    }


def _parts(text: str) -> Leaves:
    return {"x": {"x": _leaf(text)}}


class Repeating(FakeEngine):
    """An engine whose first runs, done again, come to these values of `x`."""

    def __init__(self, *values: str, astray: str = "", again: Again | Undone | None = None) -> None:
        super().__init__()
        self.left = list(values)
        self._astray = frozenset(named(astray)) if astray else frozenset()
        self.anew: list[bool] = []
        self.closed = 0
        self.done = again

    def control(self, moment: int, cell: Cell, anew: bool = False) -> Control | Undone:
        """The next value."""
        self.anew.append(anew)
        if not self.left:
            return Undone("no control")
        value = self.left.pop(0)
        after = state({"x": variable(value.encode())})
        return Control(self._astray, after, lambda names: _parts(value), self._count)

    def _count(self) -> None:
        self.closed += 1

    def again(self, moment: int, branch: Branch, first: FirstResult) -> Again | Undone:
        """As it was told."""
        assert self.done is not None
        return self.done


def _seen(saw_a_change: bool = True, still_moved: bool = True) -> Observation:
    """`x` was 1 after the first run and 2 after the second; the cell has read what it changed, or has seen nothing."""
    before, first, after = (state({"x": variable(value)}) for value in (b"0", b"1", b"2"))
    run = rerun(after, reads=["x"] if saw_a_change else [], bound=["x"])
    moved = {name("x"): GREW}
    return observation(before, first, run, moved=moved, still_moved=frozenset(moved) if still_moved else frozenset())


def test_what_the_control_leaves_as_the_first_run_did_is_no_noise() -> None:
    """One is enough where the rerun has seen what the first run changed."""
    engine, seen = Repeating("1"), _seen()
    assert control(engine, 1, seen, _parts("1")) is None
    assert (seen.noise, engine.anew, engine.closed) == ({}, [False], 1)


def test_what_the_control_leaves_otherwise_is_noise() -> None:
    """With the size of its change."""
    engine, seen = Repeating("7"), _seen()
    assert control(engine, 1, seen, _parts("1")) is None
    assert seen.noise == {name("x"): (Change("x", "1", "7"),)}
    assert engine.closed == 1


def test_nothing_is_asked_where_random_numbers_explain_all() -> None:
    """What was still another value with them pinned is in question, and nothing else."""
    engine = Repeating("7")
    assert control(engine, 1, _seen(still_moved=False), {}) is None
    assert engine.anew == []


@pytest.mark.parametrize(("values", "asked"), [("1111", 4), ("1171", 3), ("7", 1)])
def test_a_control_that_is_like_the_first_run_is_made_again_where_nothing_explains_the_difference(
    values: str, asked: int
) -> None:
    """Up to three times more; what then differs makes all of it noise."""
    engine, seen = Repeating(*values), _seen(saw_a_change=False)
    assert control(engine, 1, seen, _parts("1")) is None
    assert engine.anew == [False, True, True, True][:asked]
    assert bool(seen.noise) == ("7" in values)
    assert engine.closed == asked


@pytest.mark.parametrize(
    ("values", "reads", "noisy"),
    [("71 71 72", [], "tx"), ("71 71 71 71", [], "t"), ("71", ["x"], "t"), ("11", [], "")],
)
def test_what_a_noisy_cell_makes_from_nothing_may_be_noise_as_well(values: str, reads: list[str], noisy: str) -> None:
    """A rounded duration `x` comes twice in a row beside a time `t`; what the cell has looked at may go on."""
    left = values.split()
    before, first, after = (state({key: variable(value) for key in "tnx"}) for value in (b"0", b"1", b"2"))
    moved = {name(key): GREW for key in "tx"}
    run = rerun(after, reads=["n", *reads], bound=["t", "x"])
    seen = observation(before, first, run, moved=moved, still_moved=frozenset(moved))

    class Noisy(Repeating):
        def control(self, moment: int, cell: Cell, anew: bool = False) -> Control | Undone:
            self.anew.append(anew)
            t, x = left.pop(0)
            values = {"t": variable(t.encode()), "n": variable(b"1"), "x": variable(x.encode())}
            return Control(frozenset(), state(values), lambda names: {}, self._count)

    engine = Noisy()
    assert control(engine, 1, seen, {}) is None
    assert "".join(sorted(each.key for each in seen.noise)) == noisy
    assert left == []


@pytest.mark.parametrize(
    ("values", "asked", "noise"), [("1.1 1.2 2.3", 3, "2.3"), ("1.1 1.1 1.1 1.1", 4, "1.1"), ("2.3", 1, "2.3")]
)
def test_a_change_that_is_larger_than_the_noise_needs_more_controls(values: str, asked: int, noise: str) -> None:
    """A duration differs by chance; what it differs by most is the noise."""
    before, first, after = (state({"x": variable(value)}) for value in (b"0", b"1.0", b"4.5"))
    moved = {name("x"): (Change("x", "1.0", "4.5", 3.5),)}
    run = rerun(after, reads=["x"], bound=["x"])
    seen = observation(before, first, run, moved=moved, still_moved=frozenset(moved))
    engine = Repeating(*values.split())
    assert control(engine, 1, seen, _parts("1.0")) is None
    assert [change.again for change in seen.noise[name("x")]] == [noise]
    assert (engine.closed, engine.left) == (asked, [])


def test_without_a_control_there_is_no_answer() -> None:
    """The engine says why."""
    undone = control(Repeating(), 1, _seen(), {})
    assert undone is not None
    assert undone.reason == "no control"


def test_inputs_that_differ_before_the_control_are_known() -> None:
    """Only inputs that the first run changed count."""
    seen = _seen()
    control(Repeating("1", astray="x"), 1, seen, _parts("1"))
    assert seen.astray == frozenset(named("x"))
    seen = _seen(saw_a_change=False)
    control(Repeating("1", "1", "1", "1", astray="x"), 1, seen, _parts("1"))
    assert seen.astray == frozenset()


def _again(run: Rerun, after: State, moved: bool = False) -> Again:
    first = FirstResult(cell(0), state(), after)
    return Again(first, run, {name("x"): GREW} if moved else {}, frozenset(named("x")) if moved else frozenset())


def _run_again(engine: Repeating) -> Observation | Undone:
    branch = engine.branch(1)
    assert not isinstance(branch, Undone)
    return again(engine, 1, branch, FirstResult(cell(0), state(), state(), data_files=frozenset({"a.csv"})))  # type: ignore[arg-type]


def test_again_says_what_it_has_seen() -> None:
    """And asks for nothing more where nothing has moved."""
    after = state({"x": variable(b"1")})
    seen = _run_again(Repeating(again=_again(rerun(after), after)))
    assert isinstance(seen, Observation)
    assert (seen.moved, seen.first, seen.data_files) == ({}, after, frozenset({"a.csv"}))


def test_again_gives_no_answer_where_the_engine_has_none() -> None:
    """Or where one of the experiments that follow has none."""
    undone = Undone("the kernel died in the rerun")
    assert _run_again(Repeating(again=undone)) is undone
    after = state({"x": variable(b"2")})
    moved = _again(rerun(after, reads=["x"], bound=["x"]), state({"x": variable(b"1")}), moved=True)
    found = _run_again(Repeating(again=moved))
    assert isinstance(found, Undone)
    assert found.reason == "no control"


def test_a_rerun_that_raises_needs_no_more_experiments() -> None:
    """It is the strongest statement that there is."""
    after: Sequence[State] = [state(), state({"x": variable(b"1")})]
    engine = Repeating(again=_again(rerun(after[0], error=error("KeyError")), after[1], moved=True))
    seen = _run_again(engine)
    assert isinstance(seen, Observation)
    assert engine.anew == []
