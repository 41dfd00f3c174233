"""Select the cells of a notebook that `--cells` addresses."""

from __future__ import annotations

import re
from collections.abc import Iterable

from nbrerun.errors import UsageError
from nbrerun.notebooks.read import Notebook, is_code

_LISTED = 8
"""Names that an error message lists before it counts the rest."""


def select(notebook: Notebook, selectors: Iterable[str]) -> set[int]:
    """Return the indexes of the cells to run again; without selectors, every cell that is executed.

    A selector is `3` or `5-7` (positions among all cells of the notebook, from 0), a cell id, or `tag:NAME`.

    Raises:
        UsageError: a selector selects nothing.
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
    # One in forty of the ids that Jupyter generates consists of digits only, so a number too large for a position may
    # be an id.
    if selector in ids:
        return _single(notebook, selector, ids[selector])
    if _is_number(selector):
        raise _refuse(selector, f"{notebook.path} has {_extent(count)}")
    if span := re.fullmatch(r"([0-9]{1,9})-([0-9]{1,9})", selector):
        return _spanned(notebook, selector, int(span[1]), int(span[2]))
    known = _some([f"{cell.id} ({cell.index})" for cell in notebook.cells], none="it has no code cell to run")
    raise _refuse(selector, f"no cell of {notebook.path} has this id; its code cells: {known}")


def _is_number(selector: str) -> bool:
    # Longer numbers cannot be positions, and int() rejects more than 4,300 digits (sys.set_int_max_str_digits).
    return re.fullmatch(r"[0-9]{1,9}", selector) is not None


def _single(notebook: Notebook, selector: str, index: int) -> set[int]:
    if index in {cell.index for cell in notebook.cells}:
        return {index}
    cell = notebook.node["cells"][index]
    if cell["cell_type"] != "code":
        what = f"is a {cell['cell_type']} cell; only code cells can be run again"
    elif is_code(cell):
        tag = "nbval-skip" if "nbval-skip" in cell["metadata"]["tags"] else "skip-execution"
        what = f"is tagged {tag}, so it is never run"
    else:
        what = "is an empty code cell"
    raise _refuse(selector, f"cell {index} of {notebook.path} {what}")


def _spanned(notebook: Notebook, selector: str, first: int, last: int) -> set[int]:
    count = len(notebook.node["cells"])
    if first > last:
        raise _refuse(selector, f"the range runs backwards; write {last}-{first}")
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
