"""Change a variable the way somebody else could have done: what the *perturbed* experiment begins with.

Only what the cell's first run has changed is changed again, since the rest are inputs: with another learning rate, or
other data, any training ends elsewhere. Numbers in arrays come first; text last, since other text (a path, the name of
a device) is what code trips over.
"""

from __future__ import annotations

import contextlib
import struct
from bisect import bisect_left
from collections import deque
from functools import partial
from typing import Any, Callable, Dict, List, Mapping, Optional, Set, Tuple

from ..adapters.generic import ancestry, attributes, derives, layout, module_of, of_class, refusal
from ..describe.change import CHANGERS, Changer, is_atom, is_number, other_atom, other_number
from ..describe.node import key_text
from ..protocol.messages import Leaf
from .walk import Reader

Earlier = Mapping[str, Optional[Leaf]]
"""Paths of the parts that the first run changed, with what was there before; None for what it made."""

_Set = Callable[[Any], object]

ARRAYS, NUMBERS, ALL = range(3)
"""What is changed: values of arrays and tensors; numbers as well; text and order of containers as well."""

_MOST_PARTS = 4000


def perturb(name: str, value: Any, earlier: Earlier) -> Tuple[Any, Set[str]]:
    """Change a variable, with the least that changes it at all.

    Args:
        name: the variable's name, with which the paths begin.
        earlier: the parts to change.

    Returns:
        What the name has to hold now (another object only where it held an atom or a tuple), and the paths that were
        changed; none where nothing could be.
    """
    for reach in (ARRAYS, NUMBERS, ALL):
        change = _Perturbation(earlier, reach)
        found = change.visit(name, value)
        if change.changed:
            return found, change.changed
    return value, set()


class _Perturbation:
    """One walk through a variable."""

    def __init__(self, earlier: Earlier, reach: int) -> None:
        self._earlier = earlier
        self._wanted = {path: leaf["numbers"] if leaf is not None else None for path, leaf in earlier.items()}
        self._sorted = sorted(earlier)
        self._reach = reach
        self._reader = Reader()
        self._met: Set[int] = set()
        self.changed: Set[str] = set()

    def visit(self, path: str, value: Any) -> Any:
        """Change what is at a path and below it; return what has to be there now."""
        if path in self.changed:
            return value
        if is_atom(value):
            return self._atom(path, value)
        if id(value) in self._met or len(self._met) > _MOST_PARTS or not self._is_wanted_below(path):
            return value
        self._met.add(id(value))
        changer = _changer(type(value))
        if changer is not None:
            with contextlib.suppress(Exception):  # the library's errors: read-only, or of a fixed type
                self.changed |= changer(value, path, self._wanted)
        elif path in self._earlier:
            new = self._container(path, value)
            if path in self.changed:
                return new
        if refusal(value) is not None or path in self.changed:
            return value
        node = self._reader.node(value)
        labels = node.labels() if node.labels else ()
        setters = _setters(value)
        replaced: Dict[int, Any] = {}
        for number, (label, part) in enumerate(zip(labels, node.children)):
            if label is None:
                continue
            new = self.visit(path + label, part)
            if new is part:
                continue
            if type(value) is tuple or _is_named_tuple(value):
                replaced[number] = new
            elif label in setters:
                try:
                    setters[label](new)
                except Exception:  # noqa: BLE001  read-only, frozen, or the user's `__setattr__`: it stays as it is
                    self._forget(path + label)
            else:
                self._forget(path + label)
        if replaced:
            items = [replaced.get(number, item) for number, item in enumerate(value)]
            return tuple(items) if type(value) is tuple else type(value)._make(items)
        return value

    def _forget(self, path: str) -> None:
        """Take back that something was changed which cannot be put there."""
        self.changed = {each for each in self.changed if not each.startswith(path)}

    def _is_wanted_below(self, path: str) -> bool:
        at = bisect_left(self._sorted, path)
        return at < len(self._sorted) and self._sorted[at].startswith(path)

    def _atom(self, path: str, value: Any) -> Any:
        if path not in self._earlier or self._reach < (NUMBERS if is_number(value) else ALL):
            return value
        new = other_atom(value)
        if new is not value:
            self.changed.add(path)
        return new

    def _container(self, path: str, value: Any) -> Any:
        """Change a container of atoms in place; a tuple is replaced."""
        if self._reach < NUMBERS:
            return value
        if type(value) is tuple:
            new = [other_atom(item) if is_number(item) or self._reach == ALL else item for item in value]
            if not all(map(is_atom, value)) or new == list(value):
                return value
            self.changed.add(path)
            return tuple(new)
        if _change_items(value, self._earlier[path], self._reach):
            self.changed.add(path)
        return value


