"""The progress display: on a terminal a line that goes away again, elsewhere nothing."""

from __future__ import annotations

import io
import sys
import time

import pytest
from rich.console import Console

from nbrerun import progress
from nbrerun.model import CellReport, NotebookReport, Verdict

HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"


class _Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


def _console(out: io.StringIO, width: int = 100) -> Console:
    return Console(file=out, width=width, force_terminal=True, color_system=None, highlight=False, markup=False)


def _judged(index: int) -> CellReport:
    return CellReport(index, str(index), Verdict.RESET, "")


def _line(shown: progress.Progress, width: int = 100) -> str:
    out = io.StringIO()
    _console(out, width).print(shown._state)
    return out.getvalue()


def _started(notebooks: int = 1, total: int = 6) -> progress.Progress:
    shown = progress.Progress(_console(io.StringIO()), notebooks)
    shown.notebook_started("lessons/[red].ipynb", total)
    return shown


def test_the_line_says_notebook_cell_and_what_is_done() -> None:
    """Which notebook of how many, which cell of how many, and what is done with it."""
    shown = _started(notebooks=3)
    for index, doing in [(2, "first run"), (2, "again"), (5, "first run")]:
        shown.cell_started(index, doing)
    line = _line(shown)
    assert "notebook 1 of 3, cell [5] (2 of 6), first run  lessons/[red].ipynb" in line
    assert "0:00" in line
    assert "notebook" not in _line(_started())


def test_a_cell_that_comes_again_keeps_its_number() -> None:
    """*later* goes back to a cell: it is still cell 1 of 6."""
    shown = _started()
    for index in (2, 5, 2):
        shown.cell_started(index, "later")
    assert "cell [2] (1 of 6), later" in _line(shown)


def test_a_narrow_terminal_cuts_the_path_only() -> None:
    """Cell, step and time are there on 50 columns, on one line."""
    shown = _started()
    shown.cell_started(2, "first run")
    line = _line(shown, 50)
    assert "cell [2] (1 of 6), first run" in line
    assert "0:00" in line
    assert line.count("\n") == 1


def test_the_remaining_time_is_an_estimate_from_the_cells_judged() -> None:
    """Nothing is claimed early or at the end; a cell that is judged twice counts once."""
    state = _started(total=6)._state
    state.judged |= {1, 2}
    assert state.remaining(60.0) is None
    shown = _started(total=6)
    for index in (1, 2, 3, 3):
        shown.cell_judged(_judged(index))
    assert shown._state.remaining(60.0) == 60.0
    assert shown._state.remaining(1.0) is None
    for index in (4, 5, 6):
        shown.cell_judged(_judged(index))
    assert shown._state.remaining(60.0) is None


def test_each_notebook_begins_anew() -> None:
    """Counts and estimate of the notebook before are gone, its number goes up."""
    shown = _started(notebooks=2)
    shown.cell_started(2, "first run")
    shown.cell_judged(_judged(2))
    shown.notebook_finished(NotebookReport("a", "fork", "", "python3"))
    shown.notebook_started("b.ipynb", 3)
    assert "notebook 2 of 2, starting the kernel  b.ipynb" in _line(shown)
    shown.cell_started(0, "first run")
    assert "(1 of 3)" in _line(shown)
    assert not shown._state.judged


@pytest.mark.parametrize(
    ("seconds", "clock"), [(0.4, "0:00"), (59.6, "1:00"), (61, "1:01"), (3599, "59:59"), (3725, "1:02:05")]
)
def test_times_read_as_a_clock(seconds: float, clock: str) -> None:
    """Minutes and seconds, hours where there are any."""
    assert progress._minutes(seconds) == clock


@pytest.mark.parametrize("error", [None, ValueError, KeyboardInterrupt])
def test_the_terminal_is_as_before(error: type[BaseException] | None) -> None:
    """However the block ends, the cursor is back and the line is gone; the exception goes on."""
    out = io.StringIO()

    def run() -> None:
        with progress.Progress(_console(out)) as shown:
            shown.notebook_started("x.ipynb", 2)
            time.sleep(0.3)
            if error:
                raise error

    if error:
        with pytest.raises(error):
            run()
    else:
        run()
    assert "x.ipynb" in out.getvalue()
    assert out.getvalue().rfind(HIDE) < out.getvalue().rfind(SHOW)
    assert out.getvalue().endswith("\x1b[2K")


def test_many_events_draw_few_lines() -> None:
    """Ten thousand events in a moment do not become ten thousand redraws."""
    out = io.StringIO()
    with progress.Progress(_console(out)) as shown:
        shown.notebook_started("x.ipynb", 10_000)
        begun = time.monotonic()
        for index in range(10_000):
            shown.cell_started(index, "again")
            shown.cell_judged(_judged(index))
        elapsed = time.monotonic() - begun
    assert out.getvalue().count("x.ipynb") <= 10 * elapsed + 2


def test_nobody_looks_on_so_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a terminal, on a dumb one, with FORCE_COLOR into a pipe, or with `-q` nothing is drawn."""
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert type(progress.listener(1, quiet=False)) is progress.Silent
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert type(progress.listener(1, quiet=False)) is progress.Silent
    monkeypatch.delenv("FORCE_COLOR")
    monkeypatch.setattr(sys, "stderr", _Tty())
    assert type(progress.listener(1, quiet=False)) is progress.Progress
    assert type(progress.listener(1, quiet=True)) is progress.Silent
    monkeypatch.setenv("TERM", "dumb")
    assert type(progress.listener(1, quiet=False)) is progress.Silent


def test_silent_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    """A silent listener takes every event and writes nothing."""
    with progress.Silent() as silent:
        silent.notebook_started("x.ipynb", 1)
        silent.cell_started(0, "first run")
        silent.cell_judged(_judged(0))
        silent.notebook_finished(NotebookReport("x", "fork", "", "python3"))
    assert capfd.readouterr() == ("", "")
