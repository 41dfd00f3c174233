"""States, reruns, steps and engines made by hand, for tests of what is done with them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, get_origin, get_type_hints

from nbrerun.engine.interface import Undone
from nbrerun.model import Cell, NotebookReport, Report
from nbrerun.probe.protocol.messages import (
    Alone,
    Error,
    File,
    FileKind,
    Generator,
    Leaf,
    Opened,
    Rerun,
    State,
    Variable,
)
from nbrerun.settings.values import Gate
from nbrerun.state.diff import Leaves
from nbrerun.state.names import Name, Space
from nbrerun.state.observation import Observation
from nbrerun.state.timeline import Step


def variable(digest: bytes, address: int = 1, kind: str = "data", **more: Any) -> Variable:
    """A variable with a value and an address."""
    plain: Any = {"digest": digest, "id": address, "type": "T", "kind": kind, "atom": False}
    plain |= {"opaque": [], "in_part": False, "users": False}
    return {**plain, **more}


def generator(name: str, digest: bytes, address: int = 1, library: bool = False) -> Generator:
    """A generator that stands somewhere."""
    return {"name": name, "library": library, "id": address, "digest": digest, "state": b""}


def named(*names: str) -> set[Name]:
    """Names as reports write them: `x`, `env:cwd`, `file:out.csv`; `generator:random` for one of a library."""
    spaces = {space.value: space for space in Space if space.value}
    found = ((spaces.get(name[: name.find(":") + 1], Space.VARIABLE), name) for name in names)
    return {Name(space, name[len(space.value) :]) for space, name in found}


def name(text: str) -> Name:
    """One such name."""
    (found,) = named(text)
    return found


def file(digest: bytes = b"", kind: FileKind = "file", size: int = 0, model: bool = False) -> File:
    """A file that is not as it was before the first cell."""
    return {"kind": kind, "digest": digest, "size": size, "model": model}


_addresses = itertools.count(1)


def leaf(digest: bytes, text: str = "?", **more: Any) -> Leaf:
    """One part, a leaf unless told otherwise."""
    nothing: dict[str, Any] = dict.fromkeys(("size", "length", "numbers", "memory"))
    plain = {"id": next(_addresses), "atom": False, **nothing, "whole": True}
    return {"digest": digest, "text": text, **plain, **more}  # type: ignore[typeddict-item]


def opened(how: str, model: bool = False, exists: bool = True) -> Opened:
    """What a cell did with a file: `read`, `written`, `kept`, `written_first`, as words."""
    words = how.split()
    return {
        "read": "read" in words,
        "written": "written" in words,
        "kept": "kept" in words,
        "written_first": "written_first" in words,
        "at": 0,
        "exists": exists,
        "model": model,
    }


def state(
    variables: Mapping[str, Variable | bytes] | None = None,
    generators: Sequence[Generator] = (),
    settings: Mapping[str, str] | None = None,
    by_hand: Sequence[str] = (),
    by_imports: Sequence[str] = (),
    files: Mapping[str, File] | None = None,
    beside: Mapping[str, File] | None = None,
    opened: Mapping[str, Opened] | None = None,
    imports_left: Mapping[str, bytes] | None = None,
    threads: bool = False,
) -> State:
    """A state, empty but for what is given; a variable may be given by its value alone."""
    found = (variables or {}).items()
    return {
        "variables": {name: variable(value) if isinstance(value, bytes) else value for name, value in found},
        "generators": list(generators),
        "settings": dict(settings or {}),
        "after_imports": [],
        "drew_between_imports": False,
        "imports_left": dict(imports_left or {}),
        "by_hand": list(by_hand),
        "by_imports": list(by_imports),
        "files": dict(files or {}),
        "beside": dict(beside or {}),
        "opened": dict(opened or {}),
        "inputs": {"files": [], "folders": [], "variables": [], "every_variable": False, "complete": True},
        "outside": [],
        "threads": threads,
    }


def error(ename: str, evalue: str = "") -> Error:
    """What a cell raised."""
    return {"ename": ename, "evalue": evalue, "traceback": [f"{ename}: {evalue}"]}


def rerun(after: State | None = None, **more: Any) -> Rerun:
    """A rerun that did nothing but what is given."""
    plain: Any = {
        **{name: [] for name, kind in get_type_hints(Rerun).items() if get_origin(kind) is list},
        "error": None,
        "seconds": 0.0,
        "blamed": {},
        "touched_by": {},
        "after_read": {},
        "read_by": {},
        "parameters_in": {},
        "acts": False,
        "disk_full": False,
        "shows": b"",
        "stopped": [],
        "shared": [],
        "given": {},
        "given_and_changed": {},
        "saved": {},
        "needs": {},
        "shows_needs": False,
        "own_modules": False,
        "only_defines": False,
        "saved_data": [],
        "saved_values": {},
        "after": after or state(),
    }
    return {**plain, **more}


def alone(missing: str | None = None, through: str | None = None, raises: Error | None = None) -> Alone:
    """What running a cell without most names came to; a missing name raises by itself."""
    missed = error("NameError", f"name '{missing}' is not defined") if missing else None
    return {"error": raises or missed, "missing": missing, "through": through}


def cell(index: int, source: str = "") -> Cell:
    """The code cell that a notebook has at this place."""
    return Cell(index, f"id{index}", source)


def observation(
    before: State | None = None, first: State | None = None, again: Rerun | None = None, **more: Any
) -> Observation:
    """What experiments on cell 0 have shown."""
    return Observation(cell(0), before or state(), first or state(), again=again, **more)


def step(before: State, first: State, index: int = 0, **more: Any) -> Step:
    """One cell of a main run, run again or not (`again`)."""
    again = more.pop("again", rerun(first))
    made = cell(index, more.pop("source", ""))
    seen = Observation(made, before, first, again=again) if again is not None else None
    return Step(made, before, first, more.pop("seconds", 1.0), seen=seen, **more)


@dataclass(frozen=True)
class Does:
    """What one cell does in a main run made by hand."""

    binds: Mapping[str, str] = field(default_factory=dict)
    """Names that it binds to new objects, with their values; those with a capital are models."""
    moves: Mapping[str, str] = field(default_factory=dict)
    """Names whose objects it changes, with their new values."""
    reads: Sequence[str] = ()
    defines: Sequence[str] = ()
    imports: Sequence[str] = ()
    writes: Mapping[str, str] = field(default_factory=dict)
    """Files with their new contents."""
    opens: Mapping[str, str] = field(default_factory=dict)
    """Files, and how it opens them: see `opened`."""
    draws: Mapping[str, str] = field(default_factory=dict)
    """Generators of libraries, and where they stand after it."""
    seeds: bool = False
    """It sets them: they stand there after the rerun as well. Those that it draws from stand elsewhere."""
    again: Mapping[str, Any] = field(default_factory=dict)
    """What else its rerun was seen to do."""
    more: Mapping[str, Any] = field(default_factory=dict)
    """What else there is to say of the step."""


def main_run(*cells: Does) -> list[Step]:
    """The steps of a main run; the cell at position 3 has the index 30. All generators are there from the beginning."""
    steps: list[Step] = []
    last = state(
        generators=[
            generator(name, b"start", library=True) for name in sorted({name for does in cells for name in does.draws})
        ]
    )
    for position, does in enumerate(cells):
        first = _after(last, 100 * position, does)
        bound = sorted({*does.binds, *does.defines, *does.imports})
        stand = first["generators"] if does.seeds else [*map(_further, first["generators"])]
        after: State = {**first, "generators": stand}
        names = {"bound": bound, "reads": list(does.reads), "imports": list(does.imports)}
        seconds = 0.0 if does.imports else does.more.get("seconds", 1.0)  # what it imports is there by now
        again = rerun(after, seconds=seconds, **names, **does.again)
        steps.append(step(last, first, 10 * position, **{"again": again, **does.more}))
        last = first
    return steps


def _further(item: Generator) -> Generator:
    return {**item, "digest": item["digest"] + b", and further"}


def _after(last: State, address: int, does: Does) -> State:
    variables = dict(last["variables"])
    for name, value in does.binds.items():
        variables[name] = variable(value.encode(), address := address + 1, "model" if name[0].isupper() else "data")
    for name in [*does.defines, *does.imports]:
        variables[name] = variable(name.encode(), address := address + 1, "definition")
    for name, value in does.moves.items():
        variables[name] = {**variables[name], "digest": value.encode()}
    generators = {item["name"]: item for item in last["generators"]}
    generators.update({name: generator(name, value.encode(), library=True) for name, value in does.draws.items()})
    files = {name: file(text.encode(), size=len(text)) for name, text in does.writes.items()}
    return state(
        variables,
        list(generators.values()),
        files={**last["files"], **files},
        opened={name: opened(how) for name, how in does.opens.items()},
    )


class FakeBranch:
    """A branch that answers what its engine is told to answer."""

    astray: frozenset[Name] = frozenset()
    previous: State | None = None

    def __init__(self, engine: FakeEngine, name: str, done: Sequence[int] = ()) -> None:
        self.name = name
        self.perturbed: dict[str, Sequence[str]] = {}
        """Variables whose values were changed, with the paths of the parts."""
        self.deleted: set[str] = set()
        self.restored: set[str] = set()
        """Variables that have their earlier values."""
        self.closed = False
        self._engine = engine
        self._done = list(done)
        """Indexes of the cells that were run in it."""

    def _note(self, *what: object) -> None:
        self._engine.asked.append((self.name, *what))

    def read(self) -> State:
        """The state as it is now."""
        self._note("read")
        return self._engine.reads

    def run(
        self,
        cell: Cell,
        pins: Sequence[Generator] = (),
        watched: Sequence[str] = (),
        goes_on: bool = False,
        seconds: float = math.inf,
    ) -> Rerun | Undone:
        """Run a cell; that it goes on after what raises is noted, and so is how many generators were set back."""
        self._note("run", cell.index, *([len(pins)] if pins else []), *(["goes on"] if goes_on else []))
        self._done.append(cell.index)
        return self._engine.answer_after(self) if self._engine.answer_after else self._engine.answer(self._done)

    def run_all(self, cells: Sequence[Cell], seconds: float, anew: bool) -> Rerun | Undone:
        """Run cells one after the other."""
        indexes = [cell.index for cell in cells]
        self._note("run_all", indexes, seconds, anew)
        self._done += indexes
        return self._engine.answer(self._done)

    def alone(self, cell: Cell, given: Sequence[str], seconds: float) -> Alone | Undone:
        """Run a cell without the names of other cells, except for those given."""
        self._note("alone", cell.index, list(given))
        return self._engine.answer_alone(self.name, given)

    def remove_files(self, names: Sequence[str]) -> None:
        """Take files away."""
        self._note("remove_files", list(names))

    def perturb(self, earlier: Mapping[str, Mapping[str, Leaf | None]]) -> Mapping[str, Sequence[str]]:
        """Change the values of variables: all parts that are asked for, except for what the engine cannot change."""
        self._note("perturb", sorted(earlier))
        found = {name: sorted(parts) for name, parts in earlier.items() if parts and name not in self._engine.rigid}
        self.perturbed.update(found)
        return found

    def perturb_settings(self, names: Sequence[str]) -> Mapping[str, str]:
        """Change process settings, except for what the engine cannot change."""
        self._note("perturb_settings", list(names))
        return {name: "changed" for name in names if name not in self._engine.rigid}

    def delete_names(self, names: Sequence[str]) -> None:
        """Delete names of the namespace."""
        self._note("delete_names", list(names))
        self.deleted.update(names)

    def put_values(self, data: bytes) -> None:
        """Give names the values of another moment."""
        self._note("put_values", data)
        self.restored.update(data.decode().split())

    def leaves_after(self, names: Sequence[str], values: bool = True) -> Leaves:
        """The parts of variables as they are now."""
        return self._engine.leaves(self, names)

    def pictures(self, names: Sequence[str]) -> Mapping[str, tuple[bytes, bytes]]:
        """None: it holds no figures."""
        return {}

    def close(self) -> None:
        """Give it up."""
        self.closed = True

    def fork(self) -> FakeBranch | Undone:
        """Another one at the same place."""
        return self._engine.begin(f"fork of {self.name}", self._done)


class FakeEngine:
    """An engine that answers as it is told; branches are called `fresh`, `clean` (no files), `end` or by moment."""

    def __init__(
        self,
        answer: Callable[[list[int]], Rerun | Undone] = lambda done: rerun(),
        answer_alone: Callable[[str, Collection[str]], Alone | Undone] = lambda name, given: alone(),
        reads: State | None = None,
        refuses: Collection[str] = (),
        answer_after: Callable[[FakeBranch], Rerun | Undone] | None = None,
        leaves: Callable[[FakeBranch, Sequence[str]], Leaves] = lambda branch, names: {},
        before: Leaves | None = None,
        rigid: Collection[str] = (),
    ) -> None:
        self.answer = answer
        """From the indexes of all cells that a branch has run to what the last run came to."""
        self.answer_alone = answer_alone
        """From a branch and the names that it is given to what the run came to."""
        self.reads = reads or state()
        """What every branch reads."""
        self.refuses = refuses
        """Names of branches that cannot be had."""
        self.answer_after = answer_after
        """Instead of `answer`: from a branch, with what was changed and deleted in it, to what the run came to."""
        self.leaves = leaves
        """From a branch, and the names asked for, to the parts of variables there."""
        self.before = before or {}
        """The parts of variables at the moment before."""
        self.rigid = rigid
        """Variables whose values cannot be changed."""
        self.asked: list[tuple[object, ...]] = []
        """What branches were asked, in order."""
        self.branches: list[FakeBranch] = []

    def begin(self, name: str, done: Sequence[int] = ()) -> FakeBranch | Undone:
        """A branch in which some cells have been run."""
        if name in self.refuses:
            return Undone(f"there is no {name}")
        self.branches.append(FakeBranch(self, name, done))
        return self.branches[-1]

    def branch(self, moment: int) -> FakeBranch | Undone:
        """Go to a moment that is kept."""
        return self.begin(f"moment {moment}")

    def parts_before(self, moment: int, names: Sequence[str]) -> Leaves:
        """The parts of variables at the moment before a moment."""
        return {name: self.before[name] for name in names if name in self.before}

    def values_before(self, moment: int, names: Sequence[str]) -> bytes:
        """The names of variables, for their values; nothing if one of them cannot be copied."""
        return b"" if set(names) & set(self.rigid) else " ".join(names).encode()

    def about_the_end(self) -> FakeBranch | Undone:
        """All names of the end of the main run."""
        return self.begin("end")

    def fresh(self, files: bool = True) -> FakeBranch | Undone:
        """A fresh kernel."""
        return self.begin("fresh" if files else "clean")

    def emptied(self) -> FakeBranch | Undone:
        """The end of the main run, without its names."""
        return self.begin("emptied")

    def left_open(self) -> list[str]:
        """Branches that nobody has closed."""
        return [branch.name for branch in self.branches if not branch.closed]


def judged(report: Report, gate: Gate) -> Report:
    """A report whose findings have been through a gate."""
    return replace(report, notebooks=tuple(_judged(notebook, gate) for notebook in report.notebooks))


def _judged(notebook: NotebookReport, gate: Gate) -> NotebookReport:
    findings = (
        replace(one, fails=gate.fails(one) and not one.known, listed=gate.lists(one)) for one in notebook.findings
    )
    return replace(notebook, findings=tuple(findings))
