"""Messages over a Unix socket: a length, then a marshalled dict of builtin values.

marshal is in every standard library, keeps `bytes` as they are, and its version 2 is read by every
Python that nbrerun or a kernel may run on.
"""

from __future__ import annotations

import marshal
import socket
import struct
from typing import Any, Dict, Optional

_LENGTH = struct.Struct("!Q")


class Closed(Exception):
    """The other side is gone."""


class Wire:
    """One connection; both sides use it."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock

    def send(self, message: Dict[str, Any]) -> None:
        """Send one message, whole.

        Raises:
            Closed: nobody is listening any more.
        """
        data = marshal.dumps(message, 2)
        try:
            self.sock.sendall(_LENGTH.pack(len(data)) + data)
        except OSError as error:
            raise Closed(str(error)) from error

    def receive(self, timeout: Optional[float] = None) -> Dict[str, Any]:
        """Wait for the next message.

        Raises:
            Closed: the other side hung up.
            TimeoutError: nothing came within `timeout` seconds.
        """
        self.sock.settimeout(timeout)
        (length,) = _LENGTH.unpack(self._exactly(_LENGTH.size))
        self.sock.settimeout(None)  # the rest of a message follows at once
        message: Dict[str, Any] = marshal.loads(self._exactly(length))
        return message

    def close(self) -> None:
        """Hang up."""
        self.sock.close()

    def _exactly(self, size: int) -> bytes:
        parts = bytearray()
        while len(parts) < size:
            try:
                part = self.sock.recv(min(size - len(parts), 1 << 20))
            except socket.timeout as error:  # an alias of TimeoutError only from Python 3.10 on
                raise TimeoutError from error
            except OSError as error:
                raise Closed(str(error)) from error
            if not part:
                raise Closed("end of file")
            parts += part
        return bytes(parts)


def connect(address: str) -> Wire:
    """Connect to the listening socket at a path."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.connect(address)
    return Wire(sock)
