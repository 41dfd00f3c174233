"""The main run, cell by cell: what each cell was seen to do to names and files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from nbrerun.model import Cell, Kind, Raised
from nbrerun.probe.protocol.messages import State
from nbrerun.state.diff import differing, moved_generators, rebound
from nbrerun.state.names import Name, Space, keys, variables
from nbrerun.state.observation import Observation
from nbrerun.state.outside import sent


@dataclass(frozen=True)
class Step:
    """One cell of the main run."""

    cell: Cell
    before: State
    first: State
    seconds: float
    raised: Raised | None = None
    """What it raised, as its tag allows."""
    seen: Observation | None = None
    """What the experiments on it have shown, if it was run again."""
    is_alone: bool = True
    """The states right before and after it were read, so what lies between them is its doing and not another cell's."""

    @cached_property
    def sends(self) -> str:
        """What it sends and where to, if it was not run again because of that."""
        acts = [f"{each['how']} {each['what']}" for each in sent(self.first["outside"])]
        return acts[0] if acts and self.seen is None else ""

    @cached_property
    def bound(self) -> set[str]:
        """Variables that it gave an object to; not those that it imported once more."""
        again = self.seen.again if self.seen else None
        named = set(again["bound"]) - set(again["imports"]) if again else set()
        made = keys(rebound(self.before, self.first), Space.VARIABLE)
        return made | (named & self.first["variables"].keys())

    @cached_property
    def written(self) -> set[Name]:
        """Variables that it bound or gave another value; generators that it drew from or set; files."""
        changed = {name for name in differing(self.before, self.first) if name.space is not Space.SETTING}
        return variables(self.bound) | changed | self._generators

    @cached_property
    def _generators(self) -> set[Name]:
        """Libraries' generators that it drew from or set; some libraries create theirs when it is first seeded."""
        drawn = {name for name in moved_generators(self.before, self.first) if name.space is Space.GENERATOR}
        return drawn | self._seeded

    @cached_property
    def _seeded(self) -> set[Name]:
        return self.seen.seeded if self.seen and self.seen.again else set()

    @cached_property
    def read(self) -> set[str]:
        """Variables that it looked at, or that functions it calls did."""
        return set(self.seen.again["reads"]) if self.seen and self.seen.again else set()

    def replaces(self, name: str) -> bool:
        """Whether it gave a variable an object without looking at the one that was there."""
        again = self.seen.again if self.seen else None
        is_bound_first = again is not None and name in again["bound_first"]
        return name in self.bound and (is_bound_first or name not in self.read)

    @cached_property
    def needed(self) -> set[Name]:
        """What it read, and the generators that it drew from."""
        drawn = self._generators - self._seeded if self.seen and self.seen.again else set()
        return variables(self.read) | drawn

    @cached_property
    def files_read(self) -> set[str]:
        """Paths of the files that it read before it wrote them, or added to."""
        opened = self.first["opened"].items()
        return {path for path, how in opened if how["kept"] or (how["read"] and not how["written_first"])}

    @cached_property
    def imported(self) -> set[str]:
        """Names that it bound by import statements."""
        return set(self.seen.again["imports"]) if self.seen and self.seen.again else set()


def data_files(steps: Iterable[Step]) -> frozenset[str]:
    """Files into which cells were seen to save data that is neither a model nor part of one.

    A model may keep the data that it was fitted to. Then the data was there before the model.
    """
    found: set[str] = set()
    every = list(steps)
    reruns = [step.seen.again if step.seen is not None else None for step in every]
    saves = [position for position, run in enumerate(reruns) if run and (run["saved_data"] or run["saved_values"])]
    for position in range(min(saves, default=len(every)), len(every)):  # most notebooks save nothing
        found = {name for name in found if not _writes(every[position], name)}
        if run := reruns[position]:
            past = every[: position + 1]
            found.update(run["saved_data"])
            for file, values in run["saved_values"].items():
                if any(_is_older(name, models, past) for name, models in values.items()):
                    found.add(file)
    return frozenset(found)


def _is_older(name: str, models: Iterable[str], past: list[Step]) -> bool:
    """Whether data had its value before models had theirs: those with the same numbers, and those that the cell made.

    A loop that trains and saves may have saved what it has trained further since.
    """
    since = _since(name, past)
    made = {key for key, variable in past[-1].first["variables"].items() if variable["kind"] == "model"}
    others = {*models, *(key for key in made if _since(key, past) == len(past) - 1)}
    return all(since < _since(model, past) for model in others)


def _since(name: str, past: list[Step]) -> int:
    """The position of the cell after which a variable has had the value that it has after the last one."""
    digests = [step.first["variables"][name]["digest"] if name in step.first["variables"] else None for step in past]
    return next((at + 1 for at in reversed(range(len(past))) if digests[at] != digests[-1]), 0)


def kind_of(name: str, state: State) -> Kind:
    """The kind of a variable: a model, a definition or data, as reports on restarts tell them apart."""
    variable = state["variables"].get(name)
    word = variable["kind"] if variable else "data"
    return Kind(word) if word in ("model", "definition") else Kind.DATA


def defined_in(name: str, position: int, steps: list[Step]) -> Step | None:
    """The last cell before a position that bound a name; if there is none, the first one after it."""
    before = [step for step in steps[:position] if name in step.bound]
    after = [step for step in steps[position:] if name in step.bound]
    return next(iter([*reversed(before), *after]), None)


def from_the_future(steps: list[Step]) -> Iterator[tuple[Step, str, Step]]:
    """Files that a cell reads, or would read if they were there, and that only a later cell writes."""
    for position, step in enumerate(steps):
        for name in sorted(_reads(step)):
            if not any(_writes(other, name) for other in steps[: position + 1]):
                writers = [other for other in steps[position + 1 :] if _writes(other, name)]
                # Where moments were not read, nobody saw which of the cells between them read or wrote the file.
                if writers and step.is_alone and writers[0].is_alone:
                    yield step, name, writers[0]


def _reads(step: Step) -> set[str]:
    """Files that a cell read, or read in *later*; not those that it read there in place of others."""
    read = step.files_read
    later = step.seen.later if step.seen else None
    return read | later.read if later is not None and read <= later.read else read


def _writes(step: Step, name: str) -> bool:
    opened = step.first["opened"].get(name)
    return name in keys(step.written, Space.FILE) or (opened is not None and opened["written"])
