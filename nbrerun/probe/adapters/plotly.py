"""plotly: figures, and what they are made of."""

from __future__ import annotations

from typing import Any, FrozenSet

from ..describe.node import Node, reads, type_name
from .generic import attributes

# Objects for parts, made when somebody asks for them: what they show lies in the properties of what they belong to.
_VIEWS_OF_FIGURE = frozenset({"_data_objs", "_layout_obj"})
_VIEWS_OF_PART = frozenset({"_compound_props", "_compound_array_props"})


@reads("plotly.basedatatypes.BaseFigure")
def figure(value: Any) -> Node:
    """A figure, by the properties of its traces, of its layout and of its frames."""
    return _without(_VIEWS_OF_FIGURE, value)


@reads("plotly.basedatatypes.BasePlotlyType")
def part(value: Any) -> Node:
    """A trace, a layout or a part of one: with what it belongs to, if anything, since its properties lie there."""
    return _without(_VIEWS_OF_PART, value)


def _without(views: FrozenSet[str], value: Any) -> Node:
    found = attributes(value, views)
    return Node(
        type_name(type(value)),
        ("\0".join(found).encode("utf-8", "surrogatepass"),),
        list(found.values()),
        lambda: ["." + name for name in found],
    )
