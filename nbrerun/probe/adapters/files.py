"""Open files, by their names and positions, without moving them; readers and writers of CSV on top of them."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import gc
import io
from typing import Any, List, NamedTuple, Optional

from ..describe.node import ATOMS, Node, attribute_label, clip, reads, type_name
from ..describe.ownership import comes_with_python
from .generic import members, module_of


@reads("_io._IOBase")
def file(value: Any) -> Optional[Node]:
    """An open file, by its name and position; closed files have no value."""
    if not _is_of_files(value):
        return None  # a class of the user's is in it, and would be called
    if value.closed:
        return Node("closed file", text=lambda: "closed file")
    if isinstance(value, (io.StringIO, io.BytesIO)):
        held = value.getvalue()
        return Node(
            type_name(type(value)),
            children=[held, value.tell()],
            labels=lambda: [".getvalue()", ".tell()"],
            kind="stream",
            text=lambda: clip(repr(held)),
        )
    position = _position(value)
    if position is None:
        return Node(type_name(type(value)), opaque=f"{type_name(type(value))}: its position cannot be read")
    given = getattr(value, "name", "")
    name = str(given) if type(given) in ATOMS else ""  # `open(7)` is named 7
    return Node(
        type_name(type(value)),
        (name.encode("utf-8", "surrogatepass"), b"%d" % position),
        kind="stream" if value.readable() else "data",
        size=("{}.tell()", str(position)),
        text=lambda: f"<file {name} at {position}>",
    )


def _is_of_files(value: Any) -> bool:
    """Whether a file consists of Python's own objects only: `gzip` and others have classes written in Python."""
    while module_of(type(value)) == "_io" and type(value).__name__ not in ("BufferedRWPair", "_IOBase"):
        inner = "buffer" if type(value).__name__ == "TextIOWrapper" else "raw"
        if inner not in members(type(value)):
            return True
        try:
            value = members(type(value))[inner].__get__(value)
        except (AttributeError, ValueError):  # detached from its buffer, and so closed for all purposes
            return True
    return comes_with_python(module_of(type(value)))


def _position(value: Any) -> Optional[int]:
    with contextlib.suppress(OSError, ValueError):  # a pipe
        return _position_in_text(value) if isinstance(value, io.TextIOWrapper) else int(value.tell())
    return None


def _position_in_text(value: Any) -> Optional[int]:
    """A text file's position in bytes.

    It gives none while it is iterated over, and would write what it has pending first. So its buffer is asked, which
    is ahead by the text that was decoded and not read, and behind by what was written.
    """
    offset = _offset_of_text()
    if offset is None:
        return None if value.writable() else int(value.tell())
    layer = _words(value)[offset:]
    decoded = next((each for each in gc.get_referents(value) if id(each) == layer[0] and type(each) is str), "")
    ahead, mark = (part.encode(value.encoding, value.errors or "strict") for part in (decoded[layer[1] :], ""))
    # The mark of the byte order was read long ago.
    return int(value.buffer.tell()) - (len(ahead) - len(mark)) + layer[3]


@functools.lru_cache(maxsize=None)
def _offset_of_text() -> Optional[int]:
    """Where CPython keeps the decoded text of a text file, how much of it was read, and what was written.

    These four words are not to be had from Python (`textio` in Modules/_io/textio.c); they are looked for in files
    whose text is known. None if they are not there.
    """
    read, written = (io.TextIOWrapper(io.BytesIO(b"ab\ncd\n"), encoding="ascii") for _ in range(2))
    next(read)
    written.write("abc")
    decoded = [each for each in gc.get_referents(read) if each == "ab\ncd\n"]
    words = _words(read)
    if not decoded or id(decoded[0]) not in words:
        return None
    at = words.index(id(decoded[0]))
    known = (words[at + 1 : at + 4], _words(written)[at : at + 2], _words(written)[at + 3])
    return at if known == ([3, 0, 0], [0, 0], 3) else None


def _words(value: Any) -> List[int]:
    """The memory of a text file, in words of the size of an address."""
    number = io.TextIOWrapper.__basicsize__ // ctypes.sizeof(ctypes.c_ssize_t)
    return list((ctypes.c_ssize_t * number).from_address(id(value)))


class _Csv(NamedTuple):
    """What a reader or a writer of CSV refers to."""

    dialect: Any
    others: List[Any]


def _csv(value: Any) -> _Csv:
    others = [each for each in gc.get_referents(value) if each is not value.dialect and not isinstance(each, type)]
    return _Csv(value.dialect, others)


@reads("_csv.reader")
def csv_reader(value: Any) -> Node:
    """A reader of CSV, by its position, its dialect and what it goes through."""
    found = _csv(value)
    return Node(
        "_csv.reader",
        children=[value.line_num, found.dialect, *found.others],
        labels=lambda: [".line_num", ".dialect", *(f".<reads {i}>" for i in range(len(found.others)))],
        kind="iterator",
        text=lambda: "<reader of CSV>",
    )


@reads("_csv.writer")
def csv_writer(value: Any) -> Node:
    """A writer of CSV, by its dialect and where it writes to."""
    found = _csv(value)
    return Node(
        "_csv.writer",
        children=[found.dialect, *found.others],
        labels=lambda: [".dialect", *(f".<writes {i}>" for i in range(len(found.others)))],
        text=lambda: "<writer of CSV>",
    )


@reads("_csv.Dialect")
def csv_dialect(value: Any) -> Node:
    """A dialect of CSV, by its parameters."""
    names = [name for name in members(type(value)) if not name.startswith("_")]
    return Node(
        "_csv.Dialect",
        children=[getattr(value, name) for name in names],
        labels=lambda: [attribute_label(name) for name in names],
        text=lambda: "<dialect of CSV>",
    )
