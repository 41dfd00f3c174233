"""Every cell of the sample notebooks gets the verdict that its text promises, on both engines."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from nbrerun.analysis import analyze
from nbrerun.config import Settings
from nbrerun.notebook import read
from nbrerun.progress import Silent

SAMPLES = Path(__file__).parents[2] / "sample_notebooks"

# Cell id -> verdict. None is not asserted: such a cell does nothing but write a file, and files are
# not judged yet. For the same reason a cell that loads a model is a plain `reset` here.
EXPECTED: dict[str, dict[str, str | None]] = {
    "01_recreated_in_a_function.ipynb": {
        "imports": "stateless",
        "data": "reset",
        "define": "stateless",
        "first-call": "reset",
        "score": "stateless",
        "second-call": "reset",
        "score-again": "stateless",
        "two-models": "reset",
    },
    "02_fit_twice.ipynb": {
        "imports": "stateless",
        "data": "reset",
        "create": "reset",
        "fit-on-half": "reset",
        "fit-on-all": "reset",
        "compare": "reset",
    },
    "03_true_continuation.ipynb": {
        "imports": "stateless",
        "data": "reset",
        "create": "reset",
        "partial-fit": "in-place",
        "partial-fit-loop": "in-place",
        "warm-start": "in-place",
        "more-trees": "in-place",
        "create-and-train": "reset",
    },
    "04_save_and_load.ipynb": {
        "imports": "stateless",
        "data": "reset",
        "train": "reset",
        "save": None,
        "load": "reset",
        "compare": "stateless",
    },
    "05_local_and_global_scope.ipynb": {
        "imports": "stateless",
        "data": "reset",
        "create": "reset",
        "define-local": "stateless",
        "call-local": "stateless",
        "define-shared": "stateless",
        "call-shared": "in-place",
        "define-global": "stateless",
        "call-global": "reset",
        "guard": "persisted",
        "train-kept": "in-place",
    },
    "06_import_used_later.ipynb": {
        "import-numpy": "stateless",
        "data": "reset",
        "import-model": "stateless",
        "fit": "reset",
        "show": "stateless",
        "predict": "reset",
    },
    "07_data_cell_runs_once.ipynb": {
        "imports": "stateless",
        "data": "reset",
        "drop-column": "error",
        "reset-index": "error",
        "arrays": "reset",
        "statistics": "reset",
        "standardise": "in-place",
        "look": "stateless",
        "mended": "reset",
    },
    "08_unseeded_forest.ipynb": {
        "imports": "stateless",
        "data": "reset",
        "split": "reset",
        "unseeded": "reset",
        "score-unseeded": "stateless",
        "seeded": "reset",
        "score-seeded": "stateless",
    },
    "09_tumour_project.ipynb": {
        "imports": "stateless",
        "settings": "reset",
        "load": "reset",
        "rename": "reset",
        "class-counts": "stateless",
        "correlation": "reset",
        "drop-errors": "error",
        "new-feature": "reset",
        "histogram": "reset",
        "split": "reset",
        "baseline": "reset",
        "pipeline": "reset",
        "search": "reset",
        "forest": "reset",
        "leaderboard": "in-place",
        "report": "stateless",
        "curves": "stateless",
        "importance": "reset",
        "save": None,
        "load-again": "reset",
    },
}


def raw_cells(name: str) -> list[dict[str, Any]]:
    """The cells of a sample as they lie on disk."""
    content: dict[str, Any] = json.loads((SAMPLES / name).read_text(encoding="utf-8"))
    cells: list[dict[str, Any]] = content["cells"]
    return cells


def check(name: str, engine: str, folder: Path) -> dict[str, str]:
    """Verdict per cell id, of a copy of the sample in `folder`."""
    copy = Path(shutil.copy(SAMPLES / name, folder))
    report = analyze(read(copy), Settings(engine=engine), Silent())
    assert report.failure is None
    return {cell.id: str(cell.verdict) for cell in report.cells}


@pytest.mark.parametrize("engine", ["fork", "replay"])
@pytest.mark.parametrize("name", EXPECTED)
def test_each_cell_gets_the_verdict_its_text_promises(name: str, engine: str, tmp_path: Path) -> None:
    """The verdicts are those of the table, whatever the engine."""
    verdicts = check(name, engine, tmp_path)
    asserted = {cell: verdict for cell, verdict in EXPECTED[name].items() if verdict is not None}
    assert verdicts.keys() == EXPECTED[name].keys()
    assert {cell: verdicts[cell] for cell in asserted} == asserted


def test_the_table_covers_every_sample() -> None:
    """A new sample cannot be forgotten."""
    assert sorted(path.name for path in SAMPLES.glob("*.ipynb")) == sorted(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_samples_are_committed_clean(name: str) -> None:
    """A sample begins with its question and holds no outputs, and the table names its code cells in order."""
    cells = raw_cells(name)
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert cells[0]["cell_type"] == "markdown"
    assert [cell["id"] for cell in code] == list(EXPECTED[name])
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)


def test_the_project_has_twenty_code_cells() -> None:
    """The realistic sample stays of a realistic size."""
    assert len(EXPECTED["09_tumour_project.ipynb"]) == 20
