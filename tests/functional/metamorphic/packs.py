"""Many small notebooks in one, so that a kernel and its imports are paid for once.

Renaming makes the names of two cases differ. A case has a notebook of its own where its cells reach what others
use, too; `reason_for_own_notebook` tells.
"""

from __future__ import annotations

import ast
import builtins
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.functional.cases import MODULES
from tests.functional.cases.case import Case
from tests.functional.cases.frameworks import ALL as FRAMEWORKS
from tests.functional.metamorphic.names import bound, imported
from tests.functional.metamorphic.relations import RELATIONS, alternating, transformed
from tests.functional.metamorphic.rename import Renaming
from tests.functional.metamorphic.source import split
from tests.functional.test_cases import check, disagreements

ENGINE = os.environ.get("METAMORPHIC_ENGINE", "fork")
"""Which engine answers. The rules do not know the engine, and replay takes several times as long."""

FIRST = {"half": (0,), "all": (0, 1)}[os.environ.get("METAMORPHIC_CELLS", "half")]
"""From which cell on every second one is put into a function: one run changes half of the cells in either way."""

_MOST_CELLS = 65
"""A notebook with more takes longer than its parts: every cell is compared with all that those before it left."""


@dataclass(frozen=True)
class Pack:
    """Cases that share a notebook, and the relations that are applied to each of them."""

    name: str
    cases: tuple[Case, ...]
    relations: tuple[str, ...]
    first: int | None = None
    """From which cell on every second one is in a function; all of them under all relations if there is none."""

    def __str__(self) -> str:
        return f"{self.name}: {' + '.join(self.relations)}" + ("" if self.first is None else f", from {self.first}")

    @property
    def is_cold(self) -> bool:
        """Whether its kernel must have imported nothing before."""
        return any(case.cold for case in self.cases)

    def parts(self) -> list[Case]:
        """The cases after their relations, with names that do not meet."""
        if self.first is None:
            return [transformed(case, self.relations, f"v{number}") for number, case in enumerate(self.cases)]
        return [
            alternating(case, self.relations, f"v{number}", (number + self.first) % 2)
            for number, case in enumerate(self.cases)
        ]

    def together(self) -> Case:
        """All of the cases as one."""
        parts = self.parts()
        return Case(
            self.name,
            *(cell for part in parts for cell in part.cells),
            setup="\n".join(part.setup for part in parts),
            survives_fork=all(part.survives_fork for part in parts),
        )

    def disagreements(self, folder: Path) -> dict[str, list[str]]:
        """By case: everything that the report on its cells says other than its labels."""
        together = self.together()
        report = check(together, folder, ENGINE if together.survives_fork else "auto")
        assert report.failure is None, report.failure
        cells = iter(report.cells)
        wrong: dict[str, list[str]] = {}
        for part in self.parts():
            for label in part.cells:
                found = [f"{text}\n{label.source}" for text in disagreements(label, next(cells))]
                if found:
                    wrong.setdefault(part.name, []).extend(found)
        assert next(cells, None) is None
        return wrong


def reason_for_own_notebook(case: Case) -> str:
    """Why a case cannot share a notebook; empty where it can."""
    trees = [split(cell.source).tree for cell in case.cells]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    if not case.survives_fork:
        return "it ends up with another engine"
    if any(isinstance(node, ast.ImportFrom) and node.names[0].name == "*" for node in nodes):
        return "a star import may hide names of other cases"
    if any(bound(tree) & set(dir(builtins)) for tree in trees):
        return "it hides a builtin"
    if any(isinstance(node, ast.Attribute) and node.attr == "chdir" for node in nodes):
        return "files of the cells below it would lie elsewhere"
    if any(isinstance(node, ast.Attribute) and ast.unparse(node) == "sys.path" for node in nodes):
        return "it looks whether a folder is there that another case has added"
    if any(cell.source.startswith("%load_ext") for cell in case.cells):
        return "an extension acts before every cell below it"
    return ""


def themes() -> dict[str, list[Case]]:
    """All labelled cases by theme; of the libraries those that the engine in use is to answer for.

    What loads TensorFlow, JAX or polars cannot be forked from there on, and is for replay.
    """
    found = {module.__name__.rpartition(".")[2]: list(module.CASES) for module in MODULES}
    for each in FRAMEWORKS:
        if ENGINE in each.engines or ENGINE != "fork":
            theme = next(
                (name for name in ("transformers", "torch", "spacy") if name in each.needs), "tables and trees"
            )
            found.setdefault(theme, []).append(each.case)
    return found


def packs() -> list[Pack]:
    """All cases in as few notebooks as will do."""
    every = tuple(RELATIONS)
    return [pack for first in FIRST for theme, cases in themes().items() for pack in packed(theme, cases, every, first)]


def packed(theme: str, cases: Iterable[Case], relations: tuple[str, ...], first: int | None = None) -> Iterator[Pack]:
    """Put cases of one theme into notebooks, in order; each in one of its own if it keeps its names."""
    sharing = [case for case in cases if "renamed" in relations and not reason_for_own_notebook(case)]
    yield from (Pack(case.name, (case,), relations, first) for case in cases if case not in sharing)
    cold, warm = [case for case in sharing if case.cold], [case for case in sharing if not case.cold]
    for number, part in enumerate([*_filled(cold), *_filled(warm)]):
        yield Pack(f"{theme} {number}" if len(part) > 1 else part[0].name, tuple(part), relations, first)


def _filled(cases: Iterable[Case]) -> Iterator[list[Case]]:
    """Begin a new notebook where the cells are enough, or a name that was not renamed would meet itself."""
    part: list[Case] = []
    taken: set[str] = set()
    for case in cases:
        names = _left_names(case)
        if part and (sum(len(each.cells) for each in (*part, case)) > _MOST_CELLS or taken & names):
            yield part
            part, taken = [], set()
        part.append(case)
        taken |= names
    if part:
        yield part


def _left_names(case: Case) -> set[str]:
    """Names that renaming leaves, imports apart: those are the same in every case."""
    trees = [split(cell.source).tree for cell in case.cells]
    names = {name for tree in trees for name in bound(tree)} - {name for tree in trees for name in imported(tree)}
    return names - Renaming(case, "v").chosen.variables
