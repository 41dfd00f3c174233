"""Files to which several processes append lines, any of which may be killed while it does."""

from __future__ import annotations

import contextlib
import json
import os
from typing import Any, Iterable, List, Tuple

from .tree import look


def append(file: bytes, lines: Iterable[Any]) -> None:
    """Append lines, each with one value."""
    # O_APPEND: each write goes to the end, whichever process does it (open(2)). The leading newline ends a
    # line that a killed process left unfinished.
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with open(descriptor, "wb") as opened:
        opened.write("".join(f"\n{json.dumps(line)}\n" for line in lines).encode())


def read_from(file: bytes, start: int) -> Tuple[List[Any], int]:
    """Return the values of the lines from a position on, and the position up to which they have been read."""
    status = look(file)
    if status is None or status.st_size <= start:
        return [], start
    with open(file, "rb") as opened:
        opened.seek(start)
        new, ended, _ = opened.read().rpartition(b"\n")
    found = []
    for line in filter(None, new.splitlines()):
        with contextlib.suppress(ValueError):  # the process that wrote it was killed
            found.append(json.loads(line))
    return found, start + len(new) + len(ended)
