"""How the objects of each library are read: one small module per library, found by type.

A new library is one new module here, its name in `_MODULES`, and its test. What no adapter knows is
read by `generic`: through `__dict__`, `__slots__` and, for types written in C, `__reduce_ex__`.
"""

from __future__ import annotations

import importlib
from typing import Any

from ..node import ADAPTERS, Adapter, Node, per_class, type_name

_MODULES = (
    "builtins",
    "functions",
    "iterators",
    "standard",
    "numpy",
    "pandas",
    "scipy",
    "sklearn",
    "matplotlib",
    "torch",
    "keras",
    "tensorflow",
    "jax",
    "xgboost",
    "lightgbm",
    "catboost",
    "statsmodels",
    "polars",
    "pyarrow",
    "pillow",
    "networkx",
    "sqlalchemy",
    "thinc",
)

for _name in _MODULES:
    importlib.import_module("." + _name, __name__)

from . import generic  # noqa: E402  (it falls back to what the others registered)


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
    for base in generic.ancestry(cls):
        adapter = ADAPTERS.get(f"{generic.module_of(base)}.{generic.of_class(base, '__qualname__')}")
        if adapter is not None:
            return adapter
    return generic.read
