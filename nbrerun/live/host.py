"""The kernel that somebody works in, as the fork engine sees it: two forks of it, before a cell and after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nbrerun.engine.arrivals import Arrivals
from nbrerun.engine.client import Client
from nbrerun.engine.fork import ForkEngine
from nbrerun.engine.interface import FirstRun, Limits, Past, Undone
from nbrerun.model import Cell
from nbrerun.probe.protocol import requests as ask
from nbrerun.probe.protocol.messages import Known, KnownContainer
from nbrerun.probe.protocol.requests import SandboxFound
from nbrerun.probe.protocol.wire import Wire
from nbrerun.settings.values import Settings

Containers = dict[str, KnownContainer]
"""Large containers of plain values, by the names of their variables: see `probe/read/containers.py`."""


class Moment(Client):
    """A fork of the kernel, which stays where it is."""

    def __init__(self, wire: Wire, pid: int, containers: Containers) -> None:
        """Ask the process at the other end of a wire.

        Args:
            containers: those that were read last, in any fork; changed in place.
        """
        super().__init__(wire, pid)
        self._containers = containers

    def hold(self, token: str, known: Known) -> ask.Held:
        """Fork it for a branch that reads the state.

        What was found out about memory at the moment before the cell does not help: the kernel that has gone on since
        is another process than the one that has found it out. Containers are known by what they hold.
        """
        if known["containers"]:
            self._containers.clear()
            self._containers.update(known["containers"])
        return super().hold(token, {**known, "buffers": [], "containers": self._containers})


class Host:
    """A main run of one cell, which is over."""

    def __init__(self, arrivals: Arrivals, before: Moment, after: Moment, seconds: float) -> None:
        """Stand before the cell.

        Args:
            seconds: that the cell took.
        """
        self.arrivals = arrivals
        self.sandbox: SandboxFound = {"kind": "live", "reason": ""}
        self.client: Client = before
        self._after = after
        self._seconds = seconds

    def execute(self, cell: Cell) -> FirstRun:
        """Go on to the moment after the cell."""
        self.client = self._after
        return FirstRun(self._seconds)

    def save_files(self) -> str:
        """Do nothing: there is no later moment that needs them."""
        return ""

    def close(self) -> None:
        """End the fork after the cell."""
        self._after.close()


class Choice:
    """The fork engine, and no other."""

    name = "fork"

    def __init__(self, host: Host, settings: Settings) -> None:
        self.engine = ForkEngine(host, Limits(settings))
        self.reason = "the kernel itself is forked"
        self.sandbox = host.sandbox

    def switch(self, undone: Undone, cell: Cell, done: Sequence[Past]) -> bool:
        """There is nothing else: a fresh kernel would have to run all that the user has run."""
        return False

    def advised(self, undone: Undone) -> Undone:
        """Name the way to an answer."""
        if not undone.replay_may_answer or undone.stopped:
            return undone
        return replace(undone, reason=f"{undone.reason}; `nbrerun check` can use another kernel instead")


def met(arrivals: Arrivals, token: str, pid: int, containers: Containers) -> Moment:
    """Wait for a fork of the kernel.

    Raises:
        Closed: it does not come.
    """
    wire: Wire
    wire, _ = arrivals.accept(token, pid=pid)
    return Moment(wire, pid, containers)
