"""Reads a state: walks from every name to the leaves and makes digests of what is there.

Equal values have equal digests, whatever their addresses: an object met again is not read again,
and a cycle is described by how far up it leads. The walk keeps its own stack, since a person's
linked list may be longer than Python's.

A variable of very many objects is read up to a limit. Where that falls depends on the variable alone: objects
are counted, not seconds, and what has been read under other names lets it neither reach further nor less far.
"""

from __future__ import annotations

import contextlib
import gc
import itertools
import sys
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Set, Tuple

from ..adapters import describe
from ..adapters.generic import Described, refusal
from ..describe.digest import new_hash
from ..describe.node import ATOMS, Node, dumps
from ..protocol.messages import VariableKind


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


_MOST_OBJECTS = 250_000
_OBJECT = 20
"""What reading an object costs, in values met on the way: numbers, strings, objects that were read before."""
_SAMPLE = 25_000 * _OBJECT
MOST = _MOST_OBJECTS * _OBJECT
"""What reading a variable may cost."""


_ATOMS = frozenset(map(id, ATOMS))
"""By address: to look a class up in a set is to ask its metaclass for a hash."""


class Read(NamedTuple):
    """What is known of an object once it has been walked."""

    digest: bytes
    model: bool = False
    """It is a model, or a container of one."""
    opaque: Tuple[str, ...] = ()
    kind: VariableKind = "data"
    atom: bool = False
    cyclic: bool = False
    """A cycle is in it: the digest holds for this way of coming to it only."""
    cost: int = 1
    """What reading it costs at most: everything that can be met below it, as often as it can be met."""
    whole: bool = True
    """All of it was read."""
    hidden: bool = False
    """Something of it could not be read for another reason than a limit."""


class GeneratorFound(NamedTuple):
    """A generator of random numbers, met on the way."""

    name: str
    library: bool
    """A library draws from it when it is given none."""
    target: Any
    digest: bytes
    state: bytes


_OPAQUE_LIMIT = 5


class _Frame:
    """An object whose children are being read."""

    __slots__ = ("children", "cost", "cyclic", "hidden", "id", "low", "model", "node", "number", "opaque", "parts")

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
        self.hidden = _hides(node)
        self.cost = _OBJECT

    def leads_up_to(self, number: int) -> Read:
        """A child of this object is being read already, further up."""
        self.low = min(self.low, number)
        return Read(b"cycle:%d" % (self.number - number), cyclic=True)

    def add(self, read: Read) -> None:
        self.parts.append(read.digest)
        self.cost += read.cost
        self.cyclic = self.cyclic or read.cyclic
        self.model = self.model or (self.node.holds and read.model)
        if read.opaque:
            self.opaque = tuple(dict.fromkeys(self.opaque + read.opaque))[:_OPAQUE_LIMIT]
            self.hidden = self.hidden or read.hidden

    def close(self) -> Read:
        """All its children have been read."""
        node, cost = self.node, min(self.cost, MOST + 1)
        digest = _digest_of(node, self.parts)
        return Read(digest, self.model, self.opaque, node.kind, node.atom, self.cyclic, cost, hidden=self.hidden)

    def cut(self) -> Read:
        """The limit was met below: what is known by then, if it is the same whenever the value is."""
        node = self.node
        known = [] if node.unordered else self.parts  # which of them came first is no part of the value
        number = b"of %d" % len(node.children)
        digest = _digest_of(node, [*known, number])
        return Read(digest, self.model, self.opaque, node.kind, hidden=self.hidden)


