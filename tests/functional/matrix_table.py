"""The tables of docs/frameworks.md, made from the labels that test_frameworks.py holds against real runs.

`python -m tests.functional.matrix_table` prints them; with `--write` it puts them into the page.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from nbrerun.model import CellReport
from tests.functional.cases.case import LabelledCell
from tests.functional.cases.frameworks.matrix import ROWS
from tests.functional.cases.frameworks.notebook import OPERATIONS, Row

PAGE = Path(__file__).parents[2] / "docs" / "frameworks.md"
BEGIN, END = "<!-- generated: verdicts -->", "<!-- end of what is generated -->"


def tables() -> str:
    """The verdicts by library and operation, then the cells that were measured."""
    rows = ((row.library, *_verdicts(row), ", ".join(row.engines)) for row in ROWS)
    verdicts = markdown(("library", *OPERATIONS, "engines"), rows)
    return "\n".join([*verdicts, "", *(line for row in ROWS for line in _cells(row))])


def _verdicts(row: Row) -> Iterator[str]:
    for operation in OPERATIONS:
        yield verdict(row.cells[operation]) if operation in row.cells else "-"


def verdict(label: LabelledCell) -> str:
    """The verdict on a cell in a few words: with how, via which, and the marks of its leading variable."""
    name = leading(label)
    direction = "saved" if name.startswith("file:") else "loaded"
    via = [f"via {label.via[name]}", direction] if name in label.via else []
    how = [label.how[name]] if name in label.how else []
    return _words(str(label.verdict), [*how, *via, *sorted(label.marks.get(name, ()))])


def measured(report: CellReport, name: str) -> str:
    """The same words for what a run has shown of a variable."""
    found = next(variable for variable in report.variables if variable.name == name)
    via = [f"via {found.via}", str(found.direction)] if found.via else []
    how = [str(found.how)] if found.how and name[:5] != "file:" else []
    return _words(str(report.verdict), [*how, *via, *sorted(map(str, found.marks))])


def _words(verdict: str, details: list[str]) -> str:
    return f"**{verdict}**" + (f" ({', '.join(details)})" if details else "")


def leading(label: LabelledCell) -> str:
    """The first variable that has the cell's verdict."""
    return next(name for name, found in label.variables.items() if found == label.verdict)


def _cells(row: Row) -> Iterator[str]:
    yield f"### {row.library}"
    yield ""
    yield row.about
    yield ""
    yield from markdown(
        ("operation", "cell", "verdict"),
        (
            (operation, code(row.cells[operation].source), verdict(row.cells[operation]))
            for operation in OPERATIONS
            if operation in row.cells
        ),
    )
    yield ""


def code(source: str) -> str:
    """Source as it can stand in a table: the indent would be lost otherwise."""
    lines = source.replace("|", "\\|").splitlines()
    return "<br>".join("&emsp;" * ((len(line) - len(line.lstrip())) // 4) + f"`{line.strip()}`" for line in lines)


def markdown(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """A table."""
    columns = list(head)
    yield f"| {' | '.join(columns)} |"
    yield f"|{' --- |' * len(columns)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def with_tables(page: str) -> str:
    """A page with the tables between its two comments."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"no place for the tables: {BEGIN} and {END} are to be on the page")
    return f"{before}{BEGIN}\n\n{tables().strip()}\n\n{END}{after}"


if __name__ == "__main__":
    if "--write" in sys.argv[1:]:
        PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        print(tables().strip())
