"""pandas: frames, series, indexes and the arrays in them, column by column."""

from __future__ import annotations

import sys
from typing import Any, Dict, List, Optional, Set

from ..describe.change import Wanted, changes
from ..describe.node import ATOMS, Node, attribute_label, clip, dumps, key_text, reads, type_name
from .generic import ancestry, attributes, attributes_node, is_user_class, members
from .numpy import other_values
from .pyarrow import as_numbers, contents, joined


def _both(*names: str) -> List[str]:
    """Return the names of array classes in pandas 2 and in pandas 3, which reports them as `pandas.arrays`."""
    inside = [f"pandas.core.arrays.{name}" for name in names]
    return inside + [f"pandas.arrays.{name.rpartition('.')[2]}" for name in names]


_INTERNAL = frozenset({"_mgr", "_attrs", "_flags", "_item_cache", "_is_copy", "_cacher", "_name", "_index"})
"""Attributes of frames and series that are read in another way, or are not part of the value."""


def _noted(value: Any, own: Dict[str, Any]) -> Dict[str, Any]:
    """Return what the user stored beside the values: `attrs`, flags, and attributes set on the frame itself."""
    found = {name: item for name, item in own.items() if name not in _INTERNAL and not _is_accessor(value, name, item)}
    flags = own.get("_flags")
    unique = flags is not None and not flags._allows_duplicate_labels
    return {"attrs": dict(own.get("_attrs") or {}), **({"flags": "unique"} if unique else {}), **found}


def _is_accessor(value: Any, name: str, item: Any) -> bool:
    """Whether an attribute is one of pandas' accessors (`df.plot`, `s.str`), which pandas 2 keeps once asked for.

    Those that the user wrote may have a state of their own.
    """
    member = next((members(base)[name] for base in ancestry(type(value)) if name in members(base)), None)
    return type(member).__name__ == "CachedAccessor" and not is_user_class(type(item))


@reads("pandas.DataFrame", "pandas.core.frame.DataFrame")
def frame(value: Any) -> Node:
    """A frame, by its columns and both axes."""
    own = attributes(value)
    manager, noted = own["_mgr"], _noted(value, own)
    labels, index = manager.axes
    # Through the block manager: a subclass may override methods, and `frame[name]` fills a cache.
    columns = [manager.iget_values(i) for i in range(len(labels))]
    shape = str((len(index), len(columns)))
    return Node(
        type_name(type(value)),
        ("\0".join(noted).encode("utf-8", "surrogatepass"),),
        [labels, index, *noted.values(), *columns],
        lambda: [".columns", ".index", *map(attribute_label, noted), *(f"[{key_text(name)}]" for name in labels)],
        size=("{}.shape", shape),
        text=lambda: f"DataFrame of shape {shape}",
    )


@reads("pandas.Series", "pandas.core.series.Series")
def series(value: Any) -> Node:
    """A series, by its values, index and name."""
    own = attributes(value)
    manager, noted = own["_mgr"], _noted(value, own)
    (index,) = manager.axes
    values = manager.internal_values()
    return Node(
        type_name(type(value)),
        ("\0".join(noted).encode("utf-8", "surrogatepass"),),
        [values, index, own.get("_name"), *noted.values()],
        lambda: [".values", ".index", ".name", *map(attribute_label, noted)],
        size=("len({})", str(len(index))),
        text=lambda: f"Series of {len(index)}, {values.dtype}",
    )


@reads("pandas.Index", "pandas.core.indexes.base.Index")
def index(value: Any) -> Node:
    """An index, by its values and name."""
    return Node(
        type_name(type(value)),
        children=[value._data, value.name],
        labels=lambda: [".values", ".name"],
        size=("len({})", str(len(value))),
        text=lambda: f"Index of {len(value)}, {value.dtype}",
    )


@reads("pandas.RangeIndex", "pandas.core.indexes.range.RangeIndex")
def range_index(value: Any) -> Node:
    """A range index, by start, stop, step and name."""
    return Node(
        "pandas.RangeIndex",
        children=[value._range, value.name],
        labels=lambda: ["", ".name"],
        size=("len({})", str(len(value))),
        text=lambda: clip(repr(value)),
    )


@reads("pandas.MultiIndex", "pandas.core.indexes.multi.MultiIndex")
def multi_index(value: Any) -> Node:
    """A multi-index, by codes and levels."""
    return Node(
        "pandas.MultiIndex",
        children=[[level._data for level in value._levels], list(value._codes), list(value.names)],
        labels=lambda: [".levels", ".codes", ".names"],
        size=("len({})", str(len(value))),
        text=lambda: f"MultiIndex of {len(value)}",
    )


@reads("pandas.Categorical", "pandas.core.arrays.categorical.Categorical")
def categorical(value: Any) -> Node:
    """A categorical, by codes and categories."""
    return Node(
        "pandas.Categorical",
        (repr(value.dtype.ordered).encode(),),
        [value._ndarray, value.dtype.categories],
        lambda: [".codes", ".categories"],
        size=("len({})", str(len(value))),
    )


@reads("pandas.core.arrays.masked.BaseMaskedArray")
def masked(value: Any) -> Node:
    """A nullable array, by data and mask; values under the mask are not part of the value."""
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
    """Datetimes, periods, or strings as objects: a numpy array, a dtype, and the frequency."""
    # Of periods the dtype is the frequency; pandas 2 sets `_freq` on some of their arrays as well, and on no copy.
    steps = None if hasattr(value.dtype, "freq") else vars(value).get("_freq")
    own = repr((value.dtype, steps)).encode("utf-8", "surrogatepass")
    node = Node(type_name(type(value)), (own,), size=("len({})", str(len(value))), text=lambda: clip(repr(value)))
    if value._ndarray.dtype.hasobject:
        # NA is an object of its own class; None in its place allows one pass over the whole array.
        missing = sys.modules["pandas"].NA
        items = [None if item is missing else item for item in value._ndarray.ravel().tolist()]
        if ATOMS.issuperset(map(type, items)):
            return node._replace(content=(own, dumps(items)))
    return node._replace(children=[value._ndarray], labels=lambda: [""])


