"""The relations: each takes a case and gives one whose cells must get the same verdicts."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence

from IPython.core.inputtransformer2 import TransformerManager

from tests.functional.cases.case import Case
from tests.functional.metamorphic.function import in_functions
from tests.functional.metamorphic.reads import read_otherwise
from tests.functional.metamorphic.rename import renamed
from tests.functional.metamorphic.unrelated import unrelated_above, unrelated_below

RELATIONS: Mapping[str, Callable[[Case, str], Case]] = {
    "renamed": renamed,
    "read otherwise": lambda case, _: read_otherwise(case),
    "unrelated above": unrelated_above,
    "unrelated below": unrelated_below,
    "in functions": in_functions,
}
"""By name. The second argument begins the names that a relation adds, so that two cases can share a notebook."""

PASSES: Sequence[Sequence[str]] = (
    ("read otherwise", "unrelated above", "renamed"),
    ("in functions", "unrelated below", "renamed"),
)
"""Relations that are applied one after the other. What a cell reads at its top level, and what stands above it, would
no longer show if the lines were in a function; so these come in two passes."""


def transformed(case: Case, relations: Sequence[str], tag: str) -> Case:
    """Apply relations in order; every cell must compile as the kernel would compile it."""
    for relation in relations:
        case = RELATIONS[relation](case, tag)
    for cell in case.cells:
        python = TransformerManager().transform_cell(cell.source)
        compile(python, "<cell>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    return case


def changed_cells(before: Case, after: Case) -> int:
    """How many cells have another source."""
    return sum(one.source != other.source for one, other in zip(before.cells, after.cells, strict=True))
