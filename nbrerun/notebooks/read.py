"""Read notebooks; the only user of nbformat. A notebook file is never written.

Notebooks that are text are read by `text`, and from then on are like any other.
"""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat

from nbrerun.errors import NotebookError
from nbrerun.model import Cell, Declared
from nbrerun.notebooks import cell_tags, text

_KNOWN_MAJOR = 4


@dataclass(frozen=True)
class Notebook:
    """A notebook as nbformat 4, with the code cells that a main run executes."""

    path: Path
    """As the person gave it."""
    node: Any = field(repr=False, compare=False)
    """The `nbformat.NotebookNode`; every cell has an id."""
    cells: tuple[Cell, ...]
    """Code cells that are executed, in document order: not blank, not tagged `skip-execution` or `nbval-skip`."""
    skipped: tuple[Cell, ...] = ()
    """Code cells that nbclient (or nbval) leaves out because of their tag."""
    kernel_name: str | None = None
    """Of the notebook's own kernelspec, None where it names none."""
    language: str | None = None
    """As the notebook says it (`python`, `R` ...), None where it does not."""
    needs: tuple[str, ...] = ()
    """Top-level modules that its metadata says it cannot do without."""

    @property
    def folder(self) -> Path:
        """The folder that the notebook runs in; links are kept, as Jupyter does."""
        return self.path.absolute().parent


def read_notebook(path: str | os.PathLike[str]) -> Notebook:
    """Read a notebook of any nbformat up to 4, upgraded in memory, or one that is text.

    Raises:
        NotebookError: the file cannot be read, is no notebook that nbformat knows, or says what it needs in
            a way that cannot be meant; or a cell declares something that cannot be.
    """
    path = Path(path)
    raw = _load(path)
    node = _upgrade(raw, path)
    cells = [_tidy(cell, path) for cell in node["cells"]]
    # nbformat draws random ids when it upgrades; a report has to name the same cell every time.
    _name_cells(cells, keep=raw["nbformat"] == _KNOWN_MAJOR)
    # Cell ids are part of the format since 4.5.
    node["nbformat_minor"] = max(_minor(node), 5)
    said = [_declared(path, index, cell) for index, cell in enumerate(cells)]
    code = [_cell(index, cell, said[index]) for index, cell in enumerate(cells) if is_code(cell)]
    return Notebook(
        path=path,
        node=node,
        cells=tuple(cell for cell in code if not cell.is_left_out),
        skipped=tuple(cell for cell in code if cell.is_left_out),
        kernel_name=_text(node, "kernelspec", "name"),
        language=_text(node, "kernelspec", "language") or _text(node, "language_info", "name"),
        needs=_needs(node, path),
    )


def _load(path: Path) -> dict[str, Any]:
    try:
        content = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise NotebookError(f"{path} cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise NotebookError(f"{path} is not a notebook: it is not UTF-8 text") from error
    return text.read(content, path) if path.suffix in text.SUFFIXES else _json(content, path)


def _json(text: str, path: Path) -> dict[str, Any]:
    try:
        raw = json.loads(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}: {error.msg}"
        raise NotebookError(f"{path} is not a notebook: it is not JSON ({where})") from error
    except (RecursionError, ValueError) as error:
        raise NotebookError(f"{path} is not a notebook: its JSON cannot be read ({error})") from error
    _check_version(raw, path)
    return raw  # type: ignore[no-any-return]


def _check_version(raw: object, path: Path) -> None:
    major = raw.get("nbformat") if isinstance(raw, dict) else None
    if not isinstance(raw, dict) or type(major) is not int or major < 1:
        raise NotebookError(f"{path} is JSON, but not a notebook: it does not say its nbformat")
    if major > _KNOWN_MAJOR:
        raise NotebookError(f"{path} has nbformat {major}; the newest that nbrerun knows is {_KNOWN_MAJOR}")
    holds = "worksheets" if major in (2, 3) else "cells"
    if not isinstance(raw.get(holds), list):
        raise NotebookError(f"{path} is JSON, but not a notebook: it has no list of {holds}")


def _minor(raw: dict[str, Any]) -> int:
    minor = raw.get("nbformat_minor")
    return minor if isinstance(minor, int) else 0


def _upgrade(raw: dict[str, Any], path: Path) -> Any:
    """Make a v4 node, as lenient as Jupyter: what does not keep a cell from running is let pass."""
    major, minor = raw["nbformat"], _minor(raw)
    # nbformat trips over metadata that some writers leave out.
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
    """Put in what a kernel client relies on and some writers leave out."""
    sound = isinstance(cell, dict) and isinstance(cell.get("source"), str) and "cell_type" in cell
    if not sound:
        raise NotebookError(f"{path} is a damaged notebook: one of its cells has no type or no source")
    if cell["cell_type"] == "code":
        cell.setdefault("outputs", [])
        cell.setdefault("execution_count", None)
    return cell


def _name_cells(cells: Sequence[Any], *, keep: bool) -> None:
    """Give an id to every cell that has none of its own."""
    taken: set[str] = set()
    nameless = []
    for index, cell in enumerate(cells):
        own = cell.get("id")
        if keep and isinstance(own, str) and own and own not in taken:
            taken.add(own)
        else:
            nameless.append(index)
    for index in nameless:
        name = f"cell-{index}"
        while name in taken:
            name += "-x"
        taken.add(name)
        cells[index]["id"] = name


def is_code(cell: Any) -> bool:
    """Whether a cell is a code cell that is not blank."""
    return cell["cell_type"] == "code" and bool(cell["source"].strip())


def _declared(path: Path, index: int, cell: Any) -> Declared:
    return cell_tags.declared(f"{path}, cell {index}", cell["metadata"], cell["cell_type"] == "code")


def _cell(index: int, cell: Any, declared: Declared) -> Cell:
    tags = cell_tags.tags(cell["metadata"].get("tags"))
    if tags:  # what executes the cell reads them here
        cell["metadata"]["tags"] = tags
    return Cell(index, cell["id"], cell["source"], frozenset(tags), declared)


def _text(node: Any, *keys: str) -> str | None:
    value = node.get("metadata")
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, str) and value else None


def _needs(node: Any, path: Path) -> tuple[str, ...]:
    own = node["metadata"].get("nbrerun", {})
    if not isinstance(own, dict):
        raise NotebookError(f'{path}: metadata.nbrerun has to be an object, such as {{"needs": ["torch"]}}')
    names = own.get("needs", [])
    if not isinstance(names, list) or not all(isinstance(name, str) and name.isidentifier() for name in names):
        shape = 'a list of top-level module names, such as ["torch"]'
        raise NotebookError(f"{path}: metadata.nbrerun.needs has to be {shape}")
    return tuple(dict.fromkeys(names))
