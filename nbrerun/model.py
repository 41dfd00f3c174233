"""What a check found, as plain frozen data: cells, observations, verdicts, findings, the report.

The words are those of the verdict contract (`docs/verdicts.md`). Nothing here computes a verdict.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum


class Word(str, Enum):
    """An enumeration whose members are the words of the JSON report."""

    def __str__(self) -> str:
        return str(self.value)


class Verdict(Word):
    """What running again does, to a cell or to one variable."""

    ERROR = "error"
    IN_PLACE = "in-place"
    PERSISTED = "persisted"
    RESET = "reset"
    STATELESS = "stateless"
    SKIPPED = "skipped"
    UNDETERMINED = "undetermined"
    UNTOUCHED = "untouched"
    """Of a variable only; reports leave untouched variables out."""


class Kind(Word):
    """What sort of thing a variable is."""

    MODEL = "model"
    DATA = "data"
    GENERATOR = "generator"
    FILE = "file"
    ENV = "env"
    DEFINITION = "definition"


class How(Word):
    """In which way a variable was reset."""

    RECREATED = "recreated"
    REFITTED = "refitted"


class Via(Word):
    """From where a persisted variable comes back."""

    FILE = "file"
    KERNEL = "kernel"


class Mark(Word):
    """What else there is to say of a verdict."""

    UNSEEDED = "unseeded"
    NONDETERMINISTIC = "nondeterministic"
    DRIFTS = "drifts"


class Severity(Word):
    """How much a finding matters."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True)
class Declared:
    """What a cell says of itself, by tags or in its metadata."""

    expect: Verdict | None = None
    """What running it again shall do."""
    skip: bool = False
    """Never run it again."""
    ignore: tuple[str, ...] = ()
    """Rules, or beginnings of their codes, that do not matter here."""


@dataclass(frozen=True)
class Cell:
    """One code cell that the main run executes."""

    index: int
    """Position among all cells of the notebook, from 0, as nbformat counts."""
    id: str
    source: str
    tags: frozenset[str] = frozenset()
    declared: Declared = Declared()

    @property
    def is_left_out(self) -> bool:
        """Whether the main run leaves it out; nbclient does so with this tag."""
        return "skip-execution" in self.tags

    @property
    def first_line(self) -> str:
        """The first line that is not blank."""
        return next((line.strip() for line in self.source.splitlines() if line.strip()), "")


@dataclass(frozen=True)
class Raised:
    """An exception that a cell raised."""

    ename: str
    evalue: str
    traceback: tuple[str, ...] = ()


@dataclass(frozen=True)
class Failure(Raised):
    """The exception that ended the main run, and the cell that raised it."""

    index: int = -1


ABSENT = "(absent)"
"""Stands for the value of a part that is not there."""


@dataclass(frozen=True)
class Change:
    """One leaf of a variable that the rerun left with another value than the first run."""

    path: str
    """As Python would write it: `model.coef_`, `df['price']`, `len(losses)`."""
    first: str
    """Short text of the value after the first run."""
    again: str
    """Short text of the value after the rerun."""
    max_abs_change: float | None = None
    """Largest absolute difference over the leaf's numbers, None where that means nothing."""


@dataclass(frozen=True)
class Drift:
    """What a cell does when it is run after the whole notebook, where that is not what it did in its place."""

    raises: str | None = None
    """The name of the exception that it raises; None where it gives another result."""

    def __str__(self) -> str:
        return f"the cell raises {self.raises}" if self.raises else "the cell gives another result"


