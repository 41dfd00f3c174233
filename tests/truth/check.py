"""Check a generated notebook with nbrerun, and compare the report with the labels."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

from nbrerun.analysis import analyze
from nbrerun.model import CellReport, NotebookReport, VariableReport
from nbrerun.notebooks.read import read_notebook
from nbrerun.progress import Silent
from nbrerun.settings.values import Settings
from tests.truth.grammar import Allowed, Expected, TruthCell
from tests.truth.oracle import Facts


@dataclass(frozen=True)
class Wrong:
    """One verdict that the contract does not allow."""

    effect: str
    what: str
    """`cell`, or the role of the variable: its position among the labelled variables of the cell."""
    expected: str
    found: str
    name: str
    reason: str

    @property
    def kind(self) -> tuple[str, str, str, str]:
        """What makes two wrong verdicts the same mistake."""
        return self.effect, self.what, self.expected, self.found


@dataclass
class Judgement:
    """What came of one cell on one engine."""

    cell: TruthCell
    verdict: str
    wrong: list[Wrong] = field(default_factory=list)

    @property
    def is_undetermined(self) -> bool:
        """Whether nbrerun says that it cannot tell."""
        return self.verdict == "undetermined"


def write(cells: Sequence[TruthCell], folder: Path) -> Path:
    """Write the cells as a notebook."""
    node = nbformat.v4.new_notebook()
    node.cells = [nbformat.v4.new_code_cell(cell.source, id=f"cell-{i}") for i, cell in enumerate(cells)]
    path = folder / "truth.ipynb"
    nbformat.write(node, path)
    return path


def report_on(cells: Sequence[TruthCell], engine: str) -> NotebookReport:
    """Let nbrerun check the cells as one notebook."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(engine=engine, experiments=frozenset({"again", "later"}))
        return analyze(read_notebook(write(cells, Path(folder))), settings, Silent())


def judge(
    cells: Sequence[TruthCell], facts: Sequence[Facts], report: NotebookReport, strangers: Sequence[frozenset[str]]
) -> list[Judgement]:
    """Compare a report with the labels; `strangers` are the names, cell by cell, that the cell has nothing to do with.

    Raises:
        RuntimeError: the main run failed, or nbrerun left cells out.
    """
    if report.failure is not None or len(report.cells) != len(cells):
        raise RuntimeError(f"{report.failure}, {len(report.cells)} of {len(cells)} cells reported")
    return [_judged(*each) for each in zip(cells, facts, report.cells, strangers, strict=True)]


def _judged(cell: TruthCell, facts: Facts, report: CellReport, strangers: frozenset[str]) -> Judgement:
    judgement = Judgement(cell, report.verdict.value)
    if judgement.is_undetermined:
        return judgement
    if cell.verdicts and report.verdict.value not in cell.verdicts:
        wanted = "/".join(sorted(cell.verdicts))
        judgement.wrong.append(Wrong(cell.effect, "cell", wanted, report.verdict.value, "", report.reason))
    if cell.verdicts != {"error"}:
        judgement.wrong += _wrong_variables(cell, facts, report)
        judgement.wrong += [
            Wrong(cell.effect, "another block's variable", "untouched", found.verdict.value, found.name, found.reason)
            for found in report.variables
            if found.name in strangers and found.verdict.value not in ("untouched", "undetermined")
        ]
    return judgement


def _wrong_variables(cell: TruthCell, facts: Facts, report: CellReport) -> Iterator[Wrong]:
    variables = {variable.name: variable for variable in report.variables}
    for position, (name, allowed) in enumerate(cell.variables.items()):
        found = variables.get(name)
        if allowed and not any(_fits(name, each, found, facts) for each in allowed):
            role = (
                name
                if name.startswith("env:")
                else f"file {position}"
                if name.startswith("file:")
                else f"name {position}"
            )
            text = _text(found, name, facts)
            yield Wrong(cell.effect, role, _wanted(allowed, name, facts), text, name, found.reason if found else "")


def _drifting(label: Expected, name: str, facts: Facts) -> frozenset[str]:
    """Marks with `drifts` where the oracle saw it; what is drawn or follows another variable may drift as it likes."""
    certain = label.verdict == "reset" and not label.follows and "drifts" not in label.open_marks
    return label.marks | ({"drifts"} if certain and facts.drifts(name) else set())


def _fits(name: str, label: Expected, found: VariableReport | None, facts: Facts) -> bool:
    if found is None or found.verdict.value == "untouched":
        return label.verdict == "untouched"
    marks = frozenset(mark.value for mark in found.marks)
    required = _drifting(label, name, facts)
    left_open = label.open_marks | ({"drifts"} if label.follows or label.verdict != "reset" else set())
    return (
        found.verdict.value == label.verdict
        and required <= marks <= required | left_open
        and (label.via is None or (found.via is not None and found.via.value == label.via))
        and (label.how is None or (found.how is not None and found.how.value == label.how))
        and (label.kind is None or found.kind.value == label.kind)
        and (label.follows is None or label.follows in getattr(found, "follows", ()))
    )


def _text(found: VariableReport | None, name: str, facts: Facts) -> str:
    if found is None:
        return "untouched"
    words = [found.verdict.value, found.how, found.via and f"via {found.via}", *found.marks, f"({found.kind})"]
    return " ".join(str(word) for word in words if word)


def _wanted(allowed: Allowed, name: str, facts: Facts) -> str:
    texts = []
    for label in allowed:
        marks = sorted(_drifting(label, name, facts))
        words = [label.verdict, label.how, label.via and f"via {label.via}", *marks, label.kind and f"({label.kind})"]
        texts.append(" ".join(word for word in words if word))
    return " or ".join(texts)
