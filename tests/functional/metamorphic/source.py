"""The source of a cell as a syntax tree, and back with as much of its layout as can be kept."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import NamedTuple

_MAGIC_LINE = re.compile(r"\s*[%!]|\s*[\w, ]+ = *[%!]|.*\?\s*$")
"""`%time f()`, `!echo x`, `lines = !echo x`, `f?`: lines that IPython rewrites before Python sees them."""

_PYTHON_MAGICS = ("%%time", "%%capture")
"""Cell magics whose body is Python that runs in the notebook's namespace."""


class CellSource(NamedTuple):
    """A cell's source, taken apart: Python that can be parsed, and text that only IPython understands."""

    head: str
    """The first line where that is a cell magic, with its line end; empty elsewhere."""
    python: str
    """With a name of its own in place of each line for IPython."""
    lines: dict[str, str]
    """The lines that stand behind those names."""
    text: str
    """The body of a cell magic that is not Python."""

    @property
    def is_plain(self) -> bool:
        """Whether all of it is Python."""
        return not (self.head or self.lines or self.text)

    @property
    def tree(self) -> ast.Module:
        """The syntax tree of the Python part."""
        return ast.parse(self.python)

    def joined(self) -> str:
        """The source of a cell again."""
        python = self.python
        for name, line in self.lines.items():
            python = python.replace(name, line)
        return self.head + python + self.text


def split(source: str) -> CellSource:
    """Take a cell's source apart."""
    head, body = "", source
    if source.startswith("%%"):
        head, _, body = source.partition("\n")
        head += "\n"
        if not head.startswith(_PYTHON_MAGICS):
            return CellSource(head, "", {}, body)
    lines: dict[str, str] = {}
    python = []
    for number, line in enumerate(body.split("\n")):
        if _MAGIC_LINE.match(line):
            name = f"__ipython_line_{number}__"
            indent = line[: len(line) - len(line.lstrip())]
            lines[name], line = line.lstrip(), indent + name
        python.append(line)
    return CellSource(head, "\n".join(python), lines, "")


def rewritten(
    source: str,
    change: Callable[[ast.Module], ast.Module],
    change_text: Callable[[str], str] = lambda text: text,
) -> str:
    """Change the Python of a cell by its tree, and the rest of it as text.

    What the change leaves alone keeps its layout: comments, quotes, and semicolons that keep IPython from
    showing a value.
    """
    parts = split(source)
    old = parts.tree
    new = change(deepcopy(old))
    python = _with_edits(parts.python, old, new)
    assert ast.dump(ast.parse(python)) == ast.dump(new), f"edited into other code:\n{python}"
    lines = {name: change_text(line) for name, line in parts.lines.items()}
    return CellSource(change_text(parts.head), python, lines, change_text(parts.text)).joined()


class _Edit(NamedTuple):
    start: int
    end: int
    text: bytes


def _with_edits(source: str, old: ast.Module, new: ast.Module) -> str:
    raw = source.encode()  # columns of syntax trees count bytes of UTF-8
    for edit in sorted(_Comparison(raw).edits(old, new), reverse=True):
        raw = raw[: edit.start] + edit.text + raw[edit.end :]
    return raw.decode()


class _Comparison:
    """Two trees of one shape: where they differ, as edits of the source of the first."""

    def __init__(self, source: bytes) -> None:
        self._source = source
        self._starts = [0, *(match.end() for match in re.finditer(rb"\n", source))]

    def edits(self, old: ast.AST, new: ast.AST) -> Iterator[_Edit]:
        """Find the smallest edits that can be placed."""
        if ast.dump(old) == ast.dump(new):
            return
        # Before Python 3.12 (PEP 701) positions within an f-string are not reliable.
        if type(old) is not type(new) or isinstance(old, (ast.JoinedStr, ast.Constant)):
            yield self._whole(old, new)
            return
        found: list[_Edit] = []
        for field, before in ast.iter_fields(old):
            after = getattr(new, field)
            pairs = list(zip(before, after, strict=False)) if isinstance(before, list) else [(before, after)]
            if isinstance(before, list) and len(before) != len(after):
                yield self._whole(old, new)
                return
            for one, other in pairs:
                if isinstance(one, ast.AST) and isinstance(other, ast.AST):
                    found += self.edits(one, other)
                elif one != other:
                    edit = self._renamed(old, one, other)
                    if edit is None:
                        yield self._whole(old, new)
                        return
                    found.append(edit)
        yield from found

    def _renamed(self, node: ast.AST, before: object, after: object) -> _Edit | None:
        """One identifier that a node holds itself, where it is known where that stands."""
        if not (isinstance(before, str) and isinstance(after, str)):
            return None
        old, new = before.encode(), after.encode()
        if isinstance(node, (ast.Name, ast.arg, ast.keyword)):
            start = self._start(node)
        elif isinstance(node, ast.Attribute):
            start = self._end(node) - len(old)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            match = re.compile(rb"(def|class)\s+").search(self._source, self._start(node))
            start = match.end() if match else -1
        elif isinstance(node, ast.ExceptHandler) and node.type is not None:
            match = re.compile(rb"\s*as\s+").match(self._source, self._end(node.type))
            start = match.end() if match else -1
        else:
            return None
        end = start + len(old)
        return _Edit(start, end, new) if start >= 0 and self._source[start:end] == old else None

    def _whole(self, old: ast.AST, new: ast.AST) -> _Edit:
        return _Edit(self._start(old), self._end(old), ast.unparse(new).encode())

    def _start(self, node: ast.AST) -> int:
        assert isinstance(node, (ast.expr, ast.stmt, ast.arg, ast.keyword, ast.ExceptHandler)), node
        return self._starts[node.lineno - 1] + node.col_offset

    def _end(self, node: ast.AST) -> int:
        assert isinstance(node, (ast.expr, ast.stmt, ast.arg, ast.keyword, ast.ExceptHandler)), node
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self._starts[node.end_lineno - 1] + node.end_col_offset
