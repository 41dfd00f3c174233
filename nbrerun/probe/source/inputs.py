"""Names that code may look up or bind, found from its source alone."""

from __future__ import annotations

import ast
import functools
from typing import AbstractSet, Any, FrozenSet, Iterator, List, Set, Tuple

from .ipython_names import RUNS_TEXT
from .statements import binds, called_word, header_names, is_compound, named, roots
from .vocabulary import SWALLOWING

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_HOLDERS: Tuple[Any, ...] = (ast.ExceptHandler, getattr(ast, "match_case", ast.ExceptHandler))
"""Parts of compound statements that contain statements themselves; `match` came with Python 3.10 (PEP 634)."""

NAMESPACES = frozenset({"globals", "locals", "vars"})
_RETURNS_ITEM = frozenset({"get", "pop", "setdefault", "__getitem__"})


parsed = functools.lru_cache(maxsize=32)(ast.parse)
"""The syntax tree of code, which is asked for several times for each cell, and which nobody may change."""


def inputs(module: ast.Module) -> Set[str]:
    """Names that code looks up before it has certainly bound them."""
    inputs: Set[str] = set()
    _walk_block(module.body, set(), inputs)
    return inputs


@functools.lru_cache(maxsize=32)
def inputs_of(source: str) -> FrozenSet[str]:
    """The same for code as a text.

    Raises:
        SyntaxError, ValueError: it is not Python.
    """
    return frozenset(inputs(parsed(source)))


def incidental(source: str) -> Set[str]:
    """Names that code binds only as loop variables or as targets of `with`; empty if it is not Python."""
    statements = _statements(source)
    headers = {name for statement in statements for name in header_names(statement)}
    simple = [statement for statement in statements if not is_compound(statement)]
    return headers - {name for statement in simple for name in binds(statement)}


@functools.lru_cache(maxsize=32)
def static_binds(source: str) -> FrozenSet[str]:
    """Names that code may bind; empty if it is not Python."""
    return frozenset(name for statement in _statements(source) for name in binds(statement) | header_names(statement))


def _statements(source: str) -> List[ast.stmt]:
    try:
        return [node for node in ast.walk(parsed(source)) if isinstance(node, ast.stmt)]
    except (SyntaxError, ValueError):
        return []


def _walk_block(statements: List[ast.stmt], bound: Set[str], inputs: Set[str]) -> Set[str]:
    """Go through statements in order.

    Args:
        bound: names that are certainly bound before them.
        inputs: receives the names that they look up and that are not.

    Returns:
        The names that are certainly bound after them.
    """
    bound = set(bound)
    for statement in statements:
        if is_compound(statement):
            bound = _walk_compound(statement, bound, inputs)
            continue
        # A function may call itself: its name is bound by the time that its body runs.
        itself = {statement.name} if isinstance(statement, _DEFINITIONS) else set()
        looked_up = _looked_up([statement], itself)
        inputs |= looked_up - bound
        if not (isinstance(statement, ast.AnnAssign) and statement.value is None):  # `x: int` binds nothing
            maybe = named(statement) - _certainly_named([statement])
            bound |= binds(statement) - maybe - looked_up
    return bound


def _walk_compound(statement: ast.stmt, bound: Set[str], inputs: Set[str]) -> Set[str]:
    """Go through a statement that contains others: a loop may not iterate, a branch may not be taken."""
    header = _header(statement)
    looked_up = _looked_up(header)
    inputs |= looked_up - bound
    bound = bound | (_certainly_named(header) - looked_up)
    if isinstance(statement, ast.If):
        branches = [_walk_block(body, bound, inputs) for body in (statement.body, statement.orelse)]
        return branches[0] & branches[1]
    if isinstance(statement, (ast.With, ast.AsyncWith)):
        inner = _walk_block(statement.body, bound | (header_names(statement) - looked_up), inputs)
        # After an error that the context manager swallows, the body has not bound its names.
        return bound if any(may_swallow(item.context_expr) for item in statement.items) else inner
    if hasattr(statement, "handlers"):
        return _walk_try(statement, bound, inputs)
    for part in getattr(statement, "cases", [statement]):
        _walk_block(part.body, bound | (_bound_by_header(part) - looked_up), inputs)
    _walk_block(getattr(statement, "orelse", []), bound, inputs)
    return bound


def _walk_try(statement: Any, bound: Set[str], inputs: Set[str]) -> Set[str]:
    """Go through a `try`: when a handler runs, the body may have bound nothing."""
    ends = [_walk_block([*statement.body, *statement.orelse], bound, inputs)]
    for handler in statement.handlers:
        ends.append(_walk_block(handler.body, bound | {handler.name or ""}, inputs))
    return set.intersection(*ends) | _walk_block(statement.finalbody, bound, inputs)


def _header(statement: ast.stmt) -> List[ast.AST]:
    """The expressions of a compound statement, without the statements inside it."""
    children = [part for part in ast.iter_child_nodes(statement) if not isinstance(part, (ast.stmt, *_HOLDERS))]
    for case in getattr(statement, "cases", []):
        children += [part for part in (case.pattern, case.guard) if part is not None]
    return children + [handler.type for handler in getattr(statement, "handlers", []) if handler.type is not None]


def _bound_by_header(part: Any) -> Set[str]:
    """Names that a loop, or a case of `match`, binds before its body runs."""
    if isinstance(part, ast.stmt):
        return header_names(part)
    nodes = ast.walk(part.pattern)
    return {word for node in nodes for word in (getattr(node, "name", None), getattr(node, "rest", None)) if word}


