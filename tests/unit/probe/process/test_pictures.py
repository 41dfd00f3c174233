"""Pictures of figures, drawn beside the notebook."""

from __future__ import annotations

import io
from typing import Any

import matplotlib.pyplot as plt
import pytest
from matplotlib.figure import Figure

from nbrerun.probe.process import pictures as drawing
from nbrerun.probe.process.pictures import pictures

PNG = b"\x89PNG\r\n\x1a\n"


def test_a_figure_is_drawn_once_and_is_not_laid_out_by_that() -> None:
    """By the first name that leads to it; axes, and figures in figures, are drawn with the whole."""
    figure = Figure(layout="constrained")
    axes = figure.subfigures(1, 2)[0].add_subplot()
    axes.set_title("several\nlines\nhigh")
    place = axes.get_position().bounds
    found = pictures({"ax": axes, "fig": figure, "other": Figure(), "n": 1}, ["ax", "fig", "n", "gone", "other"])
    assert sorted(found) == ["ax", "other"]
    assert all(picture.startswith(PNG) for picture in found.values())
    assert axes.get_position().bounds == place
    figure.savefig(io.BytesIO())
    assert axes.get_position().bounds != place  # as it would have been


@pytest.mark.parametrize("ends", [lambda *_: 1 / 0, lambda *_: plt.pause(60)], ids=["raises", "takes too long"])
def test_what_cannot_be_drawn_has_no_picture(ends: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The notebook's own formatters run, and may do anything."""
    monkeypatch.setattr(drawing, "_SECONDS", 0.5)
    figure = Figure()
    figure.add_subplot().xaxis.set_major_formatter(ends)
    assert pictures({"fig": figure}, ["fig"]) == {}


def test_axes_that_were_removed_have_no_figure() -> None:
    """They are in none any more."""
    axes = Figure().add_subplot()
    axes.remove()
    assert pictures({"ax": axes}, ["ax"]) == {}
