"""numpy: arrays, scalars, dtypes, generators of random numbers."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nbrerun.probe.read.parts import leaves
from tests.unit.probe.looking import digest, generator_digests, moved, paths, read

ARRAYS: dict[str, tuple[Any, Callable[[Any], None]]] = {
    "floats": (np.arange(6.0).reshape(2, 3), lambda a: a.__setitem__((1, 2), 9)),
    "integers": (np.arange(6), lambda a: a.__setitem__(5, 9)),
    "flags": (np.array([True, False]), lambda a: a.__setitem__(1, True)),
    "complex": (np.array([1 + 2j]), lambda a: a.__setitem__(0, 1 - 2j)),
    "half floats": (np.array([1, 2], dtype="f2"), lambda a: a.__setitem__(0, 9)),
    "texts": (np.array(["a", "bc"]), lambda a: a.__setitem__(0, "b")),
    "dates": (np.array(["2024-01-01"], dtype="M8[D]"), lambda a: a.__setitem__(0, "2024-01-02")),
    "durations": (np.array([1, 2], dtype="m8[s]"), lambda a: a.__setitem__(0, 9)),
    "no dimension": (np.array(1.0), lambda a: a.__setitem__((), 2.0)),
    "objects that are plain": (np.array([1, "a", None], dtype=object), lambda a: a.__setitem__(0, 2)),
    "objects": (np.array([[1], {}, None], dtype=object), lambda a: a[0].append(2)),
    "records": (
        np.array([(1, 2.0, "a")], dtype=[("n", "i4"), ("v", "f8"), ("s", "U3")]),
        lambda a: a["v"].__setitem__(0, 9),
    ),
    "padded records": (
        np.zeros(2, dtype=np.dtype([("a", "i1"), ("b", "f8")], align=True)),
        lambda a: a["b"].__setitem__(0, 9),
    ),
    "records with objects": (
        np.array([(1, [1])], dtype=[("n", "i4"), ("o", object)]),
        lambda a: a["o"][0].append(2),
    ),
    "a masked array": (np.ma.array([1.0, 2.0], mask=[False, True]), lambda a: a.__setitem__(0, 9)),
    "a mask": (np.ma.array([1.0, 2.0], mask=[False, True]), lambda a: a.__setitem__(0, np.ma.masked)),
    "a matrix": (np.asmatrix([[1.0]]), lambda a: a.__setitem__((0, 0), 9)),
    "a record array": (np.rec.array([(1, 2.0)], names="a,b"), lambda a: a["b"].__setitem__(0, 9)),
}


def copied(value: Any) -> Any:
    """A copy, objects inside included."""
    return copy.deepcopy(value)


@pytest.mark.parametrize("case", ARRAYS)
def test_each_kind_of_array_is_read(case: str) -> None:
    """A copy is equal; one element changed is another value, with a change to show."""
    original, change = ARRAYS[case]
    again, after = copied(original), copied(original)
    change(after)
    assert not read(original).opaque
    assert digest(original) == digest(again) != digest(after)
    assert moved(original, again) == {}
    assert moved(original, after)


def test_how_an_array_lies_in_memory_is_not_value() -> None:
    """Columns first, every second element, a view or read-only: the same values are the same array."""
    plain = np.arange(12.0).reshape(3, 4)
    wide = np.zeros((3, 8))
    wide[:, ::2] = plain
    frozen = plain.copy()
    frozen.flags.writeable = False
    same = [plain, np.asfortranarray(plain), wide[:, ::2], plain[::-1][::-1], frozen]
    assert len({digest(array) for array in same}) == 1


def test_a_view_lies_in_the_memory_of_its_array() -> None:
    """Whichever way it goes through it."""
    a = np.arange(12.0).reshape(3, 4)
    (begin, end), itemsize = memory(a), a.itemsize
    assert end - begin == a.nbytes
    assert memory(a.T) == memory(a[::-1, ::-1]) == memory(a)
    assert memory(a[1]) == (begin + 4 * itemsize, begin + 8 * itemsize)
    assert memory(a[:2, ::2]) == (begin, begin + 7 * itemsize)
    assert leaves("a", a[:0])["a"]["memory"] is None


def memory(value: Any) -> tuple[int, int]:
    """Where the numbers of an array lie."""
    found = leaves("a", value)["a"]["memory"]
    assert found is not None
    return found


def test_shape_and_type_are_value() -> None:
    """The same bytes of another shape or type are another array."""
    array = np.zeros(4, dtype="i8")
    others = [array.reshape(2, 2), array.reshape(4, 1), array.astype("u8"), array.view("f8"), array.astype(">i8")]
    assert len({digest(each) for each in [array, *others]}) == 6


def test_the_bytes_between_fields_are_not_value() -> None:
    """Padding is never initialised."""
    padded = np.dtype([("a", "i1"), ("b", "f8")], align=True)
    one = np.zeros(1, dtype=padded)
    other = np.frombuffer(b"\x00" + b"\xff" * 7 + b"\x00" * 8, dtype=padded)
    assert digest(one) == digest(other)


def test_what_lies_under_a_mask_is_not_value() -> None:
    """Masked elements are equal to each other."""
    one, other = (np.ma.array([value, 2.0], mask=[True, False]) for value in (1.0, 7.0))
    assert digest(one) == digest(other)


def test_a_change_is_told_by_its_largest_distance() -> None:
    """Over all elements; a change of shape by the shapes."""
    change = moved(np.zeros((2, 2)), np.array([[0, 0.25], [-0.31, 0]]))["x"]
    assert change.max_abs_change == pytest.approx(0.31)
    assert "array([" in change.first
    assert moved(np.zeros((2, 2)), np.zeros((2, 3)))["x.shape"].again == "(2, 3)"


@pytest.mark.parametrize("kind", ["i2", "u8", "f4", "?"])
def test_distances_are_told_for_every_kind_of_number(kind: str) -> None:
    """Integers, short floats and flags as well."""
    assert moved(np.array([0, 1], dtype=kind), np.array([1, 1], dtype=kind))["x"].max_abs_change == 1


def test_big_endian_numbers_have_their_own_values() -> None:
    """The distance is that of the numbers, not of their bytes."""
    assert moved(np.array([1.0], dtype=">f8"), np.array([3.0], dtype=">f8"))["x"].max_abs_change == 2


def test_complex_numbers_move_by_either_part() -> None:
    """The larger of the two distances."""
    assert moved(np.array([1 + 1j]), np.array([2 + 4j]))["x"].max_abs_change == 3


def test_paths_lead_to_fields_and_objects() -> None:
    """As Python would write them."""
    records = np.array([(1, [[1]])], dtype=[("n", "i4"), ("o", object)])
    assert {"x['n']", "x['o'].flat[0]"} <= paths(records)


def test_scalars_are_values_of_their_type() -> None:
    """`np.float64(1)` is neither `1.0` nor `np.float32(1)`."""
    values: list[Any] = [1, 1.0, True, np.float64(1), np.float32(1), np.int64(1), np.int32(1), np.bool_(True)]
    values += [np.datetime64(1, "s"), np.datetime64(1, "ms"), np.complex128(1), np.str_("1"), np.bytes_(b"1")]
    assert len({digest(value) for value in values}) == len(values)
    assert digest(np.float64(1)) == digest(np.float64(1))
    assert read(np.float64(1)).atom
    assert moved(np.float64(1), np.float64(3))["x"].max_abs_change == 2
    assert digest(np.str_("a")) == digest(np.str_("a")) != digest(np.str_("b"))


def test_a_record_is_read_by_its_fields() -> None:
    """One row of an array of records."""
    rows = np.array([(1, 2.0), (1, 2.0), (1, 3.0)], dtype=[("a", "i4"), ("b", "f8")])
    assert digest(rows[0]) == digest(rows[1]) != digest(rows[2])


def test_a_person_s_subclass_keeps_its_attributes() -> None:
    """Values and attributes both count."""

    class Tagged(np.ndarray):
        unit = ""

    def tagged(unit: str, value: float) -> Any:
        made = np.array([value]).view(Tagged)
        made.unit = unit
        return made

    assert digest(tagged("m", 1)) == digest(tagged("m", 1))
    assert len({digest(each) for each in (tagged("m", 1), tagged("km", 1), tagged("m", 2), np.array([1.0]))}) == 4
    assert "x.unit" in paths(tagged("m", 1))


def test_a_mapped_file_is_read_by_its_values(tmp_path: Path) -> None:
    """Two maps of equal numbers are equal."""
    np.save(tmp_path / "a.npy", np.arange(4.0))
    one, other = (np.load(tmp_path / "a.npy", mmap_mode="c") for _ in range(2))
    assert digest(one) == digest(other)
    other[0] = 9
    assert digest(one) != digest(other)


def test_types_of_elements_are_values() -> None:
    """By what they are, structured ones too."""
    assert digest(np.dtype("f8")) == digest(np.dtype(float)) != digest(np.dtype("f4"))
    assert digest(np.dtype([("a", "i4")])) != digest(np.dtype([("b", "i4")]))


GENERATORS: dict[str, Callable[[], Any]] = {
    "RandomState": lambda: np.random.RandomState(1),
    "default_rng": lambda: np.random.default_rng(1),
    "PCG64": lambda: np.random.PCG64(1),
    "MT19937": lambda: np.random.Generator(np.random.MT19937(1)),
    "Philox": lambda: np.random.Generator(np.random.Philox(1)),
    "SFC64": lambda: np.random.Generator(np.random.SFC64(1)),
}


def draw(generator: Any) -> None:
    """One number."""
    (generator.standard_normal if hasattr(generator, "standard_normal") else generator.random_raw)()


@pytest.mark.parametrize("case", GENERATORS)
def test_generators_are_generators_and_no_data(case: str) -> None:
    """Drawing moves the generator, not the value of what holds it; looking draws nothing."""
    one, other = GENERATORS[case](), GENERATORS[case]()
    before = digest([one, 1])
    assert read(one).kind == "generator"
    assert generator_digests(one) == generator_digests(other)
    draw(one)
    assert generator_digests(one) != generator_digests(other)
    assert digest([one, 1]) == before
    draw(other)
    assert generator_digests(one) == generator_digests(other)


def test_a_seed_sequence_counts_its_children() -> None:
    """Spawning moves it on."""
    one, other = np.random.SeedSequence(1), np.random.SeedSequence(1)
    assert digest(one) == digest(other)
    one.spawn(1)
    assert digest(one) != digest(other)
