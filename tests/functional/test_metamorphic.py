"""Verdicts do not depend on names, on how something is read, on what stands around a cell, or on a function around it.

Ruling 16 of the contract, checked over all labelled cases. One run puts half of the cells of each case into functions
and applies the other relations to the other half; with `METAMORPHIC_CELLS=all` each cell gets all of them, in twice the
time. `METAMORPHIC_ENGINE=replay` lets the other engine answer.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.functional.cases import ALL
from tests.functional.metamorphic.packs import Pack, packs
from tests.functional.metamorphic.relations import RELATIONS, changed_cells

pytestmark = pytest.mark.timeout(600)  # a notebook of sixty cells, each run several times


COLD = pytest.mark.cold_kernel


@pytest.mark.parametrize("pack", [pytest.param(pack, id=str(pack), marks=[COLD] * pack.is_cold) for pack in packs()])
def test_verdicts_stay_the_same(pack: Pack, tmp_path: Path) -> None:
    """Every cell gets the verdict of its label, whatever was done to its notebook."""
    wrong = pack.disagreements(tmp_path)
    found = [f"{name} ({culprits(pack, name, tmp_path)}):\n" + "\n".join(texts) for name, texts in wrong.items()]
    assert not found, "\n\n".join(found)


def culprits(pack: Pack, name: str, folder: Path) -> str:
    """Which of the relations of a pack changes a verdict of one case by itself, in a notebook of its own."""
    case = next(case for case in pack.cases if case.name == name)
    found = []
    for relation in pack.relations:
        own = folder / f"{pack.cases.index(case)} {relation}"
        own.mkdir()
        if Pack(name, (case,), (relation,)).disagreements(own):
            found.append(relation)
    return " and ".join(found) if found else "under no relation alone"


@pytest.mark.parametrize(
    ("relation", "least"),
    [
        ("renamed", 246),
        ("read otherwise", 70),
        ("unrelated above", 257),
        ("unrelated below", 256),
        ("in functions", 253),
    ],
)
def test_cases_are_really_changed(relation: str, least: int) -> None:
    """A relation that leaves a case as it is would prove nothing about it."""
    counts = [changed_cells(case, RELATIONS[relation](case, "v")) for case in ALL]
    cases, cells = sum(count > 0 for count in counts), sum(len(case.cells) for case in ALL)
    print(f"{relation}: {cases} of {len(ALL)} cases, {sum(counts)} of {cells} cells")
    assert cases >= least
