"""What belongs to a labelled notebook of a library besides its cells: which engines are to answer for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec

from tests.functional.cases.case import Case, LabelledCell

OPERATIONS = ("created", "trained from scratch", "training continued", "saved", "loaded", "unseeded", "seeded")
"""What people do with a model, in the order of the table."""

FORK, REPLAY, AUTO = "fork", "replay", "auto"
BOTH = (FORK, REPLAY)


@dataclass(frozen=True)
class FrameworkCase:
    """A labelled notebook, the library it is about, and the engines that answer for it."""

    case: Case
    needs: tuple[str, ...]
    """Modules that the notebook imports."""
    engines: tuple[str, ...] = BOTH
    """With `auto` the cells before the import are for fork, those from there on for replay."""
    hazard: str = ""
    """With `auto`: the word by which the report says why it went over to replay."""

    def __str__(self) -> str:
        return self.case.name

    @property
    def is_here(self) -> bool:
        """Whether its libraries are installed."""
        return all(find_spec(name) is not None for name in self.needs)


@dataclass(frozen=True)
class Row:
    """One library of the matrix: a notebook in which every operation is a cell."""

    library: str
    needs: tuple[str, ...]
    cells: Mapping[str, LabelledCell]
    """By operation, in the order in which they run; other keys prepare what operations need."""
    engines: tuple[str, ...] = BOTH
    hazard: str = ""
    about: str = ""
    """One sentence for the page: what a reader may wonder about."""

    def as_case(self) -> FrameworkCase:
        """Its notebook."""
        case = Case(f"the matrix, {self.library}", *self.cells.values())
        return FrameworkCase(case, self.needs, self.engines, self.hazard)
