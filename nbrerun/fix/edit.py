"""What a candidate is made from, and what it is: edits of cells, and what they do to names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from nbrerun.fix.source import Source
from nbrerun.model import CellReport, Finding, Kind, VariableReport, Verdict
from nbrerun.probe.protocol.messages import Variable
from nbrerun.state.diff import differing
from nbrerun.state.names import Name, Space, keys
from nbrerun.state.timeline import Step


@dataclass(frozen=True)
class Renamed:
    """A variable or file that has another name from a cell on."""

    old: Name
    new: Name
    first: int
    """Index of the first cell after which the new name has the value."""
    until: int | None = None
    """Index of the cell that binds the old name anew; None if no cell does."""

    def holds_after(self, index: int) -> bool:
        """Tell whether the new name has the value after a cell."""
        return self.first <= index and (self.until is None or index < self.until)


@dataclass(frozen=True)
class Edit:
    """A candidate: new sources of some cells, which have yet to be proven right."""

    kind: str
    """A few words for the kind of edit."""
    what: str
    """What it does: a clause in the imperative, without a full stop."""
    sources: Mapping[int, str]
    """New sources by index of the cell."""
    renamed: tuple[Renamed, ...] = ()
    later: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Variables that are there later than before: the cell after which they were, and the one after which they are."""
    added: frozenset[str] = frozenset()
    """Names that the edited notebook has in addition."""
    seeds: frozenset[str] = frozenset()
    """Variables that have another value, since what they are drawn with has a seed now."""


@dataclass(frozen=True)
class Situation:
    """A finding, and what the run of the notebook has shown."""

    finding: Finding
    report: CellReport
    """On the cell."""
    texts: Mapping[int, str]
    """Sources of the cells that were run, by index, in document order."""
    steps: Mapping[int, Step]
    """What the cells did, by index."""

    @property
    def index(self) -> int:
        """Index of the cell that the finding is about."""
        return self.finding.index

    @property
    def step(self) -> Step:
        """What the cell did."""
        return self.steps[self.index]

    @cached_property
    def sources(self) -> dict[int, Source | None]:
        """The cells, parsed; None for those that cannot be edited."""
        return {index: Source.of(text) for index, text in self.texts.items()}

    @property
    def source(self) -> Source | None:
        """The cell, parsed."""
        return self.sources[self.index]

    @cached_property
    def changing(self) -> tuple[str, ...]:
        """Variables that the cell changes and that are to start over; the one of the finding first."""
        found = [each.name for each in self.report.variables if _keeps_changing(each)]
        if self.finding.name is not None and self.finding.name in found:
            found = [self.finding.name, *(name for name in found if name != self.finding.name)]
        return tuple(found)

    @cached_property
    def starting_over(self) -> tuple[str, ...]:
        """`changing`; where a rerun that raised has shown none, what the first run has given another value."""
        before = self.step.before["variables"]
        known = (name for name in changed(self.step) if name in before and before[name]["kind"] != "definition")
        return self.changing or tuple(sorted(known))

    @cached_property
    def files(self) -> tuple[str, ...]:
        """Paths of the files that keep changing."""
        return tuple(
            each.name.removeprefix(Space.FILE.value)
            for each in self.report.variables
            if each.kind is Kind.FILE and each.verdict is Verdict.IN_PLACE
        )

    @property
    def above(self) -> list[int]:
        """Indexes of the cells above, the nearest first."""
        return [index for index in reversed(list(self.texts)) if index < self.index]

    @property
    def below(self) -> list[int]:
        """Indexes of the cells below, in document order."""
        return [index for index in self.texts if index > self.index]

    def before(self, name: str) -> Variable | None:
        """Return what a variable was right before the cell."""
        return self.step.before["variables"].get(name)

    @cached_property
    def words(self) -> frozenset[str]:
        """All words of the notebook, so that a new name is not one of them."""
        return frozenset(word for text in self.texts.values() for word in re.findall(r"[^\W\d]\w*", text))

    def fresh(self, name: str) -> str:
        """Return a new name for a variable: `table_2` after `table`, `table_3` after `table_2`."""
        stem, number = re.fullmatch(r"(.*?)(?:_([0-9]{1,3}))?", name).groups()  # type: ignore[union-attr]
        count = int(number or 1) + 1
        while f"{stem}_{count}" in self.words:
            count += 1
        return f"{stem}_{count}"

    def mentions(self, name: str, indexes: Sequence[int]) -> bool:
        """Tell whether one of the cells mentions a name, or may do so since it cannot be parsed."""
        return any(name in (source.mentioned if (source := self.sources[index]) else self.words) for index in indexes)


class Candidates(Protocol):
    """One kind of edit."""

    def __call__(self, situation: Situation) -> Iterator[Edit]:
        """Yield the edits of this kind that may fix a finding, the simplest first; none where the kind does not fit."""


def changed(step: Step) -> set[str]:
    """Variables that the first run of a cell gave another value."""
    return keys(differing(step.before, step.first), Space.VARIABLE)


def _keeps_changing(variable: VariableReport) -> bool:
    others = (Kind.FILE, Kind.ENV, Kind.DEFINITION)
    return variable.verdict is Verdict.IN_PLACE and variable.kind not in others and not variable.incidental
