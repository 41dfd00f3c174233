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
    """What a cell magic such as `%%time` runs; none of it runs for certain."""
    magics: tuple[str, ...] = ()
    """Lines that are not Python."""
    words: frozenset[str] = frozenset()
    """Names that the lines which are not Python may define."""
    is_open: bool = False
    """It may define any name at all."""

    @classmethod
    def of(cls, text: str) -> Source:
        """Read a cell; one that cannot be parsed may define any name."""
        magic = ipython.cell_magic(text)
        if magic is not None:
            name, rest = magic
            inner = cls.of(rest) if ipython.is_python(name) else cls("", is_open=ipython.is_run_here(name))
            lines = tuple(text.splitlines())
            return cls(text, wrapped=inner.body, magics=lines, words=_words(text), is_open=inner.is_open)
        kept, magics = ipython.without_magics(ipython.with_percent(text), lambda plain: _parsed(plain) is not None)
        body = _parsed(kept)
        if body is None:
            return cls(text, magics=tuple(text.splitlines()), words=_words(text), is_open=True)
        binding = [line for line in magics if not ipython.is_harmless(line)]
        return cls(text, tuple(body), magics=tuple(magics), words=_words(*binding), is_open=bool(binding))

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """All nodes of its syntax tree, functions and branches included."""
        return tuple(node for statement in (*self.body, *self.wrapped) for node in ast.walk(statement))


def sure(statement: ast.stmt) -> Iterator[ast.AST]:
    """The expressions that are evaluated whenever a statement runs."""
    for head in _heads(statement):
        yield from evaluated(head)


def evaluated(expression: ast.AST) -> Iterator[ast.AST]:
    """The parts of an expression that are evaluated whenever it is."""
    pending = [expression]
    while pending:
        node = pending.pop()
        yield node
        if isinstance(node, ast.BoolOp):
            pending.append(node.values[0])
        elif isinstance(node, ast.IfExp):
            pending.append(node.test)
        elif isinstance(node, ast.Compare):  # `a < b < c` leaves `c` out if `a < b` is false
            pending += [node.left, node.comparators[0]]
        elif isinstance(node, _COMPREHENSIONS):
            pending.append(node.generators[0].iter)
        elif not isinstance(node, ast.Lambda):
            pending.extend(ast.iter_child_nodes(node))


def sure_statements(body: tuple[ast.stmt, ...]) -> Iterator[ast.stmt]:
    """The statements of a cell that are reached whenever it runs, provided that none of them raises."""
    for statement in body:
        yield statement
        if isinstance(statement, ast.With) and all(_is_open(item.context_expr) for item in statement.items):
            yield from sure_statements(tuple(statement.body))
        if isinstance(statement, (ast.Raise, ast.Return)) or _exits(statement):
            return


def _words(*texts: str) -> frozenset[str]:
    return frozenset(word for text in texts for word in _WORD.findall(text))


def _parsed(text: str) -> list[ast.stmt] | None:
    try:
        return ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _exits(statement: ast.stmt) -> bool:
    call = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(call, ast.Call) and ast.unparse(call.func) in ("exit", "quit", "sys.exit", "os._exit")


def _is_open(manager: ast.expr) -> bool:
    """Whether it is `open(...)`, which does not swallow errors; another context manager may."""
    return isinstance(manager, ast.Call) and isinstance(manager.func, ast.Name) and manager.func.id == "open"


def _heads(statement: ast.stmt) -> Iterator[ast.AST]:
    """The expressions that a statement evaluates first; those inside a loop or a branch may not be reached."""
    heads: list[ast.AST | None] = []
    if isinstance(statement, (ast.Expr, ast.Assign, ast.AugAssign, ast.AnnAssign)):
        heads = [statement.value, *getattr(statement, "targets", [])]
    elif isinstance(statement, (ast.If, ast.While, ast.Assert)):
        heads = [statement.test]
    elif isinstance(statement, ast.For):
        heads = [statement.iter]
    elif isinstance(statement, ast.With):
        # Later items run inside the first context manager, which may swallow an error.
        heads = [statement.items[0].context_expr]
    elif isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        heads = [*statement.decorator_list, *getattr(statement, "bases", [])]
    elif isinstance(statement, ast.Raise):
        heads = [statement.exc]
    yield from (head for head in heads if head is not None)
