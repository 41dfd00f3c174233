"""Types of the standard library that need more than their attributes, or less."""

from __future__ import annotations

import collections
import io
import pickle
import random
from typing import Any, Iterable, List, Optional, Tuple

from ..node import Node, Stand, clip, draws_from, interleave, reads, type_name
from .generic import with_attributes

_OPAQUE = {
    "_thread.lock": "a lock",
    "_thread.RLock": "a lock",
    "threading.Thread": "a thread",
    "_socket.socket": "a socket",
    "sqlite3.Cursor": "a database cursor",
    "_ctypes._Pointer": "a C pointer",
    "_ctypes.CFuncPtr": "a C function",
    "subprocess.Popen": "a process",
    "asyncio.events.AbstractEventLoop": "an event loop",
    "_asyncio.Future": "a future",
    "_asyncio.Task": "a task",
    "concurrent.futures._base.Executor": "a pool of workers",
    "multiprocessing.pool.Pool": "a pool of workers",
}


@reads(*_OPAQUE)
def opaque(value: Any) -> Node:
    """What lives outside of the memory that Python sees."""
    names = (f"{cls.__module__}.{cls.__qualname__}" for cls in type(value).__mro__)
    what = next((_OPAQUE[name] for name in names if name in _OPAQUE), "")
    return Node(type_name(type(value)), opaque=f"{type_name(type(value))}: {what}")


_DATABASE_PAGES = 1 << 14
"""Larger databases are not read."""


@reads("sqlite3.Connection")
def database(value: Any) -> Node:
    """A connection to a database: what is in there, as this connection sees it."""
    cls, name = type(value), "sqlite3.Connection"
    base: Any = next(each for each in cls.__mro__ if each.__module__ == "sqlite3" and each.__name__ == "Connection")
    try:
        (pages,) = base.execute(value, "PRAGMA page_count").fetchone()
        if pages > _DATABASE_PAGES:
            return Node(name, opaque=f"{name}: a large database")
        lines = list(base.iterdump(value))
        pending = base.in_transaction.__get__(value)
    except Exception as error:  # noqa: BLE001  sqlite3 need not be loaded here, and a person's row_factory may raise
        closed = "closed database" in str(error)
        return Node("closed database") if closed else Node(name, opaque=f"{name}: {error}")
    content = "\n".join(lines).encode("utf-8", "surrogateescape")
    return Node(name, (content, repr(pending).encode()), size=("lines of the dump of {}", str(len(lines))))


@reads("random.Random")
def random_generator(value: Any) -> Node:
    """The generator of `random`; `SystemRandom` has no state."""
    if isinstance(value, random.SystemRandom):
        return Node("random.SystemRandom", text=lambda: "SystemRandom")
    state = pickle.dumps(random.Random.getstate(value), 2)
    stand = Stand(state, lambda data: random.Random.setstate(value, pickle.loads(data)), "Mersenne Twister")
    return Node("random.Random", (state,), kind="generator", generator=stand, text=lambda: "random.Random")


@draws_from
def global_generators() -> Iterable[Tuple[str, Any]]:
    """What `random.random` and its like draw from: they are methods of it."""
    return [("random", random._inst)]


@reads("collections.deque")
def deque(value: Any) -> Node:
    """Items in order, and the largest length."""
    items = list(collections.deque.__iter__(value))
    maxlen = collections.deque.maxlen.__get__(value)
    node = Node(
        "collections.deque",
        (repr(maxlen).encode(),),
        items,
        lambda: [f"[{i}]" for i in range(len(items))],
        holds=True,
        size=("len({})", str(len(items))),
        text=lambda: f"deque of {len(items)}",
    )
    return with_attributes(node, value)


@reads("_io._IOBase")
def file(value: Any) -> Optional[Node]:
    """A file handle: its name and how far it is; closed ones have no value."""
    if type(value).__module__ != "_io":
        return None  # a class of the person's own, which would be asked
    if value.closed:
        return Node("closed file", text=lambda: "closed file")
    if isinstance(value, (io.StringIO, io.BytesIO)):
        held = value.getvalue()
        return Node(
            type_name(type(value)),
            children=[held, value.tell()],
            labels=lambda: [".getvalue()", ".tell()"],
            text=lambda: clip(repr(held)),
        )
    position = None if isinstance(value, io.TextIOWrapper) and value.writable() else _position(value)
    if position is None:  # the text not written yet is out of sight, and asking for the position would write it
        return Node(type_name(type(value)), opaque=f"{type_name(type(value))}: how far it has been read cannot be told")
    return Node(
        type_name(type(value)),
        (str(getattr(value, "name", "")).encode("utf-8", "surrogatepass"), b"%d" % position),
        size=("{}.tell()", str(position)),
        text=lambda: f"<file {getattr(value, 'name', '')!s} at {position}>",
    )


def _position(value: Any) -> Optional[int]:
    try:
        return int(value.tell())
    except (OSError, ValueError):
        return None


@reads(
    *("datetime.date", "datetime.time", "datetime.timedelta", "datetime.tzinfo", "zoneinfo.ZoneInfo"),
    *("decimal.Decimal", "fractions.Fraction", "uuid.UUID", "re.Pattern", "pathlib.PurePath"),
)
def printed(value: Any) -> Node:
    """Values that never change, and that their repr says all about."""
    return Node(type_name(type(value)), (repr(value).encode(),), atom=True, text=lambda: clip(repr(value)))


@reads("types.SimpleNamespace")
def namespace(value: Any) -> Node:
    """A bag of attributes."""
    return Node("SimpleNamespace", children=[vars(value)], labels=lambda: [""], holds=True)


@reads(
    "types.MappingProxyType",
    "builtins.mappingproxy",
    "builtins.dict_keys",
    "builtins.dict_values",
    "builtins.dict_items",
)
def view(value: Any) -> Node:
    """A view of a dict."""
    items: List[Any] = interleave(value.items()) if hasattr(value, "items") else list(value)
    return Node(type_name(type(value)), children=items, text=lambda: f"<{type_name(type(value))}>")


@reads("IPython.core.interactiveshell.InteractiveShell")
def shell(value: Any) -> Node:
    """The notebook's own shell: what is in it is looked at from elsewhere."""
    return Node("IPython.InteractiveShell", kind="definition", text=lambda: "<the notebook's shell>")


@reads("weakref.ReferenceType", "weakref.ProxyType")
def weak(value: Any) -> Node:
    """A weak reference holds nothing: only whether it is alive counts."""
    alive = type(value).__name__ == "ReferenceType" and value() is not None
    return Node(type_name(type(value)), (b"%d" % alive,), atom=True, text=lambda: "weak reference")


@reads("enum.Enum")
def member(value: Any) -> Node:
    """A member of an enumeration: one of a kind."""
    name = f"{type_name(type(value))}.{value._name_}"
    return Node(type_name(type(value)), (name.encode(),), atom=True, text=lambda: name)


@reads("logging.Logger")
def logger(value: Any) -> Node:
    """Its level and handlers; the tree of loggers above it is not its own."""
    kept = {name: vars(value)[name] for name in ("name", "level", "disabled", "propagate", "handlers", "filters")}
    return Node(
        type_name(type(value)),
        children=list(kept.values()),
        labels=lambda: ["." + name for name in kept],
        text=lambda: f"<logger {value.name}>",
    )
