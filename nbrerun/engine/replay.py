"""The replay engine: a moment is reached by running the notebook up to it, in a fresh kernel if need be.

The kernel at hand is used as long as it is where the main run left it. A rerun that changed nothing
leaves it so; one that only drew random numbers has its generators put back; any other spoils it, and
the next thing asked for costs a fresh kernel, brought to the moment by running the cells before it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol, cast

from nbrerun.engine.follower import Follower, global_pins, run_as_first
from nbrerun.engine.fork import ForkEngine
from nbrerun.engine.interface import Branch, Control, Doing, FirstRun, Fresh, Limits, Past, Undone
from nbrerun.engine.kernel import Kernel
from nbrerun.engine.liveness import Waiting
from nbrerun.model import Cell
from nbrerun.probe.protocol.messages import Alone, Generator, Rerun, State
from nbrerun.probe.protocol.wire import Closed
from nbrerun.probe.service import FILES
from nbrerun.state.diff import Leaves, differing


class StartKernel(Protocol):
    """Starts a kernel whose global generators of random numbers, and files, begin as given."""

    def __call__(self, seeds: Sequence[Generator] = (), files: str = "", wait: bool = True) -> Kernel:
        """See `Kernel`."""


class ReplayEngine:
    """Everywhere, for any library."""

    name = "replay"
    passes_control = True

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
        """The state that it came to, as it was first read."""
        self._astray: tuple[frozenset[str], frozenset[str]] = (frozenset(), frozenset())
        """What has other values in this kernel than in the one that it came after: before the last cell, and now."""
        self._seeds: Sequence[Generator] = ()
        """How the global generators of the first kernel began."""
        self._note_seeds()
        self._fresh = True
        """The kernel is where the main run left it."""
        self._broken = False
        """The kernel died in its last run, or still is in it."""
        self._now: State | None = None
        """The state that the next cell begins with, where a rerun or another kernel came in between."""
        self._before: State | None = None
        """The state before the last cell, if this kernel is not the one that first ran it."""
        self._first_seconds: dict[int, float] = {}
        self._follower = Follower(lambda wait: self._start(self._seeds, wait=wait), doing)
        self._saved = ""
        """Where the files are that the main run left."""
        self._beginnings: dict[bool, ForkEngine] = {}
        """Kernels that have run nothing: with the files of the end, and with those of the beginning."""

    def first_run(self, cell: Cell) -> FirstRun:
        """Run the next cell, in a kernel that is where the last one left it."""
        undone = self._refresh(len(self._past))
        if undone:
            return FirstRun(0.0, lost=undone.reason)
        before, self._now, self._before = self._now, None, None
        self._remember()
        self._follower.follow(self.kernel, self._past, self._seeds)
        self._past.append(Past(cell, before or self._reported))
        self._reported, self._astray = None, (frozenset(), frozenset())
        run = self.kernel.execute(cell)
        self._note_seeds()
        self._first_seconds[cell.index] = run.seconds
        return replace(run, before=before)

    def hold(self, moment: int) -> Undone | None:
        """Nothing to keep: the way there can be gone again."""
        return None

    def can_come_back(self) -> bool:
        """It would run the whole notebook up to there."""
        return False

    def drop(self, moment: int) -> None:
        """Nothing was kept."""

    def branch(self, moment: int) -> Branch | Undone:
        """A kernel at the end of the main run so far; no experiment starts further back."""
        undone = self._refresh(moment)
        return undone or ReplayBranch(self, self._before, self._astray[1])

    def keep_files(self) -> str:
        """At the end of the main run; reruns change the files of the kernel afterwards."""
        if not self._saved:
            self._saved = self.kernel.save_files()
        return self._saved

    def is_full(self) -> bool:
        """Ask the kernel."""
        return self.kernel.is_full()

    def about_the_end(self) -> Branch | Undone:
        """The kernel as it is; it is brought there anew only after a run that it did not survive."""
        if self._broken:
            undone = self._refresh(len(self._past))
            if undone:
                return undone
        return ReplayBranch(self)

    def fresh(self, files: bool = True) -> Fresh | Undone:
        """A fork of a kernel in which nothing has been run; nothing in it can be in the way of forking."""
        engine = self._beginnings.get(files)
        if engine is None:
            kernel = self._start(files=self.keep_files() if files else "")
            engine = self._beginnings[files] = ForkEngine(kernel, self._limits)
            undone = engine.hold(0)
            if undone:
                return undone
        return engine.branch(0)

    def control(self, moment: int, cell: Cell) -> Control | Undone:
        """A fresh kernel brought to the moment has run the cell for the first time."""
        self._fresh = False
        undone = self._refresh(moment)
        if undone:
            return undone
        assert self._before is not None
        assert self._now is not None
        return Control(self._before, self._astray[0], self._now, ReplayBranch(self).leaves_after)

    def existed(self, moment: int, addresses: Sequence[int]) -> set[int]:
        """What was remembered before the cell's first run."""
        return set(self.kernel.ask("existed", ids=list(addresses))["existed"])

    def close(self) -> None:
        """End every kernel."""
        self._follower.close()
        for engine in self._beginnings.values():
            engine.close()
        self.kernel.close()

    def _note_seeds(self) -> None:
        """Other kernels are given the same; asked early, since after a rerun there may be nobody to ask."""
        with contextlib.suppress(Closed):
            seeds = self.kernel.ask("seeds")
            self._seeds = seeds["generators"]
            if self._past:
                self._past[-1] = replace(self._past[-1], entropy=seeds["entropy"] or self._past[-1].entropy)

    def _remember(self) -> None:
        """Have the probe note which objects there are, for `existed`; a dead kernel shows soon enough."""
        with contextlib.suppress(Closed):
            self.kernel.ask("remember")

    def _refresh(self, moment: int) -> Undone | None:
        """Make sure that the kernel is at `moment`, which is never behind it."""
        if self._fresh and moment == len(self._past):
            return None
        patience = max(30.0, self._limits.stuck_after + max(self._first_seconds.values(), default=0.0))
        *others, last = self._past[:moment]
        kernel = self._follower.take(others, self._seeds, patience)
        if isinstance(kernel, Undone):
            return kernel
        spoiled, self.kernel = self.kernel, kernel
        if self._saved:
            self._saved = self.kernel.take_over(self._saved)
        spoiled.close()
        self._broken = False
        self._before = cast(State, self.kernel.ask("read", pins=global_pins(last)))
        self._remember()
        self._doing(last.cell.index, "again up to here")
        undone = run_as_first(self.kernel, replace(last, entropy=()), self._seeds, patience)
        if undone:
            return undone
        self._note_seeds()
        self._now = cast(State, self.kernel.ask("read"))
        self._astray = (_apart(last.before, self._before), _apart(self._reported, self._now))
        self._fresh = True
        return None

    def note(self, state: State) -> None:
        """What is first said of a moment is what other kernels are held against."""
        self._reported = self._reported or state

    def wait_for_run(self, cell: Cell, pins: Sequence[Generator], watched: Sequence[str]) -> Rerun | Undone:
        """Run a cell in the kernel itself, and spoil the kernel if that gives no answer."""
        patience = self._first_seconds.get(cell.index, 0.0) + self._limits.stuck_after
        waiting = Waiting(self._limits.timeout, max(patience, 30.0), forked=False)
        self._fresh = False
        self._follower.follow(self.kernel, self._past[:-1], self._seeds)
        request = {"sources": [cell.source], "pins": list(pins), "watched": list(watched)}
        reply = self.kernel.ask_running(waiting, "run", **request)
        self._broken = isinstance(reply, Undone)
        return cast("Rerun | Undone", reply)

    def run(self, seconds: float, operation: str, **request: object) -> dict[str, object] | Undone:
        """Have the kernel itself run something that spoils it."""
        self._fresh = False
        reply = self.kernel.ask_running(Waiting(seconds, seconds, forked=False), operation, **request)
        self._broken = isinstance(reply, Undone)
        return reply

    def settle(self, before: State, run: Rerun) -> None:
        """The branch is over: see whether the kernel can go on from where it is."""
        if not _same(before, run):
            return
        if before["generators"] != run["after"]["generators"]:
            self.kernel.ask("put_back", pins=before["generators"])
        self._now = {**run["after"], "generators": before["generators"]}
        self._fresh = True


