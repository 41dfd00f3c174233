"""Relation (a): functions, classes, variables and files get other names, through the whole notebook."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import replace

from tests.functional.cases.case import Case, LabelledCell
from tests.functional.metamorphic.files import Files, files_of, names_a_file
from tests.functional.metamorphic.names import FUNCTIONS, Chosen, bound, chosen
from tests.functional.metamorphic.source import rewritten, split

_NAMESPACES = frozenset({"globals", "locals", "vars", "dir"})
_RUNS_TEXT = frozenset({"exec", "eval", "run_cell", "run_line_magic", "run_cell_magic"})
_NAMES_ATTRIBUTES = frozenset({"getattr", "hasattr", "setattr", "delattr"})


def renamed(case: Case, tag: str) -> Case:
    """Rename everything that the user named; names of different tags never meet."""
    return Renaming(case, tag).apply()


class Renaming:
    """The new names for one notebook."""

    def __init__(self, case: Case, tag: str) -> None:
        self._case = case
        parts = [split(cell.source) for cell in case.cells]
        trees = [part.tree for part in parts]
        setup = ast.parse(case.setup)
        labelled = {name for cell in case.cells for name in _names(cell)}
        self.chosen: Chosen = chosen(trees, filter(str.isidentifier, labelled))
        texts = [text for part in parts for text in (part.head, part.text, *part.lines.values())]
        paths = {name.removeprefix("file:") for name in labelled if name.startswith("file:")}
        self.files: Files = files_of([*trees, setup], paths, texts)
        self.prefix = f"{tag}f"
        spellings = sorted(self.chosen.variables | self.chosen.attributes)
        self.new: dict[str, str] = {old: _new(old, f"{tag}_{number}") for number, old in enumerate(spellings)}

    def apply(self) -> Case:
        """The case with its new names, in its cells, its setup and its labels."""
        setup = rewritten(self._case.setup, lambda tree: _Renamer(self, files_only=True).visit(tree))
        cells = [self._cell(cell) for cell in self._case.cells]
        return Case(self._case.name, *cells, setup=setup, survives_fork=self._case.survives_fork)

    def _cell(self, cell: LabelledCell) -> LabelledCell:
        return replace(
            cell,
            source=rewritten(cell.source, lambda tree: _Renamer(self).visit(tree), self.in_text),
            variables=self._keys(cell.variables),
            marks=self._keys(cell.marks),
            how=self._keys(cell.how),
            via=self._keys(cell.via),
            kinds=self._keys(cell.kinds),
            changed=frozenset(map(self._path, cell.changed)),
        )

    def _keys(self, labels: Mapping[str, object]) -> dict[str, object]:
        return {self.label(name): value for name, value in labels.items()}

    def label(self, name: str) -> str:
        """A variable, `file:PATH` or `env:NAME` as the renamed notebook has it."""
        if name.startswith("file:"):
            return "file:" + self.files.renamed_label(name.removeprefix("file:"), self.prefix)
        return self.new[name] if name in self.chosen.variables else name

    def _path(self, path: str) -> str:
        """`model.w` or `df['a']`: what holds it, and the attributes on the way."""
        first, *rest = re.split(r"(?=[.\[])", path)
        steps = [f".{self.attribute(step[1:])}" if step.startswith(".") else step for step in rest]
        return self.label(first) + "".join(steps)

    def attribute(self, name: str) -> str:
        """The new name of an attribute, if it is one of the user's."""
        return self.new[name] if name in self.chosen.attributes else name

    def in_text(self, text: str) -> str:
        """Rename in what only IPython reads: magics and shell lines."""
        words = {name: self.new[name] for name in self.chosen.variables}
        words |= {name: self.prefix + name for name in self.files.names}
        return re.sub(r"(?<![\w.%-])[\w][\w.-]*", lambda match: _word(match[0], words), text)


def _word(word: str, words: Mapping[str, str]) -> str:
    """A word of text, or the name before a dot: `notes.txt`, `clf.fit`."""
    if word in words:
        return words[word]
    first, dot, rest = word.partition(".")
    return words.get(first, first) + dot + rest


def _new(old: str, name: str) -> str:
    name = name.capitalize() if old[:1].isupper() else name
    return f"_{name}" if old.startswith("_") else name


def _names(cell: LabelledCell) -> set[str]:
    return {*cell.variables, *cell.marks, *cell.how, *cell.via, *cell.kinds}


