"""What running one cell again would do, in the words of MCP's tool annotations, and whether it changes anything.

Every word rests on what was measured. A cell that nothing is known about gets MCP's own defaults, which are the worst.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nbrerun.model import CellReport, Mark, NotebookReport, VariableReport, Verdict, Via

_UNKNOWN = (Verdict.SKIPPED, Verdict.UNDETERMINED)
_OTHERWISE = {Mark.UNSEEDED, Mark.NONDETERMINISTIC}
"""Marks of a value that comes out differently each time."""


@dataclass(frozen=True)
class Hints:
    """The hints of MCP's `ToolAnnotations`, as if running the cell again were a tool."""

    readOnlyHint: bool
    """It leaves nothing behind."""
    destructiveHint: bool
    """A value, a file or something outside is not what it was afterwards."""
    idempotentHint: bool
    """However often it is run again, it ends with the same values."""
    openWorldHint: bool
    """It reaches something outside of the kernel and the notebook's files."""


@dataclass(frozen=True)
class Replaced:
    """A variable that the cell starts over, and that later cells write as well."""

    name: str
    written_by: tuple[int, ...]
    """Indexes of those cells: what they did to the variable is lost until they are run again."""


Answer = Literal["yes", "depends", "no", "unknown"]


def answer(cell: CellReport, replaced: tuple[Replaced, ...]) -> Answer:
    """Tell whether the cell may be run again without changing anything; `depends`: on what was run after it."""
    if cell.verdict in _UNKNOWN:
        return "unknown"
    if cell.verdict in (Verdict.ERROR, Verdict.IN_PLACE) or any(map(_is_moving, cell.variables)) or _sends(cell):
        return "no"
    if any(variable.verdict in _UNKNOWN for variable in cell.variables):
        return "unknown"
    drifts = any(Mark.DRIFTS in variable.marks for variable in cell.variables)
    return "depends" if replaced or drifts else "yes"


def hints(cell: CellReport, replaced: tuple[Replaced, ...]) -> Hints:
    """Return the hints for a cell."""
    if cell.verdict in _UNKNOWN:
        return Hints(readOnlyHint=False, destructiveHint=True, idempotentHint=False, openWorldHint=True)
    is_read_only = cell.verdict is Verdict.STATELESS and not cell.outside and not replaced
    moves = _sends(cell) or any(map(changes, cell.variables)) or cell.verdict in (Verdict.ERROR, Verdict.IN_PLACE)
    return Hints(
        readOnlyHint=is_read_only,
        destructiveHint=not is_read_only and (moves or bool(replaced)),
        idempotentHint=not moves,
        openWorldHint=bool(cell.outside),
    )


def replaced(notebook: NotebookReport, cell: CellReport) -> tuple[Replaced, ...]:
    """List the variables that the cell starts over and that later cells write."""
    written: dict[str, list[int]] = {}
    for later in notebook.cells:
        for variable in later.variables if later.index > cell.index else ():
            if _is_written(variable):
                written.setdefault(variable.name, []).append(later.index)
    names = [variable.name for variable in cell.variables if _starts_over(variable) and variable.name in written]
    return tuple(Replaced(name, tuple(written[name])) for name in names)


def changes(variable: VariableReport) -> bool:
    """Tell whether the rerun leaves, or may leave, another value: after the first run, or after the whole notebook."""
    return _is_moving(variable) or Mark.DRIFTS in variable.marks or variable.verdict in _UNKNOWN


def _is_moving(variable: VariableReport) -> bool:
    is_other = bool(variable.changes) or bool(_OTHERWISE & set(variable.marks))
    return is_other or variable.verdict is Verdict.IN_PLACE


def _sends(cell: CellReport) -> bool:
    return any(not item.reads for item in cell.outside)


def _starts_over(variable: VariableReport) -> bool:
    """Whether the rerun gives the variable its value, instead of leaving alone or continuing what it finds."""
    is_loaded = variable.verdict is Verdict.PERSISTED and variable.via is Via.FILE
    return not variable.incidental and (variable.verdict is Verdict.RESET or is_loaded)


def _is_written(variable: VariableReport) -> bool:
    return not variable.incidental and (variable.verdict is Verdict.IN_PLACE or _starts_over(variable))
