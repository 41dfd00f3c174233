"""Time for a whole run, and how the notebooks share it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from nbrerun.settings.values import Budget


@dataclass(frozen=True)
class Turn:
    """A notebook's place among those that share the time."""

    end: float
    """When the run has to be over, in seconds since the epoch."""
    waiting: int = 0
    """How many notebooks come after it."""
    at_once: int = 1
    """How many are checked side by side."""
    first: frozenset[int] = frozenset()
    """Its cells that changed."""

    def budget(self) -> Budget:
        """What it may use, if it begins now: its part of what is left; what it does not need, others get."""
        now = time.time()
        part = max(0.0, self.end - now) * min(1.0, self.at_once / (self.waiting + 1))
        return Budget(now, now + part, self.first)


def turns(changed: Sequence[frozenset[int]], seconds: float, at_once: int) -> list[tuple[int, Turn]]:
    """In which order notebooks are checked: those that changed first, and these may use all that is left.

    Args:
        changed: for each notebook the cells that changed.
        seconds: how long the run may take.
        at_once: how many notebooks are checked side by side.
    """
    end = time.time() + seconds
    order = sorted(range(len(changed)), key=lambda number: not changed[number])
    at_last = sum(map(bool, changed))
    return [
        (number, Turn(end, len(changed) - place - 1 if place >= at_last else 0, at_once, changed[number]))
        for place, number in enumerate(order)
    ]
