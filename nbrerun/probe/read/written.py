"""A value written out in one go, in a fraction of the time that it takes to walk through it.

Plain values and builtin containers are written by `pickle`, and every other object by the description that the walk
reads as well, so that no code of the object's own is called. Equal bytes come of equal values only. Equal values may
have other bytes, since pickle also writes which objects are the very same: the bytes only tell that a value is still
what it was.
"""

from __future__ import annotations

import pickle
import sys
from typing import Any, List, NamedTuple, Optional, Tuple

from ..adapters import describe
from ..adapters.generic import refusal
from ..adapters.numpy import raw
from ..describe.digest import new_hash
from ..describe.node import Node
from ..describe.originals import original_of
from .digests import content_of

_PROTOCOL = 4
_DEEPEST = 1000
"""Python's own limit of recursion."""


class Written(NamedTuple):
    """What came of writing a value out."""

    digest: bytes
    size: int
    """Bytes, without those of buffers."""
    generators: List[Tuple[Any, Node]]
    """Generators of random numbers in it, the states of which are not part of the value."""


class _TooLarge(Exception):
    """The value is not written any further."""


class _Sink:
    """The file that pickle writes to."""

    def __init__(self, most: int) -> None:
        self.hasher = new_hash()
        self.size = 0
        self._most = most

    def write(self, data: Any) -> None:
        self.size += len(data)
        if self.size > self._most:
            raise _TooLarge
        self.hasher.update(data)


class _Writer(pickle.Pickler):
    """Keeps all objects alive that it has met, so that no address is used twice."""

    def __init__(self, sink: _Sink) -> None:
        super().__init__(sink, _PROTOCOL)
        self.contents = new_hash()
        self.generators: List[Tuple[Any, Node]] = []

    def reducer_override(self, value: Any) -> Any:
        """Called for whatever is neither a plain value nor a builtin container (pickle, "Custom Reduction")."""
        if value is object:
            return NotImplemented
        numpy: Any = sys.modules.get("numpy")
        if type(value) is getattr(numpy, "ndarray", None) and not value.dtype.hasobject:
            for piece in content_of(raw(value)):
                self.contents.update(piece)
            return object, (), ("array", value.dtype, value.shape)
        node = refusal(value) or describe(original_of(value))
        if node.generator is not None:
            self.generators.append((value, node))
            return object, (), ("generator", node.kind)
        content = node.content if node.in_one is None else (*node.content, node.in_one())
        children = [] if node.in_one is not None else list(node.children)
        for each in content:
            for piece in content_of(each):
                self.contents.update(piece)
        said = (node.type, len(content), node.kind, node.unordered, node.holds, node.atom, node.opaque, node.in_part)
        # As a state, since what is in a cycle has to be known before its children are written.
        return object, (), (said, children)


def written(value: Any, most: int) -> Optional[Written]:
    """Write a value out; None if it is too large, or nested too deeply.

    Args:
        most: bytes.
    """
    sink = _Sink(most)
    writer = _Writer(sink)
    limit = sys.getrecursionlimit()
    try:
        sys.setrecursionlimit(min(limit, _DEEPEST))  # the notebook's may be more than the stack of C can take
        writer.dump(value)
    except (_TooLarge, pickle.PicklingError, RecursionError, MemoryError):
        return None
    finally:
        sys.setrecursionlimit(limit)
    sink.hasher.update(writer.contents.digest())
    return Written(sink.hasher.digest(), sink.size, writer.generators)