@dataclass(frozen=True)
class VariableReport:
    """The verdict on one variable in one cell, with its evidence."""

    name: str
    kind: Kind
    type: str
    """Qualified name of the type, `sklearn.linear_model.SGDClassifier` say."""
    verdict: Verdict
    how: How | None = None
    via: Via | None = None
    direction: str | None = None
    """`loaded` or `saved`, with `via: file`."""
    marks: tuple[Mark, ...] = ()
    changes: tuple[Change, ...] = ()
    """The largest changes first; at most a handful."""
    more_changes: int = 0
    """How many changes there are beyond those listed."""
    opaque: tuple[str, ...] = ()
    """Parts that could not be read, each with its reason."""
    incidental: bool = False
    """A left-over loop variable or handle: never what a cell is about."""
    reason: str = ""
    """Half a sentence on this variable; `sentence` adds the drift."""
    drift: Drift | None = None
    """Set where the marks have `drifts`."""

    @property
    def sentence(self) -> str:
        """Half a sentence on this variable, for reports."""
        return self.reason if self.drift is None else f"{self.reason}; {after_all(self.drift)}"


def after_all(drift: Drift) -> str:
    """Half a sentence on what drifts, which begins with when it does."""
    return f"run after the whole notebook, {drift}"


@dataclass(frozen=True)
class Seconds:
    """Wall time of the first run and of the rerun; None where it did not happen."""

    first: float | None = None
    again: float | None = None


@dataclass(frozen=True)
class Missing:
    """A name that a cell needs, and that a fresh kernel does not have."""

    name: str
    defined_in: int | None
    """Index of the cell that defined it last before; None if no cell does."""
    kind: Kind
    """`definition` for what is imported or defined, `model`, or `data`."""
    imported: bool = False
    """A definition that an import statement brings."""
    through: str | None = None
    """The function that needs it, where the cell itself does not."""


@dataclass(frozen=True)
class Restart:
    """The cell alone in a fresh kernel, with the files that the notebook left."""

    runs_alone: bool
    missing: tuple[Missing, ...] = ()
    raised: Raised | None = None
    """What it raises besides missing names."""
    reason: str = ""
    """Half a sentence, where the answer is not measured to the end."""


@dataclass(frozen=True)
class Recovery:
    """The smallest list of cells found that brings a variable back after a restart."""

    name: str
    cells: tuple[int, ...]
    skipped: tuple[int, ...]
    """Cells before the last of them that need not run."""
    file: str | None
    """Path of the file that the value comes from; None where it comes from none."""
    verified: bool
    """They were run in a fresh kernel, and the variable had the value of the end of the main run."""
    reason: str = ""
    """One sentence for reports."""


@dataclass(frozen=True)
class Parting:
    """A variable that another run of the whole notebook ends with another value of."""

    name: str
    index: int
    """The first cell where the runs part."""
    marks: tuple[Mark, ...] = ()
    """`unseeded` or `nondeterministic`, where that explains it."""


@dataclass(frozen=True)
class WholeRun:
    """The whole notebook run once more, compared with the main run."""

    experiment: str
    """`run-all-twice`, `restart-and-run-all` or `fresh-clone`."""
    parted: tuple[Parting, ...] = ()
    raised: Failure | None = None
    reason: str = ""
    """Why there is no answer; empty if there is one."""


@dataclass(frozen=True)
class CellReport:
    """The verdict on one code cell."""

    index: int
    id: str
    verdict: Verdict
    reason: str
    """One sentence that a data scientist understands."""
    first_line: str = ""
    """First line of the source."""
    seconds: Seconds = Seconds()
    variables: tuple[VariableReport, ...] = ()
    error: Raised | None = None
    """What the rerun raised."""
    engine: str = ""
    """The engine that answered for this cell; empty where none was asked."""
    restart: Restart | None = None


@dataclass(frozen=True)
class Finding:
    """One thing that a person should look at, like a linter's message."""

    rule: str
    severity: Severity
    index: int
    """The cell it is about."""
    name: str | None
    """The variable it is about, if one."""
    message: str
    cell: str = ""
    """The id of the cell, where somebody has looked it up."""
    known: bool = False
    """It is in the baseline."""
    fails: bool = False
    """It is grave enough to fail the check, and not known."""