class ReplayBranch:
    """The kernel itself, at the end of the main run so far."""

    def __init__(
        self, engine: ReplayEngine, previous: State | None = None, astray: frozenset[str] = frozenset()
    ) -> None:
        self.previous = previous
        self.astray = astray
        self._engine = engine
        self._kernel = engine.kernel
        self._before: State | None = None
        self._run: Rerun | None = None
        self._leaves: Leaves = {}
        self._stripped = False

    def read(self) -> State:
        """The state as it is now."""
        self._before = cast(State, self._kernel.ask("read"))
        self._engine.note(self._before)
        return self._before

    def run(self, cell: Cell, pins: Sequence[Generator] = (), watched: Sequence[str] = ()) -> Rerun | Undone:
        """Run a cell here, after noting the parts of all that it can reach; a second run goes on from the first."""
        if self._run is None:
            before = self._before or self.read()
            names = [name for name in self.touchable(cell) if name in before["variables"]]
            self._leaves = cast(Leaves, self._kernel.ask("leaves", names=names))
        run = self._engine.wait_for_run(cell, pins, watched)
        if not isinstance(run, Undone):
            self._run = run
        return run

    def run_all(self, cells: Sequence[Cell], seconds: float, anew: bool) -> Rerun | Undone:
        """Run cells one after the other."""
        sources = [cell.source for cell in cells]
        return cast("Rerun | Undone", self._engine.run(seconds, "run", sources=sources, pins=[], anew=anew))

    def alone(self, cell: Cell, given: Sequence[str], seconds: float) -> Alone | Undone:
        """Run a cell without the names of other cells, except for those given."""
        self._stripped = True
        request = {"source": cell.source, "given": list(given)}
        return cast("Alone | Undone", self._engine.run(seconds, "alone", **request))

    def remove_files(self, names: Sequence[str]) -> None:
        """Take files away."""
        self._kernel.ask(FILES + "remove", names=list(names))

    def touchable(self, cell: Cell) -> Sequence[str]:
        """Names that a cell may read or bind."""
        return cast(list[str], self._kernel.ask("touchable", sources=[cell.source])["names"])

    def leaves_before(self, names: Sequence[str]) -> Leaves:
        """As they were noted before the run."""
        return {name: self._leaves[name] for name in names if name in self._leaves}

    def leaves_after(self, names: Sequence[str]) -> Leaves:
        """Variables taken apart, as they are here."""
        return cast(Leaves, self._kernel.ask("leaves", names=list(names)))

    def close(self) -> None:
        """Let the main run go on here, if it can."""
        if self._stripped:
            with contextlib.suppress(Closed):
                self._kernel.ask("together")
        if self._before is not None and self._run is not None and self._kernel is self._engine.kernel:
            self._engine.settle(self._before, self._run)


def _apart(one: State | None, other: State) -> frozenset[str]:
    return frozenset(differing(one, other)) if one is not None else frozenset()


def _same(before: State, run: Rerun) -> bool:
    """Equal values under every name; what the cell can reach and nobody can read may have changed."""
    first, second = before["variables"], run["after"]["variables"]
    if first.keys() != second.keys() or before["settings"] != run["after"]["settings"]:
        return False
    if before["files"] != run["after"]["files"]:
        return False
    reached = {name for name in run["reads"] if name in first}
    if any(first[name]["opaque"] and first[name]["kind"] != "definition" for name in reached):
        return False
    return all(
        variable["kind"] == "generator" or variable["digest"] == second[name]["digest"]
        for name, variable in first.items()
    )
