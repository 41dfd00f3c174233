"""Walk from a name to the leaves, and make digests of the values on the way.

Equal values have equal digests, whatever their addresses. An object that is met again is not read again, and a cycle
is described by how many levels up it leads. The walk keeps a stack of its own, since a linked list of the user's may
be longer than Python's recursion limit.

A variable of very many objects is read up to a limit. Where the limit falls depends on the variable alone: objects
are counted, not seconds, and what was read under other names neither extends nor shortens the walk.
"""

from __future__ import annotations

import contextlib
import gc
import itertools
from typing import Any, Callable, Dict, Iterable, Iterator, List, NamedTuple, Optional, Set, Tuple

from ..adapters import describe
from ..adapters.generic import refusal
from ..describe.node import ATOMS, Node, address, dumps
from ..describe.originals import original_of
from ..protocol.messages import VariableKind
from . import lifetime
from .digests import digest_of, digest_of_bytes


@contextlib.contextmanager
def collector_paused() -> Iterator[None]:
    """Turn the garbage collector off: a walk makes many objects, and frees none of them before its end."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


_MOST_OBJECTS = 250_000
_OBJECT = 20
"""Cost of reading an object; a number, a string or an object that was read before costs 1."""
_SAMPLE = 25_000 * _OBJECT
MOST = _MOST_OBJECTS * _OBJECT
"""Cost at which the reading of a variable ends."""


_ATOMS = frozenset(map(address, ATOMS))
"""By address: to look a class up in a set would call its metaclass's `__hash__`."""


class Read(NamedTuple):
    """The result of reading an object."""

    digest: bytes
    model: bool = False
    """It is a model, or a container of one."""
    opaque: Tuple[str, ...] = ()
    kind: VariableKind = "data"
    atom: bool = False
    cyclic: bool = False
    """It contains a cycle: the digest holds only for an object that is reached in this way."""
    cost: int = 1
    """Highest cost of reading it: everything below it, as often as it is met."""
    whole: bool = True
    """It was read completely."""
    hidden: bool = False
    """Something of it could not be read for another reason than a limit."""


class GeneratorFound(NamedTuple):
    """A random number generator that was met on the way."""

    name: str
    library: bool
    """A library draws from it when it is given none."""
    target: Any
    digest: bytes
    state: bytes


_NOTHING = object()
_OPAQUE_LIMIT = 5
_LONGEST = 64
"""Bytes of a value that is its own digest."""


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
        """The lowest number of an open object that a cycle below this one leads up to."""
        self.model = node.kind == "model"
        self.cyclic = False
        self.opaque: Tuple[str, ...] = (node.opaque,) if node.opaque else ()
        self.hidden = _hides(node)
        self.cost = _OBJECT

    def leads_up_to(self, number: int) -> Read:
        """Return the result for a child that is an object further up, which is still being read."""
        self.low = min(self.low, number)
        return Read(b"cycle:%d" % (self.number - number), cyclic=True)

    def add(self, read: Read) -> None:
        """Add the result of the next child."""
        self.parts.append(read.digest)
        self.cost += read.cost
        self.cyclic = self.cyclic or read.cyclic
        self.model = self.model or (self.node.holds and read.model)
        if read.opaque:
            self.opaque = tuple(dict.fromkeys(self.opaque + read.opaque))[:_OPAQUE_LIMIT]
            self.hidden = self.hidden or read.hidden

    def close(self) -> Read:
        """Return the result, after all children have been read."""
        node, cost = self.node, min(self.cost, MOST + 1)
        digest = digest_of(node, self.parts)
        return Read(digest, self.model, self.opaque, node.kind, node.atom, self.cyclic, cost, hidden=self.hidden)

    def cut(self) -> Read:
        """Return a result of what was read before the limit, reduced to what is equal for equal values."""
        node = self.node
        known = [] if node.unordered else self.parts  # which children came first is not part of the value
        number = b"of %d" % len(node.children)
        digest = digest_of(node, [*known, number])
        return Read(digest, self.model, self.opaque, node.kind, hidden=self.hidden)


