"""matplotlib: what a figure shows, not how it is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import matplotlib.colors
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from tests.unit.probe.looking import digest, moved, paths, read


def drawn() -> Any:
    """Axes with a bit of everything on it."""
    figure = Figure()
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.plot([1, 2, 3], [1, 4, 9], label="squares")
    axes.scatter([1, 2], [3, 4])
    axes.bar([1, 2], [3, 4])
    axes.imshow(np.arange(4.0).reshape(2, 2))
    axes.text(0, 0, "here")
    axes.hist([1, 1, 2])
    axes.fill_between([1, 2], [0, 1])
    axes.set_title("title")
    axes.legend()
    return axes


CHANGES: dict[str, Callable[[Any], Any]] = {
    "a line more": lambda axes: axes.plot([1, 2], [3, 4]),
    "a line less": lambda axes: axes.lines[0].remove(),
    "a line's data": lambda axes: axes.lines[0].set_ydata([1, 4, 8]),
    "a line's colour": lambda axes: axes.lines[0].set_color("red"),
    "a line's style": lambda axes: axes.lines[0].set_linestyle("--"),
    "a label": lambda axes: axes.lines[0].set_label("other"),
    "points": lambda axes: axes.collections[0].set_offsets([[0, 0], [1, 1]]),
    "points more": lambda axes: axes.scatter([5], [6]),
    "bars more": lambda axes: axes.bar([5], [6]),
    "a picture": lambda axes: axes.images[0].set_data(np.ones((2, 2))),
    "a text": lambda axes: axes.texts[0].set_text("there"),
    "the title": lambda axes: axes.set_title("other"),
    "a label of an axis": lambda axes: axes.set_xlabel("x"),
    "a scale": lambda axes: axes.set_yscale("log"),
    "a limit": lambda axes: axes.set_xlim(0, 10),
    "no legend": lambda axes: axes.get_legend().remove(),
    "hidden": lambda axes: axes.lines[0].set_visible(False),
    "cleared": lambda axes: axes.clear(),
    "an axis turned round": lambda axes: axes.invert_yaxis(),
}


@pytest.mark.parametrize("case", CHANGES)
def test_each_kind_of_change_is_seen(case: str) -> None:
    """The same drawing is equal; one thing more, less or otherwise is another, with a change to show."""
    before, again, after = drawn(), drawn(), drawn()
    CHANGES[case](after)
    assert not read(before).opaque
    assert digest(before) == digest(again) != digest(after)
    assert moved(before, again) == {}
    assert moved(before, after)
    assert digest(before.figure) == digest(again.figure) != digest(after.figure)


def test_drawing_twice_is_seen_as_one_line_more() -> None:
    """`ax.plot` on axes of an earlier cell."""
    before, after = drawn(), drawn()
    after.plot([1, 2, 3], [1, 4, 9])
    change = moved(before, after)["len(x.get_children())"]
    assert int(change.again) == int(change.first) + 1


def test_rendering_is_no_change() -> None:
    """Drawing to a file fills caches, and shows what was shown before."""
    axes = drawn()
    before = digest(axes), digest(axes.figure)
    axes.figure.canvas.draw()
    axes.figure.get_tightbbox()
    assert (digest(axes), digest(axes.figure)) == before


def test_looking_draws_nothing() -> None:
    """The pixels are those of a figure that nobody looked at."""
    alone, looked_at = drawn(), drawn()
    read(looked_at.figure)
    paths(looked_at.figure)
    for axes in (alone, looked_at):
        axes.figure.canvas.draw()
    pixels = [np.asarray(axes.figure.canvas.buffer_rgba()) for axes in (alone, looked_at)]
    assert np.array_equal(*pixels)


def test_a_figure_is_its_axes() -> None:
    """Another subplot is another figure."""
    one, other = drawn().figure, drawn().figure
    other.add_subplot(2, 1, 2)
    assert digest(one) != digest(other)
    other = drawn().figure
    other.suptitle("all of it")
    assert digest(one) != digest(other)


def test_single_artists_are_read() -> None:
    """A line or a patch that a variable holds."""
    one, other = drawn(), drawn()
    other.lines[0].set_ydata(np.zeros(3))
    assert digest(one.lines[0]) != digest(other.lines[0])
    assert digest(one.patches[0]) == digest(other.patches[0])
    assert (moved(one.lines[0], other.lines[0])["x.get_ydata()"].max_abs_change or 0) == 9


def test_colour_maps_and_norms_are_values() -> None:
    """Objects beside the artists."""
    one, other = matplotlib.colors.Normalize(0, 1), matplotlib.colors.Normalize(0, 2)
    assert digest(one) == digest(matplotlib.colors.Normalize(0, 1)) != digest(other)


COLORMAPS: dict[str, Callable[[], Any]] = {
    "of a list": lambda: matplotlib.colors.ListedColormap(["red", "green"]),
    "of another list": lambda: matplotlib.colors.ListedColormap(["red", "blue"]),
    "linear": lambda: matplotlib.colors.LinearSegmentedColormap.from_list("x", ["red", "green"]),
    "of more steps": lambda: matplotlib.colors.LinearSegmentedColormap.from_list("x", ["red", "green"], 9),
}


@pytest.mark.parametrize("case", COLORMAPS)
def test_the_first_use_of_a_colormap_is_no_change(case: str) -> None:
    """Its table follows from the rest; a look does not make it either."""
    one, other = COLORMAPS[case](), COLORMAPS[case]()
    assert digest(one) == digest(other)
    assert "_lut" not in vars(one) or one._lut is None
    one(0.5)
    assert digest(one) == digest(other)
    one._lut[0, 3] = 0.5
    assert moved(other, one)
    assert digest(other.with_extremes(bad="red")) != digest(other)
    assert [name for name in COLORMAPS if digest(COLORMAPS[name]()) == digest(COLORMAPS[case]())] == [case]
