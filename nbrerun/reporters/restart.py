"""The sections of the terminal report on restarts and on a second run of the whole notebook."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

from rich.console import Group, RenderableType
from rich.text import Text

from nbrerun.model import CellReport, Missing, NotebookReport, Recovery, Restart, WholeRun
from nbrerun.reporters.pieces import count, exception, grid, prose, traceback
from nbrerun.reporters.text import one_line

_MOST_ROWS = 20
_MOST_PARTED = 8
_MOST_PLANS = 3
_SPAN = 3
"""This many consecutive cells are written `5-7`; fewer are written one by one."""


def sections(notebook: NotebookReport, *, everything: bool) -> Iterator[RenderableType]:
    """Yield the sections that have content; `everything` adds tracebacks and shows lists in full."""
    answered = [(cell, cell.restart) for cell in notebook.cells if cell.restart]
    places = _Places(notebook.cells)
    if answered:
        yield _section("What a restart loses:", *_lost(answered, places, everything))
    if notebook.recover:
        plans = [(Text("-", style="dim"), _plan(recovery, places)) for recovery in notebook.recover]
        yield _section("After a restart:", grid(plans, [None]))
    if notebook.whole:
        yield whole(notebook, everything)


def brief(notebook: NotebookReport) -> str:
    """Say in one sentence what a restart loses; nothing if that is unknown."""
    answered = [(cell, cell.restart) for cell in notebook.cells if cell.restart]
    places = _Places(notebook.cells)
    clauses = []
    if answered:
        alone = sum(_is_alone(restart) for _, restart in answered)
        clauses.append(f"{alone} of {len(answered)} cells {'runs' if alone == 1 else 'run'} alone")
    shown = notebook.recover[:_MOST_PLANS]
    for plan in shown:
        verb = "is" if plan.verified else "may be"
        by = (
            f"{verb} restored by {places.named(plan.cells)}"
            if plan.cells
            else "is restored by no cells that were found"
        )
        clauses.append(f"`{plan.name}` {by}")
    if left := len(notebook.recover) - len(shown):
        clauses.append(f"and {count(left, 'more variable')}")
    return f"after a restart: {'; '.join(clauses)} (--restart shows more)" if clauses else ""


def whole(notebook: NotebookReport, everything: bool) -> RenderableType:
    """Lay out what the other runs of the whole notebook gave."""
    runs = [(Text(one_line(run.experiment.replace("-", " "))), _run(run, everything)) for run in notebook.whole]
    return _section("The whole notebook once more:", grid(runs, [None]))


def _section(heading: str, *body: RenderableType) -> Group:
    return Group(Text(heading, style="bold"), *body)


@dataclass(frozen=True)
class _Places:
    """The code cells in document order; two with only text between them count as consecutive."""

    cells: Sequence[CellReport]

    @cached_property
    def _ordinals(self) -> dict[int, int]:
        return {cell.index: place for place, cell in enumerate(self.cells)}

    def ordinal(self, index: int) -> int:
        """Count the code cell among all code cells, from 0."""
        return self._ordinals.get(index, index)

    def spans(self, indexes: Iterable[int]) -> list[str]:
        """Render cells as `0`, `1`, `5-7`."""
        spans: list[str] = []
        # Consecutive cells have a constant difference between their ordinal and their place in the list.
        for _, pairs in groupby(enumerate(indexes), lambda pair: self.ordinal(pair[1]) - pair[0]):
            run = [index for _, index in pairs]
            spans += [f"{run[0]}-{run[-1]}"] if len(run) >= _SPAN else map(str, run)
        return spans

    def named(self, indexes: Sequence[int]) -> str:
        """Render `cell 4`, `cells 1 and 7`, `cells 0, 1, 5-7`."""
        spans = self.spans(indexes)
        between = " and " if len(spans) == 2 else ", "
        return f"{'cells' if len(indexes) > 1 else 'cell'} {between.join(spans)}"


def _lost(
    answered: Sequence[tuple[CellReport, Restart]], places: _Places, everything: bool
) -> Iterator[RenderableType]:
    rows = list(_rows(answered, places))
    shown = rows if everything else rows[:_MOST_ROWS]
    lines: list[tuple[RenderableType, RenderableType]] = []
    for row, answer in shown:
        where = Text(places.named(row), style="dim")
        clauses = Text("; ").join(_clauses(answer))
        trace = traceback(answer.raised) if everything and answer.raised else ()
        lines.append((where, Group(clauses, *trace)))
    if lines:
        yield grid(lines, [None])
    if left := sum(len(row) for row, _ in rows[len(shown) :]):
        yield Text(f"and {count(left, 'more cell')} (-v lists them)", style="dim")
    if alone := [cell.index for cell, restart in answered if _is_alone(restart)]:
        yield Text(f"{places.named(alone)} {'run' if len(alone) > 1 else 'runs'} alone", style="green")


def _is_alone(restart: Restart) -> bool:
    return restart.runs_alone and not restart.reason


def _rows(answered: Iterable[tuple[CellReport, Restart]], places: _Places) -> Iterator[tuple[list[int], Restart]]:
    """Put consecutive cells with the same answer into one row."""

    def alike(one: tuple[int, tuple[int, Restart]]) -> tuple[object, ...]:
        place, (index, restart) = one
        # Without the tracebacks, which differ between cells that raise the same.
        raised = restart.raised and (restart.raised.ename, restart.raised.evalue)
        return places.ordinal(index) - place, restart.runs_alone, restart.missing, raised, restart.reason

    needy = enumerate((cell.index, restart) for cell, restart in answered if not _is_alone(restart))
    for _, group in groupby(needy, alike):
        row = [member for _, member in group]
        yield [index for index, _ in row], row[0][1]


def _clauses(restart: Restart) -> Iterator[Text]:
    if not (restart.runs_alone or restart.missing or restart.raised):
        yield Text().append("undetermined", style="bold magenta").append(": ").append_text(prose(restart.reason))
        return
    if restart.runs_alone:
        yield Text("runs alone")
    if restart.missing:
        yield Text("needs ").append_text(Text(", ").join(_needs(restart.missing)))
    if restart.reason:
        yield prose(restart.reason)
    if restart.raised:
        yield Text("also raises " if restart.missing else "raises ").append_text(exception(restart.raised, most=1))


def _needs(missing: Iterable[Missing]) -> Iterator[Text]:
    """Render `np, plt (import, cell 0)`: names of one origin together, in the order of the first of them."""
    origins: dict[tuple[str, int | None, str | None], list[str]] = {}
    for one in missing:
        kind = "import" if one.imported else str(one.kind)
        origins.setdefault((kind, one.defined_in, one.through), []).append(one_line(one.name))
    for (kind, index, through), names in origins.items():
        text = Text(", ").join(Text(name, style="cyan") for name in names)
        text.append(f" ({kind}, {'no cell' if index is None else f'cell {index}'})", style="dim")
        if through:
            text.append(" through ", style="dim").append(one_line(through), style="cyan")
        yield text


def _plan(recovery: Recovery, places: _Places) -> Text:
    if not recovery.cells:
        why = f": {recovery.reason}" if recovery.reason else ""
        return prose(f"`{recovery.name}`: no cells were found that restore it{why}", style="yellow")
    verb = "is" if recovery.verified else "may be"
    line = f"`{recovery.name}` {verb} restored by running {places.named(recovery.cells)}"
    if recovery.file:
        line += f" (from {recovery.file})"
    if recovery.skipped:
        line += f"; {places.named(recovery.skipped)} need not run"
    if recovery.verified:
        return prose(line)
    why = f": {recovery.reason}" if recovery.reason else ""
    return prose(line).append_text(prose(f"; not verified{why}", style="yellow"))


def _run(run: WholeRun, everything: bool) -> RenderableType:
    if run.reason:
        return prose(f"not answered: {run.reason}", style="magenta")
    clauses = []
    if run.raised:
        where = f" in cell {run.raised.index}" if run.raised.index >= 0 else ""
        clauses.append(Text("raises ").append_text(exception(run.raised, most=1)).append(where))
    if run.parted:
        shown = run.parted if everything else run.parted[:_MOST_PARTED]
        words = []
        for one in shown:
            details = [f"first differs at cell {one.index}", *map(str, one.marks)]
            words.append(f"`{one.name}` ({', '.join(details)})")
        if left := len(run.parted) - len(shown):
            words.append(f"and {left} more (-v lists them)")
        differs = Text("ends differently: ", style="yellow")
        clauses.append(differs.append_text(prose(", ".join(words), style="default")))
    line = Text("; ").join(clauses or [Text("same result", style="green")])
    return Group(line, *traceback(run.raised)) if everything and run.raised else line
