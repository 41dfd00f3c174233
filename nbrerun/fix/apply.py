"""Write new sources of cells into a notebook's file, of which nothing else changes, down to the byte."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from nbrerun.errors import NotebookError
from nbrerun.notebooks import text as text_notebooks
from nbrerun.reporters.write import replace_file

_SPACE = re.compile(r"[ \t\r\n]*")
_COMMA = re.compile(r'",([ \t\r\n]*)"')
"""Between two strings, or a string and a key."""
_DECODER = json.JSONDecoder()
_BOM = "\ufeff"


def apply(path: Path, old: Mapping[int, str], new: Mapping[int, str]) -> None:
    """Write new sources into a notebook's file, atomically.

    Args:
        old: the sources with which the notebook was run, by index of the cell.
        new: the sources of the cells that change.

    Raises:
        NotebookError: the file cannot be edited like this, has changed meanwhile, or cannot be written.
    """
    if not new:
        return
    try:
        content = path.read_bytes().decode("utf-8")
        replace_file(path, with_new_sources(content, path, old, new))
    except OSError as error:
        raise NotebookError(f"{path} cannot be written ({error.strerror})") from error


def with_new_sources(content: str, path: Path, old: Mapping[int, str], new: Mapping[int, str]) -> str:
    """Return the content of a notebook's file with new sources.

    Args:
        content: the whole file, with its line endings as they are.
        old: the sources as they are in the notebook, by index of the cell.
        new: the sources of the cells that change.

    Raises:
        NotebookError: the file is of a kind that cannot be edited like this, or has changed meanwhile.
    """
    if path.suffix in text_notebooks.SUFFIXES:
        return _in_text(content, path, old, new)
    body = content.removeprefix(_BOM)
    try:
        spans = list(_sources(body))
        raw = json.loads(body)
        indexed = [raw["cells"][index]["source"] for index in new]
    except (ValueError, LookupError, TypeError) as error:
        raise NotebookError(f"{path} cannot be edited: only notebooks of nbformat 4 can") from error
    if any(_joined(source) != old[index] for index, source in zip(new, indexed, strict=True)):
        raise NotebookError(f"{path} has changed since it was run: run `nbrerun fix` again")
    escaped = body.isascii()
    elsewhere = (_COMMA.findall(body) or [""])[0]
    for index in sorted(new, reverse=True):
        start, end = spans[index]
        body = body[:start] + _written(body[start:end], new[index], escaped, elsewhere) + body[end:]
    wanted = copy.deepcopy(raw)
    found = json.loads(body)
    for index, source in new.items():
        found["cells"][index]["source"] = _joined(found["cells"][index]["source"])
        wanted["cells"][index]["source"] = source
    if found != wanted:
        raise NotebookError(f"{path} cannot be edited without a change to something else")
    return (_BOM if content.startswith(_BOM) else "") + body


def _joined(source: Any) -> str:
    return source if isinstance(source, str) else "".join(source)


def _sources(body: str) -> Iterator[tuple[int, int]]:
    """Where the values of `source` of the cells begin and end."""
    for key, start in _members(body, _space(body, 0)):
        if key == "cells":
            for cell in _elements(body, start):
                # The last one, as `json` does where a key is given twice.
                *_, at = (at for name, at in _members(body, cell) if name == "source")
                yield at, _DECODER.raw_decode(body, at)[1]


def _space(body: str, at: int) -> int:
    found = _SPACE.match(body, at)
    assert found is not None
    return found.end()


def _members(body: str, at: int) -> Iterator[tuple[str, int]]:
    """The keys of an object, with where their values begin."""
    at = _space(body, at + 1)
    while body[at] != "}":
        key, at = _DECODER.raw_decode(body, at)
        at = _space(body, _space(body, at) + 1)
        yield key, at
        at = _after(body, at)


def _elements(body: str, at: int) -> Iterator[int]:
    """Where the elements of an array begin."""
    at = _space(body, at + 1)
    while body[at] != "]":
        yield at
        at = _after(body, at)


def _after(body: str, at: int) -> int:
    """The place of what comes after a value and its comma."""
    at = _space(body, _DECODER.raw_decode(body, at)[1])
    return _space(body, at + 1) if body[at] == "," else at


def _written(old: str, source: str, escaped: bool, elsewhere: str) -> str:
    """Write a source as the old one is written: as a list of lines or as one string, with the same white space.

    Args:
        escaped: characters beyond ASCII are written as escapes.
        elsewhere: the white space after a comma, where the old source has only one line and no white space.
    """
    if not old.startswith("["):
        return json.dumps(source, ensure_ascii=escaped)
    lines = [json.dumps(line, ensure_ascii=escaped) for line in source.splitlines(keepends=True)]
    if not lines:
        return "[]"
    begin = _space(old, 1)
    end = len(old[:-1].rstrip())
    before, after = old[1:begin], old[end:]
    _, first_end = _DECODER.raw_decode(old, begin) if begin < end else ("", end)
    between = old[first_end + 1 : _space(old, first_end + 1)] if first_end < end else before or elsewhere
    return f"[{before}{f',{between}'.join(lines)}{after}"


def _in_text(content: str, path: Path, old: Mapping[int, str], new: Mapping[int, str]) -> str:
    """Replace cells of a text notebook where they stand in the file as they are."""
    before = text_notebooks.read(content, path)
    result, ending = content, "\r\n" if "\r\n" in content else "\n"
    for index, source in new.items():
        written = old[index].replace("\n", ending)
        if result.count(written) != 1:
            raise NotebookError(f"{path} cannot be edited: cell {index} does not stand in it exactly once")
        result = result.replace(written, source.replace("\n", ending))
    after = text_notebooks.read(result, path)
    for index, source in new.items():
        before["cells"][index]["source"] = source
    if [_shape(cell) for cell in before["cells"]] != [_shape(cell) for cell in after["cells"]]:
        raise NotebookError(f"{path} cannot be edited without a change to something else")
    return result


def _shape(cell: Any) -> tuple[Any, Any]:
    return cell["cell_type"], _joined(cell["source"])
