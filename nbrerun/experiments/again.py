"""*again*: memory k, run cell k once more; *control* and *pinned* follow where it left a difference."""

from __future__ import annotations

from contextlib import closing

from nbrerun.engine.interface import Branch, Engine, Leaves, Undone
from nbrerun.experiments.control import control
from nbrerun.experiments.kept import look_closer
from nbrerun.experiments.parts import take_apart, worth_showing
from nbrerun.experiments.pinned import pinned
from nbrerun.state.diff import differing
from nbrerun.state.observation import Observation


def again(engine: Engine, moment: int, branch: Branch, seen: Observation) -> Undone | None:
    """Run the cell again in a branch at its own moment, and do whatever follows from the result."""
    before: Leaves = {}
    with closing(branch):
        run = branch.run(seen.cell)
        if isinstance(run, Undone):
            return run
        seen.again = run
        if run["error"] is not None:
            return None
        names = differing(seen.first, run["after"])
        shown = worth_showing(names)
        if shown:
            before = branch.leaves_before(shown)
        seen.moved = take_apart(names, seen.first, run["after"], before, branch.leaves_after(shown) if shown else {})
        look_closer(engine, moment, branch, seen)
    if not names:
        return None
    repeated = control(engine, moment, seen, before)
    return repeated if isinstance(repeated, Undone) else pinned(engine, moment, seen, repeated)
