"""The sections of the terminal report on restarts, and on running the whole notebook once more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

from rich.console import Group, RenderableType
from rich.text import Text

from nbrerun.model import CellReport, Missing, NotebookReport, Parting, Recovery, Restart, WholeRun
from nbrerun.reporters.pieces import count, exception, grid, prose, traceback
from nbrerun.reporters.text import one_line

_MOST_ROWS = 20
_MOST_PARTED = 8
_SPAN = 3
"""So many cells in a row are written `5-7`; fewer are named each."""


def sections(notebook: NotebookReport, *, everything: bool) -> Iterator[RenderableType]:
    """Give those sections for which something was measured; `everything` cuts no list and adds tracebacks."""
    answered = [(cell, cell.restart) for cell in notebook.cells if cell.restart]
    places = _Places(notebook.cells)
    if answered:
        yield _section("What a restart loses:", *_lost(answered, places, everything))
    if notebook.recover:
        plans = [(Text("-", style="dim"), _plan(recovery, places)) for recovery in notebook.recover]
        yield _section("After a restart:", grid(plans, [None]))
    if notebook.whole:
        runs = [(Text(one_line(run.experiment.replace("-", " "))), _run(run, everything)) for run in notebook.whole]
        yield _section("The whole notebook once more:", grid(runs, [None]))


def _section(heading: str, *body: RenderableType) -> Group:
    return Group(Text(heading, style="bold"), *body)


@dataclass(frozen=True)
class _Places:
    """The code cells in document order; the text between two of them does not keep them apart."""

    cells: Sequence[CellReport]

    @cached_property
    def _place(self) -> dict[int, int]:
        return {cell.index: place for place, cell in enumerate(self.cells)}

    def row(self, index: int) -> int:
        """Say which code cell it is, counted from 0."""
        return self._place.get(index, index)

    def spans(self, indexes: Iterable[int]) -> list[str]:
        """Write cells as `0`, `1`, `5-7`."""
        spans: list[str] = []
        for _, pairs in groupby(enumerate(indexes), lambda pair: self.row(pair[1]) - pair[0]):
            run = [index for _, index in pairs]
            spans += [f"{run[0]}-{run[-1]}"] if len(run) >= _SPAN else map(str, run)
        return spans

    def named(self, indexes: Sequence[int]) -> str:
        """Write `cell 4`, `cells 1 and 7`, `cells 0, 1, 5-7`."""
        spans = self.spans(indexes)
        between = " and " if len(spans) == 2 else ", "
        return f"{'cells' if len(indexes) > 1 else 'cell'} {between.join(spans)}"


def _lost(
    answered: Sequence[tuple[CellReport, Restart]], places: _Places, everything: bool
) -> Iterator[RenderableType]:
    rows = list(_rows(answered, places))
    shown = rows if everything else rows[:_MOST_ROWS]
    if shown:
        yield grid([(_where(row, places), _body(answer, everything)) for row, answer in shown], [None])
    if left := sum(len(row) for row, _ in rows[len(shown) :]):
        yield Text(f"and {count(left, 'more cell')} (-v lists them)", style="dim")
    if alone := [cell.index for cell, restart in answered if _is_alone(restart)]:
        yield Text(f"{places.named(alone)} {'run' if len(alone) > 1 else 'runs'} alone", style="green")


def _where(indexes: Iterable[int], places: _Places) -> Text:
    return Text(f"[{', '.join(places.spans(indexes))}]", style="dim", justify="right")


def _is_alone(restart: Restart) -> bool:
    return restart.runs_alone and not restart.reason


def _rows(answered: Iterable[tuple[CellReport, Restart]], places: _Places) -> Iterator[tuple[list[int], Restart]]:
    """Put cells that follow each other and need the same into one row."""
    needy = enumerate((cell.index, restart) for cell, restart in answered if not _is_alone(restart))
    for _, group in groupby(needy, lambda one: (places.row(one[1][0]) - one[0], *_same(one[1][1]))):
        row = [member for _, member in group]
        yield [index for index, _ in row], row[0][1]


def _same(restart: Restart) -> tuple[object, ...]:
    """What two answers have in common that read alike; tracebacks tell cells apart that raise the same."""
    raised = restart.raised and (restart.raised.ename, restart.raised.evalue)
    return restart.runs_alone, restart.missing, raised, restart.reason


def _body(restart: Restart, everything: bool) -> RenderableType:
    line = Text("; ").join(_clauses(restart))
    return Group(line, *traceback(restart.raised)) if everything and restart.raised else line


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
    """Write `np, plt (import, cell 0)`: names of one origin stand together, in the order of the first of them."""
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
        return prose(f"`{recovery.name}`: no cells were found that bring it back{why}", style="yellow")
    verb = "comes" if recovery.verified else "may come"
    line = f"`{recovery.name}` {verb} back by running {places.named(recovery.cells)}"
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
        clauses.append(_parted(run.parted, everything))
    line = Text("; ").join(clauses or [Text("same result", style="green")])
    return Group(line, *traceback(run.raised)) if everything and run.raised else line


def _parted(parted: Sequence[Parting], everything: bool) -> Text:
    shown = parted if everything else parted[:_MOST_PARTED]
    words = [f"`{one.name}` ({', '.join([f'first parts at cell {one.index}', *map(str, one.marks)])})" for one in shown]
    if left := len(parted) - len(shown):
        words.append(f"and {left} more (-v lists them)")
    return Text("ends differently: ", style="yellow").append_text(prose(", ".join(words), style="default"))
