"""Functions, classes and modules: definitions, and the state that they may have."""

from __future__ import annotations

import functools
import gc
import re
import sys
import types
from operator import itemgetter
from typing import Any, Callable, List, Tuple

from ..describe.node import Node, attribute_label, reads, type_name
from .generic import Described, attributes, attributes_node, is_user_module, members, module_of, namespace_of, of_class

_NOT_STATE = frozenset(
    {"__dict__", "__weakref__", "__doc__", "__module__", "__qualname__", "__firstlineno__"}
    | {
        "__static_attributes__",
        "__annotations__",
        "__annotate__",
        "__annotate_func__",
        "__annotations_cache__",
        "__abstractmethods__",
        "_abc_impl",
        "__slotnames__",  # a cache of copyreg's, filled when an object of the class is pickled or copied
    }
)
"""Attributes of a class that say how it was defined or what Python remembers of it."""


@reads("builtins.function")
def function(value: Any) -> Node:
    """A function: its code, and the state that it may have in defaults, closure and attributes."""
    if _is_public(value):
        name = f"{value.__module__}.{value.__qualname__}"
        return Node("function", (name.encode(),), kind="definition", text=lambda: f"<function {name}>")
    # `functools.wraps` gives the attributes of a compiled function to functions of the user's as well.
    if _COMPILED in value.__dict__ and str(dict.get(value.__globals__, "__name__")).startswith("torch."):
        return _compiled(value)
    cells = [cell.cell_contents if _is_filled(cell) else None for cell in value.__closure__ or ()]
    # `functools.wraps` stores the wrapped function, which the closure holds as well.
    own = {name: item for name, item in dict.items(value.__dict__) if type(name) is not str or name != "__wrapped__"}
    names = value.__code__.co_freevars
    defaults: Tuple[Any, ...] = value.__defaults__ or ()
    children = [Described(code(value.__code__)), defaults, value.__kwdefaults__, own, *cells]
    labels = [".__code__", ".__defaults__", ".__kwdefaults__", "", *(f".<closure {name}>" for name in names)]
    return Node(
        "function",
        (str.encode(value.__name__, "utf-8", "surrogatepass"),),
        children,
        lambda: labels,
        kind="definition" if not own and all(map(_is_definition, cells)) else "data",
        text=lambda: f"<function {value.__name__}>",
    )


_COMPILED = "_torchdynamo_orig_callable"
"""The attribute in which the wrappers of `torch.compile` and the like keep the wrapped function."""
_COMPILERS = frozenset({"__wrapped__", "_isolate_recompiles_id", "get_compiler_config", "aot_compile"})


def _compiled(value: Any) -> Node:
    """A compiled function: the function inside, and attributes that the user added; the rest is the compiler's."""
    own = {
        name: item
        for name, item in dict.items(value.__dict__)
        if type(name) is not str
        or not (name in _COMPILERS or name.startswith(("_torchdynamo", "_dynamo", "_is_torch_")))
    }
    inside = value.__dict__[_COMPILED]
    return Node(
        "compiled function",
        children=[inside, own],
        labels=lambda: ["", ""],
        kind="definition" if not own and _is_definition(inside) else "data",
        text=lambda: f"<function {value.__name__}>",
    )


def _is_definition(item: Any) -> bool:
    return issubclass(type(item), (types.FunctionType, types.ModuleType, type))


def _is_public(value: Any) -> bool:
    """Whether a function belongs to a library, which has it in a module under its name."""
    if type(value.__module__) is not str or value.__module__ == "__main__":
        return False
    namespace = namespace_of(sys.modules.get(value.__module__))
    return not is_user_module(namespace) and namespace.get(value.__name__) is value


