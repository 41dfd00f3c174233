"""A cell's lines are put into a function that is called once."""

from __future__ import annotations

import ast
from dataclasses import replace
from textwrap import indent

from tests.functional.cases.case import Case, LabelledCell
from tests.functional.metamorphic.names import bound, own_scope
from tests.functional.metamorphic.source import split, with_cells
from tests.functional.metamorphic.unrelated import uses_last_output

_READS_ITS_SCOPE = frozenset({"exec", "eval", "locals", "vars", "dir"})
"""Builtins that mean the names of a function when they are called in one."""


def in_functions(case: Case, tag: str) -> Case:
    """Put every cell into a function, except for those of which `obstacle` tells."""
    if uses_last_output(case):
        return case
    cells = [_cell(cell, f"{tag}_{number}") for number, cell in enumerate(case.cells)]
    return with_cells(case, cells)


def _cell(cell: LabelledCell, name: str) -> LabelledCell:
    return cell if obstacle(cell.source) else replace(cell, source=wrapped(cell.source, name))


def wrapped(source: str, name: str) -> str:
    """The lines in a function, with everything that they bind declared global, and its call."""
    tree = ast.parse(source)
    names = sorted(bound(tree))
    head = f"global {', '.join(names)}\n" if names else ""
    body = source if tree.body else f"{source}\npass"
    function = f"def {name}():\n{indent(head + body, '    ')}\n"
    if ast.dump(ast.Module(_body(function)[bool(names) :], [])) != ast.dump(ast.Module(ast.parse(body).body, [])):
        # Lines of a string that goes over several have become longer by the indent.
        function = f"def {name}():\n{indent(head + ast.unparse(ast.parse(body)), '    ')}\n"
    return f"{function}\n{name}()"


def _body(function: str) -> list[ast.stmt]:
    statement = ast.parse(function).body[0]
    assert isinstance(statement, ast.FunctionDef)
    return statement.body


def obstacle(source: str) -> str:
    """Why the lines of a cell do not mean the same in a function; empty where they do."""
    parts = split(source)
    if not parts.is_plain:
        return "a magic"
    for node in own_scope(parts.tree):
        if isinstance(node, (ast.Await, ast.AsyncFor, ast.AsyncWith)) or getattr(node, "is_async", 0):
            return "await outside a function"
        if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
            return "a star import is for modules only"
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            return "an import from the future is for modules only"
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            return "an annotated name cannot be global"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _READS_ITS_SCOPE:
            return f"{node.func.id}() means the names of the function that it is called in"
        if isinstance(node, ast.Attribute) and node.attr in {"run_line_magic", "run_cell_magic"}:
            return "a magic binds in the function that calls it"
    return ""
