"""*later*: where it can show anything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from nbrerun.engine.interface import Undone
from nbrerun.experiments.later import later, matters, told_anything
from nbrerun.model import Change
from nbrerun.state.observation import Later, Observation, Place
from tests.unit.making import FakeEngine, error, file, generator, name, named, observation, opened, rerun, state

FIRST = state({"x": b"1", "y": b"1"}, settings={"cwd": "/a"}, files={"a.csv": file(b"1"), "old.csv": file(b"1")})


def seen(files: Sequence[str] = (), folders: Sequence[str] = (), **again: Any) -> Observation:
    """What *again* has shown of a cell that reads `x` and `a.csv`.

    Args:
        files: that it read or looked for.
        folders: whose names it listed.
    """
    inputs: Any = {**FIRST["inputs"], "files": list(files), "folders": list(folders)}
    after: Any = {**FIRST, "opened": {"a.csv": opened("read"), "old.csv": opened("written")}, "inputs": inputs}
    return observation(FIRST, FIRST, rerun(after, **{"reads": ["x"], **again}))


def end(**more: Any) -> Any:
    """The state at the end of the main run: other values, files besides or instead."""
    files = {**FIRST["files"], **{name: file(digest) for name, digest in more.get("files", {}).items()}}
    return state(
        {"x": b"1", "y": b"1", **more.get("variables", {})}, settings=more.get("settings", {"cwd": "/a"}), files=files
    )


CHANGED: dict[str, tuple[Any, bool]] = {
    # the end of the main run, and whether the cell depends on what changed
    "nothing": (end(), False),
    "a variable that it reads": (end(variables={"x": b"2"}), True),
    "another variable": (end(variables={"y": b"2"}), False),
    "a file that it reads": (end(files={"a.csv": b"2"}), True),
    "a file that it only writes": (end(files={"old.csv": b"2"}), False),
    "a new file that nobody looked for": (end(files={"m.pkl": b"1"}), False),
    "a setting of which nobody knows": (end(settings={"cwd": "/b"}), False),
}


@pytest.mark.parametrize("case", CHANGED)
def test_it_matters_if_an_input_has_changed_since(case: str) -> None:
    """A variable or a file that the cell reads; not one that it writes."""
    state_at_end, expected = CHANGED[case]
    assert matters(seen(), state_at_end, set()) is expected


def test_a_setting_that_a_later_cell_changed_matters() -> None:
    """Any cell may depend on it; one that was changed back does not."""
    assert matters(seen(), end(settings={"cwd": "/b"}), {"cwd"})
    assert not matters(seen(), end(), {"cwd"})


LOOKED: dict[str, tuple[list[str], list[str], str, bool]] = {
    # files that the cell looked for, folders that it listed, the file that a later cell writes; whether it matters
    "for the file": (["m.pkl"], [], "m.pkl", True),
    "for another file": (["n.pkl"], [], "m.pkl", False),
    "for a file of the same name elsewhere": (["sub/m.pkl"], [], "m.pkl", False),
    "for a file in a folder": (["sub/m.pkl"], [], "sub/m.pkl", True),
    "for the folder of the file": (["sub"], [], "sub/m.pkl", True),
    "for a folder further up": (["sub"], [], "sub/deep/m.pkl", True),
    "for a folder with a longer name": (["sub2"], [], "sub/m.pkl", False),
    "through the folder": ([], ["sub"], "sub/m.pkl", True),
    "through the notebook's folder": ([], ["."], "m.pkl", True),
    "through the notebook's folder, for one below": ([], ["."], "sub/m.pkl", True),
    "through another folder": ([], ["other"], "sub/m.pkl", False),
    "through a folder below": ([], ["sub/deep"], "sub/m.pkl", False),
    "for an absolute path": (["/data/m.pkl"], [], "/data/m.pkl", True),
    "through an absolute folder": ([], ["/data"], "/data/m.pkl", True),
    "for a file that is older than the cell": (["old.csv"], ["."], "old.csv", False),
}


@pytest.mark.parametrize("case", LOOKED)
def test_a_file_that_the_cell_looked_for_matters_once_it_is_there(case: str) -> None:
    """Itself, or a folder that it lies in; so does any new file in a folder that the cell went through."""
    looked_for, listed, written, expected = LOOKED[case]
    assert matters(seen(looked_for, listed), end(files={written: b"1"}), set()) is expected


def test_it_never_matters_where_the_rerun_gives_nothing_to_compare_with() -> None:
    """Not run again, or with an error; or its numbers cannot be drawn as in the first run."""
    changed = end(variables={"x": b"2"})
    assert matters(seen(), changed, set())
    assert not matters(observation(FIRST, FIRST), changed, set())
    assert not matters(seen(error=error("ValueError")), changed, set())
    drawn = [generator("rng", place, 5) for place in (b"1", b"2")]
    draws = seen()
    draws.before, draws.first = ({**FIRST, "generators": [item]} for item in drawn)
    assert not matters(draws, changed, set())
    assert matters(draws, {**changed, "generators": drawn[1:]}, set())


MOVED = {name("x"): (Change("x", "1", "2"),)}


def placed(*values: bytes, moved: bool = False, astray: bool = False) -> tuple[Observation, FakeEngine]:
    """What *later* shows of a cell that left 1 in `x`, which is 5 at the end, if its runs leave these values."""
    left = list(values)
    engine = FakeEngine(lambda done: rerun(state({"x": left.pop(0)}, files={"a.csv": file(b"1")})))
    if astray:
        engine.branch(1).astray = frozenset(named("x"))  # type: ignore[union-attr]
        made = engine.branches.pop()
        engine.branch = lambda moment: made  # type: ignore[method-assign]
    first = state({"x": b"1"}, files={"a.csv": file(b"1")})
    after = rerun(first, reads=["x"])
    seen = observation(first, first, after, moved=MOVED if moved else {})
    later(engine, 1, seen, state({"x": b"5"}, files={"a.csv": file(b"1")}))  # type: ignore[arg-type]
    return seen, engine


@pytest.mark.parametrize(("value", "place"), [(b"1", Place.FIRST), (b"5", Place.END), (b"7", Place.ELSEWHERE)])
def test_later_says_where_a_variable_ends(value: bytes, place: Place) -> None:
    """As after the first run, as at the end of the main run, or neither; files are told as well."""
    seen, engine = placed(value)
    assert seen.later is not None
    assert seen.later.places == {name("x"): place, name("file:a.csv"): Place.FIRST}
    assert told_anything(seen.later)
    assert engine.left_open() == []


@pytest.mark.parametrize(("second", "told"), [(b"7", True), (b"5", False), (b"1", False)])
def test_what_two_such_runs_leave_in_two_places_is_noise(second: bytes, told: bool) -> None:
    """It is left out; what was seen to be noise only where *again* moved something."""
    seen, _ = placed(b"7", second, moved=True)
    assert seen.later is not None
    assert (name("x") in seen.later.places) is told
    assert name("file:a.csv") in seen.later.places


def test_later_gives_no_answer_where_inputs_differ_for_another_reason() -> None:
    """What differs need not have come from the cells below."""
    seen, _ = placed(astray=True)
    assert seen.later == Later({})
    assert not told_anything(seen.later)


def test_later_may_raise() -> None:
    """Which is said, and no place is; nor where there is no branch, or no run."""
    run = rerun(state(opened={"a.csv": opened("read")}), error=error("KeyError", "'a'"))
    first = seen()
    later(FakeEngine(lambda done: run), 1, first, end())  # type: ignore[arg-type]
    assert first.later is not None
    assert first.later.raised is not None
    assert (first.later.raised.ename, first.later.places, set(first.later.read)) == ("KeyError", {}, {"a.csv"})
    assert told_anything(first.later)
    for engine in (FakeEngine(refuses=["moment 1"]), FakeEngine(lambda done: Undone("stuck"))):
        first = seen()
        later(engine, 1, first, end())  # type: ignore[arg-type]
        assert first.later == Later({})
