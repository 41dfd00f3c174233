"""One interface to a notebook's timeline: run it, remember the moments, branch from any of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from nbrerun.model import Cell, Raised
from nbrerun.probe.protocol.messages import Alone, Generator, Rerun, State
from nbrerun.settings.values import Settings
from nbrerun.state.diff import Leaves
from nbrerun.state.names import Name
from nbrerun.state.observation import Moved

Doing = Callable[[int, str], None]
"""Told of every run of a cell: its index, and what the run is for."""


@dataclass(frozen=True)
class FirstRun:
    """How a cell of the main run ended."""

    seconds: float
    raised: Raised | None = None
    fatal: bool = False
    """The main run ends here: it raised where it may not, ran out of time, or the kernel died."""
    lost: str = ""
    """Why the main run cannot go on, for a reason that lies in nbrerun and not in the notebook."""
    before: State | None = None
    """The state that the cell began with, if objects lie elsewhere than in the state last read."""


@dataclass(frozen=True)
class Undone:
    """An experiment that gave no answer, and why."""

    reason: str
    """Half a sentence: `the kernel died in the rerun`."""
    replay_may_answer: bool = False
    """The reason lies in forking, not in the notebook."""


@dataclass
class Limits:
    """How long the run of one cell may take."""

    settings: Settings = field(default_factory=Settings)
    stuck_after: float = field(default=5.0)
    """Seconds without any computing, beyond the time the first run took, after which a run is stuck."""

    @property
    def timeout(self) -> float | None:
        """Seconds for a run that begins now."""
        return self.settings.seconds_to_run


class Branch(Protocol):
    """A kernel at some moment of the main run, to do with what one likes."""

    previous: State | None
    """The state one moment earlier, in this very kernel; None if that is the main run's own."""

    def read(self) -> State:
        """The state as it is now."""

    def run(self, cell: Cell, pins: Sequence[Generator] = (), watched: Sequence[str] = ()) -> Rerun | Undone:
        """Run a cell.

        Args:
            pins: what the generators are set to first.
            watched: variables of which every part that is thrown away is noted.
        """

    def run_all(self, cells: Sequence[Cell], seconds: float, anew: bool) -> Rerun | Undone:
        """Run cells one after the other, for no longer than this.

        Args:
            anew: with random numbers that nobody knows, as in a kernel that has just been started.
        """

    def alone(self, cell: Cell, given: Sequence[str], seconds: float) -> Alone | Undone:
        """Run a cell without the names of other cells, except for those given, for no longer than this."""

    def remove_files(self, names: Sequence[str]) -> None:
        """Remove files, given by their paths."""

    def touchable(self, cell: Cell) -> Sequence[str]:
        """Names that a cell may read or bind, if it is run here."""

    def leaves_before(self, names: Sequence[str]) -> Leaves:
        """Variables taken apart, as they were before the run."""

    def leaves_after(self, names: Sequence[str]) -> Leaves:
        """Variables taken apart, as they are after the run."""

    def close(self) -> None:
        """Give it up."""

    @property
    def astray(self) -> frozenset[Name]:
        """What has another value here than in the main run, since a cell above does not do the same twice."""


class Fresh(Branch, Protocol):
    """A kernel that had run nothing; it can be forked again and again."""

    def fork(self) -> Fresh | Undone:
        """Another one at the same place, but for files that were written since this one began."""


@dataclass(frozen=True)
class Past:
    """A cell that the main run has run."""

    cell: Cell
    before: State | None = None
    """The state that it began with, if that was read."""
    entropy: Sequence[bytes] = ()
    """What the system gave it when it asked for random bytes."""


@dataclass(frozen=True)
class FirstResult:
    """What the first run of a cell left."""

    cell: Cell
    before: State
    """The state that it began with, ..."""
    after: State
    """... and the one that it came to."""
    raises: bool = False
    """It raised, as the cell's tag allows; then a rerun may as well."""


@dataclass(frozen=True)
class Again:
    """A cell run again, and what was different from its first run."""

    first: FirstResult
    """What the rerun is compared with: the main run or, in another kernel, the first run there."""
    run: Rerun
    """The rerun; nothing else is known where it raised and the first run did not."""
    moved: Moved = field(default_factory=dict)
    """What it left with another value."""
    still_moved: frozenset[Name] = frozenset()
    """What has another value with the random numbers of the first run as well."""
    made: frozenset[str] = frozenset()
    """Variables whose very object the first run made."""
    parts_kept: Mapping[str, bool] = field(default_factory=dict)
    """Of variables whose parts the first run made: whether the rerun left those very parts there."""
    parts: Leaves = field(default_factory=dict)
    """What moved, taken apart as the first run left it."""

    @property
    def raised(self) -> bool:
        """Whether the rerun raised where the first run did not."""
        return self.run["error"] is not None and not self.first.raises


@dataclass(frozen=True)
class Control:
    """The first run of a cell, done a second time."""

    astray: frozenset[Name]
    """What had another value where it began than in the main run."""
    after: State
    leaves: Callable[[Sequence[str]], Leaves]
    """Variables taken apart, as the second first run left them."""
    close: Callable[[], None] = lambda: None
    """Give it up."""


class Engine(Protocol):
    """A way to go to any moment of a notebook's main run."""

    name: str
    """`fork` or `replay`."""

    def first_run(self, cell: Cell) -> FirstRun:
        """Run the next cell of the main run."""

    def hold(self, moment: int) -> Branch | Undone:
        """Keep the moment that the main run is at, and go there to read it; `moment` cells have been run."""

    def can_come_back(self) -> bool:
        """Going back to a moment that is kept costs little, and there is room to keep one more."""

    def drop(self, moment: int) -> None:
        """No experiment will start from this moment any more."""

    def branch(self, moment: int) -> Branch | Undone:
        """Go to a moment that is kept."""

    def again(self, moment: int, branch: Branch, first: FirstResult) -> Again | Undone:
        """Run a cell again at its own moment, with random numbers as they come and with those of the first run.

        The engine chooses the order of the two that costs it least, and closes the branch.
        """

    def keep_files(self) -> str:
        """Keep the files of the main run; where they are, until the engine is closed. Called first at its end."""

    def is_full(self) -> bool:
        """The main run has no more room for files."""

    def about_the_end(self) -> Branch | Undone:
        """All names of the end of the main run, with values that need not be exact any more."""

    def fresh(self, files: bool = True) -> Fresh | Undone:
        """A fresh kernel, with the files of the end of the main run, or with those of its beginning."""

    def control(self, moment: int, cell: Cell) -> Control | Undone:
        """Run `cell`, which led to `moment`, from the moment before it, for the first time once more."""

    def existed(self, moment: int, addresses: Sequence[int]) -> set[int]:
        """Which of these addresses of objects were in use at the moment before `moment`."""

    def close(self) -> None:
        """End every process."""
