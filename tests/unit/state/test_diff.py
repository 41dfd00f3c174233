"""Two states, and two tables of parts, into what differs."""

from __future__ import annotations

import struct

import pytest

from nbrerun.model import Change
from nbrerun.probe.protocol.messages import File, Leaf
from nbrerun.state.diff import (
    changes,
    differing,
    exceeds,
    exceeds_by_size,
    file_change,
    larger,
    left_as_it_was,
    max_abs_change,
    moved_generators,
    rebound,
    same_generator,
    setting_change,
    unequal,
    written_beside,
)
from tests.unit.making import file, generator, leaf, name, named, rerun, state, variable


def floats(*values: float) -> bytes:
    """Native float64 bytes."""
    return struct.pack(f"{len(values)}d", *values)


def test_names_differ_by_value_not_by_address() -> None:
    """An equal value at another address does not differ; another value at the same address does."""
    first = state({"same": variable(b"1", 1), "moved": variable(b"1", 2)})
    second = state({"same": variable(b"1", 9), "moved": variable(b"2", 2)})
    assert differing(first, second) == named("moved")


def test_names_of_one_state_only_differ() -> None:
    """A name that came or went is a difference, in either direction."""
    first, second = state({"gone": variable(b"1")}), state({"new": variable(b"1")})
    assert differing(first, second) == differing(second, first) == named("gone", "new")


def test_settings_differ_key_by_key() -> None:
    """A setting that changed, came or went is named `env:NAME`; equal ones are not."""
    first = state(settings={"cwd": "/a", "sys.path": "[]", "os.environ[OLD]": "1"})
    second = state(settings={"cwd": "/b", "sys.path": "[]", "os.environ[NEW]": "1"})
    assert differing(first, second) == named("env:cwd", "env:os.environ[OLD]", "env:os.environ[NEW]")


def test_a_setting_change_tells_both_values() -> None:
    """A setting that is not there is called not set."""
    first, second = state(settings={"cwd": "/a"}), state(settings={"cwd": "/b", "os.environ[A]": "1"})
    assert setting_change(name("env:cwd"), first, second) == Change("env:cwd", "/a", "/b")
    assert setting_change(name("env:os.environ[A]"), first, second) == Change("env:os.environ[A]", "(not set)", "1")


def test_files_differ_by_value_and_by_being_there() -> None:
    """Named `file:PATH`: one that changed, came or went; one that is as it was does not differ."""
    first = state(files={"same": file(b"1"), "changed": file(b"1"), "old": file(b"1"), "deleted": file(b"1")})
    second = state(files={"same": file(b"1"), "changed": file(b"2"), "new": file(b"1"), "deleted": file(kind="gone")})
    names = named("file:changed", "file:old", "file:new", "file:deleted")
    assert differing(first, second) == differing(second, first) == names


def test_a_file_and_a_variable_of_one_name_are_two() -> None:
    """And a setting of that name is a third."""
    first = state({"a": variable(b"1")}, settings={"a": "1"}, files={"a": file(b"1")})
    assert differing(first, state()) == named("a", "env:a", "file:a")


FILES: dict[str, tuple[File | None, File | None, tuple[str, str, float | None]]] = {
    "grown": (file(b"1", size=3), file(b"2", size=10), ("3 bytes", "10 bytes", 7)),
    "shrunk": (file(b"1", size=10), file(b"2", size=1), ("10 bytes", "1 byte", 9)),
    "rewritten": (file(b"1", size=3), file(b"2", size=3), ("3 bytes", "other contents", None)),
    "a database with more rows": (
        {**file(b"1", size=4096), "rows": 1},
        {**file(b"2", size=4096), "rows": 3},
        ("1 row", "3 rows", 2),
    ),
    "a database with other rows": (
        {**file(b"1", size=4096), "rows": 1},
        {**file(b"2", size=4096), "rows": 1},
        ("4096 bytes", "other contents", None),
    ),
    "made": (None, file(b"1", size=3), ("(as before the notebook ran)", "3 bytes", None)),
    "put back": (file(b"1", size=3), None, ("3 bytes", "(as before the notebook ran)", None)),
    "deleted": (file(b"1", size=3), file(kind="gone"), ("3 bytes", "(gone)", None)),
    "deleted, but not made": (None, file(kind="gone"), ("(as before the notebook ran)", "(gone)", None)),
    "a folder now": (file(b"1", size=3), file(kind="folder"), ("3 bytes", "(folder)", None)),
    "a folder with another mode": (file(b"1", "folder"), file(b"2", "folder"), ("(folder)", "other contents", None)),
}


