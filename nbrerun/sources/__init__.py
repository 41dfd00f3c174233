"""The source of a cell, as far as it can be read without running it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

_HARMLESS = frozenset(
    """
    matplotlib config autoreload load_ext pip conda mamba uv cd pwd ls env set_env who whos precision timeit
    reset_selective history
    """.split()
)
"""Line magics that define no name."""

_SHELL_ASSIGNMENT = re.compile(r"^(\s*[\w\s,]+=\s*)[%!].*$")
_MAGIC = re.compile(r"^(\s*)(%|!|\?).*$|^(\s*)[\w.*%]+\?{1,2}\s*$")
_WORD = re.compile(r"[^\W\d]\w*")

_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(frozen=True)
class Source:
    """One cell."""

    text: str
    body: tuple[ast.stmt, ...] = ()
    magics: tuple[str, ...] = ()
    """Lines that are no Python."""
    words: frozenset[str] = frozenset()
    """Names that what is no Python may define."""
    is_open: bool = False
    """It may define any name at all."""

    @classmethod
    def of(cls, text: str) -> Source:
        """Read it; what cannot be read is taken as what may define every word in it."""
        if not text.lstrip().startswith("%%"):
            kept, magics = _without_magics(text)
            body = _parsed(kept)
            if body is not None:
                said = [line for line in magics if not _is_harmless(line)]
                words = frozenset(word for line in said for word in _WORD.findall(line))
                return cls(text, tuple(body), tuple(magics), words, bool(said))
        return cls(text, magics=tuple(text.splitlines()), words=frozenset(_WORD.findall(text)))

    @property
    def nodes(self) -> Iterator[ast.AST]:
        """All that is in it, functions and branches included."""
        for statement in self.body:
            yield from ast.walk(statement)


def _parsed(text: str) -> list[ast.stmt] | None:
    try:
        return ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _without_magics(text: str) -> tuple[str, list[str]]:
    """The Python of a cell, and the lines that are none."""
    if _parsed(text) is not None:
        return text, []
    kept, magics = [], []
    for line in text.splitlines():
        magic = _MAGIC.match(line)
        assigned = _SHELL_ASSIGNMENT.match(line)
        if magic or assigned:
            magics.append(line.strip())
        if assigned:
            line = f"{assigned[1]}None"
        elif magic:
            line = f"{magic[1] or magic[3] or ''}pass"
        kept.append(line)
    return "\n".join(kept), magics


def _is_harmless(line: str) -> bool:
    if line.startswith(("!", "?")) or line.endswith("?") or re.match(r"[\w\s,]+=\s*[%!]", line):
        return True
    word = _WORD.match(line.lstrip("%"))
    return word is not None and word[0] in _HARMLESS


def sure(statement: ast.stmt) -> Iterator[ast.AST]:
    """The expressions of a statement that are evaluated whenever it is run."""
    pending = list(_heads(statement))
    while pending:
        node = pending.pop()
        yield node
        pending.extend(_surely_within(node))


def sure_statements(body: tuple[ast.stmt, ...]) -> Iterator[ast.stmt]:
    """The statements of a cell that are reached whenever it is run, if none of them raises."""
    for statement in body:
        yield statement
        if isinstance(statement, ast.With) and all(_opens(item.context_expr) for item in statement.items):
            yield from sure_statements(tuple(statement.body))
        if isinstance(statement, (ast.Raise, ast.Return)):
            return


def _opens(manager: ast.expr) -> bool:
    return isinstance(manager, ast.Call) and isinstance(manager.func, ast.Name) and manager.func.id == "open"


def _heads(statement: ast.stmt) -> Iterator[ast.AST]:
    if isinstance(statement, (ast.Expr, ast.Assign, ast.AugAssign, ast.AnnAssign)):
        yield from _present(statement.value, *getattr(statement, "targets", []))
    elif isinstance(statement, (ast.If, ast.While, ast.Assert)):
        yield statement.test
    elif isinstance(statement, ast.For):
        yield statement.iter
    elif isinstance(statement, ast.With):
        # What follows the first one runs inside it, and it may swallow an error.
        yield statement.items[0].context_expr
    elif isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield from statement.decorator_list
        yield from getattr(statement, "bases", [])
    elif isinstance(statement, ast.Raise):
        yield from _present(statement.exc)


def _present(*nodes: ast.AST | None) -> Iterator[ast.AST]:
    yield from (node for node in nodes if node is not None)


def _surely_within(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.BoolOp):
        yield node.values[0]
    elif isinstance(node, ast.IfExp):
        yield node.test
    elif isinstance(node, ast.Compare):
        yield from (node.left, node.comparators[0])
    elif isinstance(node, _COMPREHENSIONS):
        if not isinstance(node, ast.GeneratorExp):
            yield node.generators[0].iter
    elif not isinstance(node, ast.Lambda):
        yield from ast.iter_child_nodes(node)