@dataclass(frozen=True)
class Gone:
    """What is in the baseline and was not found any more."""

    notebook: str
    """From the folder of the baseline."""
    cell: str
    """The id of the cell."""
    rule: str
    count: int


@dataclass(frozen=True)
class Compared:
    """What came of comparing with a baseline."""

    baseline: str
    """The file, as the person gave it."""
    gone: tuple[Gone, ...] = ()


@dataclass(frozen=True)
class Inputs:
    """What a check depended on, besides the notebook itself and its kernel; paths start from the notebook's folder."""

    files: tuple[str, ...] = ()
    """Files that were read, or looked for."""
    folders: tuple[str, ...] = ()
    """Folders whose names were listed."""
    tracked: tuple[str, ...] = ()
    """Files of which it mattered whether they are under version control."""


@dataclass(frozen=True)
class NotebookReport:
    """All that a check says of one notebook."""

    path: str
    engine: str
    """`fork`, `replay` or `fork+replay`."""
    engine_reason: str
    """One sentence: why this engine."""
    kernel: str
    """Name of the kernelspec."""
    sandbox: str = ""
    """What kept the files of the disk safe: `overlay`, `copy`, or empty if no kernel was started."""
    sandbox_reason: str = ""
    """One sentence: why this one, and what it does not cover."""
    cells: tuple[CellReport, ...] = ()
    """Code cells only, in document order; those that the main run did not reach are left out."""
    recover: tuple[Recovery, ...] = ()
    whole: tuple[WholeRun, ...] = ()
    findings: tuple[Finding, ...] = ()
    failure: Failure | None = None
    """Set if the main run raised or its kernel died."""
    lacks: tuple[str, ...] = ()
    """Modules that the notebook says it needs and its kernel does not have; then nothing was run."""
    interrupted: bool = False
    over_budget: bool = False
    """There was no time for all of it; what was left out is undetermined."""
    static: bool = False
    """Its source was read, and nothing was run; then there are no cells, since nothing has a verdict."""
    seconds: float = 0.0
    """Wall time of the whole check of this notebook."""
    cached: bool = False
    """An earlier check found this, and nothing that it depends on has changed since."""
    inputs: Inputs | None = field(default=None, repr=False, compare=False)
    """None where not all of them are known."""

    @property
    def status(self) -> str:
        """`ok`, `failed` where the main run raised, or `skipped` where the kernel lacks a module."""
        return "skipped" if self.lacks else "failed" if self.failure else "ok"

    @property
    def incomplete(self) -> str:
        """Why not all was looked at that should have been; empty if it was."""
        if self.interrupted:
            return "interrupted: cells that are not listed were not judged"
        return "the budget is spent: what there was no time for is undetermined" if self.over_budget else ""

    @property
    def reason(self) -> str:
        """Why it was skipped; empty if it was not."""
        return skipped_for(self.lacks) if self.lacks else ""


def needs(modules: Iterable[str]) -> str:
    """Write `needs torch and keras`."""
    *first, last = modules
    return "needs " + (f"{', '.join(first)} and {last}" if first else last)


def skipped_for(modules: Iterable[str]) -> str:
    """Write `skipped: needs torch and keras`."""
    return f"skipped: {needs(modules)}"


@dataclass(frozen=True)
class Report:
    """All that one invocation found, notebooks in the order they were given."""

    nbrerun_version: str
    notebooks: tuple[NotebookReport, ...] = field(default=())
    compared: Compared | None = None
    """None without a baseline."""

    def summary(self) -> dict[str, int]:
        """Number of cells, and of each cell verdict."""
        counted = [verdict for verdict in Verdict if verdict is not Verdict.UNTOUCHED]
        verdicts = [cell.verdict for notebook in self.notebooks for cell in notebook.cells]
        return {"cells": len(verdicts)} | {str(verdict): verdicts.count(verdict) for verdict in counted}

    def findings(self) -> Iterator[Finding]:
        """The findings of every notebook."""
        for notebook in self.notebooks:
            yield from notebook.findings
