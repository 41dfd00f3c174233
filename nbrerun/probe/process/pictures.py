"""Small pictures of figures, drawn in a child process: drawing lays a figure out, and runs code of the user's."""

from __future__ import annotations

import os
import select
import signal
import time
from marshal import dumps, loads
from typing import Any, Dict, Iterable, Mapping

from ..adapters.matplotlib import figure_of, png
from .forking import fork

_SECONDS = 2.0
"""For all pictures of one run."""


def pictures(namespace: Mapping[str, Any], names: Iterable[str]) -> Dict[str, bytes]:
    """Draw the figures that variables hold.

    Returns:
        By name, the PNG of a figure, or of the figure that axes belong to; each figure once. None is drawn that takes
        too long, or raises.
    """
    figures = {name: figure_of(namespace.get(name)) for name in names}
    once = {id(figure): name for name, figure in reversed(list(figures.items())) if figure is not None}
    if not once:
        return {}
    read_end, write_end = os.pipe()
    child = fork()
    if child == 0:
        try:
            drawn = dumps({name: png(figures[name]) for name in once.values()}, 2)
            with os.fdopen(write_end, "wb") as file:
                file.write(drawn)
        finally:
            os._exit(0)
    os.close(write_end)
    data, deadline = b"", time.monotonic() + _SECONDS
    with os.fdopen(read_end, "rb", 0) as pipe:
        while select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))[0]:
            part = pipe.read(1 << 16)
            if not part:
                break
            data += part
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    try:
        found: Dict[str, bytes] = loads(data)
    except (EOFError, ValueError):  # it was cut off, or there is none
        return {}
    return found
