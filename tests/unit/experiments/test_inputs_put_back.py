"""*inputs put back*: which variables change only because others do."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import pytest

from nbrerun.engine.interface import Undone
from nbrerun.experiments.inputs_put_back import inputs_put_back
from nbrerun.model import Change
from nbrerun.state.diff import Leaves
from nbrerun.state.names import Name
from nbrerun.state.observation import Observation
from tests.unit.experiments.test_perturbed import leaf
from tests.unit.making import FakeBranch, FakeEngine, error, name, named, observation, rerun, state, variable

CHANGE = (Change("x", "1", "2"),)


def cell(moving: Mapping[str, str], bound: Sequence[str] = (), others: Collection[str] = ()) -> Observation:
    """A cell after which variables have another value.

    Args:
        moving: these variables, with their kinds.
        bound: those of them that it binds.
        others: names of settings and files that have another value as well.
    """
    first = state({key: variable(b"first", i, kind) for i, (key, kind) in enumerate(moving.items())})
    names = named(*moving, *others)
    again = rerun(state(dict.fromkeys(moving, b"again")), bound=list(bound))
    return observation(state(), first, again, moved=dict.fromkeys(names, CHANGE), still_moved=frozenset(names))


Ends = Callable[[FakeBranch], Mapping[str, bytes] | str]
"""From a branch, with what was deleted or changed in it, to the values of variables, or what the cell raises."""


def engine_of(ends: Ends, **more: Any) -> FakeEngine:
    """An engine for a cell that does this."""

    def answer(branch: FakeBranch) -> Any:
        found = ends(branch)
        if isinstance(found, str):
            return rerun(error=error(*found.split(": ", 1)))
        return rerun(state(dict(found)))

    def leaves(branch: FakeBranch, names: Sequence[str]) -> Leaves:
        return {key: {key: leaf(b"first", 1.0, address=hash(key))} for key in names}

    return FakeEngine(answer_after=answer, leaves=leaves, **more)


def refit(branch: FakeBranch) -> Mapping[str, bytes] | str:
    """`scaler = StandardScaler(); X = scaler.fit_transform(X)`."""
    if "X" in branch.deleted:
        return "NameError: name 'X' is not defined"
    return {"X": b"again", "scaler": b"again"}


def runs(engine: FakeEngine) -> list[object]:
    """What was deleted before each run, or changed."""
    return [asked[2] for asked in engine.asked if asked[1] in ("delete_names", "perturb")]


def follows(seen: Observation) -> dict[str, list[str]]:
    """What follows what, by name."""
    return {str(key): [str(each) for each in value] for key, value in seen.follows.items()}


def test_what_comes_out_as_in_again_though_it_was_deleted_follows() -> None:
    """The name that the cell misses is put back, and the cell run once more."""
    seen, engine = cell({"X": "data", "scaler": "model"}, bound=["X", "scaler"]), engine_of(refit)
    assert inputs_put_back(engine, 3, seen) is None
    assert follows(seen) == {"scaler": ["X"]}
    assert runs(engine) == [["X", "scaler"], ["scaler"]]
    assert engine.left_open() == []


@pytest.mark.parametrize(
    "raised",
    [
        "NameError: name 'other' is not defined",  # none of those that were deleted
        "NameError: something else",
        "KeyError: name 'X' is not defined",
        "ValueError: no",
    ],
)
def test_nothing_follows_where_the_cell_raises_something_else(raised: str) -> None:
    """One try, no more."""
    seen, engine = cell({"X": "data", "y": "data"}, bound=["X", "y"]), engine_of(lambda branch: raised)
    assert inputs_put_back(engine, 3, seen) is None
    assert (follows(seen), runs(engine)) == ({}, [["X", "y"]])


def test_names_are_put_back_a_few_times_only() -> None:
    """A cell that needs many of its own names is given up."""
    names = list("abcdefg")
    seen = cell(dict.fromkeys(names, "data"), bound=names)
    engine = engine_of(lambda branch: f"NameError: name '{min(branch.deleted)}' is not defined")
    assert inputs_put_back(engine, 3, seen) is None
    assert (follows(seen), runs(engine)) == ({}, [names, names[1:], names[2:], names[3:]])


def test_a_value_of_its_own_does_not_follow() -> None:
    """Deleted, it comes out otherwise than in *again*: it depends on what it held."""
    seen = cell({"X": "data", "n": "data"}, bound=["X", "n"])
    engine = engine_of(lambda branch: {"X": b"again", "n": b"1"})
    assert inputs_put_back(engine, 3, seen) is None
    assert follows(seen) == {"X": ["n"]}


def test_where_all_follow_there_is_nothing_to_follow() -> None:
    """No variable leads: the change comes from elsewhere, and nothing is explained away."""
    seen = cell({"X": "data", "y": "data"}, bound=["X", "y"])
    engine = engine_of(lambda branch: {"X": b"again", "y": b"again"})
    assert inputs_put_back(engine, 3, seen) is None
    assert follows(seen) == {}


def test_what_follows_names_models_first() -> None:
    """Then data, by name; state that is kept in a setting or a file goes on by itself."""
    seen = cell({"losses": "data", "clf": "model", "p": "data"}, bound=["p"], others=["env:cwd"])
    engine = engine_of(lambda branch: {"losses": b"1", "clf": b"1", "p": b"again"})
    assert inputs_put_back(engine, 3, seen) is None
    assert [sorted(each) for each in follows(seen).values()] == [["clf", "losses"]]
    assert follows(seen)["p"][0] == "clf"


@pytest.mark.parametrize(("ends", "expected"), [(b"again", {"scaler": ["X"]}), (b"else", {})])
def test_a_refit_in_place_follows_if_its_own_value_does_not_matter(ends: bytes, expected: dict[str, list[str]]) -> None:
    """`X = scaler.fit_transform(X)` with a scaler of an earlier cell: changed, it ends as in *again*."""

    def end(branch: FakeBranch) -> Mapping[str, bytes] | str:
        if "X" in branch.deleted:
            return "NameError: name 'X' is not defined"
        return {"X": b"again", "scaler": ends if "scaler" in branch.perturbed else b"again"}

    seen, engine = cell({"X": "data", "scaler": "model"}, bound=["X"]), engine_of(end)
    assert inputs_put_back(engine, 3, seen) is None
    assert follows(seen) == expected
    assert runs(engine) == [["X"], ["scaler"]]
    assert engine.left_open() == []


def test_what_cannot_be_changed_does_not_follow() -> None:
    """Nothing is known of it."""
    seen, engine = cell({"X": "data", "scaler": "model"}, bound=["X"]), engine_of(refit, rigid=["scaler"])
    assert inputs_put_back(engine, 3, seen) is None
    assert follows(seen) == {}


def test_two_that_change_in_place_are_not_tried() -> None:
    """Nothing is bound that a refit could follow: `model` and `optimizer` both train."""
    seen, engine = cell({"net": "model", "opt": "model"}), engine_of(lambda branch: {"net": b"again", "opt": b"again"})
    assert inputs_put_back(engine, 3, seen) is None
    assert (follows(seen), engine.asked) == ({}, [])


def test_one_variable_alone_follows_nothing() -> None:
    """Nor do one variable and noise."""
    engine = engine_of(refit)
    seen = cell({"X": "data"}, bound=["X"])
    assert inputs_put_back(engine, 3, seen) is None
    seen = cell({"X": "data", "t": "data"}, bound=["X", "t"])
    seen.noise = {name("t"): CHANGE}
    assert inputs_put_back(engine, 3, seen) is None
    assert (engine.branches, seen.follows) == ([], {})


def test_no_branch_is_told() -> None:
    """And a run that was stopped leaves nothing known."""
    seen, engine = cell({"X": "data", "y": "data"}, bound=["X", "y"]), engine_of(refit, refuses=["moment 3"])
    assert inputs_put_back(engine, 3, seen) == Undone("there is no moment 3")
    engine = FakeEngine(lambda done: Undone("stopped"))
    assert inputs_put_back(engine, 3, seen) is None
    assert (seen.follows, engine.left_open()) == (dict[Name, Any](), [])


def counted(branch: FakeBranch) -> Mapping[str, bytes] | str:
    """`rows = len(df); old = next_number(); df = df.dropna()`, where nobody sees what the number comes from."""
    return {"rows": b"first" if "df" in branch.restored else b"again", "old": b"again", "df": b"first"}


@pytest.mark.parametrize(("rigid", "expected"), [((), {"rows": ["df"]}), (("df",), {})], ids=["copied", "not copied"])
def test_what_the_cell_overwrites_with_the_same_value_each_time_is_followed(
    rigid: Sequence[str], expected: Mapping[str, Sequence[str]]
) -> None:
    """If the variable comes out as the first time where the other one has its earlier value."""
    seen, engine = cell({"rows": "data", "old": "data"}, bound=["rows", "old"]), engine_of(counted, rigid=rigid)
    assert seen.again is not None
    seen.before["variables"]["df"] = variable(b"before")
    for after in (seen.first, seen.again["after"]):
        after["variables"]["df"] = variable(b"first")
    seen.again.update(bound=["rows", "old", "df"], bound_first=["rows", "old"], reads=["df"])
    assert inputs_put_back(engine, 3, seen) is None
    assert {key: list(names) for key, names in follows(seen).items()} == expected
    assert engine.left_open() == []
