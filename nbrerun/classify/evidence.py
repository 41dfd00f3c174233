"""The facts about one variable in one cell, as the rules need them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from nbrerun.model import ABSENT, Change, Kind, Raised
from nbrerun.probe.protocol.messages import Variable
from nbrerun.secrets import HIDDEN
from nbrerun.state.diff import differing, exceeds, rebound
from nbrerun.state.names import Name, Space, files, settings, variables
from nbrerun.state.observation import Observation, Outcome, Place


@dataclass(frozen=True)
class Evidence:
    """The facts about one variable; each experiment contributes a few."""

    name: str
    kind: Kind = Kind.DATA
    type: str = ""
    users: bool = False
    """The user wrote its class."""
    imported: bool = False
    """The rerun bound the name by an import statement."""
    atom: bool = False
    """A value without an identity of its own, such as a number or a string."""
    opaque: tuple[str, ...] = ()
    """Why parts of it cannot be read."""
    in_part: bool = False
    """All of those lie beyond a limit on what is read."""
    mentioned: bool = False
    """The cell names it, or code that the cell calls does."""
    looked_at: bool = False
    """The cell depends on the value that it had before."""
    used_up: bool = False
    """It is one of the objects that are used up as one goes through them, and was not put back."""
    incidental: bool = False
    """A loop variable or a handle of `with`."""
    created: bool = False
    """There was no such variable before the first run, or it held None."""
    changed_first: bool = False
    """The first run changed its value."""
    bound_first: bool = False
    """The first run made the name hold another object."""
    bound: bool = False
    """The rerun bound the name."""
    written: bool = False
    """The rerun stored into the object or called a method of it."""
    stored: bool = False
    """The rerun stored an item or an attribute into the object, by a statement that says so."""
    stored_inside: bool = False
    """The rerun stored something into the object or a part of it by another name, in a function for one."""
    blamed: tuple[str, ...] = ()
    """For each of the changes the call that made it, as the source writes it: `clf.partial_fit`, `train()`; empty if it
    was none."""
    filled: bool = False
    """The rerun gave it a state that was saved, by a library's function for that."""
    acts: bool = False
    """The rerun called something that may have changed settings."""
    passed: bool = False
    """The rerun passed the object to a call."""
    new_object: bool = False
    """The name holds another object after the rerun."""
    made: bool = False
    """The first run made the object that the name holds, and the rerun left it there."""
    parts_kept: bool | None = None
    """Parts that the first run made are still the same objects; None if it made none."""
    moved: bool = False
    """The rerun left another value than the first run."""
    moved_pinned: bool = False
    """It did so with the random numbers held equal as well."""
    moved_control: bool = False
    """A second first run leaves another value as well."""
    beyond_noise: bool = True
    """The rerun changed it by more than the second first run did."""
    astray: frozenset[Name] = frozenset()
    """Inputs that had another value before the second first run."""
    changes: tuple[Change, ...] = ()
    from_file: str | None = None
    """The path of the file without which it has another value."""
    saves_model: bool = False
    """It is a file, and the rerun wrote a trained model into it."""
    outcome: Outcome | None = None
    """Where the rerun left it when its value had been changed before; None where that was not in doubt."""
    follows: tuple[str, ...] = ()
    """What it follows: it does not depend on its own earlier value."""
    later: Place | None = None
    later_raised: Raised | None = None


_NOTHING: Variable = {
    "digest": b"",
    "id": 0,
    "type": "NoneType",
    "users": False,
    "kind": "data",
    "atom": True,
    "opaque": [],
    "in_part": False,
}


def gather(seen: Observation, values: bool = True) -> Iterator[Evidence]:
    """The evidence on every variable and setting that the first run or the rerun may have touched.

    Args:
        values: the values may be shown.
    """
    for evidence in _gather(seen):
        changes = evidence.changes
        if not values and evidence.kind is not Kind.FILE:  # of a file only the size is shown
            changes = tuple(map(_without_values, changes))
        yield replace(evidence, changes=changes)


def _without_values(change: Change) -> Change:
    """Leave the size of a change, and whether the part is new or gone."""
    first, again = (text if text == ABSENT else HIDDEN for text in (change.first, change.again))
    return replace(change, first=first, again=again, numbers=None, pictures=())


def _gather(seen: Observation) -> Iterator[Evidence]:
    assert seen.again is not None
    after = seen.again["after"]
    changed = differing(seen.before, seen.first)
    # Settings that the first run changed by importing modules only do not count.
    changed -= {name for name in changed if name.space is Space.SETTING} - settings(seen.first["by_hand"])
    bound_first = rebound(seen.before, seen.first)
    names = changed | bound_first | seen.moved.keys()
    names |= variables(seen.again["replaced"] + seen.again["bound"] + seen.again["stores"])
    names |= variables(name for name, kept in seen.parts_kept.items() if not kept) | variables(seen.from_file)
    opaque = {name for name, variable in seen.first["variables"].items() if variable["opaque"]}
    names |= variables(opaque & {*seen.again["written"], *seen.again["passed"]})
    names |= variables(seen.again["filled"])
    names -= _by_threads(seen, changed | bound_first | seen.moved.keys())
    for name in sorted(names):
        if name.space is Space.SETTING:
            yield _of_variable(seen, name, None, changed, bound_first)
        elif name.space is Space.VARIABLE:
            variable = seen.first["variables"].get(name.key) or after["variables"].get(name.key)
            if variable is not None:  # otherwise bound and deleted again
                yield _of_variable(seen, name, variable, changed, bound_first)
    yield from _files(seen, changed)
    for name in sorted(seen.seeded):
        yield Evidence(name.key, Kind.GENERATOR, "generator", mentioned=True, changed_first=True, bound=True)


