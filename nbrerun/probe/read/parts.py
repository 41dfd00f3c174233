"""The parts of one variable, as a table from each part's path to its value, for showing what changed."""

from __future__ import annotations

from collections import deque
from typing import Any, Deque, Dict, Iterator, NamedTuple, Optional, Tuple

from ..describe.node import Node
from ..protocol.messages import Leaf
from . import containers
from .digests import digest_of
from .walk import MOST, Reader, is_atom, text_of

_MOST_PARTS = 4000
_MOST_PARTS_OF_LARGE = 500
"""Parts shown of a variable that is too large to be read completely ..."""
_FIRST = 50
"""... and items shown of a list in it."""
_MOST_NUMBERS = 64 << 20
"""Bytes of numbers in one table."""


_NO_VALUE: Leaf = {
    "digest": b"",
    "id": 0,
    "atom": False,
    "text": "",
    "size": None,
    "length": None,
    "numbers": None,
    "memory": None,
    "whole": False,
}


class _Part(NamedTuple):
    """An object at one path in a variable."""

    path: str
    value: Any
    node: Node
    expanded: bool
    """Its own parts are listed as well."""


class _Table:
    """The parts found so far, by path."""

    def __init__(self, name: str, value: Any, values: bool) -> None:
        self.leaves: Dict[str, Leaf] = {}
        self.reader = Reader(of_one=True)
        self.budget = _MOST_NUMBERS
        self._values = values
        # What is still what it was need not be read to know that it can be read completely.
        self.root = None if not values and containers.still(name, value) else self.reader.read(name, value)
        self.whole = self.root is None or self.root.whole
        if not self.whole:  # its parts may be as large as the variable
            self.reader = Reader(most=MOST // 100, of_one=True)

    def add(self, part: _Part) -> None:
        path, value, node, expanded = part
        if path in self.leaves:
            # The content of the object at this path, which has the same path: the object stays what is compared.
            if not expanded and self._values:
                outer = self.leaves[path]
                outer["whole"] = True
                outer["text"] = text_of(node)
                outer["numbers"], outer["memory"] = self._numbers(node), _memory(node)
            return
        if not self._values:
            self.leaves[path] = {**_NO_VALUE, "id": id(value), "atom": node.atom or is_atom(value)}
            return
        pattern, length = node.size or (None, None)
        read = self.reader.read(path, value) if self.leaves or self.root is None else self.root
        self.leaves[path] = {
            # Generators are compared by the states that are sent beside the table.
            "digest": read.digest if node.generator is None else b"generator",
            "id": id(value),
            "atom": node.atom or is_atom(value),
            "text": text_of(node),
            "size": pattern.format(path) if pattern else None,
            "length": length,
            "numbers": None if expanded else self._numbers(node),
            "memory": _memory(node),
            "whole": not (expanded and read.whole),
        }

    def _numbers(self, node: Node) -> Any:
        try:
            numbers = node.numbers() if node.numbers and self.budget > 0 else None
        except Exception:  # noqa: BLE001  it is the library that converts them
            numbers = None
        self.budget -= len(numbers or b"")
        return numbers


def _memory(node: Node) -> Optional[Tuple[int, int]]:
    try:
        return node.memory() if node.memory else None
    except Exception:  # noqa: BLE001  as above: a tensor without memory of its own
        return None


def leaves(name: str, value: Any, values: bool = True) -> Dict[str, Leaf]:
    """Take a variable apart, breadth first, down to its leaves or to a limit on their number.

    Args:
        values: find out the values of the parts as well, and not only which objects they are.
    """
    table = _Table(name, value, values)
    for part in parts(name, value, table.reader, table.whole):
        table.add(part)
        del part  # a reference here would count as one of the notebook's
    lasting = table.reader.lasting()
    for leaf in table.leaves.values():
        # An object that was made only for this reading has no identity that could be compared.
        leaf["atom"] = leaf["atom"] or leaf["id"] not in lasting
    return table.leaves


def digests_of_parts(name: str, value: Any) -> Dict[str, bytes]:
    """Digests of the parts by path; that of a part which has parts of its own is without these."""
    reader = Reader(of_one=True)
    whole = reader.read(name, value).whole
    found: Dict[str, bytes] = {}
    for path, part, node, expanded in parts(name, value, reader, whole):
        if expanded:
            found[path] = digest_of(node, [b"%d" % len(node.children)])
        else:  # perhaps the content of the object at this path, which says more than the object
            found[path] = reader.read(path, part).digest
        del part, node
    return found


def parts(name: str, value: Any, reader: Reader, whole: bool = True) -> Iterator[_Part]:
    """Yield the parts of a variable, breadth first; the reader keeps the objects alive.

    Args:
        whole: the variable is small enough to be read completely.
    """
    queue: Deque[Tuple[str, Any]] = deque([(name, value)])
    met = set()
    given = 0
    while queue:
        path, part = queue.popleft()
        node = reader.node(part)
        # Of a large variable only the parts that its growth does not change: the first items of a list.
        count = len(node.children)
        few = whole or count < _FIRST
        shown = count if few else _FIRST if type(part) in (list, tuple) else 0
        room = given + len(queue) + shown < (_MOST_PARTS if whole else _MOST_PARTS_OF_LARGE)
        expanded = bool(shown and node.labels and room and id(part) not in met)
        if expanded:
            met.add(id(part))
            if shown == count:
                labels = node.labels() if node.labels else ()
                # The zip is not given a name: a zip that is kept refers to its last items.
                queue.extend((path + label, child) for label, child in zip(labels, node.children) if label is not None)
            else:  # without making labels for millions of items
                queue.extend((f"{path}[{i}]", child) for i, child in enumerate(node.children[:shown]))
        given += 1
        yield _Part(path, part, node, expanded)
        del node, part
