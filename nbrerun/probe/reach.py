"""What a cell can reach and may bind, found from its source and from the functions that it calls."""

from __future__ import annotations

import ast
import dis
import re
import types
from functools import partial
from typing import AbstractSet, Any, Dict, FrozenSet, Iterator, List, Set, Tuple

from .adapters.generic import ancestry, layout, members, module_of
from .statements import binds, header_names, is_compound, magic_words, named, roots

_SEEDING = re.compile(r"seed|set_?state", re.IGNORECASE)
_PICKLING = re.compile(r"pickle|shelve|(^|_)(load|dump|save)", re.IGNORECASE)
_SWALLOWING = re.compile(r"suppress|raises|ignor", re.IGNORECASE)

_LOOKS_UP = frozenset({"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS", "DELETE_GLOBAL"})
_BINDS = frozenset({"STORE_GLOBAL", "DELETE_GLOBAL"})

_WRAPS = ("__wrapped__", "_python_function", "func", "py_func", "pyfunc")
"""Where decorators keep what they were put around."""

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_HOLDERS: Tuple[Any, ...] = (ast.ExceptHandler, getattr(ast, "match_case", ast.ExceptHandler))
"""Parts of compound statements that hold statements themselves."""

_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


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
    """Names that functions of the notebook can reach or bind when these are called."""
    inner = [word for name in called if name in namespace for word in _mentioned(namespace[name])]
    reached = _closure(inner, namespace)
    return reached | global_stores(called | reached, namespace)


def seeds(source: str, names: Set[str], namespace: Dict[str, Any]) -> bool:
    """Whether code, or functions among `names` that it calls, sets a generator of random numbers."""
    return _calls_like(_SEEDING, source, names, namespace)


def pickles(source: str, names: Set[str], namespace: Dict[str, Any]) -> bool:
    """Whether code may look up classes by their names, as writing and reading a pickle does."""
    return _calls_like(_PICKLING, source, names, namespace)


def _calls_like(pattern: Any, source: str, names: Set[str], namespace: Dict[str, Any]) -> bool:
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except (SyntaxError, ValueError):
        return False
    words = [node.func.attr for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    words += [node.func.id for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    words += [word for name in names if name in namespace for code in codes(namespace[name]) for word in code.co_names]
    return any(pattern.search(word) for word in words)


def _inputs(module: ast.Module) -> Set[str]:
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
        if isinstance(node, (*_FUNCTIONS, *_COMPREHENSIONS)):
            outside, inside, local = _scope(node)
            found |= _looked_at(inside, defined) - local - (defined if isinstance(node, _FUNCTIONS) else set())
            pending += outside
        else:
            pending.extend(ast.iter_child_nodes(node))
    return found


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


def global_stores(names: Set[str], namespace: Dict[str, Any]) -> Set[str]:
    """Names that functions among `names` bind with a `global` statement."""
    held = [namespace[name] for name in names if name in namespace]
    return {word for value in held for code in codes(value) for word in _named_by(code, _BINDS)}


def codes(value: Any) -> Iterator[types.CodeType]:
    """The code that may run when a value is used, with that of inner functions."""
    for function in _functions(value):
        yield from _nested(function.__code__)


def _mentioned(value: Any) -> Iterator[str]:
    """Names of the notebook that code looks up; what functions of a library look up is the library's."""
    for function in _functions(value):
        if dict.get(function.__globals__, "__name__") == "__main__":
            for code in _nested(function.__code__):
                yield from _named_by(code, _LOOKS_UP)


def _named_by(code: types.CodeType, operations: FrozenSet[str]) -> Set[str]:
    return {str(i.argval) for i in dis.get_instructions(code) if i.opname in operations}


def _functions(value: Any) -> Iterator[types.FunctionType]:
    """A function, or all that a class, an instance or a decorator is made of."""
    pending = [value]
    seen: Dict[int, Any] = {}
    while pending:
        item = pending.pop()
        if id(item) in seen:
            continue
        seen[id(item)] = item
        if type(item) is types.FunctionType:
            yield item
        pending.extend(_inside(item))


def _inside(item: Any) -> Iterator[Any]:
    """What may be called when an object is: nothing of the object's own is asked."""
    kind = type(item)
    if kind is types.FunctionType:
        yield from _held(item)
    elif kind is types.MethodType:
        yield from (item.__func__, item.__self__)
    elif issubclass(kind, property):
        yield from (vars(property)[part].__get__(item) for part in ("fget", "fset", "fdel"))
    elif issubclass(kind, (staticmethod, classmethod)):
        yield vars(staticmethod if issubclass(kind, staticmethod) else classmethod)["__func__"].__get__(item)
    elif issubclass(kind, partial):
        yield vars(partial)["func"].__get__(item)
        yield from vars(partial)["args"].__get__(item)
        yield from vars(partial)["keywords"].__get__(item).values()
    else:
        yield from _of_class(item if issubclass(kind, type) else kind)
    if not issubclass(kind, (type, types.ModuleType)):
        yield from _wrapped(item)


def _held(function: types.FunctionType) -> Iterator[Any]:
    """What a function finds in its closure: the one that it was put around, most often."""
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # it is not bound yet
            continue


def _of_class(cls: type) -> Iterator[Any]:
    for base in ancestry(cls):
        if module_of(base) == "__main__":
            yield from (member for member in members(base).values() if not _is_plain(member))


def _wrapped(item: Any) -> Iterator[Any]:
    """What an object's own `__dict__` holds under the names that decorators use, and its functions."""
    namespace = layout(type(item)).namespace
    own = namespace.__get__(item) if namespace is not None else None
    if type(own) is dict:
        for name, part in own.items():
            if name in _WRAPS or type(part) in (types.FunctionType, types.MethodType):
                yield part


def _is_plain(member: Any) -> bool:
    """Whether an attribute of a class is a value that calls nothing."""
    return type(member) in (str, int, float, bool, bytes, type(None), types.GetSetDescriptorType)


def _nested(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _nested(constant)
