"""*later*: memory N, run cell k; only where something that the cell depends on was changed further down."""

from __future__ import annotations

from contextlib import closing

from nbrerun.engine.interface import Engine, Undone
from nbrerun.model import Raised
from nbrerun.probe.messages import Error, Generator, State
from nbrerun.state.diff import ENV, differing, moved_generators, same_generator
from nbrerun.state.observation import Later, Observation, Place


def matters(seen: Observation, end: State, settings: set[str]) -> bool:
    """Whether the cell's result can differ: an input of it has another value at the end.

    Args:
        settings: process settings that later cells changed; nobody can tell which cells look at them.
    """
    if seen.again is None or seen.again["error"] is not None:
        return False
    changed = differing(seen.first, end)
    inputs = set(seen.again["reads"]) | {ENV + name for name in settings}
    return bool(changed & inputs) and _pins(seen, end) is not None


def later(engine: Engine, moment: int, seen: Observation, end: State) -> None:
    """Run the cell at the end of the main run, with the random numbers of its first run.

    A variable that two such runs leave with different values is noise, and nothing is said of it.
    """
    places, raised = _once(engine, moment, seen, end)
    if raised is None and Place.ELSEWHERE in places.values():
        second, _ = _once(engine, moment, seen, end)
        places = {name: place for name, place in places.items() if second.get(name) is place}
    seen.later = Later(places, raised)


def _once(engine: Engine, moment: int, seen: Observation, end: State) -> tuple[dict[str, Place], Raised | None]:
    branch = engine.branch(moment)
    if isinstance(branch, Undone):
        return {}, None
    with closing(branch):
        branch.read()
        run = branch.run(seen.cell, _pins(seen, end) or ())
    if isinstance(run, Undone):
        return {}, None
    if run["error"] is not None:
        return {}, described(run["error"])
    return _places(seen, run["after"], end), None


def _places(seen: Observation, after: State, end: State) -> dict[str, Place]:
    unlike_first, unlike_end = differing(seen.first, after), differing(end, after)
    places: dict[str, Place] = {}
    for name in seen.first["variables"]:
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
