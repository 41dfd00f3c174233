"""The kernel in which the plan is to be run: it has run the notebook as it was before the edit."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Protocol

from nbrerun.analysis.clean_run import CleanRun
from nbrerun.engine.interface import Fresh, Undone
from nbrerun.engine.liveness import ProbeFailure
from nbrerun.probe.protocol.messages import State
from nbrerun.probe.protocol.wire import Closed
from nbrerun.state.diff import differing
from nbrerun.state.names import Space, keys


class Before(Protocol):
    """What the kernel holds before the plan is run."""

    run: CleanRun
    held: State
    stands_in: bool
    """What the edited cells were before is not known."""

    def branch(self) -> Fresh | Undone:
        """Start a branch there; the caller closes it."""


class Known:
    """The kernel has run another version of the notebook, as far as that goes."""

    stands_in = False

    def __init__(self, run: CleanRun) -> None:
        self.run = run
        self.held = run.end

    def branch(self) -> Fresh | Undone:
        """Go to the end of that run."""
        return self.run.branch(len(self.run.states) - 1)


class StandIn:
    """The kernel has run the notebook with cells of which nobody knows what they were.

    Other values stand in for what they left: those of the cells as they are now, changed.
    """

    stands_in = True

    def __init__(self, run: CleanRun, edited: Sequence[int]) -> None:
        """Take a clean run of the notebook as it is.

        Args:
            edited: positions of the cells of which the old version is not known, in order.
        """
        self.run = run
        self._edited = edited
        self.held: State = run.end

    def begin(self) -> Undone | None:
        """Read what the kernel holds."""
        branch = self.branch()
        if isinstance(branch, Undone):
            return branch
        with contextlib.closing(branch):
            self.held = branch.read()
        return None

    def branch(self) -> Fresh | Undone:
        """Run the cells, and change what each of the edited ones has written."""
        first = self._edited[0]
        branch = self.run.branch(first + 1)
        if isinstance(branch, Undone):
            return branch
        self._change(branch, first)
        for at, cell in enumerate(self.run.notebook.cells[first + 1 :], first + 1):
            # With other values it may raise, as the old version may have done.
            run = branch.run_all([cell], self.run.seconds_for([cell]), anew=False)
            if isinstance(run, Undone):
                return run
            if at in self._edited:
                self._change(branch, at)
        return branch

    def _change(self, branch: Fresh, at: int) -> None:
        names = keys(differing(self.run.states[at], self.run.states[at + 1]), Space.VARIABLE)
        there = sorted(names & self.run.states[at + 1]["variables"].keys())
        with contextlib.suppress(Closed, ProbeFailure):  # then it holds the present values
            parts = branch.leaves_after(there)
            branch.perturb({name: dict.fromkeys(leaves) for name, leaves in parts.items()})
