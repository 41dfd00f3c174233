"""Reads a state: walks from every name to the leaves and makes digests of what is there.

Equal values have equal digests, whatever their addresses: an object met again is not read again,
and a cycle is described by how far up it leads. The walk keeps its own stack, since a person's
linked list may be longer than Python's.
"""

from __future__ import annotations

import contextlib
import gc
import sys
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Set, Tuple

from .adapters import describe
from .hashing import new_hash
from .node import ATOMS, Node, dumps


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Keep the garbage collector still: a walk makes many objects, and drops none of them before its end."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class Read(NamedTuple):
    """What is known of an object once it has been walked."""

    digest: bytes
    model: bool = False
    """It is a model, or a container of one."""
    opaque: Tuple[str, ...] = ()
    kind: str = "data"
    atom: bool = False
    cyclic: bool = False
    """A cycle is in it: the digest holds for this way of coming to it only."""


class GeneratorFound(NamedTuple):
    """A generator of random numbers, met on the way."""

    name: str
    target: Any
    digest: bytes
    state: bytes


_OPAQUE_LIMIT = 5


class _Frame:
    """An object whose children are being read."""

    __slots__ = ("children", "cyclic", "id", "low", "model", "node", "number", "opaque", "parts")

    def __init__(self, node: Node, number: int, identity: int) -> None:
        self.node = node
        self.number = number
        self.id = identity
        self.children: Iterator[Any] = iter(node.children)
        self.parts: List[bytes] = []
        self.low = number
        self.model = node.kind == "model"
        self.cyclic = False
        self.opaque: Tuple[str, ...] = (node.opaque,) if node.opaque else ()

    def leads_up_to(self, number: int) -> Read:
        """A child of this object is being read already, further up."""
        self.low = min(self.low, number)
        return Read(b"cycle:%d" % (self.number - number), cyclic=True)

    def add(self, read: Read) -> None:
        self.parts.append(read.digest)
        self.cyclic = self.cyclic or read.cyclic
        self.model = self.model or (self.node.holds and read.model)
        if read.opaque:
            self.opaque = tuple(dict.fromkeys(self.opaque + read.opaque))[:_OPAQUE_LIMIT]


class Reader:
    """One look at the kernel's state. Holds on to what it met only as long as it lives itself."""

    def __init__(self, describe: Callable[[Any], Node] = describe) -> None:
        self._describe = describe
        self._closed: Dict[int, Read] = {}
        self._keep: Dict[int, Any] = {}
        self.generators: Dict[int, GeneratorFound] = {}
        self._root = ""

    def read(self, name: str, value: Any) -> Read:
        """Read a variable, or a part of one."""
        self._root = name
        read = self._walk(value)
        return read if len(read.digest) <= 64 else read._replace(digest=_digest(read.digest))

    def node(self, value: Any) -> Node:
        """One level of an object; the object is kept alive, so that its address stays its own."""
        self._keep[id(value)] = value
        return self._describe(value)

    def lasting(self) -> Set[int]:
        """Addresses of the objects met, without those that were made only to be read."""
        ours = _references({0: object()})[0]
        counts = _references(self._keep)
        pending = [identity for identity, count in counts.items() if count <= ours]
        while pending:  # what only such objects hold was made for reading as well
            for part in gc.get_referents(self._keep[pending.pop()]):
                if counts.get(id(part), ours) > ours:
                    counts[id(part)] -= 1
                    if counts[id(part)] == ours:
                        pending.append(id(part))
        return {identity for identity, count in counts.items() if count > ours}

    def _walk(self, value: Any) -> Read:
        open_numbers: Dict[int, int] = {}
        members: Dict[int, Read] = {}
        stack: List[_Frame] = []
        counter = 0
        pending: Any = value
        while True:
            # Read `pending`: at once if it is a leaf or known, else open a frame for it.
            identity = id(pending)
            if type(pending) in ATOMS:
                done: Optional[Read] = Read(dumps(pending), atom=True)
            else:
                done = self._closed.get(identity) or members.get(identity)
            if done is None and identity in open_numbers:
                done = stack[-1].leads_up_to(open_numbers[identity])
            if done is None:
                node = self.node(pending)
                if node.children:
                    open_numbers[identity] = counter
                    stack.append(_Frame(node, counter, identity))
                    counter += 1
                else:
                    done = self._leaf(node, pending)
                    if not node.atom:
                        self._closed[identity] = done
            # Hand results up, closing every frame that has no children left.
            while True:
                if done is not None:
                    if not stack:
                        return done
                    stack[-1].add(done)
                frame = stack[-1]
                try:
                    pending = next(frame.children)
                    break
                except StopIteration:
                    pass
                stack.pop()
                done = self._close(frame)
                if frame.low >= frame.number:
                    self._settle(frame, done, open_numbers, members)
                    counter = frame.number
                elif stack:
                    stack[-1].low = min(stack[-1].low, frame.low)

    def _settle(self, frame: _Frame, done: Read, open_numbers: Dict[int, int], members: Dict[int, Read]) -> None:
        """No cycle leads further up: the object's digest holds when it is met again.

        With a cycle in it, it holds in this walk only: another name may lead into the cycle elsewhere.
        """
        (members if done.cyclic else self._closed)[frame.id] = done
        while True:
            identity, number = open_numbers.popitem()
            if identity == frame.id:
                return
            members[identity] = done._replace(digest=done.digest + b"+%d" % (number - frame.number))

    def _leaf(self, node: Node, value: Any) -> Read:
        digest = _hash_own(node).digest()
        if node.generator is not None:
            return Read(self._generator(value, digest, node.generator.packed()), kind=node.kind)
        opaque = (node.opaque,) if node.opaque else ()
        return Read(digest, node.kind == "model", opaque, node.kind, node.atom)

    def _generator(self, target: Any, digest: bytes, state: bytes) -> bytes:
        self.generators.setdefault(id(target), GeneratorFound(self._root, target, digest, state))
        return b"generator"

    def _close(self, frame: _Frame) -> Read:
        node = frame.node
        hasher = _hash_own(node)
        parts = frame.parts
        if node.unordered:
            size = node.unordered
            parts = sorted(b"".join(parts[i : i + size]) for i in range(0, len(parts), size))
        for part in parts:
            hasher.update(b"%d:" % len(part))
            hasher.update(part)
        return Read(hasher.digest(), frame.model, frame.opaque, node.kind, node.atom, frame.cyclic)


def _references(kept: Dict[int, Any]) -> Dict[int, int]:
    return {identity: sys.getrefcount(value) for identity, value in kept.items()}


def _digest(data: bytes) -> bytes:
    hasher = new_hash()
    hasher.update(data)
    digest: bytes = hasher.digest()
    return digest


def _hash_own(node: Node) -> Any:
    hasher = new_hash()
    hasher.update(node.type.encode("utf-8", "surrogatepass"))
    for content in node.content:
        hasher.update(b"%d:" % _size(content))
        hasher.update(content)
    return hasher


def _size(content: Any) -> int:
    return content.nbytes if isinstance(content, memoryview) else len(content)


def text_of(node: Node) -> str:
    """Short text of a described object."""
    if node.opaque:
        return f"{node.type} (cannot be read: {node.opaque})"
    try:
        return node.text() if node.text else f"<{node.type}>"
    except Exception:  # noqa: BLE001  what prints a value may be a library's code; the value is read without it
        return f"<{node.type}>"
