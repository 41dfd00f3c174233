"""Which variables changed together, since they share the objects that changed: one finding tells of all of them."""

from __future__ import annotations

from collections.abc import Sequence

from nbrerun.classify.evidence import Evidence
from nbrerun.model import Kind

_CONTAINERS = frozenset({"dict", "frozenset", "list", "set", "tuple"})
"""They are what is in them: two models in a list are two facts, two layers of a network are one."""


def _weight(seen: Evidence) -> tuple[bool, bool]:
    return seen.kind is Kind.MODEL, seen.mentioned


def told_together(changed: Sequence[Evidence]) -> dict[str, str]:
    """Choose what is told, where all that changed of a variable belongs to others that changed.

    Args:
        changed: the variables that are in-place.

    Returns:
        By the name of each variable that needs no finding, the name of the one whose finding tells of it.
    """
    by_name = {seen.name: seen for seen in changed}
    told: dict[str, str] = {}

    def end_of(name: str) -> str:
        while name in told:
            name = told[name]
        return name

    for whole in changed:
        names = {change.within for change in whole.changes}
        parts = [by_name[name] for name in sorted(names) if name in by_name]
        if not parts or len(parts) < len(names):
            continue
        if len(parts) == 1:
            shown = max([parts[0], whole], key=_weight)
        else:
            shown = parts[0] if whole.type in _CONTAINERS else whole
        for seen in [whole, *parts] if shown is whole else [whole]:
            last = end_of(seen.name)
            if last != end_of(shown.name) and (last == seen.name or _weight(by_name[last]) < _weight(shown)):
                told[last] = shown.name
    for part in changed:
        # What is left of a loop (`for layer in model:`) changes with its model, of which more has changed.
        holders = [by_name[each.held_by] for each in part.changes if each.held_by in by_name]
        if part.name not in {*told, *told.values()} and holders and len(holders) == len(part.changes):
            holder = max(holders, key=_weight)
            if _weight(holder) > _weight(part):
                told[part.name] = holder.name
    return {name: end_of(name) for name in told}
