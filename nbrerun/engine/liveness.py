"""Every wait for a process of the kernel, each with an end: the answer, a time limit, or a dead or stuck process."""

from __future__ import annotations

import contextlib
import os
import select
import time
from dataclasses import dataclass
from typing import Any

import psutil

from nbrerun.engine.interface import Undone
from nbrerun.probe.protocol.wire import Closed, Wire

PATIENCE = 120.0
"""Seconds without any computing after which a process that does not run a cell is stuck."""
_SHORTEST = 10.0
"""Seconds for an answer that runs no cell, however short the time limit for cells is: large states take a while."""
_ACTIVE = 0.01
"""The part of the time that a process that is not stuck computes: a loop that only sleeps wakes up, too."""
_TICK = 1.0
"""Seconds between two looks at a process that does not answer; looking at its children costs milliseconds."""
_KILL_SECONDS = 5.0
_KILL_TICK = 0.001


class ProbeFailure(Exception):
    """The probe could not do what it was asked: what it raised, and the traceback."""

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True)
class Waiting:
    """How long to wait for a run of a cell."""

    timeout: float | None
    """Seconds in all."""
    patience: float
    """Seconds without any computing."""
    forked: bool
    """The process is a fork: where it is stuck, a process that is none may not be."""
    since: float | None = None
    """When the run began, by `time.monotonic`; None if it is just beginning."""
    what: str = "the rerun"
    """What takes so long, for the reason."""

    def answer(self, wire: Wire, pid: int) -> dict[str, Any] | Undone:
        """The answer, or why there is none."""
        undone = _wait(wire, pid, self)
        if undone is not None:
            return undone
        try:
            reply = wire.receive(PATIENCE)
        except (Closed, TimeoutError):
            return Undone("the kernel died in the rerun", died=True)
        if "failed" in reply:
            return Undone(f"the state after the rerun could not be read: {reply['failed']}")
        return reply


def answer(wire: Wire, pid: int, timeout: float | None = None) -> dict[str, Any]:
    """The next answer of a process that is not running a cell.

    Args:
        timeout: seconds that a run of a cell may take; what takes longer than that is no answer either.

    Raises:
        Closed: it died, or is stuck.
        ProbeFailure: it could not do what it was asked.
    """
    limit = None if timeout is None else max(timeout, _SHORTEST)
    undone = _wait(wire, pid, Waiting(limit, PATIENCE, forked=False, what="the kernel"))
    if undone is not None:
        raise Closed(undone.reason)
    try:
        reply = wire.receive(PATIENCE)
    except TimeoutError:
        raise Closed("the process gave no answer") from None
    if "failed" in reply:
        lines = reply.get("traceback")
        raise ProbeFailure(str(reply["failed"]), "\n".join(map(str, lines)) if isinstance(lines, list) else "")
    return reply


def has_answered(wire: Wire) -> bool:
    """Whether an answer is there."""
    return bool(select.select([wire.sock], [], [], 0)[0])


def _wait(wire: Wire, pid: int, waiting: Waiting) -> Undone | None:
    """Wait until there is something to receive, an end of file included; why there will be nothing."""
    active = time.monotonic()
    started = active if waiting.since is None else waiting.since
    used = 0.0
    while not select.select([wire.sock], [], [], _TICK)[0]:
        now = time.monotonic()
        if not runs(pid):  # without a hang-up: a child that it has started may hold its socket
            return Undone("the kernel died in the rerun", died=True)
        computed = _cpu_seconds(pid)
        if computed > used + _ACTIVE * (now - active):
            used, active = computed, now
        if waiting.timeout is not None and now - started > waiting.timeout:
            return Undone(f"{waiting.what} was stopped at its time limit of {waiting.timeout:g} s", stopped=True)
        if now - active > waiting.patience:
            reason = f"{waiting.what} did nothing for {now - active:.0f} s and was stopped"
            return Undone(reason, replay_may_answer=waiting.forked, stopped=True)
    return None


def _cpu_seconds(pid: int) -> float:
    """Processor time of a process and of what it has started."""
    total = 0.0
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        for each in [process, *process.children(recursive=True)]:
            with contextlib.suppress(psutil.Error):
                times = each.cpu_times()  # a child that has ended is counted no more, so that the total may go down
                total += times.user + times.system
    return round(total, 2)  # the clock counts in hundredths of a second (times(2)); sums of floats differ below that


def runs(pid: int) -> bool:
    """Whether a process is there, and has not ended."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def group_of(pid: int) -> list[psutil.Process]:
    """A process and what it has started, except for what has left its process group."""
    with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
        process = psutil.Process(pid)
        children = process.children(recursive=True)
        return [process, *(child for child in children if os.getpgid(child.pid) == pid)]
    return []


def wait_for_end(process: psutil.Process) -> None:
    """Wait until a process that was killed writes to no file any more: it may be in the middle of that."""
    deadline = time.monotonic() + _KILL_SECONDS
    with contextlib.suppress(psutil.NoSuchProcess):
        while process.status() != psutil.STATUS_ZOMBIE and time.monotonic() < deadline:
            time.sleep(_KILL_TICK)