@pytest.mark.parametrize("case", FILES)
def test_a_file_change_tells_sizes(case: str) -> None:
    """Both, with how far apart they are; where they are equal, that the contents are not."""
    one, other, told = FILES[case]
    first, second = (state(files={"a": found} if found else {}) for found in (one, other))
    assert file_change(name("file:a"), first, second) == Change("file:a", *told)


def test_rebound_names_hold_another_object() -> None:
    """Another address or a new name, whatever the value; a name that is gone is not bound at all."""
    first = state({"kept": variable(b"1", 1), "equal": variable(b"1", 2), "gone": variable(b"1", 3)})
    second = state({"kept": variable(b"2", 1), "equal": variable(b"1", 8), "new": variable(b"1", 9)})
    assert rebound(first, second) == named("equal", "new")


def test_generators_that_were_drawn_from_have_moved() -> None:
    """Global ones are the same by name, others by address, whatever they are called by now."""
    first = state(generators=[generator("random", b"1", 1, library=True), generator("rng", b"1", 2)])
    second = state(generators=[generator("random", b"2", 7, library=True), generator("alias", b"2", 2)])
    assert moved_generators(first, second) == named("generator:random", "alias")
    assert moved_generators(first, first) == set()


def test_a_new_generator_has_not_moved() -> None:
    """One that was not there before has not been drawn from before."""
    first = state(generators=[generator("rng", b"1", 2)])
    second = state(generators=[generator("rng", b"5", 3), generator("numpy.random", b"2", 4, library=True)])
    assert moved_generators(first, second) == set()


def test_a_global_generator_is_no_other() -> None:
    """An address in common does not make a global generator one of the notebook's."""
    assert not same_generator(generator("random", b"1", 1, library=True), generator("rng", b"1", 1))


def test_equal_parts_are_no_change() -> None:
    """Whatever their texts say."""
    assert changes({"x": leaf(b"1", "a")}, {"x": leaf(b"1", "b")}) == []


def test_a_changed_leaf_is_told_with_both_texts_and_the_distance() -> None:
    """The distance is the largest over the numbers of the leaf."""
    first = {"m.coef_": leaf(b"1", "array([1, 2])", numbers=floats(1, 2))}
    second = {"m.coef_": leaf(b"2", "array([1.5, 2])", numbers=floats(1.5, 2))}
    assert changes(first, second) == [Change("m.coef_", "array([1, 2])", "array([1.5, 2])", 0.5)]


def test_a_container_leaves_the_word_to_its_parts() -> None:
    """An object whose parts are listed is not a change of its own."""
    first = {"m": leaf(b"1", whole=False), "m.t_": leaf(b"1", "1")}
    second = {"m": leaf(b"2", whole=False), "m.t_": leaf(b"2", "2")}
    assert [change.path for change in changes(first, second)] == ["m.t_"]


def test_an_object_that_is_there_twice_is_told_once() -> None:
    """Where its parts are listed; what holds it a second time has changed by nothing else."""

    def table(digest: bytes, text: str) -> dict[str, Leaf]:
        return {
            "d": leaf(digest, id=1, whole=False),
            "d.a": leaf(digest, id=2, whole=False),
            "d.b": leaf(digest, id=3, whole=False),
            "d.a.n": leaf(digest, text, atom=True),
            "d.b.a": leaf(digest, "<A>", id=2),
        }

    assert changes(table(b"1", "1"), table(b"2", "2")) == [Change("d.a.n", "1", "2")]


def test_a_container_whose_parts_are_all_equal_is_told_itself() -> None:
    """What differs in it is no part of its own: an order, a type. It must not go unseen."""
    first = {"d": leaf(b"1", "dict of 1", whole=False), "d['a']": leaf(b"1", "1"), "e": leaf(b"1", "1")}
    second = {"d": leaf(b"2", "dict of 1", whole=False), "d['a']": leaf(b"1", "1"), "e": leaf(b"2", "2")}
    assert {change.path for change in changes(first, second)} == {"d", "e"}


def test_a_container_that_became_a_leaf_is_told_itself() -> None:
    """`None` where there was an object has no parts that could tell."""
    first, second = {"m": leaf(b"1", "<M>", whole=False)}, {"m": leaf(b"2", "None")}
    assert changes(first, second) == [Change("m", "<M>", "None")]


