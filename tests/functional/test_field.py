"""What real notebooks have, on both engines: streams, widgets, odd loaders, stores, reruns that die."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.functional.cases import field
from tests.functional.cases.case import Case
from tests.functional.test_cases import check, disagreements

COLD = {"an iterator used up beside a first import", "a path that grows"}
"""Cases about imports and settings, which need a kernel that has imported nothing."""


def _marked(case: Case) -> object:
    return pytest.param(case, id=case.name, marks=[pytest.mark.cold_kernel] if case.name in COLD else [])


@pytest.mark.parametrize("engine", ["fork", "replay"])
@pytest.mark.parametrize("case", [_marked(case) for case in field.CASES])
def test_real_notebooks_get_their_verdicts(case: Case, engine: str, tmp_path: Path) -> None:
    """The report on each cell agrees with its label, and the main run is what it is without nbrerun."""
    report = check(case, tmp_path, engine)
    assert report.failure is None
    wrong = [text for label, cell in zip(case.cells, report.cells, strict=True) for text in disagreements(label, cell)]
    assert not wrong, "\n".join(wrong)
