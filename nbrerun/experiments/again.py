"""*again*: memory k, run cell k once more; *control* and *pinned* follow where it left a difference."""

from __future__ import annotations

from contextlib import closing

from nbrerun.engine.interface import Branch, Engine, Leaves, Undone
from nbrerun.experiments.control import control
from nbrerun.experiments.kept import look_closer
from nbrerun.experiments.parts import take_apart, worth_showing
from nbrerun.experiments.pinned import pinned
from nbrerun.experiments.without_file import without_file
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
        if run["disk_full"]:
            return Undone("the rerun filled the disk space that a run is given (--sandbox-limit)")
        if seen.error is not None:
            return None
        names = differing(seen.first, run["after"])
        shown = worth_showing(names)
        if shown:
            before = branch.leaves_before(shown)
        seen.moved = take_apart(names, seen.first, run["after"], before, branch.leaves_after(shown) if shown else {})
        look_closer(engine, moment, branch, seen)
    seen.still_moved = frozenset(names)
    if names:
        for explain in (control, pinned) if engine.passes_control else (pinned, control):
            undone = explain(engine, moment, seen, before)
            if undone is not None:
                return undone
    return without_file(engine, moment, seen)
