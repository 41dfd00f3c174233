"""The replay engine: a moment is reached by running the notebook up to it, in a fresh kernel if need be.

A kernel is used as long as it is in the state in which the main run left it. A rerun that changed nothing leaves it
in that state, and after one that only drew random numbers its generators are put back. Any other rerun spoils the
kernel: the next experiment needs a fresh one, in which the cells before are run first.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from nbrerun.engine.follower import Follower, global_pins
from nbrerun.engine.fork import ForkEngine
from nbrerun.engine.interface import Again, Branch, Control, Doing, FirstResult, FirstRun, Fresh, Limits, Past, Undone
from nbrerun.engine.kernel import Kernel, StartKernel
from nbrerun.engine.liveness import Waiting
from nbrerun.engine.replay_branch import ReplayBranch
from nbrerun.engine.reruns import pinned_first, plain_first
from nbrerun.model import Cell
from nbrerun.probe.protocol.messages import Alone, Generator, Rerun, State
from nbrerun.probe.protocol.requests import BegunCell, Foreseen, Looked
from nbrerun.probe.protocol.wire import Closed
from nbrerun.state.diff import Leaves, differing, left_as_it_was, moved_generators
from nbrerun.state.evidence import worth_showing
from nbrerun.state.names import Name
from nbrerun.state.outside import sent

_Answer = TypeVar("_Answer", Rerun, Alone)

_LEAST_PATIENCE = 30.0
"""Seconds without computing after which the kernel itself is stuck; more than for a branch: it is slow to replace."""


class ReplayEngine:
    """Works on every system and with every library."""

    name = "replay"
    overlaps = False

    def __init__(
        self, kernel: Kernel, start: StartKernel, limits: Limits, doing: Doing, done: Sequence[Past] = ()
    ) -> None:
        self.kernel = kernel
        self._start = start
        self._limits = limits
        self._doing = doing
        self._past = list(done)
        """The main run so far."""
        self._reported: State | None = None
        """The state at its end, as it was first read."""
        self._astray: tuple[frozenset[Name], frozenset[Name]] = (frozenset(), frozenset())
        """What has other values in this kernel than in the one that it replaces: before the last cell, and after it."""
        self._seeds: Sequence[Generator] = ()
        """The states in which the global generators of the first kernel began."""
        self._is_noted = False
        """`_past` has the random bytes of the last cell, and `_seeds` the generators that it brought."""
        self._fresh = True
        """The kernel is in the state in which the main run left it."""
        self._broken = False
        """The kernel died in its last run, or has not come to the end of it."""
        self._shared: Sequence[str] = ()
        """What the kernel shares with other processes, which a rerun may have spoken to."""
        self._now: State | None = None
        """The state that the next cell begins with; None where it is the one that the last cell left."""
        self._before: State | None = None
        """The state before the last cell, if this kernel is not the one that first ran it."""
        self._wanted: Sequence[str] = ()
        """Variables whose values before the last cell are asked for, ..."""
        self._values = b""
        """... and these."""
        self._first_seconds: dict[int, float] = {}
        self._controlled: Control | None = None
        """The answer to `control`, where the way to another experiment on the same cell has given it."""
        self._follower = Follower(lambda wait: self._start(self._seeds, wait=wait), doing)
        self._saved = ""
        """The folder of the files that the main run left."""
        self._beginnings: dict[bool, ForkEngine[Kernel]] = {}
        """Kernels that have run nothing: with the files of the end, and with those of the beginning."""

    def first_run(self, cell: Cell) -> FirstRun:
        """Run the next cell, in a kernel that is in the state in which the last cell left it."""
        undone = self._refresh(len(self._past))
        if undone:
            return FirstRun(0.0, lost=undone.reason)
        before, self._now, self._before = self._now, None, None
        with contextlib.suppress(Closed):  # a dead kernel shows soon enough
            self._note(self.kernel.client.begin_cell(cell.source))
        self._follow(self._past)
        self._past.append(Past(cell, before or self._reported))
        self._reported, self._astray, self._controlled = None, (frozenset(), frozenset()), None
        run = self.kernel.execute(cell)
        self._is_noted = False
        self._first_seconds[cell.index] = run.seconds
        return replace(run, before=before)

    def foresee(self, ran: Cell | None, following: Cell | None) -> Foreseen:
        """Nothing: to read the state costs no fork here."""
        return {"agreed": False, "state": None, "run": None}

    def hold(self, moment: int) -> Branch | Undone:
        """Go there; nothing needs to be kept, since the cells can be run again."""
        return self.branch(moment)

    @property
    def seeds(self) -> Sequence[Generator]:
        """Those of the first kernel."""
        return self._seeds

    def can_come_back(self) -> bool:
        """Never: it would take a run of the whole notebook up to there."""
        return False

    def drop(self, moment: int) -> None:
        """Do nothing, since nothing was kept."""

    def branch(self, moment: int) -> Branch | Undone:
        """The kernel at the end of the main run so far; no experiment starts further back."""
        kernel = self.kernel
        undone = self._refresh(moment)
        if undone:
            return undone
        here = self._now if self.kernel is not kernel else None
        self._reported = self._reported or here
        branch = ReplayBranch(self, self._before, here)
        branch.astray = self._astray[1]
        return branch

    def again(self, moment: int, branch: Branch, first: FirstResult) -> Again | Undone:
        """Run the cell in the kernel itself; pinned first where it draws, since going back to the moment is expensive.

        See "An engine chooses the order of the reruns" in `docs/decisions.md`.
        """
        if moved_generators(first.before, first.after):
            return pinned_first(self, moment, branch, first)
        kernel = self.kernel
        return plain_first(self, moment, branch, first, lambda other, done: self._start_of(other, done, kernel))

    def _start_of(self, other: Branch, done: Again, kernel: Kernel) -> State:
        """The state where another branch of the moment begins, which may be in another kernel than the rerun.

        That one has run the cell for the first time, as *control* would.
        """
        start = other.read()
        if self.kernel is not kernel:
            parts = other.leaves_after([name for name in worth_showing(done.moved) if name in done.parts])
            self._controlled = Control(
                self._astray[0], start, lambda names: {name: parts[name] for name in names if name in parts}
            )
        return start

    def keep_files(self) -> str:
        """Keep the files at the end of the main run, before reruns change those of the kernel."""
        if not self._saved:
            self._saved = self.kernel.save_files()
        return self._saved

    def is_full(self) -> bool:
        """Ask the kernel."""
        return self.kernel.client.files_are_full()

    def about_the_end(self) -> Branch | Undone:
        """The kernel as it is; it is replaced only after a run that it did not survive."""
        if self._broken:
            undone = self._refresh(len(self._past))
            if undone:
                return undone
        return ReplayBranch(self)

    def fresh(self, files: bool = True) -> Fresh | Undone:
        """A fork of a kernel in which nothing has been run, and which can therefore be forked."""
        engine = self._beginnings.get(files)
        if engine is not None:
            return engine.branch(0)
        kernel = self._start(files=self.keep_files() if files else "")
        self._beginnings[files] = ForkEngine(kernel, self._limits)
        return self._beginnings[files].hold(0)

    def emptied(self) -> Fresh | Undone:
        """A fresh kernel: that of the main run is needed as it is."""
        return self.fresh()

    def control(self, moment: int, cell: Cell, anew: bool = False) -> Control | Undone:
        """The state of a fresh kernel that has run the cell for the first time."""
        if self._controlled is not None and not anew:
            return self._controlled
        self._fresh = False
        undone = self._refresh(moment)
        if undone:
            return undone
        assert self._now is not None
        return Control(self._astray[0], self._now, self.kernel.client.take_apart)

    def parts_before(self, moment: int, names: Sequence[str]) -> Leaves:
        """Ask the kernel, which took apart what the cell can reach before the first run."""
        return self.kernel.client.parts_before_cell(names)

    def values_before(self, moment: int, names: Sequence[str]) -> bytes:
        """Ask a fresh kernel on its way to the moment."""
        self._fresh, self._wanted, self._values = False, names, b""
        self._refresh(moment)
        self._wanted = ()
        return self._values

    def existed(self, moment: int, addresses: Sequence[int], names: Sequence[str]) -> set[int]:
        """Ask the kernel, which remembers the objects from before the first run."""
        return self.kernel.client.existed(addresses, read=False)

    def close(self) -> None:
        """End every kernel."""
        self._follower.close()
        for engine in self._beginnings.values():
            engine.close()
        self.kernel.close()

    def _note(self, found: BegunCell | Looked) -> None:
        """Remember what other kernels need to come to the same state, from the first answer after a cell.

        Later answers include what reruns drew.
        """
        if not self._is_noted:
            self._seeds, self._is_noted = found["seeds"], True
            if self._past:
                self._past[-1] = replace(self._past[-1], entropy=found["entropy"] or self._past[-1].entropy)

    def read(self) -> State:
        """The state of the kernel; other kernels are compared with the first one that is read at a moment."""
        found = self.kernel.client.read()
        self._note(found)
        self._shared = found["shared"]
        if sent(found["state"]["outside"]) and self._past and not self._limits.settings.rerun_outside:
            self._past[-1] = replace(self._past[-1], sends=True)  # what a C library sends can be stopped by nobody
        self._reported = self._reported or found["state"]
        return found["state"]

    def _follow(self, cells: Sequence[Past]) -> None:
        """Have a second kernel run these cells meanwhile, unless it would come into the way of this one's processes."""
        if not self._shared:
            self._follower.follow(self.kernel, cells, self._seeds)

    def _refresh(self, moment: int) -> Undone | None:
        """Replace the kernel if it is not at `moment`, which is the end of the main run so far or one cell before."""
        if self._fresh and moment == len(self._past):
            return None
        patience = max(_LEAST_PATIENCE, self._limits.stuck_after + max(self._first_seconds.values(), default=0.0))
        *others, last = self._past[:moment]  # the state before the last one is needed
        if self._shared:
            # A server that the notebook starts may want the port of this kernel's, or answer in its place.
            self._follower.close()
            self._replace(self._start(self._seeds))
            undone = self._follower.go_on(self.kernel, others, self._seeds, patience)
            if undone:
                self._broken = True
                return undone
        else:
            kernel = self._follower.take(others, self._seeds, patience)
            if isinstance(kernel, Undone):
                return kernel
            self._replace(kernel)
        self._broken = False
        self._before = self.kernel.client.read(global_pins(last))["state"]
        if self._wanted:
            self._values = self.kernel.client.copied(self._wanted)
        self.kernel.client.begin_cell(last.cell.source)
        # Other random bytes than in the first kernel: *control* has to show which values depend on them.
        undone = self._follower.go_on(self.kernel, [replace(last, entropy=())], self._seeds, patience)
        if undone:
            return undone
        found = self.kernel.client.read()
        self._is_noted = False
        self._note(found)
        self._now, self._shared = found["state"], found["shared"]
        self._astray = (_apart(last.before, self._before), _apart(self._reported, self._now))
        self._fresh = True
        return None

    def _replace(self, kernel: Kernel) -> None:
        """End the kernel, and go on with a fresh one."""
        spoiled, self.kernel = self.kernel, kernel
        if self._saved:
            self._saved = self.kernel.take_over(self._saved)  # the spoiled kernel removes its folder
        spoiled.close()

    def run(
        self,
        cell: Cell,
        pins: Sequence[Generator],
        watched: Sequence[str],
        note_parts: bool,
        goes_on: bool,
        changes_given: bool,
        repeats: bool,
        seconds: float,
    ) -> Rerun | Undone:
        """Run a cell in the kernel itself, which is spoiled by that unless `settle` finds that nothing changed."""
        patience = self._first_seconds.get(cell.index, 0.0) + self._limits.stuck_after
        waiting = Waiting(self._limits.timeout_within(seconds), max(patience, _LEAST_PATIENCE), forked=False)
        self._fresh = False
        self._follow(self._past[:-1])
        client = self.kernel.client
        client.begin_to_run(
            [cell.source],
            pins,
            watched,
            note_parts=note_parts,
            goes_on=goes_on,
            changes_given=changes_given,
            repeats=repeats and not self._limits.settings.paranoid,
        )
        run = client.ran(waiting)
        if not isinstance(run, Undone) and run["stopped"]:
            self._past = [replace(past, sends=past.sends or past.cell is cell) for past in self._past]
        return self._unless_broken(run)

    def run_all(self, cells: Sequence[Cell], seconds: float, anew: bool) -> Rerun | Undone:
        """Run cells in the kernel itself, which spoils it."""
        waiting = Waiting(seconds, seconds, forked=False)
        self._fresh = False
        self.kernel.client.begin_to_run([cell.source for cell in cells], anew=anew)
        return self._unless_broken(self.kernel.client.ran(waiting))

    def run_alone(self, cell: Cell, given: Sequence[str], seconds: float) -> Alone | Undone:
        """Run a cell without most names in the kernel itself, which spoils it."""
        waiting = Waiting(seconds, seconds, forked=False)
        self._fresh = False
        return self._unless_broken(self.kernel.client.run_alone(waiting, cell.source, given))

    def _unless_broken(self, answer: _Answer | Undone) -> _Answer | Undone:
        self._broken = isinstance(answer, Undone)
        return answer

    def spoil(self) -> None:
        """The kernel is changed in another way than by a run."""
        self._fresh = False

    def settle(self, before: State, run: Rerun) -> None:
        """After a branch: see whether the main run can go on in the kernel as it is."""
        shared, self._shared = self._shared, run["shared"] or self._shared
        if not left_as_it_was(before, run) or (run["acts"] and (shared or run["shared"])):
            return
        standing = _standing(before["generators"], run["after"]["generators"])
        if standing is None:
            return
        if before["generators"] != run["after"]["generators"]:
            self.kernel.client.put_back(standing)
        self._now = {**run["after"], "generators": standing}
        self._fresh = True


def _standing(before: Sequence[Generator], after: Sequence[Generator]) -> list[Generator] | None:
    """Generators as they stood before a rerun, at the addresses where they are after it; None if these are others.

    A cell that creates a generator creates a new one when it is run again.
    """
    if [item["name"] for item in before] != [item["name"] for item in after]:
        return None
    return [{**then, "id": now["id"]} for then, now in zip(before, after, strict=True)]


def _apart(one: State | None, other: State) -> frozenset[Name]:
    return frozenset(differing(one, other)) if one is not None else frozenset()
