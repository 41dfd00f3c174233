"""What a cell can reach and may bind, found from its source and from the functions that it calls."""

from __future__ import annotations

import ast
import dis
import re
import types
from typing import Any, Dict, Iterator, List, Set

from .statements import binds, header_names, is_compound, magic_words, updated

_SEEDING = re.compile(r"seed|set_?state", re.IGNORECASE)


def reachable(source: str, namespace: Dict[str, Any]) -> Set[str]:
    """Names of the namespace whose values code depends on, functions and classes it mentions followed.

    A name that the code binds before it looks at it does not count.
    """
    try:
        pending = list(_inputs(ast.parse(source)))
    except (SyntaxError, ValueError):
        return set(namespace)
    return _closure(pending, namespace)


def _closure(pending: List[str], namespace: Dict[str, Any]) -> Set[str]:
    """Names, and those that functions and classes among them mention."""
    found: Set[str] = set()
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending.extend(_mentioned(namespace[name]) if name in namespace else ())
    return found


def through_calls(called: Set[str], namespace: Dict[str, Any]) -> Set[str]:
    """Names that functions of the notebook can reach when these are called."""
    inner = [word for name in called if name in namespace for word in _mentioned(namespace[name])]
    return _closure(inner, namespace)


def _inputs(module: ast.Module) -> Set[str]:
    inputs: Set[str] = set()
    bound: Set[str] = set()
    for statement in module.body:
        nodes = list(ast.walk(statement))
        looked_at = {node.id for node in nodes if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Store)}
        looked_at |= {word for node in nodes for word in (*magic_words(node), *updated(node))}
        inputs |= looked_at - bound
        if not is_compound(statement):
            bound |= binds(statement) - looked_at
    return inputs


def seeds(source: str, names: Set[str], namespace: Dict[str, Any]) -> bool:
    """Whether code, or functions among `names` that it calls, sets a generator of random numbers."""
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except (SyntaxError, ValueError):
        return False
    words = [node.func.attr for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    words += [node.func.id for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    words += [word for name in names if name in namespace for word in _mentioned(namespace[name])]
    return any(_SEEDING.search(word) for word in words)


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


def global_stores(names: Set[str], namespace: Dict[str, Any]) -> Set[str]:
    """Names that functions among `names` bind with a `global` statement."""
    stored: Set[str] = set()
    for name in names:
        for code in _codes(namespace.get(name)):
            stored |= {
                str(i.argval) for i in dis.get_instructions(code) if i.opname in ("STORE_GLOBAL", "DELETE_GLOBAL")
            }
    return stored


def _mentioned(value: Any) -> Iterator[str]:
    for code in _codes(value):
        yield from code.co_names


def _codes(value: Any) -> Iterator[types.CodeType]:
    """The code of a function or of all methods of a class or of an instance's class, inner ones included."""
    value = getattr(value, "__wrapped__", value) if isinstance(value, types.FunctionType) else value
    if isinstance(value, types.FunctionType):
        yield from _nested(value.__code__)
    elif isinstance(value, types.MethodType):
        yield from _codes(value.__func__)
    else:
        cls = value if isinstance(value, type) else type(value)
        for base in cls.__mro__:
            if base.__module__ == "__main__":
                for member in vars(base).values():
                    if isinstance(member, types.FunctionType):
                        yield from _nested(member.__code__)


def _nested(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _nested(constant)
