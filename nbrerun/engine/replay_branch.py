"""A branch of the replay engine: the kernel itself, to be replaced if the branch changes anything for good."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from nbrerun.engine.interface import Undone
from nbrerun.model import Cell
from nbrerun.probe.protocol.messages import Alone, Generator, Leaf, Rerun, State
from nbrerun.probe.protocol.wire import Closed
from nbrerun.state.diff import Leaves
from nbrerun.state.names import Name

if TYPE_CHECKING:
    from nbrerun.engine.replay import ReplayEngine


class ReplayBranch:
    """The kernel itself, at the end of the main run so far."""

    astray: frozenset[Name] = frozenset()

    def __init__(self, engine: ReplayEngine, previous: State | None = None, here: State | None = None) -> None:
        self.previous = previous
        self._engine = engine
        self._kernel = engine.kernel
        self._before = here
        """The state that the kernel has to be in afterwards if the main run is to go on in it."""
        self._run: Rerun | None = None
        self._stripped = False

    def read(self) -> State:
        """The state as it is now; nothing is asked where it was read on the way here."""
        if self._before is None or self._run is not None:
            self._before = self._engine.read()
        return self._before

    def begin(self, cell: Cell, watched: Sequence[str]) -> None:
        """Do nothing: the main run goes on in this very kernel."""

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
        """Run a cell here, after noting the parts of all that it can reach; a second run goes on from the first."""
        if self._before is None:
            self.read()
        run = self._engine.run(
            cell,
            pins,
            watched,
            note_parts=self._run is None,
            goes_on=goes_on,
            changes_given=changes_given,
            repeats=repeats,
            seconds=seconds,
        )
        if not isinstance(run, Undone):
            self._run = run
        return run

    def run_all(self, cells: Sequence[Cell], seconds: float, anew: bool) -> Rerun | Undone:
        """Run cells one after the other."""
        return self._engine.run_all(cells, seconds, anew)

    def alone(self, cell: Cell, given: Sequence[str], seconds: float) -> Alone | Undone:
        """Run a cell without the names of other cells, except for those given."""
        self._stripped = True
        return self._engine.run_alone(cell, given, seconds)

    def remove_files(self, names: Sequence[str]) -> None:
        """Remove files."""
        self.read()
        self._kernel.client.remove_files(names)

    def perturb(self, earlier: Mapping[str, Mapping[str, Leaf | None]]) -> Mapping[str, Sequence[str]]:
        """Change the values of variables, which spoils the kernel."""
        self.read()
        self._engine.spoil()
        return self._kernel.client.perturb(earlier)

    def perturb_settings(self, names: Sequence[str]) -> Mapping[str, str]:
        """Change process settings, which spoils the kernel."""
        self.read()
        self._engine.spoil()
        return self._kernel.client.perturb_settings(names)

    def delete_names(self, names: Sequence[str]) -> None:
        """Delete names of the namespace, which spoils the kernel."""
        self.read()
        self._engine.spoil()
        self._kernel.client.delete_names(names)

    def put_values(self, data: bytes) -> None:
        """Give names the values of another moment, which spoils the kernel."""
        self.read()
        self._engine.spoil()
        self._kernel.client.put_values(data)

    def touchable(self, cell: Cell) -> Sequence[str]:
        """Names that a cell may read or bind."""
        return self._kernel.client.touchable(cell.source)

    def leaves_before(self, names: Sequence[str], values: bool = True) -> Leaves:
        """The parts of variables as they were before the first run."""
        return self._kernel.client.noted(names)

    def leaves_after(self, names: Sequence[str], values: bool = True) -> Leaves:
        """The parts of variables as they are here."""
        return self._kernel.client.take_apart(names, values)

    def pictures(self, names: Sequence[str]) -> Mapping[str, tuple[bytes, bytes]]:
        """None: they are drawn in a fork, which a kernel under replay may not survive."""
        return {}

    def close(self) -> None:
        """Let the main run go on here, if it can."""
        if self._stripped:
            with contextlib.suppress(Closed):
                self._kernel.client.give_all_names_back()
        if self._before is not None and self._run is not None and self._kernel is self._engine.kernel:
            self._engine.settle(self._before, self._run)
