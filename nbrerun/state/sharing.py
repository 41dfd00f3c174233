"""One copy of what several states have in common: a check keeps states for each cell, and most of each is the same."""

from __future__ import annotations

from typing import Any

from nbrerun.probe.protocol.messages import State


def share(state: State, known: State) -> None:
    """Have a state refer to the very objects of another state wherever the two are equal.

    Args:
        state: was just received, and is changed in place.
        known: an earlier one, which nobody changes any more.
    """
    fields: Any = state
    others: Any = known
    for key in fields.keys() & others.keys():
        if fields[key] == others[key]:
            fields[key] = others[key]
        elif key == "variables":
            names = {name: name for name in others[key]}
            fields[key] = {
                names.get(name, name): _one(each, others[key].get(name)) for name, each in fields[key].items()
            }


def _one(value: Any, known: Any) -> Any:
    return known if value == known else value
