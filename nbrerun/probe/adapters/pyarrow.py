"""pyarrow: arrays and tables, read buffer by buffer, without a Python object for every element.

Chunks, the offset of a slice and what is in memory under a null are not part of the value.
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
    "pyarrow.lib.MemoryPool": "memory",
    "pyarrow._fs.FileSystem": "a file system",
}


@reads(*_ELSEWHERE)
def elsewhere(value: Any) -> Node:
    """An object whose contents are not in memory."""
    names = (f"{cls.__module__}.{cls.__qualname__}" for cls in type(value).__mro__)
    what = next(_ELSEWHERE[name] for name in names if name in _ELSEWHERE)
    return Node(type_name(type(value)), opaque=f"{type_name(type(value))}: {what}")


@reads("pyarrow.lib._RecordBatchStreamReader")
def stream_reader(value: Any) -> Node:
    """A reader of a stream of batches, by how many it has read."""
    content = (_type_bytes(value.schema), _type_bytes(value.stats))
    return Node(type_name(type(value)), content, kind="iterator", text=lambda: _batches(value))


@reads("pyarrow.lib._CRecordBatchWriter")
def writer(value: Any) -> Node:
    """A writer of batches, by how many it has written."""
    return Node(type_name(type(value)), (_type_bytes(value.stats),), text=lambda: _batches(value))


def _batches(value: Any) -> str:
    return f"<{type(value).__name__} after {value.stats.num_record_batches} batches>"


@reads(
    "pyarrow.lib.OSFile", "pyarrow.lib.MemoryMappedFile", "pyarrow.lib.BufferReader", "pyarrow.lib.BufferOutputStream"
)
def file(value: Any) -> Node:
    """A file of Arrow's own, or a buffer like one, by its position; closed files have no value."""
    if value.closed:
        return Node("closed file", text=lambda: "closed file")
    position = value.tell()
    return Node(
        type_name(type(value)),
        (value.mode.encode(), b"%d" % position),
        kind="stream" if value.readable() else "data",
        size=("{}.tell()", str(position)),
        text=lambda: f"<{type(value).__name__} at {position}>",
    )


@reads("pyarrow.lib.Array")
def array(value: Any) -> Node:
    """An array, by type and values."""
    return _column(type_name(type(value)), value, value)


@reads("pyarrow.lib.ChunkedArray")
def chunked(value: Any) -> Node:
    """A chunked array, by type and values."""
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
    """Return the values as float64, or None if they are not numbers or some are missing."""
    types = sys.modules["pyarrow"].types
    if whole.null_count or not (types.is_integer(whole.type) or types.is_floating(whole.type)):
        return None
    return numbers(whole.to_numpy(zero_copy_only=False)) if "numpy" in sys.modules else None


def joined(value: Any) -> Any:
    """Return the chunks as one array."""
    arrow = sys.modules["pyarrow"]
    if value.num_chunks == 1:
        return value.chunk(0)
    # Offsets of `string` have 32 bits, so more than 2 GiB of text in one array needs `large_string`.
    wide = {arrow.string(): arrow.large_string(), arrow.binary(): arrow.large_binary()}
    kind = next((large for small, large in wide.items() if value.type == small), None)
    if kind is not None and value.nbytes >= 1 << 31:
        value = value.cast(kind)
    whole = value.combine_chunks()
    return whole if isinstance(whole, arrow.Array) else arrow.concat_arrays(whole.chunks)


def contents(value: Any) -> Optional[List[Any]]:
    """Return the values as buffers that are equal for equal values, or None for types that are not known here."""
    arrow = sys.modules["pyarrow"]
    if isinstance(value, arrow.ExtensionArray):
        return contents(value.storage)
    value.slice(0, 0).is_null()  # this makes pyarrow load its compute functions
    if str(value.type) in ("string_view", "binary_view"):  # few compute functions take these
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
    """Return booleans as bytes: in their own buffer each is one bit, and a slice may start within a byte."""
    arrow = sys.modules["pyarrow"]
    return bytes(_fixed(value.cast(arrow.uint8()))[0])


def _fixed(value: Any) -> List[Any]:
    """Return the buffer of elements that all have the same width."""
    width: int = value.type.bit_width // 8
    memory = value.buffers()[1]
    start = value.offset * width
    return [memoryview(memory)[start : start + len(value) * width] if memory is not None and width else b""]


