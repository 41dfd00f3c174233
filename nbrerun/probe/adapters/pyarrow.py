"""pyarrow: arrays and tables, buffer by buffer and without a Python object for every element.

How an array is cut into chunks, from where a slice starts, and what lies under a null is no value.
"""

from __future__ import annotations

import sys
from typing import Any, Callable, List, Optional, Sequence, Tuple

from ..describe.node import Node, clip, key_text, reads, type_name
from .numpy import numbers

_ELSEWHERE = {
    "pyarrow.lib.NativeFile": "a file",
    "pyarrow.lib.RecordBatchReader": "a reader of batches",
    "pyarrow._dataset.Dataset": "files that are read on demand",
    "pyarrow._dataset.Scanner": "files that are read on demand",
    "pyarrow._dataset.Fragment": "a file that is read on demand",
    "pyarrow.parquet.core.ParquetFile": "a file",
    "pyarrow.parquet.core.ParquetWriter": "a file",
    "pyarrow.parquet.core.ParquetDataset": "files that are read on demand",
    "pyarrow._csv.CSVStreamingReader": "a reader of batches",
    "pyarrow.lib._RecordBatchFileReader": "a file",
    "pyarrow.lib._RecordBatchStreamReader": "a reader of batches",
    "pyarrow.lib._CRecordBatchWriter": "a file",
    "pyarrow.lib.MemoryPool": "memory",
    "pyarrow._fs.FileSystem": "a file system",
}


@reads(*_ELSEWHERE)
def elsewhere(value: Any) -> Node:
    """What is read from, and how far it has been, is not in memory."""
    names = (f"{cls.__module__}.{cls.__qualname__}" for cls in type(value).__mro__)
    what = next(_ELSEWHERE[name] for name in names if name in _ELSEWHERE)
    return Node(type_name(type(value)), opaque=f"{type_name(type(value))}: {what}")


@reads("pyarrow.lib.Array")
def array(value: Any) -> Node:
    """Type and values."""
    return _column(type_name(type(value)), value, value)


@reads("pyarrow.lib.ChunkedArray")
def chunked(value: Any) -> Node:
    """Type and values, however they are cut."""
    return _column("pyarrow.ChunkedArray", value, joined(value))


def _column(name: str, value: Any, whole: Any) -> Node:
    own = (_type_bytes(value.type), b"%d" % len(value))
    size = ("len({})", str(len(value)))
    parts = contents(whole)
    if parts is None:
        return Node(name, own, opaque=f"{name}: values of type {value.type} cannot be read", size=size)
    return Node(
        name,
        (*own, *parts),
        size=size,
        text=lambda: clip(f"{value.type} of {len(value)}: {whole.slice(0, 6).to_pylist()}", 100),
        numbers=lambda: as_numbers(whole),
    )


def _type_bytes(kind: Any) -> bytes:
    return str(kind).encode("utf-8", "surrogatepass")


def as_numbers(whole: Any) -> Optional[bytes]:
    """The values as float64, where they are numbers and all there."""
    types = sys.modules["pyarrow"].types
    if whole.null_count or not (types.is_integer(whole.type) or types.is_floating(whole.type)):
        return None
    return numbers(whole.to_numpy(zero_copy_only=False)) if "numpy" in sys.modules else None


def joined(value: Any) -> Any:
    """The chunks as one array; texts that are too many for one become large texts first."""
    arrow = sys.modules["pyarrow"]
    if value.num_chunks == 1:
        return value.chunk(0)
    wide = {arrow.string(): arrow.large_string(), arrow.binary(): arrow.large_binary()}
    kind = next((large for small, large in wide.items() if value.type == small), None)
    if kind is not None and value.nbytes >= 1 << 31:
        value = value.cast(kind)
    whole = value.combine_chunks()
    return whole if isinstance(whole, arrow.Array) else arrow.concat_arrays(whole.chunks)


def contents(value: Any) -> Optional[List[Any]]:
    """The values as buffers, equal for equal values; None for types that have no such form."""
    arrow = sys.modules["pyarrow"]
    if isinstance(value, arrow.ExtensionArray):
        return contents(value.storage)
    value.slice(0, 0).is_null()  # so that pyarrow has loaded its functions on arrays
    if str(value.type) in ("string_view", "binary_view"):  # few functions know these
        value = value.cast(arrow.large_string() if str(value.type) == "string_view" else arrow.large_binary())
    if arrow.types.is_null(value.type):
        return []
    missing: List[Any] = []
    if value.null_count:
        missing = [b"nulls", _bits(value.is_null())]
        value = value.drop_null()
    kind = next((read for matches, read in _KINDS if matches(arrow.types, value.type)), None)
    parts = kind(value) if kind is not None else None
    return None if parts is None else [*missing, *parts]


def _bits(value: Any) -> bytes:
    """Booleans lie bit by bit, from any bit on."""
    arrow = sys.modules["pyarrow"]
    return bytes(_fixed(value.cast(arrow.uint8()))[0])


def _fixed(value: Any) -> List[Any]:
    """Elements of one and the same width."""
    width: int = value.type.bit_width // 8
    memory = value.buffers()[1]
    start = value.offset * width
    return [memoryview(memory)[start : start + len(value) * width] if memory is not None and width else b""]


