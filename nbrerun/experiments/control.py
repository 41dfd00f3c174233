"""*control*: memory k-1, run cell k for the first time once more; it shows how noisy the cell is."""

from __future__ import annotations

from collections.abc import Sequence

from nbrerun.engine.interface import Engine, Leaves, Undone
from nbrerun.experiments.parts import take_apart
from nbrerun.probe.messages import Generator
from nbrerun.state.diff import differing
from nbrerun.state.observation import Observation


def control(engine: Engine, moment: int, seen: Observation, before: Leaves) -> Sequence[Generator] | Undone:
    """Note what even a first run leaves with another value, of all that *again* did.

    Args:
        before: the variables that *again* moved, as the main run's first run left them.

    Returns:
        Where the generators of random numbers stood before that first run, in the kernel that did it.
    """
    repeated = engine.control(moment, seen.cell)
    if isinstance(repeated, Undone):
        return repeated
    names = differing(seen.first, repeated.after) & seen.moved.keys()
    after = repeated.leaves([name for name in names if name in before]) if names else {}
    seen.noise = take_apart(names, seen.first, repeated.after, before, after)
    repeated.close()
    return repeated.before["generators"]
