"""The report for users: what each cell does when it is run again, and why, in a terminal or as a picture.

Text from a notebook is shown through `Text` objects only, so nothing in it is read as markup.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TextIO

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console, Group, RenderableType
from rich.text import Text

from nbrerun.model import NotebookReport, Report
from nbrerun.reporters import found, restart
from nbrerun.reporters.cell_rows import Rows
from nbrerun.reporters.looks import NORMAL, QUIET, VERBOSE, cell_name, counts, listed
from nbrerun.reporters.pieces import GAP, count, exception, indent, prose, traceback
from nbrerun.reporters.profile import profiles
from nbrerun.reporters.summary import summary, table
from nbrerun.reporters.text import clean, one_line

_MARGIN = 1


def render(report: Report, out: TextIO, verbosity: int = NORMAL, restart: bool = False) -> None:
    """Write the report, with the colours and the width of `out` if it is a terminal."""
    _write(out, lambda console: print_report(report, console, verbosity, restart))


def render_notebook(notebook: NotebookReport, out: TextIO, verbosity: int = NORMAL, restart: bool = False) -> None:
    """Write the part of the report that is about one notebook."""
    _write(out, lambda console: print_notebook(notebook, console, verbosity, restart))


def render_end(report: Report, out: TextIO, verbosity: int = NORMAL) -> None:
    """Write what follows the parts of the notebooks."""
    _write(out, lambda console: print_end(report, console, verbosity))


def _write(out: TextIO, show: Callable[[Console], None]) -> None:
    console = Console(file=out, highlight=False, markup=False, emoji=False)
    # rich exits the process when it writes to a closed pipe (Console.on_broken_pipe), so it must not write itself.
    with console.capture() as captured:
        show(console)
    text = re.sub(" +$", "", captured.get(), flags=re.MULTILINE)
    # A terminal or a pipe may not be able to encode the symbols, or text of the notebook.
    encoding = out.encoding or "utf-8"
    out.write(text.encode(encoding, "replace").decode(encoding))


def render_svg(report: Report, title: str, width: int = 100, verbosity: int = NORMAL, restart: bool = False) -> str:
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
    print_report(report, console, verbosity, restart)
    code_format = re.sub(r"\s*@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    # With a fixed id the same report gives the same file.
    return console.export_svg(title=title, code_format=code_format, unique_id="nbrerun")


def print_report(report: Report, console: Console, verbosity: int = NORMAL, restart: bool = False) -> None:
    """Print the report on `console`; `QUIET` shows only findings and the summary, `restart` what a restart loses."""
    for notebook in report.notebooks:
        print_notebook(notebook, console, verbosity, restart)
    print_end(report, console, verbosity)


def print_notebook(notebook: NotebookReport, console: Console, verbosity: int, restart: bool) -> None:
    """Print the part on one notebook, most important first; nothing if there is nothing to say."""
    eventful = listed(notebook) or notebook.failure or notebook.incomplete or notebook.problem
    if not eventful and (verbosity == QUIET or (notebook.static and not any(found.known(notebook)))):
        return
    for part in _Part(notebook, console, verbosity, restart).lines():
        console.print(part)
    console.print()


def print_end(report: Report, console: Console, verbosity: int) -> None:
    """Print what is gone since the baseline, the table of all notebooks, and the summary."""
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
    if len(report.notebooks) > 1:
        console.print(table(report))
        console.print()
    # The header of the only notebook has its verdicts already.
    is_said = len(report.notebooks) == 1 and bool(report.notebooks[0].cells)
    for line in summary(report)[is_said:]:
        console.print(Text(line, style="bold"))


@dataclass(frozen=True)
class _Part:
    """The part of the report that is about one notebook."""

    notebook: NotebookReport
    console: Console
    verbosity: int
    restart: bool

    @property
    def everything(self) -> bool:
        return self.verbosity >= VERBOSE

    @cached_property
    def _rows(self) -> Rows:
        ascii_only = self.console.options.ascii_only
        return Rows(self.notebook, self.console.width - _MARGIN, self.everything, ascii_only)

    def lines(self) -> Iterator[RenderableType]:
        """Yield what to print: verdict counts, findings, cells, restart, how it was measured."""
        yield self._header()
        if self.notebook.problem:
            yield indent(Text("not checked: ", "bold red").append_text(prose(self.notebook.problem)), _MARGIN)
            if self.everything:
                yield indent(Text(clean("\n".join(self.notebook.traceback)), style="dim"), _MARGIN)
            return
        if self.notebook.lacks:
            yield indent(Text(self.notebook.reason, style="dim"), _MARGIN)
        yield from self._findings()
        if self.notebook.incomplete:
            yield from (Text(), indent(Text(self.notebook.incomplete, "bold magenta"), _MARGIN))
        if self.verbosity > QUIET and not self.notebook.static:
            yield from self._cells()
            yield from self._after_restart()
            if notes := list(self._notes()):
                yield from (Text(), indent(Group(*notes), _MARGIN))

    def _header(self) -> RenderableType:
        """The path and the verdict counts, on one line where they fit."""
        head = Text(one_line(self.notebook.path), style="bold", overflow="fold")
        if self.verbosity == QUIET or not self.notebook.cells:
            return head
        numbers = counts(self.notebook)
        if head.cell_len + GAP + numbers.cell_len > self.console.width:
            return Group(head, indent(numbers, _MARGIN))
        return Text().append_text(head).append(" " * GAP).append_text(numbers)

    def _findings(self) -> Iterator[RenderableType]:
        if failure := self.notebook.failure:
            body = Text(f"{cell_name(failure.index)}: ", "bold red").append("the main run raised ", "not bold default")
            body.append_text(exception(failure)).append("\nno cell after it was run", style="dim")
            more = traceback(failure) if self.everything else ()
            yield from (Text(), indent(Group(body, *more), _MARGIN))
        for block in found.blocks(self.notebook):
            yield from (Text(), block)
        known = list(found.known(self.notebook)) if self.verbosity > QUIET else []
        if known:
            yield from (Text(), indent(Group(*known), _MARGIN))

    def _cells(self) -> Iterator[RenderableType]:
        notebook = self.notebook
        if not notebook.cells:
            if not (notebook.failure or notebook.incomplete or notebook.lacks):
                yield indent(Text("no code cells", style="dim"), _MARGIN)
            return
        yield from (Text(), indent(self._rows.table(), _MARGIN))

    def _after_restart(self) -> Iterator[RenderableType]:
        if self.everything or self.restart:
            for section in restart.sections(self.notebook, everything=self.everything):
                yield from (Text(), indent(section, _MARGIN))
        elif self.notebook.whole:
            yield from (Text(), indent(restart.whole(self.notebook, everything=False), _MARGIN))

    def _notes(self) -> Iterator[Text]:
        """Say what is not shown, and how the notebook was checked: why, unless it is the usual way."""
        notebook = self.notebook
        if not (self.everything or self.restart) and (said := restart.brief(notebook)):
            yield prose(said)
        left = [f"{count(self._rows.cut, 'reason')} cut short"] if self._rows.cut else []
        parts = [part for cell in notebook.cells for variable in cell.variables for part in variable.opaque]
        left += [f"{count(len(parts), 'part')} of variables could not be read"] if parts else []
        if left:
            yield Text(
                f"{'; '.join(left)}{'' if self.everything else ': -v shows them'}", "magenta" if parts else "dim"
            )
        if notebook.declared:
            yield Text(one_line(notebook.declared), "dim")
        kernel = ": ".join(filter(None, map(one_line, (notebook.kernel, notebook.kernel_reason))))
        if not (notebook.engine or notebook.sandbox or notebook.sandbox_reason):
            if notebook.kernel_reason:
                yield Text(f"kernel {kernel}", style="dim")
            return
        engine = notebook.engine or "none"
        if notebook.engine_reason and (self.everything or notebook.engine != "fork"):
            engine += f": {one_line(notebook.engine_reason)}"
        files = notebook.sandbox or "no sandbox"
        if notebook.sandbox_reason and (self.everything or notebook.sandbox != "overlay"):
            files += f": {one_line(notebook.sandbox_reason)}"
        cached = "cached; " if notebook.cached else ""
        yield Text(f"{cached}kernel {kernel}; engine {engine}; files: {files}", style="dim")
