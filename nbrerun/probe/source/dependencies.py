"""What a cell can reach and may bind, found from the functions and classes that it mentions."""

from __future__ import annotations

import ast
import dis
import linecache
import types
import weakref
from functools import partial
from typing import (
    Any,
    Callable,
    Container,
    Dict,
    FrozenSet,
    Iterable,
    Iterator,
    List,
    NamedTuple,
    Optional,
    Set,
    Tuple,
    TypeVar,
)

from ..adapters.generic import ancestry, layout, members, module_of
from .inputs import NAMESPACES, inputs, inputs_of, parsed
from .statements import called_word
from .vocabulary import PICKLING, SAVING

# Names of bytecode instructions differ between versions of Python (library reference, module `dis`).
_LOOKS_UP = frozenset({"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS", "DELETE_GLOBAL"})
_BINDS = frozenset({"STORE_GLOBAL", "DELETE_GLOBAL"})

_WRAPPED = ("__wrapped__", "_python_function", "func", "py_func", "pyfunc")
"""Attributes in which decorators of functools, TensorFlow, numba and JAX keep the function that they wrap."""

_PLAIN = (str, int, float, bool, bytes, type(None), types.GetSetDescriptorType)
"""Types of class attributes that call nothing."""


class GlobalNames(NamedTuple):
    """Global names in a function's code, with the code of the functions inside it."""

    looked_up: FrozenSet[str]
    bound: FrozenSet[str]
    """By assignments and deletions under a `global` statement."""


_Found = TypeVar("_Found")
_Known = Dict[int, Tuple[Callable[[], Any], _Found]]
"""What was found out about code, by its address, with a weak reference to it: addresses are used again."""
_disassembled: _Known[GlobalNames] = {}
_depends_on: _Known[FrozenSet[str]] = {}


def reachable(source: str, namespace: Dict[str, Any]) -> Set[str]:
    """Names whose values code depends on, directly or through functions and classes of the notebook.

    A name that the code certainly binds before it looks it up does not count. Code that is not Python may depend on
    the whole namespace.
    """
    try:
        names = inputs_of(source)
    except (SyntaxError, ValueError):
        return set(namespace)
    return _closure(names, namespace)


def through_calls(called: Set[str], namespace: Dict[str, Any]) -> Set[str]:
    """Names that functions of the notebook can reach or bind when they are called, and those that they call."""
    inner = [word for name in called if name in namespace for word in _mentioned(namespace[name])]
    reached = _closure(inner, namespace)
    return reached | global_stores(called | reached, namespace)


def global_stores(names: Set[str], namespace: Dict[str, Any], but: Container[int] = ()) -> Set[str]:
    """Names that functions among `names` bind with a `global` statement.

    Args:
        but: addresses of functions that are left out.
    """
    functions = [function for name in names if name in namespace for function in _functions(namespace[name])]
    return {word for function in functions if id(function) not in but for word in global_names(function.__code__).bound}


def notebook_functions(names: Set[str], namespace: Dict[str, Any]) -> List[types.FunctionType]:
    """The notebook's own functions that may run when the values of `names` are used."""
    found = {id(each): each for name in names if name in namespace for each in _functions(namespace[name])}
    return [each for each in found.values() if dict.get(each.__globals__, "__name__") == "__main__"]


def pickles(source: str, names: Set[str], namespace: Dict[str, Any], exchanged: bool = True) -> bool:
    """Whether code, or a function among `names`, may look up classes by name, as pickling does.

    Args:
        exchanged: objects went in or out of files.
    """
    return _calls(lambda word: PICKLING.search(word) or (exchanged and SAVING.search(word)), source, names, namespace)


def resizes(source: str, names: Set[str], namespace: Dict[str, Any]) -> bool:
    """Whether code, or a function among `names`, may give an array another size in place."""
    return _calls(lambda word: word == "resize", source, names, namespace)


def codes(value: Any) -> Iterator[types.CodeType]:
    """The code that may run when a value is used, with that of inner functions."""
    for function in _functions(value):
        yield from _nested(function.__code__)


def global_names(code: types.CodeType) -> GlobalNames:
    """Global names that code looks up and binds."""
    return _remembered(_disassembled, code, _disassemble)


