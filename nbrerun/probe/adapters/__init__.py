"""How the objects of each library are read: one small module per library, found by type.

A new library is one new module here, its name in `_LIBRARIES`, and its test; other packages bring theirs
by themselves (see `plugins`). What no adapter knows is read by `generic`: through `__dict__`,
`__slots__` and, for types written in C, `__reduce_ex__`.
"""

from __future__ import annotations

import importlib
import sys
import types
from typing import Any, Dict, Iterable, Optional, Tuple

from ..describe.node import ADAPTERS, GLOBAL_GENERATORS, UNREADABLE, Adapter, Node, is_within, per_class, type_name
from . import builtins, functions, generic, iterators, jupyter, standard  # noqa: F401  each registers what it reads

_LIBRARIES: Dict[str, Tuple[str, ...]] = {
    "numpy": ("numpy",),
    "pandas": ("pandas",),
    "scipy": ("scipy",),
    "sklearn": ("sklearn",),
    "matplotlib": ("matplotlib",),
    "torch": ("torch",),
    "keras": ("keras",),
    "keras_random": ("keras",),
    "tensorflow": ("tensorflow",),
    "tensorflow_random": ("tensorflow",),
    "jax": ("jax", "jaxlib", "flax", "equinox"),
    "xgboost": ("xgboost",),
    "lightgbm": ("lightgbm",),
    "catboost": ("catboost", "_catboost"),
    "statsmodels": ("statsmodels", "patsy", "formulaic"),
    "polars": ("polars",),
    "pyarrow": ("pyarrow",),
    "pillow": ("PIL",),
    "networkx": ("networkx",),
    "sqlalchemy": ("sqlalchemy",),
    "thinc": ("thinc", "spacy"),
    "tokenizers": ("tokenizers",),
    "transformers": ("transformers", "accelerate"),
}
"""Modules here, and the top-level modules whose objects each reads."""


def _load(name: str, libraries: Iterable[str]) -> None:
    """Load one; if it is broken, its libraries cannot be read, and all others can."""
    try:
        importlib.import_module("." + name, __name__)
    except Exception as error:  # noqa: BLE001  whatever it is, the kernel goes on
        why = f"nbrerun's own adapter cannot be loaded ({type(error).__name__}: {error})"
        UNREADABLE.update((library, why) for library in libraries)
        _take_back()


def _take_back() -> None:
    """Forget what a module registered that did not come to its end: a half may read only half of an object."""
    for name in [name for name, adapter in ADAPTERS.items() if adapter.__module__ not in sys.modules]:
        del ADAPTERS[name]
    GLOBAL_GENERATORS[:] = [find for find in GLOBAL_GENERATORS if find.__module__ in sys.modules]


for _name, _libraries in _LIBRARIES.items():
    _load(_name, _libraries)


def describe(value: Any) -> Node:
    """Take an object apart one level; never raises, what cannot be read is opaque."""
    cls = type(value)
    adapter = _find(cls)
    try:
        return adapter(value) or generic.read(value)
    except Exception as error:  # noqa: BLE001  an object may raise anything; that is then what we know of it
        return Node(type_name(cls), opaque=f"{type_name(cls)}: reading it raised {type(error).__name__}")


@per_class
def _find(cls: type) -> Adapter:
    """What reads a class: the nearest adapter, unless a broken one may have been to come before it."""
    broken: Optional[str] = None
    for base in generic.ancestry(cls):
        module = generic.module_of(base)
        name = f"{module}.{generic.of_class(base, '__qualname__')}"
        broken = broken or _broken(module)
        adapter = ADAPTERS.get(name)
        if adapter is not None:
            return adapter if broken is None or is_within(name, broken) else _refusal(cls, broken) or adapter
    return generic.read if broken is None else _refusal(cls, broken) or generic.read


def _broken(module: str) -> Optional[str]:
    return next((library for library in UNREADABLE if is_within(module, library)), None)


def _refusal(cls: type, library: str) -> Optional[Adapter]:
    """Stands for what is broken; classes and modules are definitions, and need no adapter of their own."""
    if issubclass(cls, (type, types.ModuleType)):
        return None
    return lambda value: generic.unreadable(type(value), UNREADABLE[library])
