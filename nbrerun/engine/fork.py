"""The fork engine: every moment waits as a forked process, and a branch is a fork of it."""

from __future__ import annotations

import contextlib
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

from nbrerun.clock import Part, spent_on
from nbrerun.engine.arrivals import Arrivals
from nbrerun.engine.client import Client
from nbrerun.engine.fork_branch import ForkBranch
from nbrerun.engine.interface import Again, Branch, Control, FirstResult, FirstRun, Limits, Undone
from nbrerun.engine.liveness import ProbeFailure
from nbrerun.engine.memory import memory
from nbrerun.engine.reruns import plain_first
from nbrerun.model import Cell
from nbrerun.probe.protocol.messages import Generator, Known
from nbrerun.probe.protocol.requests import Foreseen, Hello, SandboxFound
from nbrerun.probe.protocol.wire import Closed
from nbrerun.state.diff import Leaves


class Forked(Protocol):
    """The process of the main run, which is forked: a kernel of nbrerun's own, or one that the user works in."""

    arrivals: Arrivals
    """Where its forks connect."""
    sandbox: SandboxFound

    @property
    def client(self) -> Client:
        """The process itself, or what stands for it at the present moment, to be asked between two cells."""

    def execute(self, cell: Cell) -> FirstRun:
        """Run the next cell of the main run."""

    def save_files(self) -> str:
        """Save the files that the notebook has changed, and return their folder."""

    def close(self) -> None:
        """End the process and whatever it started."""


Main = TypeVar("Main", bound=Forked)


@dataclass(frozen=True)
class _Moment:
    """A process at a moment, to be forked for branches."""

    client: Client
    files: str
    """The name under which the files of the moment are kept."""
    seeds: Sequence[Generator]
    """The states in which the global generators began that there were by then."""
    branch: ForkBranch | None = None
    """It began as this branch, which has read the state, and in which the cell has been run again without an effect."""


