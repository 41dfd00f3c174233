"""The parts of one variable, as a table: which part has which value, for showing what moved."""

from __future__ import annotations

from collections import deque
from typing import Any, Deque, Dict, Iterator, List, NamedTuple, Tuple

from ..describe.node import Node
from ..protocol.messages import Leaf
from .walk import MOST, Reader, is_atom, text_of

_MOST_PARTS = 4000
_MOST_BEGINNINGS = 500
"""Parts that are shown of what is too large to be read to its end, ..."""
_FIRST = 50
"""... and items of a list in it."""
_MOST_NUMBERS = 64 << 20
"""Bytes of numbers that one table may carry."""


class _Part(NamedTuple):
    """What is at one place in a variable."""

    path: str
    value: Any
    node: Node
    expanded: bool
    """Its own parts come as well."""


class _Table:
    def __init__(self, name: str, value: Any) -> None:
        self.leaves: Dict[str, Leaf] = {}
        self.reader = Reader(of_one=True)
        self.budget = _MOST_NUMBERS
        self.root = self.reader.read(name, value)
        if not self.root.whole:  # its parts may be as large
            self.reader = Reader(most=MOST // 100, of_one=True)

    def add(self, part: _Part) -> None:
        path, value, node, expanded = part
        if path in self.leaves:
            self._add_inner(self.leaves[path], node, expanded)
            return
        pattern, length = node.size or (None, None)
        read = self.reader.read(path, value) if self.leaves else self.root
        self.leaves[path] = {
            "digest": read.digest if node.generator is None else b"generator",
            "id": id(value),
            "atom": node.atom or is_atom(value),
            "text": text_of(node),
            "size": pattern.format(path) if pattern else None,
            "length": length,
            "numbers": None if expanded else self._numbers(node),
            "whole": not (expanded and read.whole),
        }

    def _add_inner(self, outer: Leaf, node: Node, expanded: bool) -> None:
        """What an object is made of at the very same place: the outer one stays what is compared."""
        if not expanded:
            outer["whole"] = True
            outer["text"] = text_of(node)
            outer["numbers"] = self._numbers(node)

    def _numbers(self, node: Node) -> Any:
        try:
            numbers = node.numbers() if node.numbers and self.budget > 0 else None
        except Exception:  # noqa: BLE001  a library may not be able to convert them
            numbers = None
        self.budget -= len(numbers or b"")
        return numbers


def leaves(name: str, value: Any) -> Dict[str, Leaf]:
    """Take a variable apart, breadth first, down to its leaves or to a limit on their number."""
    table = _Table(name, value)
    for part in parts(name, value, table.reader, table.root.whole):
        table.add(part)
        del part
    lasting = table.reader.lasting()
    for leaf in table.leaves.values():
        leaf["atom"] = leaf["atom"] or leaf["id"] not in lasting
    return table.leaves


def parts(name: str, value: Any, reader: Reader, whole: bool = True) -> Iterator[_Part]:
    """Go through a variable, breadth first; the reader keeps what it meets alive.

    Args:
        whole: the variable is not too large to be read to its end.
    """
    queue: Deque[Tuple[str, Any]] = deque([(name, value)])
    met = set()
    given = 0
    while queue:
        path, part = queue.popleft()
        node = reader.node(part)
        shown = _shown(part, node, whole)
        room = given + len(queue) + shown < (_MOST_PARTS if whole else _MOST_BEGINNINGS)
        expanded = bool(shown and node.labels and room and id(part) not in met)
        if expanded:
            met.add(id(part))
            queue.extend(_labelled(path, node) if shown == len(node.children) else _first(path, node))
        given += 1
        yield _Part(path, part, node, expanded)
        del node, part


def _shown(value: Any, node: Node, whole: bool) -> int:
    """How many parts of an object to show: of a large value those that are there however it goes on."""
    count = len(node.children)
    if whole or count < _FIRST:
        return count
    return _FIRST if type(value) in (list, tuple) else 0


def _first(path: str, node: Node) -> List[Tuple[str, Any]]:
    """The first items of a long list, without labels for all of them."""
    return [(f"{path}[{i}]", part) for i, part in enumerate(node.children[:_FIRST])]


def _labelled(path: str, node: Node) -> List[Tuple[str, Any]]:
    labels = node.labels() if node.labels else ()
    return [(path + label, part) for label, part in zip(labels, node.children) if label is not None]
