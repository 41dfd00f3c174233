"""matplotlib: what a figure shows, not how it is stored."""

from __future__ import annotations

import copy
from typing import Any, Callable, Dict, List

from ..describe.node import Node, attribute_label, reads, type_name
from .generic import attributes, attributes_node

_SHOWN = """
    get_xdata get_ydata get_data get_array get_offsets get_paths get_path get_text get_color
    get_facecolor get_edgecolor get_linestyle get_linewidth get_marker get_label get_alpha
    get_visible get_zorder get_position
""".split()


def _shown(value: Any, names: List[str]) -> Dict[str, Any]:
    found: Dict[str, Any] = {}
    for name in names:
        getter: Callable[[], Any] = getattr(value, name, lambda: None)
        try:
            found[name + "()"] = getter()
        except (AttributeError, NotImplementedError, TypeError, ValueError):
            continue  # this kind of artist does not have it
    return found


def _node(value: Any, found: Dict[str, Any]) -> Node:
    return Node(
        type_name(type(value)),
        tuple(name.encode() for name in found),
        list(found.values()),
        lambda: [attribute_label(name) for name in found],
        text=lambda: f"<{type(value).__name__}>",
    )


@reads("matplotlib.figure.FigureBase", "matplotlib.figure.Figure")
def figure(value: Any) -> Node:
    """A figure, by its axes, texts and legends."""
    return _node(value, {"axes": list(value.axes), "texts": list(value.texts), "legends": list(value.legends)})


@reads("matplotlib.axes._base._AxesBase")
def axes(value: Any) -> Node:
    """Axes, by what has been drawn on them, titles, labels and fixed limits."""
    found = _shown(value, ["get_title", "get_xlabel", "get_ylabel", "get_xscale", "get_yscale"])
    found["get_children()"] = list(value._children)
    found["legend"] = value.get_legend()
    for axis in "xy":
        # Automatic limits follow from the data, and are computed when the figure is drawn.
        found[f"{axis}axis.get_inverted()"] = bool(getattr(value, f"{axis}axis").get_inverted())
        if not getattr(value, f"get_autoscale{axis}_on")():
            found[f"get_{axis}lim()"] = tuple(getattr(value, f"get_{axis}lim")())
    return _node(value, found)


@reads("matplotlib.artist.Artist")
def artist(value: Any) -> Node:
    """A line, a bar, a text or another artist, by its getters."""
    return _node(value, _shown(value, _SHOWN))


@reads("matplotlib.legend.Legend")
def legend(value: Any) -> Node:
    """A legend, by its entries."""
    return _node(value, {"texts": [text.get_text() for text in value.texts]})


@reads("matplotlib.path.Path")
def path(value: Any) -> Node:
    """A path, by its vertices and codes."""
    return Node("matplotlib.path.Path", children=[value.vertices, value.codes], labels=lambda: [".vertices", ".codes"])


@reads("matplotlib.colors.Colormap")
def colormap(value: Any) -> Node:
    """A colormap, with its table, which it makes from the rest when it is first used."""
    found = {name: item for name, item in attributes(value).items() if name not in ("_lut", "_isinit")}
    known = value if value._isinit else copy.copy(value)
    if known is not value:
        known._init()
    return attributes_node(value, {**found, "_lut": known._lut}, text=lambda: f"<colormap {value.name}>")
