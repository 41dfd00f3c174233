"""A certificate, as plain frozen data."""

from __future__ import annotations

from dataclasses import dataclass

from nbrerun.model import Change, Failure


@dataclass(frozen=True)
class Difference:
    """A variable or a file that came out otherwise."""

    name: str
    """`x`, or `file:out.csv`."""
    cell: int
    """Index of the first cell after which it does."""
    changes: tuple[Change, ...]
    """The parts that differ, the largest change first: `first` in the first run, `again` in the other."""
    more_changes: int = 0
    """How many are not listed."""


@dataclass(frozen=True)
class Effect:
    """What came of varying one factor."""

    factor: str
    what: str
    """What it was set to."""
    differences: tuple[Difference, ...] = ()
    raised: Failure | None = None
    """What the notebook raises with it, and not without."""
    reason: str = ""
    """Why there is no answer; empty if there is one."""

    @property
    def matters(self) -> bool:
        """Whether anything depends on the factor."""
        return bool(self.differences) or self.raised is not None


@dataclass(frozen=True)
class Certificate:
    """Which values of a notebook depend on what should not matter."""

    path: str
    effects: tuple[Effect, ...] = ()
    unsettled: tuple[Difference, ...] = ()
    """What differs between two runs in which nothing was varied: unseeded, or taken from a clock."""
    failure: Failure | None = None
    """What the notebook raises in a clean run; then nothing was compared."""
    reason: str = ""
    """Why nothing was compared."""

    @property
    def depends(self) -> bool:
        """Whether any value depends on a factor."""
        return any(effect.matters for effect in self.effects)

    @property
    def is_complete(self) -> bool:
        """Whether every factor has an answer."""
        return not (self.failure or self.reason or any(effect.reason for effect in self.effects))
