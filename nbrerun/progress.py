"""Show the progress of a check on stderr, if that is a terminal."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from nbrerun.model import CellReport, NotebookReport
from nbrerun.reporters.text import one_line

if TYPE_CHECKING:
    from typing_extensions import Self

_PER_SECOND = 8
"""Redraws per second; they happen on a thread of rich, so an event of a cell only sets an attribute."""
_ENOUGH_CELLS = 3
_ENOUGH_SECONDS = 3.0
"""An estimate of the time left needs this many cells and seconds."""
_SUFFIX = ".progress"


class Silent:
    """A listener that shows nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Do nothing."""

    def notebook_started(self, path: str, total: int) -> None:
        """Do nothing."""

    def cell_started(self, index: int, doing: str) -> None:
        """Do nothing."""

    def cell_judged(self, cell: CellReport) -> None:
        """Do nothing."""

    def notebook_finished(self, report: NotebookReport) -> None:
        """Do nothing."""

    def notebook_reported(self, number: int, report: NotebookReport) -> None:
        """Do nothing; `number` counts the notebooks of the run from 0."""

    def workers_started(self, folder: str) -> None:
        """Do nothing; workers that check notebooks tell in this folder how far they are (see `Elsewhere`)."""

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """Leave the terminal to something else within the block."""
        yield


@dataclass
class Place:
    """How far the check of one notebook is."""

    path: str
    total: int
    """Number of its code cells."""
    cell: int | None = None
    """Index of the cell that is run."""
    doing: str = "starting the kernel"
    met: dict[int, int] = field(default_factory=dict)
    """Code cells that were run, by index, each with its position among them, from 1."""
    judged: set[int] = field(default_factory=set)
    alone: set[int] = field(default_factory=set)
    """Cells that were run in a fresh kernel."""

    def start(self, index: int, doing: str) -> None:
        """Note that a cell is about to be run."""
        self.met.setdefault(index, len(self.met) + 1)
        self.cell, self.doing = index, doing
        if doing == "restart":
            self.alone.add(index)

    @property
    def done(self) -> float:
        """Cells that are done; the runs after a restart are the second half of each."""
        return (len(self.judged) + len(self.alone)) / 2

    @property
    def where(self) -> str:
        """Render `cell 5 (2 of 6), `."""
        return "" if self.cell is None else f"cell {self.cell} ({self.met.get(self.cell, 1)} of {self.total}), "


class Elsewhere(Silent):
    """In a worker: tells in a file how far its notebook is, for the `Progress` of the process that started it."""

    def __init__(self, folder: str) -> None:
        """Tell in a folder that the workers share."""
        self._path = Path(folder, f"{os.getpid()}{_SUFFIX}")
        self._place = Place("", 0)

    def __exit__(self, *_: object) -> None:
        self._path.unlink(missing_ok=True)

    def notebook_started(self, path: str, total: int) -> None:
        """Tell which notebook."""
        self._place = Place(path, total)
        self._tell()

    def cell_started(self, index: int, doing: str) -> None:
        """Tell which cell, and what is done with it."""
        self._place.start(index, doing)
        self._tell()

    def cell_judged(self, cell: CellReport) -> None:
        """Count the cell."""
        self._place.judged.add(cell.index)

    def _tell(self) -> None:
        place = self._place
        said = {"path": place.path, "where": place.where, "doing": place.doing, "done": place.done}
        with contextlib.suppress(OSError):  # a full disk is noticed elsewhere
            self._path.write_text(json.dumps(said), encoding="utf-8")


class Progress(Silent):
    """A context manager that draws one line on a terminal, and removes it on exit."""

    def __init__(self, console: Console, cells: Sequence[int] = (1,)) -> None:
        """Prepare to draw on `console`; `cells` has the number of code cells of each notebook in the run."""
        self._state = _State(cells)
        self._console = console
        self._live = self._line()

    def _line(self) -> Live:
        # Neither stream is redirected: rich would replace sys.stdout, and the report is written there.
        return Live(
            self._state,
            console=self._console,
            refresh_per_second=_PER_SECOND,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def __enter__(self) -> Self:
        self._live.start(refresh=False)
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """Remove the line within the block."""
        self._live.stop()
        try:
            yield
        finally:
            self._live = self._line()
            self._live.start(refresh=False)

    def notebook_started(self, path: str, total: int) -> None:
        """Go on to the next notebook."""
        self._state.place = Place(path, total)

    def cell_started(self, index: int, doing: str) -> None:
        """Show the cell, and what is done with it."""
        if self._state.place:
            self._state.place.start(index, doing)

    def cell_judged(self, cell: CellReport) -> None:
        """Count the cell once, even if it is judged twice."""
        if self._state.place:
            self._state.place.judged.add(cell.index)

    def notebook_reported(self, number: int, report: NotebookReport) -> None:
        """Count the notebook; one that was not run says nothing about the time that the others take."""
        self._state.end(number, counts=bool(report.engine) and not report.cached)

    def workers_started(self, folder: str) -> None:
        """Look into the folder whenever the line is drawn."""
        self._state.folder = folder


def listener(cells: Sequence[int], *, quiet: bool) -> Silent:
    """Return a `Progress` if stderr is a terminal that can redraw a line and `quiet` is false, else a `Silent`."""
    console = Console(stderr=True, highlight=False, markup=False, emoji=False)
    drawable = console.is_terminal and not console.is_dumb_terminal and console.file.isatty()
    return Progress(console, cells) if drawable and not quiet else Silent()


class _State:
    """The state of the check, as a line that rich can draw at any moment.

    rich draws on a thread of its own, without a lock, so no attribute may depend on another attribute being up to date.
    """

    def __init__(self, cells: Sequence[int]) -> None:
        self.left = dict(enumerate(cells))
        """Code cells of the notebooks that are not done, by number."""
        self.notebooks = len(cells)
        self.counted = 0.0
        """Cells of the notebooks that are done and were run."""
        self.place: Place | None = None
        self.folder: str | None = None
        self.spinner = Spinner("dots", style="cyan")
        self.since = time.monotonic()

    def end(self, number: int, *, counts: bool) -> None:
        cells = self.left.pop(number, 0)
        self.counted += cells if counts else 0
        self.place = None

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if self.place is None and self.folder is None and self.notebooks == 1:
            return
        elapsed = time.monotonic() - self.since
        line = Table.grid(padding=(0, 1))
        line.add_column(width=1)
        line.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        line.add_column(no_wrap=True)
        line.expand = True
        workers = self.workers()
        remaining = self.remaining(elapsed, sum(worker["done"] for worker in workers))
        clock = _minutes(elapsed) + (f", about {_minutes(remaining)} left" if remaining is not None else "")
        line.add_row(self.spinner, self._where(workers), Text(clock, style="dim"))
        yield line

    def workers(self) -> list[dict[str, Any]]:
        """Read what the workers tell; one that is just writing is left out."""
        told = []
        for path in sorted(Path(self.folder).glob(f"*{_SUFFIX}")) if self.folder else ():
            with contextlib.suppress(OSError, ValueError):
                told.append(json.loads(path.read_text(encoding="utf-8")))
        return told

    def _where(self, workers: Sequence[dict[str, Any]]) -> Text:
        done = self.notebooks - len(self.left)
        if self.folder is not None or self.place is None:
            text = Text(f"{done} of {self.notebooks} notebooks done", style="bold")
            for worker in workers:
                text.append(f"; {one_line(worker['where'] + worker['doing'])}", style="not bold")
                text.append(f"  {one_line(os.path.basename(worker['path']))}", style="not bold dim")
            return text
        text = Text()
        if self.notebooks > 1:
            text.append(f"notebook {min(done + 1, self.notebooks)} of {self.notebooks}, ")
        text.append(self.place.where)
        text.append(one_line(self.place.doing), style="bold")
        # The path comes last, since a narrow terminal cuts the end off.
        return text.append(f"  {one_line(self.place.path)}", style="dim")

    def remaining(self, elapsed: float, elsewhere: float = 0.0) -> float | None:
        """Estimate the seconds left for all notebooks; None while too little is known.

        Args:
            elapsed: seconds since the beginning.
            elsewhere: cells that workers are done with, of notebooks that are not.
        """
        done = self.counted + elsewhere + (self.place.done if self.place else 0)
        total = self.counted + sum(self.left.values())
        if done < _ENOUGH_CELLS or elapsed < _ENOUGH_SECONDS or done >= total:
            return None
        return elapsed / done * (total - done)


def _minutes(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
