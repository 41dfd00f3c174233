"""The changes of what has another value, for reports."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from nbrerun import secrets
from nbrerun.model import Change
from nbrerun.probe.protocol.messages import State
from nbrerun.state.diff import Leaves, changes, file_change, setting_change
from nbrerun.state.names import Name, Space, keys
from nbrerun.state.observation import Moved
from nbrerun.state.sample import with_numbers

_MOST_SHOWN = 40


def worth_showing(names: Iterable[Name]) -> list[str]:
    """The variables to take apart: not settings and files, which have no parts, and not too many variables."""
    return sorted(keys(names, Space.VARIABLE))[:_MOST_SHOWN]


def take_apart(names: Iterable[Name], first: State, second: State, before: Leaves, after: Leaves) -> Moved:
    """The changes in each of these names, the largest first; values that look like secrets are not shown."""
    found: dict[Name, tuple[Change, ...]] = {}
    for name in sorted(names):
        if name.space is Space.SETTING:
            found[name] = (setting_change(name, first, second),)
        elif name.space is Space.FILE:
            found[name] = (file_change(name, first, second),)
        elif name.key in before or (name.key in after and name.key not in first["variables"]):
            one, other = before.get(name.key, {}), after.get(name.key, {})
            found[name] = tuple(with_numbers(changes(one, other), one, other))
        else:
            found[name] = ()  # its parts were not read before, since the cell does not seem to reach it
    return {name: tuple(map(_displayed, parts)) for name, parts in found.items()}


def with_pictures(moved: Moved, drawn: Mapping[str, Sequence[bytes]]) -> Moved:
    """Add pictures of figures, as PNG, to the first change of the variables that hold them."""
    found = dict(moved)
    for name, parts in moved.items():
        if parts and name.space is Space.VARIABLE and name.key in drawn and not secrets.is_secret(name.key):
            pictures = tuple(base64.b64encode(picture).decode() for picture in drawn[name.key])
            found[name] = (replace(parts[0], pictures=pictures), *parts[1:])
    return found


def _displayed(change: Change) -> Change:
    if secrets.is_secret(change.path):
        return replace(change, first=secrets.HIDDEN, again=secrets.HIDDEN, max_abs_change=None, numbers=None)
    return replace(change, first=secrets.shown(change.first), again=secrets.shown(change.again))
