"""The cells in the terminal report: one line for each, and with `-v` what was measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.text import Text

from nbrerun.model import CellReport, Finding, NotebookReport, VariableReport, Verdict
from nbrerun.reporters.looks import SEVERITIES, VERDICTS, cell_name, execution
from nbrerun.reporters.pieces import GAP, count, grid, indent, prose, traceback
from nbrerun.reporters.text import one_line

_CALM = {Verdict.RESET, Verdict.STATELESS, Verdict.SKIPPED}
_SHORTEST_SOURCE = 14
_WIDE_ENOUGH = 60
"""Columns from which on `In [4]` is shown."""


@dataclass(frozen=True)
class Rows:
    """The cells of a notebook, laid out for a width."""

    notebook: NotebookReport
    width: int
    """Columns that there are for a line."""
    everything: bool
    """Reasons in full, each variable with its changes, and durations."""
    ascii_only: bool = False

    def table(self) -> RenderableType:
        """Lay out one line for each cell: symbol and name, `In [4]`, verdict, source, and why."""
        widths = [*self._lead, self._source]
        if not self.everything:
            return grid([self._row(cell) for cell in self.notebook.cells], widths)
        below = self._lead[0] + GAP
        parts: list[RenderableType] = []
        for cell in self.notebook.cells:
            parts += [grid([self._row(cell)], widths), *(indent(line, below) for line in self._details(cell))]
        return Group(*parts)

    @property
    def cut(self) -> int:
        """Number of reasons that do not fit on their line."""
        if self.everything:
            return 0
        return sum(self._note(cell).cell_len > self._rest and not self._matters(cell) for cell in self.notebook.cells)

    @cached_property
    def _lead(self) -> list[int]:
        cells = self.notebook.cells
        names = max((len(cell_name(cell.index)) for cell in cells), default=0) + 2
        numbers = max((len(execution(cell)) for cell in cells), default=0)
        verdicts = max((len(str(cell.verdict)) for cell in cells), default=0)
        return [names, *([numbers] if numbers and self.width >= _WIDE_ENOUGH else []), verdicts]

    @cached_property
    def _room(self) -> int:
        """Columns for source and reason together."""
        return self.width - sum(self._lead) - GAP * (len(self._lead) + 1)

    @cached_property
    def _source(self) -> int:
        longest = max((cell_len(one_line(cell.first_line)) for cell in self.notebook.cells), default=0)
        notes = max((self._note(cell).cell_len for cell in self.notebook.cells), default=0)
        return max(min(longest, max(self._room - notes, min(_SHORTEST_SOURCE, self._room // 2))), 1)

    @cached_property
    def _rest(self) -> int:
        return max(self._room - self._source, 1)

    @cached_property
    def _findings(self) -> list[Finding]:
        return [finding for finding in self.notebook.findings if finding.listed]

    @cached_property
    def _codes(self) -> dict[int, Text]:
        """The rules that were found to be broken, by cell; what is known is said above as well."""
        found: dict[int, dict[str, str]] = {}
        for finding in self._findings:
            rule = f"{finding.rule} (known)" if finding.known else finding.rule
            found.setdefault(finding.index, {}).setdefault(
                rule, "dim" if finding.known else SEVERITIES[finding.severity]
            )
        return {
            index: Text(", ").join(Text(rule, style=style) for rule, style in rules.items())
            for index, rules in found.items()
        }

    @cached_property
    def _found(self) -> set[tuple[int, str | None]]:
        """Cells and variables that findings are about."""
        return {(finding.index, finding.name) for finding in self._findings}

    def _matters(self, cell: CellReport) -> bool:
        """Whether the reason is shown in full, since nothing else in the report says it."""
        return cell.index not in self._codes and cell.verdict not in _CALM

    def _note(self, cell: CellReport) -> Text:
        if cell.index in self._codes:
            return self._codes[cell.index]
        return prose(cell.reason, style="dim" if cell.verdict in _CALM else "")

    def _row(self, cell: CellReport) -> list[RenderableType]:
        symbol, ascii_symbol, style = VERDICTS[cell.verdict]
        name = Text(ascii_symbol if self.ascii_only else symbol, style=style)
        name.append(cell_name(cell.index).rjust(self._lead[0] - 1), style="not bold default")
        numbers = [Text(execution(cell), style="dim")] if len(self._lead) == 3 else []
        source = Text(one_line(cell.first_line), style="dim" if cell.verdict is Verdict.STATELESS else "")
        source.truncate(self._source, overflow="ellipsis")
        note = self._note(cell)
        if not self.everything and not self._matters(cell):
            note.truncate(self._rest, overflow="ellipsis")
        return [name, *numbers, Text(str(cell.verdict), style=style), source, note]

    def _details(self, cell: CellReport) -> Iterator[RenderableType]:
        runs = (("first run", cell.seconds.first), ("again", cell.seconds.again))
        timing = [f"{run} {seconds:.2f} s" for run, seconds in runs if seconds is not None]
        if cell.engine and cell.engine != self.notebook.engine:
            timing.append(f"engine {cell.engine}")
        if timing:
            yield Text(", ".join(timing), style="dim")
        for variable in cell.variables:
            # A finding has said why already.
            reason = "" if (cell.index, variable.name) in self._found else variable.sentence
            yield from _variable_lines(variable, reason, arrow="->" if self.ascii_only else "→")
        if cell.error:
            yield from traceback(cell.error)


def _variable_lines(variable: VariableReport, reason: str, arrow: str) -> Iterator[RenderableType]:
    words = [variable.verdict, variable.how, variable.via and f"via {variable.via}", variable.direction]
    said = ", ".join([str(word) for word in words if word] + [str(mark) for mark in variable.marks])
    line = Text(one_line(variable.name), style="cyan").append(f" ({one_line(variable.type)}): ", style="dim")
    line.append(said, style=VERDICTS[variable.verdict][2])
    yield line.append(" - ").append_text(prose(reason)) if reason else line
    for change in variable.changes:
        line = Text(f"{one_line(change.path)}: ", style="cyan")
        line.append(f"{one_line(change.first)} {arrow} {one_line(change.again)}", style="default")
        if change.max_abs_change is not None:
            line.append(f", max |change| {change.max_abs_change:.3g}", style="bold default")
        yield indent(line)
    if variable.more_changes:
        yield indent(Text(f"and {count(variable.more_changes, 'more change')}", style="dim"))
    for part in variable.opaque:
        yield indent(Text(f"not read: {one_line(part)}", style="magenta"))