def test_a_change_of_size_is_told_as_such() -> None:
    """By the name of the size; a length has a distance, a shape has none."""
    first = {"x": leaf(b"1", size="len(x)", length="3"), "a": leaf(b"1", size="a.shape", length="(3, 1)")}
    second = {"x": leaf(b"2", size="len(x)", length="5"), "a": leaf(b"2", size="a.shape", length="(3, 2)")}
    assert changes(first, second) == [Change("len(x)", "3", "5", 2.0), Change("a.shape", "(3, 1)", "(3, 2)")]


def test_sizes_of_two_sorts_are_not_compared() -> None:
    """An array that became a list has not changed its shape from `(3,)` to 3."""
    first = {"x": leaf(b"1", "array", size="x.shape", length="(3,)")}
    second = {"x": leaf(b"2", "list", size="len(x)", length="3")}
    assert changes(first, second) == [Change("x", "array", "list")]


def test_emptied_and_filled_are_changes_of_size() -> None:
    """A length of nought is a length."""
    first, second = {"x": leaf(b"1", size="len(x)", length="0")}, {"x": leaf(b"2", size="len(x)", length="2")}
    assert changes(first, second) == [Change("len(x)", "0", "2", 2.0)]
    assert changes(second, first) == [Change("len(x)", "2", "0", 2.0)]


def test_parts_of_one_table_only_are_absent_in_the_other() -> None:
    """An attribute that came or went is a change."""
    assert changes({}, {"m.coef_": leaf(b"1", "array")}) == [Change("m.coef_", "(absent)", "array")]
    assert changes({"m.coef_": leaf(b"1", "array")}, {}) == [Change("m.coef_", "array", "(absent)")]


def test_the_largest_changes_come_first() -> None:
    """Then those without a distance, by path."""
    first = {name: leaf(b"1", numbers=floats(0)) for name in "abc"} | {"z": leaf(b"1"), "y": leaf(b"1")}
    moved = {"a": 1.0, "b": 3.0, "c": 2.0}
    second = {name: leaf(b"2", numbers=floats(far)) for name, far in moved.items()} | {"z": leaf(b"2"), "y": leaf(b"2")}
    assert [change.path for change in changes(first, second)] == ["b", "c", "a", "y", "z"]


def test_what_was_trained_comes_before_what_trains_it() -> None:
    """Weights, then the optimizer, gradients, and last what was written down of it; small or large."""
    moved = {
        "m.history.history['loss']": 9.0,
        "len(m.history.epoch)": 8.0,
        "m.layers[0].kernel.grad": 7.0,
        "m.optimizer.iterations": 6.0,
        "m._optimizer.ms": 5.0,
        "m.optimizers": 4.0,
        "m.layers[0].kernel": 3.0,
        "m.layers[1].kernel": 2.0,
    }
    first = {path: leaf(b"1", numbers=floats(0)) for path in moved}
    second = {path: leaf(b"2", numbers=floats(far)) for path, far in moved.items()}
    assert [change.path for change in changes(first, second)] == [
        *("m.optimizers", "m.layers[0].kernel", "m.optimizer.iterations", "m._optimizer.ms"),
        *("m.layers[0].kernel.grad", "m.history.history['loss']", "len(m.history.epoch)", "m.layers[1].kernel"),
    ]


NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("first", "second", "distance"),
    [
        ([1.0, 2.0], [1.0, 2.5], 0.5),
        ([1.0, 2.0], [-3.0, 2.5], 4.0),
        ([1.0], [1.0, 2.0], None),
        ([NAN, 1.0], [2.0, 1.25], 0.25),
        ([NAN], [1.0], None),
        ([1.0], [INF], None),
        ([INF, 1.0], [INF, 3.0], 2.0),
        ([], [], None),
        (None, [1.0], None),
        ([1.0], None, None),
    ],
)
def test_the_largest_distance(first: list[float] | None, second: list[float] | None, distance: float | None) -> None:
    """A finite number or none at all; what is not a number on either side does not count."""
    packed = [floats(*values) if values is not None else None for values in (first, second)]
    assert max_abs_change(*packed) == distance


def moved(path: str, size: float | None) -> Change:
    """A part that moved by so much."""
    return Change(path, "a", "b", size)


