"""The search for the fewest cells: a candidate from what was seen, verified, widened or shrunk."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import PurePath

from nbrerun.plan.demand import needed, sources, wider
from nbrerun.plan.observe import Observed
from nbrerun.plan.verify import Outcome, Verifier
from nbrerun.state.names import Name, Space

_SHARE, _LEAST = 3.0, 10.0
"""How long shrinking may take: this many times a clean run, and this many seconds at least."""


@dataclass(frozen=True)
class Found:
    """The result of the search."""

    plan: frozenset[int]
    """Positions of cells of the new notebook."""
    outcome: Outcome
    remove: frozenset[Name] = frozenset()
    """What has to be removed before."""

    @property
    def is_right(self) -> bool:
        """Whether the plan needs no restart."""
        return self.outcome.is_right and not self.remove


def search(seen: Observed, verifier: Verifier, must: Collection[int] = ()) -> Found:
    """Find the fewest cells that were verified; the best attempt if there are none.

    Args:
        must: cells that have to be part of it.
    """
    found = _widened(seen, verifier, frozenset(must), frozenset())
    if found.outcome.is_right:
        return _shrunk(seen, verifier, found, must)
    remove = _removable(seen, found)
    if remove:
        instead = _widened(seen, verifier, frozenset(must), remove)
        if instead.outcome.is_right:
            return _shrunk(seen, verifier, instead, must)
    return found


def _widened(seen: Observed, verifier: Verifier, must: frozenset[int], remove: frozenset[Name]) -> Found:
    """Try what the end needs, then what the cells need as well, and then wider plans until one is right."""
    everything = frozenset(range(len(seen.traces)))
    tried: list[Found] = []
    guesses = [must | seen.edited, *(needed(seen.traces, seen.kernel, must, inputs) for inputs in (False, True))]
    for plan in guesses:
        if _may_do(plan, seen):
            tried.append(Found(plan, verifier.run(plan, remove), remove))
            if tried[-1].outcome.is_right:
                return tried[-1]
    best = tried[-1]
    while not tried[-1].outcome.is_right and tried[-1].plan != everything:
        last = tried[-1]
        plan = wider(seen.traces, last.plan, last.outcome.concerned, last.outcome.at)
        plan = needed(seen.traces, seen.kernel, plan)
        plan = plan if plan > last.plan else everything
        tried.append(Found(plan, verifier.run(plan, remove), remove))
    return tried[-1] if tried[-1].outcome.is_right else best


def _shrunk(seen: Observed, verifier: Verifier, found: Found, must: Collection[int]) -> Found:
    """Drop cells one after the other, the first ones first, while the rest is right, and while there is time."""
    limit = verifier.seconds + max(_LEAST, _SHARE * sum(seen.seconds))
    size = len(found.plan) + 1
    while len(found.plan) < size:  # what a cell was needed for may be gone by the end of a round
        size = len(found.plan)
        for at in sorted(found.plan - set(must)):
            fewer = found.plan - {at}
            if _may_do(fewer, seen) and verifier.seconds < limit:
                outcome = verifier.run(fewer, found.remove)
                found = Found(fewer, outcome, found.remove) if outcome.is_right else found
    return found


def _may_do(plan: frozenset[int], seen: Observed) -> bool:
    """Tell whether a plan recreates what nobody could see to be missing, since no two runs leave it alike."""
    return all(sources(name, len(seen.traces), seen.traces) <= plan for name in seen.kernel.stale)


def _removable(seen: Observed, found: Found) -> frozenset[Name]:
    """What the old notebook has left that a clean run would not have, or not yet, where cells look for it."""
    left = seen.kernel.values.keys() - seen.wanted.keys()
    names = {name for name in left if name.space is Space.VARIABLE and not sources(name, len(seen.traces), seen.traces)}
    read = {name for trace in seen.traces for name in trace.reads if name.space is Space.FILE}
    names |= {name for name in seen.kernel.values.keys() & read if name.space is Space.FILE and name in left}
    folders = {name.key for name in names if name.space is Space.FILE}
    names |= {name for name in left if name.space is Space.FILE and folders & set(map(str, PurePath(name.key).parents))}
    names |= {name for name in found.outcome.wrong if name.space is Space.FILE and name in seen.kernel.values}
    return frozenset(names)
