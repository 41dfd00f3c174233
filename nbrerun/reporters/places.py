"""Where things are, for tools that show a finding beside the text: paths in the repository, lines in the file.

The lines are those of the notebook's file itself: of an `.ipynb` file found by reading its JSON with positions, of one
that is text by `notebooks.text`. A file that cannot be read any more, or has other cells by now, gives line 1.
"""

from __future__ import annotations

import json
import os
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbrerun.errors import NotebookError
from nbrerun.notebooks.text import SUFFIXES, lines
from nbrerun.reporters.text import clean

_SPACE = re.compile(r"[ \t\r\n]*")
_SOURCES = ("source", "input", "code")
"""Where a cell keeps its source: nbformat 4, 3 and 2, 1."""
_DECODER = json.JSONDecoder(strict=False)


@dataclass(frozen=True)
class Place:
    """Lines of a file, counted from 1; both belong to it."""

    line: int = 1
    end_line: int = 1


@dataclass(frozen=True)
class _Text:
    """JSON with positions."""

    text: str
    breaks: tuple[int, ...]

    @classmethod
    def of(cls, text: str) -> _Text:
        return cls(text, tuple(match.start() for match in re.finditer("\n", text)))

    def line(self, at: int) -> int:
        return bisect_right(self.breaks, at - 1) + 1

    def value(self, at: int) -> tuple[Any, int]:
        """Read the value that begins here, and say where it ends."""
        return _DECODER.raw_decode(self.text, at)

    def skip(self, at: int) -> int:
        found = _SPACE.match(self.text, at)
        return found.end() if found else at

    def members(self, at: int) -> Iterator[tuple[str, int]]:
        """Give the keys of the object that begins here, and where the value of each begins."""
        if not self.text.startswith("{", at):
            return
        at = self.skip(at + 1)
        while not self.text.startswith("}", at):
            key, end = self.value(at)
            begin = self.skip(self.skip(end) + 1)
            yield key, begin
            at = self._next(begin)

    def items(self, at: int) -> Iterator[int]:
        """Say where the items of the array that begins here begin."""
        if not self.text.startswith("[", at):
            return
        at = self.skip(at + 1)
        while not self.text.startswith("]", at):
            yield at
            at = self._next(at)

    def _next(self, begin: int) -> int:
        """Go behind the value that begins here, and the comma if there is one."""
        end = self.skip(self.value(begin)[1])
        return self.skip(end + 1) if self.text.startswith(",", end) else end


def cells_of(text: str) -> list[Place]:
    """Say for each cell of a notebook's text, in its order, on which lines its source stands.

    Raises:
        ValueError: it is not JSON.
    """
    json_text = _Text.of(text)
    return [_place(json_text, cell) for cell in _cells(json_text, json_text.skip(0))]


def _cells(text: _Text, at: int) -> Iterator[int]:
    for key, begin in text.members(at):
        if key == "cells":
            yield from text.items(begin)
        elif key == "worksheets":  # nbformat 3 and 2 keep the cells one level deeper
            for sheet in text.items(begin):
                yield from _cells(text, sheet)


def _place(text: _Text, cell: int) -> Place:
    begins = {key: begin for key, begin in text.members(cell) if key in _SOURCES}
    at = next((begins[key] for key in _SOURCES if key in begins), cell)
    pieces = list(text.items(at)) if text.text.startswith("[", at) else [at]
    written = [(text.line(piece), str(text.value(piece)[0])) for piece in pieces if begins]
    lines = [line for line, piece in written if piece.strip()] or [text.line(at)]
    return Place(lines[0], lines[-1])


def read_cells(path: str) -> list[Place]:
    """Like `cells_of`, of a file that may be text as well; empty where that cannot be said."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
        if Path(path).suffix in SUFFIXES:
            return [Place(*span) for span in lines(text, Path(path))]
        return cells_of(text)
    except (OSError, ValueError, RecursionError, NotebookError):
        return []


def path_in_repository(path: str, environment: Mapping[str, str] = os.environ) -> str:
    """Write the path as services want it: from the top of the repository, with forward slashes."""
    whole = Path(os.path.abspath(path))
    for top in _tops(whole, environment):
        if whole.is_relative_to(top):
            return clean(whole.relative_to(top).as_posix())
    return clean(whole.as_posix())


def _tops(path: Path, environment: Mapping[str, str]) -> Iterator[Path]:
    """Folders that may be the repository's, the surest first."""
    for name in ("GITHUB_WORKSPACE", "CI_PROJECT_DIR"):
        if environment.get(name):
            yield Path(os.path.abspath(environment[name]))
    yield from (folder for folder in path.parents if (folder / ".git").exists())
    yield Path.cwd()
