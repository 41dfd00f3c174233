"""The notebook as it was before the edit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nbrerun.errors import UsageError
from nbrerun.notebooks import git
from nbrerun.notebooks.read import Notebook, read_notebook, with_sources
from nbrerun.notebooks.select import select
from nbrerun.plan.edits import edits


def version(new: Notebook, edited: Sequence[str], against: str | None) -> Notebook | None:
    """Return the version that the kernel has run: another file, or that of git's last commit.

    None if only cells are known that were edited, and git has no other version of them.

    Args:
        edited: selectors of the cells that were edited; only these are taken from git. All of it if there are none.
        against: path of the other file.

    Raises:
        NotebookError: the other version cannot be read.
        UsageError: git has no version, or the selectors select nothing.
    """
    if against is not None:
        if edited:
            raise UsageError("--edited and --against both say what was edited: give one of them")
        return read_notebook(Path(against))
    chosen = edited_cells(new, edited)
    committed = git.output(new.folder, "show", f"HEAD:./{new.path.name}")
    if committed is None and not edited:
        raise UsageError(f"git has no version of {new.path}: give the one that the kernel has run with --against OLD")
    if committed is None:
        return None
    old = read_notebook(new.path, committed.decode("utf-8", errors="replace"))
    return _only(old, new, chosen) if edited else old


def edited_cells(new: Notebook, edited: Sequence[str]) -> set[int]:
    """Return the indexes of the cells that `--edited` selects; all of them without selectors.

    Raises:
        UsageError: a selector selects nothing.
    """
    try:
        return select(new, edited)
    except UsageError as error:
        raise UsageError(str(error).replace("--cells", "--edited", 1)) from error


def _only(old: Notebook, new: Notebook, chosen: set[int]) -> Notebook | None:
    """The new version, with some of its cells as they were in the old one; None if these are the same there."""
    found = edits(old.cells, new.cells)
    sources = {}
    for at, (cell, origin) in enumerate(zip(new.cells, found.origins, strict=True)):
        if cell.index in chosen and at in found.edited:
            sources[cell.index] = "" if origin is None else old.cells[origin].source
    return with_sources(new, sources) if sources.keys() == chosen else None
