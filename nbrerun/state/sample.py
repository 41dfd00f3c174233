"""A sample of the numbers in a part that has changed: small enough for a report, large enough for a picture."""

from __future__ import annotations

import ast
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from nbrerun.model import COLOURS, Change, Numbers
from nbrerun.probe.protocol.messages import Leaf
from nbrerun.state.diff import Parts

_MOST = 3
"""Parts of a variable that get a sample; the changes of the others are said in words."""
_ROWS, _COLUMNS = 12, 16
_PIXEL_ROWS, _PIXEL_COLUMNS = 18, 24


def with_numbers(changes: Sequence[Change], before: Parts, after: Parts) -> list[Change]:
    """Add a sample to the first of the changes that have several numbers."""
    found, sampled = [], 0
    for change in changes:
        numbers = None
        if sampled < _MOST and change.path in before and change.path in after:
            numbers = sample(before[change.path], after[change.path])
        sampled += numbers is not None
        found.append(replace(change, numbers=numbers) if numbers else change)
    return found


def sample(one: Leaf, other: Leaf) -> Numbers | None:
    """Take at most 12 rows of 16 numbers, or 18 of 24 pixels, at the same places of both parts, evenly spaced.

    Returns:
        None unless both parts have the same shape, and more than one real number.
    """
    first, again = one["numbers"], other["numbers"]
    shape = _shape(one)
    if not first or not again or len(first) != len(again) or shape != _shape(other):
        return None
    import numpy  # loaded only where arrays differ: it takes a tenth of a second

    size = len(first) // 8
    shape = shape or (size,)
    if size < 2 or math.prod(shape) != size:  # a complex number takes the room of two
        return None
    places, drawn = _places(shape, size)
    return Numbers(shape, drawn, *(_floats(numpy.frombuffer(values)[places]) for values in (first, again)))


def _places(shape: tuple[int, ...], size: int) -> tuple[list[int], int]:
    """Choose places in the array as it lies in memory, and how many of them make a row."""
    if len(shape) > 2 and shape[-1] in COLOURS:
        colours, width, rows = shape[-1], shape[-2], math.prod(shape[:-2])
        across = [pixel * colours + colour for pixel in _evenly(width, _PIXEL_COLUMNS) for colour in range(colours)]
        return [row * width * colours + place for row in _evenly(rows, _PIXEL_ROWS) for place in across], len(across)
    rows, columns = math.prod(shape[:-1]), shape[-1]
    if rows == 1 or columns == 1:  # a vector may take all the room
        places = _evenly(size, _ROWS * _COLUMNS)
        return places, min(len(places), _COLUMNS)
    chosen = _evenly(columns, _COLUMNS)
    return [row * columns + column for row in _evenly(rows, _ROWS) for column in chosen], len(chosen)


def _shape(leaf: Leaf) -> tuple[int, ...] | None:
    """The shape of an array; of anything else, None."""
    if not (leaf["length"] or "").startswith("("):
        return None
    try:
        shape = ast.literal_eval(leaf["length"] or "")
    except (ValueError, SyntaxError):  # the adapter of another package writes what it likes
        return None
    is_shape = isinstance(shape, tuple) and shape and all(type(length) is int for length in shape)
    return shape if is_shape else None


def _evenly(length: int, most: int) -> list[int]:
    """Choose places from the first to the last."""
    if length <= most:
        return list(range(length))
    return [round(place * (length - 1) / (most - 1)) for place in range(most)]


def _floats(values: Any) -> tuple[float | None, ...]:
    return tuple(float(f"{value:.4g}") if math.isfinite(value) else None for value in values.tolist())
