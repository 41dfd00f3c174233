"""The life of a forked process: it introduces itself, and answers requests until nbrerun hangs up."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
from typing import Any, Awaitable, Callable, List, Mapping, NoReturn

from ..protocol.requests import OPERATION, RUN, Hello
from ..protocol.wire import Closed, Wire, connect

Answers = Callable[[Mapping[str, Any]], Awaitable[Mapping[str, object]]]


def live(
    address: str, token: str, begin: Callable[[], str], answer: Answers, unasked: List[Mapping[str, Any]]
) -> NoReturn:
    """Serve until the other side hangs up, and end the process without going back into the kernel's code.

    Args:
        address: path of the socket that nbrerun listens at.
        token: what nbrerun calls this process.
        begin: makes the process independent of its parent; returns why that failed, or an empty text.
        answer: answers one request.
        unasked: requests that are answered right after the hello, as if they had been sent.
    """
    status = 1
    try:
        hello: Hello = {"token": token, "pid": os.getpid(), "failed": begin()}
        asyncio._set_running_loop(None)  # the kernel's own loop runs on this stack, and is not run any further
        wire = connect(address)
        try:
            asyncio.set_event_loop(asyncio.new_event_loop())  # the kernel's own cannot be shared
        except OSError as error:
            hello["failed"] = hello["failed"] or f"the fork can run nothing: {error}"
        wire.send(hello)
        if not hello["failed"]:
            asyncio.get_event_loop().run_until_complete(_serve(wire, answer, unasked))
    except Closed:
        status = 0
    finally:
        os._exit(status)  # no handler of the notebook's runs, and nothing is flushed twice


async def _serve(wire: Wire, answer: Answers, unasked: List[Mapping[str, Any]]) -> NoReturn:
    for request in unasked:
        wire.send(await answer(request))
    while True:
        request = wire.receive()
        _die_on_hang_up(wire, request[OPERATION] == RUN.name)
        reply = await answer(request)
        _die_on_hang_up(wire, False)
        wire.send(reply)


def _die_on_hang_up(wire: Wire, on: bool) -> None:
    """While a cell runs nobody reads the socket: have the operating system watch it (O_ASYNC, fcntl(2)).

    SIGIO, which it sends when the other side hangs up, ends the process.
    """
    descriptor = wire.sock.fileno()
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    fcntl.fcntl(descriptor, fcntl.F_SETOWN, os.getpid())
    flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
    changed = flags | os.O_ASYNC if on else flags & ~os.O_ASYNC
    fcntl.fcntl(descriptor, fcntl.F_SETFL, changed)