class _Walk:
    """A walk from one name to the leaves."""

    def __init__(self, node: Callable[[Any], Node], earlier: Dict[int, Read], most: int) -> None:
        self._node = node
        self._most = most
        self._earlier = earlier
        """Results of earlier walks."""
        self._spent = 0
        self._open: Dict[int, int] = {}
        """Numbers of the objects that are being read, by address."""
        self._stack: List[_Frame] = []
        self.closed: Dict[int, Read] = {}
        """Results that hold on other walks, too."""
        self.members: Dict[int, Read] = {}
        """Results that hold on this walk only."""
        self.borrowed = False
        """A result of an earlier walk was used, so that the cost is an upper bound only."""
        self.generators: List[Tuple[Any, Node]] = []

    def read(self, value: Any) -> Optional[Read]:
        """Read a value; return None if that costs too much."""
        counter, pending = 0, value
        stack, closed, opened = self._stack, self.closed, self._open
        while self._spent <= self._most:
            # Read `pending`: immediately if it is a leaf or known, otherwise open a frame for it.
            self._spent += 1
            if address(type(pending)) in _ATOMS:
                done: Optional[Read] = Read(dumps(pending), atom=True)
            else:
                identity = id(pending)
                done = closed.get(identity) or self._known(identity)
                if done is None:
                    node = self._node(pending)
                    self._spent += _OBJECT
                    if node.in_one is not None:
                        done = self._leaf(node._replace(content=(*node.content, node.in_one())), pending)
                    elif not node.children:
                        done = self._leaf(node, pending)
                    elif _ATOMS.issuperset(map(address, map(type, node.children))):
                        done = self._of_atoms(node, identity)
                    else:
                        if len(node.children) > _MOST_OBJECTS:
                            self._hasten(node)
                        opened[identity] = counter
                        stack.append(_Frame(node, counter, identity))
                        counter += 1
            # Pass results up, and close every frame that has no children left.
            while True:
                if done is not None:
                    if not stack:
                        return None if self.borrowed and self._spent > self._most else done
                    stack[-1].add(done)
                frame = stack[-1]
                pending = self._next_but_atoms(frame)
                if pending is not _NOTHING:
                    break
                stack.pop()
                done = frame.close()
                if frame.low >= frame.number:
                    self._settle(frame, done)
                    counter = frame.number
                elif stack:
                    stack[-1].low = min(stack[-1].low, frame.low)
        return None

    def _next_but_atoms(self, frame: _Frame) -> Any:
        """Add the atoms that come next among the children of a frame, and return what follows, or `_NOTHING`."""
        room = self._most - self._spent
        for child in frame.children:
            if address(type(child)) not in _ATOMS or room < 0:
                return child
            room -= 1
            self._spent += 1
            frame.cost += 1
            frame.parts.append(dumps(child))
        return _NOTHING

    def _hasten(self, node: Node) -> None:
        """Stop early if the limit will certainly be met: reading a sample is quicker, and finds most changes."""
        ahead = itertools.islice(node.children, 4 * _MOST_OBJECTS)  # a dict has two children per item
        objects = (id(child) for child in ahead if address(type(child)) not in _ATOMS)
        if len(set(itertools.islice(objects, 2 * _MOST_OBJECTS))) > self._most // _OBJECT:
            self._most = min(self._most, self._spent + _SAMPLE)

    def cut(self) -> Read:
        """Return the result at the limit: close the objects that are still open, from the innermost outwards."""
        what = self._stack[0].node.type
        reason = f"{what}: more than {_MOST_OBJECTS:,} objects, of which the first are compared"
        done = self._stack.pop().cut()
        while self._stack:
            frame = self._stack.pop()
            frame.add(done)
            done = frame.cut()
        return done._replace(opaque=(reason, *done.opaque), whole=False)

    def _known(self, identity: int) -> Optional[Read]:
        """Return the result for an object that was met before, on this walk or an earlier one."""
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
        """Keep the result of an object that no cycle leads out of, for when it is met again.

        With a cycle in it, the result holds on this walk only: another name may lead into the cycle elsewhere.
        """
        (self.members if done.cyclic else self.closed)[frame.id] = done
        while True:
            identity, number = self._open.popitem()
            if identity == frame.id:
                return
            self.members[identity] = done._replace(digest=done.digest + b"+%d" % (number - frame.number))

    def _leaf(self, node: Node, value: Any) -> Read:
        digest = digest_of(node, ())
        # A generator's state is compared apart from the value of what holds it.
        if node.generator is not None:
            self.generators.append((value, node))
            done = Read(b"generator", kind=node.kind, cost=_OBJECT)
        else:
            opaque = (node.opaque,) if node.opaque else ()
            hidden = _hides(node)
            done = Read(digest, node.kind == "model", opaque, node.kind, node.atom, cost=_OBJECT, hidden=hidden)
        self.closed[id(value)] = done
        return done

    def _of_atoms(self, node: Node, identity: int) -> Read:
        """Read an object whose children are all atoms, as most of those are that come in great numbers."""
        self._spent += len(node.children)
        cost = min(_OBJECT + len(node.children), MOST + 1)
        opaque = (node.opaque,) if node.opaque else ()
        digest = digest_of(node, [dumps(child) for child in node.children])
        model, hidden = node.kind == "model", _hides(node)
        done = Read(digest, model, opaque, node.kind, node.atom, cost=cost, hidden=hidden)
        self.closed[identity] = done
        return done


