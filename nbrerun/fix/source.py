"""The source of a cell as a syntax tree that keeps comments and formatting; lines for IPython are left as they are."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import libcst as cst
from libcst.metadata import BuiltinAssignment, GlobalScope, MetadataWrapper, Scope, ScopeProvider

from nbrerun.static import ipython

_MASK = re.compile(r"^[ \t]*pass  # nbrerun: line (\d+)$", re.MULTILINE)
"""Stands for a line that is not Python."""
_WORD = re.compile(r"[^\W\d]\w*")

TopLevel = cst.SimpleStatementLine | cst.BaseCompoundStatement
"""A statement of a cell that is in no other statement."""


@dataclass(frozen=True)
class Statement:
    """One top-level statement of a cell, or several on one line."""

    node: TopLevel
    tree: Sequence[ast.stmt]
    """The same for the standard library's `ast`."""

    @cached_property
    def bound(self) -> frozenset[str]:
        """Names that it binds in the namespace of the notebook, or may bind, or deletes."""
        return frozenset(name for statement in self.tree for name in _bound(statement))

    @cached_property
    def mentioned(self) -> frozenset[str]:
        """All names in it."""
        nodes = [node for statement in self.tree for node in ast.walk(statement)]
        return self.bound | {node.id for node in nodes if isinstance(node, ast.Name)}

    @property
    def is_shown(self) -> bool:
        """Whether the notebook shows its value if nothing follows: it is an expression without a semicolon after it."""
        code = cst.Module([self.node]).code.rstrip()
        return isinstance(self.tree[-1], ast.Expr) and not code.endswith(";")

    @property
    def is_import(self) -> bool:
        """Whether it only imports."""
        return all(isinstance(one, (ast.Import, ast.ImportFrom)) for one in self.tree)


@dataclass(frozen=True)
class Source:
    """A cell that can be edited."""

    module: cst.Module
    masked: tuple[str, ...] = ()
    """Lines that are not Python."""

    @classmethod
    def of(cls, text: str) -> Source | None:
        """Parse a cell; None if it cannot be edited, as it is not Python or gives names to what IPython returns."""
        masked = _masked(text)
        if masked is None:
            return None
        try:
            module = cst.parse_module(masked[0])
        except (cst.ParserSyntaxError, RecursionError):
            return None
        source = cls(module, masked[1])
        try:
            return source if source.text == text and source.statements is not None else None
        except (SyntaxError, ValueError, RecursionError):
            return None

    @property
    def text(self) -> str:
        """The source, with the lines for IPython."""
        return _MASK.sub(lambda found: self.masked[int(found[1])], self.module.code)

    @cached_property
    def statements(self) -> tuple[Statement, ...]:
        """The top-level statements; lines for IPython are not among them."""
        found = []
        for node in self.module.body:
            code = self.module.code_for_node(node)
            if not _MASK.search(code) or isinstance(node, cst.BaseCompoundStatement):
                found.append(Statement(node, ast.parse(code).body))
        return tuple(found)

    @cached_property
    def mentioned(self) -> frozenset[str]:
        """All names in the Python of the cell, and all words of the other lines."""
        return self.masked_words.union(*(statement.mentioned for statement in self.statements))

    @cached_property
    def masked_words(self) -> frozenset[str]:
        """All words of the lines that are not Python."""
        return frozenset(word for line in self.masked for word in _WORD.findall(line))

    @property
    def is_blank(self) -> bool:
        """Whether nothing but comments is left."""
        return not self.module.body

    def binds_anew(self, name: str) -> bool:
        """Tell whether the cell gives a name another value before it looks at the value from above."""
        for statement in self.statements:
            if name not in statement.mentioned:
                continue
            first = statement.tree[0]
            if len(statement.tree) == 1 and isinstance(first, ast.Assign):
                looks = any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(first.value))
                targets = [target for target in first.targets if isinstance(target, ast.Name)]
                return not looks and any(target.id == name for target in targets)
            return statement.is_import
        return False

    def without(self, removed: Iterable[TopLevel]) -> Source:
        """Remove top-level statements, with the comments right above them."""
        gone = {id(node) for node in removed}
        kept = [node for node in self.module.body if id(node) not in gone]
        return self._with(_tidied(kept))

    def without_header(self) -> Source:
        """Remove the comments at the top."""
        return Source(self.module.with_changes(header=[]), self.masked)

    def begun_with(self, added: Sequence[TopLevel]) -> Source:
        """Insert statements before the first one, but below a cell magic and the imports that the cell begins with."""
        body = list(self.module.body)
        imports = {id(statement.node) for statement in self.statements if statement.is_import}
        at = 1 if self.masked and self.masked[0].startswith("%%") else 0
        for place, node in enumerate(body):
            if id(node) in imports:
                at = place + 1
            elif not _MASK.search(self.module.code_for_node(node)):
                break
        return self._with([*body[:at], *added, *body[at:]])

    def ended_with(self, added: Sequence[TopLevel]) -> Source:
        """Append statements."""
        return self._with([*self.module.body, *added])

    def replaced(self, replacements: Mapping[int, Sequence[TopLevel]]) -> Source:
        """Put statements in the place of others, given by their positions in the body of the module."""
        body: list[TopLevel] = []
        for position, node in enumerate(self.module.body):
            body.extend(replacements.get(position, (node,)))
        return self._with(body)

    def _with(self, body: Sequence[TopLevel]) -> Source:
        return Source(self.module.with_changes(body=body), self.masked)

    def transformed(self, change: cst.CSTTransformer) -> Source:
        """Apply a transformer to the whole cell."""
        return Source(self.module.visit(change), self.masked)

    def renamed(self, old: str, new: str, start: int = 0) -> Source | None:
        """Rename a variable of the notebook; None if a line for IPython may use it.

        Args:
            start: the position in the body of the module of the first statement to rename in.
        """
        if old in self.masked_words:
            return None
        wrapper = MetadataWrapper(self.module, unsafe_skip_copy=False)
        renamed = wrapper.visit(_Renamer(old, new))
        body = [*wrapper.module.body[:start], *renamed.body[start:]]
        return Source(renamed.with_changes(body=body), self.masked)