def _is_filled(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018  raises ValueError while the variable is unbound
    except ValueError:
        return False
    return True


_DIGITS = re.compile("[0-9]+")


@reads("builtins.code")
def code(value: types.CodeType) -> Node:
    """Bytecode and constants, without file names and line numbers.

    Code from no file has been generated, and its local names may be numbered (those of SymPy's `lambdify` are).
    """
    constants = [Described(code(item)) if type(item) is types.CodeType else item for item in value.co_consts]
    own = " ".join(value.co_varnames)
    names = " ".join([*value.co_names, _DIGITS.sub("", own) if value.co_filename.startswith("<") else own])
    return Node("code", (value.co_code, names.encode("utf-8", "surrogatepass")), constants, text=lambda: "<code>")


@reads("builtins.cell")
def closure_cell(value: Any) -> Node:
    """A variable that a function shares with the functions inside it."""
    inside = [value.cell_contents] if _is_filled(value) else []
    return Node("cell", children=inside, labels=lambda: [".cell_contents"][: len(inside)])


@reads("builtins.method", "builtins.builtin_function_or_method", "builtins.method-wrapper")
def method(value: Any) -> Node:
    """A method, by its function and the object that it is bound to."""
    target = value.__self__
    function: Any = value.__func__ if type(value) is types.MethodType else None
    # A bound callable of the user's may compute its `__name__`: ask only functions, and methods written in C.
    name = value.__name__ if type(function) in (types.FunctionType, type(None)) else ""
    if name and function is not None and _is_method_of_module(value, name):
        full = f"{type_name(type(target))}.{name}"
        return Node("callable", (full.encode("utf-8", "surrogatepass"),), kind="definition", text=lambda: f"<{full}>")
    if name and (target is None or _is_definition(target)):
        full = _name_of(target) + "." + name if function is None else function.__qualname__
        return Node("callable", (full.encode("utf-8", "surrogatepass"),), kind="definition", text=lambda: f"<{full}>")
    return Node(
        "method",
        (name.encode(),),
        [target] if name else [target, function],
        lambda: [".__self__", ".__func__"],
        text=lambda: f"<method {name}>",
    )


def _is_method_of_module(value: types.MethodType, name: str) -> bool:
    """Whether a library offers it as a function, as multiprocessing does with the methods of its default context."""
    module = type(value.__self__).__module__
    while type(module) is str and module not in ("", "__main__"):
        namespace = namespace_of(sys.modules.get(module))
        if namespace.get(name) is value:
            return not is_user_module(namespace)
        module = module.rpartition(".")[0]
    return False


def _name_of(target: Any) -> str:
    if issubclass(type(target), types.ModuleType):
        return str(namespace_of(target).get("__name__", ""))
    return str(type_name(target)) if issubclass(type(target), type) else ""


@reads(
    "builtins.wrapper_descriptor",
    "builtins.method_descriptor",
    "builtins.classmethod_descriptor",
    "numpy.ufunc",
)
def named(value: Any) -> Node:
    """Something built in that is known by its name."""
    return Node(
        type_name(type(value)),
        (value.__name__.encode(),),
        kind="definition",
        text=lambda: f"<{value.__name__}>",
    )


@reads("builtins.staticmethod", "builtins.classmethod")
def wrapped(value: Any) -> Node:
    """A static or class method, by the function inside."""
    base = staticmethod if issubclass(type(value), staticmethod) else classmethod
    inside = vars(base)["__func__"].__get__(value)
    return Node(base.__name__, children=[inside], labels=lambda: [""], kind="definition")


@reads("functools.cached_property")
def computed_once(value: Any) -> Node:
    """A cached property, by the function inside, without the lock that Python had there before 3.12."""
    found = {name: item for name, item in attributes(value).items() if name != "lock"}
    return attributes_node(value, found, kind="definition")


@reads("builtins.property")
def getter_setter(value: Any) -> Node:
    """A property, by its functions."""
    inside = [vars(property)[name].__get__(value) for name in ("fget", "fset", "fdel")]
    return Node("property", children=inside, kind="definition")


@reads("builtins.type")
def class_(value: Any) -> Node:
    """A class of the notebook with its attributes; a class of a library by its name."""
    name = type_name(value)
    if module_of(value) != "__main__":
        return Node("class", (name.encode(),), kind="definition", text=lambda: f"<class {name}>")
    own = _state(
        members(value),
        lambda key, item: not (key in _NOT_STATE or key.startswith(_OF_PYDANTIC) or type(item) in _SLOTS),
    )
    return Node(
        "class",
        (name.encode(), *(key.encode("utf-8", "surrogatepass") for key, _ in own)),
        [of_class(value, "__bases__"), *(item for _, item in own)],
        lambda: ["", *(attribute_label(key) for key, _ in own)],
        kind="definition",
        text=lambda: f"<class {name}>",
    )


_OF_PYDANTIC = "__pydantic_"
"""Begins the names of what pydantic makes of a model's fields: schemas, which have the class's address in them."""
# The descriptors of `__slots__`, `__dict__` and `__weakref__`: they say where instances keep their state.
_SLOTS = (types.MemberDescriptorType, types.GetSetDescriptorType)


def _state(namespace: Any, counts: Callable[[str, Any], bool]) -> List[Tuple[str, Any]]:
    """Return the entries of a namespace that are state, by name."""
    items = [(key, item) for key, item in namespace.items() if type(key) is str and counts(key, item)]
    return sorted(items, key=itemgetter(0))


@reads("builtins.module")
def module(value: Any) -> Node:
    """A module of the user's, by its name and its state; one of a library, which is no state, by its name."""
    namespace = namespace_of(value)
    name = str(namespace["__name__"]) if type(namespace.get("__name__")) is str else ""
    if not is_user_module(namespace):
        return Node("module", (name.encode(),), kind="definition", text=lambda: f"<module {name}>")
    own = _state(
        namespace,
        lambda key, item: (
            not key.startswith("__") and not issubclass(type(item), (types.ModuleType, types.BuiltinFunctionType))
        ),
    )
    by_hand = namespace.get("__spec__") is None  # made with `types.ModuleType(name)`
    return Node(
        "module",
        (name.encode(), *(key.encode("utf-8", "surrogatepass") for key, _ in own)),
        [item for _, item in own],
        lambda: [attribute_label(key) for key, _ in own],
        kind="data" if by_hand else "definition",
        text=lambda: f"<module {name}>",
    )


@reads("functools._lru_cache_wrapper")
def cached(value: Any) -> Node:
    """A function with `lru_cache`, and the results that it remembers, unless it is a library's."""
    inside = value.__dict__.get("__wrapped__")
    is_of_library = type(inside) is types.FunctionType and not is_user_module(inside.__globals__)
    remembered = 0 if is_of_library else type(value).cache_info(value).currsize
    results = Node("remembered", children=_remembered(value) if remembered else [], unordered=1)
    return Node(
        "lru_cache",
        (b"%d" % remembered,),
        [inside, Described(results)],
        lambda: [".__wrapped__", ".<remembered>"],
        kind="definition",
        size=("{}.cache_info().currsize", str(remembered)),
        text=lambda: "<lru_cache>",
    )


def _remembered(value: Any) -> List[Any]:
    """Return the keys and results of a cache, which only the garbage collector gets to see."""
    own = (value.__dict__, value.__dict__.get("__wrapped__"))
    held = [item for item in gc.get_referents(value) if not any(item is each for each in own)]
    return [item for item in held if not _is_of_the_cache(item)]


def _is_of_the_cache(item: Any) -> bool:
    """Whether an object is a part of the cache itself: its classes, its dict, or an element of its linked list."""
    if type(item) is dict:
        return any(_is_of_the_cache(each) for each in list(item.values())[:1])
    cls = item if type(item) is type else type(item)
    return cls is object or of_class(cls, "__name__") in ("_lru_cache_wrapper", "_lru_list_elem", "CacheInfo")


@reads("functools.partial")
def partial(value: Any) -> Node:
    """A partial function, by the function and its arguments."""
    parts = members(functools.partial)
    inside = [parts[name].__get__(value) for name in ("func", "args", "keywords")]
    return Node(
        type_name(type(value)),
        children=[*inside, attributes(value)],
        labels=lambda: [".func", ".args", ".keywords", ""],
        text=lambda: "<functools.partial>",
    )