class ForkEngine(Generic[Main]):
    """Works on Linux and macOS, with whatever survives a fork of the kernel.

    Branches of the moment where the kernel stands are forks of the kernel itself. Before the kernel goes on, a process
    is found that stays at the moment: the branch that was first made there, if the rerun in it has changed nothing, or
    else one more fork.
    """

    name = "fork"

    def __init__(self, kernel: Main, limits: Limits) -> None:
        self.kernel = kernel
        """Runs the main run, and is never changed by an experiment."""
        self._limits = limits
        self._moments: dict[int, _Moment] = {}
        """Those at which a process waits, and the one where the kernel stands."""
        self._here: int | None = None
        """The moment where the kernel stands, if it is held."""
        self._first_branch: ForkBranch | None = None
        """The one that was made when it was held."""
        self._first_seconds: dict[int, float] = {}
        self.entropy: dict[int, Sequence[bytes]] = {}
        """The random bytes that the system gave each cell, by the moment after it."""
        self._tokens = itertools.count()
        self._open: set[ForkBranch] = set()
        self._known: Known = {"buffers": [], "containers": {}, "settings": {}, "generators": {}}
        """What was found out at the last moment, to be held against the next one."""

    def first_run(self, cell: Cell) -> FirstRun:
        """Run the next cell in the kernel itself."""
        self._leave_here()
        run = self.kernel.execute(cell)
        self._first_seconds[cell.index] = run.seconds
        return run

    def foresee(self, ran: Cell | None, following: Cell | None) -> Foreseen:
        """Ask the kernel."""
        try:
            return self.kernel.client.foresee(ran.source if ran else "", following.source if following else "")
        except (Closed, ProbeFailure):  # whatever is the matter shows when the moment is held
            return {"agreed": False, "state": None, "run": None}

    def hold(self, moment: int) -> ForkBranch | Undone:
        """Fork the kernel for a branch that reads the state."""
        token = self._token()
        try:
            held = self.kernel.client.hold(token, self._known)
            if held["hazards"]:
                # Replay needs no fork, so that it may answer where this engine cannot.
                return Undone(f"the kernel cannot be forked: {held['hazards'][0]}", replay_may_answer=True)
            self.entropy[moment] = held["entropy"]
            branch = self._arrived(token, held["pid"], moment, held["files"])
        except Closed as error:
            # Whatever keeps the kernel from answering keeps it from being used by replay.
            busy = self.kernel.client.is_busy
            return Undone(f"the kernel could not be forked: {error}", replay_may_answer=not busy)
        if isinstance(branch, Undone):
            return Undone(f"the moment cannot be kept: {branch.reason}", replay_may_answer=True)
        self._moments[moment] = _Moment(self.kernel.client, held["files"], held["seeds"])
        self._here, self._first_branch = moment, branch
        return branch

    def _leave_here(self) -> None:
        """Before the kernel goes on: have another process stay at the moment where it stands."""
        here, branch = self._here, self._first_branch
        self._here = self._first_branch = None
        if here is None or here not in self._moments:
            return
        kept = self._moments.pop(here)
        if branch is not None and branch.may_stay:
            self._open.discard(branch)
            self._moments[here] = replace(kept, client=branch.client, branch=branch)
            return
        with contextlib.suppress(Closed):  # a dead kernel shows soon enough
            token = self._token()
            forked = self.kernel.client.keep(token)
            if not forked["hazards"]:
                self._moments[here] = replace(kept, client=self._meet(token, forked["pid"])[0])

    def _meet(self, token: str, pid: int) -> tuple[Client, Hello]:
        """Wait for a forked process."""
        hello: Hello
        with spent_on(Part.FORKING):
            wire, hello = self.kernel.arrivals.accept(token, pid=pid)
        return Client(wire, pid, timeout=lambda: self._limits.timeout, values=self._limits.settings.values), hello

    def _token(self) -> str:
        return str(next(self._tokens) + 1)

    @property
    def overlaps(self) -> bool:
        """Branches run while the kernel goes on, if they write to files of their own."""
        return not self.shares_files

    @property
    def seeds(self) -> Sequence[Generator]:
        """Those that were seen at the last moment that is kept."""
        return self._moments[max(self._moments)].seeds if self._moments else ()

    def can_come_back(self) -> bool:
        """While there is memory: a moment costs as much as the kernel writes to afterwards (copy-on-write, fork(2))."""
        return not memory().is_short

    def drop(self, moment: int) -> None:
        """Close the socket of the waiting process, which ends it."""
        held = self._moments.pop(moment, None)
        if held is not None:
            if held.branch is not None:
                held.branch.end()
            elif moment != self._here:
                held.client.close()
            # Moments between which no file changed share what is kept of them.
            if held.files not in {other.files for other in self._moments.values()}:
                with contextlib.suppress(Closed):
                    self.kernel.client.forget_files(held.files)

    def branch(self, moment: int) -> ForkBranch | Undone:
        """Fork the process that is at the moment."""
        return self._branch(moment)

    def _branch(self, moment: int, files: int | None = None) -> ForkBranch | Undone:
        """Fork the process that is at a moment.

        Args:
            files: the moment whose files the branch sees, if not its own.
        """
        held, of_files = self._moments.get(moment), self._moments.get(moment if files is None else files)
        if held is None or of_files is None:
            return Undone("this moment was not kept")
        return self.fork(held.client, moment, of_files.files)

    def fork(self, parent: Client, moment: int, files: str) -> ForkBranch | Undone:
        """Fork a process that waits; the child sees the files that are kept under a name."""
        token = self._token()
        try:
            forked = parent.branch(token, files)
            if forked["hazards"]:
                return Undone(f"a branch cannot be forked: {forked['hazards'][0]}")
            return self._arrived(token, forked["pid"], moment, files, read=False)
        except Closed:
            return Undone("the forked kernel died", replay_may_answer=True)

    def _arrived(self, token: str, pid: int, moment: int, files: str, read: bool = True) -> ForkBranch | Undone:
        """Wait for a branch.

        Args:
            read: it has been asked for the state there.
        """
        client, hello = self._meet(token, pid)
        branch = ForkBranch(self, moment, files, client)
        self._open.add(branch)
        if hello["failed"]:
            branch.close()
            return Undone(hello["failed"])
        if read:
            self._known = branch.arrive()
        return branch

    def again(self, moment: int, branch: Branch, first: FirstResult) -> Again | Undone:
        """Run the cell in the branch; in a second branch with the random numbers pinned, where any were drawn."""
        return plain_first(self, moment, branch, first, lambda other, done: first.after)

    def keep_files(self) -> str:
        """Keep the files of the kernel, which are those of the main run."""
        return self.kernel.save_files()

    def is_full(self) -> bool:
        """Ask the kernel."""
        return self.kernel.client.files_are_full()

    def about_the_end(self) -> ForkBranch | Undone:
        """Fork the kernel, which stands at the last moment."""
        return self.branch(max(self._moments, default=0))

    def fresh(self, files: bool = True) -> ForkBranch | Undone:
        """Fork the first moment of all."""
        return self._branch(0, max(self._moments, default=0) if files else 0)

    def emptied(self) -> ForkBranch | Undone:
        """Fork the last moment, and delete the names there."""
        branch = self.about_the_end()
        if not isinstance(branch, Undone):
            branch.start_over()
        return branch

    def control(self, moment: int, cell: Cell, anew: bool = False) -> Control | Undone:
        """Run the cell from the moment before."""
        branch = self.branch(moment - 1)
        if isinstance(branch, Undone):
            return branch
        run = branch.run(cell, seeds=self._moments[moment].seeds)
        if isinstance(run, Undone):
            return run
        return Control(frozenset(), run["after"], branch.leaves_after, branch.close)

    def parts_before(self, moment: int, names: Sequence[str]) -> Leaves:
        """Ask the moment before, or a fork of it where nothing has been read yet."""
        held = self._moments.get(moment - 1)
        if held is not None and held.branch is not None:
            return held.client.take_apart(names)
        branch = self.branch(moment - 1)
        if isinstance(branch, Undone):
            return {}
        with contextlib.closing(branch):
            return branch.leaves_after(names)

    def values_before(self, moment: int, names: Sequence[str]) -> bytes:
        """Ask a fork of the moment before: to copy a value may run code of the user's."""
        branch = self.branch(moment - 1)
        if isinstance(branch, Undone):
            return b""
        with contextlib.closing(branch):
            return branch.client.copied(names)

    def existed(self, moment: int, addresses: Sequence[int], names: Sequence[str]) -> set[int]:
        """Ask the moment before, or a fork of it where nothing has been read yet."""
        held = self._moments.get(moment - 1)
        if held is not None and held.branch is not None:
            return held.client.existed(addresses, read=False)
        branch = self.branch(moment - 1)
        if isinstance(branch, Undone):
            return set()
        with contextlib.closing(branch):
            return branch.existed(addresses, names)

    def patience(self, cell: Cell) -> float:
        """Seconds without computing after which a rerun of this cell is stuck."""
        return self._first_seconds.get(cell.index, 0.0) + self._limits.stuck_after

    @property
    def trusts_proofs(self) -> bool:
        """What it is proven that a cell does once more need not be run."""
        return not self._limits.settings.paranoid

    def timeout_within(self, seconds: float = math.inf) -> float | None:
        """Seconds that a rerun may take."""
        return self._limits.timeout_within(seconds)

    @property
    def shares_files(self) -> bool:
        """Branches write to the kernel's own files, which have to be put back after each."""
        return bool(self.kernel.sandbox["kind"] == "copy")

    def may_need(self, branch: ForkBranch) -> bool:
        """Whether a branch is the first one of the moment where the kernel stands."""
        return branch is self._first_branch

    def forget(self, branch: ForkBranch) -> None:
        """Clean up after a branch that has been closed."""
        self._open.discard(branch)
        if self.shares_files:
            with contextlib.suppress(Closed):  # a dead kernel shows soon enough
                self.kernel.client.leave_files()

    def release(self) -> Main:
        """End branches and moments, and hand over the kernel, which is at the end of the main run so far."""
        for branch in list(self._open):
            branch.end()
        for moment in list(self._moments):
            self.drop(moment)
        return self.kernel

    def close(self) -> None:
        """End branches, moments and the kernel."""
        self.release().close()
