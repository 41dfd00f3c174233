"""polars: frames, series, lazy queries."""

from __future__ import annotations

import sys
from array import array
from typing import Any, List

from ..describe.node import Node, clip, dumps, key_text, reads, type_name
from .numpy import numbers, raw

_NOT_POLARS = ("python_udf", "OPAQUE_PYTHON", "PYTHON")
"""How the text of a query shows that it calls a function of the user's."""


_FIXED = {
    **{"Boolean": "b", "Float32": "f", "Float64": "d"},
    **{"Int8": "b", "Int16": "h", "Int32": "i", "Int64": "q"},
    **{"UInt8": "B", "UInt16": "H", "UInt32": "I", "UInt64": "Q"},
}
"""Element types that `array` and numpy have as well, with their codes for `array`."""


@reads("polars.dataframe.frame.DataFrame")
def frame(value: Any) -> Node:
    """A frame, by its columns; how they are divided into chunks is not part of the value."""
    columns = _polars().DataFrame.get_columns(value)
    shape = str((len(columns[0]) if columns else 0, len(columns)))
    return Node(
        _name(value),
        tuple(column.name.encode("utf-8", "surrogatepass") for column in columns),
        [_Unnamed(column) for column in columns],
        lambda: [f"[{key_text(column.name)}]" for column in columns],
        size=("{}.shape", shape),
        text=lambda: f"DataFrame of shape {shape}",
    )


def _name(value: Any) -> str:
    """Return `polars.DataFrame` for `polars.dataframe.frame.DataFrame`."""
    name = type_name(type(value))
    return "polars." + name.rpartition(".")[2] if name.startswith("polars.") else name


def _polars() -> Any:
    return sys.modules["polars"]


class _Unnamed:
    """A column of a frame, whose name is part of the frame's value."""

    __slots__ = ("column",)

    def __init__(self, column: Any) -> None:
        self.column = column


@reads(f"{_Unnamed.__module__}.{_Unnamed.__qualname__}")
def column(value: Any) -> Node:
    """A column, without its name."""
    return _series(value.column, "polars.Series")


@reads("polars.series.series.Series")
def series(value: Any) -> Node:
    """A series, by type, name and values; the flag that they are sorted is not part of the value."""
    # `_from_pyseries` gives an object of polars' own class, without methods of a subclass.
    plain = _polars().Series._from_pyseries(value._s) if type(value) is not _polars().Series else value
    node = _series(plain, _name(value))
    return node._replace(content=(plain.name.encode("utf-8", "surrogatepass"), *node.content))


def _series(plain: Any, name: str) -> Node:
    size = ("len({})", str(len(plain)))
    own = (repr(plain.dtype).encode("utf-8", "surrogatepass"),)
    node = Node(
        name, own, size=size, text=lambda: clip(f"{plain.dtype} of {len(plain)}: {plain.head(6).to_list()}", 100)
    )
    # Numbers, times and booleans have a code for `array`.
    is_category = str(plain.dtype).startswith(("Categorical", "Enum"))
    code = None if is_category else _FIXED.get(str(plain.to_physical().dtype))
    if code is None:
        return _items(node, plain)
    missing = (_raw(plain.is_null(), "b"),) if plain.null_count() else ()
    values = _raw(plain.to_physical().drop_nulls(), code)
    return node._replace(
        content=(*own, values, *missing),
        numbers=lambda: None if missing or "numpy" not in sys.modules else numbers(plain.to_physical().to_numpy()),
    )


def _raw(plain: Any, code: str) -> memoryview:
    """Return the same bytes with and without numpy, which a later cell may import."""
    return raw(plain.to_numpy()) if "numpy" in sys.modules else memoryview(array(code, plain.to_list())).cast("B")


def _items(node: Node, plain: Any) -> Node:
    """Add the elements of a column as Python objects."""
    kind = str(plain.dtype)
    # The physical values of a categorical are codes, which depend on what was encoded before: take its texts.
    as_it_is = kind == "Object" or "Categorical" in kind
    items: List[Any] = (plain if as_it_is else plain.to_physical()).to_list()
    if node.content and not node.content[0].startswith(b"Object"):
        try:
            return node._replace(content=(*node.content, dumps(items)))
        except ValueError:  # marshal writes lists and numbers, but not other objects that may be in them
            pass
    return node._replace(children=items, labels=lambda: [f"[{i}]" for i in range(len(items))])


@reads("polars.lazyframe.frame.LazyFrame")
def query(value: Any) -> Node:
    """A lazy query, by its plan and the frames in it; it is not run."""
    base, name = _polars().LazyFrame, _name(value)
    plan = base.explain(value, optimized=False)
    if any(word in plan for word in _NOT_POLARS):
        return Node(name, opaque=f"{name}: a query that calls Python functions")
    return Node(name, (base.serialize(value),), text=lambda: clip(f"<LazyFrame {plan}>"))


@reads("polars.expr.expr.Expr")
def expression(value: Any) -> Node:
    """An expression, by its serialized form."""
    name, text = _name(value), _polars().Expr.__str__(value)
    if any(word in text for word in _NOT_POLARS):
        return Node(name, opaque=f"{name}: an expression that calls Python functions")
    return Node(name, (value.meta.serialize(),), text=lambda: clip(text), atom=True)


@reads("polars.dataframe.group_by.GroupBy", "polars.dataframe.group_by.RollingGroupBy")
def grouping(value: Any) -> Node:
    """A grouping, by its frame and keys, without the state of an iteration over it."""
    own = {name: item for name, item in sorted(vars(value).items()) if not name.startswith("_")}
    return Node(type_name(type(value)), ("\0".join(own).encode(),), list(own.values()), lambda: ["." + n for n in own])


@reads("polars.datatypes.classes.DataTypeClass", "polars.datatypes.classes.DataType")
def data_type(value: Any) -> Node:
    """An element type, by its repr."""
    text = repr(value)
    return Node("polars.DataType", (text.encode("utf-8", "surrogatepass"),), atom=True, text=lambda: clip(text))
