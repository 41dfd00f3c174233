"""The fork engine: every moment waits as a forked process, and a branch is a fork of it."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import time
from collections.abc import Sequence
from typing import cast

import psutil

from nbrerun.engine.interface import Control, FirstRun, Limits, Undone
from nbrerun.engine.kernel import Kernel
from nbrerun.engine.liveness import Waiting, answer
from nbrerun.model import Cell
from nbrerun.probe.protocol.messages import Alone, Generator, Rerun, State
from nbrerun.probe.protocol.wire import Closed, Wire
from nbrerun.probe.service import FILES
from nbrerun.state.diff import Leaves

_KILL_SECONDS = 5.0
_TICK = 0.001
_FULL = 70.0
"""Per cent of the machine's memory beyond which no moment is kept for later."""


class ForkEngine:
    """Linux and macOS; what does not survive a fork has to be kept away from it by the caller."""

    name = "fork"
    passes_control = False

    def __init__(self, kernel: Kernel, limits: Limits) -> None:
        self.kernel = kernel
        self._limits = limits
        self._moments: dict[int, tuple[Wire, int]] = {}
        self._files: dict[int, str] = {}
        """Under which name each moment's files are kept."""
        self._first_seconds: dict[int, float] = {}
        self.entropy: dict[int, Sequence[bytes]] = {}
        """What the system gave each cell, by the moment after it, when it asked for random bytes."""
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
            held = self.kernel.ask("hold", token=token)
            if held["hazards"]:
                return Undone(f"the kernel cannot be forked: {held['hazards'][0]}", replay_may_answer=True)
            self.entropy[moment] = held["entropy"]
            wire, hello = self.kernel.accept(token)
            self._moments[moment], self._files[moment] = (wire, hello["pid"]), held["files"]
        except Closed:
            return Undone("the kernel could not be forked", replay_may_answer=True)
        return None

    def can_come_back(self) -> bool:
        """A moment costs what the kernel writes to afterwards."""
        return psutil.virtual_memory().percent < _FULL

    def drop(self, moment: int) -> None:
        """The waiting child ends when its socket does."""
        held = self._moments.pop(moment, None)
        if held is not None:
            held[0].close()
            files = self._files.pop(moment)
            if files not in self._files.values():
                with contextlib.suppress(Closed):
                    self.kernel.ask(FILES + "forget", name=files)

    def branch(self, moment: int, files: int | None = None) -> ForkBranch | Undone:
        """Fork the waiting child."""
        files = moment if files is None else files
        if moment not in self._moments or files not in self._files:
            return Undone("this moment was not kept")
        return self.fork(*self._moments[moment], moment, self._files[files])

    def fork(self, wire: Wire, pid: int, moment: int, files: str) -> ForkBranch | Undone:
        """Fork a process that waits, and have the child see the files that are kept under a name."""
        token = f"branch {next(self._tokens)}"
        try:
            wire.send({"op": "branch", "token": token, "files": files})
            hazards = answer(wire, pid)["hazards"]
            if hazards:
                return Undone(f"a branch cannot be forked: {hazards[0]}")
            own, hello = self.kernel.accept(token)
        except Closed:
            return Undone("the forked kernel died", replay_may_answer=True)
        branch = ForkBranch(self, moment, files, own, hello["pid"])
        self._open.add(branch)
        if hello["failed"]:
            branch.close()
            return Undone(hello["failed"])
        return branch

    def keep_files(self) -> str:
        """The kernel has none but those of the main run."""
        return self.kernel.save_files()

    def is_full(self) -> bool:
        """Ask the kernel."""
        return self.kernel.is_full()

    def about_the_end(self) -> ForkBranch | Undone:
        """Fork the last moment."""
        return self.branch(max(self._moments, default=0))

    def fresh(self, files: bool = True) -> ForkBranch | Undone:
        """Fork the first moment of all."""
        return self.branch(0, max(self._files, default=0) if files else 0)

    def control(self, moment: int, cell: Cell) -> Control | Undone:
        """Run the cell from the moment before."""
        branch = self.branch(moment - 1)
        if isinstance(branch, Undone):
            return branch
        before = branch.read()
        run = branch.run(cell, seeds=self.kernel.ask("seeds")["generators"])
        if isinstance(run, Undone):
            return run
        return Control(before, frozenset(), run["after"], branch.leaves_after, branch.close)

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

    @property
    def shares_files(self) -> bool:
        """The kernel has to clean up after branches."""
        return bool(self.kernel.sandbox["kind"] == "copy")

    def forget(self, branch: ForkBranch) -> None:
        """A branch has been closed."""
        self._open.discard(branch)
        if self.shares_files:
            with contextlib.suppress(Closed):  # a dead kernel shows soon enough
                self.kernel.ask(FILES + "leave")

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
    astray: frozenset[str] = frozenset()

    def __init__(self, engine: ForkEngine, moment: int, files: str, wire: Wire, pid: int) -> None:
        self._engine = engine
        self._moment = moment
        self._files = files
        self._wire = wire
        self._pid = pid

    def _ask(self, operation: str, **request: object) -> dict[str, object]:
        self._wire.send({"op": operation, **request})
        return answer(self._wire, self._pid)

    def read(self) -> State:
        """The state as it is now."""
        return cast(State, self._ask("read"))

    def run(
        self,
        cell: Cell,
        pins: Sequence[Generator] = (),
        watched: Sequence[str] = (),
        seeds: Sequence[Generator] = (),
    ) -> Rerun | Undone:
        """Run a cell here; `seeds` are for generators that it brings into being by its imports."""
        request = {"sources": [cell.source], "pins": list(pins), "watched": list(watched), "seeds": list(seeds)}
        waited = self._wait(self._engine.timeout, self._engine.patience(cell), op="run", **request)
        return cast("Rerun | Undone", waited)

    def fork(self) -> ForkBranch | Undone:
        """Another one at the same place, but for files that were written since this one began."""
        return self._engine.fork(self._wire, self._pid, self._moment, self._files)

    def run_all(self, cells: Sequence[Cell], seconds: float, anew: bool) -> Rerun | Undone:
        """Run cells one after the other."""
        sources = [cell.source for cell in cells]
        return cast("Rerun | Undone", self._wait(seconds, seconds, op="run", sources=sources, pins=[], anew=anew))

    def alone(self, cell: Cell, given: Sequence[str], seconds: float) -> Alone | Undone:
        """Run a cell without the names of other cells, except for those given."""
        request = {"source": cell.source, "given": list(given)}
        return cast("Alone | Undone", self._wait(seconds, seconds, op="alone", **request))

    def _wait(self, timeout: float | None, patience: float, **request: object) -> dict[str, object] | Undone:
        self._wire.send(request)
        reply = Waiting(timeout, patience, forked=True).answer(self._wire, self._pid)
        if isinstance(reply, Undone):
            self.close()
        return reply

    def remove_files(self, names: Sequence[str]) -> None:
        """Take files away."""
        self._ask(FILES + "remove", names=list(names))

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
        self._wire.close()
        running = _group(self._pid) if self._engine.shares_files else []
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._pid, signal.SIGKILL)
        for process in running:
            _wait_for_end(process)
        self._engine.forget(self)


def _group(pid: int) -> list[psutil.Process]:
    """A process and what it has started, without what has left its group."""
    with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
        process = psutil.Process(pid)
        children = process.children(recursive=True)
        return [process, *(child for child in children if os.getpgid(child.pid) == pid)]
    return []


def _wait_for_end(process: psutil.Process) -> None:
    """Killed processes may be in the middle of writing to a file."""
    deadline = time.monotonic() + _KILL_SECONDS
    with contextlib.suppress(psutil.NoSuchProcess):
        while process.status() != psutil.STATUS_ZOMBIE and time.monotonic() < deadline:
            time.sleep(_TICK)