def _hides(node: Node) -> bool:
    return node.opaque is not None and not node.in_part


class Reader:
    """Reads the kernel's state at one moment; the objects that it met stay alive as long as it does."""

    def __init__(self, most: int = MOST, of_one: bool = False) -> None:
        """Start reading.

        Args:
            most: the cost at which the reading of a variable ends.
            of_one: only one value and its parts will be read, the value itself first.
        """
        self._most = most
        self._of_one = of_one
        self._closed: Dict[int, Read] = {}
        self._keep: Dict[int, Any] = {}
        self.generators: Dict[int, GeneratorFound] = {}
        self.is_complete = True
        """Nothing was known before and left out."""

    def read(self, name: str, value: Any, library: bool = False) -> Read:
        """Read a variable, a part of one, or a generator that belongs to a library."""
        if is_atom(value):
            data = dumps(value)
            return Read(data if len(data) <= _LONGEST else digest_of_bytes(data), atom=True)
        read = self._closed.get(id(value)) or self._walk(name, value, library)
        # Results of cycles are longer than digests.
        return read if len(read.digest) <= _LONGEST else read._replace(digest=digest_of_bytes(read.digest))

    def _walk(self, name: str, value: Any, library: bool) -> Read:
        walk = _Walk(self.node, self._closed, self._most)
        read = walk.read(value)
        if read is None and walk.borrowed:  # other names have met parts of it: count again without their results
            walk = _Walk(self.node, {}, self._most)
            read = walk.read(value)
        self._closed.update(walk.closed)
        if self._of_one:
            self._closed.update(walk.members)
        self.add_generators(name, walk.generators, library)
        return read or walk.cut()

    def add_generators(self, name: str, found: Iterable[Tuple[Any, Node]], library: bool = False) -> None:
        """Add generators that were met under a name, unless they were met before."""
        for target, node in found:
            if node.generator is not None and id(target) not in self.generators:
                state = node.generator.packed()
                self._keep[id(target)] = target
                self.generators[id(target)] = GeneratorFound(name, library, target, digest_of(node, ()), state)

    def node(self, value: Any) -> Node:
        """Describe one level of an object, and keep the object alive, so that its address is not used again."""
        self._keep[id(value)] = value
        value = original_of(value)
        return refusal(value) or describe(value)

    def lasting(self) -> Set[int]:
        """Return the addresses of the objects met, except for those that were made only for this reading."""
        return lifetime.lasting(self._keep)


def is_atom(value: Any) -> bool:
    """Whether an object is a value without an identity of its own."""
    return address(type(value)) in _ATOMS


def text_of(node: Node) -> str:
    """Return a short text of a described object."""
    if node.opaque:
        return f"{node.type} (cannot be read: {node.opaque})"
    try:
        return node.text() if node.text else f"<{node.type}>"
    except Exception:  # noqa: BLE001  the text may come from a library's code, and no digest depends on it
        return f"<{node.type}>"