def parsed(code: str) -> list[TopLevel]:
    """Parse statements that are to be inserted."""
    return list(cst.parse_module(code).body)


def position(source: Source, statement: Statement) -> int:
    """The position of a statement in the body of the module."""
    return next(at for at, node in enumerate(source.module.body) if node is statement.node)


def _masked(text: str) -> tuple[str, tuple[str, ...]] | None:
    """Replace the lines for IPython; None if that is not possible line by line."""
    head, body = "", text
    magic = ipython.cell_magic(text)
    if magic is not None:
        name, body = magic
        if not ipython.is_python(name) or not text.startswith("%%"):
            return None
        head = text[: len(text) - len(body)].rstrip("\n")
    elif ipython.with_percent(text) != text and not _is_call(text):
        return None
    kept, _ = ipython.without_magics(body, _is_plain)
    lines: list[str] = ["pass  # nbrerun: line 0"] if head else []
    held = [head] if head else []
    originals = body.split("\n")
    python = kept.split("\n") if kept != body else originals
    if len(python) < len(originals):  # `splitlines` drops the last line if it is empty
        python = [*python, *originals[len(python) :]]
    for line, original in zip(python, originals, strict=True):
        if line == original:
            lines.append(line)
        elif line.strip() == "pass" and not original.endswith("\\"):
            lines.append(f"{line.rstrip()}  # nbrerun: line {len(held)}")
            held.append(original)
        else:
            return None
    return "\n".join(lines), tuple(held)


def _is_plain(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _is_call(text: str) -> bool:
    """Whether it is a call such as `ll[0].append(1)`, which is no line magic `ll` although it begins like one."""
    if not _is_plain(text):
        return False
    (statement, *others) = ast.parse(text).body
    return not others and isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)


def _tidied(body: Sequence[TopLevel]) -> list[TopLevel]:
    """Drop the blank lines that a removed statement has left at the top."""
    if not body:
        return []
    lines = list(body[0].leading_lines)
    while lines and lines[0].comment is None:
        del lines[0]
    return [body[0].with_changes(leading_lines=lines), *body[1:]]


def _bound(node: ast.AST) -> Iterable[str]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name
        return
    if isinstance(node, (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
        return
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        yield node.id
    if isinstance(node, ast.alias):
        yield (node.asname or node.name).partition(".")[0]
    for child in ast.iter_child_nodes(node):
        yield from _bound(child)


class _Renamer(cst.CSTTransformer):
    """Renames a variable wherever the cell means the one of the notebook, and not a local one of a function."""

    METADATA_DEPENDENCIES = (ScopeProvider,)

    def __init__(self, old: str, new: str) -> None:
        super().__init__()
        self._old, self._new = old, new
        self._others: set[int] = set()
        """Names that are no variables: attributes and keywords."""

    def visit_Attribute(self, node: cst.Attribute) -> None:
        self._others.add(id(node.attr))

    def visit_Arg(self, node: cst.Arg) -> None:
        if node.keyword is not None:
            self._others.add(id(node.keyword))

    def visit_ImportAlias(self, node: cst.ImportAlias) -> bool:
        return False

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.Name:
        if original_node.value != self._old or id(original_node) in self._others:
            return updated_node
        scope = self.get_metadata(ScopeProvider, original_node, None)
        is_ours = scope is None or _is_global(scope, self._old)
        return updated_node.with_changes(value=self._new) if is_ours else updated_node


def _is_global(scope: Scope, name: str) -> bool:
    """Whether a name means that of the module, as one that the cell does not assign does as well."""
    return all(isinstance(found, BuiltinAssignment) or isinstance(found.scope, GlobalScope) for found in scope[name])
