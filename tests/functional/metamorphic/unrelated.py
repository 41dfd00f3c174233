"""An unrelated statement above or below a cell's lines."""

from __future__ import annotations

import ast
from dataclasses import replace

from tests.functional.cases.case import Case, LabelledCell
from tests.functional.metamorphic.source import split, with_cells

_BINDS_NOTHING = ("pass", '"unrelated".upper()', "(3, 1).count(1)")
"""None of them uses a builtin: a notebook may have shadowed any."""


def unrelated_above(case: Case, tag: str) -> Case:
    """Add a statement above each cell's lines."""
    return _with_statements(case, f"{tag}_above", above=True)


def unrelated_below(case: Case, tag: str) -> Case:
    """Add a statement below each cell's lines; not in a notebook that uses what a cell has shown last."""
    if uses_last_output(case):
        return case
    return _with_statements(case, f"{tag}_below", above=False)


def _with_statements(case: Case, tag: str, *, above: bool) -> Case:
    cells = [
        replace(cell, source=_added(cell.source, _statement(cell, f"{tag}_{number}", number), above))
        for number, cell in enumerate(case.cells)
    ]
    return with_cells(case, cells)


def _statement(cell: LabelledCell, name: str, number: int) -> str:
    """One that binds a fresh name, where plain data never decides the verdict: a cell without state gets some by it."""
    if cell.verdict in (None, "stateless"):
        return _BINDS_NOTHING[number % len(_BINDS_NOTHING)]
    return f"{name} = {number}"


def _added(source: str, statement: str, above: bool) -> str:
    """The source with one more statement, inside a cell magic that runs Python; as it is in one that does not."""
    parts = split(source)
    if parts.text:
        return source
    is_above = above and "__future__" not in parts.python  # before which no other statement may stand
    python = f"{statement}\n{parts.python}" if is_above else f"{parts.python}\n{statement}"
    return parts._replace(python=python).joined()


def uses_last_output(case: Case) -> bool:
    """Whether a cell of a case reads `_`, the value of the last cell that showed one."""
    nodes = [node for cell in case.cells for node in ast.walk(split(cell.source).tree)]
    return any(isinstance(node, ast.Name) and node.id == "_" and isinstance(node.ctx, ast.Load) for node in nodes)
