"""The source of a cell, as far as it can be read without running it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from nbrerun.static import ipython

_WORD = re.compile(r"[^\W\d]\w*")

_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(frozen=True)
class Source:
    """One cell."""

    text: str
    body: tuple[ast.stmt, ...] = ()
    wrapped: tuple[ast.stmt, ...] = ()
    """What a cell magic such as `%%time` runs: nothing is sure there."""
    magics: tuple[str, ...] = ()
    """Lines that are no Python."""
    words: frozenset[str] = frozenset()
    """Names that what is no Python may define."""
    is_open: bool = False
    """It may define any name at all."""

    @classmethod
    def of(cls, text: str) -> Source:
        """Read it; what cannot be read may define anything."""
        magic = ipython.cell_magic(text)
        if magic is not None:
            return cls._of_magic(text, *magic)
        kept, magics = ipython.without_magics(ipython.with_percent(text), lambda plain: _parsed(plain) is not None)
        body = _parsed(kept)
        if body is None:
            return cls(text, magics=tuple(text.splitlines()), words=_words(text), is_open=True)
        said = [line for line in magics if not ipython.is_harmless(line)]
        return cls(text, tuple(body), magics=tuple(magics), words=_words(*said), is_open=bool(said))

    @classmethod
    def _of_magic(cls, text: str, magic: str, rest: str) -> Source:
        inner = cls.of(rest) if ipython.is_python(magic) else cls("", is_open=ipython.is_run_here(magic))
        lines = tuple(text.splitlines())
        return cls(text, wrapped=inner.body, magics=lines, words=_words(text), is_open=inner.is_open)

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """All that is in it, functions and branches included."""
        return tuple(node for statement in (*self.body, *self.wrapped) for node in ast.walk(statement))


def _words(*texts: str) -> frozenset[str]:
    return frozenset(word for text in texts for word in _WORD.findall(text))


def _parsed(text: str) -> list[ast.stmt] | None:
    try:
        return ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def sure(statement: ast.stmt) -> Iterator[ast.AST]:
    """The expressions of a statement that are evaluated whenever it is run."""
    for head in _heads(statement):
        yield from evaluated(head)


def evaluated(expression: ast.AST) -> Iterator[ast.AST]:
    """The parts of an expression that are evaluated whenever it is."""
    pending = [expression]
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
        if isinstance(statement, (ast.Raise, ast.Return)) or _leaves(statement):
            return


def _leaves(statement: ast.stmt) -> bool:
    call = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(call, ast.Call) and ast.unparse(call.func) in ("exit", "quit", "sys.exit", "os._exit")


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
        yield node.generators[0].iter
    elif not isinstance(node, ast.Lambda):
        yield from ast.iter_child_nodes(node)
