"""What a check found, as plain frozen data: cells, findings, the report. Nothing here computes a verdict."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

# Re-exported (PEP 484, "import X as X"): whoever reads a report needs its cells, variables and words, too.
from nbrerun.cells import Cell as Cell
from nbrerun.cells import Declared as Declared
from nbrerun.cells import Spot as Spot
from nbrerun.clock import Part as Part
from nbrerun.clock import Spent as Spent
from nbrerun.variables import ABSENT as ABSENT
from nbrerun.variables import COLOURS as COLOURS
from nbrerun.variables import Change as Change
from nbrerun.variables import Drift as Drift
from nbrerun.variables import Numbers as Numbers
from nbrerun.variables import VariableReport as VariableReport
from nbrerun.variables import after_all as after_all
from nbrerun.verdicts import How as How
from nbrerun.verdicts import Kind as Kind
from nbrerun.verdicts import Mark as Mark
from nbrerun.verdicts import Severity as Severity
from nbrerun.verdicts import Verdict as Verdict
from nbrerun.verdicts import Via as Via


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


@dataclass(frozen=True)
class Seconds:
    """Wall time of the first run and of the rerun in seconds; None if that run did not happen."""

    first: float | None = None
    again: float | None = None


@dataclass(frozen=True)
class Missing:
    """A name that a cell needs and a fresh kernel does not have."""

    name: str
    defined_in: int | None
    """Index of the last cell above that defines the name, else of the first one below; None if no cell does."""
    kind: Kind
    """`definition` for what is imported or defined, `model`, or `data`."""
    imported: bool = False
    """The definition is an import."""
    through: str | None = None
    """The function that needs the name, if the cell itself does not."""


@dataclass(frozen=True)
class Restart:
    """What the cell does alone in a fresh kernel, with the files that the notebook left."""

    runs_alone: bool
    missing: tuple[Missing, ...] = ()
    raised: Raised | None = None
    """What it raises apart from missing names."""
    reason: str = ""
    """Why the answer is incomplete; empty if it is complete."""
    stopped: bool = False
    """It is incomplete because a run was stopped at a limit."""


@dataclass(frozen=True)
class Recovery:
    """The smallest list of cells found that restores a variable after a restart."""

    name: str
    cells: tuple[int, ...]
    skipped: tuple[int, ...]
    """Cells above the last of `cells` that need not run."""
    file: str | None
    """Path of the file that the value is loaded from; None if it is loaded from none."""
    verified: bool
    """The cells were run in a fresh kernel, and the variable ended with its value at the end of the main run."""
    reason: str = ""
    """One sentence for reports."""
    stopped: bool = False
    """It is not verified because the run was stopped at a limit."""


@dataclass(frozen=True)
class Parting:
    """A variable that differs at the end of a second run of the whole notebook."""

    name: str
    index: int
    """The first cell after which it differs."""
    marks: tuple[Mark, ...] = ()
    """`unseeded` or `nondeterministic`, if that explains the difference."""


@dataclass(frozen=True)
class WholeRun:
    """A second run of the whole notebook, compared with the main run."""

    experiment: str
    """`run-all-twice`, `restart-and-run-all` or `fresh-clone`."""
    parted: tuple[Parting, ...] = ()
    raised: Failure | None = None
    reason: str = ""
    """Why there is no answer; empty if there is an answer."""


@dataclass(frozen=True)
class Outside:
    """Something that a cell reached and nbrerun cannot keep apart."""

    kind: str
    """`network`, `file` or `process`."""
    what: str
    """`api.example.com:443`, a path, or a command."""
    reads: bool = False
    """It only asked for something, by GET or HEAD of Python's own HTTP client."""


@dataclass(frozen=True)
class CellReport:
    """The verdict on one code cell."""

    index: int
    id: str
    verdict: Verdict
    reason: str
    """One sentence that a data scientist understands."""
    first_line: str = ""
    seconds: Seconds = Seconds()
    variables: tuple[VariableReport, ...] = ()
    error: Raised | None = None
    """What the rerun raised."""
    engine: str = ""
    """The engine that ran this cell again; empty if it was not run again."""
    restart: Restart | None = None
    outside: tuple[Outside, ...] = ()
    """What its first run reached outside of the sandbox, or its rerun, which was stopped there."""
    execution_count: int | None = None
    """The number that Jupyter shows as `In [4]`, if the file has one; filled in by the batch."""


@dataclass(frozen=True)
class Finding:
    """One thing that the user should look at, like a linter's message."""

    rule: str
    severity: Severity
    index: int
    """Index of the cell that it is about."""
    name: str | None
    """The variable that it is about, if it is about one."""
    message: str
    cell: str = ""
    """The id of the cell; empty until the batch has filled it in."""
    known: bool = False
    """It is in the baseline."""
    fails: bool = False
    """It fails the check: its severity is one that fails, and it is not known."""
    listed: bool = True
    """It belongs in lists of findings; False if its severity is info and nobody asked for its rule."""
    culprit: str = ""
    """The call that is blamed, as the source writes it: `clf.partial_fit`, `train()`."""
    spot: Spot | None = None
    """Where in the cell; None until the batch has filled it in, and if the finding is about the whole notebook."""


