"""Messages over a Unix socket: a length, then a marshalled dict of builtin values.

marshal is in every standard library, keeps `bytes` as they are, and its version 2 is read by every
Python that nbrerun or a kernel may run on.
"""

from __future__ import annotations

import socket
import struct
from marshal import dumps, loads  # by name: the notebook may put other functions into the module
from typing import Any, Dict, Mapping, Optional

_LENGTH = struct.Struct("!Q")


class Closed(Exception):
    """The other side is gone."""


class Wire:
    """One connection; both sides use it."""

    def __init__(self, sock: socket.socket, patience: Optional[float] = None) -> None:
        """Use a connected socket.

        Args:
            patience: seconds that the other side may take to accept a message, or to go on with one that it has
                begun; None for as long as it likes.
        """
        self.sock = sock
        self._patience = patience

    def send(self, message: Mapping[str, object]) -> None:
        """Send one message, whole.

        Raises:
            Closed: nobody is listening any more.
        """
        try:
            data = dumps(dict(message), 2)
        except ValueError as error:  # something in it is no builtin value
            data = dumps({"failed": f"the answer cannot be sent: {error}", "traceback": []}, 2)
        self.sock.settimeout(self._patience)
        try:
            self.sock.sendall(_LENGTH.pack(len(data)) + data)
        except OSError as error:
            raise Closed(str(error)) from error

    def receive(self, timeout: Optional[float] = None) -> Dict[str, Any]:
        """Wait for the next message.

        Raises:
            Closed: the other side hung up, or sent what is no message.
            TimeoutError: nothing came within `timeout` seconds.
        """
        self.sock.settimeout(timeout)
        (length,) = _LENGTH.unpack(self._exactly(_LENGTH.size))
        self.sock.settimeout(self._patience)  # the rest of a message follows at once
        try:
            message = loads(self._exactly(length))
        except TimeoutError:
            raise Closed("it stopped in the middle of a message") from None
        except (EOFError, MemoryError, TypeError, ValueError) as error:
            raise Closed(f"it sent what is no message ({type(error).__name__})") from error
        if not isinstance(message, dict):
            raise Closed("it sent what is no message")
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
