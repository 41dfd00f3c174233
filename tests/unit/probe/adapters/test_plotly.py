"""plotly: figures, and what they are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import plotly.graph_objects as go
import pytest

from tests.unit.probe.looking import digest, moved, read


def figure() -> Any:
    """Bars with a title, and a frame of an animation."""
    bars = go.Bar(x=[1, 2], y=[3, 4], marker={"color": "red"})
    return go.Figure([bars], {"title": {"text": "Bars"}}, [go.Frame(data=[go.Bar(y=[2])])])


CHANGES: dict[str, Callable[[Any], object]] = {
    "numbers of a trace": lambda figure: figure.data[0].update(y=[5, 6]),
    "a color": lambda figure: setattr(figure.data[0].marker, "color", "blue"),
    "a trace more": lambda figure: figure.add_trace(go.Bar(y=[1])),
    "the title": lambda figure: figure.update_layout(title="Other"),
    "an axis": lambda figure: setattr(figure.layout.xaxis, "range", [0, 1]),
    "a frame": lambda figure: figure.frames[0].data[0].update(y=[9]),
}


@pytest.mark.parametrize("case", CHANGES)
def test_each_kind_of_change_is_seen(case: str) -> None:
    """What is shown is value, whichever object it was changed by."""
    one, other = figure(), figure()
    CHANGES[case](other)
    assert not read(one).opaque
    assert digest(one) == digest(figure()) != digest(other)


def test_looking_at_a_figure_is_no_change() -> None:
    """plotly makes the objects for its parts when somebody asks for them."""
    one = figure()
    before = digest(one)
    assert (one.layout.title.text, one.data[0].marker.color) == ("Bars", "red")
    assert one.layout.xaxis.range is None
    one.to_html()
    assert one.layout.template.layout.font.size is None
    assert digest(one) == before


def test_a_part_without_a_figure_is_read() -> None:
    """A trace that belongs to none yet."""
    one, other = (go.Scatter(y=[1], line={"width": 2}) for _ in range(2))
    before = digest(one)
    assert (one.line.width, one.marker.color) == (2, None)
    other.line.width = 3
    assert digest(one) == before != digest(other)


def test_a_change_is_told_by_its_place() -> None:
    """Not once more for each object that leads to the figure."""
    one, other = figure(), figure()
    other.data[0].y = [3, 5]
    assert list(moved(one, other)) == ["x._data[0]['y']"]
