"""The report for users: what each cell does when it is run again, and why, in a terminal or as a picture.

Text from a notebook is shown through `Text` objects only, so nothing in it is read as markup.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TextIO

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.text import Text

from nbrerun.model import (
    CellReport,
    Finding,
    NotebookReport,
    Report,
    Severity,
    VariableReport,
    Verdict,
)
from nbrerun.reporters import restart
from nbrerun.reporters.pieces import GAP, count, exception, grid, indent, prose, traceback
from nbrerun.reporters.profile import profiles
from nbrerun.reporters.summary import summary
from nbrerun.reporters.text import clean, one_line

QUIET, NORMAL, VERBOSE = -1, 0, 1

_LOOKS = {
    # verdict: symbol, symbol in ASCII, style
    Verdict.ERROR: ("✗", "x", "bold red"),
    Verdict.IN_PLACE: ("»", ">", "bold yellow"),
    Verdict.PERSISTED: ("◆", "*", "bold blue"),
    Verdict.RESET: ("✓", "+", "green"),
    Verdict.STATELESS: ("·", ".", "dim"),
    Verdict.SKIPPED: ("-", "-", "dim"),
    Verdict.UNDETERMINED: ("?", "?", "bold magenta"),
    Verdict.UNTOUCHED: (" ", " ", "dim"),
}
_SEVERITIES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.INFO: "blue"}
_CALM = {Verdict.RESET, Verdict.STATELESS, Verdict.SKIPPED}
_WIDE = 120
_MARGIN = 1
_SOURCE_NARROW = 26
_SOURCE_WIDE = 52


def render(report: Report, out: TextIO, verbosity: int = NORMAL) -> None:
    """Write the report, with the colours and the width of `out` if it is a terminal."""
    console = Console(file=out, highlight=False, markup=False, emoji=False)
    # rich exits the process when it writes to a closed pipe (Console.on_broken_pipe), so it must not write itself.
    with console.capture() as captured:
        print_report(report, console, verbosity)
    text = re.sub(" +$", "", captured.get(), flags=re.MULTILINE)
    # A terminal or a pipe may not be able to encode the symbols, or text of the notebook.
    encoding = out.encoding or "utf-8"
    out.write(text.encode(encoding, "replace").decode(encoding))


def render_svg(report: Report, title: str, width: int = 100, verbosity: int = NORMAL) -> str:
    """Draw the report as an SVG picture that depends on no other file, not even a web font."""
    console = Console(
        record=True,
        file=io.StringIO(),
        width=width,
        force_terminal=True,
        color_system="truecolor",
        highlight=False,
        markup=False,
        emoji=False,
    )
    print_report(report, console, verbosity)
    code_format = re.sub(r"\s*@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    # With a fixed id the same report gives the same file.
    return console.export_svg(title=title, code_format=code_format, unique_id="nbrerun")


def print_report(report: Report, console: Console, verbosity: int = NORMAL) -> None:
    """Print the report on `console`; `QUIET` shows only findings and the summary."""
    for notebook in report.notebooks:
        eventful = _worth_listing(notebook, verbosity) or notebook.failure or notebook.incomplete or notebook.problem
        if eventful or (verbosity > QUIET and not notebook.static):
            _NotebookPrinter(notebook, console, verbosity).print()
            console.print()
    compared = report.compared
    if compared is not None and compared.gone and verbosity > QUIET:
        console.print(Text(f"gone since the baseline {one_line(compared.baseline)}", style="bold", overflow="fold"))
        for gone in compared.gone:
            number = f" ({gone.count} findings)" if gone.count > 1 else ""
            text = f"{gone.rule} in cell {gone.cell} of {gone.notebook}{number}"
            console.print(indent(Text(one_line(text), style="green", overflow="fold"), _MARGIN))
        console.print()
    for shown in profiles(report):
        console.print(shown)
    for line in summary(report):
        console.print(Text(line, style="bold"))


@dataclass(frozen=True)
class _NotebookPrinter:
    notebook: NotebookReport
    console: Console
    verbosity: int

    def print(self) -> None:
        self._print_header()
        if self.notebook.problem:
            self._print_indented(Text("not checked: ", "bold red").append_text(prose(self.notebook.problem)))
            if self.verbosity >= VERBOSE:
                self._print_indented(Text(clean("\n".join(self.notebook.traceback)), style="dim"))
            return
        if self.verbosity > QUIET:
            self._print_cells()
        if failure := self.notebook.failure:
            body = Text("the main run raised ").append_text(exception(failure))
            body.append("\nno cell after it was run", style="dim")
            more = traceback(failure) if self.verbosity >= VERBOSE else ()
            self._print_grid([[*self._first(failure.index, Verdict.ERROR, "failed"), Group(body, *more)]])
        if self.notebook.incomplete:
            self._print_indented(Text(self.notebook.incomplete, "bold magenta"))
        if self.verbosity > QUIET:
            for section in restart.sections(self.notebook, everything=self.verbosity >= VERBOSE):
                self.console.print()
                self._print_indented(section)
        if listed := _worth_listing(self.notebook, self.verbosity):
            if self.verbosity > QUIET:
                self.console.print()
            self._print_findings(listed)

    def _print_header(self) -> None:
        self.console.print(Text(one_line(self.notebook.path), style="bold", overflow="fold"))
        if self.verbosity == QUIET or self.notebook.static or self.notebook.problem:
            return
        engine = f"engine {self.notebook.engine}" if self.notebook.engine else "no engine"
        why = f": {one_line(self.notebook.engine_reason)}" if self.notebook.engine_reason else ""
        cached = "cached; " if self.notebook.cached else ""
        line = f"{cached}kernel {one_line(self.notebook.kernel)}, {engine}{why}"
        self._print_indented(Text(line, style="dim"))
        if self.notebook.sandbox or self.notebook.sandbox_reason:
            why = f": {one_line(self.notebook.sandbox_reason)}" if self.notebook.sandbox_reason else ""
            self._print_indented(Text(f"files: {self.notebook.sandbox or 'no sandbox'}{why}", style="dim"))
        self.console.print()

    def _print_indented(self, renderable: RenderableType) -> None:
        self.console.print(indent(renderable, _MARGIN))

    def _print_cells(self) -> None:
        if self.notebook.lacks:
            self._print_indented(Text(self.notebook.reason, style=_LOOKS[Verdict.SKIPPED][2]))
        elif self.notebook.static:
            return
        elif not self.notebook.cells and not self.notebook.failure and not self.notebook.incomplete:
            self._print_indented(Text("no code cells", style="dim"))
        self._print_grid([self._row(cell) for cell in self.notebook.cells])
        parts = [part for cell in self.notebook.cells for variable in cell.variables for part in variable.opaque]
        if parts:
            where = "" if self.verbosity >= VERBOSE else " (-v lists them)"
            note = f"{count(len(parts), 'part')} of variables could not be read{where}"
            self.console.print()
            self._print_indented(Text(note, style="magenta"))

    def _print_grid(self, rows: Sequence[Sequence[RenderableType]]) -> None:
        """Print rows of symbol and position, verdict, source (wide rows only) and a rest that may wrap."""
        if not rows:
            return
        widths = [*self._first_widths, self._source_width]
        self._print_indented(grid(rows, widths[: len(rows[0]) - 1]))

    @cached_property
    def _first_widths(self) -> tuple[int, int]:
        indexes = [cell.index for cell in self.notebook.cells]
        words = [str(cell.verdict) for cell in self.notebook.cells]
        if failure := self.notebook.failure:
            indexes, words = [*indexes, failure.index], [*words, "failed"]
        position = max((len(_position(index)) for index in indexes), default=0)
        return position + 2, max((len(word) for word in words), default=0)

    @cached_property
    def _source_width(self) -> int:
        longest = max((cell_len(_source(cell).plain) for cell in self.notebook.cells), default=0)
        most = _SOURCE_WIDE if self.console.width >= _WIDE else _SOURCE_NARROW
        return min(longest, most)

    def _first(self, index: int, verdict: Verdict, word: str = "") -> tuple[Text, Text]:
        symbol, ascii_symbol, style = _LOOKS[verdict]
        shown = ascii_symbol if self.console.options.ascii_only else symbol
        lead = Text(shown, style=style)
        lead.append(_position(index).rjust(self._first_widths[0] - 1), style="not bold dim default")
        return lead, Text(word or str(verdict), style=style)

    def _row(self, cell: CellReport) -> list[RenderableType]:
        """Put the reason into a column of its own on wide terminals, else next to the source if it fits, else below."""
        is_calm = cell.verdict in _CALM and not any(variable.marks for variable in cell.variables)
        source, reason = _source(cell), prose(cell.reason, style="dim" if is_calm else "")
        if self.console.width >= _WIDE:
            return [*self._first(cell.index, cell.verdict), source, Group(reason, *self._details(cell))]
        beside = self._source_width + GAP
        room = self.console.width - _MARGIN - sum(self._first_widths) - 2 * GAP
        if reason.cell_len <= room - beside:
            source.truncate(beside - GAP, overflow="ellipsis", pad=True)
            lines = [source.append(" " * GAP).append_text(reason)]
        else:
            source.truncate(room, overflow="ellipsis")
            lines = [source, reason]
        return [*self._first(cell.index, cell.verdict), Group(*lines, *self._details(cell))]

    def _details(self, cell: CellReport) -> Iterator[RenderableType]:
        if self.verbosity < VERBOSE:
            return
        runs = (("first run", cell.seconds.first), ("again", cell.seconds.again))
        timing = [f"{run} {seconds:.2f} s" for run, seconds in runs if seconds is not None]
        if cell.engine and cell.engine != self.notebook.engine:
            timing.append(f"engine {cell.engine}")
        if timing:
            yield Text(", ".join(timing), style="dim")
        for variable in cell.variables:
            yield from _variable_lines(variable, arrow="->" if self.console.options.ascii_only else "→")
        if cell.error:
            yield from traceback(cell.error)

    def _print_findings(self, findings: Sequence[Finding]) -> None:
        rows = []
        for finding in findings:
            position = Text(_position(finding.index), style="dim", justify="right")
            severity = Text(str(finding.severity), style=_SEVERITIES[finding.severity])
            if finding.known:
                severity = Text(f"{finding.severity}, known", style="dim")
            rows.append((position, Text(finding.rule, style="bold"), severity, prose(finding.message)))
        self._print_indented(grid(rows, [None] * 3))


def _worth_listing(notebook: NotebookReport, verbosity: int) -> list[Finding]:
    """Select the findings to list: with `-v` all, else none of severity info, and with `-q` none that are known."""
    # The sections of the report show what findings of severity info say; `-v` adds the codes of their rules.
    listed = [item for item in notebook.findings if item.severity is not Severity.INFO or verbosity >= VERBOSE]
    return [item for item in listed if not item.known or verbosity > QUIET]


def _position(index: int) -> str:
    return f"[{index}]" if index >= 0 else ""


def _source(cell: CellReport) -> Text:
    return Text(one_line(cell.first_line), style="dim" if cell.verdict is Verdict.STATELESS else "")


def _variable_lines(variable: VariableReport, arrow: str) -> Iterator[RenderableType]:
    words = [variable.verdict, variable.how, variable.via and f"via {variable.via}", variable.direction]
    said = ", ".join([str(word) for word in words if word] + [str(mark) for mark in variable.marks])
    line = Text(one_line(variable.name), style="cyan").append(f" ({one_line(variable.type)}): ", style="dim")
    line.append(said, style=_LOOKS[variable.verdict][2])
    if variable.reason:
        line.append(" - ").append_text(prose(variable.sentence))
    yield line
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
