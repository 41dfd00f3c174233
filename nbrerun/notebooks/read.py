"""Read notebooks; the only module that uses nbformat. A notebook file is never written.

Text notebooks are converted by `text`; from then on they are treated like any other.
"""

from __future__ import annotations

import copy
import json
import os
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import nbformat

from nbrerun.errors import NotebookError
from nbrerun.model import Cell
from nbrerun.notebooks import cell_tags, inline_metadata, text
from nbrerun.notebooks.inline_metadata import InlineMetadata

_KNOWN_MAJOR = 4
_CONFLICT = re.compile("^<{7} ", re.MULTILINE)
"""The beginning of one (git-merge(1), "How conflicts are presented")."""
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Notebook:
    """A notebook as nbformat 4, with the code cells that a main run executes."""

    path: Path
    """As the user gave it."""
    node: Any = field(repr=False, compare=False)
    """The `nbformat.NotebookNode`; every cell has an id."""
    cells: tuple[Cell, ...]
    """Code cells that are executed, in document order: not blank, not tagged `skip-execution` or `nbval-skip`."""
    skipped: tuple[Cell, ...] = ()
    """Code cells that nbclient (or nbval) skips because of their tag."""
    kernel_name: str | None = None
    """Name of the notebook's kernelspec; None if it names none."""
    language: str | None = None
    """Language according to the notebook (`python`, `R` ...); None if it names none."""
    needs: tuple[str, ...] = ()
    """Top-level modules that the notebook's metadata declares as required."""
    inline_metadata: InlineMetadata | None = None
    """What a cell declares for the whole notebook (PEP 723); None if no cell does."""

    @property
    def folder(self) -> Path:
        """The folder that the notebook runs in; symbolic links are not resolved, as in Jupyter."""
        return self.path.absolute().parent


def read_notebook(path: str | os.PathLike[str], content: str | None = None) -> Notebook:
    """Read a text notebook, or one of any nbformat up to 4, which is upgraded in memory.

    Args:
        content: another version of what is in the file, to be read instead.

    Raises:
        NotebookError: the file cannot be read or is not a notebook, or its metadata, or that of a cell, declares
            something invalid.
    """
    path = Path(path)
    raw = _load(path, content)
    node = _upgrade(raw, path)
    cells = [_tidy(cell, path) for cell in node["cells"]]
    # nbformat generates random ids when it upgrades, but reports have to name the same cell every time.
    _name_cells(cells, keep=raw["nbformat"] == _KNOWN_MAJOR)
    # Cell ids are part of the format since 4.5 (JEP 62).
    node["nbformat_minor"] = max(_minor(node), 5)
    code = []
    for index, cell in enumerate(cells):
        metadata = cell["metadata"]
        declared = cell_tags.declared(f"{path}, cell {index}", metadata, cell["cell_type"] == "code")
        if half := _SURROGATE.search(cell["source"]):
            said = f"U+{ord(half[0]):04X}, half of a character, which no kernel can be sent"
            raise NotebookError(f"{path}, cell {index}: the source contains {said}")
        if is_code(cell):
            tags = cell_tags.tags(metadata.get("tags"))
            if tags:  # nbclient reads them from the node
                metadata["tags"] = tags
            count = cell["execution_count"]
            count = count if type(count) is int else None
            code.append(Cell(index, cell["id"], cell["source"], frozenset(tags), declared, count))
    return Notebook(
        path=path,
        node=node,
        cells=tuple(cell for cell in code if not cell.is_left_out),
        skipped=tuple(cell for cell in code if cell.is_left_out),
        kernel_name=_text(node, "kernelspec", "name"),
        language=_text(node, "kernelspec", "language") or _text(node, "language_info", "name"),
        needs=_needs(node, path),
        inline_metadata=inline_metadata.read(cell.source for cell in code),
    )


def with_sources(notebook: Notebook, sources: Mapping[int, str]) -> Notebook:
    """Return a notebook in which some cells have another source, by index; without those that become blank."""
    node = copy.deepcopy(notebook.node)
    for index, source in sources.items():
        node["cells"][index]["source"] = source
    cells = (replace(cell, source=node["cells"][cell.index]["source"]) for cell in notebook.cells)
    return replace(notebook, node=node, cells=tuple(cell for cell in cells if cell.source.strip()))


