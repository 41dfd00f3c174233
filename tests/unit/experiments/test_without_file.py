"""*without the file*: which variables take their value from which file."""

from __future__ import annotations

from typing import Any

import pytest

from nbrerun.engine.interface import Undone
from nbrerun.experiments.without_file import holds_result, without_file
from nbrerun.state.observation import Observation
from tests.unit.making import FakeEngine, error, file, observation, opened, rerun, state, variable

FILE = "m.pkl"
VALUES = {"m": b"loaded"}
ANOTHER = {"m": b"made"}
TOUCHED = {"m": [1]}


def seen(
    how: str = "read",
    model: bool = False,
    wrote: bool = True,
    kind: str = "data",
    after_read: tuple[str, ...] = ("m",),
    **again: Any,
) -> Observation:
    """What *again* has shown of a cell that read `m.pkl`, and then wrote to `m`.

    Args:
        how: it opened the file.
        model: the file holds a model.
        wrote: an earlier cell had written the file.
        kind: of `m`.
    """
    first = state({"m": variable(b"loaded", kind=kind)}, files={FILE: file(b"1")} if wrote else {})
    after = {**first, "opened": {FILE: opened(how, model)}}
    run = rerun(after, **{"touched_by": TOUCHED, "after_read": {FILE: list(after_read)}, **again})
    return observation(first=first, again=run)


def without(variables: dict[str, bytes] | None = None, how: str = "read", **more: Any) -> Any:
    """What the run without the file came to; it looks for the file, and ends with these variables."""
    after = state(VALUES if variables is None else variables, opened={FILE: opened(how)} if how else {})
    return rerun(after, **{"touched_by": TOUCHED, **more})


HELD = {
    "read, as an earlier cell left it": ("read", False, True, True),
    "read, and holds a model": ("read", True, False, True),
    "read, and nobody wrote it": ("read", False, False, False),
    "read, then written": ("read written", False, True, True),
    "written, then read": ("read written written_first", True, True, False),
    "appended to": ("written kept", True, True, False),
    "only written": ("written written_first", True, True, False),
}


@pytest.mark.parametrize("case", HELD)
def test_a_file_holds_a_result_if_an_earlier_run_left_it_or_it_is_a_model(case: str) -> None:
    """And the run took it from there: it read the file before it wrote it."""
    how, model, wrote, expected = HELD[case]
    found = seen(how, model, wrote)
    assert found.again is not None
    assert list(holds_result(found.again, found.first)) == ([FILE] if expected else [])


DEPENDS: dict[str, tuple[Observation, Any, bool]] = {
    # what *again* showed, what the run without the file came to, and whether `m` comes from the file
    "another value": (seen(), without(ANOTHER), True),
    "no value": (seen(), without({}), True),
    "the same value": (seen(), without(), False),
    "not reached": (seen(), without(touched_by={}, error=error("FileNotFoundError")), True),
    "bound by another statement": (seen(), without(touched_by={"m": [2]}), True),
    "reached twice": (seen(), without(touched_by={"m": [1, 1]}), True),
    "the same value, and the file made again": (seen(), without(how="written written_first"), True),
    "the same value, and the file looked for": (seen(), without(how="read"), False),
    "the same value, and nobody looks for the file": (seen(), without(how=""), False),
    "raises afterwards": (seen(), without(error=error("ValueError")), False),
    # models: the file must hold one, and the cell must not train it
    "a model out of a file of models": (seen(model=True, kind="model"), without(ANOTHER), True),
    "a model out of a file of models, not reached": (seen(model=True, kind="model"), without(touched_by={}), True),
    "a model made from data of a file": (seen(kind="model"), without(ANOTHER), False),
    "a model made from data of a file, not reached": (seen(kind="model"), without(touched_by={}), False),
    "a loaded model that is trained": (seen(model=True, kind="model", trained=["m"]), without(ANOTHER), False),
    "a loaded model, and another is trained": (seen(model=True, kind="model", trained=["n"]), without(ANOTHER), True),
    "data that is trained": (seen(trained=["m"]), without(ANOTHER), True),
}


@pytest.mark.parametrize("case", DEPENDS)
def test_a_variable_comes_from_a_file_if_it_does_not_come_out_the_same_without_it(case: str) -> None:
    """By its value, or by the statements that gave it one; and a model is not what is computed from a file."""
    found, run, expected = DEPENDS[case]
    assert without_file(FakeEngine(lambda done: run), 3, found) is None
    assert found.from_file == ({"m": FILE} if expected else {})


def test_the_cell_is_run_at_its_own_moment_with_the_files_taken_away() -> None:
    """All at once, those only that hold a result."""
    found = seen()
    assert found.again is not None
    found.again["after"]["opened"]["a.csv"] = opened("read")
    found.again["after"]["opened"]["b.pkl"] = opened("read", model=True)
    found.again["after_read"]["b.pkl"] = []
    engine = FakeEngine(lambda done: without())
    without_file(engine, 3, found)
    assert engine.asked == [("moment 3", "remove_files", ["b.pkl", FILE]), ("moment 3", "run", 0)]
    assert engine.left_open() == []


@pytest.mark.parametrize("found", [seen(wrote=False), seen("written written_first"), seen(after_read=())])
def test_nothing_is_run_where_it_cannot_matter(found: Observation) -> None:
    """No file that holds a result, or nothing written after it was read."""
    engine = FakeEngine(lambda done: without(ANOTHER))
    assert without_file(engine, 3, found) is None
    assert (engine.branches, found.from_file) == ([], {})


def test_a_variable_comes_from_the_first_of_two_files() -> None:
    """By name, where both are missing at once."""
    found = seen()
    assert found.again is not None
    found.again["after"]["opened"]["b.pkl"] = opened("read", model=True)
    found.again["after_read"]["b.pkl"] = ["m", "n"]
    found.first["variables"]["n"] = variable(b"1")
    found.again["after"]["variables"]["n"] = variable(b"1")
    without_file(FakeEngine(lambda done: without(ANOTHER)), 3, found)
    assert found.from_file == {"m": "b.pkl", "n": "b.pkl"}


def test_no_answer_is_said() -> None:
    """No branch, or a run that was stopped: nothing is known, and nothing stays open."""
    engine = FakeEngine(refuses=["moment 3"])
    assert without_file(engine, 3, seen()) == Undone("there is no moment 3")
    engine = FakeEngine(lambda done: Undone("stopped after 10 s"))
    found = seen()
    assert without_file(engine, 3, found) == Undone("stopped after 10 s")
    assert (found.from_file, engine.left_open()) == ({}, [])
