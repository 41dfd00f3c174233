"""Run code in the notebook's process without any output or warning."""

from __future__ import annotations

import contextlib
import sys
import warnings
from typing import Any, Iterator


@contextlib.contextmanager
def warnings_hidden() -> Iterator[None]:
    """Show no warning, and record none as shown.

    Only the list of filters is exchanged: `warnings.catch_warnings` would also reset the registry of warnings that
    were shown once, and the notebook would show them again.
    """
    filters = warnings.filters
    warnings.filters = [("ignore", None, Warning, None, 0)]
    try:
        yield
    finally:
        warnings.filters = filters


@contextlib.contextmanager
def importing_silently() -> Iterator[None]:
    """Import a module without output, warnings or `.pyc` files."""
    streams, writes = (sys.stdout, sys.stderr), sys.dont_write_bytecode
    muted = [_Muted(stream) for stream in streams]
    sys.stdout, sys.stderr = muted
    sys.dont_write_bytecode = True
    try:
        with warnings_hidden():
            yield
    finally:
        sys.dont_write_bytecode = writes
        sys.stdout, sys.stderr = streams
        for stream in muted:
            stream.silent = False


class _Muted:
    """A stream that writes nothing until `silent` is False; a logging handler made meanwhile works later."""

    def __init__(self, stream: Any) -> None:
        self.silent = True
        self._stream = stream

    def write(self, text: str) -> int:
        """Write the text, or only report its length."""
        return len(text) if self.silent else self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
