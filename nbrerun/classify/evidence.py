"""What was seen of one variable in one cell, as the plain facts that the rules need."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from nbrerun.model import Change, Kind, Raised
from nbrerun.probe.protocol.messages import FILE, GLOBAL, ITERATOR, State, Variable
from nbrerun.probe.source.vocabulary import REPLACING_METHODS
from nbrerun.state.diff import ENV, differing, exceeds, rebound
from nbrerun.state.observation import Observation, Place


@dataclass(frozen=True)
class Evidence:
    """The facts about one variable; each experiment contributes a few."""

    name: str
    kind: Kind = Kind.DATA
    type: str = ""
    imported: bool = False
    """The rerun bound the name by an import statement."""
    atom: bool = False
    """A number, a string ...: a value without an identity of its own."""
    opaque: tuple[str, ...] = ()
    mentioned: bool = False
    """The cell names it, or code that the cell calls does."""
    looked_at: bool = False
    """The cell depends on the value that it had before."""
    iterator: bool = False
    """It is used up as one goes through it."""
    incidental: bool = False
    """A loop variable or a handle of `with`."""
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
    methods: tuple[str, ...] = ()
    """Methods that the rerun called on it: `clf.partial_fit`, and `net()` where it called the object itself."""
    sets: tuple[str, ...] = ()
    """Those of them that set all that a model has learnt, whatever it was before."""
    acts: bool = False
    """The rerun called something that may have changed settings."""
    passed: bool = False
    """The rerun passed the object to a call."""
    asked: bool = False
    """It is of a class that the person wrote, and the rerun called its `predict`, or something else that seems to tell
    only."""
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
    """Even a second first run leaves another value."""
    beyond_noise: bool = True
    """The rerun moved it by more than the second first run did."""
    astray: frozenset[str] = frozenset()
    """Inputs that were not the same when the cell was run for the first time a second time."""
    changes: tuple[Change, ...] = ()
    from_file: str | None = None
    """The file without which it does not come out the same."""
    saves_model: bool = False
    """It is a file, and the rerun wrote a trained model into it."""
    later: Place | None = None
    later_raised: Raised | None = None


def gather(seen: Observation) -> Iterator[Evidence]:
    """The evidence on every variable and setting that the first run or the rerun may have touched."""
    assert seen.again is not None
    after = seen.again["after"]
    changed = differing(seen.before, seen.first) - _by_import(seen)
    bound_first = rebound(seen.before, seen.first)
    new_objects = set(seen.again["replaced"])
    names = changed | bound_first | new_objects | seen.moved.keys()
    names |= set(seen.again["bound"]) | set(seen.again["stores"])
    names |= {name for name, kept in seen.parts_kept.items() if not kept} | seen.from_file.keys()
    names |= _opaque(seen.first) & {*seen.again["written"], *seen.again["passed"]}
    names |= {method.rpartition(".")[0] for method in seen.again["methods"] if _sets(method)}
    for name in sorted(names):
        variable = seen.first["variables"].get(name) or after["variables"].get(name)
        if variable is not None or name.startswith(ENV):  # otherwise bound and deleted again
            yield _of_variable(seen, name, variable, changed, bound_first, new_objects)
    yield from _files(seen, changed)
    yield from _seeded(seen)


def _sets(method: str) -> bool:
    """Whether a method sets all that its object has learnt."""
    return method.rpartition(".")[2] in REPLACING_METHODS


def _of_variable(
    seen: Observation,
    name: str,
    variable: Variable | None,
    changed: set[str],
    bound_first: set[str],
    new_objects: set[str],
) -> Evidence:
    run = seen.again
    assert run is not None
    moved = seen.moved.get(name)
    noise = seen.noise.get(name)
    bound = name in {*run["bound"], *bound_first}
    return Evidence(
        name,
        kind=_kind(variable, bound, name in run["imports"], name in changed or moved is not None),
        type=variable["type"] if variable else "",
        imported=name in run["imports"],
        atom=variable["atom"] if variable else True,
        opaque=tuple(variable["opaque"]) if variable else (),
        mentioned=name in run["mentions"],
        looked_at=name in run["reads"],
        iterator=variable is not None and variable["kind"] == ITERATOR,
        incidental=name in run["incidental"],
        changed_first=name in changed,
        bound_first=name in bound_first,
        bound=name in run["bound"],
        written=name in run["written"],
        stored=name in run["stores"],
        passed=name in run["passed"],
        asked=name in run["asked"],
        acts=run["acts"],
        methods=tuple(method for method in run["methods"] if method.startswith((name + ".", name + "()"))),
        sets=tuple(method for method in run["methods"] if method.rpartition(".")[0] == name and _sets(method)),
        new_object=name in new_objects,
        made=name in seen.made,
        parts_kept=seen.parts_kept.get(name),
        moved=moved is not None,
        moved_pinned=name in seen.still_moved,
        moved_control=noise is not None,
        beyond_noise=noise is None or exceeds(moved or (), noise),
        astray=seen.astray,
        changes=moved or (),
        from_file=seen.from_file.get(name),
        later=seen.later.places.get(name) if seen.later else None,
        later_raised=seen.later.raised if seen.later else None,
    )


def _files(seen: Observation, changed: set[str]) -> Iterator[Evidence]:
    """Files that the first run changed or the rerun wrote."""
    assert seen.again is not None
    after = seen.again["after"]
    written = {FILE + name for name, opened in after["opened"].items() if opened["written"] and _is_there(name, after)}
    touched = {name for name in changed | seen.moved.keys() if name.startswith(FILE)}
    for name in sorted(touched | written):
        path = name[len(FILE) :]
        opened = after["opened"].get(path)
        file = after["files"].get(path) or seen.first["files"].get(path)
        moved = seen.moved.get(name)
        if file is not None and file["kind"] in ("folder", "special") and not moved:
            continue
        noise = seen.noise.get(name)
        yield Evidence(
            name,
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
            saves_model=opened is not None and opened["written"] and opened["model"],
            later=seen.later.places.get(name) if seen.later else None,
            later_raised=seen.later.raised if seen.later else None,
        )


def _is_there(name: str, state: State) -> bool:
    return state["opened"][name]["exists"] or name in state["files"]


def _kind(variable: Variable | None, bound: bool, imported: bool, changed: bool) -> Kind:
    if variable is None:
        return Kind.ENV
    if imported:
        return Kind.DEFINITION
    kind = Kind.DATA if variable["kind"] == ITERATOR else Kind(variable["kind"])
    # A definition that changes without being written anew has a state that moves on: that is data.
    return Kind.DATA if kind is Kind.DEFINITION and changed and not bound else kind


def _by_import(seen: Observation) -> set[str]:
    """Settings that the first run changed by importing modules only."""
    changed = {name[len(ENV) :] for name in differing(seen.before, seen.first) if name.startswith(ENV)}
    return {ENV + name for name in changed - set(seen.first["by_hand"])}


def _opaque(state: State) -> set[str]:
    return {name for name, variable in state["variables"].items() if variable["opaque"]}


def _seeded(seen: Observation) -> Iterator[Evidence]:
    """Global generators that the cell sets: they stand at the same place after both runs."""
    assert seen.again is not None
    if not seen.again["seeds"]:
        return
    before = {item["name"]: item["digest"] for item in seen.before["generators"]}
    after = {item["name"]: item["digest"] for item in seen.again["after"]["generators"]}
    for item in seen.first["generators"]:
        name, digest = item["name"], item["digest"]
        moved = before.get(name) != digest  # one that an import has just brought was set after that
        if name.startswith(GLOBAL) and moved and after.get(name) == digest:
            yield Evidence(
                name[len(GLOBAL) :],
                Kind.GENERATOR,
                "generator",
                mentioned=True,
                changed_first=True,
                bound=True,
            )
