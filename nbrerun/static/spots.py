"""Which line of a cell a finding is about. Only shown beside it: no verdict and no finding depends on it."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator, Sequence

from nbrerun.cells import Spot
from nbrerun.static.source import Source


def find(source: str, name: str | None, culprit: str = "", quoted: Sequence[str] = ()) -> Spot:
    """Find the first line that tells most about a finding, else the first line that is not blank.

    Args:
        source: the cell.
        name: the variable that the finding is about, or a file as `file:PATH`.
        culprit: the call that is blamed, as the source writes it: `clf.partial_fit`, `train()`.
        quoted: lines of a traceback.
    """
    lines = source.splitlines()
    found = _quoted(lines, quoted) or _named(source, name or "", culprit) or _mentioned(lines, name or "")
    return found or next((_whole(lines, number) for number, line in enumerate(lines) if line.strip()), Spot(1, 1, 0))


def _whole(lines: Sequence[str], number: int) -> Spot:
    """All of a line, counted from 0, except for its indentation and its comment."""
    line = lines[number]
    indentation = len(line) - len(line.lstrip())
    return Spot(number + 1, indentation + 1, len(line.strip()))


def _quoted(lines: Sequence[str], quoted: Sequence[str]) -> Spot | None:
    """Find the line that a traceback quotes first: its frames begin with that of the cell."""
    numbers = {line.strip(): number for number, line in reversed(list(enumerate(lines))) if line.strip()}
    return next((_whole(lines, numbers[text.strip()]) for text in quoted if text.strip() in numbers), None)


def _mentioned(lines: Sequence[str], name: str) -> Spot | None:
    """Find the text of a file's path, or of the last part of it."""
    path = name.partition(":")[2]
    for text in (path, path.rpartition("/")[2]):
        for number, line in enumerate(lines):
            if text and text in line:
                return Spot(number + 1, line.index(text) + 1, len(text))
    return None


def _named(source: str, name: str, culprit: str) -> Spot | None:
    """Find the call that is blamed, else where the name is bound or stored into, called, or at least mentioned."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a warning about the source, such as an invalid escape, is for whoever runs it
        nodes = Source.of(source).nodes
    calls = [node.func for node in nodes if isinstance(node, ast.Call)]
    blamed = [node for node in calls if culprit and ast.unparse(node) == culprit.removesuffix("()")]
    called = [node for node in calls if isinstance(node, ast.Attribute) and _root(node) == name]
    loaded = [node for node in nodes if isinstance(node, ast.Name) and node.id == name]
    for group in (blamed, [*_stores(nodes, name)], called, loaded):
        if group:
            return _at(source, min(group, key=lambda node: (node.lineno, node.col_offset)))
    return None


def _stores(nodes: Sequence[ast.AST], name: str) -> Iterator[ast.expr]:
    for node in nodes:
        if isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)) and _root(node) == name:
            yield from [node] if isinstance(node.ctx, ast.Store) else ()


def _root(node: ast.expr) -> str:
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _at(source: str, node: ast.expr) -> Spot:
    # A cell magic such as `%%time` stands above what was parsed.
    above = source.lstrip().startswith("%%") and source[: source.index("%%")].count("\n") + 1
    number = node.lineno + int(above)
    line = source.splitlines()[number - 1]
    # Offsets of the parser count bytes of UTF-8.
    column = len(line.encode()[: node.col_offset].decode(errors="replace"))
    end = len(line.encode()[: node.end_col_offset].decode(errors="replace"))
    return Spot(number, column + 1, end - column if node.end_lineno == node.lineno else len(line.rstrip()) - column)
