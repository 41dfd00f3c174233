"""Functions, classes and modules: definitions, and the state that they may carry."""

from __future__ import annotations

import sys
import sysconfig
import types
from typing import Any, Tuple

from ..node import ATOMS, Node, attribute_label, clip, reads, type_name
from .generic import Described

_LIBRARIES = (*sysconfig.get_paths().values(), sys.prefix, sys.base_prefix)

_NOT_STATE = frozenset(
    {"__dict__", "__weakref__", "__doc__", "__module__", "__qualname__", "__firstlineno__"}
    | {
        "__static_attributes__",
        "__annotations__",
        "__annotate__",
        "__annotations_cache__",
        "__abstractmethods__",
        "_abc_impl",
    }
)


@reads("builtins.function")
def function(value: Any) -> Node:
    """Its code, and the state that it can carry: defaults, closure, attributes."""
    if _is_public(value):
        name = f"{value.__module__}.{value.__qualname__}"
        return Node("function", (name.encode(),), kind="definition", text=lambda: f"<function {name}>")
    cells = [cell.cell_contents if _is_filled(cell) else None for cell in value.__closure__ or ()]
    own = {name: item for name, item in value.__dict__.items() if name != "__wrapped__"}
    names = value.__code__.co_freevars
    defaults: Tuple[Any, ...] = value.__defaults__ or ()
    children = [Described(code(value.__code__)), defaults, value.__kwdefaults__, own, *cells]
    labels = [".__code__", ".__defaults__", ".__kwdefaults__", "", *(f".<closure {name}>" for name in names)]
    plain = not own and all(isinstance(cell, (types.FunctionType, types.ModuleType, type)) for cell in cells)
    return Node(
        "function",
        (value.__name__.encode(),),
        children,
        lambda: labels,
        kind="definition" if plain else "data",
        text=lambda: f"<function {value.__name__}>",
    )


def _is_public(value: Any) -> bool:
    """Whether it is a library's function, found in its module under its name."""
    namespace = getattr(sys.modules.get(value.__module__), "__dict__", {})
    library = value.__module__ != "__main__" and not _is_local(namespace)
    return library and namespace.get(value.__name__) is value


def _is_filled(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018  raises ValueError while the variable is unbound
    except ValueError:
        return False
    return True


def code(value: types.CodeType) -> Node:
    """Bytecode and constants, without where they were compiled."""
    constants = [Described(code(item)) if isinstance(item, types.CodeType) else item for item in value.co_consts]
    names = " ".join(value.co_names + value.co_varnames)
    return Node("code", (value.co_code, names.encode()), constants, text=lambda: "<code>")


@reads("builtins.method", "builtins.builtin_function_or_method", "builtins.method-wrapper")
def method(value: Any) -> Node:
    """A function bound to an object."""
    target = getattr(value, "__self__", None)
    if target is None or isinstance(target, (types.ModuleType, type)):
        return Node(
            "callable",
            (value.__qualname__.encode(),),
            kind="definition",
            text=lambda: f"<{value.__qualname__}>",
        )
    return Node(
        "method",
        (value.__name__.encode(),),
        [target],
        lambda: [".__self__"],
        text=lambda: f"<method {value.__name__}>",
    )


@reads(
    "builtins.wrapper_descriptor",
    "builtins.method_descriptor",
    "builtins.classmethod_descriptor",
    "numpy.ufunc",
)
def named(value: Any) -> Node:
    """Something built in that its name says all about."""
    return Node(
        type_name(type(value)),
        (value.__name__.encode(),),
        kind="definition",
        text=lambda: f"<{value.__name__}>",
    )


@reads("builtins.staticmethod", "builtins.classmethod")
def wrapped(value: Any) -> Node:
    """The function inside."""
    return Node(type(value).__name__, children=[value.__func__], labels=lambda: [""], kind="definition")


@reads("builtins.property")
def getter_setter(value: Any) -> Node:
    """The functions inside."""
    return Node("property", children=[value.fget, value.fset, value.fdel], kind="definition")


@reads("builtins.type")
def class_(value: Any) -> Node:
    """A class of the notebook with its attributes; one of a library by its name alone."""
    name = type_name(value)
    if value.__module__ != "__main__":
        return Node("class", (name.encode(),), kind="definition", text=lambda: f"<class {name}>")
    own = sorted((key, item) for key, item in vars(value).items() if key not in _NOT_STATE and not _is_slot(item))
    return Node(
        "class",
        (name.encode(), *(key.encode() for key, _ in own)),
        [value.__bases__, *(item for _, item in own)],
        lambda: ["", *(attribute_label(key) for key, _ in own)],
        kind="definition",
        text=lambda: f"<class {name}>",
    )


def _is_slot(item: Any) -> bool:
    return isinstance(item, (types.MemberDescriptorType, types.GetSetDescriptorType))


@reads("builtins.module")
def module(value: Any) -> Node:
    """Its name and what it holds."""
    namespace = vars(value)
    name = str(namespace.get("__name__", ""))
    local = _is_local(namespace)
    own = sorted((key, item) for key, item in namespace.items() if _is_module_state(key, item, local))
    by_hand = namespace.get("__spec__") is None
    return Node(
        "module",
        (name.encode(), *(key.encode() for key, _ in own)),
        [item for _, item in own],
        lambda: [attribute_label(key) for key, _ in own],
        kind="data" if by_hand else "definition",
        text=lambda: f"<module {name}>",
    )


def _is_local(namespace: Any) -> bool:
    file = namespace.get("__file__")
    if file is None and namespace.get("__spec__") is None:
        return True  # made by hand
    return isinstance(file, str) and not file.startswith(_LIBRARIES)


def _is_module_state(key: str, item: Any, local: bool) -> bool:
    """All that a person's own module holds; of a library, which keeps caches, the plain public values."""
    if local:
        return not key.startswith("__") and not isinstance(item, (types.ModuleType, types.BuiltinFunctionType))
    return not key.startswith("_") and type(item) in ATOMS


@reads("functools._lru_cache_wrapper")
def cached(value: Any) -> Node:
    """The function, and how much it remembers; what it remembers cannot be read."""
    remembered = value.cache_info().currsize
    return Node(
        "lru_cache",
        (b"%d" % remembered,),
        [value.__wrapped__],
        lambda: [".__wrapped__"],
        kind="definition",
        size=("{}.cache_info().currsize", str(remembered)),
        text=lambda: clip(repr(value)),
    )


@reads("functools.partial")
def partial(value: Any) -> Node:
    """The function and the arguments that it is given."""
    return Node(
        "functools.partial",
        children=[value.func, value.args, value.keywords, value.__dict__],
        labels=lambda: [".func", ".args", ".keywords", ""],
        text=lambda: "<functools.partial>",
    )
