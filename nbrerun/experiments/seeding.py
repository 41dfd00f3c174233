"""*again, pinned* once more, where *again* does not tell whether a cell seeds a generator or has only drawn from it.

A generator that has the same state after both runs was seeded by both, or the rerun had nothing to draw: a model that
is created once (`if "model" not in globals()`) is trained in the first run only. With the generator set back, it is
again where the first run left it only if the cell seeds it. Where *again* was pinned itself, a run that is not tells.
"""

from __future__ import annotations

from contextlib import closing

from nbrerun.engine.interface import Engine, Undone
from nbrerun.state.names import generator
from nbrerun.state.observation import Observation


def seeding(engine: Engine, moment: int, seen: Observation) -> Undone | None:
    """Record the generators that the cell only draws from."""
    if seen.only_drawn is not None or not seen.seeded:
        return None
    branch = engine.branch(moment)
    if isinstance(branch, Undone):
        return branch
    with closing(branch):
        run = branch.run(seen.cell, () if seen.pinned else (branch.previous or seen.before)["generators"])
    if isinstance(run, Undone) or seen.fails(run):
        return None
    first, after = (
        {generator(item): item["digest"] for item in state["generators"]} for state in (seen.first, run["after"])
    )
    seen.only_drawn = frozenset(name for name in seen.seeded if after.get(name) != first[name])
    return None
