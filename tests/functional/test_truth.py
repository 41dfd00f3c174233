"""Generated cells: each verdict must be the one that follows from how the cell was built, and engines must agree.

`python -m tests.truth` checks as many more as one likes.
"""

from __future__ import annotations

import pytest

from tests.truth.compose import generated
from tests.truth.run import examine, summary

CELLS = 30
"""Cells of one notebook: many, so that few kernels start."""


@pytest.mark.parametrize("number", range(3))
def test_generated_cells_get_the_verdict_they_were_built_for(number: int) -> None:
    """No verdict is wrong, no label contradicts the oracle, and nothing is left undetermined."""
    (notebook,) = generated(number, 1, CELLS)
    counts = examine(notebook, ("fork", "replay"))
    assert counts.is_right, summary(counts, minimal=True)
