"""The changes of what has another value, for reports."""

from __future__ import annotations

import base64
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from nbrerun import secrets
from nbrerun.model import Change
from nbrerun.probe.protocol.messages import Leaf, State
from nbrerun.state.diff import Leaves, Parts, changes, file_change, setting_change
from nbrerun.state.names import Name, Space, keys
from nbrerun.state.observation import Moved
from nbrerun.state.sample import with_numbers

_MOST_SHOWN = 40
_AFTER_A_PATH = ("", ".", "[", "(", ")")


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
    places, held = _places(after, {name.key for name in names}), _held(after)
    return {
        name: tuple(
            replace(
                _displayed(change),
                within=_within(change, places.get(name.key, {})),
                held_by=held.get(name.key, {}).get(change.path.removeprefix("len(").removesuffix(")"), ""),
            )
            for change in parts
        )
        for name, parts in found.items()
    }


def _held(tables: Leaves) -> dict[str, dict[str, str]]:
    """By variable and path, the other variable of most parts that has the same object among them."""
    holders: dict[int, list[str]] = {}
    for name in sorted(tables, key=lambda each: len(tables[each]), reverse=True):
        for leaf in tables[name].values():
            if not leaf["atom"]:
                holders.setdefault(leaf["id"], []).append(name)
    found: dict[str, dict[str, str]] = {}
    for name, table in tables.items():
        for path, leaf in table.items():
            others = (each for each in holders.get(leaf["id"], ()) if each != name)
            found.setdefault(name, {})[path] = next(others, "")
    return found


def _places(tables: Leaves, names: Collection[str]) -> dict[str, dict[str, str]]:
    """By variable and path, the other one of these variables whose object lies there, or which that is a view of."""
    roots = {name: tables[name][name] for name in tables if name in names and not tables[name][name]["atom"]}
    objects = {leaf["id"]: name for name, leaf in roots.items()}
    found: dict[str, dict[str, str]] = {name: {} for name in tables}
    for name, table in tables.items():
        for path, leaf in table.items():
            if leaf["atom"]:
                continue
            other: str | None = objects.get(leaf["id"], name)
            if other == name:
                other = _viewed(leaf, {each: root for each, root in roots.items() if each != name})
            if other is not None:
                found[name][path] = other
    return found


def _viewed(leaf: Leaf, roots: Parts) -> str | None:
    """The largest of these variables in whose memory the numbers of a part lie."""
    if leaf["memory"] is None:
        return None
    begin, end = leaf["memory"]
    found = {
        name: memory[1] - memory[0]
        for name, root in roots.items()
        if (memory := root["memory"]) is not None and memory[0] <= begin and end <= memory[1]
    }
    return max(found, key=found.__getitem__, default=None)


def _within(change: Change, places: Mapping[str, str]) -> str:
    """The variable whose object the part belongs to: the innermost, if there are several."""
    path = change.path.removeprefix("len(")
    found = [place for place in places if path.startswith(place) and path[len(place) : len(place) + 1] in _AFTER_A_PATH]
    return places[max(found, key=len)] if found else ""


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
