"""Calls inside the statements of a cell: marked, so that a run tells which of them gave an object another value."""

from __future__ import annotations

import ast
from typing import Callable, Optional, Union

from ..source.statements import is_compound, own_call

Call = Union[ast.Call, ast.Await]
_HEADS = ("test", "iter", "subject")
_LATER = (ast.Lambda, ast.GeneratorExp)
"""Their code runs elsewhere, and may be part of a value."""


def mark_calls(statement: ast.stmt, mark: Callable[[Call], ast.expr]) -> None:
    """Replace the calls inside a statement, apart from its own; of a compound one, those in its head.

    Args:
        mark: returns what stands in the place of a call.
    """
    marker = _CallMarker(own_call(statement), mark)
    if not is_compound(statement):
        marker.visit(statement)
        return
    for field in _HEADS:
        if isinstance(head := getattr(statement, field, None), ast.expr):
            setattr(statement, field, marker.visit(head))
    for item in getattr(statement, "items", ()):
        marker.visit(item)


class _CallMarker(ast.NodeTransformer):
    def __init__(self, own: Optional[ast.expr], mark: Callable[[Call], ast.expr]) -> None:
        self._own = own
        self._mark = mark

    def visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, (*_LATER, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            return node
        if not isinstance(node, (ast.Call, ast.Await)):
            return self.generic_visit(node)
        # A coroutine runs when it is awaited, not when it is called.
        inner = node.value if isinstance(node, ast.Await) and isinstance(node.value, ast.Call) else node
        self.generic_visit(inner)
        return node if node is self._own else self._mark(node)
