"""Which numbers of a changed part are kept for pictures."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from nbrerun.model import Change
from nbrerun.probe.protocol.messages import Leaf
from nbrerun.state.evidence import take_apart
from nbrerun.state.sample import sample, with_numbers
from tests.unit.making import leaf, named, state, variable


def _array(values: Any) -> Leaf:
    array = numpy.asarray(values, dtype=float)
    return leaf(b"x", numbers=array.tobytes(), size="x.shape", length=str(array.shape))


def test_a_small_matrix_is_kept_as_it_is() -> None:
    """Row by row, with its shape, and to four digits."""
    numbers = sample(_array([[1, 2], [3, 4]]), _array([[1, 2], [3, 4.123456]]))
    assert numbers is not None
    assert (numbers.shape, numbers.columns) == ((2, 2), 2)
    assert numbers.first == (1.0, 2.0, 3.0, 4.0)
    assert numbers.again == (1.0, 2.0, 3.0, 4.123)


def test_a_large_matrix_is_thinned_out_evenly_from_corner_to_corner() -> None:
    """At most 12 rows of 16 numbers are kept, and the corners are among them."""
    whole = numpy.arange(100 * 50.0).reshape(100, 50)
    numbers = sample(_array(whole), _array(whole + 1))
    assert numbers is not None
    assert (numbers.shape, numbers.columns, len(numbers.first)) == ((100, 50), 16, 12 * 16)
    assert (numbers.first[0], numbers.first[15], numbers.first[-1]) == (0.0, 49.0, 4999.0)
    assert all(again == pytest.approx(first + 1) for first, again in zip(numbers.first, numbers.again, strict=True))


def test_of_a_picture_all_colours_are_kept() -> None:
    """Of at most 18 rows of 24 pixels, the corners among them."""
    small, large = numpy.arange(6 * 8 * 3.0).reshape(6, 8, 3), numpy.arange(100 * 50 * 4.0).reshape(100, 50, 4)
    numbers = sample(_array(small), _array(small))
    assert numbers is not None
    assert (numbers.shape, numbers.columns) == ((6, 8, 3), 24)
    assert numbers.first == tuple(small.reshape(-1))
    numbers = sample(_array(large), _array(large))
    assert numbers is not None
    assert (numbers.shape, numbers.columns, len(numbers.first)) == ((100, 50, 4), 24 * 4, 18 * 24 * 4)
    assert (numbers.first[:4], numbers.first[-4:]) == ((0, 1, 2, 3), (20_000, 20_000, 20_000, 20_000))


@pytest.mark.parametrize("shape", [(30,), (1, 30), (30, 1), (1, 1, 30)], ids=str)
def test_a_vector_takes_all_the_room_whatever_its_shape(shape: tuple[int, ...]) -> None:
    """None of the 30 numbers is left out."""
    values = numpy.arange(30.0).reshape(shape)
    numbers = sample(_array(values), _array(values))
    assert numbers is not None
    assert numbers.first == tuple(range(30))
    assert numbers.columns == 16


def test_numbers_that_are_not_finite_are_left_blank() -> None:
    """JSON has no word for them."""
    numbers = sample(_array([1, numpy.nan]), _array([numpy.inf, 2]))
    assert numbers is not None
    assert (numbers.first, numbers.again) == ((1.0, None), (None, 2.0))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (leaf(b"x"), leaf(b"y")),
        (_array([1.0]), _array([2.0])),
        (_array([1, 2]), _array([1, 2, 3])),
        (_array([[1, 2]]), _array([[1], [2]])),
        ({**_array([1, 2, 3, 4]), "length": "(2,)"}, {**_array([1, 2, 3, 5]), "length": "(2,)"}),
    ],
    ids=["no numbers", "a single number", "other lengths", "other shapes", "complex"],
)
def test_there_is_no_sample_where_nothing_can_be_laid_side_by_side(one: Leaf, other: Leaf) -> None:
    """A picture of these would say nothing, or something wrong."""
    assert sample(one, other) is None


@pytest.mark.parametrize("length", ["4", None, "('a', 'b')", "(4", "(9 rows)", "()"])
def test_what_has_no_shape_is_a_vector(length: str | None) -> None:
    """A series has a length, and an adapter of another package may say something that is no shape."""
    one, other = ({**_array([1, 2, 3, number]), "length": length} for number in (4, 5))
    numbers = sample(one, other)  # type: ignore[arg-type]
    assert numbers is not None
    assert numbers.shape == (4,)


def test_only_the_first_three_parts_of_a_variable_have_a_sample() -> None:
    """A network has hundreds of them, and a report has to stay small."""
    before = {f"x[{number}]": _array([number, 0]) for number in range(5)} | {"len(x)": leaf(b"")}
    after = {path: _array([0, 1]) for path in before}
    changes = [Change("len(x)", "1", "2"), *(Change(f"x[{number}]", "a", "b") for number in range(5))]
    found = with_numbers(changes, before, after)
    assert [change.numbers is not None for change in found] == [False, True, True, True, False, False]
    assert [change.path for change in found] == [change.path for change in changes]


@pytest.mark.parametrize(("name", "is_shown"), [("weights", True), ("api_key", False)])
def test_a_secret_has_no_sample(name: str, is_shown: bool) -> None:
    """Its numbers are its value."""
    (first, before), (second, after) = (
        (state({name: variable(bytes(values))}), {name: {name: _array(values) | {"digest": bytes(values)}}})
        for values in ([1, 2], [1, 3])
    )
    (changes,) = take_apart(named(name), first, second, before, after).values()  # type: ignore[arg-type]
    assert [change.numbers is not None for change in changes] == [is_shown]
