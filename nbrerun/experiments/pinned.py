"""*again, pinned*: the same with every generator of random numbers set back to where it stood."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import closing

from nbrerun.engine.interface import Branch, Engine, Undone
from nbrerun.probe.protocol.messages import Generator, State
from nbrerun.state.diff import Leaves, differing, moved_generators
from nbrerun.state.names import Name
from nbrerun.state.observation import Observation


def draws(seen: Observation) -> bool:
    """Whether the first run or the rerun moved a generator that was there before."""
    assert seen.again is not None
    return bool(moved_generators(seen.before, seen.first) or moved_generators(seen.first, seen.again["after"]))


def pinned(engine: Engine, moment: int, seen: Observation, _: Leaves) -> Undone | None:
    """Note what still moves; where no generator did, this is *again* itself."""
    if not draws(seen):
        return None
    branch = engine.branch(moment)
    if isinstance(branch, Undone):
        return branch
    with closing(branch):
        first = branch.read()
        pins = (branch.previous or seen.before)["generators"]
        run = branch.run(seen.cell, pins)
        if isinstance(run, Undone):
            return run
        if run["error"] is None:
            moved = differing(first, run["after"]) & seen.moved.keys()
            seen.still_moved = without_first_imports(branch, seen, run["after"], pins, moved)
    return None


def without_first_imports(
    branch: Branch, seen: Observation, after: State, pins: Sequence[Generator], moved: Collection[Name]
) -> frozenset[Name]:
    """What moves on, of what a pinned run has moved.

    Where the first run imported modules that drew random numbers of their own, the cell's were others than those
    of any later run. Two later ones are alike then, if the cell starts over. They are alike as well where training
    has come to its end, so that this is asked only where an import did draw.

    Args:
        after: where the pinned run has left the branch.
    """
    if not moved or not seen.first["import_drew"]:
        return frozenset(moved)
    run = branch.run(seen.cell, pins)
    if isinstance(run, Undone) or run["error"] is not None:
        return frozenset(moved)
    return frozenset(differing(after, run["after"]).intersection(moved))
