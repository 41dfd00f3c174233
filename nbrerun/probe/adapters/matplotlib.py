"""matplotlib: what a figure shows, not how it is stored."""

from __future__ import annotations

import contextlib
import copy
import io
import sys
from typing import Any, Callable, Dict, FrozenSet, List, Optional

from ..describe.node import Node, attribute_label, reads, type_name
from .generic import attributes, attributes_node

_WIDTH, _HEIGHT = 320, 400
"""Of a picture, in pixels at most."""
_SHOWN = """
    get_xdata get_ydata get_data get_array get_offsets get_paths get_path get_text get_color
    get_facecolor get_edgecolor get_linestyle get_linewidth get_marker get_label get_alpha
    get_visible get_zorder get_position
""".split()

_COLORS = frozenset({"get_facecolor", "get_edgecolor"})
_PLACES = frozenset({"get_path", "get_paths"})
"""Where something lies on the paper, for what is laid out when it is drawn."""
_PROJECTED = frozenset({*_COLORS, *_PLACES, "get_xdata", "get_ydata", "get_data", "get_offsets", "get_zorder"})
_IN_SPACE = """
    _verts3d _segments3d _segment3d _code3d _codes3d _offsets3d _faces _vec _z _dir_vec _sizes3d
    _3dverts_codes
""".split()
_COLORS_IN_SPACE = ["_facecolor", "_edgecolor", "_facecolors", "_edgecolors", "_facecolor3d", "_edgecolor3d"]


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
    for axis in "xyz" if hasattr(value, "zaxis") else "xy":
        # Automatic limits follow from the data, and are computed when the figure is drawn.
        found[f"{axis}axis.get_inverted()"] = bool(getattr(value, f"{axis}axis").get_inverted())
        if not getattr(value, f"get_autoscale{axis}_on")():
            found[f"get_{axis}lim()"] = tuple(getattr(value, f"get_{axis}lim")())
    found.update((name, getattr(value, name)) for name in ("elev", "azim", "roll") if hasattr(value, "zaxis"))
    return _node(value, found)


@reads("matplotlib.artist.Artist")
def artist(value: Any) -> Node:
    """A line, a bar, a text or another artist, by its getters."""
    return _node(value, _as_made(value, frozenset(), []))


@reads("matplotlib.spines.Spine")
def spine(value: Any) -> Node:
    """A border of axes; it sets its position if it is asked for it."""
    place = attributes(value).get("_position") or ("outward", 0.0)
    return _node(value, {**_as_made(value, frozenset({*_PLACES, "get_position"}), []), "get_position()": place})


@reads("matplotlib.quiver.Quiver")
def quiver(value: Any) -> Node:
    """Arrows, by the vectors."""
    return _node(value, _as_made(value, _PLACES, ["U", "V", "Umask"]))


@reads("matplotlib.patches.FancyArrowPatch")
def arrow(value: Any) -> Node:
    """An arrow, by its ends or its path."""
    return _node(value, _as_made(value, _PLACES, ["_posA_posB", "_path_original"]))


@reads(
    *(f"mpl_toolkits.mplot3d.art3d.{name}3D" for name in ("Text", "Line", "Patch", "Collection")),
    *(f"mpl_toolkits.mplot3d.art3d.{name}3DCollection" for name in ("Line", "Patch", "Path", "Poly")),
)
def in_space(value: Any) -> Node:
    """An artist in space, by its coordinates there: it is projected when it is drawn, or asked for its colors."""
    colors = [] if _is_mapped(value) else _COLORS_IN_SPACE
    found = _as_made(value, _PROJECTED, [*_IN_SPACE, *colors])
    unused = attributes(value).get("_invalid_vertices", False)
    if unused is not False:
        # Faces with fewer corners than others are filled up with memory that nobody has written to.
        numpy = sys.modules["numpy"]
        found["_faces"] = numpy.where(unused[..., None], 0.0, found["_faces"])
        found["_invalid_vertices"] = unused
    return _node(value, found)