def _remembered(known: _Known[_Found], code: types.CodeType, find: Callable[[types.CodeType], _Found]) -> _Found:
    """Return what was found out about code before, or find it out.

    A cell asks several times for the same functions, and to disassemble or parse them takes most of that time. So the
    answer is remembered for as long as the code object lives, also in forks. It is found by address, since hashing a
    code object hashes its constants, and those can be anything (`code.replace`).
    """
    entry = known.get(id(code))
    if entry is None or entry[0]() is not code:
        entry = known[id(code)] = (weakref.ref(code), find(code))
    return entry[1]


def _disassemble(code: types.CodeType) -> GlobalNames:
    instructions = [instruction for each in _nested(code) for instruction in dis.get_instructions(each)]
    looked_up = {str(each.argval) for each in instructions if each.opname in _LOOKS_UP}
    if looked_up & NAMESPACES:  # `globals()["x"]`, and whatever else it does to a name that it has as a text
        looked_up.update(text for each in _nested(code) for text in each.co_consts if _is_name(text))
    return GlobalNames(
        frozenset(looked_up),
        frozenset(str(each.argval) for each in instructions if each.opname in _BINDS),
    )


def _closure(names: Iterable[str], namespace: Dict[str, Any]) -> Set[str]:
    """Names, and those that functions and classes among them mention."""
    pending = list(names)
    found: Set[str] = set()
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending.extend(_mentioned(namespace[name]) if name in namespace else ())
    return found


def _is_name(constant: Any) -> bool:
    return type(constant) is str and constant.isidentifier()


def _mentioned(value: Any) -> Iterator[str]:
    """Names of the notebook that a value's code looks up; a library's functions look up the library's own names."""
    for function in _functions(value):
        if dict.get(function.__globals__, "__name__") == "__main__":
            yield from _remembered(_depends_on, function.__code__, _looked_up)


def _looked_up(code: types.CodeType) -> FrozenSet[str]:
    """Global names that a function looks up; one that it certainly binds first does not count."""
    names = global_names(code)
    both = names.looked_up & names.bound
    definition = _definition(code) if both else None
    needed = inputs(ast.Module(definition.body, [])) if definition is not None else both
    return names.looked_up - (both - needed)


def _definition(code: types.CodeType) -> Optional[ast.FunctionDef]:
    """The definition of a function, from the source that IPython keeps of its cell."""
    try:
        tree = ast.parse("".join(linecache.getlines(code.co_filename)))
    except (SyntaxError, ValueError):  # the file has changed since, or was never there
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == code.co_name:
            lines = [node.lineno, *(decorator.lineno for decorator in node.decorator_list)]
            if min(lines) == code.co_firstlineno:
                return node
    return None


def _calls(matches: Callable[[str], Any], source: str, names: Set[str], namespace: Dict[str, Any]) -> bool:
    """Whether code calls a function, or functions among `names` mention an attribute or a name, that matches."""
    try:
        nodes = list(ast.walk(parsed(source)))
    except (SyntaxError, ValueError):
        return False
    words = [called_word(node) for node in nodes if isinstance(node, ast.Call)]
    words += [word for name in names if name in namespace for code in codes(namespace[name]) for word in code.co_names]
    return any(map(matches, words))


def _functions(value: Any) -> Iterator[types.FunctionType]:
    """Functions that may run when a value is used: itself, or what a class, an instance or a decorator consists of."""
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
    """What may be called when an object is.

    Attributes are read through the descriptors of builtin types, so that no code of the notebook runs.
    """
    kind = type(item)
    if kind is types.FunctionType:
        yield from _closed_over(item)
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
        for base in ancestry(item if issubclass(kind, type) else kind):
            if module_of(base) == "__main__":
                yield from (member for member in members(base).values() if type(member) not in _PLAIN)
    if not issubclass(kind, (type, types.ModuleType)):
        yield from _wrapped(item)


def _closed_over(function: types.FunctionType) -> Iterator[Any]:
    """Objects in a function's closure: that of a decorator's wrapper contains the decorated function."""
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # the variable is not bound yet
            continue


def _wrapped(item: Any) -> Iterator[Any]:
    """Functions in an object's own `__dict__`, and what decorators keep there."""
    namespace = layout(type(item)).namespace
    own = namespace.__get__(item) if namespace is not None else None
    if type(own) is dict:
        for name, part in own.items():
            if name in _WRAPPED or type(part) in (types.FunctionType, types.MethodType):
                yield part


def _nested(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _nested(constant)
