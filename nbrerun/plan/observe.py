"""Clean runs of the edited notebook: what each cell reads and writes, and what the kernel is to hold in the end."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from nbrerun.analysis.clean_run import CleanRun
from nbrerun.engine.interface import Undone
from nbrerun.model import Cell, Failure
from nbrerun.notebooks.read import Notebook
from nbrerun.plan.demand import Kernel, Trace, depending
from nbrerun.plan.edits import Edits
from nbrerun.plan.values import Values, unlike, values_of
from nbrerun.probe.protocol.messages import Generator, Rerun, State
from nbrerun.state.names import Name, Space, files, generator, variables
from nbrerun.state.names import settings as names_of_settings

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
    end: State
    """At the end of a clean run."""
    wanted: Values
    """The values at the end of a clean run."""
    compared: frozenset[str]
    """The process settings that are compared."""
    stands: Stands
    """Where unseeded generators stood before each cell."""
    random: frozenset[Name]
    """What depends on unseeded random numbers, and can be compared with the same ones."""
    seconds: tuple[float, ...]
    edited: frozenset[int]
    """Positions of the cells that were edited, or inserted."""
    failure: Failure | None = None
    """What ended the clean runs, if a cell raised."""


@dataclass(frozen=True)
class _Run:
    """One clean run in a branch."""

    states: list[State]
    """At each moment."""
    runs: list[Rerun]


def observe(old: CleanRun, new: Notebook, found: Edits) -> Observed | Undone:
    """Run the edited notebook as often as is needed to see which of its values come out equal each time.

    The first run begins with the random numbers of the old notebook's, and the second with others. Where these two
    differ, two more runs have the unseeded generators stand before each cell where they stood before it in the old
    notebook.
    """
    first = _run(old, new, None)
    if isinstance(first, Undone):
        return first
    second = _run(old, new, None, anew=True)
    if isinstance(second, Undone):
        return second
    states = [*old.states, *first.states]
    compared = frozenset(key for state in states for key in state["by_hand"])
    values = [[values_of(state, compared) for state in run.states] for run in (first, second)]
    random = [unlike(one, other) for one, other in zip(*values, strict=False)]
    aim: list[Values] = [*values[0]]
    stands: Stands = [() for _ in first.runs]
    ignored: set[Name] = set()
    if any(name.space is not Space.GENERATOR for names in random for name in names):
        third, fourth = (_run(old, new, _unseeded(old, found, random)) for _ in range(2))
        if isinstance(third, Undone):
            return third
        if isinstance(fourth, Undone):
            return fourth
        steadied = [[values_of(state, compared) for state in run.states] for run in (third, fourth)]
        ignored = unlike(steadied[0][-1], steadied[1][-1])
        aim = [_merged(*each) for each in zip(aim, steadied[0], random, strict=False)]
        stands = [
            [item for item in state["generators"] if item["library"] and generator(item) in names]
            for state, names in zip(third.states[:-1], random, strict=False)
        ]
    traces = [_trace(cell, at, first, aim, random) for at, cell in enumerate(new.cells[: len(aim) - 1])]
    ignored |= {name for name in random[len(aim) - 1] if name.space is Space.GENERATOR}
    stale = depending(traces, found.edited, _left_by(found.deleted, old, compared)) & ignored
    stale = {name for name in stale if name.space is not Space.GENERATOR}
    return Observed(
        tuple(new.cells[: len(traces)]),
        tuple(traces),
        Kernel(values_of(old.end, compared), frozenset(ignored), frozenset(stale)),
        first.states[len(aim) - 1],
        aim[-1],
        compared,
        stands,
        frozenset(name for name in random[len(aim) - 1] if name not in ignored),
        tuple(run["seconds"] for run in first.runs),
        found.edited & set(range(len(traces))),
        _failure(first, new),
    )


def _run(old: CleanRun, new: Notebook, stands: Stands | None, anew: bool = False) -> _Run | Undone:
    branch = old.fresh(anew)
    if isinstance(branch, Undone):
        return branch
    with closing(branch):
        found = _Run([branch.read()], [])
        for at, cell in enumerate(new.cells):
            if stands is not None and stands[at]:
                branch.begin_as(stands[at])
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
    return found


def _unseeded(old: CleanRun, found: Edits, random: Sequence[set[Name]]) -> Stands:
    """Where the generators that nobody has seeded stood in the old notebook, before each cell that was there."""
    stands: list[Sequence[Generator]] = []
    for at, origin in enumerate(found.origins):
        known = old.states[origin]["generators"] if origin is not None and origin < len(old.states) else ()
        names = random[at] if at < len(random) else set()
        stands.append([item for item in known if item["library"] and generator(item) in names])
    return stands


def _merged(plain: Values, steadied: Values, random: set[Name]) -> Values:
    """Take what depends on unseeded random numbers from the run in which these were those of the old notebook."""
    sure = {name: value for name, value in plain.items() if name not in random}
    return {**sure, **{name: value for name, value in steadied.items() if name in random}}


def _trace(cell: Cell, at: int, seen: _Run, aim: Sequence[Values], random: Sequence[set[Name]]) -> Trace:
    run, before, after = seen.runs[at], seen.states[at], seen.states[at + 1]
    seeded = {name for name in random[at] - random[at + 1] if name.space is Space.GENERATOR}
    binds = variables(_bound(run, before, after)) | seeded
    binds |= {name for name in aim[at].keys() - aim[at + 1].keys() if name.space is Space.VARIABLE}
    opened = after["opened"].items()
    binds |= files(path for path, how in opened if how["written_first"] and not how["kept"])
    writes = unlike(aim[at], aim[at + 1]) | binds | files(path for path, how in opened if how["written"])
    drawn = {name for name in writes if name.space is Space.GENERATOR} - seeded
    settings = {name for name in aim[at].keys() | aim[at + 1].keys() if name.space is Space.SETTING}
    asked = after["inputs"]
    looked = names_of_settings(f"os.environ[{name}]" for name in asked["variables"])
    read = variables(set(run["reads"]) - set(run["bound_first"])) | files(_looked_at(after)) | settings | looked | drawn
    return Trace(cell, frozenset(read), frozenset(binds), frozenset(writes), aim[at], aim[at + 1])


def _bound(run: Rerun, before: State, after: State) -> set[str]:
    """Variables that the run gave another object; of a number it is not seen whether it is another one."""
    one, other = before["variables"], after["variables"]
    replaced = {name for name in other if name not in one or one[name]["id"] != other[name]["id"]}
    return replaced | {name for name in run["bound"] if name in other and other[name]["atom"]}


def _looked_at(after: State) -> set[str]:
    """Files that a cell read, looked for, or found in a folder."""
    asked = after["inputs"]
    read = {path for path, how in after["opened"].items() if how["kept"] or (how["read"] and not how["written_first"])}
    listed = {path for path in after["files"] for folder in asked["folders"] if path.startswith(folder)}
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
