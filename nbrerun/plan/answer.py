"""The plan after an edit, as plain frozen data."""

from __future__ import annotations

from dataclasses import dataclass

from nbrerun.model import Cell, Failure


@dataclass(frozen=True)
class Planned:
    """A cell to run, and why."""

    cell: Cell
    why: str
    """A clause: `it was edited`, `it gives x the value that cell 4 needs`."""


@dataclass(frozen=True)
class Plan:
    """The fewest cells found after which the kernel holds what a clean run of the edited notebook would."""

    path: str
    edited: tuple[int, ...]
    """Indexes of the cells that were edited, inserted or moved."""
    deleted: tuple[str, ...]
    """The first lines of cells that are no longer there."""
    total: int
    """Number of code cells that a clean run executes."""
    cells: tuple[Planned, ...] = ()
    """In order; every cell if the kernel has to be restarted."""
    restart: bool = False
    """Nothing less than a restart and a run of all cells is right."""
    reason: str = ""
    """Why a restart is needed, or why there is no plan."""
    remove: tuple[str, ...] = ()
    """What can be removed instead of a restart, before `instead` is run: `x`, `file:log.txt`."""
    instead: tuple[Planned, ...] = ()
    """Verified cells to run after `remove` has been removed, instead of a restart."""
    verified: bool = False
    """The cells were run in a branch, and the kernel then held what it holds after a clean run."""
    same_draws: tuple[str, ...] = ()
    """Names that depend on unseeded random numbers, and were compared with the same ones."""
    not_compared: tuple[str, ...] = ()
    """Names that have another value after each clean run."""
    unread: tuple[str, ...] = ()
    """Variables that were compared only as far as they can be read."""
    outdated: tuple[int, ...] = ()
    """Indexes of cells, not in the plan, whose output would differ after a clean run."""
    stand_in: bool = False
    """What the cell was before is not known: other values stood in for what it had left."""
    failure: Failure | None = None
    """What the edited notebook raises in a clean run; then the plan leads to the same point."""
    engine: str = ""
    tried: int = 0
    """How many candidates were run."""
    seconds: float = 0.0
    """How long the cells of the plan took, or all cells if the kernel has to be restarted."""
    whole_seconds: float = 0.0
    """How long a clean run took."""
