"""The words of the verdict contract (`docs/verdicts.md`), as enumerations; their values stand in the JSON report."""

from __future__ import annotations

from enum import Enum


class Word(str, Enum):
    """An enumeration whose members are the words of the JSON report."""

    def __str__(self) -> str:
        return str(self.value)


class Verdict(Word):
    """What running a cell again does, to the cell or to one variable."""

    ERROR = "error"
    IN_PLACE = "in-place"
    PERSISTED = "persisted"
    RESET = "reset"
    STATELESS = "stateless"
    SKIPPED = "skipped"
    UNDETERMINED = "undetermined"
    UNTOUCHED = "untouched"
    """Only of a variable; reports leave untouched variables out."""


class Kind(Word):
    """What sort of thing a variable holds."""

    MODEL = "model"
    DATA = "data"
    GENERATOR = "generator"
    FILE = "file"
    ENV = "env"
    DEFINITION = "definition"


class How(Word):
    """How a variable was reset: bound to a new object, or the same object set to the same value again."""

    RECREATED = "recreated"
    REFITTED = "refitted"


class Via(Word):
    """Where the rerun finds the value of a persisted variable."""

    FILE = "file"
    KERNEL = "kernel"


class Mark(Word):
    """A qualification of a verdict."""

    UNSEEDED = "unseeded"
    NONDETERMINISTIC = "nondeterministic"
    DRIFTS = "drifts"


class Severity(Word):
    """How much a finding matters, the gravest first."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
