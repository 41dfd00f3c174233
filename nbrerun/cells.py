"""A code cell, and what the notebook author declares about it."""

from __future__ import annotations

from dataclasses import dataclass

from nbrerun.secrets import shown_code
from nbrerun.verdicts import Verdict


@dataclass(frozen=True)
class Declared:
    """What the notebook author declares about a cell, in tags or in its metadata."""

    expect: Verdict | None = None
    """The verdict that the author expects."""
    skip: bool = False
    """The cell is never run again."""
    ignore: tuple[str, ...] = ()
    """Codes of rules, or prefixes of codes, that are not reported for this cell."""


@dataclass(frozen=True)
class Spot:
    """The part of a cell's source that a finding is about, for reports."""

    line: int
    """Counted from 1."""
    column: int
    """Of the first character, counted from 1."""
    length: int
    """Number of characters; 0 if they are not known."""
    text: str = ""
    """The line, as it may be shown."""


@dataclass(frozen=True)
class Cell:
    """A code cell."""

    index: int
    """Position among all cells of the notebook, from 0, as nbformat counts."""
    id: str
    source: str
    tags: frozenset[str] = frozenset()
    declared: Declared = Declared()
    execution_count: int | None = None
    """The number that Jupyter shows as `In [4]`, if the file has one."""

    @property
    def is_left_out(self) -> bool:
        """Whether the main run skips the cell; nbclient skips cells with this tag."""
        return "skip-execution" in self.tags

    @property
    def first_line(self) -> str:
        """The first line of the source that is not blank, for reports."""
        return shown_code(next((line.strip() for line in self.source.splitlines() if line.strip()), ""))
