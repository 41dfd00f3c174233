"""Small things that the sections of the terminal report are made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from nbrerun.model import Raised
from nbrerun.reporters.text import clean, one_line

GAP = 2
"""Blanks between columns, and before what belongs to the line above it."""
_ERROR_LINES = 8


def grid(rows: Iterable[Sequence[RenderableType]], widths: Sequence[int | None]) -> Table:
    """Lay out rows in columns of these widths (None: as needed), and one more that takes the rest and wraps."""
    table = Table.grid(padding=(0, GAP, 0, 0), pad_edge=False)
    for width in widths:
        table.add_column(width=width, no_wrap=True)
    table.add_column(overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def indent(renderable: RenderableType, by: int = GAP) -> Padding:
    """Move to the right."""
    return Padding(renderable, (0, 0, 0, by))


def count(number: int, word: str, *, plural: bool = True) -> str:
    """Write `1 cell`, `2 cells`."""
    return f"{number} {word}{'s' if plural and number != 1 else ''}"


def prose(text: str, style: str = "") -> Text:
    """Show a sentence; what stands between backticks is code."""
    shown = Text(one_line(text), style=style)
    shown.highlight_regex(r"`[^`]+`", "cyan")
    return shown


def exception(raised: Raised, most: int = _ERROR_LINES) -> Text:
    """Show an exception with the first lines of what it says."""
    lines = clean(raised.evalue).strip().splitlines()
    left = len(lines) - most
    more = [f"(and {count(left, 'line')} more)"] if left > 0 else []
    text = Text(one_line(raised.ename), style="bold red")
    if lines:
        # What there is to say beside the first line of several fits on that line.
        said = ("\n" if most > 1 else " ").join(lines[:most] + more)
        text.append(": ", style="not bold").append(said, style="not bold default")
    return text


def traceback(raised: Raised) -> Iterator[Text]:
    """Show the traceback, one line after the other."""
    for line in clean("\n".join(raised.traceback)).splitlines():
        yield Text(line, style="dim")
