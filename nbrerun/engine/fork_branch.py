"""A branch of the fork engine: a fork of a moment, or of another branch."""

from __future__ import annotations

import contextlib
import math
import os
import signal
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from nbrerun.engine.client import Client
from nbrerun.engine.interface import Undone
from nbrerun.engine.liveness import Waiting, group_of, wait_for_end
from nbrerun.model import Cell
from nbrerun.probe.protocol.messages import Alone, Generator, Known, Leaf, Rerun, State
from nbrerun.state.diff import Leaves, left_as_it_was, unequal
from nbrerun.state.names import Name

if TYPE_CHECKING:
    from nbrerun.engine.fork import ForkEngine

_PATIENCE = 5.0
"""Seconds without computing after which a branch that runs no cell is stuck."""

_Answer = TypeVar("_Answer", Rerun, Alone)


class ForkBranch:
    """A fork of a moment."""

    previous: State | None = None
    astray: frozenset[Name] = frozenset()

    def __init__(self, engine: ForkEngine[Any], moment: int, files: str, client: Client) -> None:
        self._engine = engine
        self._moment = moment
        self._files = files
        self.client = client
        self._began: State | None = None
        """The state where the branch began, if it was read there."""
        self._is_unread = False
        """Nobody has asked for it yet."""
        self.may_stay = False
        """It is still as it began, so that it can serve as the moment."""
        self._begun: float | None = None
        """When the run began that nobody has waited for yet."""

    def arrive(self) -> Known:
        """Receive the state, which was asked for together with the branch; what else was found out is returned."""
        arrived = self.client.arrived()
        self._began, self._is_unread = arrived["state"], True
        self.may_stay = arrived["is_complete"] and not self._engine.shares_files
        return arrived["known"]

    def read(self) -> State:
        """The state as it is now."""
        if self._is_unread and self._began is not None:
            self._is_unread = False
            return self._began
        return self.client.read()["state"]

    def begin(self, cell: Cell, watched: Sequence[str]) -> None:
        """Have the cell run, and do not wait: the next `run` does, which has to be of the same cell."""
        self._begun = time.monotonic()
        self.may_stay = False
        self.client.begin_to_run([cell.source], watched=watched, repeats=self._engine.trusts_proofs)

    def run(
        self,
        cell: Cell,
        pins: Sequence[Generator] = (),
        watched: Sequence[str] = (),
        goes_on: bool = False,
        changes_given: bool = False,
        repeats: bool = False,
        seconds: float = math.inf,
        seeds: Sequence[Generator] = (),
    ) -> Rerun | Undone:
        """Run a cell here; `seeds` are for generators that it brings into being by its imports."""
        begun, self._begun = self._begun, None
        may_stay, self.may_stay = self.may_stay and not (pins or goes_on or changes_given or seeds), False
        if begun is None:
            self.client.begin_to_run(
                [cell.source],
                pins,
                watched,
                seeds,
                goes_on=goes_on,
                changes_given=changes_given,
                repeats=repeats and self._engine.trusts_proofs,
            )
        limit = self._engine.timeout_within(seconds)
        waiting = Waiting(limit, self._engine.patience(cell), forked=True, since=begun)
        run = self._unless_lost(self.client.ran(waiting))
        if may_stay and self._began is not None and not isinstance(run, Undone):
            wrote = any(opened["written"] for opened in run["after"]["opened"].values())  # files of its own
            is_as_it_was = left_as_it_was(self._began, run) and not unequal(self._began, run["after"])  # nothing drawn
            self.may_stay = not wrote and is_as_it_was
        return run

    def fork(self) -> ForkBranch | Undone:
        """Fork this branch; the files that were written since it began are not seen in the new one."""
        return self._engine.fork(self.client, self._moment, self._files)

    def begin_as(self, seeds: Sequence[Generator]) -> None:
        """Have the global generators begin in these states."""
        self.may_stay = False
        self.client.begin_to_run([], pins=seeds, seeds=seeds)
        self._unless_lost(self.client.ran(Waiting(self._engine.timeout_within(), _PATIENCE, forked=True)))

    def put_back(self, stands: Sequence[Generator]) -> None:
        """Put global generators where they stood."""
        self.may_stay = False
        self.client.read(stands)

    def run_all(self, cells: Sequence[Cell], seconds: float, anew: bool) -> Rerun | Undone:
        """Run cells one after the other."""
        self.may_stay = False
        waiting = Waiting(seconds, seconds, forked=True)
        self.client.begin_to_run([cell.source for cell in cells], anew=anew)
        return self._unless_lost(self.client.ran(waiting))

    def alone(self, cell: Cell, given: Sequence[str], seconds: float) -> Alone | Undone:
        """Run a cell without the names of other cells, except for those given."""
        self.may_stay = False
        waiting = Waiting(seconds, seconds, forked=True)
        return self._unless_lost(self.client.run_alone(waiting, cell.source, given))

    def _unless_lost(self, answer: _Answer | Undone) -> _Answer | Undone:
        if isinstance(answer, Undone):
            self.close()
        return answer

    def remove_files(self, names: Sequence[str]) -> None:
        """Remove files."""
        self.may_stay = False
        self.client.remove_files(names)

    def perturb(self, earlier: Mapping[str, Mapping[str, Leaf | None]]) -> Mapping[str, Sequence[str]]:
        """Change the values of variables."""
        self.may_stay = False
        return self.client.perturb(earlier)

    def perturb_settings(self, names: Sequence[str]) -> Mapping[str, str]:
        """Change process settings."""
        self.may_stay = False
        return self.client.perturb_settings(names)

    def delete_names(self, names: Sequence[str]) -> None:
        """Delete names of the namespace."""
        self.may_stay = False
        self.client.delete_names(names)

    def put_values(self, data: bytes) -> None:
        """Give names the values of another moment."""
        self.may_stay = False
        self.client.put_values(data)

    def start_over(self) -> None:
        """Delete all names of the namespace."""
        self.may_stay = False
        self.client.start_over()

    def touchable(self, cell: Cell) -> Sequence[str]:
        """Names that a cell may read or bind."""
        return self.client.touchable(cell.source)

    def leaves_before(self, names: Sequence[str], values: bool = True) -> Leaves:
        """The parts of variables in a fresh fork of the moment, which is still there."""
        branch = self._engine.branch(self._moment)
        if isinstance(branch, Undone):
            return {}
        with contextlib.closing(branch):
            return branch.leaves_after(names, values)

    def leaves_after(self, names: Sequence[str], values: bool = True) -> Leaves:
        """The parts of variables as they are here."""
        return self.client.take_apart(names, values)

    def pictures(self, names: Sequence[str]) -> Mapping[str, tuple[bytes, bytes]]:
        """Figures as PNG, in a fresh fork of the moment and here."""
        after = self.client.pictures(names)
        moment = self._engine.branch(self._moment) if after else None
        if not isinstance(moment, ForkBranch):
            return {}
        with contextlib.closing(moment):
            before = moment.client.pictures(after)
        return {name: (before[name], after[name]) for name in after if name in before}

    def existed(self, addresses: Sequence[int], names: Sequence[str]) -> set[int]:
        """Which addresses of objects are in use here, mostly by these variables."""
        return self.client.existed(addresses, True, names)

    def close(self) -> None:
        """End the process, unless it can serve as the moment when the kernel goes on."""
        if not (self.may_stay and self._engine.may_need(self)):
            self.end()

    def end(self) -> None:
        """End the process and all that it has started."""
        self.client.close()
        pid = self.client.pid
        # Who shares files with the branch must not go on before it has stopped writing.
        running = group_of(pid) if self._engine.shares_files else []
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)  # a branch leads a process group of its own
        for process in running:
            wait_for_end(process)
        self._engine.forget(self)
