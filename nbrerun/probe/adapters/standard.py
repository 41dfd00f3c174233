"""Types of the standard library whose value is more than their attributes, or less."""

from __future__ import annotations

import _random
import collections
import datetime
import gc
import pickle
import random
import re
import threading
import weakref
from typing import Any, Dict, Iterable, Optional, Tuple

from ..describe.node import (
    ATOMS,
    Node,
    Stand,
    attribute_label,
    clip,
    draws_from,
    interleave,
    reads,
    type_name,
    without_ids,
)
from .generic import (
    ancestry,
    attributes,
    attributes_node,
    derives,
    is_user_class,
    members,
    module_of,
    of_class,
    with_attributes,
)

_OPAQUE = {
    "_socket.socket": "a socket",
    "sqlite3.Cursor": "a database cursor",
    "_ctypes._Pointer": "a C pointer",
    "_ctypes.CFuncPtr": "a C function",
    "subprocess.Popen": "a process",
    "_asyncio.Future": "a future",
    "_asyncio.Task": "a task",
    "concurrent.futures._base.Executor": "a pool of workers",
    "multiprocessing.pool.Pool": "a pool of workers",
    "multiprocessing.connection._ConnectionBase": "a pipe",
}


@reads(*_OPAQUE)
def opaque(value: Any) -> Node:
    """An object whose state is outside the memory that Python sees."""
    names = (f"{module_of(cls)}.{of_class(cls, '__qualname__')}" for cls in ancestry(type(value)))
    what = next((_OPAQUE[name] for name in names if name in _OPAQUE), "")
    return Node(type_name(type(value)), opaque=f"{type_name(type(value))}: {what}")


_OF_THREADS = frozenset(vars(threading.Thread())) - {"_target", "_args", "_kwargs", "_daemonic"}
"""What all threads have: the name is an automatic one, and the rest is the system's."""


@reads("threading.Thread")
def thread(value: Any) -> Node:
    """A thread, by what it is to do; while it is running, how far it is cannot be seen."""
    is_running = threading.Thread.is_alive(value)
    state = "running" if is_running else "new" if value.ident is None else "ended"
    found = attributes(value, _OF_THREADS)
    opaque = f"{type_name(type(value))}: a running thread" if is_running else None
    node = attributes_node(value, found, text=lambda: f"<thread, {state}>", opaque=opaque)
    return node._replace(content=(*node.content, state.encode()))


@reads("multiprocessing.managers.BaseProxy")
def proxy(value: Any) -> Node:
    """A proxy, by a copy of the object in the manager's process."""
    name = type_name(type(value))
    base: Any = next(each for each in ancestry(type(value)) if module_of(each) == "multiprocessing.managers")
    try:
        copied = base._callmethod(value, "#GETVALUE")
    except Exception as error:  # noqa: BLE001  the manager may have ended, and pickling may raise anything
        return Node(name, opaque=f"{name}: an object of another process ({type(error).__name__})")
    return Node(name, children=[copied], labels=lambda: [""], holds=True)


@reads("_thread.lock", "_thread.RLock")
def lock(value: Any) -> Node:
    """A lock, by whether and how often it is held; by which thread is shown as an address only."""
    name = type_name(type(value))
    base: Any = next(each for each in ancestry(type(value)) if module_of(each) == "_thread")
    # The repr is the only place that shows the count of an RLock.
    found = re.match(r"<(locked|unlocked) .*?(count=\d+)? at 0x", base.__repr__(value))
    if found is None:
        return Node(name, opaque=f"{name}: a lock")
    held = " ".join(filter(None, found.groups()))
    return Node(name, (held.encode(),), text=lambda: f"<{held} {name}>")


@reads("_multiprocessing.SemLock")
def semaphore(value: Any) -> Node:
    """A lock of multiprocessing, by its limit and how much of that is left; its name is a random one."""
    name = type_name(type(value))
    try:
        state = (value.kind, value.maxvalue, value._get_value(), value._count())
    except NotImplementedError:  # macOS has no sem_getvalue
        return Node(name, opaque=f"{name}: a lock")
    return Node(name, (repr(state).encode(),), text=lambda: f"<{state[2]} of {state[1]}>")


@reads("multiprocessing.heap.BufferWrapper")
def place(value: Any) -> Node:
    """Where the memory of a shared value lies; the value itself is read as what uses that memory."""
    return Node(type_name(type(value)))


_DATABASE_PAGES = 1 << 14
"""Pages of the largest database that is read."""