def _as_made(value: Any, drawn: FrozenSet[str], kept: List[str]) -> Dict[str, Any]:
    """Return what getters and attributes give, without what matplotlib computes when it draws."""
    mapped = _is_mapped(value)
    found = _shown(value, [name for name in _SHOWN if name not in (drawn | _COLORS if mapped else drawn)])
    own = attributes(value)
    found.update((name, own[name]) for name in kept if name in own)
    if mapped:
        found.update({"get_cmap()": value.get_cmap(), "get_clim()": _limits(value)})
        found.update((name, own[name]) for name in ("_original_facecolor", "_original_edgecolor") if name in own)
    return found


def _limits(value: Any) -> List[Any]:
    """Return the values that get the first and the last color; those of the data themselves may be set by drawing."""
    array = value.get_array()
    own = (array.min(), array.max()) if array.size else (None, None)
    return [None if limit == of_data else limit for limit, of_data in zip(value.get_clim(), own)]


def _is_mapped(value: Any) -> bool:
    """Whether the colors follow from an array."""
    return getattr(value, "norm", None) is not None and value.get_array() is not None


@reads("matplotlib.colorbar.Colorbar")
def colorbar(value: Any) -> Node:
    """A colorbar, by its axes and what they explain; drawing it fills its ticks and their texts."""
    own = attributes(value)
    names = ("ax", "mappable", "orientation", "extend", "spacing", "drawedges")
    return _node(value, {name: own[name] for name in names if name in own})


@reads("matplotlib.legend.Legend")
def legend(value: Any) -> Node:
    """A legend, by its entries, its title and its place."""
    place, title = attributes(value).get("_loc_real"), value.get_title().get_text()
    return _node(value, {"texts": [text.get_text() for text in value.texts], "get_title()": title, "loc": place})


@reads("matplotlib.path.Path")
def path(value: Any) -> Node:
    """A path, by its vertices and codes."""
    return Node("matplotlib.path.Path", children=[value.vertices, value.codes], labels=lambda: [".vertices", ".codes"])


def _as_arrays(value: Any) -> Any:
    """Lists of numbers as arrays, which are read at once, also in a dict; any other value as it is."""
    if type(value) is dict:
        return {name: _as_arrays(item) for name, item in value.items()}
    if type(value) in (list, tuple):
        with contextlib.suppress(TypeError, ValueError):  # names of colors
            return sys.modules["numpy"].asarray(value, "float64")
    return value


@reads("matplotlib.colors.Colormap")
def colormap(value: Any) -> Node:
    """A colormap, by what it makes its table from when it is first used; with the table if somebody has changed that.

    A registry of colormaps has nearly two hundred, so none makes its table only to be read.
    """
    found = attributes(value, ("_lut", "_isinit"))
    for name in ("colors", "_segmentdata"):
        if name in found:
            found[name] = _as_arrays(found[name])
    if value._isinit:
        made = copy.copy(value)
        made._init()
        if made._lut.tobytes() != value._lut.tobytes():
            found["_lut"] = value._lut
    return attributes_node(value, found, text=lambda: f"<colormap {value.name}>")


def figure_of(value: Any) -> Optional[Any]:
    """Return the figure that is to be drawn to see this one, or these axes; None for anything else."""
    module = sys.modules.get("matplotlib.axes")
    if module is None or not issubclass(type(value), (module.Axes, sys.modules["matplotlib.figure"].FigureBase)):
        return None
    while value is not None and not issubclass(type(value), sys.modules["matplotlib.figure"].Figure):
        value = value.figure  # of axes that were removed there is none
    return value


def png(figure: Any) -> bytes:
    """Draw a small picture, which changes what the figure lays out when it is drawn."""
    width, height = figure.get_size_inches()
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=min(_WIDTH / width, _HEIGHT / height))
    return picture.getvalue()
