"""What a kernel holds, by name."""

from __future__ import annotations

from nbrerun.plan.values import aliases, holders, unlike, values_of
from tests.unit.making import file, generator, leaf, named, state, variable


def test_values_of_variables_files_generators_and_chosen_settings() -> None:
    """A setting counts only if a cell has set it."""
    one = state(
        {"x": b"1"}, [generator("random", b"a", library=True)], {"cwd": "/a", "other": "1"}, files={"f": file(b"text")}
    )
    other = state(
        {"x": b"2"}, [generator("random", b"b", library=True)], {"cwd": "/b", "other": "2"}, files={"f": file(b"more")}
    )
    assert unlike(values_of(one, {"cwd"}), values_of(other, {"cwd"})) == named(
        "x", "file:f", "env:cwd", "generator:random"
    )
    assert unlike(values_of(one, ()), values_of(one, ())) == set()


def test_a_generator_in_a_variable_is_part_of_its_value() -> None:
    """It stands elsewhere, though the variable looks the same."""
    one, other = (state({"rng": b"r"}, [generator("rng", stand)]) for stand in (b"a", b"b"))
    assert unlike(values_of(one, ()), values_of(other, ())) == named("rng")


def test_variables_that_share_an_object() -> None:
    """Two names of one object, and an object that is a part of another; numbers have no identity."""
    held = state(
        {
            "a": variable(b"1", 7),
            "b": variable(b"1", 7),
            "n": variable(b"2", 9, atom=True),
            "m": variable(b"2", 9, atom=True),
            "ll": variable(b"3", 8),
            "f": variable(b"4", 5, "definition"),
        }
    )
    assert aliases(held) == {frozenset("ab")}
    parts = {"ll": {"ll": leaf(b"3"), "ll[0]": leaf(b"2"), "ll[1]": leaf(b"4")}}
    for path, address in (("ll", 8), ("ll[0]", 9), ("ll[1]", 5)):
        parts["ll"][path] = {**parts["ll"][path], "id": address, "atom": False}
    assert holders(held, parts) == set()
    parts["ll"]["ll[0]"]["id"] = 7
    assert {"ll"} < set().union(*holders(held, parts))
