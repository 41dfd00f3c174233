"""Large containers of plain values, which need not be walked through again while they hold the same.

What they hold is written out in one go by `marshal`, in a hundredth of the time that a walk takes. Equal bytes come of
equal values only, so that the result of the last walk holds; where they differ, another walk tells.
"""

from __future__ import annotations

import contextlib
import itertools
import marshal
import resource
from typing import Any, Callable, Dict, Iterable, Iterator, Mapping, Optional, Tuple

from ..protocol.messages import KnownContainer, Variable
from .digests import digest_of_bytes

_WORTH = 20_000
"""Cost of a walk (see `walk`) from which on its result is remembered."""
_MOST_ITEMS = 30_000_000
_MOST_LEVELS = 50
_ROOM = 1 << 28
"""Bytes that writing a container out may take more than twice of what it took last time."""
_ATOMS = frozenset({int, float, complex, bool, str, type(None)})
"""Not bytes: anything else that has a buffer is written out in the same way."""
_LEVELS: Mapping[type, Callable[[Any], Iterable[Any]]] = {
    list: iter,
    tuple: iter,
    set: iter,
    frozenset: iter,
    dict: lambda value: itertools.chain(value, value.values()),
}

known: Dict[str, KnownContainer] = {}
"""By the name of the variable; forks know it as well."""
_is_on = False


def switch_on() -> None:
    """In a forked process: the objects that a walk would meet need not be known by their addresses."""
    global _is_on
    _is_on = True


def recall(containers: Mapping[str, KnownContainer]) -> None:
    """Remember what another process of this kernel has found."""
    known.clear()
    known.update(containers)


def as_before(name: str, value: Any) -> Optional[Variable]:
    """What was found of a variable, if it holds equal values."""
    found = known.get(name) if _is_on else None
    if found is None or type(value) not in _LEVELS:
        return None
    written = _written_out(value, found["size"])
    return found["variable"] if written == (found["bytes"], found["size"]) else None


def note(name: str, value: Any, cost: int, variable: Variable) -> None:
    """Remember the result of a walk, if it was expensive and can be told to hold again."""
    known.pop(name, None)
    if _is_on and cost > _WORTH and _is_plain(value):
        written = _written_out(value, 1 << 32)
        if written is not None:
            known[name] = {"bytes": written[0], "size": written[1], "variable": variable}


def _is_plain(value: Any) -> bool:
    """Whether a container consists of plain values and builtin containers only, level by level."""
    level, items = [value], 0
    for _ in range(_MOST_LEVELS):
        kinds = set(map(type, level))
        containers = kinds - _ATOMS
        if not containers:
            return True
        if not containers <= _LEVELS.keys():
            return False
        groups = ([item for item in level if type(item) is kind] for kind in containers)
        level = [
            inner
            for kind, group in zip(containers, groups)
            for inner in itertools.chain.from_iterable(map(_LEVELS[kind], group))
        ]
        items += len(level)
        if items > _MOST_ITEMS:
            return False
    return False


def _written_out(value: Any, size: int) -> Optional[Tuple[bytes, int]]:
    """A digest of a container's bytes, and their number; None if they are far more than expected."""
    with _limited_memory(2 * size + _ROOM), contextlib.suppress(ValueError, MemoryError):
        data = marshal.dumps(value, 2)
        return digest_of_bytes(data), len(data)
    return None


@contextlib.contextmanager
def _limited_memory(room: int) -> Iterator[None]:
    """A container that holds another one many times over is written out as often as that (`marshal`, version 2)."""
    try:
        with open("/proc/self/statm", "rb") as file:
            used = int(file.read().split()[0]) * resource.getpagesize()
    except OSError:  # not Linux
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    limits = [used + room, *(limit for limit in (soft, hard) if limit != resource.RLIM_INFINITY)]
    resource.setrlimit(resource.RLIMIT_AS, (min(limits), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
