"""*control*: memory k-1, run cell k as if for the first time; it shows how noisy the cell is."""

from __future__ import annotations

from nbrerun.engine.interface import Engine, Undone
from nbrerun.state.diff import Leaves, differing, exceeds_by_size, larger
from nbrerun.state.evidence import take_apart, worth_showing
from nbrerun.state.names import Name, variables
from nbrerun.state.observation import Observation

_TRIES = 4


def control(engine: Engine, moment: int, seen: Observation, before: Leaves) -> Undone | None:
    """Record which of the changes that are not explained yet a second first run shows as well.

    Where the rerun found everything as the first run had, as far as anybody can see, it should have come to the same.
    Then a control that is like the first run is no proof that the cell goes on from where it was: one of a few orders
    comes twice in a row soon enough. So there are some more. The same goes for what a noisy cell makes without looking
    at what was there (a duration is soon enough the same, rounded), and for what differs by more than noise.

    Args:
        before: the parts of what *again* left with another value, as the first run left them.
    """
    if not seen.still_moved:
        return None
    saw_a_change = seen.saw_a_change
    for number in range(_TRIES):
        repeated = engine.control(moment, seen.cell, anew=number > 0)
        if isinstance(repeated, Undone):
            return repeated
        if seen.changed & seen.inputs:  # else *again* itself began with what the first run began with
            seen.astray = repeated.astray & seen.inputs
        explained = seen.noise.keys() - _by_more_than_noise(seen)
        names = differing(seen.first, repeated.after) & seen.still_moved - explained
        shown = [name for name in worth_showing(names) if name in before]
        after = repeated.leaves(shown) if names else {}
        found = take_apart(names, seen.first, repeated.after, before, after)
        seen.noise = {**seen.noise, **{name: larger(seen.noise.get(name, ()), found[name]) for name in found}}
        repeated.close()
        if not seen.noise and saw_a_change:
            break
        if seen.noise and not saw_a_change:  # the cell is noisy, and nothing else explains what it has left
            seen.noise = {**{name: seen.moved[name] for name in seen.still_moved}, **seen.noise}
        if seen.noise and not _may_be_noise(seen) and not _by_more_than_noise(seen):
            break
    return None


def _by_more_than_noise(seen: Observation) -> set[Name]:
    """What is noisy, and differs by so much more than in the controls so far that the rerun seems to be the cause."""
    return {name for name, noise in seen.noise.items() if exceeds_by_size(seen.moved[name], noise)}


def _may_be_noise(seen: Observation) -> set[Name]:
    """What differs for no reason yet, though the cell made it without looking at what was there."""
    run = seen.again
    assert run is not None
    return (variables(run["bound"]) - variables(run["reads"])) & seen.still_moved - seen.noise.keys()
