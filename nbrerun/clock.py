"""What the time of a check is spent on: the places that do something long say so, and one clock adds it up.

A second belongs to exactly one part, so that the parts add up to the whole. What other processes do meanwhile is kept
apart from that. The clock always runs: a part costs it two microseconds.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass

from nbrerun.verdicts import Word


class Part(Word):
    """What time is spent on."""

    KERNELS = "kernels"
    """Starting and ending kernels."""
    MAIN_RUN = "main run"
    """The first run of each cell."""
    RERUNS = "reruns"
    """Running cells again."""
    FORKING = "forking"
    """Forking the kernel, a moment or a branch, until the new process answers."""
    READING = "reading"
    """Reading states and parts of variables."""
    WAITING = "waiting"
    """For the rest of what was begun beside something else."""
    RESTART = "restart"
    """*restart*, with all that it needs."""
    WAYS_BACK = "ways back"
    """Finding and verifying the cells that restore a model, with all that it needs."""
    NBRERUN = "nbrerun"
    """Everything else: comparing, judging, keeping files."""


_WITH_ALL = frozenset([Part.RESTART, Part.WAYS_BACK])
"""Parts that include the forking, the reading and the runs that they need."""


@dataclass(frozen=True)
class Spent:
    """The time that one part took."""

    part: Part
    seconds: float
    """In which nothing else was waited for or done; over all parts they add up to the time of the check."""
    beside: float = 0.0
    """Seconds that runs of this part took in other processes beside something else, which are not in `seconds`."""


class Clock:
    """Runs from its creation on."""

    def __init__(self) -> None:
        self._seconds = dict.fromkeys(Part, 0.0)
        self._beside = dict.fromkeys(Part, 0.0)
        self._since = time.perf_counter()
        self.part = Part.NBRERUN
        """What is being done now."""

    @property
    def here(self) -> float:
        """Seconds since the last switch."""
        return time.perf_counter() - self._since

    def switch(self, part: Part) -> None:
        """Begin with something else."""
        here = self.here
        self._seconds[self.part] += here
        self._since += here
        self.part = part

    def ran(self, seconds: float, ahead: float) -> None:
        """Divide the wait since the last switch, for a run and what was read after it.

        Args:
            seconds: that the run itself took.
            ahead: the seconds before the wait in which the run was going on already.
        """
        beside = min(seconds, ahead)
        self._beside[Part.RERUNS] += beside
        if self.part in _WITH_ALL:
            return
        reading = max(0.0, self.here - (seconds - beside))
        self._seconds[Part.READING] += reading
        self._seconds[self.part] -= reading

    def spent(self) -> tuple[Spent, ...]:
        """What each part took until now."""
        self.switch(self.part)
        return tuple(Spent(part, self._seconds[part], self._beside[part]) for part in Part)


_running: ContextVar[Clock | None] = ContextVar("_running", default=None)


@contextlib.contextmanager
def running() -> Iterator[Clock]:
    """Have a new clock count what is done within."""
    clock = Clock()
    token = _running.set(clock)
    try:
        yield clock
    finally:
        _running.reset(token)


@contextlib.contextmanager
def spent_on(part: Part) -> Iterator[None]:
    """Count the time within for a part; what is done within that says so counts for its own part.

    Within *restart* and the ways back everything counts for these.
    """
    clock = _running.get()
    if clock is None or clock.part in _WITH_ALL:
        yield
        return
    before = clock.part
    clock.switch(part)
    try:
        yield
    finally:
        clock.switch(before)


def ran(seconds: float, ahead: float = 0.0) -> None:
    """Tell the clock how long the run took that was just waited for; see `Clock.ran`."""
    clock = _running.get()
    if clock is not None:
        clock.ran(seconds, ahead)
