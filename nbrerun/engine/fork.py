"""The fork engine: every moment waits as a forked process, and a branch is a fork of it."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
from collections.abc import Sequence
from typing import cast

from nbrerun.engine.interface import Control, FirstRun, Leaves, Limits, Undone
from nbrerun.engine.kernel import Kernel, Waiting, answer
from nbrerun.model import Cell
from nbrerun.probe.messages import Generator, Rerun, State
from nbrerun.probe.wire import Closed, Wire


class ForkEngine:
    """Linux and macOS; what does not survive a fork has to be kept away from it by the caller."""

    name = "fork"
    passes_control = False

    def __init__(self, kernel: Kernel, limits: Limits) -> None:
        self.kernel = kernel
        self._limits = limits
        self._moments: dict[int, tuple[Wire, int]] = {}
        self._first_seconds: dict[int, float] = {}
        self._tokens = itertools.count()
        self._open: set[ForkBranch] = set()

    def first_run(self, cell: Cell) -> FirstRun:
        """Run the next cell in the kernel itself."""
        run = self.kernel.execute(cell)
        self._first_seconds[cell.index] = run.seconds
        return run

    def hold(self, moment: int) -> Undone | None:
        """Fork the kernel; the child waits."""
        try:
            token = f"moment {moment}"
            hazards = self.kernel.ask("hold", token=token)["hazards"]
            if hazards:
                return Undone(f"the kernel cannot be forked: {hazards[0]}", replay_may_answer=True)
            self._moments[moment] = self.kernel.accept(token)
        except Closed:
            return Undone("the kernel could not be forked", replay_may_answer=True)
        return None

    def drop(self, moment: int) -> None:
        """The waiting child ends when its socket does."""
        held = self._moments.pop(moment, None)
        if held is not None:
            held[0].close()

    def branch(self, moment: int) -> ForkBranch | Undone:
        """Fork the waiting child."""
        if moment not in self._moments:
            return Undone("this moment was not kept")
        wire, pid = self._moments[moment]
        token = f"branch {next(self._tokens)}"
        try:
            wire.send({"op": "branch", "token": token})
            answer(wire, pid)
            branch = ForkBranch(self, moment, *self.kernel.accept(token))
        except Closed:
            return Undone("the forked kernel died", replay_may_answer=True)
        self._open.add(branch)
        return branch

    def control(self, moment: int, cell: Cell) -> Control | Undone:
        """Run the cell from the moment before."""
        branch = self.branch(moment - 1)
        if isinstance(branch, Undone):
            return branch
        before = branch.read()
        run = branch.run(cell, seeds=self.kernel.ask("seeds")["generators"])
        if isinstance(run, Undone):
            return run
        return Control(before, run["after"], branch.leaves_after, branch.close)

    def existed(self, moment: int, addresses: Sequence[int]) -> set[int]:
        """Ask a fork of the moment before."""
        branch = self.branch(moment - 1)
        if isinstance(branch, Undone):
            return set()
        with contextlib.closing(branch):
            return branch.existed(addresses)

    def patience(self, cell: Cell) -> float:
        """Seconds without computing after which a rerun of this cell is stuck."""
        return self._first_seconds.get(cell.index, 0.0) + self._limits.stuck_after

    @property
    def timeout(self) -> float | None:
        """Seconds that a rerun may take."""
        return self._limits.timeout

    def forget(self, branch: ForkBranch) -> None:
        """A branch has been closed."""
        self._open.discard(branch)

    def release(self) -> Kernel:
        """End branches and moments, and hand over the kernel, which is at the end of the main run so far."""
        for branch in list(self._open):
            branch.close()
        for moment in list(self._moments):
            self.drop(moment)
        return self.kernel

    def close(self) -> None:
        """End branches, moments and the kernel."""
        self.release().close()


class ForkBranch:
    """A fork of a moment."""

    previous: State | None = None

    def __init__(self, engine: ForkEngine, moment: int, wire: Wire, pid: int) -> None:
        self._engine = engine
        self._moment = moment
        self._wire = wire
        self._pid = pid

    def _ask(self, operation: str, **request: object) -> dict[str, object]:
        self._wire.send({"op": operation, **request})
        return answer(self._wire, self._pid)

    def read(self) -> State:
        """The state as it is now."""
        return cast(State, self._ask("read"))

    def run(self, cell: Cell, pins: Sequence[Generator] = (), seeds: Sequence[Generator] = ()) -> Rerun | Undone:
        """Run a cell here; `seeds` are for generators that it brings into being by its imports."""
        waiting = Waiting(self._engine.timeout, self._engine.patience(cell), forked=True)
        self._wire.send({"op": "run", "sources": [cell.source], "pins": list(pins), "seeds": list(seeds)})
        reply = waiting.answer(self._wire, self._pid)
        if isinstance(reply, Undone):
            self.close()
            return reply
        return cast(Rerun, reply)

    def touchable(self, cell: Cell) -> Sequence[str]:
        """Names that a cell may read or bind."""
        return cast(list[str], self._ask("touchable", sources=[cell.source])["names"])

    def leaves_before(self, names: Sequence[str]) -> Leaves:
        """The moment is still there: ask a fresh fork of it."""
        branch = self._engine.branch(self._moment)
        if isinstance(branch, Undone):
            return {}
        with contextlib.closing(branch):
            return branch.leaves_after(names)

    def leaves_after(self, names: Sequence[str]) -> Leaves:
        """Variables taken apart, as they are here."""
        return cast(Leaves, self._ask("leaves", names=list(names)))

    def existed(self, addresses: Sequence[int]) -> set[int]:
        """Which addresses of objects are in use here."""
        self._ask("read")
        self._ask("remember")
        return set(cast(list[int], self._ask("existed", ids=list(addresses))["existed"]))

    def close(self) -> None:
        """End the process and all that it has started."""
        self._engine.forget(self)
        self._wire.close()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._pid, signal.SIGKILL)
