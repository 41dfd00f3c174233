"""*again, pinned*: the same with every generator of random numbers set back to where it stood."""

from __future__ import annotations

from contextlib import closing

from nbrerun.engine.interface import Engine, Leaves, Undone
from nbrerun.state.diff import differing, moved_generators
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
        run = branch.run(seen.cell, (branch.previous or seen.before)["generators"])
    if isinstance(run, Undone):
        return run
    if run["error"] is None:
        seen.still_moved = frozenset(differing(first, run["after"]) & seen.moved.keys())
    return None