class _Renamer(ast.NodeTransformer):
    """Rename by spelling, so that a name in a function and one outside it stay the same name or different ones."""

    def __init__(self, names: Renaming, files_only: bool = False) -> None:
        self._names = names
        self._chosen = Chosen() if files_only else names.chosen
        self._class_level: list[set[str]] = []
        self._as_they_are: set[int] = set()
        """Strings, by the id of their node, that look like the name of a file and are none."""

    def _variable(self, name: str) -> str:
        if self._class_level and name in self._class_level[-1]:
            return self._attribute(name)
        return self._names.new[name] if name in self._chosen.variables else name

    def _attribute(self, name: str) -> str:
        return self._names.new[name] if name in self._chosen.attributes else name

    def visit_Name(self, node: ast.Name) -> ast.AST:
        node.id = self._variable(node.id)
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.arg = self._variable(node.arg)
        return self.generic_visit(node)

    def visit_Global(self, node: ast.Global) -> ast.AST:
        node.names = list(map(self._variable, node.names))
        return node

    def visit_Nonlocal(self, node: ast.Nonlocal) -> ast.AST:
        node.names = list(map(self._variable, node.names))
        return node

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        node.name = self._variable(node.name) if node.name else None
        return self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        node.attr = self._attribute(node.attr)
        return self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.decorator_list = [self.visit(each) for each in node.decorator_list]
        node.name = self._variable(node.name)
        self._class_level.append(set())
        node.args = self.visit(node.args)
        node.body = [self.visit(each) for each in node.body]
        self._class_level.pop()
        return node

    visit_AsyncFunctionDef = visit_FunctionDef  # type: ignore[assignment]

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        self._class_level.append(set())
        self.generic_visit(node)
        self._class_level.pop()
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        own = bound(node)
        node.decorator_list = [self.visit(each) for each in node.decorator_list]
        node.bases = [self.visit(each) for each in node.bases]
        node.name = self._variable(node.name)
        self._class_level.append(own)
        node.body = [self.visit(each) for each in node.body]
        self._class_level.pop()
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        function = node.func
        name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
        for mode in _modes(node):
            self._as_they_are.add(id(mode))
        if name in _RUNS_TEXT:
            for each in node.args:
                if isinstance(each, ast.Constant) and isinstance(each.value, str):
                    each.value = self._names.in_text(each.value)
        elif name in _NAMES_ATTRIBUTES:
            self._rename_string(node.args[1:2], self._attribute)
        elif isinstance(function, ast.Attribute) and _is_namespace(function.value):
            self._rename_string(node.args[:1], self._variable)
        if name in self._chosen.functions | self._chosen.attributes:
            for keyword in node.keywords:
                keyword.arg = self._variable(keyword.arg) if keyword.arg else None
        return self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        if _is_namespace(node.value):
            self._rename_string([node.slice], self._variable)
        elif isinstance(node.value, ast.Attribute) and node.value.attr == "__dict__":
            self._rename_string([node.slice], self._attribute)
        return self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        if any(map(_is_namespace, node.comparators)):
            self._rename_string([node.left], self._variable)
        return self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        if any(isinstance(target, ast.Name) and target.id == "__slots__" for target in node.targets):
            self._rename_string([part for part in ast.walk(node.value) if isinstance(part, ast.expr)], self._attribute)
        return self.generic_visit(node)

    def _rename_string(self, nodes: list[ast.expr], new: object) -> None:
        for node in nodes:
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert callable(new)
                node.value = new(node.value)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if isinstance(node.value, str) and id(node) not in self._as_they_are:
            new = self._names.files.renamed(node.value, self._names.prefix)
            node.value = node.value if new is None else new
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        is_file = names_a_file(node)
        for part in node.values:
            if not isinstance(part, ast.Constant):
                self.visit(part)
        if is_file:
            node.values = [_prefixed(node, self._names.prefix), *node.values[_begins_with_text(node) :]]
        return node


def _prefixed(node: ast.JoinedStr, prefix: str) -> ast.Constant:
    """The text before the first value of a file's name, with the prefix on the last part of its path."""
    first = node.values[0]
    text = str(first.value) if isinstance(first, ast.Constant) else ""
    folder, slash, name = text.rpartition("/")
    return ast.Constant(value=folder + slash + prefix + name)


def _begins_with_text(node: ast.JoinedStr) -> bool:
    return isinstance(node.values[0], ast.Constant)


def _modes(node: ast.Call) -> list[ast.expr]:
    """What `open(path, "a")` and `path.open("a")` are given as a mode."""
    if isinstance(node.func, ast.Name) and node.func.id == "open":
        return node.args[1:2]
    of_a_path = isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Call)
    return node.args[:1] if of_a_path and getattr(node.func, "attr", "") == "open" else []


def _is_namespace(node: ast.AST) -> bool:
    """`globals()` and its like."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _NAMESPACES


__all__ = ["FUNCTIONS", "Renaming", "renamed"]
