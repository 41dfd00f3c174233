"""What the system gave when it was asked for random bytes: another kernel that comes after is given the same.

`numpy.random.default_rng()`, `uuid.uuid4()` and `secrets` ask for them each time, so a notebook that begins so would
be another one in every kernel. What is written in C and asks by itself is not seen.
"""

from __future__ import annotations

import os
import random
from collections import deque
from typing import Deque, Iterable, List

_MOST_NOTED = 1 << 20
"""Bytes that one cell may be given and still be repeated."""


class Entropy:
    """Stands between Python and the system."""

    def __init__(self) -> None:
        self._system = os.urandom
        self._noted: List[bytes] = []
        self._room = _MOST_NOTED
        self._given: Deque[bytes] = deque()

    def install(self) -> None:
        """Begin to note."""
        for module, name in ((os, "urandom"), (random, "_urandom")):
            if getattr(module, name, None) is self._system:
                setattr(module, name, self._bytes)

    def begin(self, given: Iterable[bytes] = ()) -> None:
        """Another cell is about to run: give it this first, as long as it asks for as much."""
        self._noted, self._room = [], _MOST_NOTED
        self._given = deque(given)

    def noted(self) -> List[bytes]:
        """What the cell was given; nothing if it was too much."""
        return list(self._noted) if self._room >= 0 else []

    def _bytes(self, size: int) -> bytes:
        given = self._given.popleft() if self._given else b""
        data = given if len(given) == size else self._system(size)
        self._room -= len(data)
        if self._room >= 0:
            self._noted.append(data)
        return data
