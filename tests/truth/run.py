"""Examine notebooks on the engines, count what came of it, and reduce what is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from tests.truth.check import Judgement, Wrong, judge, report_on
from tests.truth.compose import Notebook, Placed
from tests.truth.grammar import TruthCell
from tests.truth.labels import mistakes
from tests.truth.oracle import consult

Key = tuple[str, str, str, str, str]


@dataclass(frozen=True)
class Example:
    """One wrong verdict in its notebook."""

    wrong: Wrong
    engine: str
    notebook: Notebook
    index: int


@dataclass
class Counts:
    """What came of some notebooks; counts add up."""

    notebooks: int = 0
    cells: int = 0
    judged: Counter[str] = field(default_factory=Counter)
    """By engine."""
    effects: Counter[str] = field(default_factory=Counter)
    wrong: Counter[Key] = field(default_factory=Counter)
    wrong_cells: Counter[str] = field(default_factory=Counter)
    """Cells with anything wrong, by engine."""
    features: dict[Key, Counter[str]] = field(default_factory=dict)
    examples: dict[Key, Example] = field(default_factory=dict)
    undetermined: Counter[tuple[str, str]] = field(default_factory=Counter)
    disagreements: Counter[tuple[str, str]] = field(default_factory=Counter)
    mistakes: list[str] = field(default_factory=list)
    """Labels that contradict the oracle, and notebooks that could not be checked."""

    @property
    def is_right(self) -> bool:
        """Whether every cell got its verdict, from every engine, and every label stood up to the oracle."""
        return not (self.wrong or self.mistakes or self.undetermined or self.disagreements)

    def __iadd__(self, other: Counts) -> Counts:
        self.notebooks += other.notebooks
        self.cells += other.cells
        for mine, theirs in (
            (self.judged, other.judged),
            (self.effects, other.effects),
            (self.wrong_cells, other.wrong_cells),
        ):
            mine.update(theirs)
        self.wrong.update(other.wrong)
        self.undetermined.update(other.undetermined)
        self.disagreements.update(other.disagreements)
        self.mistakes += other.mistakes
        for key, features in other.features.items():
            self.features.setdefault(key, Counter()).update(features)
        for key, example in other.examples.items():
            held = self.examples.get(key)
            if held is None or len(example.notebook) < len(held.notebook):
                self.examples[key] = example
        return self


def examine(notebook: Notebook, engines: Sequence[str]) -> Counts:
    """Check one notebook on each engine."""
    cells = [placed.cell for placed in notebook]
    counts = Counts(notebooks=1, cells=len(cells))
    counts.effects.update(cell.effect for cell in cells)
    try:
        facts = consult(cells)
        counts.mistakes += mistakes(cells, facts)
        others = strangers(notebook)
        judgements = {engine: judge(cells, facts, report_on(cells, engine), others) for engine in engines}
    except RuntimeError as error:
        counts.mistakes.append(str(error))
        return counts
    for engine, judged in judgements.items():
        _count(counts, notebook, engine, judged)
    for both in zip(*judgements.values(), strict=True):
        if len({each.verdict for each in both}) > 1:
            counts.disagreements[both[0].cell.effect, " / ".join(each.verdict for each in both)] += 1
    return counts


def strangers(notebook: Notebook) -> list[frozenset[str]]:
    """List, for every cell, the names and files that only other blocks have to do with."""
    names: dict[int, set[str]] = {}
    for placed in notebook:
        labelled = {name for name in placed.cell.variables if not name.startswith("env:")}
        names.setdefault(placed.block, set()).update(labelled)
    shared = {
        placed.block: set().union(*(names[each] for each in names if each != placed.block)) for placed in notebook
    }
    return [frozenset(shared[placed.block] - names[placed.block]) for placed in notebook]


def _count(counts: Counts, notebook: Notebook, engine: str, judged: Sequence[Judgement]) -> None:
    for index, each in enumerate(judged):
        counts.judged[engine] += 1
        counts.undetermined[each.cell.effect, engine] += each.is_undetermined
        counts.wrong_cells[engine] += bool(each.wrong)
        for wrong in each.wrong:
            key = (*wrong.kind, engine)
            counts.wrong[key] += 1
            counts.features.setdefault(key, Counter()).update(each.cell.features)
            counts.examples.setdefault(key, Example(wrong, engine, notebook, index))
    counts.undetermined = +counts.undetermined


def minimal(example: Example) -> Example:
    """Take away other blocks, unrelated lines and cells that the wrong verdict does not need."""
    block = example.notebook[example.index].block
    target = example.notebook[example.index]
    blocks = sorted({placed.block for placed in example.notebook} - {block})
    for beside in (None, *blocks):
        smaller = [placed for placed in example.notebook if placed.block in (block, beside)]
        tried = replace(example, notebook=tuple(smaller), index=smaller.index(target))
        if _is_still_wrong(tried):
            example = tried
            break
    bare = tuple(replace(placed, cell=_bare(placed.cell)) for placed in example.notebook)
    if _is_still_wrong(replace(example, notebook=bare)):
        example = replace(example, notebook=bare)
    position = len(example.notebook) - 1
    while position >= 0 and len(example.notebook) > 1:
        if position != example.index:
            fewer = example.notebook[:position] + example.notebook[position + 1 :]
            tried = replace(example, notebook=fewer, index=example.index - (position < example.index))
            if _is_still_wrong(tried):
                example = tried
        position -= 1
    return example


def _bare(cell: TruthCell) -> TruthCell:
    notes = [name for name in cell.variables if name.startswith(("note", "title", "today"))]
    labels = {name: allowed for name, allowed in cell.variables.items() if name not in notes}
    return replace(cell, above="", below="", variables=labels)


def _is_still_wrong(example: Example) -> bool:
    cells = [placed.cell for placed in example.notebook]
    try:
        judged = judge(cells, consult(cells), report_on(cells, example.engine), strangers(example.notebook))
    except (RuntimeError, KeyError):
        return False
    return any(wrong.kind == example.wrong.kind for wrong in judged[example.index].wrong)


def summary(counts: Counts, minimal: bool) -> str:
    """Write the counts and every wrong kind with a notebook that shows it."""
    lines = [f"{counts.cells} cells in {counts.notebooks} notebooks; judged: {dict(counts.judged)}"]
    lines.append(f"cells with anything wrong: {dict(counts.wrong_cells)}")
    lines.append(f"undetermined: {sum(counts.undetermined.values())} {dict(counts.undetermined)}")
    lines.append(f"engines disagree: {sum(counts.disagreements.values())} {dict(counts.disagreements)}")
    lines.append(f"labels that contradict the oracle: {len(counts.mistakes)}")
    lines += [f"  {text}" for text in counts.mistakes]
    done: set[tuple[str, str, str, str]] = set()
    for key, count in counts.wrong.most_common():
        engines = {other[4]: counts.wrong[other] for other in counts.wrong if other[:4] == key[:4]}
        if key[:4] in done:
            continue
        done.add(key[:4])
        lines += _described(counts, key, count, engines, minimal)
    return "\n".join(lines)


def _described(counts: Counts, key: Key, count: int, engines: dict[str, int], reduce: bool) -> list[str]:
    effect, what, expected, found, _ = key
    example = minimal(counts.examples[key]) if reduce else counts.examples[key]
    features = ", ".join(f"{name} x{times}" for name, times in counts.features[key].most_common(8))
    lines = ["", f"## {effect}, {what}: {found}, where right is {expected}"]
    lines.append(f"seen {engines} in {counts.effects[effect]} cells with this effect; features: {features}")
    lines.append(f"nbrerun's reason: {example.wrong.reason!r} ({example.wrong.name})")
    shown: Sequence[Placed] = example.notebook
    if not reduce:
        block = example.notebook[example.index].block
        shown = [placed for placed in example.notebook if placed.block == block]
    for placed in shown:
        here = " <-- here" if placed is example.notebook[example.index] else ""
        lines += [f"--- {placed.cell.effect}{here}", placed.cell.source]
    return lines
