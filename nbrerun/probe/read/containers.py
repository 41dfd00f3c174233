"""Large values, which need not be walked through again while they hold the same.

Containers of plain values are written out in one go by `marshal`, in a hundredth of the time that a walk takes, and
other values in a quarter of it (see `written`). Equal bytes come of equal values only, so that the result of the last
walk holds; where they differ, another walk tells.
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
from typing import Any, Callable, Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Tuple

from ..process.forking import fork
from ..protocol.messages import KnownContainer, Variable
from .digests import digest_of_bytes
from .walk import MOST
from .written import Written, written

_WORTH, _WORTH_IF_NOT_PLAIN = 1_000, 10_000
"""Cost of a walk (see `walk`) from which on its result is remembered.

Where one is left out, the branch does not know all objects and cannot stay as a moment: that costs a fork.
"""
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
    """What was found of those containers of plain values that hold equal values."""
    names = [name for name in known if known[name]["plain"] and type(namespace.get(name)) in _LEVELS] if _is_on else []
    small = [name for name in names if known[name]["size"] <= _SMALL and _is_plain(namespace[name], _MOST_BYTES_HERE)]
    large = [name for name in names if name not in small]
    digests = {name: digest_of_bytes(marshal.dumps(namespace[name], 2)) for name in small}
    digests.update(_written_by_fork(namespace, large) if large else ())
    return {
        name: {**known[name]["variable"], "id": id(namespace[name])}
        for name, digest in digests.items()
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


def still(name: str, value: Any) -> Optional[Tuple[Variable, Written]]:
    """What was found of a variable, if its value is no container of plain values and still the same."""
    last = known.get(name) if _is_on else None
    if last is None or last["plain"]:
        return None
    now = written(value, last["size"])
    if now is None or now.digest != last["bytes"]:
        return None
    return {**last["variable"], "id": id(value)}, now


def note(name: str, value: Any, cost: int, variable: Variable) -> None:
    """Remember the result of a walk, if it was expensive and can be told to hold again.

    Args:
        cost: of the walk; that of one that came to its limit is greater than this limit.
    """
    known.pop(name, None)
    if not _is_on or cost <= _WORTH:
        return
    if _is_plain(value, _MOST_BYTES):
        data = marshal.dumps(value, 2)
        known[name] = {"bytes": digest_of_bytes(data), "size": len(data), "plain": True, "variable": variable}
    elif _WORTH_IF_NOT_PLAIN < cost <= MOST:
        now = written(value, _MOST_BYTES_HERE)
        if now is not None:
            known[name] = {"bytes": now.digest, "size": now.size, "plain": False, "variable": variable}


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
