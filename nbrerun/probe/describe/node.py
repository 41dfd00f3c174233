"""How one object is described to the reader: its own content, and the objects it is made of."""

from __future__ import annotations

import marshal
from functools import lru_cache
from typing import Any, Callable, Dict, FrozenSet, Iterable, List, NamedTuple, Optional, Sequence, Tuple, TypeVar, cast

from ..protocol.messages import VariableKind


class Stand(NamedTuple):
    """Where a generator of random numbers stands."""

    state: bytes
    put_back: Callable[[bytes], object]
    """Makes this generator go on from such a state."""
    algorithm: str
    """A state is taken back only by a generator of the same algorithm."""

    def packed(self) -> bytes:
        """The state with the algorithm it belongs to."""
        return self.algorithm.encode() + b"\0" + self.state

    def take(self, packed: bytes) -> None:
        """Put the generator back to where it, or one of its kind, stood."""
        algorithm, _, state = packed.partition(b"\0")
        if algorithm.decode() == self.algorithm:
            self.put_back(state)


class Node(NamedTuple):
    """An object, taken apart one level.

    Two objects are equal when their `type`, `content` and (pairwise, in order) children are.
    """

    type: str
    """Name of the type, part of the value."""
    content: Tuple[Any, ...] = ()
    """What the object holds itself: bytes-like values, hashed in order."""
    children: Sequence[Any] = ()
    labels: Optional[Callable[[], Sequence[Optional[str]]]] = None
    """What to append to the object's path for each child: nothing for the object itself in another guise;
    None for a child that needs no place of its own, as a key that is in its value's label."""
    unordered: int = 0
    """If n > 0: groups of n children whose order is not part of the value (2 for dict items)."""
    kind: VariableKind = "data"
    """`model`, `generator` (of random numbers), `iterator`, `definition` or `data`."""
    holds: bool = False
    """A container: with a model in it, it is a model itself."""
    atom: bool = False
    """A value that has no identity of its own."""
    text: Optional[Callable[[], str]] = None
    """Short text of a leaf's value."""
    size: Optional[Tuple[str, str]] = None
    """A pattern such as `len({})`, and the size: how to tell a change of size."""
    numbers: Optional[Callable[[], Optional[bytes]]] = None
    """The values as native float64 bytes."""
    opaque: Optional[str] = None
    """Why this object cannot be read."""
    generator: Optional[Stand] = None
    """For a generator of random numbers: where it stands, and how to put it there."""
    in_part: bool = False
    """What is opaque lies beyond a limit on what is read."""


ATOMS: FrozenSet[type] = frozenset({int, float, complex, bool, str, bytes, type(None), type(Ellipsis)})
"""Exact types that are values and nothing else; marshal writes them canonically."""


_left_out: List[bytes] = []


def leave_out(place: str) -> None:
    """Where a kernel has its own files is no part of a value that names it: another kernel has them elsewhere."""
    _left_out[:] = [place.encode(errors="surrogatepass")]


def dumps(value: Any) -> bytes:
    """Canonical bytes of atoms; version 2 has no reference flags, so counts of references do not show."""
    data = marshal.dumps(value, 2)
    for place in _left_out:
        data = data.replace(place, b"")
    return data


Adapter = Callable[[Any], Optional[Node]]
"""Describes objects of the types it is registered for; None hands over to the next one."""

ADAPTERS: Dict[str, Adapter] = {}
"""Qualified name of a type (`numpy.ndarray`) to what reads it and its subclasses."""

UNREADABLE: Dict[str, str] = {}
"""Name of a library's module to why its objects cannot be read: what was to read them is broken."""


def is_within(name: str, module: str) -> bool:
    """Whether a qualified name, or that of a module, is one of a module or a package."""
    return name == module or name.startswith(module + ".")


_Adapter = TypeVar("_Adapter", bound=Adapter)


def reads(*types: str) -> Callable[[_Adapter], _Adapter]:
    """Register an adapter for types, by qualified name, so that no library is imported."""

    def register(adapter: _Adapter) -> _Adapter:
        for name in types:
            ADAPTERS[name] = adapter
        return adapter

    return register


GLOBAL_GENERATORS: List[Callable[[], Iterable[Tuple[str, Any]]]] = []
"""Each gives names and objects of the generators that a library draws from when given none."""


def draws_from(found: Callable[[], Iterable[Tuple[str, Any]]]) -> Callable[[], Iterable[Tuple[str, Any]]]:
    """Register what finds a library's global generators; it must find none where the library is not loaded."""
    GLOBAL_GENERATORS.append(found)
    return found


_Function = TypeVar("_Function", bound=Callable[..., Any])
_forget: List[Callable[[], None]] = []


def per_class(function: _Function) -> _Function:
    """Look a class over only once in every look at the state."""
    cached = lru_cache(maxsize=1024)(function)
    _forget.append(cached.cache_clear)
    return cast(_Function, cached)


def forget_classes() -> None:
    """Hold on to no class of the notebook's between two looks."""
    for forget in _forget:
        forget()


@per_class
def type_name(cls: type) -> str:
    """`sklearn.linear_model.SGDClassifier`: public where the library shows it, without private modules."""
    module = type.__getattribute__(cls, "__module__")
    qualname = type.__getattribute__(cls, "__qualname__")
    if module in ("builtins", "__main__") or not isinstance(module, str):
        return str(qualname)
    public = [part for part in module.split(".") if not part.startswith("_")]
    return ".".join([*public, str(qualname)])


def attribute_label(name: str) -> str:
    """How an attribute continues a path."""
    return "." + name


def show(value: Any) -> str:
    """A value's repr, short; of a type that is known to have a harmless one."""
    try:
        return clip(repr(value))
    except ValueError:  # an int of more digits than Python prints
        return f"int of {value.bit_length()} bits" if isinstance(value, int) else f"{type(value).__name__} of huge ints"


def key_text(key: Any) -> str:
    """A key of a dict or a column's name, as a path shows it."""
    plain = type(key) in ATOMS or (type(key) is tuple and ATOMS.issuperset(map(type, key)))
    return clip(show(key), 40) if plain else f"<{type_name(type(key))}>"


def clip(text: str, width: int = 60) -> str:
    """A text short enough for a report."""
    text = " ".join(text.split())
    return text if len(text) <= width else text[: width - 1] + "…"


def interleave(pairs: Iterable[Tuple[Any, Any]]) -> List[Any]:
    """Keys and values, one after the other."""
    return [item for pair in pairs for item in pair]
