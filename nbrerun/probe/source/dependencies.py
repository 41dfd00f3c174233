"""What a cell can reach and may bind, found from the functions and classes that it mentions."""

from __future__ import annotations

import ast
import dis
import re
import types
from functools import partial
from typing import Any, Dict, FrozenSet, Iterator, List, Set

from ..adapters.generic import ancestry, layout, members, module_of
from .inputs import inputs

_SEEDING = re.compile(r"seed|set_?state", re.IGNORECASE)
_TRAINING = re.compile(r"^((partial_)?fit(_\w+)?|train(_\w+)?)$")
_PICKLING = re.compile(r"pickle|shelve|(^|_)(load|dump|save)", re.IGNORECASE)

_LOOKS_UP = frozenset({"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS", "DELETE_GLOBAL"})
_BINDS = frozenset({"STORE_GLOBAL", "DELETE_GLOBAL"})

_WRAPS = ("__wrapped__", "_python_function", "func", "py_func", "pyfunc")
"""Where decorators keep what they were put around."""


def reachable(source: str, namespace: Dict[str, Any]) -> Set[str]:
    """Names of the namespace whose values code depends on, functions and classes it mentions followed.

    A name that the code binds before it looks at it does not count.
    """
    try:
        pending = list(inputs(ast.parse(source)))
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


def trains(source: str, names: Set[str], namespace: Dict[str, Any]) -> bool:
    """Whether code, or functions among `names` that it calls, train something."""
    return _calls_like(_TRAINING, source, names, namespace)


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
