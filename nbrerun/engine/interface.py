"""The interface of engines: run a notebook, keep its moments, start branches from any of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from nbrerun.model import Cell, Raised
from nbrerun.probe.protocol.messages import Alone, Contact, Generator, Leaf, Rerun, State
from nbrerun.probe.protocol.requests import Foreseen
from nbrerun.settings.values import Settings
from nbrerun.state.diff import Leaves
from nbrerun.state.names import Name
from nbrerun.state.observation import Moved

Doing = Callable[[int, str], None]
"""Called before every run of a cell, with its index and the purpose of the run."""


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
    stopped: bool = False
    """The run was stopped at a limit, which another machine or another day may not reach."""
    outside: Sequence[Contact] = ()
    """What the run reached outside of the sandbox, and was stopped at."""
    died: bool = False
    """The cell ended its kernel, as it would end the user's."""


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

    def timeout_within(self, seconds: float) -> float | None:
        """Seconds for a run that begins now and may take no more than these."""
        found = min(seconds, math.inf if self.timeout is None else self.timeout)
        return None if found == math.inf else found


class Branch(Protocol):
    """A kernel at some moment of the main run, which may be changed in any way."""

    previous: State | None
    """The state one moment earlier, in this very kernel; None if that is the main run's own."""

    def read(self) -> State:
        """The state as it is now."""

    def begin(self, cell: Cell, watched: Sequence[str]) -> None:
        """Begin to run a cell while the main run goes on, if the engine overlaps; the next `run` waits for its end."""

    def run(
        self,
        cell: Cell,
        pins: Sequence[Generator] = (),
        watched: Sequence[str] = (),
        goes_on: bool = False,
        changes_given: bool = False,
        repeats: bool = False,
        seconds: float = math.inf,
    ) -> Rerun | Undone:
        """Run a cell.

        Args:
            pins: the states that generators are set to first.
            watched: variables of which the answer lists every part that the run threw away.
            goes_on: after a statement that raises, go on with the next one.
            changes_given: change the values of models as libraries give them back from files.
            repeats: the last cell that was run here is this one, so that it need not be run where it is proven what
                that would do.
            seconds: after which the run is stopped, if the limit for all cells does not come first.
        """

    def run_all(self, cells: Sequence[Cell], seconds: float, anew: bool) -> Rerun | Undone:
        """Run cells one after the other.

        Args:
            seconds: after which the run is stopped.
            anew: reseed the global generators from the system first, as a kernel that has just been started would.
        """

    def alone(self, cell: Cell, given: Sequence[str], seconds: float) -> Alone | Undone:
        """Run a cell without the names of other cells, except for those given; it is stopped after some seconds."""

    def remove_files(self, names: Sequence[str]) -> None:
        """Remove files, given by their paths."""

    def touchable(self, cell: Cell) -> Sequence[str]:
        """Names that a cell may read or bind, if it is run here."""

    def perturb(self, earlier: Mapping[str, Mapping[str, Leaf | None]]) -> Mapping[str, Sequence[str]]:
        """Change the values of variables, and return the paths that were changed, by name.

        Args:
            earlier: by name and path, the parts to change, with what was there before the cell's first run.
        """

    def perturb_settings(self, names: Sequence[str]) -> Mapping[str, str]:
        """Change process settings, and return the values of those that were changed."""

    def delete_names(self, names: Sequence[str]) -> None:
        """Delete names of the namespace."""

    def put_values(self, data: bytes) -> None:
        """Give names the values that `values_before` has found."""

    def leaves_before(self, names: Sequence[str], values: bool = True) -> Leaves:
        """The parts of variables as they were before the first run here; without `values`, only which objects."""

    def leaves_after(self, names: Sequence[str], values: bool = True) -> Leaves:
        """The parts of variables as they are now; without `values`, only which objects they are."""

    def pictures(self, names: Sequence[str]) -> Mapping[str, tuple[bytes, bytes]]:
        """Figures as PNG, before the first run here and now; none where that could disturb the kernel."""

    def close(self) -> None:
        """End the branch."""

    @property
    def astray(self) -> frozenset[Name]:
        """What has another value here than in the main run, because a cell above does not do the same twice."""


