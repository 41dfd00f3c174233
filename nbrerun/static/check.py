"""Findings that the source of a notebook proves by itself: nothing is run, and no cell gets a verdict."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

from nbrerun.model import Cell, Finding, NotebookReport
from nbrerun.notebooks.git import committed
from nbrerun.notebooks.read import Notebook
from nbrerun.notebooks.select import select
from nbrerun.rules import finding
from nbrerun.settings.values import Settings
from nbrerun.static import files, names
from nbrerun.static.source import Source

_RAISES = "raises-exception"


def analyze(notebook: Notebook, settings: Settings) -> NotebookReport:
    """Check the source of a notebook, and the execution counts that were saved with it (NBR301 to NBR303)."""
    started = time.perf_counter()
    asked = select(notebook, settings.cells)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a warning about the source, such as an invalid escape, is for whoever runs it
        found = [*_counts(notebook), *_of_source(notebook)]
    ignored = {cell.index: cell.declared.ignore for cell in notebook.cells}
    findings = [one for one in found if one.index in asked and not one.rule.startswith(ignored[one.index])]
    order = sorted(findings, key=lambda one: (one.index, one.rule))
    kernel = settings.kernel_named(notebook.kernel_name)
    seconds = time.perf_counter() - started
    return NotebookReport(str(notebook.path), "", "", kernel, findings=tuple(order), static=True, seconds=seconds)


def _counts(notebook: Notebook) -> Iterator[Finding]:
    """Execution counts that do not increase from top to bottom."""
    above: tuple[Cell, int] | None = None
    for cell in notebook.cells:
        count: Any = notebook.node["cells"][cell.index].get("execution_count")
        if type(count) is not int or count < 1:
            continue
        if above is not None and count <= above[1]:
            where = f"cell {above[0].index} above it as [{above[1]}]"
            yield finding("NBR301", cell.index, None, f"was executed as [{count}], and {where}: not from top to bottom")
        above = cell, count


def _of_source(notebook: Notebook) -> Iterator[Finding]:
    if (notebook.language or "python").lower() not in ("python", "ipython"):
        return
    sources = [Source.of(cell.source) for cell in notebook.cells]
    may_raise = {number for number, cell in enumerate(notebook.cells) if _RAISES in cell.tags}
    yield from _names(notebook.cells, sources, may_raise)
    yield from _files(notebook, sources, may_raise)


def _names(cells: Sequence[Cell], sources: Sequence[Source], may_raise: set[int]) -> Iterator[Finding]:
    for number, name, later in names.undefined(sources):
        where = (
            "no cell before it defines"
            if later is None
            else f"only cell {cells[later].index} defines, which comes later"
        )
        if number not in may_raise:
            yield finding("NBR302", cells[number].index, name, f"uses `{name}`, which {where}")


def _files(notebook: Notebook, sources: Sequence[Source], may_raise: set[int]) -> Iterator[Finding]:
    cells = notebook.cells
    found = [item for item in files.from_the_future(sources) if item[0] not in may_raise]
    kept = committed(notebook.folder, [path for _, path, _ in found]) or frozenset()
    for reader, path, writer in found:
        if path not in kept:
            what = f"reads `{path}`, which only cell {cells[writer].index} writes, and that comes later"
            yield finding("NBR303", cells[reader].index, f"file:{path}", what)
