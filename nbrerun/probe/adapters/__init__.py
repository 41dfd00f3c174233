"""Adapters: how the objects of each library are read. One small module per library, found by type.

A new library needs one new module here, its name in `_LIBRARIES`, and its test; other packages provide their own
(see `plugins`). Objects without an adapter are read by `generic`: from `__dict__`, `__slots__` and, for types written
in C, `__reduce_ex__`.
"""

from __future__ import annotations

import importlib
import sys
import types
from typing import Any, Dict, Iterable, Optional, Tuple

from ..describe.node import ADAPTERS, GLOBAL_GENERATORS, UNREADABLE, Adapter, Node, is_within, per_class, type_name
from . import builtins, files, functions, generic, iterators, jupyter, standard  # noqa: F401  each registers what it reads

_LIBRARIES: Dict[str, Tuple[str, ...]] = {
    "numpy": ("numpy",),
    "pandas": ("pandas",),
    "scipy": ("scipy",),
    "sklearn": ("sklearn",),
    "joblib": ("joblib",),
    "h5py": ("h5py",),
    "duckdb": ("duckdb", "_duckdb"),
    "matplotlib": ("matplotlib", "mpl_toolkits"),
    "torch": ("torch",),
    "torch_random": ("torch",),
    "torchmetrics": ("torchmetrics",),
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
    "polars_random": ("polars",),
    "pyarrow": ("pyarrow",),
    "pillow": ("PIL",),
    "networkx": ("networkx",),
    "bokeh": ("bokeh",),
    "gensim": ("gensim",),
    "sympy": ("sympy",),
    "plotly": ("plotly",),
    "sqlalchemy": ("sqlalchemy",),
    "thinc": ("thinc", "spacy"),
    "tokenizers": ("tokenizers",),
    "transformers": ("transformers", "accelerate"),
}
"""The modules of this package, and the top-level modules of the libraries whose objects they read."""


def _load(name: str, libraries: Iterable[str]) -> None:
    """Load an adapter; if it is broken, the objects of its libraries are opaque, and all others are read."""
    try:
        importlib.import_module("." + name, __name__)
    except Exception as error:  # noqa: BLE001  it runs a library's code; the kernel must keep working
        why = f"nbrerun's own adapter cannot be loaded ({type(error).__name__}: {error})"
        UNREADABLE.update((library, why) for library in libraries)
        # Remove what it had registered: half an adapter might read half of an object. Python has removed the
        # module itself from `sys.modules`.
        for type_ in [type_ for type_, adapter in ADAPTERS.items() if adapter.__module__ not in sys.modules]:
            del ADAPTERS[type_]
        GLOBAL_GENERATORS[:] = [find for find in GLOBAL_GENERATORS if find.__module__ in sys.modules]


for _name, _libraries in _LIBRARIES.items():
    _load(_name, _libraries)


def describe(value: Any) -> Node:
    """Take an object apart one level; never raises: what cannot be read is opaque."""
    cls = type(value)
    adapter = _find(cls)
    try:
        return adapter(value) or generic.read(value)
    except Exception as error:  # noqa: BLE001  an object may raise anything
        return Node(type_name(cls), opaque=f"{type_name(cls)}: reading it raised {type(error).__name__}")


@per_class
def _find(cls: type) -> Adapter:
    """Return the nearest adapter of a class, or a refusal if a broken one might have been nearer."""
    broken: Optional[str] = None
    for base in generic.ancestry(cls):
        module = generic.module_of(base)
        name = f"{module}.{generic.of_class(base, '__qualname__')}"
        broken = broken or next((library for library in UNREADABLE if is_within(module, library)), None)
        adapter = ADAPTERS.get(name)
        if adapter is not None:
            return adapter if broken is None or is_within(name, broken) else _refusal(cls, broken) or adapter
    return generic.read if broken is None else _refusal(cls, broken) or generic.read


def _refusal(cls: type, library: str) -> Optional[Adapter]:
    """Return what describes an object of a broken library; classes and modules need no adapter of the library's."""
    if issubclass(cls, (type, types.ModuleType)):
        return None
    return lambda value: generic.unreadable(type(value), UNREADABLE[library])
