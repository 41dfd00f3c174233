"""How one object is changed in place, for the *perturbed* experiment: one function per type, beside what reads it."""

from __future__ import annotations

from typing import Any, Callable, Dict, Mapping, Optional, Set, TypeVar

from .node import ATOMS

Wanted = Mapping[str, Optional[bytes]]
"""Paths of the parts to change, with the numbers that were there before the cell's first run, as native float64 in the
order of `Node.numbers`; None where there were none. Elements that still hold those numbers are left alone."""

Changer = Callable[[Any, str, Wanted], Set[str]]
"""Changes an object at a path, or parts of it whose paths begin with that; returns the paths that it changed."""

CHANGERS: Dict[str, Changer] = {}
"""Qualified name of a type (`numpy.ndarray`) to what changes it and its subclasses."""

_Changer = TypeVar("_Changer", bound=Changer)


def changes(*types: str) -> Callable[[_Changer], _Changer]:
    """Register what changes objects of some types, by qualified name, so that no library is imported."""

    def register(changer: _Changer) -> _Changer:
        CHANGERS.update(dict.fromkeys(types, changer))
        return changer

    return register


def other_number(value: Any) -> Any:
    """A number of the same type that is not this one: in range of most uses, and no multiple of it."""
    if type(value) is bool:
        return not value
    if type(value) is int:
        return value + 1
    if value != value or value in (float("inf"), float("-inf")):
        return type(value)(0.5)
    return value * 1.25 + 0.5


def other_atom(value: Any) -> Any:
    """A value of the same type that is not this one; the value itself where there is none (None, Ellipsis)."""
    if type(value) in (bool, int, float, complex):
        return other_number(value)
    if type(value) is str:
        return value + "*"
    return value + b"*" if type(value) is bytes else value


def is_number(value: Any) -> bool:
    """Whether it is a number of the language, bool included."""
    return type(value) in (bool, int, float, complex)


def is_atom(value: Any) -> bool:
    """Whether it is a value and nothing else."""
    return type(value) in ATOMS
