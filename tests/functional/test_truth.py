"""A few hundred generated cells; `python -m tests.truth` checks as many as one likes (docs/truth.md)."""

from __future__ import annotations

import pytest

from tests.truth.compose import generated
from tests.truth.grammar import EFFECTS
from tests.truth.run import examine, summary

NOTEBOOKS, ON_BOTH_ENGINES = 8, 4
SEED, SIZE = 20_000, 25


@pytest.mark.parametrize("number", range(NOTEBOOKS))
def test_generated_cells_get_the_verdict_that_follows_from_how_they_were_built(number: int) -> None:
    """From each engine, with confidence; and an oracle that uses nothing of nbrerun agrees with the labels.

    Each notebook has effects of its own, so that together they have most of them.
    """
    effects = sorted(EFFECTS)[number::NOTEBOOKS]
    (notebook,) = generated(SEED + number, 1, SIZE, effects)
    counts = examine(notebook, ("fork", "replay") if number < ON_BOTH_ENGINES else ("fork",))
    assert counts.is_right, summary(counts, minimal=False)
