"""pyarrow: arrays and tables, whatever they are cut into."""

from __future__ import annotations

import datetime
import io
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pytest

from tests.unit.probe.looking import digest, moved, paths, read

DAY = datetime.date(2024, 1, 1)

ARRAYS: dict[str, tuple[list[Any], Any]] = {
    "integers": ([1, None, 3], pa.int64()),
    "floats": ([1.5, None, float("nan")], pa.float64()),
    "halves": ([1.5, None, 2.5], pa.float16()),
    "flags": ([True, None, False], pa.bool_()),
    "texts": (["a", None, "ccc"], pa.string()),
    "large texts": (["a", None, "ccc"], pa.large_string()),
    "views of texts": (["a", None, "c" * 50], pa.string_view()),
    "binary": ([b"a", None, b""], pa.binary()),
    "binary of one length": ([b"ab", None, b"cd"], pa.binary(2)),
    "decimals": ([Decimal("1.5"), None, Decimal("2.5")], pa.decimal128(5, 2)),
    "days": ([DAY, None, datetime.date(2024, 1, 2)], pa.date32()),
    "moments": ([datetime.datetime(2024, 1, 1), None, datetime.datetime(2025, 1, 1)], pa.timestamp("us", "UTC")),
    "durations": ([datetime.timedelta(1), None, datetime.timedelta(2)], pa.duration("s")),
    "lists": ([[1, 2], None, [3, None]], pa.list_(pa.int8())),
    "large lists": ([["a"], None, []], pa.large_list(pa.string())),
    "lists of one length": ([[1, 2], None, [3, 4]], pa.list_(pa.int8(), 2)),
    "lists of lists": ([[[1], None], None, [[2, 3]]], pa.list_(pa.list_(pa.int8()))),
    "structs": ([{"a": 1, "b": "x"}, None, {"a": 2, "b": None}], pa.struct([("a", pa.int8()), ("b", pa.string())])),
    "maps": ([[("a", 1)], None, [("b", None)]], pa.map_(pa.string(), pa.int8())),
    "a dictionary": (["a", None, "b"], pa.dictionary(pa.int8(), pa.string())),
}


def array(case: str) -> Any:
    """An array of one kind, with a missing value."""
    values, kind = ARRAYS[case]
    return pa.array(values, kind)


@pytest.mark.parametrize("case", ARRAYS)
def test_each_kind_of_array_is_read(case: str) -> None:
    """Made again it is equal; with another value or missing value, shorter or in another order it is not."""
    values, kind = ARRAYS[case]
    one, first, _, last = array(case), *values
    others = [pa.array(rows, kind) for rows in ([first, None, first], [first, first, last], values[:2], values[::-1])]
    assert not read(one).opaque
    assert digest(one) == digest(array(case))
    assert len({digest(one), *map(digest, others)}) == 5
    assert moved(one, array(case)) == {}
    assert moved(one, others[0])


@pytest.mark.parametrize("case", ARRAYS)
def test_chunks_and_slices_are_not_value(case: str) -> None:
    """Where it begins in memory, and into how many pieces it is cut."""
    values, kind = ARRAYS[case]
    one = array(case)
    assert digest(pa.array([values[2], *values, values[0]], kind).slice(1, 3)) == digest(one)
    assert digest(pa.array([*values, values[0]], kind).slice(0, 3)) == digest(one)
    pieces = pa.chunked_array([one.slice(0, 1), one.slice(1)])
    assert digest(pieces) == digest(pa.chunked_array([one]))
    assert pieces.num_chunks == 2


@pytest.mark.parametrize("case", ARRAYS)
def test_scalars_are_values(case: str) -> None:
    """An element, a missing one and another."""
    one = array(case)
    assert digest(one[0]) == digest(array(case)[0])
    assert len({digest(one[0]), digest(one[1]), digest(one[2])}) == 3


def test_what_lies_under_a_null_is_not_value() -> None:
    """Numbers that were masked, and elements of lists that were."""
    mask = np.array([False, True, False])
    one, other = (pa.array(np.array([1, under, 3]), mask=mask) for under in (2, 9))
    assert digest(one) == digest(other)
    one, other = (
        pa.ListArray.from_arrays(pa.array([0, 1, 3, 4]), pa.array([1, *under, 4]), mask=pa.array(mask))
        for under in ([2, 3], [8, 9])
    )
    assert digest(one) == digest(other)


def test_runs_and_unknown_types() -> None:
    """Runs of equal values are written out; a type that cannot be read says so, and is never equal in silence."""
    one, other = (pc.run_end_encode(pa.array([1, 1, last])) for last in (2, 3))
    assert digest(one) == digest(pc.run_end_encode(pa.array([1, 1, 2]))) != digest(other)
    union = pa.UnionArray.from_sparse(pa.array([0, 1], pa.int8()), [pa.array([1, 2]), pa.array(["a", "b"])])
    (why,) = read(union).opaque
    assert "union" in why


