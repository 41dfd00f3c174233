"""The description of one object, and the registry of the adapters that make such descriptions."""

from __future__ import annotations

import re
from functools import lru_cache
from marshal import dumps as _marshalled  # by name: the notebook may put another function into the module
from typing import (
    Any,
    Callable,
    Dict,
    FrozenSet,
    Iterable,
    List,
    Match,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
    TypeVar,
    cast,
)

from ..protocol.messages import VariableKind


class Stand(NamedTuple):
    """The state of a random number generator, and how to restore it."""

    state: bytes
    put_back: Callable[[bytes], object]
    """Sets the generator to such a state."""
    algorithm: str
    """A state is restored only into a generator of the same algorithm."""

    def packed(self) -> bytes:
        """Return the state with the name of its algorithm."""
        return self.algorithm.encode() + b"\0" + self.state

    def take(self, packed: bytes) -> None:
        """Restore a packed state, unless it belongs to another algorithm."""
        algorithm, _, state = packed.partition(b"\0")
        if algorithm.decode() == self.algorithm:
            self.put_back(state)


class Node(NamedTuple):
    """An object, taken apart one level.

    Two objects are equal if their `type`, `content` and children (pairwise, in order) are equal.
    """

    type: str
    """Name of the type; part of the value."""
    content: Tuple[Any, ...] = ()
    """What the object itself contains, without its children: bytes-like values, hashed in order."""
    children: Sequence[Any] = ()
    labels: Optional[Callable[[], Sequence[Optional[str]]]] = None
    """Returns what to append to the object's path for each child: an empty text for a child that is the same object
    to the user, None for a child without a path of its own, such as a dict's key, which its value's label shows."""
    unordered: int = 0
    """If n > 0: the order of groups of n children is not part of the value (1 for a set, 2 for a dict's items)."""
    kind: VariableKind = "data"
    """`model`, `generator` (of random numbers), `iterator`, `stream`, `definition` or `data`."""
    holds: bool = False
    """This is a container: it is a model if a model is in it."""
    atom: bool = False
    """This is a value without an identity of its own."""
    text: Optional[Callable[[], str]] = None
    """Returns a short text of a leaf's value."""
    size: Optional[Tuple[str, str]] = None
    """A pattern such as `len({})`, and the size as text: shown when the size changes."""
    numbers: Optional[Callable[[], Optional[bytes]]] = None
    """Returns the values as bytes of native float64."""
    opaque: Optional[str] = None
    """Why this object cannot be read."""
    generator: Optional[Stand] = None
    """For a random number generator: its state, and how to restore it."""
    in_part: bool = False
    """What is opaque lies beyond a limit on what is read."""
    in_one: Optional[Callable[[], Any]] = None
    """Returns bytes that are equal where all children are, which takes less time than to look at each of them."""
    memory: Optional[Callable[[], Optional[Tuple[int, int]]]] = None
    """Returns the addresses between which the numbers lie, which other objects may show as well."""


ATOMS: FrozenSet[type] = frozenset({int, float, complex, bool, str, bytes, type(None), type(Ellipsis)})
"""Exact types whose objects are values without parts or identity; marshal writes them canonically."""

address: Callable[[Any], int] = object.__hash__
"""Differs from object to object as `id` does, each call of which calls all audit hooks (PEP 578): with the hooks of a
kernel, that takes ten times as long."""


_NUMBERS = frozenset({int, float, complex, bool, type(None)})
_left_out: List[bytes] = []


def leave_out(place: str) -> None:
    """Ignore a folder of the kernel's own in values that mention it: every kernel has its own one."""
    _left_out[:] = [place.encode(errors="surrogatepass")]


def dumps(value: Any) -> bytes:
    """Return canonical bytes of atoms, or of lists and tuples of them.

    References came with version 3 of the format (marshal documentation): in version 2 it makes no difference how
    often an object is referred to.
    """
    data = _marshalled(value, 2)
    if type(value) in _NUMBERS:
        return data
    for place in _left_out:
        data = data.replace(place, b"")
    return without_ids(_without_addresses(data) if b" at 0x" in data else data)


_ADDRESS = re.compile(rb"(?<= at 0x)[0-9a-f]{9,12}(?=>)")
"""Where an object lies, as `repr` ends by default: beyond the first 4 GiB, as in all programs of 64 bits."""


