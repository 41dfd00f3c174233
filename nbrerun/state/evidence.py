"""What moved, taken apart for evidence."""

from __future__ import annotations

from collections.abc import Iterable

from nbrerun.model import Change
from nbrerun.probe.protocol.messages import FILE, State
from nbrerun.state.diff import ENV, Leaves, changes, file_change, setting_change
from nbrerun.state.observation import Moved

_MOST_SHOWN = 40


def worth_showing(names: Iterable[str]) -> list[str]:
    """The variables to take apart: not settings and files, which have no parts, and not too many."""
    return [name for name in sorted(names) if not name.startswith((ENV, FILE))][:_MOST_SHOWN]


def take_apart(names: Iterable[str], first: State, second: State, before: Leaves, after: Leaves) -> Moved:
    """What moved in each of these names, the largest changes first."""
    found: dict[str, tuple[Change, ...]] = {}
    for name in sorted(names):
        if name.startswith(ENV):
            found[name] = (setting_change(name, first, second),)
        elif name.startswith(FILE):
            found[name] = (file_change(name, first, second),)
        elif name in before or (name in after and name not in first["variables"]):
            found[name] = tuple(changes(before.get(name, {}), after.get(name, {})))
        else:
            found[name] = ()  # nobody expected it to move, and nobody noted its parts before
    return found
