"""pandas: frames, series, indexes and the arrays in them, column by column."""

from __future__ import annotations

import sys
from typing import Any, List

from ..node import ATOMS, Node, clip, dumps, key_text, reads, type_name


@reads("pandas.DataFrame", "pandas.core.frame.DataFrame")
def frame(value: Any) -> Node:
    """Columns by name, and both axes."""
    manager = value._mgr
    columns = [manager.iget_values(i) for i in range(len(value.columns))]
    names = [f"[{key_text(name)}]" for name in value.columns]
    return Node(
        type_name(type(value)),
        children=[value.columns, value.index, dict(value.attrs), *columns],
        labels=lambda: [".columns", ".index", ".attrs", *names],
        size=("{}.shape", str((len(value.index), len(columns)))),
        text=lambda: f"DataFrame of shape {(len(value.index), len(columns))}",
    )


@reads("pandas.Series", "pandas.core.series.Series")
def series(value: Any) -> Node:
    """Values, index and name."""
    return Node(
        type_name(type(value)),
        children=[value._values, value.index, value.name, dict(value.attrs)],
        labels=lambda: [".values", ".index", ".name", ".attrs"],
        size=("len({})", str(len(value.index))),
        text=lambda: f"Series of {len(value.index)}, {value.dtype}",
    )


@reads("pandas.Index", "pandas.core.indexes.base.Index")
def index(value: Any) -> Node:
    """Values and name."""
    return Node(
        type_name(type(value)),
        children=[value._data, value.name],
        labels=lambda: [".values", ".name"],
        size=("len({})", str(len(value))),
        text=lambda: f"Index of {len(value)}, {value.dtype}",
    )


@reads("pandas.RangeIndex", "pandas.core.indexes.range.RangeIndex")
def range_index(value: Any) -> Node:
    """Start, stop and step, and the name."""
    return Node(
        "pandas.RangeIndex",
        children=[value._range, value.name],
        labels=lambda: ["", ".name"],
        size=("len({})", str(len(value))),
        text=lambda: clip(repr(value)),
    )


@reads("pandas.MultiIndex", "pandas.core.indexes.multi.MultiIndex")
def multi_index(value: Any) -> Node:
    """Codes into levels."""
    return Node(
        "pandas.MultiIndex",
        children=[[level._data for level in value._levels], list(value._codes), list(value.names)],
        labels=lambda: [".levels", ".codes", ".names"],
        size=("len({})", str(len(value))),
        text=lambda: f"MultiIndex of {len(value)}",
    )


@reads("pandas.Categorical", "pandas.core.arrays.categorical.Categorical")
def categorical(value: Any) -> Node:
    """Codes into categories."""
    return Node(
        "pandas.Categorical",
        (repr(value.dtype.ordered).encode(),),
        [value._ndarray, value.dtype.categories],
        lambda: [".codes", ".categories"],
        size=("len({})", str(len(value))),
    )


@reads("pandas.core.arrays.masked.BaseMaskedArray")
def masked(value: Any) -> Node:
    """Data and mask; what lies under the mask is no value."""
    numpy = sys.modules["numpy"]
    data = numpy.where(value._mask, numpy.zeros((), value._data.dtype), value._data)
    return Node(
        type_name(type(value)),
        children=[data, value._mask],
        labels=lambda: ["", ".isna()"],
        size=("len({})", str(len(value))),
    )


@reads("pandas.core.arrays._mixins.NDArrayBackedExtensionArray")
def backed(value: Any) -> Node:
    """Datetimes, periods, strings as objects: one numpy array and a dtype."""
    return Node(
        type_name(type(value)),
        (repr(value.dtype).encode(),),
        [value._ndarray],
        lambda: [""],
        size=("len({})", str(len(value))),
        text=lambda: clip(repr(value)),
    )


@reads("pandas.core.arrays.base.ExtensionArray", "pandas.api.extensions.ExtensionArray")
def extension(value: Any) -> Node:
    """Any other kind of column, by its elements: how they are cut into chunks is no value."""
    items: List[Any] = value.to_numpy(dtype=object).tolist()
    size = ("len({})", str(len(items)))
    own = (repr(value.dtype).encode(),)
    if ATOMS.issuperset(map(type, items)):
        return Node(type_name(type(value)), (*own, dumps(items)), size=size, text=lambda: clip(repr(items[:6])))
    return Node(type_name(type(value)), own, items, lambda: [f"[{i}]" for i in range(len(items))], size=size)


@reads("pandas._libs.missing.NAType", "pandas._libs.tslibs.nattype.NaTType")
def missing(value: Any) -> Node:
    """The only one of its kind."""
    return Node(type(value).__name__, atom=True, text=lambda: repr(value))


@reads(
    "pandas._libs.tslibs.period._Period",
    "pandas._libs.interval.Interval",
    "pandas._libs.tslibs.offsets.BaseOffset",
)
def scalar(value: Any) -> Node:
    """Values that their repr says all about."""
    return Node(type_name(type(value)), (repr(value).encode(),), atom=True, text=lambda: clip(repr(value)))


@reads("pandas._libs.internals.BlockPlacement", "pandas.core.groupby.groupby.BaseGroupBy")
def grouping(value: Any) -> Node:
    """A grouping is the frame and the keys; all else in it is computed on demand."""
    kept = {name: vars(value).get(name) for name in ("obj", "keys", "level", "sort", "as_index", "dropna")}
    return Node(type_name(type(value)), children=list(kept.values()), labels=lambda: ["." + name for name in kept])