class _Walk:
    """The way from one name to the leaves."""

    def __init__(self, node: Callable[[Any], Node], earlier: Dict[int, Read], most: int) -> None:
        self._node = node
        self._most = most
        self._earlier = earlier
        """What was read on earlier walks."""
        self._spent = 0
        self._open: Dict[int, int] = {}
        self._stack: List[_Frame] = []
        self.closed: Dict[int, Read] = {}
        """What holds on other walks, too."""
        self.members: Dict[int, Read] = {}
        """What holds on this one only."""
        self.borrowed = False
        """Something was known from earlier walks, so that the cost is no more than an upper bound."""
        self.generators: List[Tuple[Any, Node, bytes]] = []

    def read(self, value: Any) -> Optional[Read]:
        """Read a value; None if that costs too much."""
        counter, pending = 0, value
        stack, closed, opened = self._stack, self.closed, self._open
        while self._spent <= self._most:
            # Read `pending`: at once if it is a leaf or known, else open a frame for it.
            identity = id(pending)
            self._spent += 1
            if id(type(pending)) in _ATOMS:
                done: Optional[Read] = Read(dumps(pending), atom=True)
            else:
                done = closed.get(identity) or self._known(identity)
                if done is None:
                    node = self._node(pending)
                    self._spent += _OBJECT
                    if not node.children:
                        done = self._leaf(node, pending)
                    elif _ATOMS.issuperset(map(id, map(type, node.children))):
                        done = self._of_atoms(node, identity)
                    else:
                        if len(node.children) > _MOST_OBJECTS:
                            self._hasten(node)
                        opened[identity] = counter
                        stack.append(_Frame(node, counter, identity))
                        counter += 1
            # Hand results up, closing every frame that has no children left.
            while True:
                if done is not None:
                    if not stack:
                        return None if self.borrowed and self._spent > self._most else done
                    stack[-1].add(done)
                frame = stack[-1]
                try:
                    pending = next(frame.children)
                    break
                except StopIteration:
                    pass
                stack.pop()
                done = frame.close()
                if frame.low >= frame.number:
                    self._settle(frame, done)
                    counter = frame.number
                elif stack:
                    stack[-1].low = min(stack[-1].low, frame.low)
        return None

    def _hasten(self, node: Node) -> None:
        """Stop early where it is plain that the limit will be met: a part of the way tells less, and is quicker."""
        ahead = itertools.islice(node.children, 4 * _MOST_OBJECTS)  # a dict's come in twos
        objects = (id(child) for child in ahead if id(type(child)) not in _ATOMS)
        if len(set(itertools.islice(objects, 2 * _MOST_OBJECTS))) > self._most // _OBJECT:
            self._most = min(self._most, self._spent + _SAMPLE)

    def cut(self) -> Read:
        """What the objects are known by that were still open at the limit, from the innermost to the whole."""
        what = self._stack[0].node.type
        reason = f"{what}: more than {_MOST_OBJECTS:,} objects, of which the first are compared"
        done = self._stack.pop().cut()
        while self._stack:
            frame = self._stack.pop()
            frame.add(done)
            done = frame.cut()
        return done._replace(opaque=(reason, *done.opaque), whole=False)

    def _known(self, identity: int) -> Optional[Read]:
        """An object that was met before, on this walk or an earlier one."""
        if identity in self._open:
            return self._stack[-1].leads_up_to(self._open[identity])
        done = self.members.get(identity)
        if done is None:
            done = self._earlier.get(identity)
            if done is not None:
                self.borrowed = True
                self._spent += done.cost
                self.closed[identity] = done
        return done

    def _settle(self, frame: _Frame, done: Read) -> None:
        """No cycle leads further up: the object's digest holds when it is met again.

        With a cycle in it, it holds in this walk only: another name may lead into the cycle elsewhere.
        """
        (self.members if done.cyclic else self.closed)[frame.id] = done
        while True:
            identity, number = self._open.popitem()
            if identity == frame.id:
                return
            self.members[identity] = done._replace(digest=done.digest + b"+%d" % (number - frame.number))

    def _leaf(self, node: Node, value: Any) -> Read:
        digest = _digest_of(node, ())
        if node.generator is not None:
            self.generators.append((value, node, digest))
            done = Read(b"generator", kind=node.kind, cost=_OBJECT)
        else:
            opaque = (node.opaque,) if node.opaque else ()
            hidden = _hides(node)
            done = Read(digest, node.kind == "model", opaque, node.kind, node.atom, cost=_OBJECT, hidden=hidden)
        self.closed[id(value)] = done
        return done

    def _of_atoms(self, node: Node, identity: int) -> Read:
        """An object without objects in it, as most of those are that there are many of."""
        self._spent += len(node.children)
        cost = min(_OBJECT + len(node.children), MOST + 1)
        opaque = (node.opaque,) if node.opaque else ()
        digest = _digest_of(node, [dumps(child) for child in node.children])
        model, hidden = node.kind == "model", _hides(node)
        done = Read(digest, model, opaque, node.kind, node.atom, cost=cost, hidden=hidden)
        self.closed[identity] = done
        return done