def _changer(cls: type) -> Optional[Changer]:
    for base in ancestry(cls):
        found = CHANGERS.get(f"{module_of(base)}.{of_class(base, '__qualname__')}")
        if found is not None:
            return found
    return None


def _change_items(value: Any, earlier: Optional[Leaf], reach: int) -> bool:
    """Change a list, deque or set of atoms; whether that changed anything."""
    numbers = earlier["numbers"] if earlier is not None else None
    if type(value) in (list, deque):
        items: List[Any] = list(value)
        if not items or not all(map(is_atom, items)):
            return False
        if all(map(is_number, items)) and not _has_other_length(earlier, numbers, items):
            new = [item if _is_same(numbers, number, item) else other_number(item) for number, item in enumerate(items)]
        elif reach == ALL:  # grown or sorted: see whether a different order stays
            new = items[::-1] if items[::-1] != items else [*items, items[-1]]
        else:
            return False
        if new == items:
            return False
        if type(value) is list:
            list.__setitem__(value, slice(None), new)
        else:
            deque.clear(value)
            deque.extend(value, new)
        return True
    if type(value) is set and reach == ALL and value and all(map(is_atom, value)):
        set.discard(value, max(value, key=repr))
        return True
    return False


def _has_other_length(earlier: Optional[Leaf], numbers: Optional[bytes], items: List[Any]) -> bool:
    if earlier is None:
        return False
    if numbers is None or len(numbers) != 8 * len(items):
        return True
    return sorted(struct.unpack(f"{len(items)}d", numbers)) == sorted(map(float, items))


def _is_same(numbers: Optional[bytes], at: int, item: Any) -> bool:
    return numbers is not None and struct.unpack_from("d", numbers, 8 * at)[0] == item


def _is_named_tuple(value: Any) -> bool:
    return derives(value, tuple) and type(getattr(type(value), "_fields", None)) is tuple


def _setters(value: Any) -> Dict[str, _Set]:
    """What puts another atom at a child's place, by the child's label."""
    if derives(value, list):
        return {f"[{i}]": partial(list.__setitem__, value, i) for i in range(min(list.__len__(value), _MOST_PARTS))}
    if derives(value, dict):
        return {f"[{key_text(key)}]": partial(value.__setitem__, key) for key in list(dict.keys(value))}
    if type(value).__name__ == "cell" and module_of(type(value)) == "builtins":
        return {".cell_contents": partial(setattr, value, "cell_contents")}
    if callable(value) and hasattr(type(value), "__closure__"):
        names = value.__code__.co_freevars
        cells = zip(names, value.__closure__ or ())
        return {f".<closure {name}>": partial(setattr, cell, "cell_contents") for name, cell in cells}
    plan = layout(type(value))
    found: Dict[str, _Set] = {f".{name}": partial(member.__set__, value) for name, member in plan.slots}
    namespace = plan.namespace.__get__(value) if plan.namespace is not None else None
    if type(namespace) is dict:
        names_ = [name for name in attributes(value) if name in namespace]
        found.update({f".{name}": partial(namespace.__setitem__, name) for name in names_})
    return found
