"""What a restart loses and how it comes back, in sentences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from markupsafe import Markup

from nbrerun.model import Missing, Recovery, Restart, WholeRun
from nbrerun.reporters.html.words import prose
from nbrerun.reporters.text import one_line


@dataclass(frozen=True)
class Need:
    """What a cell needs after a restart."""

    label: str
    """Two or three words."""
    is_alone: bool
    sentences: tuple[Markup, ...]
    cells: tuple[int, ...]
    """Indexes of the cells that define what is missing."""


def need(restart: Restart) -> Need:
    """Say whether a cell runs in a fresh kernel, and what it lacks there."""
    is_alone = restart.runs_alone and not restart.reason
    if is_alone:
        label = "runs alone"
    elif count := len(restart.missing):
        label = f"needs {count} name{'' if count == 1 else 's'}"
    else:
        label = "raises" if restart.raised else "not known"
    cells = {one.defined_in for one in restart.missing if one.defined_in is not None}
    return Need(label, is_alone, tuple(map(prose, _said(restart))), tuple(sorted(cells)))


def _said(restart: Restart) -> Iterator[str]:
    if restart.runs_alone:
        yield "Runs alone in a fresh kernel."
    yield from _origins(restart.missing)
    if restart.raised:
        also = "also " if restart.missing else ""
        first = (restart.raised.evalue.splitlines() or [""])[0]
        yield f"In a fresh kernel it {also}raises {restart.raised.ename}: {first}"
    if restart.reason:
        yield f"The answer is incomplete: {restart.reason}."


def _origins(missing: Iterable[Missing]) -> Iterator[str]:
    """Render `np`, `plt` (import, cell 0): names of one origin together."""
    origins: dict[tuple[str, int | None, str | None], list[str]] = {}
    for one in missing:
        kind = "import" if one.imported else str(one.kind)
        origins.setdefault((kind, one.defined_in, one.through), []).append(f"`{one_line(one.name)}`")
    for (kind, index, through), names in origins.items():
        by = f" through `{one_line(through)}`" if through else ""
        yield f"Needs {', '.join(names)} ({kind}, {'no cell' if index is None else f'cell {index}'}){by}."


def plan(recovery: Recovery) -> Markup:
    """Say how a variable is restored after a restart."""
    why = f": {recovery.reason}" if recovery.reason else ""
    if not recovery.cells:
        return prose(f"`{recovery.name}`: no cells were found that restore it{why}.")
    said = f"`{recovery.name}` {'is' if recovery.verified else 'may be'} restored by running {_cells(recovery.cells)}"
    if recovery.file:
        said += f" (from `{recovery.file}`)"
    if recovery.skipped:
        said += f"; {_cells(recovery.skipped)} need not run"
    return prose(said + ("." if recovery.verified else f"; not verified{why}."))


def whole_run(run: WholeRun) -> Markup:
    """Say how a second run of the whole notebook ended."""
    said = []
    if run.reason:
        said.append(f"not answered: {run.reason}")
    if run.raised:
        where = f" in cell {run.raised.index}" if run.raised.index >= 0 else ""
        said.append(f"raises {run.raised.ename}{where}")
    if run.parted:
        names = (
            f"`{one.name}` ({', '.join([f'first differs at cell {one.index}', *map(str, one.marks)])})"
            for one in run.parted
        )
        said.append(f"ends differently: {', '.join(names)}")
    return prose(f"{run.experiment.replace('-', ' ')}: {'; '.join(said) or 'same result'}.")


def _cells(indexes: tuple[int, ...]) -> str:
    """Render `cell 4`, `cells 1 and 7`, `cells 0, 1 and 5`."""
    *first, last = map(str, indexes)
    return f"cells {', '.join(first)} and {last}" if first else f"cell {last}"
