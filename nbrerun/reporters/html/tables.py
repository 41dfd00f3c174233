"""The rows of a table that a rerun changed, each number with what it was before."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from nbrerun.model import Change
from nbrerun.reporters.text import one_line

_COLUMN = re.compile(r".*\[(['\"])(.*)\1\]", re.DOTALL)
"""A part that is a column: `df['price']`."""
_MOST_ROWS = 8


@dataclass(frozen=True)
class Table:
    """Some columns of a table, in the rows that differ."""

    columns: tuple[str, ...]
    rows: tuple[tuple[int, tuple[Markup, ...]], ...]
    """Their places, from 0, and what is there."""
    caption: str


def difference(changes: Sequence[Change]) -> tuple[Table | None, Sequence[Change]]:
    """Take the columns of numbers that the report holds in full, and return the other changes as well."""
    columns = [
        (match[2], change) for change in changes if (match := _COLUMN.fullmatch(change.path)) and _is_whole(change)
    ]
    drawn = [change.numbers for _, change in columns if change.numbers]
    if len({numbers.shape for numbers in drawn}) != 1:
        return None, changes
    cells = list(zip(*(map(_cell, each.first, each.again) for each in drawn), strict=True))
    places = [place for place, row in enumerate(cells) if any("<ins>" in cell for cell in row)]
    if not places:  # they differ in digits that the report leaves out
        return None, changes
    caption = f"{len(places):,} of {len(cells):,} rows differ"
    if len(places) > _MOST_ROWS:
        caption += f", of which these are the first {_MOST_ROWS}"
    table = Table(
        tuple(one_line(name) for name, _ in columns),
        tuple((place, cells[place]) for place in places[:_MOST_ROWS]),
        caption,
    )
    taken = {change.path for _, change in columns}
    return table, [change for change in changes if change.path not in taken]


def _is_whole(change: Change) -> bool:
    return change.numbers is not None and change.numbers.shape == (len(change.numbers.first),)


def _cell(first: float | None, again: float | None) -> Markup:
    before, after = ("" if value is None else f"{value:g}" for value in (first, again))
    if before == after:
        return Markup("{}").format(before)
    return Markup("<del>{}</del> <ins>{}</ins>").format(before or "nan", after or "nan")
