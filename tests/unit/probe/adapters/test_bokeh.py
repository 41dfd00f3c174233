"""Bokeh: figures."""

from __future__ import annotations

from bokeh.plotting import figure

from tests.unit.probe.looking import digest, moved, read


def drawn(title: str = "a") -> figure:
    """A figure with one line."""
    made = figure(width=200, height=100, title=title)
    made.line([1, 2], [3, 4])
    return made


def test_the_numbers_of_its_parts_are_no_value() -> None:
    """Bokeh counts all that were ever made."""
    one, other = drawn(), drawn()
    assert one.id != other.id
    assert not read(one).opaque
    assert digest(one) == digest(other) != digest(drawn("b"))


def test_another_line_is_a_change() -> None:
    """It is one of the renderers."""
    two = drawn()
    two.line([1, 2], [5, 6])
    assert "len(x._property_values['renderers'])" in moved(drawn(), two)