@dataclass(frozen=True)
class Gone:
    """Findings that are in the baseline and no longer in the notebook."""

    notebook: str
    """Its path, relative to the folder of the baseline."""
    cell: str
    """The id of the cell."""
    rule: str
    count: int


@dataclass(frozen=True)
class Compared:
    """The result of comparing the findings with a baseline."""

    baseline: str
    """Path of the baseline, as the user gave it."""
    gone: tuple[Gone, ...] = ()


@dataclass(frozen=True)
class Inputs:
    """What a check depended on, apart from the notebook itself; paths are relative to the notebook's folder."""

    files: tuple[str, ...] = ()
    """Files that cells read or looked for."""
    folders: tuple[str, ...] = ()
    """Folders that cells listed."""
    tracked: tuple[str, ...] = ()
    """Files for which it mattered whether git tracks them."""
    variables: tuple[str, ...] = ()
    """Environment variables that cells looked up."""
    every_variable: bool = False
    """Cells went through all of the environment."""


@dataclass(frozen=True)
class NotebookReport:
    """Everything that a check reports about one notebook."""

    path: str
    engine: str
    """`fork`, `replay` or `fork+replay`."""
    engine_reason: str
    """One sentence: why this engine."""
    kernel: str
    """Name of the kernelspec, or the path of the environment (or its interpreter) that was chosen without one."""
    sandbox: str = ""
    """What protected the user's files: `overlay`, `copy`, or empty if no kernel was started."""
    sandbox_reason: str = ""
    """One sentence: why this sandbox, and what it does not cover."""
    cells: tuple[CellReport, ...] = ()
    """Code cells only, in document order; those that the main run did not reach are left out."""
    recover: tuple[Recovery, ...] = ()
    whole: tuple[WholeRun, ...] = ()
    findings: tuple[Finding, ...] = ()
    failure: Failure | None = None
    """Set if the main run raised or its kernel died."""
    kernel_reason: str = ""
    """One sentence: why this kernel; empty if it is that of a kernelspec which the user or the notebook named."""
    declared: str = ""
    """One sentence: what the notebook declares to need (PEP 723), and what of that its kernel lacks."""
    lacks: tuple[str, ...] = ()
    """Modules that the notebook declares it needs and its kernel does not have; if there are any, nothing was run."""
    problem: str = ""
    """One sentence: why the notebook could not be checked; empty if it could."""
    traceback: tuple[str, ...] = ()
    """Where nbrerun itself failed, if that is the problem."""
    interrupted: bool = False
    over_budget: bool = False
    """The budget did not suffice; the cells that were left out are undetermined."""
    static: bool = False
    """Only the source was read; `cells` is empty then, since no cell has a verdict."""
    values: bool = True
    """Values may be shown; reports that render the notebook leave out its outputs otherwise."""
    seconds: float = 0.0
    """Wall time of the check of this notebook."""
    profile: tuple[Spent, ...] = ()
    """What those seconds were spent on; empty if that was not asked for."""
    cached: bool = False
    """The report is that of an earlier check; nothing that it depends on has changed since."""
    # Not compared: two checks with the same result may have seen different files.
    inputs: Inputs | None = field(default=None, repr=False, compare=False)
    """None if some of the inputs are unknown."""

    @property
    def status(self) -> str:
        """`ok`, `failed` if the main run raised, `skipped` if the kernel lacks a module, or `unchecked`."""
        if self.problem:
            return "unchecked"
        return "skipped" if self.lacks else "failed" if self.failure else "ok"

    @property
    def incomplete(self) -> str:
        """Why some cells were not examined; empty if all were."""
        if self.interrupted:
            return "interrupted: cells that are not listed were not judged"
        return "the budget is spent: cells that there was no time for are undetermined" if self.over_budget else ""

    @property
    def reason(self) -> str:
        """Why the notebook was skipped; empty if it was not."""
        return skipped_for(self.lacks) if self.lacks else ""


def needs(modules: Iterable[str]) -> str:
    """Render `needs torch and keras`."""
    *first, last = modules
    return "needs " + (f"{', '.join(first)} and {last}" if first else last)


def skipped_for(modules: Iterable[str]) -> str:
    """Render `skipped: needs torch and keras`."""
    return f"skipped: {needs(modules)}"


@dataclass(frozen=True)
class Report:
    """The result of one invocation; notebooks are in the order in which they were given."""

    nbrerun_version: str
    notebooks: tuple[NotebookReport, ...] = field(default=())
    compared: Compared | None = None
    """None if there is no baseline."""
    seconds: float | None = field(default=None, compare=False)
    """Wall time, which notebooks that are checked side by side share; None where a saved report does not say."""

    def summary(self) -> dict[str, int]:
        """Count the cells, in total (`cells`) and by verdict."""
        counted = [verdict for verdict in Verdict if verdict is not Verdict.UNTOUCHED]
        verdicts = [cell.verdict for notebook in self.notebooks for cell in notebook.cells]
        return {"cells": len(verdicts)} | {str(verdict): verdicts.count(verdict) for verdict in counted}

    def findings(self) -> Iterator[Finding]:
        """Yield the findings of all notebooks."""
        for notebook in self.notebooks:
            yield from notebook.findings
