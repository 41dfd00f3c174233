"""What two states have in common is there once."""

from __future__ import annotations

import copy

from nbrerun.state.sharing import share
from tests.unit import making


def test_equal_parts_are_the_same_objects_and_nothing_else_changes() -> None:
    """Whole fields if they are equal; of the variables those that are."""
    known = making.state({"a": b"1", "b": b"2"}, settings={"x": "1"})
    state = making.state({"b": b"2", "a": b"3", "c": b"4"}, settings={"x": "1"})
    expected = copy.deepcopy(state)
    share(state, known)
    assert state == expected
    assert list(state["variables"]) == list(expected["variables"])
    assert state["settings"] is known["settings"]
    assert state["variables"]["b"] is known["variables"]["b"]
    assert state["variables"]["a"] is not known["variables"]["a"]


def test_an_equal_state_consists_of_the_other() -> None:
    """Nothing of it is left."""
    known, state = making.state({"a": b"1"}), making.state({"a": b"1"})
    share(state, known)
    assert state["variables"] is known["variables"]
