"""What code looks at and binds, found from its source alone."""

from __future__ import annotations

import ast
import re
from typing import AbstractSet, Any, List, Set, Tuple

from .statements import binds, header_names, is_compound, magic_words, named, roots

_SWALLOWING = re.compile(r"suppress|raises|ignor", re.IGNORECASE)

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_HOLDERS: Tuple[Any, ...] = (ast.ExceptHandler, getattr(ast, "match_case", ast.ExceptHandler))
"""Parts of compound statements that hold statements themselves."""

_NAMESPACES = frozenset({"globals", "locals", "vars"})
_GIVES = frozenset({"get", "pop", "setdefault", "__getitem__"})

_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def inputs(module: ast.Module) -> Set[str]:
    """Names that code looks at before it has surely bound them."""
    inputs: Set[str] = set()
    _go_through(module.body, set(), inputs)
    return inputs


def _go_through(statements: List[ast.stmt], bound: Set[str], inputs: Set[str]) -> Set[str]:
    """Add what statements look at without having bound it; what is bound after them."""
    bound = set(bound)
    for statement in statements:
        if is_compound(statement):
            bound = _go_into(statement, bound, inputs)
        else:
            itself = {statement.name} if isinstance(statement, _DEFINITIONS) else set()
            looked_at = _looked_at([statement], itself)
            inputs |= looked_at - bound
            bound |= _surely_binds(statement) - looked_at
    return bound


def _go_into(statement: ast.stmt, bound: Set[str], inputs: Set[str]) -> Set[str]:
    """The same for a statement that holds others: loops may run no round, branches may not be taken."""
    header = _header(statement)
    looked_at = _looked_at(header)
    inputs |= looked_at - bound
    bound = bound | (_surely_named(header) - looked_at)
    if isinstance(statement, ast.If):
        branches = [_go_through(body, bound, inputs) for body in (statement.body, statement.orelse)]
        return branches[0] & branches[1]
    if isinstance(statement, (ast.With, ast.AsyncWith)):
        inner = _go_through(statement.body, bound | (header_names(statement) - looked_at), inputs)
        return bound if any(_swallows(item.context_expr) for item in statement.items) else inner
    if hasattr(statement, "handlers"):
        return _go_through_try(statement, bound, inputs)
    for part in getattr(statement, "cases", [statement]):
        _go_through(part.body, bound | (_bound_at(part) - looked_at), inputs)
    _go_through(getattr(statement, "orelse", []), bound, inputs)
    return bound


def _go_through_try(statement: Any, bound: Set[str], inputs: Set[str]) -> Set[str]:
    """A handler may find nothing of the body done, and so may what follows it."""
    ends = [_go_through([*statement.body, *statement.orelse], bound, inputs)]
    for handler in statement.handlers:
        ends.append(_go_through(handler.body, bound | {handler.name or ""}, inputs))
    return set.intersection(*ends) | _go_through(statement.finalbody, bound, inputs)


def _header(statement: ast.stmt) -> List[ast.AST]:
    """The expressions of a compound statement, without the statements that it holds."""
    children = [part for part in ast.iter_child_nodes(statement) if not isinstance(part, (ast.stmt, *_HOLDERS))]
    for case in getattr(statement, "cases", []):
        children += [part for part in (case.pattern, case.guard) if part is not None]
    return children + [handler.type for handler in getattr(statement, "handlers", []) if handler.type is not None]


def _bound_at(part: Any) -> Set[str]:
    """Names that a loop, or a case of `match`, binds before its body runs."""
    if isinstance(part, ast.stmt):
        return header_names(part)
    nodes = ast.walk(part.pattern)
    return {word for node in nodes for word in (getattr(node, "name", None), getattr(node, "rest", None)) if word}


def _swallows(manager: ast.expr) -> bool:
    """Whether a `with` may go on after an error in its body, and so without what that should bind."""
    function = manager.func if isinstance(manager, ast.Call) else manager
    return bool(_SWALLOWING.search(getattr(function, "attr", getattr(function, "id", ""))))


