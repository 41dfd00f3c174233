"""Does something in the notebook's process without a word of it being seen."""

from __future__ import annotations

import contextlib
import sys
import warnings
from typing import Any, Iterator


@contextlib.contextmanager
def unwarned() -> Iterator[None]:
    """Show no warning, and remember none as shown.

    Swapping the list leaves the person's filters and the registry of what has been warned about as they
    are; `catch_warnings` would reset the registry.
    """
    filters = warnings.filters
    warnings.filters = [("ignore", None, Warning, None, 0)]
    try:
        yield
    finally:
        warnings.filters = filters


@contextlib.contextmanager
def unseen() -> Iterator[None]:
    """Import a module so that it prints nothing, warns of nothing and leaves no file."""
    streams, writes = (sys.stdout, sys.stderr), sys.dont_write_bytecode
    muted = [_Muted(stream) for stream in streams]
    sys.stdout, sys.stderr = muted
    sys.dont_write_bytecode = True
    try:
        with unwarned():
            yield
    finally:
        sys.dont_write_bytecode = writes
        sys.stdout, sys.stderr = streams
        for stream in muted:
            stream.silent = False


class _Muted:
    """A stream that says nothing for now; whoever keeps it, as a handler of logs does, is heard later."""

    def __init__(self, stream: Any) -> None:
        self.silent = True
        self._stream = stream

    def write(self, text: str) -> int:
        """Write nothing, for now."""
        return len(text) if self.silent else self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
