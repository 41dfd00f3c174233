"""Building blocks of the terminal report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from nbrerun.model import Raised
from nbrerun.reporters.text import clean, one_line

GAP = 2
"""Spaces between columns, and before lines that belong to the line above them."""
_ERROR_LINES = 8


def grid(rows: Iterable[Sequence[RenderableType]], widths: Sequence[int | None]) -> Table:
    """Lay out rows in columns of these widths (None: as needed), and a last column that takes the rest and wraps."""
    table = Table.grid(padding=(0, GAP, 0, 0), pad_edge=False)
    for width in widths:
        table.add_column(width=width, no_wrap=True)
    table.add_column(overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def indent(renderable: RenderableType, by: int = GAP) -> Padding:
    """Indent by a number of spaces."""
    return Padding(renderable, (0, 0, 0, by))


def count(number: int, word: str, *, plural: bool = True) -> str:
    """Render `1 cell` or `2 cells`."""
    return f"{number} {word}{'s' if plural and number != 1 else ''}"


def prose(text: str, style: str = "") -> Text:
    """Render a sentence, with code between backticks highlighted."""
    shown = Text(one_line(text), style=style)
    shown.highlight_regex(r"`[^`]+`", "cyan")
    return shown


def exception(raised: Raised, most: int = _ERROR_LINES) -> Text:
    """Render an exception with the first lines of its message."""
    lines = clean(raised.evalue).strip().splitlines()
    left = len(lines) - most
    more = [f"(and {count(left, 'line')} more)"] if left > 0 else []
    text = Text(one_line(raised.ename), style="bold red")
    if lines:
        # How many lines follow the only line that is shown fits on that line.
        said = ("\n" if most > 1 else " ").join(lines[:most] + more)
        text.append(": ", style="not bold").append(said, style="not bold default")
    return text


def traceback(raised: Raised) -> Iterator[Text]:
    """Render the traceback line by line."""
    for line in clean("\n".join(raised.traceback)).splitlines():
        yield Text(line, style="dim")