@pytest.mark.parametrize(
    ("rerun", "control", "beyond"),
    [
        ([], [], False),
        ([moved("a", 1.0)], [], True),
        ([moved("a", 1.0)], [moved("a", 1.0)], False),
        ([moved("a", 5.0)], [moved("a", 1.0)], False),
        ([moved("a", 500.0)], [moved("a", 1.0)], True),
        ([moved("a", 1.0), moved("b", 1.0)], [moved("a", 1.0)], True),
        ([moved("a", 1.0)], [moved("a", 1.0), moved("b", 9.0)], False),
        ([moved("a", None)], [moved("a", None)], False),
        ([moved("a", None)], [moved("a", 1.0)], False),
        ([moved("a", 1.0)], [moved("a", None)], True),
        ([moved("a", 0.0)], [moved("a", None)], False),
        ([moved("a", 10.0)], [moved("a", 1.0)], False),
        ([moved("a", 10.5)], [moved("a", 1.0)], True),
        ([moved("a", 1.0)], [moved("a", 0.0)], True),
        ([moved("a", None), moved("b", 1.0)], [moved("a", None), moved("b", None)], True),
        ([moved("a", None)], [], True),
        ([moved("a[0].t", 5.0)], [moved("a[1].t", 1.0)], False),
        ([moved("a[0].t", 50.0)], [moved("a[1].t", 1.0), moved("a[2].t", None)], True),
        ([moved("a[0].t", None)], [moved("a[1].t", None)], True),
        ([moved("a[0].t", 5.0)], [moved("a[0].u", 1.0)], True),
    ],
)
def test_noise_is_what_the_control_shows(rerun: list[Change], control: list[Change], beyond: bool) -> None:
    """A part that the control left alone, or moved far less, was moved by the rerun itself."""
    assert exceeds(rerun, control) is beyond


@pytest.mark.parametrize(
    ("rerun", "control", "only_by_size"),
    [
        ([moved("a", 50.5)], [moved("a", 1.0)], True),
        ([moved("a", 5.5)], [moved("a", 1.0)], False),
        ([moved("a", 50.0)], [moved("a", 1.0)], False),
        ([moved("a", 50)], [moved("a", 1)], False),
        ([moved("a", 50.5), moved("b", 1.5)], [moved("a", 1.0)], False),
        ([moved("a", 50.5), moved("b", None)], [moved("a", 1.0), moved("b", None)], True),
    ],
)
def test_much_more_than_the_noise_may_be_chance(rerun: list[Change], control: list[Change], only_by_size: bool) -> None:
    """A duration may be; a length is not, nor is what the control left alone."""
    assert exceeds_by_size(rerun, control) is only_by_size


def test_of_two_controls_the_larger_noise_counts() -> None:
    """Part by part."""
    one, other = [moved("a", 1.0), moved("b", None)], [moved("a", 3.0), moved("b", None), moved("c", 2.0)]
    assert larger(one, other) == (other[0], one[1], other[2])
    assert larger(other, one) == tuple(other)


def test_a_tensor_of_the_same_values_is_not_named_beside_its_gradient() -> None:
    """The digest of the whole tells that something of it has moved; the gradient tells what."""
    numbers = {"numbers": floats(3.0), "text": "3"}
    first = {"x": leaf(b"1", **numbers), "x.grad": leaf(b"3", numbers=floats(12.0))}
    second = {"x": leaf(b"2", **numbers), "x.grad": leaf(b"4", numbers=floats(18.0))}
    assert [change.path for change in changes(first, second)] == ["x.grad"]
    assert [change.path for change in changes({"x": first["x"]}, {"x": second["x"]})] == ["x"]


def singles(*values: float) -> list[float]:
    """Values as float32 holds them."""
    return [struct.unpack("f", struct.pack("f", value))[0] for value in values]


DOUBLE, SINGLE = 2.0**-53, 2.0**-24
"""Units in the last place of numbers from 0.5 to 1."""

