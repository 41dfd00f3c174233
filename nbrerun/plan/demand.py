"""Which cells have to run, from what each was seen to read and write: plain functions, without a kernel.

The cells of the new notebook are gone through with the values that the kernel would have if only the chosen ones were
run. Where a chosen cell would find another value than in the clean run, and where the kernel would end with another
one, the cells are chosen that gave the name its value there.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from nbrerun.model import Cell
from nbrerun.plan.values import Values, unlike
from nbrerun.state.names import Name


@dataclass(frozen=True)
class Trace:
    """What a cell of the new notebook was seen to do in the clean run."""

    cell: Cell
    reads: frozenset[Name]
    """What its result may depend on; too much rather than too little."""
    binds: frozenset[Name]
    """What it gave an object to, or removed; no earlier object matters to those that are left with it."""
    writes: frozenset[Name]
    """What it bound, or left with another value."""
    before: Values
    """The values that it began with."""
    after: Values


@dataclass(frozen=True)
class Kernel:
    """What the kernel holds before the plan is run, and what does not count in it."""

    values: Values
    ignored: frozenset[Name] = frozenset()
    """Names that no two clean runs leave alike, so that no value of theirs is wrong by itself."""
    stale: frozenset[Name] = frozenset()
    """Names of which the value is wrong, though nobody can see that: they depend on what was edited."""


def needed(traces: Sequence[Trace], kernel: Kernel, chosen: Collection[int], inputs: bool = True) -> frozenset[int]:
    """Complete a choice of cells, by position.

    Args:
        chosen: cells that have to run in any case.
        inputs: chosen cells have to find what they would find in the clean run.
    """
    plan = set(chosen)
    while not (more := _missing(traces, kernel, plan, inputs)) <= plan:
        plan |= more
    return frozenset(plan)


def _missing(traces: Sequence[Trace], kernel: Kernel, plan: set[int], inputs: bool) -> set[int]:
    now = dict(kernel.values)
    stale = set(kernel.stale)
    found: set[int] = set()
    for at, trace in enumerate(traces):
        if at not in plan:
            continue
        if inputs:
            for name in trace.reads:
                if _is_wrong(name, now, trace.before, kernel, stale):
                    found |= sources(name, at, traces)
        for name in trace.writes:
            stale.discard(name)
            if name in trace.after:
                now[name] = trace.after[name]
            else:
                now.pop(name, None)
    end = traces[-1].after if traces else {}
    for name in unlike(now, end) | stale:
        if _is_wrong(name, now, end, kernel, stale):
            found |= sources(name, len(traces), traces)
    return found


def _is_wrong(name: Name, now: Values, wanted: Values, kernel: Kernel, stale: Collection[Name]) -> bool:
    if name in stale:
        return True
    if name in kernel.ignored:
        return (name in now) != (name in wanted)
    return now.get(name) != wanted.get(name)


def sources(name: Name, before: int, traces: Sequence[Trace]) -> set[int]:
    """The cells that gave a name its value before a position: the last to bind it, and those that changed it since."""
    found = set()
    for at in range(before - 1, -1, -1):
        if name in traces[at].writes:
            found.add(at)
            if name in traces[at].binds:
                break
    return found


def depending(
    traces: Sequence[Trace], edited: Collection[int], first: Collection[Name] = ()
) -> tuple[set[Name], set[int]]:
    """Names whose value at the end may follow from what was edited, and the positions of the cells on the way.

    Args:
        edited: positions of the cells that were.
        first: names that cells wrote which are no longer there.
    """
    reached, cells = set(first), set[int]()
    for at, trace in enumerate(traces):
        if at in edited or trace.reads & reached:
            reached |= trace.writes
            cells.add(at)
        else:
            reached -= trace.binds
    return reached, cells


def wider(
    traces: Sequence[Trace], plan: Collection[int], wrong: Collection[Name], at: int | None = None
) -> frozenset[int]:
    """Add cells to a plan that left names with wrong values, or in which a cell did not do what it does in a clean run.

    First the cells that give these names their values, then those that give values to what these cells read, and so on.

    Args:
        wrong: what came out wrong.
        at: the position of the cell that came out wrong.
    """
    found = set(plan)
    names = set(wrong)
    concerned: set[int] = set() if at is None else {at}
    while True:
        for name in names:
            concerned |= sources(name, len(traces), traces)
        for position in list(concerned):
            for name in traces[position].reads:
                concerned |= sources(name, position, traces) if position in plan else set()
        if not concerned <= found:
            return frozenset(found | concerned)
        held = {name for position in concerned for name in traces[position].reads | traces[position].writes}
        if held <= names:
            return frozenset(range(len(traces)))
        names |= held
