"""What a rerun changed, the value after the first run beside that after the second."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

from markupsafe import Markup, escape

from nbrerun.model import ABSENT, CellReport, Change, Mark, VariableReport, Verdict
from nbrerun.reporters.html import pictures, tables
from nbrerun.reporters.html.words import prose
from nbrerun.reporters.text import clean, one_line

_NUMBER = re.compile(r"-?[\d.]+(?:e[+-]?\d+)?")
_WORD = re.compile(r"-?\w[\w.+-]*|\s+|.", re.DOTALL)
_SIMILAR = 0.4
"""Texts less alike than this are easier to read without marks in them."""


@dataclass(frozen=True)
class Row:
    """One part that differs."""

    part: str
    """Without the name of the variable, which stands above."""
    first: Markup
    again: Markup
    by: str
    """The largest change of its numbers."""
    state: str
    """`new`, `gone` or empty."""
    pictures: pictures.Pair | None


@dataclass(frozen=True)
class Moved:
    """A variable with a verdict."""

    name: str
    type: str
    words: str
    """`in-place`, or `reset, recreated, unseeded`."""
    reason: Markup
    figure: pictures.Pair | None
    table: tables.Table | None
    """The columns that differ; `rows` has the other parts."""
    rows: tuple[Row, ...]
    more: int
    """Parts that differ as well."""
    unread: tuple[str, ...]
    is_quiet: bool
    """It starts over with the same value."""


def variables(cell: CellReport) -> list[Moved]:
    """The variables of a cell; those of which there is something to see come first."""
    found = [_moved(variable) for variable in cell.variables if not variable.incidental]
    return sorted(found, key=lambda one: one.is_quiet)


def _moved(variable: VariableReport) -> Moved:
    said = [variable.verdict, variable.how, variable.via and f"via {variable.via}", variable.direction, *variable.marks]
    if Mark.FOLLOWS in variable.marks and variable.follows:
        said[said.index(Mark.FOLLOWS)] = f"follows {', '.join(variable.follows)}"
    is_quiet = variable.verdict is Verdict.RESET and not (variable.marks or variable.changes or variable.opaque)
    table, others = tables.difference(variable.changes)
    return Moved(
        one_line(variable.name),
        one_line(variable.type),
        ", ".join(one_line(str(word)) for word in said if word),
        prose(variable.sentence),
        pictures.figure([picture for change in variable.changes for picture in change.pictures]),
        table,
        tuple(_row(change, variable.name) for change in others),
        variable.more_changes,
        tuple(map(one_line, variable.opaque)),
        is_quiet,
    )


def _row(change: Change, name: str) -> Row:
    part = one_line(change.path)
    if part.startswith(name) and part != name:
        part = part[len(name) :].removeprefix(".")
    state = "new" if change.first == ABSENT else "gone" if change.again == ABSENT else ""
    first, again = side_by_side(change.first, change.again)
    size = change.max_abs_change
    # Of two plain numbers everybody sees the difference.
    are_single = _NUMBER.fullmatch(change.first) and _NUMBER.fullmatch(change.again)
    by = f"{size:.3g}" if size is not None and not are_single else ""
    return Row(part, first, again, by, state, pictures.pair(change.numbers) if change.numbers else None)


def side_by_side(first: str, again: str) -> tuple[Markup, Markup]:
    """Mark what differs between two texts: the deleted part in the first, the inserted part in the second."""
    first, again = clean(first), clean(again)
    words, others = _WORD.findall(first), _WORD.findall(again)
    matcher = difflib.SequenceMatcher(None, words, others, autojunk=False)
    if ABSENT in (first, again) or matcher.ratio() < _SIMILAR:
        return escape(first), escape(again)
    left, right = Markup(""), Markup("")
    for kind, start, end, begin, stop in matcher.get_opcodes():
        one, other = "".join(words[start:end]), "".join(others[begin:stop])
        left += escape(one) if kind == "equal" else Markup("<del>{}</del>").format(one) if one else ""
        right += escape(other) if kind == "equal" else Markup("<ins>{}</ins>").format(other) if other else ""
    return left, right
