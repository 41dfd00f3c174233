"""The verdict on one variable in one cell and the evidence for it, as plain frozen data."""

from __future__ import annotations

from dataclasses import dataclass

from nbrerun.verdicts import How, Kind, Mark, Verdict, Via

ABSENT = "(absent)"
"""Stands for the value of a part that does not exist."""


COLOURS = (3, 4)
"""How many numbers a pixel has: red, green, blue, and perhaps opacity."""


@dataclass(frozen=True)
class Numbers:
    """A sample of the numbers in one part after both runs, for pictures; the places are the same in both."""

    shape: tuple[int, ...]
    """Of the whole part."""
    columns: int
    """Length of a row of the sample, which is listed row by row."""
    first: tuple[float | None, ...]
    """To four digits; None for infinity and NaN."""
    again: tuple[float | None, ...]


@dataclass(frozen=True)
class Change:
    """One part of a variable whose value after the rerun differs from that after the first run."""

    path: str
    """In Python's notation: `model.coef_`, `df['price']`, `len(losses)`."""
    first: str
    """Short text of the value after the first run."""
    again: str
    """Short text of the value after the rerun."""
    max_abs_change: float | None = None
    """Largest absolute difference between the numbers of the part; None if it has no numbers to compare."""
    rounding: bool = False
    """The difference is at most 8 units in the last place of the largest number."""
    within: str = ""
    """Another variable that changed, if the part belongs to its object, or is a view of its numbers."""
    held_by: str = ""
    """Another variable that changed, if the object that changed is a part of that one, too."""
    pictures: tuple[str, ...] = ()
    """Of a figure after both runs, as PNG in base64; with the first change of the variable that holds it."""
    numbers: Numbers | None = None
    """None if the part has no numbers, a single one, or is not among the first few of its variable that have any."""


@dataclass(frozen=True)
class Drift:
    """What a cell does when it is run after the whole notebook, if that differs from its first run."""

    raises: str | None = None
    """The name of the exception that it raises; None if it gives a different result."""

    def __str__(self) -> str:
        return f"the cell raises {self.raises}" if self.raises else "the cell gives a different result"


@dataclass(frozen=True)
class VariableReport:
    """The verdict on one variable in one cell, with its evidence."""

    name: str
    kind: Kind
    type: str
    """Qualified name of the type, such as `sklearn.linear_model.SGDClassifier`."""
    verdict: Verdict
    how: How | None = None
    via: Via | None = None
    direction: str | None = None
    """`loaded` or `saved`, if `via` is `file`."""
    file: str | None = None
    """Path of the file that it is loaded from, if `direction` is `loaded`."""
    marks: tuple[Mark, ...] = ()
    follows: tuple[str, ...] = ()
    """Names of what it follows, if the marks have `follows`; models first."""
    changes: tuple[Change, ...] = ()
    """The largest changes, the largest first; `more_changes` counts the others."""
    more_changes: int = 0
    opaque: tuple[str, ...] = ()
    """Parts that could not be read, each with the reason."""
    incidental: bool = False
    """A left-over loop variable or file handle, which never decides the verdict on the cell."""
    reason: str = ""
    """Why the variable has this verdict: a clause that begins with its name; `sentence` adds the drift."""
    drift: Drift | None = None
    """Set if the marks have `drifts`."""
    told_by: str = ""
    """The variable whose finding tells of this change as well, since they share the objects that changed."""
    culprit: str = ""
    """The call that gave it its other value, as the source writes it: `clf.partial_fit`, `train()`."""

    @property
    def sentence(self) -> str:
        """Why the variable has this verdict, and how it drifts, for reports."""
        return self.reason if self.drift is None else f"{self.reason}; {after_all(self.drift)}"


def after_all(drift: Drift) -> str:
    """Render `run after the whole notebook, the cell gives a different result`."""
    return f"run after the whole notebook, {drift}"
