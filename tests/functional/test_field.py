"""What real notebooks have, on both engines: streams, widgets, odd loaders, stores, reruns that die."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.functional.cases import field
from tests.functional.cases.case import Case
from tests.functional.test_cases import check, disagreements

COLD = {"a path that grows"}
"""Cases about imports and settings, which need a kernel that has imported nothing."""


CANNOT_FORK = {"training that keeps books"}
"""CatBoost imports polars, whose threads a forked process lacks."""


def _marked(case: Case, engine: str) -> object:
    marks = [pytest.mark.cold_kernel] if case.name in COLD else []
    return pytest.param(case, engine, id=f"{case.name}-{engine}", marks=marks)


ALL = [_marked(case, engine) for case in field.CASES for engine in ("fork", "replay")]


@pytest.mark.parametrize(("case", "engine"), ALL)
def test_real_notebooks_get_their_verdicts(case: Case, engine: str, tmp_path: Path) -> None:
    """The report on each cell agrees with its label, and the main run is what it is without nbrerun."""
    survives = case.survives_fork and case.name not in CANNOT_FORK
    report = check(case, tmp_path, engine.replace("fork", "auto") if not survives else engine)
    assert report.failure is None
    wrong = [text for label, cell in zip(case.cells, report.cells, strict=True) for text in disagreements(label, cell)]
    assert not wrong, "\n".join(wrong)
