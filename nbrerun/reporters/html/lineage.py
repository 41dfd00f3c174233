"""Where each model comes from and what becomes of it, cell by cell, as one picture."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from nbrerun.model import CellReport, How, Kind, Mark, NotebookReport, VariableReport, Verdict
from nbrerun.reporters.text import one_line

_FILE = "file:"
_IDENTIFIER = re.compile(r"[^\W\d]\w*")
_LABEL_WIDTH, _STEP, _ROW, _TOP = 190, 54, 34, 26
_LONGEST_LABEL = 24


@dataclass(frozen=True)
class Event:
    """What one cell does to one model or file of a model."""

    what: str
    """`created`, `refitted`, `trained`, `loaded`, `kept`, `saved`, `used`."""
    index: int
    said: str
    """A clause for whoever points at it."""
    x: int
    y: int


@dataclass(frozen=True)
class Row:
    """A model, or a file that one was saved to."""

    name: str
    label: str
    is_file: bool
    y: int
    events: tuple[Event, ...]
    begin: int
    end: int
    """Where its line begins and ends."""


@dataclass(frozen=True)
class Link:
    """A model goes to a file, or comes from one, in one cell."""

    x: int
    top: int
    bottom: int


@dataclass(frozen=True)
class Lineage:
    """The picture: rows from top to bottom, cells from left to right."""

    rows: tuple[Row, ...]
    columns: tuple[tuple[int, int], ...]
    """Index of the cell and its place."""
    links: tuple[Link, ...]
    width: int
    height: int
    left: int = _LABEL_WIDTH

    @property
    def legend(self) -> list[tuple[str, str]]:
        """The kinds of events that occur, with what each means."""
        seen = {event.what for row in self.rows for event in row.events}
        return [(what, said) for what, said in _SAID.items() if what in seen]


_SAID = {
    "created": "is created",
    "refitted": "is fitted again from nothing",
    "trained": "keeps training",
    "loaded": "is loaded",
    "kept": "is kept from an earlier run",
    "saved": "is saved",
    "used": "is needed",
}


def lineage(notebook: NotebookReport, sources: dict[int, str]) -> Lineage | None:
    """Draw the models of a notebook; None if it has none.

    Args:
        sources: the source of each cell, by its index.
    """
    drawn = _Drawing(notebook, sources)
    if not any(not name.startswith(_FILE) for name in drawn.names):
        return None
    width = _LABEL_WIDTH + _STEP * len(drawn.columns) + 10
    height = _TOP + _ROW * len(drawn.names) + 6
    return Lineage(tuple(drawn.rows()), tuple(drawn.columns.items()), tuple(drawn.links()), width, height)


@dataclass(frozen=True)
class _Drawing:
    notebook: NotebookReport
    sources: dict[int, str]

    @cached_property
    def _found(self) -> list[tuple[str, str, int, str]]:
        """Row, what, cell and what is said, in document order."""
        return [event for cell in self.notebook.cells for event in self._of_cell(cell)]

    def _of_cell(self, cell: CellReport) -> Iterator[tuple[str, str, int, str]]:
        touched = set()
        for variable in cell.variables:
            if what := self._what(variable):
                touched.add(variable.name)
                yield variable.name, what, cell.index, _said(variable, what)
        for missing in cell.restart.missing if cell.restart else ():
            if missing.kind is Kind.MODEL and missing.name not in touched:
                yield missing.name, "used", cell.index, "is needed"

    @cached_property
    def names(self) -> list[str]:
        """The rows: models in the order in which they appear, then the files that they are saved to."""
        everything = dict.fromkeys(name for name, *_ in self._found)
        models = [name for name in everything if not name.startswith(_FILE)]
        return models + [name for name in everything if name.startswith(_FILE)]

    @cached_property
    def columns(self) -> dict[int, int]:
        """The place of each cell that has an event."""
        indexes = sorted({index for _, _, index, _ in self._found})
        return {index: _LABEL_WIDTH + _STEP * place + _STEP // 2 for place, index in enumerate(indexes)}

    @cached_property
    def _files(self) -> set[str]:
        """Files that a model was seen to be saved to or loaded from."""
        everything = [variable for cell in self.notebook.cells for variable in cell.variables]
        saved = {variable.name for variable in everything if variable.direction == "saved"}
        return saved | {f"{_FILE}{one.file}" for one in everything if one.file and one.kind is Kind.MODEL}

    @cached_property
    def _loads(self) -> list[tuple[str, int]]:
        """Files, and the cells that load a model from them."""
        return [
            (f"{_FILE}{variable.file}", cell.index)
            for cell in self.notebook.cells
            for variable in cell.variables
            if self._what(variable) == "loaded"
        ]

    def _what(self, variable: VariableReport) -> str:
        """What a cell does to a variable, if it is a model or the file of one."""
        if variable.kind is Kind.MODEL:
            return _of_model(variable)
        return "saved" if variable.kind is Kind.FILE and variable.name in self._files else ""

    def _y(self, name: str) -> int:
        return _TOP + _ROW * self.names.index(name) + _ROW // 2

    def rows(self) -> Iterator[Row]:
        for name in self.names:
            events = tuple(
                Event(what, index, said, self.columns[index], self._y(name))
                for one, what, index, said in self._found
                if one == name
            )
            shown = one_line(name.removeprefix(_FILE))
            label = shown if len(shown) <= _LONGEST_LABEL else f"{shown[: _LONGEST_LABEL - 1]}…"
            loads = [self.columns[index] for file, index in self._loads if file == name]
            places = [*(event.x for event in events), *loads]
            yield Row(shown, label, name.startswith(_FILE), self._y(name), events, min(places), max(places))

    def links(self) -> Iterator[Link]:
        """Connect a file with the model that a cell loads from it, and with those that a cell which saves it names."""
        for cell in self.notebook.cells:
            words = set(_IDENTIFIER.findall(self.sources.get(cell.index, "")))
            for variable in cell.variables:
                what = self._what(variable)
                if what == "loaded" and f"{_FILE}{variable.file}" in self.names:
                    yield self._link(cell.index, variable.name, f"{_FILE}{variable.file}")
                elif what == "saved":
                    yield from (self._link(cell.index, name, variable.name) for name in self.names if name in words)

    def _link(self, index: int, *names: str) -> Link:
        top, bottom = sorted(map(self._y, names))
        return Link(self.columns[index], top, bottom)


def _of_model(variable: VariableReport) -> str:
    """What a cell does to a model."""
    if variable.verdict is Verdict.RESET:
        return "refitted" if variable.how is How.REFITTED else "created"
    if variable.verdict is Verdict.PERSISTED:
        return "loaded" if variable.direction == "loaded" else "kept"
    return "trained" if variable.verdict is Verdict.IN_PLACE else ""


def _said(variable: VariableReport, what: str) -> str:
    said = _SAID[what]
    if variable.file:
        said += f" from {one_line(variable.file)}"
    marks: Iterable[Mark] = variable.marks
    return ", ".join([said, *map(str, marks)])
