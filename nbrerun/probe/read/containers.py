"""Containers of plain values, which need not be walked through again while they hold the same.

What they hold is written out in one go by `marshal`, in a hundredth of the time that a walk takes. Equal bytes come of
equal values only, so that the result of the last walk holds; where they differ, another walk tells.
"""

from __future__ import annotations

import contextlib
import itertools
import marshal
import os
import select
import signal
import sys
import time
from typing import Any, Callable, Dict, Iterable, Iterator, List, Mapping, Sequence, Tuple

from ..process.forking import fork
from ..protocol.messages import KnownContainer, Variable
from .digests import digest_of_bytes

_WORTH = 1_000
"""Cost of a walk (see `walk`) from which on its result is remembered."""
_MOST_BYTES = 1 << 30
"""Size of all parts of a container, each as often as it is met, up to which its result is remembered ..."""
_MOST_BYTES_HERE = 1 << 25
"""... and up to which this process writes it out itself, ..."""
_SMALL = 1 << 22
"""... if it was no more than so many bytes when that was done last; an object takes more in memory."""
_MOST_LEVELS = 50
_DIGEST = len(digest_of_bytes(b""))
_PATIENCE, _BYTES_PER_SECOND = 2.0, 10_000_000
"""A busy machine writes some hundred millions of bytes a second."""
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


def unchanged(namespace: Mapping[str, Any]) -> Dict[str, Variable]:
    """What was found of those variables that hold equal values."""
    names = [name for name in known if type(namespace.get(name)) in _LEVELS] if _is_on else []
    small = [name for name in names if known[name]["size"] <= _SMALL and _is_plain(namespace[name], _MOST_BYTES_HERE)]
    large = [name for name in names if name not in small]
    written = {name: digest_of_bytes(marshal.dumps(namespace[name], 2)) for name in small}
    written.update(_written_by_fork(namespace, large) if large else ())
    return {
        name: {**known[name]["variable"], "id": id(namespace[name])}
        for name, digest in written.items()
        if digest == known[name]["bytes"]
    }


def _written_by_fork(namespace: Mapping[str, Any], names: Sequence[str]) -> Iterator[Tuple[str, bytes]]:
    """Digests of what marshal writes, as far as they come in time.

    A container that holds others many times over is written out as often as that, which may take for ever. So a fork
    does it, and is given some time.
    """
    told, tell = os.pipe()
    pid = fork()
    if pid == 0:
        with contextlib.suppress(ValueError, MemoryError, OSError):
            for name in names:
                os.write(tell, digest_of_bytes(marshal.dumps(namespace[name], 2)))
        os._exit(0)
    os.close(tell)
    seconds = _PATIENCE + sum(known[name]["size"] for name in names) / _BYTES_PER_SECOND
    digests = _received(told, len(names), seconds)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return zip(names, digests)


def _received(told: int, count: int, seconds: float) -> List[bytes]:
    """The digests that come in time."""
    data, deadline = b"", time.monotonic() + seconds
    with open(told, "rb", buffering=0) as file:
        while len(data) < count * _DIGEST and select.select([file], [], [], max(0.0, deadline - time.monotonic()))[0]:
            more = file.read(count * _DIGEST)
            if not more:
                break
            data += more
    return [data[at : at + _DIGEST] for at in range(0, len(data), _DIGEST)]


def note(name: str, value: Any, cost: int, variable: Variable) -> None:
    """Remember the result of a walk, if it was expensive and can be told to hold again."""
    known.pop(name, None)
    if _is_on and cost > _WORTH and _is_plain(value, _MOST_BYTES):
        data = marshal.dumps(value, 2)
        known[name] = {"bytes": digest_of_bytes(data), "size": len(data), "variable": variable}


def _is_plain(value: Any, most: int) -> bool:
    """Whether a container consists of plain values and builtin containers only, level by level.

    Args:
        most: bytes that all of them may have together, each as often as it is met.
    """
    level, size = [value], 0
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
        size += sum(map(sys.getsizeof, level))
        if size > most:
            return False
    return False
