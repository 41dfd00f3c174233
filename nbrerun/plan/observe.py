"""Clean runs of the edited notebook: what each cell reads and writes, and what the kernel is to hold in the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path, PurePath

from nbrerun.analysis.clean_run import CleanRun
from nbrerun.engine.interface import Undone
from nbrerun.model import Cell, Failure
from nbrerun.notebooks.read import Notebook
from nbrerun.plan.demand import Kernel, Trace, depending
from nbrerun.plan.edits import Edits
from nbrerun.plan.kernel import Before
from nbrerun.plan.values import Values, sharing, unlike, values_of
from nbrerun.probe.protocol.messages import Generator, Rerun, State
from nbrerun.state.names import Name, Space, files, generator, variables

Stands = Sequence[Sequence[Generator]]
"""For each cell: where generators are put before it runs."""


@dataclass(frozen=True)
class Observed:
    """What clean runs of the edited notebook have shown."""

    cells: tuple[Cell, ...]
    """Those that were run: all, or up to the one that raises."""
    traces: tuple[Trace, ...]
    kernel: Kernel
    """The kernel that has run the old notebook."""
    sharing: frozenset[frozenset[str]]
    """Pairs of variables that share an object at the end of a clean run."""
    wanted: Values
    """The values at the end of a clean run."""
    compared: frozenset[str]
    """The process settings that are compared."""
    stands: Stands
    """Where unseeded generators stood before each cell."""
    unread: frozenset[Name]
    """Variables of which parts cannot be read."""
    random: frozenset[Name]
    """What depends on unseeded random numbers, and can be compared with the same ones."""
    seconds: tuple[float, ...]
    edited: frozenset[int]
    """Positions of the cells that were edited, or inserted."""
    shows: Sequence[bytes | None]
    """What each cell shows in a clean run; None where that is something else each time."""
    outdated: frozenset[int]
    """Positions of the cells that showed something else in the old notebook."""
    failure: Failure | None = None
    """What ended the clean runs, if a cell raised."""


@dataclass(frozen=True)
class _Run:
    """One clean run in a branch."""

    states: list[State]
    """At each moment."""
    runs: list[Rerun]
    pairs: set[frozenset[str]]
    """Variables that share an object at the end."""


def observe(before: Before, new: Notebook, found: Edits) -> Observed | Undone:
    """Run the edited notebook as often as is needed to see which of its values come out equal each time.

    The first run begins with the random numbers of the old notebook's, and the second with others. Where these two
    differ, two more runs have the unseeded generators stand before each cell where they stood before it in the old
    notebook.
    """
    old = before.run
    first, second = _run(old, new.cells), _run(old, new.cells, anew=True)
    earlier = first if before.stands_in else _run(old, old.notebook.cells)
    if isinstance(first, Undone):
        return first
    if isinstance(second, Undone):
        return second
    if isinstance(earlier, Undone):
        return earlier
    compared = frozenset(key for state in (*old.states, *first.states) for key in state["by_hand"])
    aim = _aim(old, new, found, (first, second), compared)
    if isinstance(aim, Undone):
        return aim
    traces = _traces(before, new, first, aim)
    reached, cells = depending(traces, found.edited | found.moved, _left_by(found.deleted, old, compared))
    stale = {name for name in reached if name.space is not Space.GENERATOR}
    unread = _unread(first.states[-1])
    outdated = {at for at in cells if aim.shows[at]} if before.stands_in else _outdated(aim.shows, found, earlier)
    return Observed(
        cells=tuple(trace.cell for trace in traces),
        traces=tuple(traces),
        kernel=Kernel(
            values_of(before.held, compared),
            aim.ignored,
            frozenset(stale if before.stands_in else stale & (aim.ignored | unread)),
        ),
        sharing=frozenset(first.pairs),
        wanted=aim.values[-1],
        compared=compared,
        stands=aim.stands,
        unread=unread,
        random=aim.random[-1] - aim.ignored,
        seconds=tuple(run["seconds"] for run in first.runs),
        edited=found.edited & set(range(len(traces))),
        shows=aim.shows,
        outdated=frozenset(outdated),
        failure=_failure(first, new),
    )


@dataclass(frozen=True)
class _Aim:
    """What clean runs come to."""

    values: Sequence[Values]
    """At each moment."""
    random: Sequence[frozenset[Name]]
    """What has another value at each moment, if the random numbers are others."""
    ignored: frozenset[Name] = frozenset()
    stands: Stands = ()
    shows: Sequence[bytes | None] = ()


def _aim(
    old: CleanRun, new: Notebook, found: Edits, runs: tuple[_Run, _Run], compared: frozenset[str]
) -> _Aim | Undone:
    one, other = ([values_of(state, compared) for state in run.states] for run in runs)
    random = [frozenset(unlike(*pair)) for pair in zip(one, other, strict=False)]
    unseeded = frozenset(name for name in random[-1] if name.space is Space.GENERATOR)
    if all(name.space is Space.GENERATOR for names in random for name in names):
        return _Aim(one, random, unseeded, [() for _ in runs[0].runs], _agreed(*runs))
    first, second = (_run(old, new.cells, _unseeded(old, found, random)) for _ in range(2))
    if isinstance(first, Undone):
        return first
    if isinstance(second, Undone):
        return second
    steady, again = ([values_of(state, compared) for state in run.states] for run in (first, second))
    stands = [
        [item for item in state["generators"] if item["library"] and generator(item) in names]
        for state, names in zip(first.states[:-1], random, strict=False)
    ]
    values = [_merged(*each) for each in zip(one, steady, random, strict=False)]
    return _Aim(values, random, unseeded | unlike(steady[-1], again[-1]), stands, _agreed(first, second))


def _traces(before: Before, new: Notebook, seen: _Run, aim: _Aim) -> list[Trace]:
    folder = new.folder.resolve()
    paths = {path: folder / path for state in (before.held, *seen.states) for path in state["files"]}
    last = len(aim.values) - 1
    return [_trace(cell, at, seen, aim, paths) for at, cell in enumerate(new.cells[:last])]


def _unread(state: State) -> frozenset[Name]:
    """Variables that can hold something else and look the same."""
    found = state["variables"].items()
    return frozenset(variables(name for name, each in found if each["opaque"] and each["kind"] != "definition"))


def _agreed(one: _Run, other: _Run) -> list[bytes | None]:
    """What each cell shows; None where that is something else each time."""
    pairs = zip(one.runs, other.runs, strict=False)
    return [run["shows"] if run["shows"] == again["shows"] else None for run, again in pairs]


def _outdated(shows: Sequence[bytes | None], found: Edits, earlier: _Run) -> set[int]:
    """Cells that show something else in a clean run than they did in the old notebook."""
    before = [run["shows"] for run in earlier.runs]
    origins = [origin if origin is not None and origin < len(before) else None for origin in found.origins]
    return {
        at
        for at, (now, origin) in enumerate(zip(shows, origins, strict=False))
        if now is not None and now != (b"" if origin is None else before[origin])
    }


def _run(old: CleanRun, cells: Sequence[Cell], stands: Stands | None = None, anew: bool = False) -> _Run | Undone:
    branch = old.fresh(anew)
    if isinstance(branch, Undone):
        return branch
    with closing(branch):
        found = _Run([branch.read()], [], set())
        for at, cell in enumerate(cells):
            old.doing(cell.index, "clean run")
            if stands is not None and stands[at]:
                branch.put_back(stands[at])
            run = branch.run_all([cell], old.seconds_for([cell]), anew=anew and not at)
            if isinstance(run, Undone):
                return Undone(f"cell {cell.index} of a clean run: {run.reason}", stopped=run.stopped)
            if run["stopped"]:
                act = run["stopped"][0]
                return Undone(f"cell {cell.index} {act['how']} {act['what']}: not run again")
            found.states.append(run["after"])
            found.runs.append(run)
            if run["error"] is not None and "raises-exception" not in cell.tags:
                break
        found.pairs.update(sharing(found.states[-1], branch))
    return found


def _unseeded(old: CleanRun, found: Edits, random: Sequence[frozenset[Name]]) -> Stands:
    """Where the generators that nobody has seeded stood in the old notebook, before each cell that was there."""
    stands: list[Sequence[Generator]] = []
    for at, origin in enumerate(found.origins):
        known = old.states[origin]["generators"] if origin is not None and origin < len(old.states) else ()
        names = random[at] if at < len(random) else frozenset()
        stands.append([item for item in known if item["library"] and generator(item) in names])
    return stands


def _merged(plain: Values, steadied: Values, random: frozenset[Name]) -> Values:
    """Take what depends on unseeded random numbers from the run in which these were those of the old notebook."""
    sure = {name: value for name, value in plain.items() if name not in random}
    return {**sure, **{name: value for name, value in steadied.items() if name in random}}


def _trace(cell: Cell, at: int, seen: _Run, aim: _Aim, paths: Mapping[str, Path]) -> Trace:
    run, before, after = seen.runs[at], seen.states[at], seen.states[at + 1]
    one, other = aim.values[at], aim.values[at + 1]
    seeded = {name for name in aim.random[at] - aim.random[at + 1] if name.space is Space.GENERATOR}
    opened = after["opened"].items()
    binds = variables(_bound(run, before, after)) | seeded
    binds |= {name for name in one.keys() - other.keys() if name.space is Space.VARIABLE}
    binds |= files(path for path, how in opened if how["written_first"] and not how["kept"])
    writes = unlike(one, other) | binds | files(path for path, how in opened if how["written"])
    # Nobody sees whether these have changed.
    writes |= _unread(after) & variables([*run["written"], *run["passed"]])
    drawn = {name for name in writes if name.space is Space.GENERATOR} - seeded
    # Any code may depend on the settings of the process.
    settings = {name for name in one.keys() | other.keys() if name.space is Space.SETTING}
    read = variables(set(run["reads"]) - set(run["bound_first"])) | files(_looked_at(after, paths))
    return Trace(cell, frozenset(read | settings | drawn), frozenset(binds), frozenset(writes), one, other)


def _bound(run: Rerun, before: State, after: State) -> set[str]:
    """Variables that the run gave another object; of a number it is not seen whether it is a new object."""
    one, other = before["variables"], after["variables"]
    replaced = {name for name in other if name not in one or one[name]["id"] != other[name]["id"]}
    return replaced | {name for name in run["bound"] if name in other and other[name]["atom"]}


def _looked_at(after: State, paths: Mapping[str, Path]) -> set[str]:
    """Files that a cell read, looked for, or found in a folder.

    Args:
        paths: of all files that are not as they were before the notebook, as they are named and in full.
    """
    asked, folders = after["inputs"], {*after["inputs"]["folders"]}
    read = {path for path, how in after["opened"].items() if how["kept"] or (how["read"] and not how["written_first"])}
    listed = {
        path
        for path, full in paths.items()
        if folders and not folders.isdisjoint(map(str, (*full.parents, *PurePath(path).parents)))
    }
    return read | set(asked["files"]) | listed


def _left_by(deleted: frozenset[int], old: CleanRun, compared: frozenset[str]) -> set[Name]:
    """What cells of the old notebook wrote that are no longer there."""
    found: set[Name] = set()
    for at in deleted:
        if at + 1 < len(old.states):
            found |= unlike(*(values_of(state, compared) for state in old.states[at : at + 2]))
    return found


def _failure(seen: _Run, new: Notebook) -> Failure | None:
    last = len(seen.runs) - 1
    error = seen.runs[last]["error"] if seen.runs else None
    if error is None or "raises-exception" in new.cells[last].tags:
        return None
    return Failure(error["ename"], error["evalue"], tuple(error["traceback"]), new.cells[last].index)