def _cuts(value: Any) -> Any:
    """Return the offsets of elements of different lengths, one more than there are elements."""
    arrow = sys.modules["pyarrow"]
    wide = str(value.type).startswith("large_")
    kind = arrow.int64() if wide else arrow.int32()
    return arrow.Array.from_buffers(kind, len(value) + 1, [None, value.buffers()[1]], offset=value.offset)


def _lengths(cuts: Any) -> List[Any]:
    """Return the length of each element as int64, for large and other types alike."""
    after, before = cuts.slice(1), cuts.slice(0, len(cuts) - 1)
    lengths = sys.modules["pyarrow.compute"].subtract(after, before)
    return _fixed(lengths.cast(sys.modules["pyarrow"].int64()))


def _texts(value: Any) -> List[Any]:
    """Return lengths, and all texts in one buffer."""
    memory = value.buffers()[2]
    if not len(value):
        return []
    cuts = _cuts(value)
    first, last = cuts[0].as_py(), cuts[len(value)].as_py()
    return [*_lengths(cuts), memoryview(memory)[first:last] if memory is not None else b""]


def _lists(value: Any) -> Optional[List[Any]]:
    """Return lengths, and the contents of all elements; for a map, those of keys and items."""
    if not len(value):
        return []
    cuts = _cuts(value)
    first, last = cuts[0].as_py(), cuts[len(value)].as_py()
    inner = [value.keys, value.items] if hasattr(value, "items") else [value.values]
    return _all([_lengths(cuts)], [part.slice(first, last - first) for part in inner])


def _all(parts: List[List[Any]], inner: Sequence[Any]) -> Optional[List[Any]]:
    """Add the contents of arrays within an array; None if one of them cannot be read."""
    for each in inner:
        found = contents(each)
        if found is None:
            return None
        parts.append([b"%d" % len(each), *found])
    return [part for known in parts for part in known]


def _is(*names: str) -> Callable[[Any, Any], bool]:
    """Return a test for types, some of which an older pyarrow does not have."""
    return lambda types, kind: any(getattr(types, "is_" + name, lambda _: False)(kind) for name in names)


_KINDS: Sequence[Tuple[Callable[[Any, Any], bool], Callable[[Any], Optional[List[Any]]]]] = (
    (_is("boolean"), lambda value: [_bits(value)]),
    (_is("dictionary"), lambda value: contents(value.dictionary_decode())),
    (_is("primitive", "decimal", "fixed_size_binary", "interval"), _fixed),
    (_is("string", "large_string", "binary", "large_binary"), _texts),
    (_is("list", "large_list", "map"), _lists),
    (_is("fixed_size_list"), lambda value: contents(value.flatten())),
    (_is("struct"), lambda value: _all([], [value.field(i) for i in range(value.type.num_fields)])),
    (_is("run_end_encoded"), lambda value: contents(sys.modules["pyarrow.compute"].run_end_decode(value))),
)


@reads("pyarrow.lib.Table", "pyarrow.lib.RecordBatch")
def table(value: Any) -> Node:
    """A table, by its columns and its schema."""
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
    """A schema, by its fields and metadata."""
    return Node(
        "pyarrow.Schema",
        children=[*value, value.metadata],
        labels=lambda: [*(f".field({key_text(name)})" for name in value.names), ".metadata"],
        text=lambda: clip(f"schema of {', '.join(value.names)}"),
    )


@reads("pyarrow.lib.Field")
def field(value: Any) -> Node:
    """A field, by name, type, nullability and metadata."""
    own = (value.name.encode("utf-8", "surrogatepass"), _type_bytes(value.type), b"%d" % value.nullable)
    return Node("pyarrow.Field", own, [value.metadata], lambda: [".metadata"], text=lambda: clip(str(value)))


@reads("pyarrow.lib.DataType")
def data_type(value: Any) -> Node:
    """An element type, by its name."""
    return Node(type_name(type(value)), (_type_bytes(value),), atom=True, text=lambda: clip(str(value)))


@reads("pyarrow.lib.Scalar")
def scalar(value: Any) -> Node:
    """A scalar, as an array of one element."""
    arrow = sys.modules["pyarrow"]
    array = arrow.repeat(value, 1) if value.is_valid else arrow.nulls(1, value.type)
    node = _column(type_name(type(value)), array, array)
    return node._replace(size=None, atom=True, text=lambda: clip(str(value)))


@reads("pyarrow.lib.Buffer")
def buffer(value: Any) -> Node:
    """A buffer of bytes."""
    return Node("pyarrow.Buffer", (memoryview(value),), size=("{}.size", str(value.size)))
