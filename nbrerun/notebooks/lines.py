"""Where the source of each cell lies in the notebook's file, for tools that show findings next to the text.

The lines of an `.ipynb` file are found by reading its JSON with positions, those of a text notebook by `text`.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbrerun.errors import NotebookError
from nbrerun.notebooks import text

_SPACE = re.compile(r"[ \t\r\n]*")
_SOURCES = ("source", "input", "code")
"""Keys under which a cell keeps its source in nbformat 4, in 3 and 2, and in 1."""
# Not strict: JSON forbids bare control characters in strings, but some writers leave them in.
_DECODER = json.JSONDecoder(strict=False)


@dataclass(frozen=True)
class Place:
    """The first and the last line of a cell's source, counted from 1."""

    line: int = 1
    end_line: int = 1


def read_places(path: str) -> list[Place]:
    """Read the place of each cell, in document order; empty if the file can no longer be read."""
    try:
        content = Path(path).read_text(encoding="utf-8-sig")
        if Path(path).suffix in text.SUFFIXES:
            return [Place(*span) for span in text.lines(content, Path(path))]
        return places_in(content)
    except (OSError, ValueError, RecursionError, NotebookError):
        return []


def places_in(content: str) -> list[Place]:
    """Find the place of each cell in the JSON of a notebook.

    Raises:
        ValueError: it is not JSON.
    """
    positioned = _PositionedJson(content, tuple(match.start() for match in re.finditer("\n", content)))
    return [_place(positioned, cell) for cell in _cells(positioned, positioned.skip(0))]


@dataclass(frozen=True)
class _PositionedJson:
    """JSON text that is walked by offset; `json` itself does not report positions."""

    text: str
    breaks: tuple[int, ...]
    """Offsets of the newlines."""

    def line(self, at: int) -> int:
        return bisect_right(self.breaks, at - 1) + 1

    def value(self, at: int) -> tuple[Any, int]:
        """Read the value that begins at an offset, and return where it ends."""
        return _DECODER.raw_decode(self.text, at)

    def skip(self, at: int) -> int:
        """Return the offset of the next character that is not white space."""
        found = _SPACE.match(self.text, at)
        return found.end() if found else at

    def members(self, at: int) -> Iterator[tuple[str, int]]:
        """Yield the keys of the object that begins at an offset, each with the offset of its value."""
        if not self.text.startswith("{", at):
            return
        at = self.skip(at + 1)
        while not self.text.startswith("}", at):
            key, end = self.value(at)
            begin = self.skip(self.skip(end) + 1)
            yield key, begin
            at = self._next(begin)

    def items(self, at: int) -> Iterator[int]:
        """Yield the offsets of the items of the array that begins at an offset."""
        if not self.text.startswith("[", at):
            return
        at = self.skip(at + 1)
        while not self.text.startswith("]", at):
            yield at
            at = self._next(at)

    def _next(self, begin: int) -> int:
        """Return the offset behind a value and the comma that follows it, if one does."""
        end = self.skip(self.value(begin)[1])
        return self.skip(end + 1) if self.text.startswith(",", end) else end


def _cells(positioned: _PositionedJson, at: int) -> Iterator[int]:
    for key, begin in positioned.members(at):
        if key == "cells":
            yield from positioned.items(begin)
        elif key == "worksheets":  # nbformat 3 and 2 keep the cells one level deeper
            for sheet in positioned.items(begin):
                yield from _cells(positioned, sheet)


def _place(positioned: _PositionedJson, cell: int) -> Place:
    begins = {key: begin for key, begin in positioned.members(cell) if key in _SOURCES}
    at = next((begins[key] for key in _SOURCES if key in begins), cell)
    pieces = list(positioned.items(at)) if positioned.text.startswith("[", at) else [at]
    written = [(positioned.line(piece), str(positioned.value(piece)[0])) for piece in pieces if begins]
    lines = [line for line, piece in written if piece.strip()] or [positioned.line(at)]
    return Place(lines[0], lines[-1])
