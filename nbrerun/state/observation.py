"""What the experiments on one cell have shown, for the rules to judge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from nbrerun.model import Cell, Change, Raised
from nbrerun.probe.messages import Rerun, State

Moved = Mapping[str, tuple[Change, ...]]
"""Names of variables and settings (`env:NAME`) that differ, with what moved in them."""


@dataclass
class Observation:
    """One cell: the states around its first run, and what each experiment came to."""

    cell: Cell
    before: State
    """The state before the first run, at the moment k-1."""
    first: State
    """The state after the first run, at the moment k."""
    raises: bool = False
    """The first run raised, as the cell's tag allows; then the rerun may as well."""
    again: Rerun | None = None
    moved: Moved = field(default_factory=dict)
    """What *again* left with another value."""
    still_moved: frozenset[str] = frozenset()
    """What *again, pinned* left with another value."""
    noise: Moved = field(default_factory=dict)
    """What even the control left with another value."""
    made: frozenset[str] = frozenset()
    """Names whose very object the first run made."""
    parts_kept: dict[str, bool] = field(default_factory=dict)
    """Of names whose parts the first run made: whether the rerun left those very parts there."""
    from_file: dict[str, str] = field(default_factory=dict)
    """Variables that do not come out the same without a file, with that file."""
    later: Later | None = None

    @property
    def error(self) -> Raised | None:
        """What the rerun raised, where the first run did not."""
        error = self.again["error"] if self.again is not None and not self.raises else None
        return None if error is None else Raised(error["ename"], error["evalue"], tuple(error["traceback"]))


class Place(Enum):
    """Where *later* leaves a variable."""

    FIRST = "as after the cell's first run"
    END = "as at the end of the main run"
    ELSEWHERE = "neither"


@dataclass(frozen=True)
class Later:
    """The cell once more after everything else."""

    places: Mapping[str, Place]
    raised: Raised | None = None
    read: frozenset[str] = frozenset()
    """Files that it read."""