@reads("sqlite3.Connection")
def database(value: Any) -> Node:
    """A connection to an SQLite database, by the contents of the database as this connection sees them."""
    cls, name = type(value), "sqlite3.Connection"
    base: Any = next(each for each in ancestry(cls) if module_of(each) == "sqlite3")
    # A class of the user's with a `cursor` method would be called by `iterdump`.
    if any(is_user_class(each) and "cursor" in members(each) for each in ancestry(cls)):
        return Node(name, opaque=f"{type_name(cls)}: it makes its own cursors")
    try:
        (pages,) = base.execute(value, "PRAGMA page_count").fetchone()
        if pages > _DATABASE_PAGES:
            return Node(name, opaque=f"{name}: a large database")
        lines = list(base.iterdump(value))
        pending = base.in_transaction.__get__(value)
    except Exception as error:  # noqa: BLE001  this Python may lack sqlite3, and a row_factory of the user's may raise
        closed = "closed database" in str(error)
        return Node("closed database") if closed else Node(name, opaque=f"{name}: {error}")
    content = "\n".join(lines).encode("utf-8", "surrogateescape")
    return Node(name, (content, repr(pending).encode()), size=("lines of the dump of {}", str(len(lines))))


@reads("random.Random")
def random_generator(value: Any) -> Node:
    """A generator of `random`; `SystemRandom` has no state."""
    if derives(value, random.SystemRandom):
        return Node("random.SystemRandom", text=lambda: "SystemRandom")
    held = (random.Random.VERSION, _random.Random.getstate(value), attributes(value).get("gauss_next"))
    state = pickle.dumps(held, 2)
    stand = Stand(state, lambda data: random.Random.setstate(value, pickle.loads(data)), "Mersenne Twister")
    return Node("random.Random", (state,), kind="generator", generator=stand, text=lambda: "random.Random")


@draws_from
def global_generators() -> Iterable[Tuple[str, Any]]:
    """Return the generator of which `random.random` and the like are methods."""
    return [("random", random._inst)]


@reads("mmap.mmap")
def mapped(value: Any) -> Node:
    """A memory map, by the bytes in it and its position."""
    try:
        held, position = memoryview(value), value.tell()
    except ValueError:
        return Node("closed mmap.mmap")
    return Node("mmap.mmap", (held, b"%d" % position), text=lambda: f"{len(value)} bytes, mapped")


@reads("collections.deque")
def deque(value: Any) -> Node:
    """A deque, by its items in order and its greatest length."""
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


@reads("datetime.date", "datetime.time")
def moment(value: Any) -> Optional[Node]:
    """A date or a time, with its time zone, which may be a class of the user's."""
    base: Any = next(each for each in ancestry(type(value)) if module_of(each) == "datetime")
    if type(value) is not base and not is_user_class(type(value)):
        return printed(value)  # pandas' timestamps have nanoseconds, which only their repr shows
    own = members(base)
    state = (own["__reduce_ex__"](value, 2) if "__reduce_ex__" in own else own["__reduce__"](value))[1]
    zones = [item for item in state if type(item) is not bytes]
    strange = any(is_user_class(type(zone)) for zone in zones)
    node = Node(
        type_name(type(value)),
        tuple(item for item in state if type(item) is bytes),
        zones,
        atom=True,
        text=lambda: f"<{type_name(type(value))}>" if strange else clip(base.__repr__(value)),
    )
    return node if type(value) is base else with_attributes(node, value)


_PRINTED = (
    *("datetime.timedelta", "datetime.tzinfo", "zoneinfo.ZoneInfo", "decimal.Decimal", "fractions.Fraction"),
    *("uuid.UUID", "re.Pattern", "pathlib.PurePath"),
)


@reads(*_PRINTED)
def printed(value: Any) -> Optional[Node]:
    """An immutable value that its repr describes completely."""
    cls = type(value)
    if not is_user_class(cls):
        return Node(
            type_name(cls),
            (without_ids(repr(value).encode("utf-8", "surrogatepass")),),
            atom=True,
            text=lambda: clip(repr(value)),
        )
    base: Any = next(each for each in ancestry(cls) if not is_user_class(each))
    if base is datetime.tzinfo or _PRINTED_BY_PYTHON.isdisjoint({type_name(base)}):
        return None
    return with_attributes(Node(type_name(cls), (base.__repr__(value).encode("utf-8", "surrogatepass"),)), value)


_PRINTED_BY_PYTHON = frozenset({"datetime.timedelta", "decimal.Decimal"})
"""Types whose subclasses by the user can be printed without calling them; others are read by their attributes."""