def test_the_type_is_value() -> None:
    """The same values in another type are another array, and empty arrays have types too."""
    made = [pa.array([1, 2], kind) for kind in (pa.int8(), pa.int64(), pa.float64())]
    made += [pa.array([], kind) for kind in (pa.int8(), pa.string(), pa.list_(pa.int8()), pa.null())]
    made += [pa.nulls(2), pa.nulls(3), pa.array(["a"]), pa.array(["a"], pa.large_string())]
    assert len(set(map(digest, made))) == len(made)


def table() -> Any:
    """A small table."""
    return pa.table({"price": [1.0, 2.0], "name": ["a", None]})


TABLES: dict[str, Callable[[Any], Any]] = {
    "a value": lambda t: t.set_column(0, "price", [[1.0, 2.5]]),
    "a name": lambda t: t.rename_columns(["price", "title"]),
    "a type": lambda t: t.set_column(0, "price", [pa.array([1.0, 2.0], pa.float32())]),
    "a column less": lambda t: t.drop_columns(["name"]),
    "the order of columns": lambda t: t.select(["name", "price"]),
    "a row less": lambda t: t.slice(0, 1),
    "a note": lambda t: t.replace_schema_metadata({"source": "there"}),
    "what may be missing": lambda t: t.cast(pa.schema([pa.field("price", pa.float64(), nullable=False), t.field(1)])),
}


@pytest.mark.parametrize("case", TABLES)
def test_each_kind_of_change_of_a_table_is_seen(case: str) -> None:
    """Values, names, types, order and notes are value, in a table and in a batch; and there is a change to show."""
    one, other = table(), TABLES[case](table())
    assert not read(one).opaque
    assert digest(one) == digest(table()) != digest(other)
    assert digest(one.to_batches()[0]) == digest(table().to_batches()[0]) != digest(other.to_batches()[0])
    assert moved(one, other)


def test_a_change_is_told_by_column() -> None:
    """`table['price']` by up to a number, the shape by the shapes."""
    change = moved(table(), TABLES["a value"](table()))["x['price']"]
    assert change.max_abs_change == 0.5
    assert "2.5" in change.again
    assert moved(table(), table().slice(0, 1))["x.shape"].again == "(1, 2)"
    assert {"x['price']", "x['name']", "x.schema"} <= paths(table())


def test_looking_leaves_a_table_in_its_chunks() -> None:
    """Two pieces stay two pieces."""
    both = pa.concat_tables([table(), table()])
    read(both)
    paths(both)
    assert both.column(0).num_chunks == 2


def test_schemas_and_types_are_values() -> None:
    """By name, type and note."""
    made = [pa.schema([("a", kind)]) for kind in (pa.int8(), pa.string())]
    made += [pa.schema([("b", pa.int8())]), pa.schema([("a", pa.int8())], metadata={"k": "v"})]
    assert len(set(map(digest, made))) == len(made)
    assert digest(pa.timestamp("s")) == digest(pa.timestamp("s")) != digest(pa.timestamp("ms"))
    assert digest(ds.field("a") > 1) == digest(ds.field("a") > 1) != digest(ds.field("a") > 2)


def test_files_and_streams_are_where_they_are() -> None:
    """A look moves none of them; closed files have no value."""
    sink = pa.BufferOutputStream()
    writer = pa.ipc.new_stream(sink, table().schema)
    empty = digest(writer), digest(sink)
    writer.write_table(table())
    assert digest(writer) != empty[0]
    assert digest(sink) != empty[1]
    writer.close()
    reader, file = pa.ipc.open_stream(sink.getvalue()), pa.BufferReader(b"abc")
    unread = digest(reader), digest(file)
    assert [read(reader).kind, read(file).kind] == ["iterator", "stream"]
    assert (digest(reader), digest(file)) == unread
    reader.read_next_batch()
    assert file.read(1) == b"a"
    assert digest(reader) != unread[0]
    assert digest(file) != unread[1]
    file.close()
    assert digest(file) == digest(sink)


OPAQUE: dict[str, Callable[[], Any]] = {
    "a file": lambda: pa.PythonFile(io.BytesIO(b"abc"), mode="r"),
    "a reader": lambda: pa.RecordBatchReader.from_batches(table().schema, table().to_batches()),
    "a dataset": lambda: ds.dataset(table()),
}


@pytest.mark.parametrize("case", OPAQUE)
def test_what_is_read_on_demand_is_opaque(case: str) -> None:
    """It is said, with its type; and a look reads nothing from it."""
    value = OPAQUE[case]()
    (why,) = read(value).opaque
    assert type(value).__name__ in why
    left = {
        "a file": lambda v: v.read(),
        "a reader": lambda v: len(v.read_all()),
        "a dataset": lambda v: v.count_rows(),
    }
    assert left[case](value) in (b"abc", 2)


def test_millions_of_texts_in_many_pieces_are_read_as_one() -> None:
    """However many they are, the last of them counts."""
    many = pa.array([f"text {i}" for i in range(200_000)])
    whole = pa.chunked_array([many] * 10)
    assert digest(whole) != digest(pa.chunked_array([many] * 9 + [many.slice(1)]))