def without_addresses(text: str) -> str:
    """Return a text without the addresses that `repr` has written into it."""
    return _without_addresses(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")


def _without_addresses(data: bytes) -> bytes:
    return _ADDRESS.sub(_without_address, data)


def _without_address(found: Match[bytes]) -> bytes:
    """An address is no value; that of an object can be divided by the size of a word."""
    return b"" if int(found[0], 16) % 8 == 0 else found[0]


_MOST_IDS = 1 << 16
_ids: Dict[bytes, None] = {}
_ID = re.compile(rb"[0-9a-f]{8}(-?)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}")


def leave_out_id(digits: str) -> None:
    """Ignore an id that a library has drawn for an object of its own, given as 32 hexadecimal digits."""
    _ids[digits.encode()] = None
    if len(_ids) > _MOST_IDS:
        del _ids[next(iter(_ids))]


def without_ids(data: bytes) -> bytes:
    """Return bytes of values without the ids that libraries have drawn."""
    return _ID.sub(_without_id, data) if _ids else data


def have_ids(items: Sequence[Any]) -> bool:
    """Whether atoms, or tuples of them, have such ids in them: they are sorted another way in each run."""
    if not _ids:
        return False
    data = _marshalled(list(items), 2)
    return without_ids(data) != data


def _without_id(found: Match[bytes]) -> bytes:
    return b"" if found[0].replace(b"-", b"") in _ids else found[0]


Adapter = Callable[[Any], Optional[Node]]
"""Describes an object of the types that it is registered for, or returns None to leave it to the generic reader."""

ADAPTERS: Dict[str, Adapter] = {}
"""Adapters by the qualified name of a type (`numpy.ndarray`); each reads subclasses as well."""

UNREADABLE: Dict[str, str] = {}
"""Why the objects of a library cannot be read, by the name of its module: its adapters are broken."""


def is_within(name: str, module: str) -> bool:
    """Whether the qualified name of a type or a module lies in a module or package."""
    return name == module or name.startswith(module + ".")


_Adapter = TypeVar("_Adapter", bound=Adapter)


def reads(*types: str) -> Callable[[_Adapter], _Adapter]:
    """Register an adapter for types, given by qualified name so that no library has to be imported."""

    def register(adapter: _Adapter) -> _Adapter:
        for name in types:
            ADAPTERS[name] = adapter
        return adapter

    return register


GLOBAL_GENERATORS: List[Callable[[], Iterable[Tuple[str, Any]]]] = []
"""Each returns the names and objects of the generators that a library draws from by default."""


def draws_from(found: Callable[[], Iterable[Tuple[str, Any]]]) -> Callable[[], Iterable[Tuple[str, Any]]]:
    """Register what finds a library's global generators; it must return none while the library is not imported."""
    GLOBAL_GENERATORS.append(found)
    return found


_Function = TypeVar("_Function", bound=Callable[..., Any])
_forget: List[Callable[[], None]] = []


def per_class(function: _Function) -> _Function:
    """Compute a fact about a class only once while one state is read."""
    cached = lru_cache(maxsize=1024)(function)
    _forget.append(cached.cache_clear)
    return cast(_Function, cached)


def forget_classes() -> None:
    """Clear these caches, so that they keep no class of the notebook's alive after a state was read."""
    for forget in _forget:
        forget()


@per_class
def type_name(cls: type) -> str:
    """Return the public name of a class, without private modules: `sklearn.linear_model.SGDClassifier`."""
    # `type.__getattribute__`: a metaclass of the notebook's could run code, and must not be called.
    module = type.__getattribute__(cls, "__module__")
    qualname = type.__getattribute__(cls, "__qualname__")
    if module in ("builtins", "__main__") or not isinstance(module, str):
        return str(qualname)
    public = [part for part in module.split(".") if not part.startswith("_")]
    return ".".join([*public, str(qualname)])


def attribute_label(name: str) -> str:
    """Return what an attribute appends to a path."""
    return "." + name


def show(value: Any) -> str:
    """Return a short repr of a value whose type is known to have a harmless one."""
    try:
        return clip(repr(value))
    except ValueError:  # an int of more digits than sys.set_int_max_str_digits allows
        return f"int of {value.bit_length()} bits" if isinstance(value, int) else f"{type(value).__name__} of huge ints"


def key_text(key: Any) -> str:
    """Return a dict's key or a column's name as a path shows it."""
    plain = type(key) in ATOMS or (type(key) is tuple and ATOMS.issuperset(map(type, key)))
    return clip(show(key), 40) if plain else f"<{type_name(type(key))}>"


def clip(text: str, width: int = 60) -> str:
    """Return a text on one line, short enough for a report."""
    text = " ".join(text.split())
    return text if len(text) <= width else text[: width - 1] + "…"


def interleave(pairs: Iterable[Tuple[Any, Any]]) -> List[Any]:
    """Return keys and values in one list, each value after its key."""
    return [item for pair in pairs for item in pair]
