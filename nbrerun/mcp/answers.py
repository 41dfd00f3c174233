"""The answers of the tools; MCP publishes the fields as their output schemas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nbrerun.mcp.hints import Answer, Hints, Replaced


@dataclass(frozen=True)
class Found:
    """A finding, with its fix."""

    rule: str
    severity: str
    cell: int | None
    """None if it is about the whole notebook."""
    name: str | None
    message: str
    fix: str


@dataclass(frozen=True)
class CellAnswer:
    """The verdict on one cell."""

    cell: int
    """Its index among all cells of the notebook, from 0."""
    id: str
    first_line: str
    verdict: str


@dataclass(frozen=True)
class NotebookAnswer:
    """The answer of `check_notebook`."""

    notebook: str
    status: Literal["ok", "failed", "skipped", "unchecked"]
    problem: str
    """Why cells are missing here, or have no verdict; empty if all have one."""
    verdicts: dict[str, int]
    """Number of cells by verdict."""
    cells: tuple[CellAnswer, ...]
    findings: tuple[Found, ...]
    page: int
    pages: int
    from_cache: bool


@dataclass(frozen=True)
class ChangeAnswer:
    """One part of a variable that differs after the rerun."""

    path: str
    first: str
    again: str
    max_abs_change: float | None


@dataclass(frozen=True)
class VariableAnswer:
    """A variable that the rerun changes, with the evidence."""

    name: str
    kind: str
    verdict: str
    marks: tuple[str, ...]
    reason: str
    changes: tuple[ChangeAnswer, ...]
    """The largest ones."""
    more_changes: int
    """How many are not listed."""


@dataclass(frozen=True)
class Advice:
    """How to have the rerun change nothing; `would_change` says what it changes."""

    rule: str
    severity: str
    fix: str


@dataclass(frozen=True)
class RerunAnswer:
    """The answer of `may_i_rerun`."""

    notebook: str
    cell: int
    id: str
    answer: Answer
    """`yes`: nothing would change. `depends`: not if later cells have been run. `no`: something would change."""
    verdict: str
    reason: str
    hints: Hints
    would_change: tuple[VariableAnswer, ...]
    replaces: tuple[Replaced, ...]
    outside: tuple[str, ...]
    advice: tuple[Advice, ...]
    page: int
    pages: int
    from_cache: bool


@dataclass(frozen=True)
class MissingAnswer:
    """A name that a cell needs and a fresh kernel does not have."""

    name: str
    kind: str
    defined_in: int | None
    through: str | None


@dataclass(frozen=True)
class NeedsAnswer:
    """Why a cell does not run alone after a restart."""

    cell: int
    missing: tuple[MissingAnswer, ...]
    raises: str
    reason: str


@dataclass(frozen=True)
class RecoveryAnswer:
    """The cells to run after a restart to have a variable back."""

    name: str
    cells: tuple[int, ...]
    skipped: tuple[int, ...]
    file: str | None
    verified: bool
    reason: str


@dataclass(frozen=True)
class RestartAnswer:
    """The answer of `what_restart_loses`."""

    notebook: str
    problem: str
    run_alone: tuple[int, ...]
    need_others: tuple[NeedsAnswer, ...]
    restored_by: tuple[RecoveryAnswer, ...]
    page: int
    pages: int
    from_cache: bool


@dataclass(frozen=True)
class PlannedAnswer:
    """A cell to run, and why."""

    cell: int
    id: str
    why: str


@dataclass(frozen=True)
class PlanAnswer:
    """The answer of `plan_after_edit`."""

    notebook: str
    restart: bool
    """Nothing less than a restart and a run of all cells is right."""
    reason: str
    run: tuple[PlannedAnswer, ...]
    """The cells to run, in this order; all of them after a restart."""
    verified: bool
    """These cells were run in a sandbox, and every value was then that of a clean run."""
    remove: tuple[str, ...]
    """What may be removed instead of a restart (`del x`), before the cells in `instead` are run."""
    instead: tuple[PlannedAnswer, ...]
    outdated: tuple[int, ...]
    """Cells that show something that a clean run would not; the kernel does not need them."""
    not_compared: tuple[str, ...]
    """Names that no two clean runs leave alike, or of which parts cannot be read."""
    assumed: bool
    """What the cells were before is not known: other values stood in for what they had left."""
    page: int
    pages: int
