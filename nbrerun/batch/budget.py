"""Share the time budget of a run among its notebooks."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from nbrerun.settings.values import Budget


@dataclass(frozen=True)
class Turn:
    """The share of one notebook in the time of the run."""

    end: float
    """When the run must end, in seconds since the epoch."""
    waiting: int = 0
    """How many notebooks come after this one."""
    at_once: int = 1
    """How many notebooks are checked at the same time."""
    first: frozenset[int] = frozenset()
    """Indexes of its changed cells, which are examined first."""

    def budget(self) -> Budget:
        """Return the time that the notebook may use if it begins now; the others get what it leaves."""
        now = time.time()
        # With several notebooks at once each gets that many shares, since all of them use the same minutes.
        part = max(0.0, self.end - now) * min(1.0, self.at_once / (self.waiting + 1))
        return Budget(now, now + part, self.first)


def turns(changed: Sequence[frozenset[int]], seconds: float, at_once: int) -> list[tuple[int, Turn]]:
    """Order the notebooks, changed ones first, and give each its share; changed ones may use all the time that is left.

    Args:
        changed: for each notebook the indexes of its changed cells.
        seconds: how long the run may take.
        at_once: how many notebooks are checked at the same time.

    Returns:
        The position of each notebook in `changed`, with its share.
    """
    end = time.time() + seconds
    order = sorted(range(len(changed)), key=lambda number: not changed[number])
    changed_ones = sum(map(bool, changed))
    return [
        (number, Turn(end, len(changed) - place - 1 if place >= changed_ones else 0, at_once, changed[number]))
        for place, number in enumerate(order)
    ]
