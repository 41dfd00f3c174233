"""A second kernel that runs the notebook's cells some steps behind the first, and replaces it when it is spoiled.

It works on another core while the first one goes on. It is given cells between two cells of the main run, if it has
come to the end of those that it was given before; nobody waits for it until it is needed.
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Sequence

import psutil

from nbrerun.engine.interface import Doing, Past, Undone
from nbrerun.engine.kernel import Kernel
from nbrerun.engine.liveness import Waiting
from nbrerun.engine.memory import memory
from nbrerun.probe.protocol.messages import Generator
from nbrerun.probe.protocol.requests import PastCell
from nbrerun.probe.protocol.wire import Closed

_UNREACHED = "a cell above raises when it is run once more in a fresh kernel, so replay cannot come here"

_SENDS = "a cell above sends something over the network and is not run again, so replay cannot come here"


class Follower:
    """The second kernel, and how far it is."""

    def __init__(self, start: Callable[[bool], Kernel], doing: Doing) -> None:
        """Start nothing yet.

        Args:
            start: starts a kernel; its argument says whether to wait until the kernel is up.
            doing: called before every cell that somebody waits for.
        """
        self._start = start
        self._doing = doing
        self._kernel: Kernel | None = None
        self._given = 0
        """The number of cells that it was given to run."""
        self._runs = False
        """It was given cells, and its answer has not been received."""
        self._since = 0.0
        """When it was given them, by `time.monotonic`."""

    def follow(self, leader: Kernel, cells: Sequence[Past], seeds: Sequence[Generator]) -> None:
        """Have it run these cells, too, if it is idle and the machine has room for it; do not wait.

        Args:
            leader: the first kernel.
            cells: all cells of the main run up to some moment.
            seeds: the states in which the global generators of the first kernel began.
        """
        if not _is_room_beside(leader):
            return
        if self._kernel is None:
            self._kernel = self._start(False)
            return  # it takes a second or two to start; its first cells come next time
        if self._runs and self._kernel.client.has_answered():
            self._runs = _wait(self._kernel, 0.0, self._since) is not None  # where a cell raised, it gets no further
        cells = list(itertools.takewhile(lambda past: not past.sends, cells))
        if not self._runs and self._given < len(cells):
            self._kernel.wait_until_up()
            self._kernel.client.begin_to_follow(map(_message, cells[self._given :]), seeds)
            self._given, self._runs, self._since = len(cells), True, time.monotonic()

    def take(self, cells: Sequence[Past], seeds: Sequence[Generator], patience: float) -> Kernel | Undone:
        """Have it run the rest of these cells, and hand it over; the next call of `follow` starts the next kernel.

        Args:
            patience: seconds without any computing after which it is stuck.
        """
        kernel, self._kernel = self._kernel or self._start(True), None
        given, self._given = self._given, 0
        runs, self._runs = self._runs, False
        kernel.wait_until_up()
        undone = _wait(kernel, patience, self._since) if runs else None
        undone = undone or self.go_on(kernel, cells[given:], seeds, patience)
        if undone is not None:
            kernel.close()
        return undone or kernel

    def go_on(
        self, kernel: Kernel, cells: Sequence[Past], seeds: Sequence[Generator], patience: float
    ) -> Undone | None:
        """Have a kernel run cells, one after the other, while somebody waits."""
        for past in cells:
            if past.sends:
                return Undone(_SENDS)
            self._doing(past.cell.index, "again up to here")
            undone = run_as_first(kernel, past, seeds, patience)
            if undone is not None:
                return undone
        return None

    def close(self) -> None:
        """End the second kernel."""
        if self._kernel is not None:
            self._kernel.close()
        self._kernel, self._given, self._runs = None, 0, False


def run_as_first(kernel: Kernel, past: Past, seeds: Sequence[Generator], patience: float) -> Undone | None:
    """Run a cell as the main run does, and wait for its end."""
    try:
        kernel.client.begin_to_follow([_message(past)], seeds)
    except Closed as error:
        return Undone(f"the kernel that was to come here gave no answer: {error}")
    return _wait(kernel, patience)


def _wait(kernel: Kernel, patience: float, since: float | None = None) -> Undone | None:
    reply = kernel.client.followed(Waiting(None, patience, forked=False, since=since))
    if isinstance(reply, Undone):
        return reply
    return Undone(_UNREACHED) if reply["raised"] else None


def global_pins(past: Past) -> list[Generator]:
    """The states of the libraries' own generators before a cell, which may draw from any of them."""
    return [item for item in past.before["generators"] if item["library"]] if past.before else []


def _message(past: Past) -> PastCell:
    return {
        "source": past.cell.source,
        "may_raise": "raises-exception" in past.cell.tags,
        "pins": global_pins(past),
        "entropy": list(past.entropy),
    }


def _is_room_beside(leader: Kernel) -> bool:
    """Whether there are an idle core and the memory for a second kernel."""
    # A container may have fewer cores than the machine (sched_getaffinity(2)).
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    is_busy = hasattr(os, "getloadavg") and os.getloadavg()[0] > (os.cpu_count() or 1)
    try:
        needed = psutil.Process(leader.client.pid).memory_info().rss
    except psutil.Error:
        return False
    return cores > 1 and not is_busy and memory().available > 2 * needed
