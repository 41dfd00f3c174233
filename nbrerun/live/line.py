"""The kernel's line to the analyst: starts it, sends requests, and hears the answers in a thread."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nbrerun.engine.arrivals import listen
from nbrerun.engine.folders import Folder
from nbrerun.live.messages import Request
from nbrerun.probe.protocol.wire import Closed, Wire

_ANALYST = "import sys; sys.path[:] = {path!r}; from nbrerun.live.analyst import main; main(sys.argv[1:])"
_LOOK_SECONDS = 1.0
"""Between two looks at whether the analyst is still there, while its answer is waited for."""
_END_SECONDS = 2.0

Answer = Any
"""One of the messages of `messages` with a number."""


class Line:
    """One analyst, from its start to its end."""

    def __init__(self, hear: Callable[[Answer], None], hear_the_end: Callable[[], None]) -> None:
        """Start it.

        Args:
            hear: is called, in a thread, with each answer that nobody waits for.
            hear_the_end: is called there when the analyst is gone.
        """
        self.folder = Folder()
        self.address = os.path.join(self.folder.path, "socket")
        self._hear, self._hear_the_end = hear, hear_the_end
        self._numbers = 0
        self._awaited: set[int] = set()
        self._answers: dict[int, Answer] = {}
        self._arrived = threading.Condition()
        self._process, self._wire = self._start()
        self._reader = _Reader(self._read)
        self._reader.start()

    def _start(self) -> tuple[subprocess.Popen[bytes], Wire]:
        own, its = socket.socketpair()
        listener = listen(self.address)
        with its, listener:
            here = os.getcwd()
            # A module of the notebook's must not stand in for one of nbrerun's.
            path = [each for each in sys.path if each not in ("", here) or (Path(each) / "nbrerun").is_dir()]
            request = [self.folder.path, here, listener.fileno(), its.fileno()]
            process = subprocess.Popen(
                [sys.executable, "-I", "-c", _ANALYST.format(path=path), json.dumps(request)],
                pass_fds=[listener.fileno(), its.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is meant for the cell, and the kernel's end is heard of at the wire
            )
        return process, Wire(own)

    @property
    def pid(self) -> int:
        """Of the analyst."""
        return self._process.pid

    @property
    def descriptor(self) -> int:
        """Of the connection to it."""
        return self._wire.sock.fileno()

    def tell(self, request: Request) -> None:
        """Send a request without an answer.

        Raises:
            Closed: the analyst is gone.
        """
        self._wire.send(request)

    def next_number(self, awaited: bool = False) -> int:
        """A number for an answer, which `wait` is about to be called for if it is awaited."""
        with self._arrived:
            self._numbers += 1
            if awaited:
                self._awaited.add(self._numbers)
            return self._numbers

    def wait(self, number: int) -> Answer:
        """Wait for an answer.

        Raises:
            Closed: the analyst is gone.
        """
        with self._arrived:
            try:
                while number not in self._answers:
                    if not self._reader.is_alive():
                        raise Closed("the process that runs cells again has ended")
                    self._arrived.wait(_LOOK_SECONDS)
                return self._answers.pop(number)
            finally:
                self._awaited.discard(number)

    def _read(self) -> None:
        with contextlib.suppress(Closed):
            while True:
                answer = self._wire.receive()
                with self._arrived:
                    is_awaited = answer.get("number") in self._awaited
                    if is_awaited:
                        self._answers[answer["number"]] = answer
                        self._arrived.notify_all()
                if not is_awaited:
                    self._hear(answer)
        self._hear_the_end()

    def leave(self) -> None:
        """In a fork of the kernel: have no part in it."""
        self._wire.close()

    def close(self) -> None:
        """End the analyst, which removes the folder."""
        with contextlib.suppress(OSError):
            self._wire.sock.shutdown(socket.SHUT_RDWR)
        self._wire.close()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:  # it is judging a cell; what it has forked ends with it
            self._process.kill()
            self._process.wait()
        self.folder.remove()


class _Reader(threading.Thread):
    """The thread that waits for answers; a fork of the kernel does not need it (`probe/process/fork_hazards.py`)."""

    def __init__(self, read: Callable[[], None]) -> None:
        super().__init__(name="nbrerun", daemon=True)
        self._read = read

    def run(self) -> None:
        self._read()
