"""Which names in a notebook the user chose, as far as they can be renamed by spelling."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from nbrerun.probe.source.vocabulary import ANSWERING_METHODS, LEARNING_METHODS

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_SCOPES = (*FUNCTIONS, ast.ClassDef, ast.Lambda)

_OF_ESTIMATORS = frozenset(
    {"fit", "partial_fit", "fit_transform", "transform", "inverse_transform", "fit_predict", "predict", "predict_proba"}
    | {"score", "get_params", "set_params", "train", "eval", "forward", "step", "state_dict", "parameters", "update"}
)
LIBRARY_ATTRIBUTES = _OF_ESTIMATORS.union(*(dir(kind) for kind in (list, dict, set, str, bytes, int, Path, np.ndarray)))
"""Attributes that objects of libraries have, too: `model.fit` need not be a method of the user's."""


@dataclass
class Chosen:
    """Spellings that stand for what the user named, everywhere in one notebook."""

    variables: set[str] = field(default_factory=set)
    """Variables, functions, classes and parameters."""
    attributes: set[str] = field(default_factory=set)
    """Methods and attributes of the user's own classes."""
    functions: set[str] = field(default_factory=set)
    """Those of them that are defined by `def` or `class`: keyword arguments of their calls are parameters."""
    imported: set[str] = field(default_factory=set)
    """Modules, and what came from them: their attributes are a library's."""


def chosen(trees: Iterable[ast.Module], labelled: Iterable[str]) -> Chosen:
    """Collect what can be renamed; `labelled` are variables that a label names, for those that only a magic binds."""
    search = _Search()
    for tree in trees:
        search.look_at(tree)
    return search.result(set(labelled))


def own_scope(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes below that run in the same scope; of functions, classes and lambdas only the node itself."""
    stack = list(ast.iter_child_nodes(node))
    while stack:
        part = stack.pop()
        yield part
        if isinstance(part, _SCOPES):
            stack += getattr(part, "decorator_list", [])
        else:
            stack += ast.iter_child_nodes(part)


def bound(node: ast.AST) -> set[str]:
    """Names that the statements below bind or delete in their own scope, imports and comprehensions included."""
    names: set[str] = set()
    for part in own_scope(node):
        if isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Load):
            names.add(part.id)
        elif isinstance(part, (*FUNCTIONS, ast.ClassDef, ast.ExceptHandler)):
            names |= {part.name} if part.name else set()
        elif isinstance(part, (ast.Global, ast.Nonlocal)):
            names.update(part.names)
    return names | imported(node)


def imported(node: ast.AST) -> set[str]:
    """Names that imports bind, without those of `from module import *`."""
    return {name for part in own_scope(node) for name in _imports(part)}


def _imports(node: ast.AST) -> set[str]:
    if not isinstance(node, (ast.Import, ast.ImportFrom)):
        return set()
    return {alias.asname or alias.name.partition(".")[0] for alias in node.names if alias.name != "*"}


def parameters(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> list[str]:
    """The names of all parameters, in order."""
    given = function.args
    named = [*given.posonlyargs, *given.args, *given.kwonlyargs]
    return [each.arg for each in (*named, given.vararg, given.kwarg) if each is not None]


class _Search:
    def __init__(self) -> None:
        self._variables: set[str] = set()
        self._attributes: set[str] = set()
        self._functions: set[str] = set()
        self._kept: set[str] = set()
        self._imported: set[str] = set()
        self._open_classes: set[str] = set()
        self._users: set[str] = set()
        """Names that hold an object of a class of the user's: `self`, and what such a class returned."""
        self._accesses: list[ast.Attribute] = []

    def look_at(self, tree: ast.Module) -> None:
        """Collect from one cell, after those above it."""
        self._imported |= {name for part in ast.walk(tree) for name in _imports(part)}
        self._variables |= bound(tree)
        for node in ast.walk(tree):
            if isinstance(node, (*FUNCTIONS, ast.Lambda)):
                self._variables |= {*parameters(node), *bound(node)}
            if isinstance(node, FUNCTIONS):
                self._functions.add(node.name)
            elif isinstance(node, ast.ClassDef):
                self._functions.add(node.name)
                self._look_at_class(node)
            elif isinstance(node, ast.Attribute):
                self._accesses.append(node)
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign):
                self._look_at_assignment(node)

    def _look_at_class(self, node: ast.ClassDef) -> None:
        """A class is open to renaming if no library knows its parts: no decorator, and only such classes as bases."""
        bases = {base.id if isinstance(base, ast.Name) else "" for base in node.bases}
        methods = [part for part in node.body if isinstance(part, FUNCTIONS)]
        if node.decorator_list or node.keywords or not bases <= self._open_classes:
            self._kept |= bound(node) | {name for method in methods for name in parameters(method)}
            return
        self._open_classes.add(node.name)
        own = {parameters(method)[0] for method in methods if parameters(method)}
        self._users |= own | {node.name}
        self._attributes |= bound(node)
        for part in ast.walk(node):
            if isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Store) and _root(part) in own:
                self._attributes.add(part.attr)
            elif isinstance(part, ast.Assign) and "__slots__" in bound(part):
                self._attributes |= {each.value for each in ast.walk(part.value) if isinstance(each, ast.Constant)}

    def _look_at_assignment(self, node: ast.Assign) -> None:
        for target in node.targets:
            pairs = [(target, node.value)]
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                pairs = list(zip(target.elts, node.value.elts, strict=False))
            for one, value in pairs:
                if isinstance(one, ast.Name) and isinstance(value, ast.Call) and _root(value) in self._users:
                    self._users.add(one.id)

    def result(self, labelled: set[str]) -> Chosen:
        """What is left once everything is taken out that a library, or Python, knows by its spelling."""
        known = {*dir(builtins), "self", "cls", "_"}
        not_the_users = {
            access.attr
            for access in self._accesses
            if access.attr in LIBRARY_ATTRIBUTES and _root(access) not in self._users | self._imported
        }
        kept = {name for name in self._kept if name not in self._open_classes} | known | self._imported
        attributes = {name for name in self._attributes if not _is_dunder(name)} - not_the_users - self._kept
        attributes -= LEARNING_METHODS | ANSWERING_METHODS  # a class has them to be an estimator for libraries
        variables = {name for name in self._variables | labelled if not _is_dunder(name)} - kept
        return Chosen(variables, attributes, self._functions & variables, self._imported)


def _root(node: ast.AST) -> str:
    """The name at the bottom of `a.b().c`, without looking into subscripts: those hold anything."""
    while isinstance(node, (ast.Attribute, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def _is_dunder(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")
