"""*again*: memory k, run cell k once more; *control* and *pinned* follow where it left a difference."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

from nbrerun.engine.interface import Branch, Engine, Undone
from nbrerun.experiments.control import control
from nbrerun.experiments.identity import look_closer, worth_watching
from nbrerun.experiments.pinned import pinned, without_first_imports
from nbrerun.experiments.without_file import without_file
from nbrerun.probe.protocol.messages import Generator, Rerun
from nbrerun.state.diff import Leaves, differing, moved_generators
from nbrerun.state.evidence import take_apart, worth_showing
from nbrerun.state.observation import Moved, Observation


def again(engine: Engine, moment: int, branch: Branch, seen: Observation) -> Undone | None:
    """Run the cell again in a branch at its own moment, and do whatever follows from the result."""
    drawn = moved_generators(seen.before, seen.first)
    undone = (_again_by_replay if engine.passes_control and drawn else _again)(engine, moment, branch, seen)
    if undone is None and seen.error is None:
        return without_file(engine, moment, seen)
    return undone


def _again(engine: Engine, moment: int, branch: Branch, seen: Observation) -> Undone | None:
    with closing(branch):
        undone, before = _rerun(branch, seen)
        if undone is not None or seen.error is not None:
            return undone
        look_closer(engine, moment, branch, seen)
    seen.still_moved = frozenset(seen.moved)
    if not seen.moved:
        return None
    for explain in (control, pinned) if engine.passes_control else (pinned, control):
        undone = explain(engine, moment, seen, before)
        if undone is not None:
            return undone
    return None


def _again_by_replay(engine: Engine, moment: int, branch: Branch, seen: Observation) -> Undone | None:
    """The same for a cell that draws random numbers, where going back to the moment is dear.

    The pinned run comes first. It ends where it began if the cell starts over, and then *again* can follow from
    there; a last pinned run undoes that one. Where it does not, one more run, not pinned, goes on from where it
    is: it only has to tell what else depends on the draw.
    """
    pins = (branch.previous or seen.before)["generators"]
    with closing(branch):
        undone, before = _rerun(branch, seen, pins)
        if undone is not None or seen.error is not None:
            return undone
        if seen.moved:
            look_closer(engine, moment, branch, seen)
            assert seen.again is not None
            seen.still_moved = without_first_imports(branch, seen, seen.again["after"], pins, seen.moved)
            if seen.changed - seen.moved.keys():
                _add_drawn(branch, seen, pins)
    if seen.still_moved:
        return control(engine, moment, seen, before)
    at_moment = engine.branch(moment)
    if isinstance(at_moment, Undone):
        return at_moment
    with closing(at_moment):
        if at_moment.previous is not None:  # another kernel: only what it holds itself can be compared
            seen.before, seen.first = at_moment.previous, at_moment.read()
        undone, _ = _rerun(at_moment, seen)
        if undone is not None or seen.error is not None:
            return undone
        look_closer(engine, moment, at_moment, seen)
        if seen.moved:
            at_moment.run(seen.cell, pins)
    return None


def _rerun(branch: Branch, seen: Observation, pins: Sequence[Generator] = ()) -> tuple[Undone | None, Leaves]:
    """Run the cell and note what moved; why not, and the parts of that as they were before."""
    run = branch.run(seen.cell, pins, worth_watching(seen))
    if isinstance(run, Undone):
        return run, {}
    seen.again = run
    if run["disk_full"]:
        return Undone("the rerun filled the disk space that a run is given (--sandbox-limit)"), {}
    if seen.error is not None:
        return None, {}
    shown = worth_showing(differing(seen.first, run["after"]))
    before = branch.leaves_before(shown) if shown else {}
    seen.moved = _moved(branch, seen, run, before)
    return None, before


def _moved(branch: Branch, seen: Observation, run: Rerun, before: Leaves) -> Moved:
    names = differing(seen.first, run["after"])
    shown = worth_showing(names)
    return take_apart(names, seen.first, run["after"], before, branch.leaves_after(shown) if shown else {})


def _add_drawn(branch: Branch, seen: Observation, pins: Sequence[Generator]) -> None:
    """Add what one more run, with other random numbers, moves besides; not what moves only by being run so often."""
    assert seen.again is not None
    run = branch.run(seen.cell)
    if isinstance(run, Undone) or run["error"] is not None:
        return
    seen.again["after"]["generators"] = run["after"]["generators"]
    others = differing(seen.first, run["after"]) - seen.moved.keys()
    if not others:
        return
    moved = _moved(branch, seen, run, branch.leaves_before(worth_showing(others)))
    pinned_again = branch.run(seen.cell, pins)
    if isinstance(pinned_again, Undone) or pinned_again["error"] is not None:
        return
    drawn = others - differing(seen.first, pinned_again["after"])
    seen.moved = {**{name: changes for name, changes in moved.items() if name in drawn}, **seen.moved}
