"""Small pictures of numbers."""

from __future__ import annotations

import re

import pytest

from nbrerun.model import Numbers
from nbrerun.reporters.html.pictures import figure, pair

Some = tuple[float | None, ...]


def _numbers(first: Some, again: Some, shape: tuple[int, ...] | None = None, columns: int = 0) -> Numbers:
    return Numbers(shape or (len(first),), columns or len(first), first, again)


def _shades(picture: str) -> dict[str, int]:
    return {name: path.count("z") for name, path in re.findall(r'class="(heat\S+)" d="([^"]*)"', picture)}


def test_a_matrix_is_a_heat_map_on_one_scale() -> None:
    """The same number has the same shade in both; signs have colours of their own, and what is no number as well."""
    drawn = pair(_numbers((2.0, -2.0, 0.0, None), (10.0, -2.0, 0.0, 5.0), (2, 2), 2))
    assert _shades(drawn.first) == {"heat+0": 1, "heat+1": 1, "heat-1": 1, "heatnone": 1}
    assert _shades(drawn.again) == {"heat+0": 1, "heat+2": 1, "heat+5": 1, "heat-1": 1}
    assert "heat map of 4 numbers, first run" in drawn.first
    assert drawn.caption == "heat map of 4 numbers, from -2 to 10"


def test_a_short_vector_is_bars_and_a_long_one_a_histogram() -> None:
    """A vector is one whatever its shape."""
    short, long = tuple(map(float, range(10))), tuple(map(float, range(100)))
    assert pair(_numbers(short, short, (1, 10))).caption == "bars of 10 numbers, from 0 to 9"
    assert pair(_numbers(long, long, (100, 1), 16)).caption == "histogram of 100 numbers, from 0 to 99"


def test_the_caption_says_how_many_numbers_were_left_out() -> None:
    """A sample is not the whole."""
    values = (1.0, 2.0, 3.0, 4.0)
    assert pair(_numbers(values, values, (100, 50), 2)).caption == "heat map of 4 of 5,000 numbers, from 1 to 4"


def test_pixels_are_drawn_in_their_colours() -> None:
    """Whether these go to 255 or to 1; opacity is left out."""
    drawn = pair(_numbers((255, 0, 0, 0, 0, 255), (255, 0, 0, 255, 0, 0), (1, 2, 3), 6))
    assert re.findall(r'fill="(\S+)" d="(M\d+ \d+)', drawn.first) == [("#0000ff", "M80 0"), ("#ff0000", "M0 0")]
    assert re.findall(r'fill="(\S+)"', drawn.again) == ["#ff0000"]
    assert drawn.caption == "picture of 2 pixels, from 0 to 255"
    drawn = pair(_numbers((1.0, 0.0, None, 0.5), (1.0, 0.0, 0.0, 1.0), (1, 1, 4), 4))
    assert re.findall(r'fill="(\S+)"', drawn.first) == ["#ff0000"]


def test_numbers_that_are_no_colours_are_a_heat_map() -> None:
    """Weights may have three channels as well."""
    assert pair(_numbers((-1.0, 0.0, 2.0), (1.0, 0.0, 0.0), (2, 2, 3), 3)).caption.startswith("heat map of 3 of 12")


def test_a_saved_report_may_hold_parts_of_pixels() -> None:
    """One that somebody has edited, or that is older: its numbers are drawn all the same."""
    assert pair(_numbers((1.0, 2.0), (2.0, 2.0), (5, 2, 3), 2)).caption.startswith("heat map of 2 of 30")
    assert pair(_numbers((1.0,) * 4, (2.0,) * 4, (5, 2, 3), 3)).caption.startswith("heat map of 4 of 30")


def test_bars_go_up_and_down_from_zero() -> None:
    """On the scale of both runs."""
    drawn = pair(_numbers((1.0, -1.0), (2.0, -2.0)))
    ends = [float(end) for end in re.findall(r"V([\d.]+)", drawn.first)]
    assert ends == [15.5, 44.5]
    assert [float(end) for end in re.findall(r"V([\d.]+)", drawn.again)] == [1.0, 59.0]


@pytest.mark.parametrize("shape", [(4,), (2, 2), (100,)], ids=str)
@pytest.mark.parametrize(
    "values",
    [(0.0,) * 4, (None,) * 4, (1.7e308, -1.7e308, 0.0, None), (5e-324, 0.0, 0.0, 0.0), (3.0,) * 4],
    ids=["zeros", "nothing", "huge", "tiny", "equal"],
)
def test_any_numbers_can_be_drawn(values: Some, shape: tuple[int, ...]) -> None:
    """Without a number that SVG does not know."""
    values = values * (25 if shape == (100,) else 1)
    drawn = pair(_numbers(values, values, shape, 2))
    assert not re.search(r"nan|inf|e[+-]\d", re.sub(r'aria-label="[^"]*"', "", drawn.first))


def test_a_figure_is_shown_as_it_was_drawn() -> None:
    """A saved report may hold anything."""
    shown = figure(["MQ==", "Mg=="])
    assert shown is not None
    assert shown.first == '<img src="data:image/png;base64,MQ==" alt="the figure after the first run">'
    assert shown.again == '<img src="data:image/png;base64,Mg==" alt="the figure after the second run">'
    assert [figure(drawn) for drawn in ([], ["MQ=="], ["MQ==", "<no base64>"])] == [None] * 3
