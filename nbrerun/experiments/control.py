"""*control*: memory k-1, run cell k as if for the first time; it shows how noisy the cell is."""

from __future__ import annotations

from nbrerun.engine.interface import Engine, Undone
from nbrerun.state.diff import Leaves, differing
from nbrerun.state.evidence import take_apart, worth_showing
from nbrerun.state.observation import Observation

_TRIES = 4


def control(engine: Engine, moment: int, seen: Observation, before: Leaves) -> Undone | None:
    """Record which of the changes that are not explained yet a second first run shows as well.

    Where the rerun found everything as the first run had, as far as anybody can see, it should have come to the same.
    Then a control that is like the first run is no proof that the cell goes on from where it was: one of a few orders
    comes twice in a row soon enough. So there are some more.

    Args:
        before: the parts of what *again* left with another value, as the first run left them.
    """
    if not seen.still_moved:
        return None
    tries = 1 if seen.saw_a_change else _TRIES
    for number in range(tries):
        repeated = engine.control(moment, seen.cell, anew=number > 0)
        if isinstance(repeated, Undone):
            return repeated
        if seen.changed & seen.inputs:  # else *again* itself began with what the first run began with
            seen.astray = repeated.astray & seen.inputs
        names = differing(seen.first, repeated.after) & seen.still_moved
        shown = [name for name in worth_showing(names) if name in before]
        after = repeated.leaves(shown) if names else {}
        seen.noise = take_apart(names, seen.first, repeated.after, before, after)
        repeated.close()
        if names:
            if tries > 1:  # the cell is noisy, and nothing else explains what it has left
                seen.noise = {**{name: seen.moved[name] for name in seen.still_moved}, **seen.noise}
            break
    return None
