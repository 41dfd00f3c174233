"""The tables of `--profile`: what the time of each check was spent on, and of all together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich import box
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from nbrerun.model import Part, Report, Spent
from nbrerun.reporters.text import one_line

_MARGIN = 1
_SMALLEST = 0.005
"""Seconds below which the table would show 0.00."""
_BESIDE = "beside: in other processes at the same time as something else, and not in the total"


def profiles(report: Report) -> Iterator[RenderableType]:
    """Lay out a table for each notebook that was profiled; for several, their sum follows."""
    profiled = [notebook for notebook in report.notebooks if notebook.profile]
    for notebook in profiled:
        yield from _titled(f"where the time went: {one_line(notebook.path)}", notebook.profile)
    if len(profiled) > 1:
        parts = [spent for notebook in profiled for spent in notebook.profile]
        title = f"where the time went: all {len(profiled)} notebooks, side by side or not"
        yield from _titled(title, added(parts))
    if any(spent.beside >= _SMALLEST for notebook in profiled for spent in notebook.profile):
        yield Text(f"{_BESIDE}\n", style="dim")


def added(parts: Sequence[Spent]) -> tuple[Spent, ...]:
    """Add up several profiles, part by part."""
    return tuple(
        Spent(
            part,
            sum(spent.seconds for spent in parts if spent.part is part),
            sum(spent.beside for spent in parts if spent.part is part),
        )
        for part in Part
    )


def _titled(title: str, profile: Sequence[Spent]) -> Iterator[RenderableType]:
    yield Text(title, style="bold", overflow="fold")
    yield Padding(_table(profile), (0, 0, 0, _MARGIN))


def _table(profile: Sequence[Spent]) -> Table:
    total = sum(spent.seconds for spent in profile)
    beside = sum(spent.beside for spent in profile)
    table = Table(box=box.SIMPLE, show_footer=True, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    table.add_column("part", footer="total")
    table.add_column("seconds", footer=_seconds(total), justify="right")
    table.add_column("share", footer="100 %", justify="right")
    if beside >= _SMALLEST:
        table.add_column("beside", footer=_seconds(beside), justify="right")
    for spent in profile:
        if max(spent.seconds, spent.beside) >= _SMALLEST:
            share = f"{100 * spent.seconds / total:.0f} %" if total else ""
            row = [str(spent.part), _seconds(spent.seconds), share]
            table.add_row(*row, *([_seconds(spent.beside)] if beside >= _SMALLEST else []))
    return table


def _seconds(seconds: float) -> str:
    return f"{seconds:.2f}" if seconds >= _SMALLEST else ""
