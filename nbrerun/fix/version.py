"""A version of a notebook, the original or one with proven edits, and what its run has shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from nbrerun.analysis import Examined, Listener, examine
from nbrerun.analysis.clean_run import CleanRun
from nbrerun.fix.edit import Edit
from nbrerun.model import CellReport
from nbrerun.notebooks.edited import with_sources
from nbrerun.notebooks.read import Notebook
from nbrerun.probe.protocol.messages import Generator, State
from nbrerun.settings.values import Settings
from nbrerun.state.diff import unequal
from nbrerun.state.names import Name
from nbrerun.state.timeline import Step

Stays = Callable[[CellReport], str]
"""Says that the finding stays, from the report on a cell; nothing where it does not show that."""


class NotFixed(Exception):
    """Ends the run of an edited notebook at the cell whose finding stays, since the rest would tell nothing."""


class _UntilItStays:
    """A listener that ends the run there."""

    def __init__(self, listener: Listener, stays: Stays) -> None:
        self._stays = stays
        self.notebook_started = listener.notebook_started
        self.cell_started = listener.cell_started
        self.notebook_finished = listener.notebook_finished
        self._judged = listener.cell_judged

    def cell_judged(self, cell: CellReport) -> None:
        """Pass the report on, and see whether the finding stays."""
        self._judged(cell)
        if why := self._stays(cell):
            raise NotFixed(why)


@dataclass
class Version:
    """A notebook that has been examined: run, with every cell run once more."""

    notebook: Notebook
    settings: Settings
    examined: Examined
    _noise: dict[int, frozenset[Name]] | None = field(default=None, repr=False)

    @classmethod
    def examine(
        cls, notebook: Notebook, settings: Settings, listener: Listener, seeds: Sequence[Generator] = ()
    ) -> Version:
        """Run a notebook, and each of its cells again; fixes need neither restarts nor whole second runs.

        Raises:
            KernelError: the kernel does not exist, does not start, or cannot be read.
        """
        settings = replace(settings, experiments=frozenset({"again", "later"}), cells=(), only="all", watch=frozenset())
        settings = replace(settings, write_files=False, static=False, profile=False)
        examined = examine(notebook, settings, listener, seeds)
        if examined.report.interrupted:
            raise KeyboardInterrupt
        return cls(notebook, settings, examined)

    def edited(self, edit: Edit, listener: Listener, stays: Stays) -> Version:
        """Examine the version with an edit; its random numbers begin as they did here.

        Raises:
            NotFixed: the report on a cell shows already that the finding stays.
        """
        notebook = with_sources(self.notebook, edit.sources)
        return self.examine(notebook, self.settings, _UntilItStays(listener, stays), self.examined.seeds)

    @property
    def texts(self) -> dict[int, str]:
        """Sources of the cells that are run, by index."""
        return {cell.index: cell.source for cell in self.notebook.cells}

    @property
    def steps(self) -> Mapping[int, Step]:
        """What the cells did, by index."""
        return {step.cell.index: step for step in self.examined.steps}

    def report(self, index: int) -> CellReport:
        """Return the report on a cell."""
        return next(cell for cell in self.examined.report.cells if cell.index == index)

    def noise(self) -> Mapping[int, frozenset[Name]]:
        """Run the notebook once more; what differs after each cell though the random numbers began alike."""
        if self._noise is None:
            steps, states = self.steps, self.run_again(self.examined.seeds)
            both = steps.keys() & states.keys()
            self._noise = {index: frozenset(unequal(steps[index].first, states[index])) for index in both}
        return self._noise

    def run_again(self, seeds: Sequence[Generator] = ()) -> dict[int, State]:
        """Run the notebook once more in a fresh kernel, and return the states after the cells, by index."""
        with CleanRun(self.notebook, self.settings, seeds=seeds) as run:
            run.run()
            return {cell.index: state for cell, state in zip(self.notebook.cells, run.states[1:], strict=False)}


Examine = Callable[[Edit, Stays], Version]
"""Runs the version with an edit."""
