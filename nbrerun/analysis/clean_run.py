"""One clean run of a notebook, as Restart & Run All does it, with every moment kept to start branches from."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from types import TracebackType

from nbrerun.engine.choose import Choice
from nbrerun.engine.fork import ForkEngine
from nbrerun.engine.interface import Branch, Doing, Fresh, Past, Undone
from nbrerun.engine.kernelspec import ChosenKernel, resolve_kernel
from nbrerun.engine.liveness import ProbeFailure
from nbrerun.model import Cell, Failure
from nbrerun.notebooks.read import Notebook
from nbrerun.probe.protocol.messages import Generator, Rerun, State
from nbrerun.probe.protocol.wire import Closed
from nbrerun.settings.values import Settings
from nbrerun.state.diff import differing, unequal
from nbrerun.state.names import Name
from nbrerun.state.sharing import share

_ALLOWANCE = 10.0
"""Seconds that a cell may run longer in a branch than twice its first run."""
_UNKNOWN = 600.0
"""Seconds that a cell may run of which the first run is not known; and ten times the whole notebook."""


class CleanRun:
    """A notebook that has been run in a fresh kernel; a context manager, which ends the kernel.

    A moment is the number of cells that have been run: 0 before the first, `len(notebook.cells)` after the last.
    """

    def __init__(
        self,
        notebook: Notebook,
        settings: Settings,
        doing: Doing = lambda index, purpose: None,
        kernel: ChosenKernel | None = None,
        seeds: Sequence[Generator] = (),
    ) -> None:
        """Start the kernel; `run` runs the cells.

        Args:
            kernel: the one to run in; None for that which `nbrerun check` would choose.
            seeds: the states in which the global generators begin; other ones begin as they do in any fresh kernel.

        Raises:
            KernelError: the kernel does not exist, does not start, or cannot be read.
        """
        self.notebook = notebook
        self.states: list[State] = []
        """What the kernel held at each moment; shorter if the run ended early."""
        self.seconds: list[float] = []
        """How long each cell took."""
        self.failure: Failure | None = None
        """What ended the run, if a cell raised."""
        self.lost = ""
        """Why the run ended early otherwise; empty if it did not."""
        self._of_kernels: set[Name] | None = None
        """What differs between two kernels that have run nothing; None while there is only one."""
        self.doing = doing
        kernel = kernel or resolve_kernel(notebook, settings)
        self._choice = Choice(notebook, settings, kernel, doing, seeds)

    def __enter__(self) -> CleanRun:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._choice.engine.close()

    @property
    def end(self) -> State:
        """What the kernel holds at the last moment that was reached; after a cell that raised, if one did."""
        return self.states[-1]

    @property
    def is_complete(self) -> bool:
        """Whether every cell was run, and every moment could be read."""
        return not self.lost and self.failure is None

    @property
    def engine_name(self) -> str:
        """`fork`, `replay`, or both."""
        return self._choice.name

    def run(self) -> None:
        """Run every cell, and read the state at each moment; `failure` and `lost` say why it ended early."""
        done: list[Past] = []
        self._read_here(done)
        for cell in self.notebook.cells:
            if self.lost:
                return
            self.doing(cell.index, "first run")
            first = self._choice.engine.first_run(cell)
            self.lost = first.lost
            if first.lost:
                return
            self.seconds.append(first.seconds)
            done.append(Past(cell, first.before or self.end))
            if first.fatal and first.raised is not None:
                raised = first.raised
                self.failure = Failure(raised.ename, raised.evalue, raised.traceback, cell.index)
                self._read_here(done)  # what the cell has done until then stays in the kernel
                return
            self._read_here(done)
        self._choice.engine.keep_files()

    def _read_here(self, done: Sequence[Past]) -> None:
        """Keep the present moment, and read the state there."""
        try:
            branch = self._held(done)
            if isinstance(branch, Undone):
                self.lost = self._choice.advised(branch).reason
                return
            with contextlib.closing(branch):
                state = branch.read()
        except (Closed, ProbeFailure) as error:
            self.lost = f"the state could not be read: {error}"
            return
        if self.states:
            share(state, self.end)
        self.states.append(state)

    def _held(self, done: Sequence[Past]) -> Branch | Undone:
        moment = len(done)
        branch = self._choice.engine.hold(moment)
        cell = self.notebook.cells[max(0, moment - 1)]
        if isinstance(branch, Undone) and self._choice.switch(branch, cell, done):
            return self._choice.engine.hold(moment)
        return branch

    def branch(self, moment: int) -> Fresh | Undone:
        """Start a branch at a moment; the caller closes it.

        Where the moment could not be kept, as by replay, a fresh kernel runs the cells up to it with the random numbers
        of the clean run.
        """
        engine = self._choice.engine
        if isinstance(engine, ForkEngine):
            return engine.branch(moment)
        branch = self.fresh()
        if isinstance(branch, Undone):
            return branch
        for position, cell in enumerate(self.notebook.cells[:moment]):
            undone = self._repeated(branch, position, cell)
            if undone is not None:
                branch.close()
                return undone
        return branch

    def _repeated(self, branch: Fresh, position: int, cell: Cell) -> Undone | None:
        self.doing(cell.index, "again up to here")
        pins = [item for item in self.states[position]["generators"] if item["library"]]
        branch.put_back(pins)
        run = branch.run_all([cell], self.seconds_for([cell]), anew=False)
        if isinstance(run, Undone):
            return run
        failed = self.failure is not None and self.failure.index == cell.index
        if run["error"] is not None and "raises-exception" not in cell.tags and not failed:
            return Undone(f"cell {cell.index} raises {run['error']['ename']} when it is run once more")
        return None

    def fresh(self, anew: bool = False) -> Fresh | Undone:
        """Start a branch that has run nothing, with the files from before the clean run; the caller closes it.

        Args:
            anew: global generators begin as they come, and not as in the clean run.
        """
        engine = self._choice.engine
        branch = engine.fresh(files=False)
        if isinstance(branch, Undone):
            return branch
        if self._of_kernels is None:
            # Replay starts another kernel for it, which has other values of a few environment variables.
            self._of_kernels = set() if self._choice.name == "fork" else differing(self.states[0], branch.read())
        if not anew:
            branch.begin_as(engine.seeds)
        return branch

    def unlike(self, moment: int, state: State) -> set[Name]:
        """What has another value in a branch than at a moment, generators included.

        What differs between any two kernels is left out.
        """
        return unequal(self.states[moment], state) - (self._of_kernels or set())

    def seconds_for(self, cells: Sequence[Cell]) -> float:
        """How long cells may run in a branch; those that this notebook lacks may take long."""
        known = {cell.source: seconds for cell, seconds in zip(self.notebook.cells, self.seconds, strict=False)}
        unknown = _UNKNOWN + 10 * sum(self.seconds)
        return sum(2 * known[cell.source] + _ALLOWANCE if cell.source in known else unknown for cell in cells)


def run_in(branch: Branch, cells: Sequence[Cell], seconds: float) -> list[Rerun] | Undone:
    """Run cells in a branch one after the other, until one raises.

    Args:
        seconds: after which a single cell is stopped.

    Returns:
        What each cell was seen to do, with the state after it; the last one has the error, if a cell raised.
    """
    runs: list[Rerun] = []
    for cell in cells:
        run = branch.run_all([cell], seconds, anew=False)
        if isinstance(run, Undone):
            return run
        runs.append(run)
        if run["error"] is not None:
            break
    return runs
