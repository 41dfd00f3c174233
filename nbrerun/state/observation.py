"""What the experiments on one cell have shown, for the rules to judge."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property

from nbrerun.model import Cell, Change, Raised
from nbrerun.probe.protocol.messages import Rerun, State
from nbrerun.state.diff import differing, rebound, written_beside
from nbrerun.state.names import Name, Space, files, generator, variables

Moved = Mapping[Name, tuple[Change, ...]]
"""Names of what differs, each with its changes."""


@dataclass
class Observation:
    """One cell: the states around its first run, and what each experiment came to."""

    cell: Cell
    before: State
    """The state before the first run, at the moment k-1."""
    first: State
    """The state after the first run, at the moment k."""
    raises: bool = False
    """The first run raised, as the cell's tag allows; then the rerun may as well."""
    data_files: frozenset[str] = frozenset()
    """Paths of files that hold data, as the cells above were seen to save it."""
    again: Rerun | None = None
    moved: Moved = field(default_factory=dict)
    """What *again* left with another value."""
    still_moved: frozenset[Name] = frozenset()
    """What *again, pinned* left with another value."""
    noise: Moved = field(default_factory=dict)
    """What the control left with another value as well."""
    made: frozenset[str] = frozenset()
    """Variables whose very object the first run made."""
    parts_kept: Mapping[str, bool] = field(default_factory=dict)
    """Of variables whose parts the first run made: whether the rerun left those very parts there."""
    astray: frozenset[Name] = frozenset()
    """Inputs of the cell that had another value before the control than in the main run."""
    from_file: dict[str, str] = field(default_factory=dict)
    """Variables that have another value without a file, with the path of that file."""
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    """Variables that *perturbed* changed, with where the rerun left them."""
    setting_outcomes: dict[str, Outcome] = field(default_factory=dict)
    """The same for process settings."""
    follows: dict[Name, tuple[Name, ...]] = field(default_factory=dict)
    """What changed only because something else did, with what that is."""
    pinned: bool = False
    """The generators in `again` were set back before that run."""
    only_drawn: frozenset[Name] | None = None
    """Generators that look as if the cell had seeded them, and that only its first run has drawn from."""
    later: Later | None = None

    @cached_property
    def changed(self) -> frozenset[Name]:
        """What the first run bound or gave another value."""
        return frozenset(differing(self.before, self.first) | rebound(self.before, self.first))

    @property
    def written_beside(self) -> list[str]:
        """Files that the first run wrote and that are not judged."""
        return written_beside(self.before, self.first)

    @property
    def inputs(self) -> set[Name]:
        """Variables and files that the rerun depended on."""
        assert self.again is not None
        read = (path for path, opened in self.again["after"]["opened"].items() if opened["read"])
        return files(read) | variables(self.again["reads"])

    @property
    def saw_a_change(self) -> bool:
        """Whether the rerun may have found anything else than the first run did.

        It does if it depends on something that the first run changed. Any code may depend on settings and files, and
        what cannot be read may have changed, or lies in another process or in a module of the user's own.
        """
        assert self.again is not None
        if self.again["shared"] or self.first["outside"] or self.again["own_modules"] or self.written_beside:
            return True
        if not self.moved.keys() <= variables(self.again["bound"]):  # it changes what was there before
            return True
        known = self.first["variables"]
        read = [known[name] for name in self.again["reads"] if name in known]
        if any(variable["opaque"] or variable["kind"] in ("iterator", "generator") for variable in read):
            return True
        return any(name.space is not Space.VARIABLE or name in self.inputs for name in self.changed)

    @property
    def seeded(self) -> set[Name]:
        """Libraries' generators that the cell sets: it moves them, and they have the same state after both runs.

        What its imports do to them is not its doing, and not done again in the rerun.
        """
        assert self.again is not None
        return generators_set(self.before, self.first, self.again["after"]) - (self.only_drawn or frozenset())

    def fails(self, run: Rerun) -> bool:
        """Whether a run of the cell raises where the first one did not, which tells nothing of what the cell leaves."""
        return run["error"] is not None and not self.raises

    @property
    def error(self) -> Raised | None:
        """What the rerun raised, where the first run did not."""
        error = self.again["error"] if self.again is not None and not self.raises else None
        return None if error is None else Raised(error["ename"], error["evalue"], tuple(error["traceback"]))


def generators_set(before: State, first: State, after: State) -> set[Name]:
    """Libraries' generators that the first run of a cell moved, and that a rerun left where the first run did."""
    stands = [
        {generator(item): item["digest"] for item in state["generators"] if item["library"]}
        for state in (before, first, after)
    ]
    stands[0].update({Name(Space.GENERATOR, name): left for name, left in first["imports_left"].items()})
    return {name for name, digest in stands[1].items() if stands[0].get(name) != digest == stands[2].get(name)}


def unrepeatable(names: Iterable[Name]) -> str:
    """The reason why a cell cannot be compared across kernels."""
    named = ", ".join(f"`{name}`" for name in sorted(names)[:3])
    return f"the cells above give {named} another value each time they are run"


class Outcome(Enum):
    """Where a rerun leaves a variable whose value was changed before it."""

    STAYS = "as it was changed"
    RESTORED = "as after the first run"
    ELSEWHERE = "neither"


class Place(Enum):
    """Where *later* leaves a variable."""

    FIRST = "as after the cell's first run"
    END = "as at the end of the main run"
    ELSEWHERE = "neither"


@dataclass(frozen=True)
class Later:
    """The cell run once more after the whole notebook."""

    places: Mapping[Name, Place]
    raised: Raised | None = None
    read: frozenset[str] = frozenset()
    """Paths of the files that it read."""
