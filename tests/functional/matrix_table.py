"""The tables of docs/frameworks.md, made from the labelled matrix: `python -m tests.functional.matrix_table`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

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
    name = _leading(label)
    direction = "saved" if name.startswith("file:") else "loaded"
    via = f"via {label.via[name]}, {direction}" if name in label.via else ""
    details = [part for part in (label.how.get(name, ""), via) if part]
    details += sorted(label.marks.get(name, ()))
    return f"**{label.verdict}**" + (f" ({', '.join(details)})" if details else "")


def _leading(label: LabelledCell) -> str:
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


def on_page() -> str:
    """What the page has between the two comments."""
    return PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0].strip()


def write() -> None:
    """Put the tables into the page."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n\n{tables().strip()}\n\n{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    write()
