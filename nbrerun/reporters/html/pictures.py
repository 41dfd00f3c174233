"""Small pictures of a part after the first run and after the rerun: of numbers as SVG, on one scale, and figures."""

from __future__ import annotations

import functools
import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from nbrerun.model import COLOURS, Numbers
from nbrerun.reporters.html import safe

_LEVELS = 5
"""Shades on either side of zero."""
_WIDTH, _HEIGHT = 160, 60
_SMALLEST, _LARGEST = 10, 20
"""Sides of one number in a heat map, in pixels."""
_BRIGHTEST = 255.0
_BINS = 24
_MOST_BARS = 48

_SVG = Markup('<svg class="{}" viewBox="0 0 {} {}" width="{}" height="{}" role="img" aria-label="{}">{}</svg>')
_PIXELS = Markup('<path shape-rendering="crispEdges" fill="{}" d="{}"/>')
_PATH = Markup('<path class="{}" d="{}"/>')


@dataclass(frozen=True)
class Pair:
    """The same part twice, and what the pictures show."""

    first: Markup
    again: Markup
    caption: str


def figure(drawn: Sequence[str]) -> Pair | None:
    """Show a figure as it was drawn after both runs, as PNG in base64; None if there are no such pictures."""
    shown = [
        safe.picture("image/png", picture, f"the figure after the {run} run")
        for picture, run in zip(drawn, ("first", "second"), strict=False)
    ]
    match shown:
        case [Markup() as first, Markup() as again]:
            return Pair(first, again, "the figure, drawn after each run")
    return None


def pair(numbers: Numbers) -> Pair:
    """Draw pixels as they are, a matrix as a heat map, a short vector as bars, and a long one as a histogram."""
    total, shown, of = math.prod(numbers.shape), len(numbers.first), "numbers"
    scale = [value for value in (*numbers.first, *numbers.again) if value is not None] or [0.0]
    lowest, highest = min(scale), max(scale)
    kind: str
    draw: Callable[[Sequence[float | None], int, tuple[float, float], str], Markup]
    colours = numbers.shape[-1] if len(numbers.shape) > 2 and numbers.shape[-1] in COLOURS else 0
    # A saved report may hold anything.
    is_whole = colours and not numbers.columns % colours and not shown % numbers.columns
    if is_whole and lowest >= 0 and highest <= _BRIGHTEST:
        kind, draw, of = "picture", functools.partial(_picture, colours), "pixels"
        total, shown = total // colours, shown // colours
    elif sum(length > 1 for length in numbers.shape) > 1:
        kind, draw = "heat map", _heat_map
    elif shown <= _MOST_BARS:
        kind, draw = "bars", _bars
    else:
        kind, draw = "histogram", _histogram
    of_all = f"{shown:,} of {total:,} {of}" if shown < total else f"{total:,} {of}"
    first, again = (
        draw(values, numbers.columns, (lowest, highest), f"{kind} of {of_all}, {run} run")
        for values, run in ((numbers.first, "first"), (numbers.again, "second"))
    )
    return Pair(first, again, f"{kind} of {of_all}, from {lowest:g} to {highest:g}")


def _picture(
    colours: int, values: Sequence[float | None], columns: int, ends: tuple[float, float], label: str
) -> Markup:
    """Draw pixels whose colours go to 255, or to 1; opacity is left out."""
    brightest = _BRIGHTEST if ends[1] > 1 else 1.0
    width = columns // colours
    side = max(_SMALLEST // 2, _WIDTH // width)
    squares: dict[str, list[str]] = defaultdict(list)
    for place in range(0, len(values), colours):
        row, column = divmod(place // colours, width)
        red, green, blue = (round((value or 0.0) / brightest * 255) for value in values[place : place + 3])
        squares[f"#{red:02x}{green:02x}{blue:02x}"].append(f"M{column * side} {row * side}h{side}v{side}h-{side}z")
    paths = Markup("").join(_PIXELS.format(colour, "".join(square)) for colour, square in sorted(squares.items()))
    height = len(values) // columns * side
    return _SVG.format("picture", width * side, height, width * side, height, label, paths)


def _heat_map(values: Sequence[float | None], columns: int, ends: tuple[float, float], label: str) -> Markup:
    """Shade each number by its size and sign; those of one shade are one path, which keeps the page small."""
    largest = max(map(abs, ends)) or 1.0
    side = min(_LARGEST, max(_SMALLEST, _WIDTH // columns))
    squares: dict[str, list[str]] = defaultdict(list)
    for place, value in enumerate(values):
        level = "none" if value is None else f"{round(value / largest * _LEVELS):+d}"
        row, column = divmod(place, columns)
        squares[level].append(f"M{column * side} {row * side}h{side}v{side}h-{side}z")
    paths = Markup("").join(_PATH.format(f"heat{level}", "".join(square)) for level, square in sorted(squares.items()))
    width, height = columns * side, -(-len(values) // columns) * side
    return _SVG.format("heat", width, height, width, height, label, paths)


def _bars(values: Sequence[float | None], _columns: int, ends: tuple[float, float], label: str) -> Markup:
    """Draw each number as a bar from zero."""
    low, high = min(ends[0], 0.0), max(ends[1], 0.0)
    zero, step = _y(0.0, low, high), _WIDTH / len(values)
    bars = [
        f"M{place * step:.1f} {zero:.1f}h{step * 0.8:.1f}V{_y(value, low, high):.1f}h-{step * 0.8:.1f}z"
        for place, value in enumerate(values)
        if value is not None
    ]
    axis = _PATH.format("axis", f"M0 {zero:.1f}H{_WIDTH}")
    return _SVG.format("bars", _WIDTH, _HEIGHT, _WIDTH, _HEIGHT, label, _PATH.format("bar", "".join(bars)) + axis)


def _histogram(values: Sequence[float | None], _columns: int, ends: tuple[float, float], label: str) -> Markup:
    """Count the numbers in bins that are the same for both runs."""
    low, high = ends
    counts = [0] * _BINS
    for value in values:
        if value is not None:
            counts[min(_BINS - 1, int(_share(value, low, high) * _BINS))] += 1
    # Square roots, or a single high bin would leave nothing of the others.
    return _bars([count**0.5 for count in counts], _BINS, (0.0, max(1, len(values)) ** 0.5), label)


def _y(value: float, low: float, high: float) -> float:
    return _HEIGHT - 1 - _share(value, low, high) * (_HEIGHT - 2)


def _share(value: float, low: float, high: float) -> float:
    """Where a number lies between two others, from 0 to 1; halves, since a difference may exceed the largest float."""
    width = high / 2 - low / 2
    return (value / 2 - low / 2) / width if width else 0.5
