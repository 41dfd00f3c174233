"""The reruns of one cell, compared with its first run, in the two orders that engines choose from.

*again* runs the cell with random numbers as they come, *again, pinned* with every generator of random numbers set
back to where it stood before the first run.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial

from nbrerun.engine.identity import look_closer, worth_watching
from nbrerun.engine.interface import Again, Branch, Engine, FirstResult, Undone
from nbrerun.probe.protocol.messages import Generator, Rerun, State, Variable
from nbrerun.state.diff import Leaves, differing, moved_generators, rebound
from nbrerun.state.evidence import take_apart, with_pictures, worth_showing
from nbrerun.state.names import Name, generator
from nbrerun.state.observation import Moved, generators_set


def plain_first(
    engine: Engine,
    moment: int,
    branch: Branch,
    first: FirstResult,
    start_of: Callable[[Branch, Again], State],
) -> Again | Undone:
    """Run the cell with random numbers as they come; where any were drawn, pinned in another branch of its moment.

    Args:
        start_of: the state where that other branch begins.
    """
    with closing(branch):
        done = _rerun(branch, first)
        if isinstance(done, Undone) or done.raised:
            return done
        done = look_closer(branch, done, partial(engine.existed, moment))
    drew = moved_generators(first.before, first.after) or moved_generators(first.after, done.run["after"])
    if not done.moved or not drew:
        return replace(done, still_moved=frozenset(done.moved))
    other = engine.branch(moment)
    if isinstance(other, Undone):
        return other
    with closing(other):
        return _pinned(other, done, start_of(other, done), (other.previous or first.before)["generators"])


def pinned_first(engine: Engine, moment: int, branch: Branch, first: FirstResult) -> Again | Undone:
    """Run a cell that draws random numbers in as few kernels as possible.

    A pinned run ends where it began if the cell starts over, and then the run that is not pinned can follow in the
    same kernel; one more pinned run undoes that one. Where the pinned run leaves something else, a run that is not
    pinned goes on from where it is: it only has to tell what else depends on the draw.
    """
    pins = (branch.previous or first.before)["generators"]
    with closing(branch):
        done = _rerun(branch, first, pins)
        if isinstance(done, Undone) or done.raised:
            return done
        if done.moved:
            done = look_closer(branch, done, partial(engine.existed, moment))
            still_moved = _without_first_imports(branch, first, done.run["after"], pins, done.moved)
            done = replace(done, still_moved=still_moved)
            done = replace(done, pinned=True)
            if (differing(first.before, first.after) | rebound(first.before, first.after)) - done.moved.keys():
                done = _with_drawn(branch, done, pins)
            if done.still_moved:
                return replace(done, only_drawn=only_drawn(branch, done, pins))
    at_moment = engine.branch(moment)
    if isinstance(at_moment, Undone):
        return at_moment
    with closing(at_moment):
        if at_moment.previous is not None:  # another kernel: only what it holds itself can be compared
            first = replace(first, before=at_moment.previous, after=at_moment.read())
        done = _rerun(at_moment, first)
        if isinstance(done, Undone) or done.raised:
            return done
        done = look_closer(at_moment, done, partial(engine.existed, moment))
        if done.moved:
            at_moment.run(first.cell, pins)
        return done


def _rerun(branch: Branch, first: FirstResult, pins: Sequence[Generator] = ()) -> Again | Undone:
    """Run the cell, and see what has another value than after the first run.

    Args:
        pins: the states that generators are set to first.
    """
    run = branch.run(first.cell, pins, worth_watching(first), repeats=True)
    if isinstance(run, Undone):
        return run
    if stopped := run["stopped"]:
        return Undone(f"the rerun {stopped[0]['how']} {stopped[0]['what']}, and was stopped there", outside=stopped)
    if run["disk_full"]:  # whatever the cell raised then, it does not raise on the user's disk
        return Undone("the rerun filled the disk space that a run is given (--sandbox-limit)")
    if _fails(run, first):
        return Again(first, run)
    shown = worth_showing(differing(first.after, run["after"]))
    parts = branch.leaves_before(shown) if shown else {}
    return Again(first, run, _moved(branch, first, run, parts), parts=parts)


def _fails(run: Rerun, first: FirstResult) -> bool:
    """Whether a run raises where the first one did not: then it tells nothing of what the cell leaves."""
    return run["error"] is not None and not first.raises


def _moved(branch: Branch, first: FirstResult, run: Rerun, parts: Leaves) -> Moved:
    names = differing(first.after, run["after"])
    shown = worth_showing(names)
    if not shown:
        return take_apart(names, first.after, run["after"], {}, {})
    moved = take_apart(names, first.after, run["after"], parts, branch.leaves_after(shown))
    figures = [name for name in shown if _is_of_matplotlib(run["after"]["variables"].get(name))]
    return with_pictures(moved, branch.pictures(figures)) if figures else moved


def _is_of_matplotlib(variable: Variable | None) -> bool:
    """Whether it may be a figure or axes, so that it is worth a question."""
    return variable is not None and variable["type"].startswith("matplotlib.")


def _pinned(branch: Branch, done: Again, start: State, pins: Sequence[Generator]) -> Again | Undone:
    """Add to a plain rerun what a pinned one, in another branch, leaves with another value as well.

    Args:
        start: the state where the branch begins.
    """
    run = branch.run(done.first.cell, pins)
    if isinstance(run, Undone):
        return run
    if _fails(run, done.first):
        return replace(done, still_moved=frozenset(done.moved))
    moved = differing(start, run["after"]) & done.moved.keys()
    still_moved = _without_first_imports(branch, done.first, run["after"], pins, moved)
    return replace(done, still_moved=still_moved)


def only_drawn(branch: Branch, done: Again, pins: Sequence[Generator]) -> frozenset[Name] | None:
    """Find out with two more runs in the same branch which generators the cell draws from without seeding them.

    The first one begins where the run before has left them, so that it ends there only if the cell seeds them. It finds
    other data than the first run of the cell did, and might draw more numbers, or none. The second one shows whether it
    does: pinned, it ends where the first run of the cell did if it draws as many.

    Returns:
        None if these runs do not tell.
    """
    first = done.first
    wanted = generators_set(first.before, first.after, done.run["after"])
    if not wanted:
        return frozenset()
    runs = []
    for each in ((), pins):
        run = branch.run(first.cell, each)
        if isinstance(run, Undone) or _fails(run, first):
            return None
        runs.append({generator(item): item["digest"] for item in run["after"]["generators"]})
    stood = {generator(item): item["digest"] for item in first.after["generators"]}
    if any(runs[1].get(name) != stood[name] for name in wanted):
        return None
    return frozenset(name for name in wanted if runs[0].get(name) != stood[name])


def _without_first_imports(
    branch: Branch, first: FirstResult, after: State, pins: Sequence[Generator], moved: Collection[Name]
) -> frozenset[Name]:
    """What keeps changing, of what a pinned run has left with another value.

    Where the first run imported modules that drew random numbers of their own, the cell's numbers were others than
    those of a pinned run. A run that begins where the imports left the generators draws the same ones. If the cell
    itself had drawn before, no run does: then two later runs are alike if the cell starts over. They are alike as well
    where training has come to its end, or an iterator to its own.

    Args:
        after: the state that the pinned run left in the branch.
    """
    left = first.after["after_imports"]
    if not moved or not left:
        return frozenset(moved)
    between = first.after["drew_between_imports"]
    names = {generator(item) for item in left}
    others = [item for item in pins if generator(item) not in names]
    run = branch.run(first.cell, pins if between else [*others, *left])
    if isinstance(run, Undone) or _fails(run, first):
        return frozenset(moved)
    return frozenset(differing(after if between else first.after, run["after"]).intersection(moved))


def _with_drawn(branch: Branch, done: Again, pins: Sequence[Generator]) -> Again:
    """Add to a pinned rerun what one more run, with other random numbers, leaves with another value besides.

    Left out is what has another value only because the cell was run so often: one more pinned run tells.
    """
    first = done.first
    run = branch.run(first.cell)
    if isinstance(run, Undone) or _fails(run, first):
        return done
    after: State = {**done.run["after"], "generators": run["after"]["generators"]}
    done = replace(done, run={**done.run, "after": after}, pinned=False)
    others = differing(first.after, run["after"]) - done.moved.keys()
    if not others:
        return done
    moved = _moved(branch, first, run, branch.leaves_before(worth_showing(others)))
    pinned_again = branch.run(first.cell, pins)
    if isinstance(pinned_again, Undone) or _fails(pinned_again, first):
        return done
    drawn = others - differing(first.after, pinned_again["after"])
    return replace(done, moved={**{name: moved[name] for name in moved if name in drawn}, **done.moved})
