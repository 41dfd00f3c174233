"""*later*: memory N, run cell k; only where something that the cell depends on was changed further down."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace

from nbrerun.engine.interface import Branch, Engine, Undone
from nbrerun.model import Raised
from nbrerun.probe.protocol.messages import FILE, Error, Generator, State
from nbrerun.probe.source.vocabulary import LOOKING_FOR_FILES
from nbrerun.state.diff import ENV, differing, moved_generators, same_generator
from nbrerun.state.observation import Later, Observation, Place


def matters(seen: Observation, end: State, settings: set[str], sources: Iterable[str] = ()) -> bool:
    """Whether the cell's result can differ: an input of it has another value at the end.

    Args:
        settings: process settings that later cells changed; nobody can tell which cells look at them.
        sources: the cell's, and those of the cells that define what it calls.
    """
    if seen.again is None or seen.again["error"] is not None or _pins(seen, end) is None:
        return False
    inputs = seen.inputs | {ENV + name for name in settings}
    if differing(seen.first, end) & inputs:
        return True
    new_files = end["files"].keys() - seen.first["files"].keys()
    return bool(new_files) and any(map(LOOKING_FOR_FILES.search, sources))


def later(engine: Engine, moment: int, seen: Observation, end: State) -> None:
    """Run the cell at the end of the main run, with the random numbers of its first run.

    A variable that two such runs leave with different values is noise, and nothing is said of it.
    """
    seen.later = Later({})
    branch = engine.branch(moment)
    if isinstance(branch, Undone):
        return
    with closing(branch):
        if branch.astray & seen.inputs:
            return  # what differs here need not have come from the cells below
        branch.read()
        seen.later = first = _once(branch, seen, end)
        if first.raised is None and Place.ELSEWHERE in first.places.values():
            second = _once(branch, seen, end).places
            seen.later = replace(
                first, places={name: at for name, at in first.places.items() if second.get(name) is at}
            )


def told_anything(later: Later | None) -> bool:
    """Whether it was run, and came to its end."""
    return later is not None and bool(later.places or later.raised)


def _once(branch: Branch, seen: Observation, end: State) -> Later:
    run = branch.run(seen.cell, _pins(seen, end) or ())
    if isinstance(run, Undone):
        return Later({})
    read = frozenset(name for name, opened in run["after"]["opened"].items() if opened["read"])
    if run["error"] is not None:
        return Later({}, described(run["error"]), read)
    return Later(_places(seen, run["after"], end), read=read)


def _places(seen: Observation, after: State, end: State) -> dict[str, Place]:
    unlike_first, unlike_end = differing(seen.first, after), differing(end, after)
    places: dict[str, Place] = {}
    assert seen.again is not None
    opened = seen.again["after"]["opened"]
    files = {*seen.first["files"], *(name for name in opened if opened[name]["written"])}
    for name in [*seen.first["variables"], *(FILE + name for name in files)]:
        if name not in unlike_first:
            places[name] = Place.FIRST
        else:
            places[name] = Place.ELSEWHERE if name in unlike_end else Place.END
    return places


def _pins(seen: Observation, end: State) -> list[Generator] | None:
    """The generators that the cell draws from, as they stood before it; None if one is gone by the end."""
    drawn = moved_generators(seen.before, seen.first)
    pins = [item for item in seen.before["generators"] if item["name"] in drawn]
    there = all(any(same_generator(pin, item) for item in end["generators"]) for pin in pins)
    return pins if there else None


def described(error: Error) -> Raised:
    """What a rerun raised."""
    return Raised(error["ename"], error["evalue"], tuple(error["traceback"]))