ROUNDING: dict[str, tuple[list[float], list[float], bool]] = {
    # before, after, and whether it is rounding
    "one unit": ([0.7], [0.7 + DOUBLE], True),
    "eight units": ([0.7], [0.7 + 8 * DOUBLE], True),
    "nine units": ([0.7], [0.7 + 9 * DOUBLE], False),
    "of float32, eight units": (singles(0.7), singles(singles(0.7)[0] + 8 * SINGLE), True),
    "of float32, nine units": (singles(0.7), singles(singles(0.7)[0] + 9 * SINGLE), False),
    "as large as a unit of float32, but of float64": ([0.7], [0.7 + SINGLE], False),
    "units of the largest number": ([0.7, 1e-9], [0.7, 1e-9 + DOUBLE], True),
    "units of the largest number, below zero": ([-0.7, 1e-9], [-0.7, 1e-9 + DOUBLE], True),
    "a small number alone": ([1e-9], [1e-9 + DOUBLE], False),
    "whole numbers": ([1e17, 3.0], [1e17 + 16, 3.0], False),
    "zero": ([0.0], [1e-300], False),
    "beside nan and infinity": ([0.7, float("nan"), float("inf")], [0.7 + DOUBLE, float("nan"), float("inf")], True),
    "from nan": ([float("nan")], [0.7], False),
    "beyond float32": ([0.7e300, 0.5], [0.7e300 * (1 + 2 * DOUBLE), 0.5], True),
    "no float32 after the rerun": ([0.5], [0.5 + 1e-8], False),
    "another length": ([0.7], [0.7, 0.7], False),
}


@pytest.mark.parametrize("case", ROUNDING)
def test_a_change_in_the_last_digits_is_rounding(case: str) -> None:
    """Up to eight units in the last place of the largest number; whole numbers have no last digits."""
    first, second, expected = ROUNDING[case]
    one, other = leaf(b"1", "a", numbers=floats(*first)), leaf(b"2", "b", numbers=floats(*second))
    (change,) = changes({"x": one}, {"x": other})
    assert change.rounding is expected


def test_what_has_no_numbers_is_no_rounding() -> None:
    """Text, and numbers that became something else."""
    words = changes({"x": leaf(b"1", "a")}, {"x": leaf(b"2", "b")})
    became = changes({"x": leaf(b"1", "a", numbers=floats(0.7))}, {"x": leaf(b"2", "b")})
    assert [change.rounding for change in [*words, *became]] == [False, False]


def test_files_beside_are_named_and_folders_only_alone() -> None:
    """A folder that was made says less than the file in it."""
    none, made = state(), state(beside={"/home/.cache": file(b"", kind="folder")})
    filled = state(beside={"/home/.cache": file(b"", kind="folder"), "/home/.cache/x": file(b"1")})
    assert written_beside(none, made) == ["/home/.cache"]
    assert written_beside(none, filled) == ["/home/.cache/x"]
    assert written_beside(filled, filled) == []
    assert written_beside(filled, made) == ["/home/.cache/x"]


def test_a_run_that_writes_beside_does_not_leave_everything_as_it_was() -> None:
    """The next cell may read it."""
    wrote = rerun(state(beside={"/tmp/x": file(b"2")}))
    assert not left_as_it_was(state(beside={"/tmp/x": file(b"1")}), wrote)
    assert left_as_it_was(state(beside={"/tmp/x": file(b"2")}), wrote)


def test_a_run_leaves_everything_as_it_was_only_if_all_that_it_reached_could_be_read() -> None:
    """Names, settings, values; generators can be put back, and what it did not reach does not count."""
    locked = variable(b"1", opaque=["a lock"])
    before = state({"x": variable(b"1"), "lock": locked, "g": variable(b"1", kind="generator")})
    drawn = state({"x": variable(b"1"), "lock": locked, "g": variable(b"2", kind="generator")})
    assert left_as_it_was(before, rerun(drawn, reads=["x"]))
    assert not left_as_it_was(before, rerun(drawn, reads=["lock"]))
    assert not left_as_it_was(before, rerun(state({"x": variable(b"1")})))
    assert not left_as_it_was(before, rerun({**before, "settings": {"cwd": "/"}}))
    assert not left_as_it_was(before, rerun({**before, "files": {"a": file(b"1")}}))
    assert not left_as_it_was(before, rerun({**before, "variables": {**before["variables"], "x": variable(b"2")}}))


def test_two_kernels_differ_in_where_generators_stand() -> None:
    """Those of libraries by name, others by the variable: addresses say nothing about another kernel."""
    one = state({"x": b"1", "rng": b"r"}, [generator("random", b"a", 1, library=True), generator("rng", b"c", 2)])
    same = state({"x": b"1", "rng": b"r"}, [generator("random", b"a", 8, library=True), generator("rng", b"c", 9)])
    other = state({"x": b"2", "rng": b"r"}, [generator("random", b"b", 1, library=True), generator("rng", b"d", 2)])
    assert unequal(one, same) == set()
    assert unequal(one, other) == named("x", "rng", "generator:random")
    assert unequal(one, state({"x": b"1", "rng": b"r"})) == named("rng", "generator:random")