def _surely_binds(statement: ast.stmt) -> Set[str]:
    if isinstance(statement, ast.AnnAssign) and statement.value is None:
        return set()
    return binds(statement) - (named(statement) - _surely_named([statement]))


def _surely_named(nodes: List[ast.AST]) -> Set[str]:
    """Names that expressions bind with `:=`, wherever they do so each time."""
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


def _looked_at(nodes: List[ast.AST], defined: AbstractSet[str] = frozenset()) -> Set[str]:
    """Names of the notebook that code may look up, those of its functions and comprehensions left out.

    Args:
        defined: names that are there by the time that functions are called.
    """
    found: Set[str] = set()
    pending = list(nodes)
    while pending:
        node = pending.pop()
        found.update(magic_words(node))
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.AugAssign):
            found |= roots(node.target)
        found |= _by_string(node)
        if isinstance(node, (*_FUNCTIONS, *_COMPREHENSIONS)):
            outside, inside, local = _scope(node)
            found |= _looked_at(inside, defined) - local - (defined if isinstance(node, _FUNCTIONS) else set())
            pending += outside
        else:
            pending.extend(ast.iter_child_nodes(node))
    return found


def _by_string(node: Any) -> Set[str]:
    """The name that `globals()["x"]` or `globals().get("x")` looks up, and those that `eval("x + 1")` does."""
    if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Store):
        return _words([node.slice]) if _is_namespace(node.value) else set()
    if not isinstance(node, ast.Call):
        return set()
    if isinstance(node.func, ast.Name) and node.func.id in ("eval", "exec"):
        return {name for text in _words(node.args[:1]) for name in _inputs_of(text)}
    gives = isinstance(node.func, ast.Attribute) and node.func.attr in _GIVES and _is_namespace(node.func.value)
    return _words(node.args[:1]) if gives else set()


def _is_namespace(node: ast.expr) -> bool:
    if not isinstance(node, ast.Call) or node.args:
        return False
    return isinstance(node.func, ast.Name) and node.func.id in _NAMESPACES


def _words(nodes: List[Any]) -> Set[str]:
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def _inputs_of(source: str) -> Set[str]:
    try:
        return inputs(ast.parse(source.strip()))
    except (SyntaxError, ValueError):
        return set()


def _scope(node: Any) -> Tuple[List[ast.AST], List[ast.AST], Set[str]]:
    """What a function or a comprehension looks up around it, what within it, and its own names."""
    if isinstance(node, _COMPREHENSIONS):
        first = node.generators[0].iter
        inside: List[ast.AST] = [
            part for loop in node.generators for part in (loop.target, loop.iter, *loop.ifs) if part is not first
        ]
        inside += [getattr(node, part) for part in ("elt", "key", "value") if hasattr(node, part)]
        return [first], inside, {name for loop in node.generators for name in _locals([loop.target])}
    inside = list(node.body) if isinstance(node.body, list) else [node.body]
    around = [node.args, getattr(node, "returns", None), *getattr(node, "decorator_list", [])]
    return [part for part in around if part is not None], inside, _parameters(node.args) | _locals(inside)


def _parameters(arguments: ast.arguments) -> Set[str]:
    several = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    return {argument.arg for argument in several if argument is not None}


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


def incidental(source: str) -> Set[str]:
    """Names that code binds as loop variables or as handles of `with`, and nowhere else."""
    try:
        statements = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.stmt)]
    except (SyntaxError, ValueError):
        return set()
    headers = {name for statement in statements for name in header_names(statement)}
    simple = [statement for statement in statements if not is_compound(statement)]
    return headers - {name for statement in simple for name in binds(statement)}


def static_binds(source: str) -> Set[str]:
    """Names that code may bind."""
    try:
        statements = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.stmt)]
    except (SyntaxError, ValueError):
        return set()
    return {name for statement in statements for name in binds(statement) | header_names(statement)}