@reads(*_both("arrow.array.ArrowExtensionArray", "string_arrow.ArrowStringArray"))
def from_arrow(value: Any) -> Optional[Node]:
    """An array backed by pyarrow; whether its texts have 32 or 64 bit offsets is not part of the value."""
    own = vars(value)
    kept = own["_pa_array"] if "_pa_array" in own else own["_data"]
    whole = joined(kept)
    parts = contents(whole)
    if parts is None:
        return extension(value)
    return Node(
        type_name(type(value)),
        (repr(value.dtype).encode("utf-8", "surrogatepass"), *parts),
        size=("len({})", str(len(value))),
        text=lambda: clip(repr(whole.slice(0, 6).to_pylist())),
        numbers=lambda: as_numbers(whole),
    )


@reads(*_both("sparse.array.SparseArray"))
def sparse(value: Any) -> Node:
    """A sparse array, by the values that are stored and their positions; the fill value is in the dtype."""
    return Node(
        type_name(type(value)),
        (repr(value.dtype).encode(), b"%d" % len(value), value.kind.encode()),
        [value.sp_values, value.sp_index.to_int_index().indices],
        lambda: [".sp_values", ".sp_index"],
        size=("len({})", str(len(value))),
    )


@reads(*_both("interval.IntervalArray"))
def intervals(value: Any) -> Node:
    """Intervals, by both ends; which ends are closed is in the dtype."""
    return Node(
        type_name(type(value)),
        (repr(value.dtype).encode(),),
        [value._left, value._right],
        lambda: [".left", ".right"],
        size=("len({})", str(len(value))),
    )


@reads("pandas.core.arrays.base.ExtensionArray", "pandas.api.extensions.ExtensionArray")
def extension(value: Any) -> Optional[Node]:
    """Any other array, by its elements, however they are stored."""
    if is_user_class(type(value)):
        return None
    items: List[Any] = value.to_numpy(dtype=object).tolist()
    size = ("len({})", str(len(items)))
    own = (repr(value.dtype).encode("utf-8", "surrogatepass"),)
    if ATOMS.issuperset(map(type, items)):
        return Node(type_name(type(value)), (*own, dumps(items)), size=size, text=lambda: clip(repr(items[:6])))
    return Node(type_name(type(value)), own, items, lambda: [f"[{i}]" for i in range(len(items))], size=size)


@reads("pandas._libs.missing.NAType", "pandas._libs.tslibs.nattype.NaTType")
def missing(value: Any) -> Node:
    """NA or NaT, which are the only objects of their types."""
    return Node(type(value).__name__, atom=True, text=lambda: repr(value))


@reads(
    "pandas._libs.tslibs.period._Period",
    "pandas._libs.interval.Interval",
    "pandas._libs.tslibs.offsets.BaseOffset",
)
def scalar(value: Any) -> Node:
    """A value that its repr describes completely."""
    return Node(type_name(type(value)), (repr(value).encode(),), atom=True, text=lambda: clip(repr(value)))


@reads("pandas._libs.internals.BlockPlacement", "pandas.core.groupby.groupby.BaseGroupBy")
def grouping(value: Any) -> Node:
    """A grouping, by its frame and keys; everything else in it is computed on demand."""
    kept = {name: vars(value).get(name) for name in ("obj", "keys", "level", "sort", "as_index", "dropna")}
    return Node(type_name(type(value)), children=list(kept.values()), labels=lambda: ["." + name for name in kept])


@reads("pandas.io.formats.style_render.StylerRenderer")
def styler(value: Any) -> Node:
    """A table with styles, without the few random digits that name it in HTML."""
    found = {name: item for name, item in attributes(value).items() if name != "uuid"}
    return attributes_node(value, found, text=lambda: f"<{type(value).__name__}>")


@changes("pandas.DataFrame", "pandas.core.frame.DataFrame")
def change_frame(value: Any, path: str, wanted: Wanted) -> Set[str]:
    """Give columns of numbers other values, or others another order, in new arrays: frames may share the old ones."""
    columns = {f"{path}[{key_text(name)}]": position for position, name in enumerate(value.columns)}
    columns = {place: position for place, position in columns.items() if place in wanted}
    for other in (_other_values, _other_order):
        changed = set()
        for place, position in columns.items():
            new = other(value.iloc[:, position], wanted[place])
            if new is not None:
                value.isetitem(position, new)
                changed.add(place)
        if changed:
            return changed
    return set()


@changes("pandas.Series", "pandas.core.series.Series")
def change_series(value: Any, path: str, wanted: Wanted) -> Set[str]:
    """Give a series of numbers other values, or any other series another order."""
    place = f"{path}.values"
    new = None
    if place in wanted:
        new = _other_values(value, wanted[place])
        new = _other_order(value, wanted[place]) if new is None else new
    if new is None:
        return set()
    value.iloc[:] = new
    return {place}


def _other_values(column: Any, earlier: Optional[bytes]) -> Any:
    return other_values(column.to_numpy(), earlier) if isinstance(column.dtype, sys.modules["numpy"].dtype) else None


def _other_order(column: Any, _: Optional[bytes]) -> Any:
    """The values from last to first: code trips over other text, and of most objects no other value is known."""
    is_numbers = isinstance(column.dtype, sys.modules["numpy"].dtype) and column.dtype.kind in "biufc"
    return None if is_numbers else column.array[::-1].copy()
