"""The relations: each takes a case and gives one whose cells must get the same verdicts."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence

from IPython.core.inputtransformer2 import TransformerManager

from tests.functional.cases.case import Case
from tests.functional.metamorphic.function import in_functions
from tests.functional.metamorphic.reads import read_otherwise
from tests.functional.metamorphic.rename import renamed
from tests.functional.metamorphic.source import with_cells
from tests.functional.metamorphic.unrelated import unrelated_above, unrelated_below

RELATIONS: Mapping[str, Callable[[Case, str], Case]] = {
    "renamed": renamed,
    "read otherwise": lambda case, _: read_otherwise(case),
    "unrelated above": unrelated_above,
    "unrelated below": unrelated_below,
    "in functions": in_functions,
}
"""By name. The second argument begins the names that a relation adds, so that two cases can share a notebook."""

AT_TOP_LEVEL = ("read otherwise", "unrelated above", "unrelated below")
IN_FUNCTIONS = "in functions"
"""Not for one cell at once: what a cell reads, and what stands around it, no longer shows at the top level if the lines
are in a function."""


def transformed(case: Case, relations: Sequence[str], tag: str) -> Case:
    """Apply relations to every cell, in order; each cell must compile as the kernel would compile it."""
    for relation in relations:
        case = RELATIONS[relation](case, tag)
    for cell in case.cells:
        python = TransformerManager().transform_cell(cell.source)
        compile(python, "<cell>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    return case


def alternating(case: Case, relations: Sequence[str], tag: str, first: int) -> Case:
    """Put every second cell into a function, from `first` on, and apply the other relations to those between.

    The cell under test is the only one whose lines count, so that each gets its verdict by its own relations.
    """
    others = transformed(case, [name for name in relations if name in AT_TOP_LEVEL], tag)
    wrapped = transformed(case, [name for name in relations if name == IN_FUNCTIONS], tag)
    cells = [
        (wrapped if number % 2 == first and IN_FUNCTIONS in relations else others).cells[number]
        for number in range(len(case.cells))
    ]
    return transformed(
        with_cells(case, cells), [name for name in relations if name not in (*AT_TOP_LEVEL, IN_FUNCTIONS)], tag
    )


def changed_cells(before: Case, after: Case) -> int:
    """How many cells have another source."""
    return sum(one.source != other.source for one, other in zip(before.cells, after.cells, strict=True))
