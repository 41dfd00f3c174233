"""Waiting for what a process of the kernel answers, until it is out of time, dead or stuck."""

from __future__ import annotations

import contextlib
import select
import time
from typing import Any

import psutil

from nbrerun.engine.interface import Undone
from nbrerun.probe.protocol.wire import Closed, Wire

_TICK = 1.0
"""Seconds between two looks at a process that does not answer; looking at its children costs milliseconds."""


def answer(wire: Wire, pid: int) -> dict[str, Any]:
    """The next answer of a process that is not running a cell.

    Raises:
        Closed: it died.
    """
    while not select.select([wire.sock], [], [], _TICK)[0]:
        if not psutil.pid_exists(pid):
            raise Closed("the process is gone")
    reply = wire.receive()
    if "failed" in reply:
        raise ProbeFailure(reply["failed"], "\n".join(reply["traceback"]))
    return reply


class ProbeFailure(Exception):
    """The probe could not do what it was asked."""


class Waiting:
    """Waits for a run of a cell, until it is over, out of time, dead or stuck."""

    def __init__(self, timeout: float | None, patience: float, forked: bool) -> None:
        self._timeout = timeout
        self._patience = patience
        self._forked = forked

    def answer(self, wire: Wire, pid: int) -> dict[str, Any] | Undone:
        """The answer, or why there is none."""
        started = active = time.monotonic()
        used = 0.0
        while not select.select([wire.sock], [], [], _TICK)[0]:
            now = time.monotonic()
            computed = _cpu_seconds(pid)
            if computed > used:
                used, active = computed, now
            if self._timeout is not None and now - started > self._timeout:
                return Undone(f"the rerun was stopped at its time limit of {self._timeout:g} s")
            if now - active > self._patience:
                return Undone(
                    f"the rerun did nothing for {now - active:.0f} s and was stopped",
                    replay_may_answer=self._forked,
                )
        try:
            reply = wire.receive()
        except Closed:
            return Undone("the kernel died in the rerun")
        if "failed" in reply:
            return Undone(f"the state after the rerun could not be read: {reply['failed']}")
        return reply


def _cpu_seconds(pid: int) -> float:
    """Processor time of a process and of what it has started."""
    total = 0.0
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        for each in [process, *process.children(recursive=True)]:
            with contextlib.suppress(psutil.Error):
                times = each.cpu_times()
                total += times.user + times.system
    return round(total, 2)
