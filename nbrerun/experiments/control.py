"""*control*: memory k-1, run cell k as if for the first time; it shows how noisy the cell is."""

from __future__ import annotations

from nbrerun.engine.interface import Engine, Undone
from nbrerun.state.diff import Leaves, differing
from nbrerun.state.evidence import take_apart, worth_showing
from nbrerun.state.observation import Observation


def control(engine: Engine, moment: int, seen: Observation, before: Leaves) -> Undone | None:
    """Record which of the changes that are not explained yet a second first run shows as well.

    None is needed where the rerun found everything as the first run had: it was such a run itself.

    Args:
        before: the parts of what *again* left with another value, as the first run left them.
    """
    if not seen.still_moved:
        return None
    if not seen.saw_a_change:
        seen.noise = {name: seen.moved[name] for name in seen.still_moved}
        return None
    repeated = engine.control(moment, seen.cell)
    if isinstance(repeated, Undone):
        return repeated
    if seen.changed & seen.inputs:  # else *again* itself began with what the first run began with
        seen.astray = repeated.astray & seen.inputs
    names = differing(seen.first, repeated.after) & seen.still_moved
    shown = [name for name in worth_showing(names) if name in before]
    after = repeated.leaves(shown) if names else {}
    seen.noise = take_apart(names, seen.first, repeated.after, before, after)
    repeated.close()
    return None
