"""The progress display: on a terminal a line that goes away again, elsewhere nothing."""

from __future__ import annotations

import io
import sys
import time
from pathlib import Path
from typing import Any

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


def _started(*cells: int) -> progress.Progress:
    """A run of notebooks with so many cells, the first of which has been started."""
    shown = progress.Progress(_console(io.StringIO()), cells or (6,))
    shown.notebook_started("lessons/[red].ipynb", cells[0] if cells else 6)
    return shown


def _ran(path: str = "a.ipynb", **more: Any) -> NotebookReport:
    return NotebookReport(path, "fork", "", "python3", **more)


def test_the_line_says_notebook_cell_and_what_is_done() -> None:
    """Which notebook of how many, which cell of how many, and what is done with it."""
    shown = _started(6, 2, 2)
    for index, doing in [(2, "first run"), (2, "again"), (5, "first run")]:
        shown.cell_started(index, doing)
    line = _line(shown)
    assert "notebook 1 of 3, cell 5 (2 of 6), first run  lessons/[red].ipynb" in line
    assert "0:00" in line
    assert "notebook" not in _line(_started())


def test_a_cell_that_comes_again_keeps_its_number() -> None:
    """*later* goes back to a cell: it is still cell 1 of 6."""
    shown = _started()
    for index in (2, 5, 2):
        shown.cell_started(index, "later")
    assert "cell 2 (1 of 6), later" in _line(shown)


def test_a_narrow_terminal_cuts_the_path_only() -> None:
    """Cell, step and time are there on 50 columns, on one line."""
    shown = _started()
    shown.cell_started(2, "first run")
    line = _line(shown, 50)
    assert "cell 2 (1 of 6), first run" in line
    assert "0:00" in line
    assert line.count("\n") == 1


def test_the_remaining_time_is_an_estimate_from_all_cells() -> None:
    """The rerun of a cell is half of it, its run after a restart the other; nothing is claimed early or at the end."""
    shown = _started(6, 4)
    for index in (1, 2, 3, 3, 4, 5):
        shown.cell_judged(_judged(index))
    assert shown._state.remaining(60.0) is None  # two and a half cells
    shown.cell_judged(_judged(6))
    assert shown._state.remaining(60.0) == 60.0 / 3 * 7
    assert shown._state.remaining(1.0) is None
    for index in (1, 2):
        shown.cell_started(index, "restart")
    assert shown._state.remaining(60.0) == 60.0 / 4 * 6
    shown.notebook_reported(0, _ran())
    assert shown._state.remaining(60.0) == 60.0 / 6 * 4
    shown.notebook_reported(1, _ran())
    assert shown._state.remaining(60.0) is None


def test_what_was_not_run_says_nothing_about_the_time() -> None:
    """A notebook from the cache is done, and its cells count neither as done nor as left."""
    shown = _started(4, 100, 4)
    shown.notebook_reported(1, _ran(cached=True))
    shown.notebook_reported(0, _ran())
    assert shown._state.remaining(60.0) == 60.0
    assert "2 of 3 notebooks done" in _line(shown)


def test_each_notebook_begins_anew() -> None:
    """Counts of the notebook before are gone, its number goes up."""
    shown = _started(6, 3)
    shown.cell_started(2, "first run")
    shown.cell_judged(_judged(2))
    shown.notebook_reported(0, _ran())
    shown.notebook_started("b.ipynb", 3)
    assert "notebook 2 of 2, starting the kernel  b.ipynb" in _line(shown)
    shown.cell_started(0, "first run")
    assert "(1 of 3)" in _line(shown)


def test_workers_tell_how_far_they_are(tmp_path: Path) -> None:
    """What each worker does is on the line, and its cells count; what it leaves behind is ignored, and removed."""
    shown = progress.Progress(_console(io.StringIO()), (6, 6, 6))
    shown.workers_started(str(tmp_path))
    (tmp_path / "1.progress").write_text('{"path": "half')
    assert "0 of 3 notebooks done  " in _line(shown)
    with progress.Elsewhere(str(tmp_path)) as worker:
        worker.notebook_started("lessons/a.ipynb", 6)
        worker.cell_started(4, "first run")
        for index in range(6):
            worker.cell_judged(_judged(index))
        worker.cell_started(4, "restart")
        line = _line(shown)
        assert "0 of 3 notebooks done; cell 4 (1 of 6), restart  a.ipynb" in line
        (told,) = shown._state.workers()
        assert shown._state.remaining(60.0, told["done"]) == 60.0 / 3.5 * 14.5
    assert shown._state.workers() == []


def test_a_report_that_is_written_in_between_has_the_terminal_to_itself() -> None:
    """Within the block the line is gone; after it, it is there again."""
    out = io.StringIO()
    with progress.Progress(_console(out)) as shown:
        shown.notebook_started("x.ipynb", 2)
        time.sleep(0.3)
        with shown.aside():
            before = out.getvalue()
            assert before.endswith("\x1b[2K")
            time.sleep(0.3)
            assert out.getvalue() == before
        time.sleep(0.3)
        assert "x.ipynb" in out.getvalue()[len(before) :]


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
    assert type(progress.listener([1], quiet=False)) is progress.Silent
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert type(progress.listener([1], quiet=False)) is progress.Silent
    monkeypatch.delenv("FORCE_COLOR")
    monkeypatch.setattr(sys, "stderr", _Tty())
    assert type(progress.listener([1], quiet=False)) is progress.Progress
    assert type(progress.listener([1], quiet=True)) is progress.Silent
    monkeypatch.setenv("TERM", "dumb")
    assert type(progress.listener([1], quiet=False)) is progress.Silent


def test_silent_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    """A silent listener takes every event and writes nothing."""
    with progress.Silent() as silent:
        silent.notebook_started("x.ipynb", 1)
        silent.cell_started(0, "first run")
        silent.cell_judged(_judged(0))
        silent.notebook_finished(_ran())
        silent.notebook_reported(0, _ran())
        silent.workers_started("x")
        with silent.aside():
            pass
    assert capfd.readouterr() == ("", "")