def _load(path: Path, content: str | None) -> dict[str, Any]:
    try:
        # With or without a byte order mark, which some editors on Windows write.
        content = path.read_text(encoding="utf-8-sig") if content is None else content.removeprefix("\ufeff")
    except FileNotFoundError:
        raise NotebookError(f"there is no file {path}") from None
    except OSError as error:
        raise NotebookError(f"{path} cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise NotebookError(f"{path} is not a notebook: it is not UTF-8 text") from error
    return text.read(content, path) if path.suffix in text.SUFFIXES else _json(content, path)


def _json(content: str, path: Path) -> dict[str, Any]:
    if not content.strip():
        raise NotebookError(f"{path} is not a notebook: the file is empty")
    try:
        raw = json.loads(content)
    except json.JSONDecodeError as error:
        if conflict := _CONFLICT.search(content):
            line = content.count("\n", 0, conflict.start()) + 1
            raise NotebookError(f"{path} has a merge conflict in line {line}; resolve it first") from error
        where = f"line {error.lineno} column {error.colno}: {error.msg}"
        raise NotebookError(f"{path} is not a notebook: it is not JSON ({where})") from error
    except (RecursionError, ValueError) as error:
        raise NotebookError(f"{path} is not a notebook: its JSON cannot be read ({error})") from error
    major = raw.get("nbformat") if isinstance(raw, dict) else None
    if not isinstance(raw, dict) or type(major) is not int or major < 1:
        raise NotebookError(f"{path} is JSON, but not a notebook: it does not state its nbformat")
    if major > _KNOWN_MAJOR:
        raise NotebookError(f"{path} has nbformat {major}; the newest that nbrerun can read is {_KNOWN_MAJOR}")
    contents = "worksheets" if major in (2, 3) else "cells"
    if not isinstance(raw.get(contents), list):
        raise NotebookError(f"{path} is JSON, but not a notebook: it has no list of {contents}")
    return raw


def _minor(raw: dict[str, Any]) -> int:
    minor = raw.get("nbformat_minor")
    return minor if isinstance(minor, int) else 0


def _upgrade(raw: dict[str, Any], path: Path) -> Any:
    """Convert to a node of nbformat 4, as leniently as Jupyter: flaws that do not affect execution are accepted."""
    major, minor = raw["nbformat"], _minor(raw)
    # nbformat fails on missing metadata, which some writers leave out.
    for holder in (raw, *raw.get("cells", ())):
        if isinstance(holder, dict) and not isinstance(holder.get("metadata"), dict):
            holder["metadata"] = {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            node = nbformat.versions[major].to_notebook_json(raw, minor=minor)
            return nbformat.convert(node, _KNOWN_MAJOR)  # type: ignore[no-untyped-call]
    except (AttributeError, LookupError, TypeError, ValueError, nbformat.ValidationError) as error:
        why = str(error).partition("\n")[0] or type(error).__name__
        raise NotebookError(f"{path} is a damaged notebook of nbformat {major} ({why})") from error


def _tidy(cell: Any, path: Path) -> Any:
    """Add the keys that nbclient requires and some writers leave out."""
    if not isinstance(cell, dict) or not isinstance(cell.get("source"), str) or "cell_type" not in cell:
        raise NotebookError(f"{path} is a damaged notebook: one of its cells has no type or no source")
    if cell["cell_type"] == "code":
        cell.setdefault("outputs", [])
        cell.setdefault("execution_count", None)
    return cell


def _name_cells(cells: Sequence[Any], *, keep: bool) -> None:
    """Give an id to every cell that has none, or has the id of a cell above it; keep the others if `keep` says so."""
    taken: set[str] = set()
    without_id = []
    for index, cell in enumerate(cells):
        own = cell.get("id")
        if keep and isinstance(own, str) and own and own not in taken:
            taken.add(own)
        else:
            without_id.append(index)
    for index in without_id:
        name = f"cell-{index}"
        while name in taken:
            name += "-x"
        taken.add(name)
        cells[index]["id"] = name


def is_code(cell: Any) -> bool:
    """Tell whether a cell of the node is a code cell that is not blank."""
    return cell["cell_type"] == "code" and bool(cell["source"].strip())


def _text(node: Any, *keys: str) -> str | None:
    value = node.get("metadata")
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, str) and value else None


def _needs(node: Any, path: Path) -> tuple[str, ...]:
    own = node["metadata"].get("nbrerun", {})
    if not isinstance(own, dict):
        raise NotebookError(f'{path}: metadata.nbrerun must be an object, such as {{"needs": ["torch"]}}')
    # Parts of a package cannot be looked up without importing it, which would run code; hence no dots.
    names = own.get("needs", [])
    if not isinstance(names, list) or not all(isinstance(name, str) and name.isidentifier() for name in names):
        shape = 'a list of top-level module names, such as ["torch"]'
        raise NotebookError(f"{path}: metadata.nbrerun.needs must be {shape}")
    return tuple(dict.fromkeys(names))
