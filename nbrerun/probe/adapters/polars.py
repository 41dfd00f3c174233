"""polars: frames, series, lazy queries."""

from __future__ import annotations

import sys
from array import array
from typing import Any, List, Optional

from ..describe.node import Node, clip, dumps, key_text, reads, type_name
from .numpy import numbers, raw

_NOT_POLARS = ("python_udf", "OPAQUE_PYTHON", "PYTHON")
"""What a query says where it calls a function of the person's."""


_FIXED = {
    **{"Boolean": "b", "Float32": "f", "Float64": "d"},
    **{"Int8": "b", "Int16": "h", "Int32": "i", "Int64": "q"},
    **{"UInt8": "B", "UInt16": "H", "UInt32": "I", "UInt64": "Q"},
}
"""Types of elements that numpy and `array` have as well."""


@reads("polars.dataframe.frame.DataFrame")
def frame(value: Any) -> Node:
    """Columns by name; how they are cut into chunks is no value."""
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
    """`polars.DataFrame`, as a person writes it."""
    name = type_name(type(value))
    return "polars." + name.rpartition(".")[2] if name.startswith("polars.") else name


def _polars() -> Any:
    return sys.modules["polars"]


class _Unnamed:
    """A column, whose name is the frame's to tell."""

    __slots__ = ("column",)

    def __init__(self, column: Any) -> None:
        self.column = column


@reads(f"{_Unnamed.__module__}.{_Unnamed.__qualname__}")
def column(value: Any) -> Node:
    """A column of a frame."""
    return _series(value.column, "polars.Series")


@reads("polars.series.series.Series")
def series(value: Any) -> Node:
    """Type, name and values; that they are known to be sorted is no value."""
    plain = _polars().Series._from_pyseries(value._s) if type(value) is not _polars().Series else value
    node = _series(plain, _name(value))
    return node._replace(content=(plain.name.encode("utf-8", "surrogatepass"), *node.content))


def _series(plain: Any, name: str) -> Node:
    size = ("len({})", str(len(plain)))
    own = (repr(plain.dtype).encode("utf-8", "surrogatepass"),)
    node = Node(
        name, own, size=size, text=lambda: clip(f"{plain.dtype} of {len(plain)}: {plain.head(6).to_list()}", 100)
    )
    code = _code(plain)
    if code is None:
        return _items(node, _listed(plain))
    missing = (_raw(plain.is_null(), "b"),) if plain.null_count() else ()
    values = _raw(plain.to_physical().drop_nulls(), code)
    return node._replace(content=(*own, values, *missing), numbers=lambda: None if missing else _floats(plain))


def _code(plain: Any) -> Optional[str]:
    """How `array` calls the type of elements, of a column of numbers, times or truth values."""
    if str(plain.dtype).startswith(("Categorical", "Enum")):
        return None
    return _FIXED.get(str(plain.to_physical().dtype))


def _raw(plain: Any, code: str) -> memoryview:
    """The same bytes, whether numpy is at hand or not: a later cell may import it."""
    return raw(plain.to_numpy()) if "numpy" in sys.modules else memoryview(array(code, plain.to_list())).cast("B")


def _floats(plain: Any) -> Optional[bytes]:
    return numbers(plain.to_physical().to_numpy()) if "numpy" in sys.modules else None


def _listed(plain: Any) -> List[Any]:
    """The values as Python has them; of a categorical the texts, since its codes depend on what came before."""
    kind = str(plain.dtype)
    as_it_is = kind == "Object" or "Categorical" in kind
    listed: List[Any] = (plain if as_it_is else plain.to_physical()).to_list()
    return listed


def _items(node: Node, items: List[Any]) -> Node:
    """A column by its elements."""
    if node.content and not node.content[0].startswith(b"Object"):
        try:
            return node._replace(content=(*node.content, dumps(items)))
        except ValueError:  # marshal knows lists and numbers, not the objects that may be in them
            pass
    return node._replace(children=items, labels=lambda: [f"[{i}]" for i in range(len(items))])


@reads("polars.lazyframe.frame.LazyFrame")
def query(value: Any) -> Node:
    """What it will do when it is run, and the frames in it; it is not run."""
    base, name = _polars().LazyFrame, _name(value)
    plan = base.explain(value, optimized=False)
    if any(word in plan for word in _NOT_POLARS):
        return Node(name, opaque=f"{name}: a query that calls Python functions")
    return Node(name, (base.serialize(value),), text=lambda: clip(f"<LazyFrame {plan}>"))


@reads("polars.expr.expr.Expr")
def expression(value: Any) -> Node:
    """What it says."""
    name, text = _name(value), _polars().Expr.__str__(value)
    if any(word in text for word in _NOT_POLARS):
        return Node(name, opaque=f"{name}: an expression that calls Python functions")
    return Node(name, (value.meta.serialize(),), text=lambda: clip(text), atom=True)


@reads("polars.dataframe.group_by.GroupBy", "polars.dataframe.group_by.RollingGroupBy")
def grouping(value: Any) -> Node:
    """The frame and the keys, without how far somebody iterates over it."""
    own = {name: item for name, item in sorted(vars(value).items()) if not name.startswith("_")}
    return Node(type_name(type(value)), ("\0".join(own).encode(),), list(own.values()), lambda: ["." + n for n in own])


@reads("polars.datatypes.classes.DataTypeClass", "polars.datatypes.classes.DataType")
def data_type(value: Any) -> Node:
    """A type of elements."""
    text = repr(value)
    return Node("polars.DataType", (text.encode("utf-8", "surrogatepass"),), atom=True, text=lambda: clip(text))