def _of_variable(
    seen: Observation,
    name: Name,
    variable: Variable | None,
    changed: set[Name],
    bound_first: set[Name],
) -> Evidence:
    """The evidence on a variable, or on a setting, which no message of the probe describes."""
    run = seen.again
    assert run is not None
    key = name.key if variable else None  # a variable may be called as the setting is
    moved = seen.moved.get(name)
    noise = seen.noise.get(name)
    bound = key in run["bound"] or name in bound_first
    # A thread that the first run has started goes on from what the cell makes, and is caught anywhere.
    is_raced_for = seen.first["threads"] and key in run["bound_first"] and moved is not None
    return Evidence(
        str(name),
        kind=_kind(variable, bound, key in run["imports"], name in changed or moved is not None),
        type=variable["type"] if variable else "",
        users=variable is not None and variable["users"],
        imported=key in run["imports"],
        atom=variable["atom"] if variable else True,
        opaque=tuple(variable["opaque"]) if variable else (),
        in_part=variable is not None and variable["in_part"],
        mentioned=key in run["mentions"],
        looked_at=key in run["reads"] and not is_raced_for,
        used_up=variable is not None and _is_used_up(seen, name, variable),
        incidental=key in run["incidental"],
        created=seen.before["variables"].get(name.key, _NOTHING)["type"] == _NOTHING["type"],
        changed_first=name in changed,
        bound_first=name in bound_first,
        bound=key in run["bound"],
        written=key in run["written"],
        stored=key in run["stores"],
        stored_inside=key in run["stores_inside"],
        passed=key in run["passed"],
        acts=run["acts"],
        blamed=tuple(_blamed(run["blamed"].get(name.key, {}), change) for change in moved or ()) if variable else (),
        filled=key in run["filled"],
        new_object=key in run["replaced"],
        made=key in seen.made,
        parts_kept=seen.parts_kept.get(name.key) if variable else None,
        moved=moved is not None,
        moved_pinned=name in seen.still_moved,
        moved_control=noise is not None or is_raced_for,
        beyond_noise=noise is None or exceeds(moved or (), noise),
        astray=seen.astray,
        changes=moved or (),
        from_file=seen.from_file.get(name.key) if variable else None,
        outcome=(seen.outcomes if variable else seen.setting_outcomes).get(name.key),
        follows=tuple(map(str, seen.follows.get(name, ()))),
        later=seen.later.places.get(name) if seen.later else None,
        later_raised=seen.later.raised if seen.later else None,
    )


def _files(seen: Observation, changed: set[Name]) -> Iterator[Evidence]:
    """Files that the first run changed or the rerun wrote."""
    assert seen.again is not None
    after = seen.again["after"]
    written = (
        path
        for path, opened in after["opened"].items()
        if opened["written"] and (opened["exists"] or path in after["files"])
    )
    touched = {name for name in changed | seen.moved.keys() if name.space is Space.FILE}
    for name in sorted(touched | files(written)):
        path = name.key
        opened = after["opened"].get(path)
        file = after["files"].get(path) or seen.first["files"].get(path)
        moved = seen.moved.get(name)
        if file is not None and file["kind"] in ("folder", "special") and not moved:
            continue
        noise = seen.noise.get(name)
        yield Evidence(
            str(name),
            Kind.FILE,
            "file",
            mentioned=True,
            looked_at=opened is not None and (opened["read"] or opened["kept"]),
            changed_first=name in changed,
            bound=opened is not None and opened["written"],
            new_object=True,
            moved=moved is not None,
            moved_pinned=name in seen.still_moved,
            moved_control=noise is not None,
            beyond_noise=noise is None or exceeds(moved or (), noise),
            astray=seen.astray,
            changes=moved or (),
            saves_model=opened is not None and opened["written"] and seen.again["saved"].get(path, opened["model"]),
            later=seen.later.places.get(name) if seen.later else None,
            later_raised=seen.later.raised if seen.later else None,
        )


def _kind(variable: Variable | None, bound: bool, imported: bool, changed: bool) -> Kind:
    if variable is None:
        return Kind.ENV
    if imported:
        return Kind.DEFINITION
    kind = Kind.DATA if variable["kind"] in ("iterator", "stream") else Kind(variable["kind"])
    # A definition that changes without being bound again has a state of its own: that is data.
    return Kind.DATA if kind is Kind.DEFINITION and changed and not bound else kind


def _is_used_up(seen: Observation, name: Name, variable: Variable) -> bool:
    """A file that is read may have been put back, unless something else is seen to follow it."""
    is_followed = any(name in each for each in seen.follows.values())
    return variable["kind"] == "iterator" or (variable["kind"] == "stream" and is_followed)


def _blamed(calls: Mapping[str, str], change: Change) -> str:
    """The call that made a change; that of a size is not shown at the path of the part itself."""
    inner = change.path.removeprefix("len(").removesuffix(")")
    return calls.get(change.path, calls.get(inner, calls.get("", "")))


def _by_threads(seen: Observation, names: set[Name]) -> set[Name]:
    """Of changes, those by a thread that was running when the cell began.

    The cell does nothing to such a variable. What the rerun changes of what it gives to calls may be their doing.
    """
    run = seen.again
    assert run is not None
    if not seen.before["threads"]:
        return set()
    acted = variables([*run["bound"], *run["stores"], *run["written"], *run["filled"]])
    acted |= variables(run["passed"]) & seen.moved.keys()
    return {name for name in names - acted if name.space is Space.VARIABLE}