def _hides(node: Node) -> bool:
    return node.opaque is not None and not node.in_part


class Reader:
    """One look at the kernel's state. Holds on to what it met only as long as it lives itself."""

    def __init__(self, most: int = MOST, of_one: bool = False) -> None:
        """Begin to look.

        Args:
            most: what reading a variable may cost.
            of_one: all that is read are parts of one value, the value itself first.
        """
        self._most = most
        self._of_one = of_one
        self._closed: Dict[int, Read] = {}
        self._keep: Dict[int, Any] = {}
        self.generators: Dict[int, GeneratorFound] = {}

    def read(self, name: str, value: Any, library: bool = False) -> Read:
        """Read a variable, a part of one, or a generator that belongs to a library."""
        read = self._closed.get(id(value)) or self._walk(name, value, library)
        return read if len(read.digest) <= 64 else read._replace(digest=_digest(read.digest))

    def _walk(self, name: str, value: Any, library: bool) -> Read:
        walk = _Walk(self.node, self._closed, self._most)
        read = walk.read(value)
        if read is None and walk.borrowed:  # other names have met a part of it: count without what they know
            walk = _Walk(self.node, {}, self._most)
            read = walk.read(value)
        self._closed.update(walk.closed)
        if self._of_one:
            self._closed.update(walk.members)
        for target, node, digest in walk.generators:
            assert node.generator is not None
            found = GeneratorFound(name, library, target, digest, node.generator.packed())
            self.generators.setdefault(id(target), found)
        return read or walk.cut()

    def node(self, value: Any) -> Node:
        """One level of an object; the object is kept alive, so that its address stays its own."""
        self._keep[id(value)] = value
        return refusal(value) or describe(value)

    def lasting(self) -> Set[int]:
        """Addresses of the objects met, without those that were made only to be read."""
        ours = _references({0: object()})[0]
        counts = _references(self._keep)
        pending = [identity for identity, count in counts.items() if count <= ours]
        while pending:  # what only such objects hold was made for reading as well
            for part in _held_by(self._keep[pending.pop()]):
                if counts.get(id(part), ours) > ours:
                    counts[id(part)] -= 1
                    if counts[id(part)] == ours:
                        pending.append(id(part))
        return {identity for identity, count in counts.items() if count > ours}


def _held_by(value: Any) -> Sequence[Any]:
    """What goes with an object that goes; the garbage collector does not know what a view of an array holds."""
    if type(value) is Described:
        return value.node.children
    numpy = sys.modules.get("numpy")
    is_view = numpy is not None and type(value) is getattr(numpy, "ndarray", None)
    return [value.base] if is_view else gc.get_referents(value)


def _references(kept: Dict[int, Any]) -> Dict[int, int]:
    return {identity: sys.getrefcount(value) for identity, value in kept.items()}


def _digest(data: bytes) -> bytes:
    hasher = new_hash()
    hasher.update(data)
    digest: bytes = hasher.digest()
    return digest


def _digest_of(node: Node, parts: Sequence[bytes]) -> bytes:
    """What an object is known by: itself, and what is known of its children."""
    hasher = new_hash()
    hasher.update(node.type.encode("utf-8", "surrogatepass"))
    for content in node.content:
        hasher.update(b"%d:" % _size(content))
        hasher.update(content)
    if node.unordered:
        size = node.unordered
        parts = sorted(b"".join(parts[i : i + size]) for i in range(0, len(parts), size))
    if parts:
        hasher.update(b"".join([b"%d:%b" % (len(part), part) for part in parts]))
    digest: bytes = hasher.digest()
    return digest


def _size(content: Any) -> int:
    return content.nbytes if isinstance(content, memoryview) else len(content)


def is_atom(value: Any) -> bool:
    """Whether it is a value and nothing else."""
    return id(type(value)) in _ATOMS


def text_of(node: Node) -> str:
    """Short text of a described object."""
    if node.opaque:
        return f"{node.type} (cannot be read: {node.opaque})"
    try:
        return node.text() if node.text else f"<{node.type}>"
    except Exception:  # noqa: BLE001  what prints a value may be a library's code; the value is read without it
        return f"<{node.type}>"
