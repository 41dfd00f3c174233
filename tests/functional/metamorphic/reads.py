"""A call that only reads is replaced by another one that only reads.

The replacements are methods that no list of "methods that only read" is likely to name, and calls whose method
cannot be seen in the source. A statement whose value nobody uses, `clf.score(X, y)`, becomes `clf.__repr__()`. Where
the value is used it stays the same: `len(rows)` becomes `rows.__len__()`, and `pred = clf.predict(X)` becomes
`pred = getattr(clf, "predict")(X)` if the label says that the cell leaves `clf` untouched.
"""

from __future__ import annotations

import ast
import builtins
from dataclasses import replace

from tests.functional.cases.case import Case, LabelledCell
from tests.functional.metamorphic.names import FUNCTIONS, bound, imported
from tests.functional.metamorphic.source import rewritten, split, with_cells

_SHOWS = frozenset({"print", "len", "repr", "str", "display"})


def read_otherwise(case: Case) -> Case:
    """Replace the reading calls of a case.

    It stays as it is if it hides a builtin, or has a class that says how it is shown: that may do anything. So it does
    if it has threads: whether a method has changed a value or a thread beside it cannot be told.
    """
    trees = [split(cell.source).tree for cell in case.cells]
    if any(bound(tree) & {*dir(builtins), "threading"} for tree in trees):
        return case
    shown_by_hand = {"__repr__", "__len__", "__getattr__", "__getattribute__"}
    if any(bound(node) & shown_by_hand for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)):
        return case
    names = {name for tree in trees for name in bound(tree)}
    defined = {node.name for tree in trees for node in ast.walk(tree) if isinstance(node, (*FUNCTIONS, ast.ClassDef))}
    data = names - defined - {name for tree in trees for name in imported(tree)}
    return with_cells(case, (_cell(cell, data) for cell in case.cells))


def _cell(cell: LabelledCell, data: set[str]) -> LabelledCell:
    leaves_nothing = cell.verdict == "stateless"
    untouched = {name for name, verdict in cell.variables.items() if verdict == "untouched"} & data
    reader = _Reader(data, data if leaves_nothing else untouched, leaves_nothing)
    return replace(cell, source=rewritten(cell.source, reader.visit))


class _Reader(ast.NodeTransformer):
    """Replace statements that are a reading call, and reading calls in others, outside of definitions.

    A cell that leaves nothing behind, by its label, only reads: whatever its statements call. Elsewhere only calls
    that show plain names are taken.
    """

    def __init__(self, data: set[str], untouched: set[str], leaves_nothing: bool) -> None:
        self._data = data
        self._untouched = untouched
        self._leaves_nothing = leaves_nothing

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return node

    visit_AsyncFunctionDef = visit_FunctionDef  # type: ignore[assignment]
    visit_ClassDef = visit_FunctionDef  # type: ignore[assignment]
    visit_Lambda = visit_FunctionDef  # type: ignore[assignment]

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        read = self._whole(node.value) if self._leaves_nothing else self._shown(node.value)
        return ast.Expr(value=read) if read is not None else self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        is_len = isinstance(node.func, ast.Name) and node.func.id == "len" and len(node.args) == 1
        if is_len and isinstance(node.args[0], ast.Name) and node.args[0].id in self._data:
            return _method(node.args[0], "__len__")
        self.generic_visit(node)
        function = node.func
        if isinstance(function, ast.Attribute) and getattr(function.value, "id", "") in self._untouched:
            name = ast.Constant(value=function.attr)
            node.func = ast.Call(func=ast.Name(id="getattr", ctx=ast.Load()), args=[function.value, name], keywords=[])
        return node

    def _whole(self, value: ast.expr) -> ast.expr | None:
        """Another way to read what a statement reads whose value nobody uses."""
        if any(isinstance(part, (ast.Await, ast.NamedExpr)) for part in ast.walk(value)):
            return None
        call = value
        while isinstance(call, ast.Subscript):
            call = call.value
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
            owner = call.func.value
            if not isinstance(owner, ast.Name) or owner.id in self._data:
                return _method(owner, "__repr__")
        return self._names_of(value)

    def _shown(self, value: ast.expr) -> ast.expr | None:
        """The same for a call that shows what plain names hold, in a cell that does other things besides."""
        shows = isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id in _SHOWS
        prints_into = shows and any(keyword.arg == "file" for keyword in value.keywords)
        if not shows or prints_into or any(isinstance(part, ast.Call) for part in ast.walk(value) if part is not value):
            return None
        return self._names_of(value)

    def _names_of(self, value: ast.expr) -> ast.expr | None:
        bound_inside = {
            part.id for part in ast.walk(value) if isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Load)
        }
        names = [part.id for part in ast.walk(value) if isinstance(part, ast.Name)]
        read = [name for name in dict.fromkeys(names) if name in self._data - bound_inside]
        calls: list[ast.expr] = [_method(ast.Name(id=name, ctx=ast.Load()), "__repr__") for name in read]
        if not calls:
            return None
        return calls[0] if len(calls) == 1 else ast.Tuple(elts=calls, ctx=ast.Load())


def _method(owner: ast.expr, name: str) -> ast.Call:
    return ast.Call(func=ast.Attribute(value=owner, attr=name, ctx=ast.Load()), args=[], keywords=[])
