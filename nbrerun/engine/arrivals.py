"""Where processes of a kernel connect: each says by its token which one it is."""

from __future__ import annotations

import os
import socket
import tempfile
import time
from collections.abc import Callable
from typing import Any

from nbrerun.engine.liveness import PATIENCE, runs
from nbrerun.probe.protocol.wire import Closed, Wire

SECONDS = 60
"""How long a process may take to connect; an int, since nbclient 0.10 takes no other number."""
_LONGEST = 107 - 2 * len("/nbrerun-12345678") - len("/kernel-ipc-5")
"""Bytes of a path, below which the folders of a worker and of a kernel have room, and the longest name of a socket."""
_TICK = 0.2
"""Seconds between two looks at whether a process that does not come is still alive."""


def short_place() -> str | None:
    """A folder for temporary folders in which sockets lie; None for the usual one, if its path is short enough.

    A socket's path has 107 bytes at most (unix(7)); below the folder come those of a worker and of a kernel.
    """
    usual = os.path.realpath(tempfile.gettempdir())
    return None if len(os.fsencode(usual)) <= _LONGEST else "/tmp"


def listen(address: str) -> socket.socket:
    """Listen at a path."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(address)
    listener.listen(64)  # more than there are processes that connect at the same time
    return listener


class Arrivals:
    """A listening socket, and those who came before they were waited for."""

    def __init__(self, folder: str, is_alive: Callable[[], bool], listener: socket.socket | None = None) -> None:
        """Listen.

        Args:
            folder: where the socket lies; its path must be short (unix(7)).
            is_alive: whether the kernel still is, so that somebody may come.
            listener: a socket that is listening there already.
        """
        self.address = os.path.join(folder, "socket")
        self._is_alive = is_alive
        self._listener = listener or listen(self.address)
        self._listener.settimeout(_TICK)
        self._arrived: dict[str, tuple[Wire, Any]] = {}

    def accept(self, token: str, seconds: float = SECONDS, pid: int | None = None) -> tuple[Wire, Any]:
        """Wait for the process that was told to come with this token: its wire, and its hello.

        Args:
            seconds: how long to wait.
            pid: of the process; None if it is the kernel or its keeper.

        Raises:
            Closed: it did not come.
        """
        deadline = time.monotonic() + seconds
        while token not in self._arrived:
            try:
                sock, _ = self._listener.accept()
            except TimeoutError:
                is_alive = self._is_alive() if pid is None else runs(pid)
                if time.monotonic() > deadline or not is_alive:
                    raise Closed("the process that was to come is gone, or too slow") from None
                continue
            wire = Wire(sock, PATIENCE)
            try:
                hello = wire.receive(SECONDS)
            except TimeoutError:
                raise Closed("it connected and said nothing") from None
            # Not the expected process: forked children connect in any order.
            self._arrived[hello["token"]] = (wire, hello)
        return self._arrived.pop(token)

    def close(self) -> None:
        """Listen no more."""
        for wire, _ in self._arrived.values():
            wire.close()
        self._listener.close()
