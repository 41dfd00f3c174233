"""Which engine, and from which cell on the other one has to be used; with the reason, for reports."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from nbrerun.engine.fork import ForkEngine
from nbrerun.engine.interface import Doing, Engine, Limits, Past, Undone
from nbrerun.engine.kernel import Kernel
from nbrerun.engine.kernelspec import ChosenKernel
from nbrerun.engine.replay import ReplayEngine
from nbrerun.model import Cell
from nbrerun.notebooks.read import Notebook
from nbrerun.probe.protocol.messages import Generator
from nbrerun.probe.protocol.requests import SandboxFound
from nbrerun.settings.values import Settings


class Chosen(Protocol):
    """The engine in use, which the other may replace, and why."""

    reason: str

    @property
    def engine(self) -> Engine:
        """The one in use now."""

    @property
    def name(self) -> str:
        """`fork`, `replay`, or both."""

    @property
    def sandbox(self) -> SandboxFound:
        """The sandbox that keeps files safe, with the reason for it."""

    def switch(self, undone: Undone, cell: Cell, done: Sequence[Past]) -> bool:
        """Use another engine from this cell on, if that may help; whether it does now."""

    def advised(self, undone: Undone) -> Undone:
        """Add what would help, if only the choice of the engine keeps a cell from being judged."""


class Choice:
    """The engine in use, and why."""

    def __init__(
        self,
        notebook: Notebook,
        settings: Settings,
        kernel: ChosenKernel,
        doing: Doing,
        seeds: Sequence[Generator] = (),
    ) -> None:
        """Start the kernel of the main run; its global generators begin in the states `seeds`."""
        self._notebook = notebook
        self._kernel = kernel
        self._settings = settings
        self._limits = Limits(settings)
        self._doing = doing
        self._seeds = seeds
        self._wanted = settings.engine
        self.names: list[str] = []
        self.engine: ForkEngine[Kernel] | ReplayEngine
        self.engine, self.reason = self._first()
        self.names.append(self.engine.name)

    def _first(self) -> tuple[ForkEngine[Kernel] | ReplayEngine, str]:
        can_fork = hasattr(os, "fork")
        if self._wanted == "replay" or (self._wanted == "auto" and not can_fork):
            reason = "asked for" if self._wanted == "replay" else "this system cannot fork"
            return ReplayEngine(self._start(self._seeds), self._start, self._limits, self._doing), reason
        reason = "asked for" if self._wanted == "fork" else "everything in this notebook survives a fork"
        return ForkEngine(self._start(self._seeds), self._limits), reason

    def _start(self, seeds: Sequence[Generator] = (), files: str = "", wait: bool = True) -> Kernel:
        return Kernel(self._notebook, self._kernel, self._settings, seeds, files, wait)

    def switch(self, undone: Undone, cell: Cell, done: Sequence[Past]) -> bool:
        """Use replay from this cell on, in the same kernel, if that may help; whether it does now.

        Args:
            undone: why the engine in use gave no answer.
            cell: the cell for which it gave none.
            done: the cells that the main run has run so far.
        """
        engine = self.engine
        if self._wanted != "auto" or not undone.replay_may_answer or not isinstance(engine, ForkEngine):
            return False
        self.reason = f"fork up to cell {cell.index}, replay from there on: {undone.reason}"
        past = [replace(each, entropy=engine.entropy.get(moment, ())) for moment, each in enumerate(done, 1)]
        self.engine = ReplayEngine(engine.release(), self._start, self._limits, self._doing, past)
        self.names.append(self.engine.name)
        return True

    def advised(self, undone: Undone) -> Undone:
        """Add what would help, if only the choice of the engine keeps a cell from being judged."""
        if self._wanted != "fork" or not undone.replay_may_answer or undone.stopped:
            return undone
        return replace(undone, reason=f"{undone.reason}; with `--engine auto`, replay takes over from here on")

    @property
    def sandbox(self) -> SandboxFound:
        """The sandbox that keeps files safe, with the reason for it."""
        return self.engine.kernel.sandbox

    @property
    def name(self) -> str:
        """`fork`, `replay`, or both."""
        return "+".join(self.names)
