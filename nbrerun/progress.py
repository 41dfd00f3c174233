"""Show the progress of a check on stderr, if that is a terminal."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

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


class Progress(Silent):
    """A context manager that draws one line on a terminal, and removes it on exit."""

    def __init__(self, console: Console, notebooks: int = 1) -> None:
        """Prepare to draw on `console`; `notebooks` is the number of notebooks in the run."""
        self._state = _State(notebooks)
        # Neither stream is redirected: rich would replace sys.stdout, and the report is written there.
        self._live = Live(
            self._state,
            console=console,
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

    def notebook_started(self, path: str, total: int) -> None:
        """Start over with the next notebook."""
        self._state.begin(path, total, self._state.number + 1)

    def cell_started(self, index: int, doing: str) -> None:
        """Show the cell, and what is done with it."""
        ordinal = self._state.ordinals.setdefault(index, len(self._state.ordinals) + 1)
        self._state.cell, self._state.doing = f"cell [{index}] ({ordinal} of {self._state.total}), ", doing

    def cell_judged(self, cell: CellReport) -> None:
        """Count the cell once, even if it is judged twice."""
        self._state.judged.add(cell.index)

    def notebook_finished(self, report: NotebookReport) -> None:
        """Show that the notebook is done."""
        self._state.cell, self._state.doing = "", "done"


def listener(notebooks: int, *, quiet: bool) -> Silent:
    """Return a `Progress` if stderr is a terminal that can redraw a line and `quiet` is false, else a `Silent`."""
    console = Console(stderr=True, highlight=False, markup=False, emoji=False)
    drawable = console.is_terminal and not console.is_dumb_terminal and console.file.isatty()
    return Progress(console, notebooks) if drawable and not quiet else Silent()


class _State:
    """The state of the check, as a line that rich can draw at any moment.

    rich draws on a thread of its own, without a lock, so no attribute may depend on another one being up to date.
    """

    def __init__(self, notebooks: int) -> None:
        self.notebooks = notebooks
        self.spinner = Spinner("dots", style="cyan")
        self.begin("", 0, number=0)

    def begin(self, path: str, total: int, number: int) -> None:
        self.number = number
        self.path, self.total = path, total
        self.cell = ""
        self.doing = "starting the kernel"
        self.ordinals: dict[int, int] = {}
        self.judged: set[int] = set()
        self.since = time.monotonic()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if not self.path and self.notebooks == 1:
            return
        elapsed = time.monotonic() - self.since
        line = Table.grid(padding=(0, 1))
        line.add_column(width=1)
        line.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        line.add_column(no_wrap=True)
        line.expand = True
        remaining = self.remaining(elapsed)
        clock = _minutes(elapsed) + (f", about {_minutes(remaining)} left" if remaining is not None else "")
        line.add_row(self.spinner, self._where(), Text(clock, style="dim"))
        yield line

    def _where(self) -> Text:
        if not self.path:
            return Text(f"checking {self.notebooks} notebooks", style="bold")
        text = Text()
        if self.notebooks > 1:
            text.append(f"notebook {self.number} of {self.notebooks}, ")
        text.append(self.cell)
        text.append(one_line(self.doing), style="bold")
        # The path comes last, since a narrow terminal cuts the end off.
        return text.append(f"  {one_line(self.path)}", style="dim")

    def remaining(self, elapsed: float) -> float | None:
        """Estimate the seconds left for this notebook; None while too little is known."""
        done = len(self.judged)
        if done < _ENOUGH_CELLS or elapsed < _ENOUGH_SECONDS or done >= self.total:
            return None
        return elapsed / done * (self.total - done)


def _minutes(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
