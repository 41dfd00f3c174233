"""Verdicts do not depend on names, on how something is read, on what stands around a cell, or on a function around it.

Ruling 16 of the contract, checked over all labelled cases. `METAMORPHIC_ENGINE=replay` lets the other engine answer.
"""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path

import pytest

from tests.functional.cases import ALL
from tests.functional.metamorphic.known import KNOWN
from tests.functional.metamorphic.packs import Pack, known_packs, packs
from tests.functional.metamorphic.relations import RELATIONS, changed_cells, transformed

pytestmark = pytest.mark.timeout(600)  # a notebook of sixty cells, each run several times


@pytest.mark.parametrize("pack", packs(), ids=str)
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


def known_failures() -> list[object]:
    """Each case that a relation is known to change, with the notebook that it is in."""
    return [
        pytest.param(
            pack,
            case.name,
            id=f"{pack.relations[0]}: {case.name}",
            marks=pytest.mark.xfail(strict=True, reason=KNOWN[pack.relations[0]][case.name]),
        )
        for pack in known_packs()
        for case in pack.cases
    ]


@pytest.mark.parametrize(("pack", "name"), known_failures())
def test_known_failures_still_fail(pack: Pack, name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """What is mended, or was never wrong, has no place in the table."""
    assert name not in once(pack, tmp_path_factory), "it disagrees"


def once(pack: Pack, factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Check a pack once for all tests about its cases, whichever worker comes first."""
    session = factory.getbasetemp().parent if "PYTEST_XDIST_WORKER" in os.environ else factory.getbasetemp()
    name = "".join(each if each.isalnum() else "-" for each in str(pack))
    with (session / f"{name}.json").open("a+") as kept:
        fcntl.flock(kept, fcntl.LOCK_EX)
        kept.seek(0)
        text = kept.read()
        if not text:
            text = json.dumps(pack.disagreements(factory.mktemp(name[:40])))
            kept.write(text)
    found: dict[str, list[str]] = json.loads(text)
    return found


def test_known_failures_are_cases() -> None:
    """An entry that names no case, or one that its relation leaves as it is, would never be taken out."""
    named = {(relation, name) for relation, names in KNOWN.items() for name in names}
    changed = {
        (pack.relations[0], case.name)
        for pack in known_packs()
        for case in pack.cases
        if changed_cells(case, transformed(case, pack.relations[:1], "v"))
    }
    assert named == changed


@pytest.mark.parametrize(
    ("relation", "least"),
    [
        ("renamed", 246),
        ("read otherwise", 72),
        ("unrelated above", 257),
        ("unrelated below", 256),
        ("in functions", 254),
    ],
)
def test_cases_are_really_changed(relation: str, least: int) -> None:
    """A relation that leaves a case as it is would prove nothing about it."""
    counts = [changed_cells(case, RELATIONS[relation](case, "v")) for case in ALL]
    cases, cells = sum(count > 0 for count in counts), sum(len(case.cells) for case in ALL)
    print(f"{relation}: {cases} of {len(ALL)} cases, {sum(counts)} of {cells} cells")
    assert cases >= least
