"""The findings in the terminal report, in the manner of a compiler: place, line, sentence, fix."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from nbrerun import rules
from nbrerun.model import CellReport, Finding, NotebookReport
from nbrerun.reporters.looks import SEVERITIES, cell_name, execution, listed
from nbrerun.reporters.pieces import indent, prose
from nbrerun.reporters.text import clean, one_line


def place(path: str, finding: Finding) -> str:
    """Render `notebook.ipynb:cell 7:3`, the third line of cell 7; the path alone if it is about the notebook."""
    line = f":{finding.spot.line}" if finding.spot else ""
    return f"{one_line(path)}:{cell_name(finding.index)}{line}" if finding.index >= 0 else one_line(path)


def blocks(notebook: NotebookReport) -> Iterator[RenderableType]:
    """Yield the findings to look at, each as a block of lines."""
    cells = {cell.index: cell for cell in notebook.cells}
    for finding in listed(notebook):
        yield _block(notebook.path, finding, cells.get(finding.index))


def known(notebook: NotebookReport) -> Iterator[Text]:
    """Yield one line for each finding that is in the baseline."""
    for finding in notebook.findings:
        if finding.known and finding.listed:
            said = f"{finding.rule} {finding.severity}, known: {finding.message}"
            yield prose(f"{cell_name(finding.index)}  {said}", style="dim")


def _block(path: str, finding: Finding, cell: CellReport | None) -> RenderableType:
    head = Text(place(path, finding), style="bold", overflow="fold")
    if shown := execution(cell):
        head.append(f"  {shown}", style="not bold dim")
    head.append(f"  {finding.severity} {finding.rule}", style=SEVERITIES[finding.severity])
    below: list[RenderableType] = [*_source(finding), prose(finding.message)]
    if fix := rules.fix(finding):
        below.append(prose(f"fix: {fix} (nbrerun explain {finding.rule})", style="green"))
    return Group(head, *(indent(line) for line in below))


def _source(finding: Finding) -> Iterator[RenderableType]:
    """Yield the line of the cell, and a marker below the part that the finding is about."""
    spot = finding.spot
    if spot is None or not spot.text.strip():
        return
    indentation = len(spot.text) - len(spot.text.lstrip())
    before = clean(spot.text[indentation : spot.column - 1])
    line = Text(clean(spot.text.strip()).replace("\n", " "), style="not dim")
    margin = f"{spot.line} | "
    yield Text(margin, style="dim", no_wrap=True, overflow="ellipsis").append_text(line)
    if spot.length:
        marked = clean(spot.text[spot.column - 1 : spot.column - 1 + spot.length])
        marker = Text("| ".rjust(len(margin)), style="dim", no_wrap=True, overflow="crop")
        marker.append(" " * Text(before).cell_len)
        yield marker.append("^" * max(1, Text(marked).cell_len), style=f"not dim {SEVERITIES[finding.severity]}")