def _cuts(value: Any) -> Any:
    """Where each element of different lengths begins, and where the last one ends."""
    arrow = sys.modules["pyarrow"]
    wide = str(value.type).startswith("large_")
    kind = arrow.int64() if wide else arrow.int32()
    return arrow.Array.from_buffers(kind, len(value) + 1, [None, value.buffers()[1]], offset=value.offset)


def _lengths(cuts: Any) -> List[Any]:
    """How long each element is, in the same words for large texts and others."""
    after, before = cuts.slice(1), cuts.slice(0, len(cuts) - 1)
    lengths = sys.modules["pyarrow.compute"].subtract(after, before)
    return _fixed(lengths.cast(sys.modules["pyarrow"].int64()))


def _texts(value: Any) -> List[Any]:
    """Lengths, and all texts one after the other."""
    memory = value.buffers()[2]
    if not len(value):
        return []
    cuts = _cuts(value)
    first, last = cuts[0].as_py(), cuts[len(value)].as_py()
    return [*_lengths(cuts), memoryview(memory)[first:last] if memory is not None else b""]


def _lists(value: Any) -> Optional[List[Any]]:
    """Lengths, and all elements one after the other; of a map its keys and its items."""
    if not len(value):
        return []
    cuts = _cuts(value)
    first, last = cuts[0].as_py(), cuts[len(value)].as_py()
    inner = [value.keys, value.items] if hasattr(value, "items") else [value.values]
    return _all([_lengths(cuts)], [part.slice(first, last - first) for part in inner])


def _all(parts: List[List[Any]], inner: Sequence[Any]) -> Optional[List[Any]]:
    """What is known already, and the contents of arrays inside of an array."""
    for each in inner:
        found = contents(each)
        if found is None:
            return None
        parts.append([b"%d" % len(each), *found])
    return [part for known in parts for part in known]


def _structs(value: Any) -> Optional[List[Any]]:
    return _all([], [value.field(i) for i in range(value.type.num_fields)])


def _same_lengths(value: Any) -> Optional[List[Any]]:
    return contents(value.flatten())


def _decoded(value: Any) -> Optional[List[Any]]:
    return contents(value.dictionary_decode())


def _runs(value: Any) -> Optional[List[Any]]:
    return contents(sys.modules["pyarrow.compute"].run_end_decode(value))


def _is(*names: str) -> Callable[[Any, Any], bool]:
    """Whether a type is one of these; an older pyarrow has not all of them."""
    return lambda types, kind: any(getattr(types, "is_" + name, lambda _: False)(kind) for name in names)


_KINDS: Sequence[Tuple[Callable[[Any, Any], bool], Callable[[Any], Optional[List[Any]]]]] = (
    (_is("boolean"), lambda value: [_bits(value)]),
    (_is("dictionary"), _decoded),
    (_is("primitive", "decimal", "fixed_size_binary", "interval"), _fixed),
    (_is("string", "large_string", "binary", "large_binary"), _texts),
    (_is("list", "large_list", "map"), _lists),
    (_is("fixed_size_list"), _same_lengths),
    (_is("struct"), _structs),
    (_is("run_end_encoded"), _runs),
)


@reads("pyarrow.lib.Table", "pyarrow.lib.RecordBatch")
def table(value: Any) -> Node:
    """Columns by name, and the schema with what is noted in it."""
    names = value.schema.names
    return Node(
        type_name(type(value)),
        children=[value.schema, *(value.column(i) for i in range(len(names)))],
        labels=lambda: [".schema", *(f"[{key_text(name)}]" for name in names)],
        size=("{}.shape", str((value.num_rows, value.num_columns))),
        text=lambda: f"{type(value).__name__} of shape {(value.num_rows, value.num_columns)}",
    )


@reads("pyarrow.lib.Schema")
def schema(value: Any) -> Node:
    """Fields, and what is noted beside them."""
    return Node(
        "pyarrow.Schema",
        children=[*value, value.metadata],
        labels=lambda: [*(f".field({key_text(name)})" for name in value.names), ".metadata"],
        text=lambda: clip(f"schema of {', '.join(value.names)}"),
    )


@reads("pyarrow.lib.Field")
def field(value: Any) -> Node:
    """Name, type, whether it may be null, and what is noted."""
    own = (value.name.encode("utf-8", "surrogatepass"), _type_bytes(value.type), b"%d" % value.nullable)
    return Node("pyarrow.Field", own, [value.metadata], lambda: [".metadata"], text=lambda: clip(str(value)))


@reads("pyarrow.lib.DataType")
def data_type(value: Any) -> Node:
    """A type of elements."""
    return Node(type_name(type(value)), (_type_bytes(value),), atom=True, text=lambda: clip(str(value)))


@reads("pyarrow.lib.Scalar")
def scalar(value: Any) -> Node:
    """One element."""
    node = _column(type_name(type(value)), value_as_array(value), value_as_array(value))
    return node._replace(size=None, atom=True, text=lambda: clip(str(value)))


def value_as_array(value: Any) -> Any:
    """One element as an array of it."""
    arrow = sys.modules["pyarrow"]
    return arrow.nulls(1, value.type) if not value.is_valid else arrow.repeat(value, 1)


@reads("pyarrow.lib.Buffer")
def buffer(value: Any) -> Node:
    """Raw memory."""
    return Node("pyarrow.Buffer", (memoryview(value),), size=("{}.size", str(value.size)))