def may_swallow(manager: ast.expr) -> bool:
    """Whether a context manager may go on after an error of its body."""
    function = manager.func if isinstance(manager, ast.Call) else manager
    return bool(SWALLOWING.search(getattr(function, "attr", getattr(function, "id", ""))))


def _certainly_named(nodes: List[ast.AST]) -> Set[str]:
    """Names that expressions bind with `:=` each time that they are evaluated."""
    found: Set[str] = set()
    pending = list(nodes)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.NamedExpr):
            found.add(node.target.id)
        if isinstance(node, ast.BoolOp):
            pending.append(node.values[0])
        elif isinstance(node, ast.IfExp):
            pending.append(node.test)
        elif not isinstance(node, (ast.Lambda, *_COMPREHENSIONS)):
            pending.extend(ast.iter_child_nodes(node))
    return found


def _looked_up(nodes: List[ast.AST], defined: AbstractSet[str] = frozenset()) -> Set[str]:
    """Global names that code may look up; the local names of its functions and comprehensions are left out.

    Args:
        defined: names that are bound by the time that functions are called.
    """
    found: Set[str] = set()
    pending = list(nodes)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.AugAssign):
            found |= roots(node.target)
        found |= _looked_up_by_string(node)
        if isinstance(node, (*_FUNCTIONS, *_COMPREHENSIONS)):
            outside, inside, local = _scope(node)
            if isinstance(node, _DEFINITIONS):  # it may bind a global name before it looks it up
                looked_up: Set[str] = set()
                _walk_block(node.body, set(), looked_up)
            else:
                looked_up = _looked_up(inside, defined)
            found |= looked_up - local - (defined if isinstance(node, _FUNCTIONS) else set())
            pending += outside
        else:
            pending.extend(ast.iter_child_nodes(node))
    return found


def _looked_up_by_string(node: ast.AST) -> Set[str]:
    """Names in strings that are looked up.

    These are `x` in `globals()["x"]` and `globals().get("x")`, those that the code in `eval("x + 1")` looks up, and
    all words that a magic is given: they are code more often than not.
    """
    if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Store):
        return set(_texts([node.slice])) if _is_namespace(node.value) else set()
    if not isinstance(node, ast.Call):
        return set()
    if isinstance(node.func, ast.Name) and node.func.id in ("eval", "exec"):
        return {name for text in _texts(node.args[:1]) for name in _inputs_of(text)}
    if not isinstance(node.func, ast.Attribute):
        return set()
    if node.func.attr in RUNS_TEXT:
        spaced = ["".join(c if c.isidentifier() or c.isdigit() else " " for c in text) for text in _texts(node.args)]
        return {word for text in spaced for word in text.split()}
    by_key = called_word(node) in _RETURNS_ITEM and _is_namespace(node.func.value)
    return set(_texts(node.args[:1])) if by_key else set()


def _is_namespace(node: ast.expr) -> bool:
    """Whether an expression is `globals()`, or the like."""
    if not isinstance(node, ast.Call) or node.args:
        return False
    return isinstance(node.func, ast.Name) and node.func.id in NAMESPACES


def _texts(nodes: List[Any]) -> Iterator[str]:
    return (node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))


def _inputs_of(source: str) -> Set[str]:
    try:
        return inputs(ast.parse(source.strip()))
    except (SyntaxError, ValueError):
        return set()


def _scope(node: Any) -> Tuple[List[ast.AST], List[ast.AST], Set[str]]:
    """Divide a function or a comprehension: what is evaluated outside its scope, what inside, and its own names.

    Python evaluates the iterable of the outermost `for` outside (language reference, "Displays for lists, sets and
    dictionaries").
    """
    if isinstance(node, _COMPREHENSIONS):
        first = node.generators[0].iter
        inside: List[ast.AST] = [
            part for loop in node.generators for part in (loop.target, loop.iter, *loop.ifs) if part is not first
        ]
        inside += [getattr(node, part) for part in ("elt", "key", "value") if hasattr(node, part)]
        return [first], inside, {name for loop in node.generators for name in _locals([loop.target])}
    inside = list(node.body) if isinstance(node.body, list) else [node.body]
    around = [node.args, getattr(node, "returns", None), *getattr(node, "decorator_list", [])]
    args = node.args
    parameters = [*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg]
    local = {parameter.arg for parameter in parameters if parameter is not None} | _locals(inside)
    return [part for part in around if part is not None], inside, local


def local_names(function: Any) -> Set[str]:
    """A function's parameters and the names that it binds in its own scope."""
    return _scope(function)[2]


def _locals(body: List[Any]) -> Set[str]:
    """Names that the code of a function binds in its own scope."""
    found: Set[str] = set()
    outer: Set[str] = set()
    pending = list(body)
    while pending:
        node = pending.pop()
        if isinstance(node, (ast.Global, ast.Nonlocal)):
            outer.update(node.names)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found |= binds(node)
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.add(node.id)
        elif isinstance(getattr(node, "name", None), str):  # a definition, a handler or a pattern
            found.add(node.name)
        if not isinstance(node, (*_FUNCTIONS, *_COMPREHENSIONS, ast.ClassDef, ast.Import, ast.ImportFrom)):
            pending.extend(ast.iter_child_nodes(node))
    return found - outer
