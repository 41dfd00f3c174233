"""Find, read and address notebooks; the only module that uses nbformat. A notebook file is never written.

Notebooks that are text are read by `text_notebook`, and from then on are like any other.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat

from nbrerun import declarations, text_notebook
from nbrerun.errors import NotebookError, UsageError
from nbrerun.model import Cell, Declared

_KNOWN_MAJOR = 4
_LISTED = 8
_SUFFIX = ".ipynb"
_SUFFIXES = (_SUFFIX, *text_notebook.SUFFIXES)


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


def find_notebooks(
    paths: Iterable[str | os.PathLike[str]], excludes: Callable[[Path], bool] = lambda path: False
) -> list[Path]:
    """List the notebooks that `paths` mean: files as given, folders recursively and sorted, each once.

    Hidden files and folders (`.ipynb_checkpoints` is one) below a given folder are left out, and so is what
    `excludes` says. Where jupytext is installed, a folder has notebooks that are text as well: those with a header of
    jupytext's, and no `.ipynb` file to go with them.

    Raises:
        UsageError: a path does not exist, or a folder holds no notebook.
    """
    found: dict[Path, Path] = {}
    for path in map(Path, paths):
        for notebook in _notebooks_of(path, excludes):
            found.setdefault(notebook.resolve(), notebook)
    return list(found.values())


def _notebooks_of(path: Path, excludes: Callable[[Path], bool]) -> list[Path]:
    try:
        if path.is_dir():
            return _notebooks_in(path, excludes)
        if path.is_file():
            return [path]
        raise UsageError(f"{path} is no regular file" if path.exists() else f"there is no file {path}")
    except OSError as error:
        raise UsageError(f"{error.filename or path} cannot be read ({error.strerror})") from error


def _notebooks_in(folder: Path, excludes: Callable[[Path], bool]) -> list[Path]:
    files = sorted(_walk(folder))
    found = [path for path in files if path.suffix == _SUFFIX]
    if text_notebook.is_installed():
        found = sorted([*found, *_unpaired(files, found)])
    if not found:
        raise UsageError(f"there is no notebook (*.ipynb) in the folder {folder}{_hint(files)}")
    left = [path for path in found if not excludes(path)]
    if not left:
        raise UsageError(f"every notebook in the folder {folder} is excluded by its configuration")
    return left


def _unpaired(files: Iterable[Path], notebooks: Iterable[Path]) -> Iterator[Path]:
    """Give the notebooks that are text, but for those whose cells are in another file already."""
    taken = {path.with_suffix("") for path in notebooks}
    names = {path.stem for path in notebooks}
    texts = [path for path in files if path.suffix in text_notebook.SUFFIXES]
    for path in sorted(texts, key=lambda path: text_notebook.SUFFIXES.index(path.suffix)):
        header = text_notebook.header_of(path)
        elsewhere = header.paired and path.stem in names
        if header.of_jupytext and path.with_suffix("") not in taken and not elsewhere:
            taken.add(path.with_suffix(""))
            yield path


def _hint(files: Iterable[Path]) -> str:
    text = next(_unpaired(files, ()), None)
    return f"; install jupytext to check those that are text, such as {text}: pip install jupytext" if text else ""


def _walk(folder: Path) -> Iterator[Path]:
    for where, folders, files in os.walk(folder, onerror=_raise):
        folders[:] = [name for name in folders if not name.startswith(".")]
        # A hidden file is a leftover of some other program: macOS puts `._name.ipynb` beside a file.
        names = (name for name in files if name.endswith(_SUFFIXES) and not name.startswith("."))
        yield from (path for path in (Path(where, name) for name in names) if path.is_file())


def _raise(error: OSError) -> None:
    raise error


def read(path: str | os.PathLike[str]) -> Notebook:
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
    code = [_cell(index, cell, said[index]) for index, cell in enumerate(cells) if _is_code(cell)]
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
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise NotebookError(f"{path} cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise NotebookError(f"{path} is not a notebook: it is not UTF-8 text") from error
    return text_notebook.read(text, path) if path.suffix in text_notebook.SUFFIXES else _json(text, path)


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


def _is_code(cell: Any) -> bool:
    return cell["cell_type"] == "code" and bool(cell["source"].strip())


def _declared(path: Path, index: int, cell: Any) -> Declared:
    return declarations.declared(f"{path}, cell {index}", cell["metadata"], cell["cell_type"] == "code")


def _cell(index: int, cell: Any, declared: Declared) -> Cell:
    tags = declarations.tags(cell["metadata"].get("tags"))
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


def select(notebook: Notebook, selectors: Iterable[str]) -> set[int]:
    """Return the indexes of the cells to run again; no selectors mean every cell that is executed.

    A selector is `3` or `5-7` (the notebook's own numbers, from 0, over all cells), a cell id, or `tag:NAME`.

    Raises:
        UsageError: a selector that selects nothing.
    """
    selectors = tuple(selectors)
    if not selectors:
        return {cell.index for cell in notebook.cells}
    return set().union(*(_selected(notebook, selector) for selector in selectors))


def _selected(notebook: Notebook, selector: str) -> set[int]:
    count = len(notebook.node["cells"])
    ids = {cell["id"]: index for index, cell in enumerate(notebook.node["cells"])}
    if selector.startswith("tag:"):
        return _tagged(notebook, selector)
    if _is_number(selector) and int(selector) < count:
        return _single(notebook, selector, int(selector))
    # One id in forty that Jupyter draws consists of digits alone; a number too large for an index may be one.
    if selector in ids:
        return _single(notebook, selector, ids[selector])
    if _is_number(selector):
        raise _refuse(selector, f"{notebook.path} has {_extent(count)}")
    if span := re.fullmatch(r"([0-9]{1,9})-([0-9]{1,9})", selector):
        return _spanned(notebook, selector, int(span[1]), int(span[2]))
    known = _some([f"{cell.id} ({cell.index})" for cell in notebook.cells], none="it has no code cell to run")
    raise _refuse(selector, f"no cell of {notebook.path} has this id; its code cells: {known}")


def _is_number(selector: str) -> bool:
    # Longer numbers are no index, and int() refuses those of thousands of digits.
    return re.fullmatch(r"[0-9]{1,9}", selector) is not None


def _single(notebook: Notebook, selector: str, index: int) -> set[int]:
    if index in {cell.index for cell in notebook.cells}:
        return {index}
    cell = notebook.node["cells"][index]
    if cell["cell_type"] != "code":
        what = f"is a {cell['cell_type']} cell; only code cells can be run again"
    elif _is_code(cell):
        tag = "nbval-skip" if "nbval-skip" in cell["metadata"]["tags"] else "skip-execution"
        what = f"is tagged {tag}, so it is never run"
    else:
        what = "is an empty code cell"
    raise _refuse(selector, f"cell {index} of {notebook.path} {what}")


def _spanned(notebook: Notebook, selector: str, first: int, last: int) -> set[int]:
    count = len(notebook.node["cells"])
    if first > last:
        raise _refuse(selector, f"the range runs backwards; say {last}-{first}")
    if last >= count:
        raise _refuse(selector, f"{notebook.path} has {_extent(count)}")
    indexes = {cell.index for cell in notebook.cells if first <= cell.index <= last}
    if not indexes:
        raise _refuse(selector, f"{notebook.path} has no code cell to run in this range")
    return indexes


def _tagged(notebook: Notebook, selector: str) -> set[int]:
    tag = selector.removeprefix("tag:")
    indexes = {cell.index for cell in notebook.cells if tag in cell.tags}
    if not indexes:
        tags = _some(sorted({tag for cell in notebook.cells for tag in cell.tags}), none="none")
        raise _refuse(selector, f"no code cell of {notebook.path} has this tag; tags in use: {tags}")
    return indexes


def _extent(count: int) -> str:
    return f"cells 0 to {count - 1}" if count > 1 else "only cell 0" if count else "no cells"


def _some(words: list[str], none: str) -> str:
    more = f" and {len(words) - _LISTED} more" if len(words) > _LISTED else ""
    return ", ".join(words[:_LISTED]) + more if words else none


def _refuse(selector: str, why: str) -> UsageError:
    return UsageError(f"--cells {selector}: {why}")


def repository(folder: Path) -> Path | None:
    """The repository that a folder belongs to; a home folder that is one is too much to be meant."""
    for parent in (folder.resolve(), *folder.resolve().parents):
        if (parent / ".git").exists():
            return None if Path.home().is_relative_to(parent) else parent
    return None


def committed(folder: Path, names: Iterable[str]) -> frozenset[str] | None:
    """Which files git tracks; None where the folder belongs to no repository, or a file to none."""
    wanted = {os.path.relpath(folder / name, folder): name for name in names}
    if not wanted:
        return frozenset()
    command = ["git", "-C", str(folder), "ls-files", "-z", "--", *wanted]
    try:
        listed = subprocess.run(command, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):  # no git, no repository, or a file outside of it
        return None
    return frozenset(wanted[path] for path in os.fsdecode(listed.stdout).split("\0") if path in wanted)