@reads("types.SimpleNamespace")
def namespace(value: Any) -> Node:
    """A namespace, by its attributes."""
    return Node("SimpleNamespace", children=[attributes(value)], labels=lambda: [""], holds=True)


@reads(
    *("types.MappingProxyType", "builtins.mappingproxy", "builtins.dict_keys", "builtins.dict_values"),
    *("builtins.dict_items", "builtins.odict_keys", "builtins.odict_values", "builtins.odict_items"),
)
def view(value: Any) -> Node:
    """A view of a dict, by its items, or by the dict itself where that may be an object of the user's class."""
    name = type_name(type(value))
    if name == "mappingproxy" or name.startswith("odict"):
        inside = gc.get_referents(value)
    else:
        inside = interleave(value) if name == "dict_items" else list(value)
    return Node(name, children=inside, text=lambda: f"<{name}>")


@reads("weakref.ReferenceType", "weakref.ProxyType", "weakref.CallableProxyType")
def weak(value: Any) -> Node:
    """A weak reference, by whether it is alive, and by its object unless that belongs to a library.

    Libraries use weak references as ways back to everything that they keep, which is not part of the value.
    """
    target = weakref.ref.__call__(value) if derives(value, weakref.ref) else None
    if derives(value, weakref.ref):
        alive = target is not None
    else:  # everything but the repr of a proxy is passed on to its object
        alive = "NoneType" not in members(type(value))["__repr__"](value)
    own = target is not None and (is_user_class(type(target)) or module_of(type(target)) == "builtins")
    return Node(
        type_name(type(value)),
        (b"%d" % alive,),
        [target] if own else (),
        lambda: ["()"] if own else (),
        atom=True,
        text=lambda: "weak reference",
    )


@reads("weakref.finalize")
def finalizer(value: Any) -> Node:
    """A finalizer, by the call that it will make, if it has not made it yet."""
    call = members(weakref.finalize)["peek"](value)
    parts = list(call[1:]) if call else []
    return Node("weakref.finalize", children=parts, labels=lambda: [".<call>"] * len(parts))


@reads("enum.Enum")
def member(value: Any) -> Node:
    """A member of an enumeration, by its name and value."""
    own = attributes(value)
    name = f"{type_name(type(value))}.{own.get('_name_')}"
    more = {
        key: item for key, item in own.items() if not key.startswith("__") and key not in ("_name_", "_sort_order_")
    }
    node = Node(type_name(type(value)), (name.encode("utf-8", "surrogatepass"),), atom=True, text=lambda: name)
    if ATOMS.issuperset(map(type, more.values())) and len(more) <= 1:
        return node._replace(content=(*node.content, repr(more).encode("utf-8", "surrogatepass")))
    labels = [attribute_label(key) for key in more]
    return node._replace(children=list(more.values()), labels=lambda: labels)


@reads("re.Match")
def match(value: Any) -> Node:
    """A match, by pattern, text and position."""
    return Node(
        "re.Match",
        (repr((value.regs, value.pos, value.endpos)).encode(),),
        [value.re, value.string],
        lambda: [".re", ".string"],
        text=lambda: clip(f"<re.Match of {value.span()}>"),
    )


@reads("_hashlib.HASH", "_blake2.blake2b", "_blake2.blake2s", "_struct.Struct")
def hasher(value: Any) -> Node:
    """A hash, by the digest that it would return now, which does not end it; or a compiled struct format."""
    content = value.format if hasattr(value, "format") else f"{value.name} {value.hexdigest()}"
    return Node(type_name(type(value)), (content.encode(),), text=lambda: clip(content))


@reads("_ctypes.CField", "types.UnionType")
def declared(value: Any) -> Node:
    """The type of a C field, or a union of types."""
    inside = list(getattr(value, "__args__", ()))
    own = b"" if inside else repr(value).encode("utf-8", "surrogatepass")
    return Node(type_name(type(value)), (own,), inside, kind="definition", text=lambda: f"<{type_name(type(value))}>")


@reads("logging.Logger")
def logger(value: Any) -> Node:
    """A logger, by its level and handlers; the tree of loggers above it is not part of the value."""
    own = attributes(value)
    kept: Dict[str, Any] = {name: own.get(name) for name in ("name", "level", "disabled", "propagate")}
    kept.update({name: own.get(name) for name in ("handlers", "filters")})
    return Node(
        type_name(type(value)),
        children=list(kept.values()),
        labels=lambda: ["." + name for name in kept],
        text=lambda: f"<logger {own.get('name')!s}>",
    )
