"""What a kernel holds, by name, in a form in which two kernels can be compared."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping

from nbrerun.engine.interface import Branch
from nbrerun.probe.protocol.messages import State
from nbrerun.state.diff import Leaves
from nbrerun.state.names import Name, Space, generator

_MOST_LOOKED_INTO = 40

Values = Mapping[Name, object]
"""Equal for equal values; what is not there has no key."""


def values_of(state: State, compared: Collection[str]) -> dict[Name, object]:
    """Return the values of variables, files and generators, and of some process settings.

    Args:
        compared: the settings to compare: those that a cell has set. Others come and go with imports.
    """
    found: dict[Name, object] = {}
    for name, variable in state["variables"].items():
        found[Name(Space.VARIABLE, name)] = (variable["digest"],)
    for key in compared:
        if key in state["settings"]:
            found[Name(Space.SETTING, key)] = state["settings"][key]
    for path, file in state["files"].items():
        found[Name(Space.FILE, path)] = (file["kind"], file["digest"])
    stands: dict[Name, list[bytes]] = {}
    for item in state["generators"]:
        stands.setdefault(generator(item), []).append(item["digest"])
    for name_of, digests in stands.items():
        found[name_of] = (found.get(name_of), tuple(sorted(digests)))
    return found


def unlike(one: Values, other: Values) -> set[Name]:
    """Names that do not have the same value in both, or that only one of them has."""
    return {name for name in one.keys() | other.keys() if one.get(name) != other.get(name)}


def aliases(state: State) -> set[frozenset[str]]:
    """Pairs of variables that hold the very same object, which a change through one of them changes in the other."""
    holders: dict[int, list[str]] = {}
    for name, variable in state["variables"].items():
        if not variable["atom"]:
            holders.setdefault(variable["id"], []).append(name)
    return {frozenset(pair) for names in holders.values() for pair in itertools.combinations(names, 2)}


def sharing(state: State, branch: Branch) -> set[frozenset[str]]:
    """Pairs of variables that are the same object, or of which one is a part of the other.

    Args:
        branch: where that is the state.
    """
    data = [name for name, each in state["variables"].items() if each["kind"] == "data" and not each["atom"]]
    names = sorted(data)[:_MOST_LOOKED_INTO]
    return aliases(state) | (holders(state, branch.leaves_after(names)) if names else set())


def holders(state: State, leaves: Leaves) -> set[frozenset[str]]:
    """Pairs of variables of which one is a part of the other, which a change through one of them changes in the other.

    Args:
        leaves: the parts of variables in that state.
    """
    known = {
        each["id"]: name
        for name, each in state["variables"].items()
        if not each["atom"] and each["kind"] != "definition"
    }
    return {
        frozenset((name, known[leaf["id"]]))
        for name, parts in leaves.items()
        for leaf in parts.values()
        if not leaf["atom"] and leaf["id"] in known and known[leaf["id"]] != name
    }
