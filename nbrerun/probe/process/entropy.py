"""Record the random bytes that the system gives to a cell, so that another kernel can be given the same ones.

`numpy.random.default_rng()`, `uuid.uuid4()` and `secrets` ask the system each time, so a notebook that begins with
one of them would differ in every kernel. C code that asks the system itself is not recorded.
"""

from __future__ import annotations

import os
import random
import sys
import uuid
from collections import deque
from typing import Deque, Iterable, List

from ..describe.node import leave_out_id
from ..describe.ownership import is_users_file

_MOST_RECORDED = 1 << 20
"""Bytes that a cell may ask for and still be repeated."""


class Entropy:
    """Stands between Python code and the system's random bytes."""

    def __init__(self) -> None:
        self._system = os.urandom
        self._recorded: List[bytes] = []
        self._room = _MOST_RECORDED
        self._given: Deque[bytes] = deque()
        """Bytes to give before the system is asked."""

    def install(self) -> None:
        """Replace the functions by which Python code asks the system."""
        # `random` has imported `os.urandom` under a name of its own; `secrets` and `uuid` look it up in `os`.
        for module, name in ((os, "urandom"), (random, "_urandom")):
            if getattr(module, name, None) is self._system:
                setattr(module, name, self._bytes)

    def begin(self, given: Iterable[bytes] = ()) -> None:
        """Start recording for a new cell, and give it these bytes first, as long as the sizes it asks for match."""
        self._recorded, self._room = [], _MOST_RECORDED
        self._given = deque(given)

    def recorded(self) -> List[bytes]:
        """Return what the cell was given, or nothing if that was too much to repeat."""
        return list(self._recorded) if self._room >= 0 else []

    def _bytes(self, size: int) -> bytes:
        given = self._given.popleft() if self._given else b""
        data = given if len(given) == size else self._system(size)
        self._room -= len(data)
        if self._room >= 0:
            self._recorded.append(data)
        if _is_id_of_library():
            leave_out_id(uuid.UUID(bytes=data, version=4).hex)
        return data


def _is_id_of_library() -> bool:
    """Whether a library's function is drawing an id with `uuid.uuid4`."""
    drawing = sys._getframe(2)
    caller = drawing.f_back
    if drawing.f_code is not getattr(uuid.uuid4, "__code__", None) or caller is None:
        return False
    file = caller.f_globals.get("__file__")  # code of cells has none
    return type(file) is str and caller.f_globals.get("__name__") != "__main__" and not is_users_file(file)
