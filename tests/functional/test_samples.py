"""Every cell of the sample notebooks gets the verdict that its text promises, on both engines."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from nbrerun.analysis import analyze
from nbrerun.model import NotebookReport
from nbrerun.notebooks.read import read_notebook
from nbrerun.progress import Silent
from nbrerun.settings.values import Settings

SAMPLES = Path(__file__).parents[2] / "sample_notebooks"

# Cell id -> verdict.
EXPECTED: dict[str, dict[str, str]] = {
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
        "save": "persisted",
        "load": "persisted",
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
        "fixed": "reset",
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
        "save": "persisted",
        "load-again": "persisted",
    },
    "10_what_a_restart_loses.ipynb": {
        "imports": "stateless",
        "data": "reset",
        "use-import": "reset",
        "own-import": "reset",
        "alias": "stateless",
        "use-alias": "reset",
        "define": "stateless",
        "call": "reset",
        "save": "persisted",
        "load": "persisted",
        "score": "stateless",
    },
    "11_get_or_create.ipynb": {
        "imports": "stateless",
        "data": "reset",
        "load-or-train": "persisted",
        "define": "stateless",
        "call": "persisted",
        "cached-data": "persisted",
        "train-and-save": "reset",
        "load-train-save": "in-place",
        "train-save-load": "reset",
        "log": "in-place",
    },
    "12_a_file_from_the_future.ipynb": {
        "imports": "stateless",
        "data": "reset",
        "load-if-there": "reset",
        "train": "in-place",
        "save": "persisted",
        "write-data": "reset",
        "fit-data": "reset",
        "forecast": "stateless",
        "correct-data": "reset",
    },
    "13_pytorch_training_loop.ipynb": {
        "imports": "stateless",
        "data": "reset",
        "create": "reset",
        "train": "in-place",
        "score": "stateless",
        "define": "stateless",
        "call": "in-place",
        "create-and-train": "reset",
        "unseeded": "reset",
        "save": "persisted",
        "load": "persisted",
    },
    "14_keras_after_a_restart.ipynb": {
        "imports": "stateless",
        "data": "reset",
        "alias": "stateless",
        "create": "reset",
        "train": "in-place",
        "save": "persisted",
        "load": "persisted",
        "predict": "stateless",
    },
    "15_xgboost_more_trees.ipynb": {
        "imports": "stateless",
        "data": "reset",
        "create": "reset",
        "fit": "reset",
        "fit-on": "in-place",
        "train": "reset",
        "train-on": "in-place",
        "update": "in-place",
        "under-another-name": "reset",
        "save": "persisted",
        "load": "persisted",
    },
}

NEEDS = {
    "13_pytorch_training_loop.ipynb": "torch",
    "14_keras_after_a_restart.ipynb": "tensorflow",
    "15_xgboost_more_trees.ipynb": "xgboost",
}
"""The library that a sample cannot do without, besides those of every sample."""

NO_FORK = {"14_keras_after_a_restart.ipynb"}
"""TensorFlow does not survive a fork: `auto` stands for `fork`."""

# Cell id -> findings, of the samples whose text names some.
FINDINGS: dict[str, dict[str, set[str]]] = {
    "11_get_or_create.ipynb": {"load-train-save": {"NBR002", "NBR006"}, "log": {"NBR006"}},
    "12_a_file_from_the_future.ipynb": {"load-if-there": {"NBR102"}, "train": {"NBR002"}, "fit-data": {"NBR007"}},
    "13_pytorch_training_loop.ipynb": {
        "train": {"NBR002"},
        "call": {"NBR002"},
        "unseeded": {"NBR004"},
    },
    "14_keras_after_a_restart.ipynb": {"train": {"NBR002"}},
    "15_xgboost_more_trees.ipynb": {"fit-on": {"NBR002"}, "train-on": {"NBR002"}, "update": {"NBR002"}},
}

# Cell id -> missing name -> the function that needs it, if it is not the cell itself; nothing is missing from a cell
# that runs alone.
RESTART: dict[str, dict[str, dict[str, str | None]]] = {
    "10_what_a_restart_loses.ipynb": {
        "imports": {},
        "data": {"load_iris": None},
        "use-import": {"np": None},
        "own-import": {},
        "alias": {"np": None},
        "use-alias": {"global_np": None},
        "define": {},
        "call": {"train": None, "LogisticRegression": "train", "X": "train", "y": "train"},
        "save": {"model": None},
        "load": {},
        "score": {"loaded": None, "X": None, "y": None},
    },
    "14_keras_after_a_restart.ipynb": {
        "imports": {},
        "data": {"load_iris": None},
        "alias": {"keras": None},
        "create": {"keras": None, "layers": None},
        "train": {"model": None, "X": None, "y": None},
        "save": {"model": None},
        "load": {},
        "predict": {"loaded": None, "X": None},
    },
}

# Model -> cells that restore it after a restart, the file it is loaded from, whether that was verified.
RECOVER: dict[str, dict[str, tuple[list[str], str | None, bool]]] = {
    "04_save_and_load.ipynb": {
        "model": (["imports", "data", "train"], None, True),
        "loaded": (["imports", "load"], "wine_model.pkl", True),
    },
    "14_keras_after_a_restart.ipynb": {
        "model": (["imports", "data", "alias", "create", "train"], None, True),
        "loaded": (["load"], "iris.keras", True),
    },
}

ENGINES = pytest.mark.parametrize("engine", ["fork", "replay"])


def raw_cells(name: str) -> list[dict[str, Any]]:
    """The cells of a sample as they lie on disk."""
    content: dict[str, Any] = json.loads((SAMPLES / name).read_text(encoding="utf-8"))
    cells: list[dict[str, Any]] = content["cells"]
    return cells


def check(name: str, engine: str, folder: Path) -> NotebookReport:
    """Check a copy of the sample in `folder`; where a table says what a restart loses, find that out, too."""
    copy = Path(shutil.copy(SAMPLES / name, folder))
    engine = engine.replace("fork", "auto") if name in NO_FORK else engine
    restart = {"restart"} if name in RESTART or name in RECOVER else set()
    settings = Settings(engine=engine, experiments=frozenset({"again", "later"} | restart), all_plans=True)
    report = analyze(read_notebook(copy), settings, Silent())
    assert (report.failure, report.lacks) == (None, ())
    assert list(folder.iterdir()) == [copy]
    return report


def findings(report: NotebookReport) -> dict[str, set[str]]:
    """What was found in each cell, by its id, but for what a restart loses."""
    ids = {cell.index: cell.id for cell in report.cells}
    found: dict[str, set[str]] = {}
    for finding in report.findings:
        if finding.rule != "NBR101":
            found.setdefault(ids[finding.index], set()).add(finding.rule)
    return found


def missing(report: NotebookReport) -> dict[str, dict[str, str | None]]:
    """What each cell lacks after a restart."""
    restarts = {cell.id: cell.restart for cell in report.cells if cell.restart}
    assert all(restart.runs_alone == (not restart.missing) for restart in restarts.values())
    return {cell: {item.name: item.through for item in restart.missing} for cell, restart in restarts.items()}


def plans(report: NotebookReport) -> dict[str, tuple[list[str], str | None, bool]]:
    """What brings each model back."""
    ids = {cell.index: cell.id for cell in report.cells}
    return {plan.name: ([ids[index] for index in plan.cells], plan.file, plan.verified) for plan in report.recover}


@pytest.mark.parametrize("engine", ["fork", "replay"])
@pytest.mark.parametrize("name", EXPECTED)
def test_a_sample_does_what_its_text_promises(name: str, engine: str, tmp_path: Path) -> None:
    """Verdicts, findings, lost names and the cells that restore them are those of the tables, on both engines."""
    report = check(name, engine, tmp_path)
    assert {cell.id: str(cell.verdict) for cell in report.cells} == EXPECTED[name]
    assert findings(report) == FINDINGS.get(name, findings(report))
    assert missing(report) == RESTART.get(name, missing(report))
    assert plans(report) == RECOVER.get(name, plans(report))


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


@pytest.mark.parametrize("name", EXPECTED)
def test_a_sample_says_what_it_needs(name: str) -> None:
    """In its metadata, and to whoever reads it; most samples need nothing more than the others."""
    assert read_notebook(SAMPLES / name).needs == ((NEEDS[name],) if name in NEEDS else ())
    text = "".join(raw_cells(name)[0]["source"])
    assert ("This notebook needs" in text, f"`pip install {NEEDS.get(name)}`" in text) == (name in NEEDS,) * 2


def test_the_project_has_twenty_code_cells() -> None:
    """The realistic sample stays of a realistic size."""
    assert len(EXPECTED["09_tumour_project.ipynb"]) == 20