class Fresh(Branch, Protocol):
    """A kernel that had run nothing; it can be forked again and again."""

    def fork(self) -> Fresh | Undone:
        """Fork this branch; the files that were written since it began are not seen in the new one."""

    def begin_as(self, seeds: Sequence[Generator]) -> None:
        """Have the global generators begin in these states, those that imports will bring as well."""

    def put_back(self, stands: Sequence[Generator]) -> None:
        """Put global generators where they stood; all others stay as they are."""


@dataclass(frozen=True)
class Past:
    """A cell that the main run has run."""

    cell: Cell
    before: State | None = None
    """The state that it began with, if that was read."""
    entropy: Sequence[bytes] = ()
    """The random bytes that the system gave it."""
    sends: bool = False
    """A rerun of it was about to send something over the network, so it must not be run any more."""


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
    data_files: frozenset[str] = frozenset()
    """Paths of files that hold data, as the cells above were seen to save it."""


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
    pinned: bool = False
    """The generators of random numbers were set back before the rerun."""
    only_drawn: frozenset[Name] | None = None
    """Libraries' generators that the cell draws from without seeding them, of those that it might have; if known."""

    @property
    def raised(self) -> bool:
        """Whether the rerun raised where the first run did not."""
        return self.run["error"] is not None and not self.first.raises


@dataclass(frozen=True)
class Control:
    """The first run of a cell, done a second time."""

    astray: frozenset[Name]
    """What had another value before it than in the main run."""
    after: State
    leaves: Callable[[Sequence[str]], Leaves]
    """The parts of variables as this run left them."""
    close: Callable[[], None] = lambda: None
    """End what `leaves` asks."""


class Engine(Protocol):
    """A way to go to any moment of a notebook's main run."""

    name: str
    """`fork` or `replay`."""

    @property
    def overlaps(self) -> bool:
        """A cell can be run again while the main run goes on."""

    @property
    def seeds(self) -> Sequence[Generator]:
        """The states in which the global generators of the main run began that there have been so far."""

    def first_run(self, cell: Cell) -> FirstRun:
        """Run the next cell of the main run."""

    def foresee(self, ran: Cell | None, following: Cell | None) -> Foreseen:
        """Between two cells of the main run: what is known of them without keeping the moment.

        Args:
            ran: the cell that has just run, if the last answer agreed on it.
            following: the next one, if it looks as if it only binds names.
        """

    def hold(self, moment: int) -> Branch | Undone:
        """Keep the present moment of the main run, and start a branch there.

        Args:
            moment: the number of cells that have been run.
        """

    def can_come_back(self) -> bool:
        """Whether going back to a moment that is kept costs little, and there is room to keep one more."""

    def drop(self, moment: int) -> None:
        """Forget a moment: no experiment will start from it any more."""

    def branch(self, moment: int) -> Branch | Undone:
        """Start a branch at a moment that is kept."""

    def again(self, moment: int, branch: Branch, first: FirstResult) -> Again | Undone:
        """Run a cell again at its own moment, with random numbers as they come and with those of the first run.

        The engine chooses the order of the two that costs it least, and closes the branch.
        """

    def keep_files(self) -> str:
        """Keep the files of the main run until the engine is closed, and return their folder.

        Has to be called first at the end of the main run, before anything is run again.
        """

    def is_full(self) -> bool:
        """Whether the main run has no more room for files."""

    def about_the_end(self) -> Branch | Undone:
        """A branch with all names of the end of the main run; reruns may have changed their values."""

    def fresh(self, files: bool = True) -> Fresh | Undone:
        """A fresh kernel with the files of the end of the main run; without `files`, with those of its beginning."""

    def emptied(self) -> Fresh | Undone:
        """A kernel without the notebook's names, at the end of the main run or fresh.

        Where the libraries are loaded already, it is quicker than a fresh one; settings are those of the end.
        """

    def control(self, moment: int, cell: Cell, anew: bool = False) -> Control | Undone:
        """Run a cell as if for the first time, from the moment before `moment`, to which it led.

        Args:
            anew: not one that another experiment has made on its way.
        """

    def parts_before(self, moment: int, names: Sequence[str]) -> Leaves:
        """The parts of variables at the moment before `moment`."""

    def values_before(self, moment: int, names: Sequence[str]) -> bytes:
        """The values of variables at the moment before `moment`, for `put_values`; empty if one cannot be copied."""

    def existed(self, moment: int, addresses: Sequence[int], names: Sequence[str]) -> set[int]:
        """Which of these addresses of objects were in use at the moment before `moment`, mostly by these variables."""

    def close(self) -> None:
        """End every process."""
