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


R = np.arange(4.0)
GRID = np.meshgrid(R, R)

LAID_OUT: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "colors": (lambda axes: axes.scatter(R, R, c=R), lambda axes: axes.collections[0].set_array(R[::-1])),
    "a colormap": (lambda axes: axes.pcolormesh(GRID[0]), lambda axes: axes.collections[0].set_cmap("plasma")),
    "limits of colors": (lambda axes: axes.imshow(GRID[0]), lambda axes: axes.images[0].set_clim(0, 9)),
    "arrows": (lambda axes: axes.quiver(R, R, R, R), lambda axes: axes.collections[0].set_UVC(R, R + 1)),
    "arrows of arrays": (lambda axes: axes.quiver(R, R, R, R, R), lambda axes: axes.collections[0].set_UVC(R, R, -R)),
    "streams": (lambda axes: axes.streamplot(*GRID, *GRID), lambda axes: axes.patches[0].set_positions((0, 0), (1, 1))),
}
IN_SPACE: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "a surface": (
        lambda axes: axes.plot_surface(*GRID, GRID[0]),
        lambda axes: axes.collections[0].set_facecolor("red"),
    ),
    "a mapped surface": (
        lambda axes: axes.plot_surface(*GRID, GRID[0], cmap="viridis"),
        lambda axes: axes.collections[0].set_cmap("plasma"),
    ),
    "a grid": (lambda axes: axes.plot_wireframe(*GRID, GRID[0]), lambda axes: axes.collections[0].set_linewidth(7)),
    "points": (lambda axes: axes.scatter(R, R, R), lambda axes: axes.scatter(R, R, R)),
    "mapped points": (lambda axes: axes.scatter(R, R, R, c=R), lambda axes: axes.collections[0].set_array(-R)),
    "a line": (lambda axes: axes.plot(R, R, R), lambda axes: axes.lines[0].set_data_3d(R, R, -R)),
    "bars": (lambda axes: axes.bar(R, R, zs=1, zdir="y"), lambda axes: axes.patches[0].set_facecolor("red")),
    "contours": (lambda axes: axes.contour(*GRID, GRID[0]), lambda axes: axes.contour(*GRID, GRID[1])),
    "a text": (lambda axes: axes.text(1, 1, 1, "x"), lambda axes: axes.texts[0].set_z(2)),
    "the view": (lambda axes: axes.plot(R, R, R), lambda axes: axes.view_init(10, 20)),
    "a limit": (lambda axes: axes.plot(R, R, R), lambda axes: axes.set_zlim(0, 9)),
}


@pytest.mark.parametrize("case", [*LAID_OUT, *IN_SPACE])
def test_what_is_laid_out_when_it_is_drawn_is_no_change(case: str) -> None:
    """Neither drawing nor looking changes a figure; what the user changes is seen."""
    draw, change = {**LAID_OUT, **IN_SPACE}[case]
    one, other = (Figure().add_subplot(projection="3d" if case in IN_SPACE else None) for _ in range(2))
    draw(one)
    draw(other)
    before = digest(one)
    assert before == digest(one) == digest(other)
    FigureCanvasAgg(one.figure).draw()
    assert digest(one) == before
    change(one)
    assert digest(one) != before
    assert moved(other, one)


def test_a_colorbar_is_what_it_explains() -> None:
    """Neither drawing nor looking changes it or the borders around it; its texts and its colors do."""
    made = drawn()
    points = made.scatter([1, 2], [3, 4], c=[5, 6])
    bar = made.figure.colorbar(points)
    before = digest(bar), digest(made.spines["top"])
    FigureCanvasAgg(made.figure).draw()
    assert before == (digest(bar), digest(made.spines["top"]))
    bar.set_label("height")
    labelled = digest(bar)
    points.set_cmap("plasma")
    made.spines["top"].set_position(("outward", 10))
    assert len({before[0], labelled, digest(bar)}) == 3
    assert digest(made.spines["top"]) != before[1]


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


def test_corners_that_a_face_does_not_have_are_no_value() -> None:
    """Faces with different numbers of corners lie in one array, and what fills it up is whatever was in memory."""
    from mpl_toolkits.mplot3d.art3d import Poly3DCollection

    square = [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)]
    faces = Poly3DCollection([square[:3], square])
    before = digest(faces)
    faces._faces[0, 3] = 7.0
    assert digest(faces) == before
    faces._faces[0, 2] = 7.0
    assert digest(faces) != before
    assert digest(Poly3DCollection([square[:3], [*square[:3], (0, 0, 0)]])) != before


def test_the_title_and_the_place_of_a_legend_are_value() -> None:
    """Where the place is chosen when the figure is drawn, drawing does not change it."""
    figure = Figure()
    axes = figure.add_subplot()
    axes.plot([1, 2], label="a line")
    axes.legend()
    before = digest(axes)
    FigureCanvasAgg(figure).draw()
    assert digest(axes) == before
    axes.legend(loc=4)
    moved_there = digest(axes)
    axes.legend(loc=4, title="lines")
    assert len({before, moved_there, digest(axes)}) == 3
