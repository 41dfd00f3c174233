"""*later*: memory N, run cell k; only where something that the cell depends on was changed further down."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import PurePath

from nbrerun.engine.interface import Branch, Engine, Undone
from nbrerun.model import Raised
from nbrerun.probe.protocol.messages import Error, Generator, State
from nbrerun.state.diff import differing, same_generator
from nbrerun.state.names import Name, files, generator, settings, variables
from nbrerun.state.observation import Later, Observation, Place

_LEAST_SECONDS, _TIMES_AS_LONG = 5.0, 5.0
"""A run that takes longer is stopped: a cell further down may have made of ten rounds a million."""

Below = Sequence[tuple[State, State]]
"""The states before and after each cell further down; those of two cells may have been read in two kernels."""


def matters(seen: Observation, end: State, changed: set[str], below: Below = ()) -> bool:
    """Whether *later* can show anything: an input of the cell has another value at the end than after its first run.

    Args:
        changed: keys of process settings that later cells changed; any cell may depend on them.
    """
    if seen.again is None or seen.again["error"] is not None or _pins(seen, end, below) is None:
        return False
    inputs = seen.inputs | settings(changed)
    if differing(seen.first, end) & inputs:
        return True
    # A cell that looked for files in vain, or went through a folder, may find what later cells have written.
    asked = seen.again["after"]["inputs"]
    new_files = map(PurePath, end["files"].keys() - seen.first["files"].keys())
    return any({str(file), *map(str, file.parents)} & {*asked["files"], *asked["folders"]} for file in new_files)


def later(engine: Engine, moment: int, seen: Observation, end: State, below: Below = ()) -> None:
    """Run the cell at the end of the main run, with the random numbers of its first run.

    A variable that two such runs leave with different values is noise, and is left out. Where *again* left everything
    with equal values there is none.
    """
    seen.later = Later({})
    branch = engine.branch(moment)
    if isinstance(branch, Undone):
        return
    with closing(branch):
        if branch.astray & seen.inputs:
            return  # what differs here need not have come from the cells below
        pins: list[Generator] | None = _pins(seen, end, below) or []
        if pins and any(not pin["library"] for pin in pins):
            pins = _readdressed(pins, end, branch.read())
        if pins is None:
            return
        seen.later = first = _once(branch, pins, seen, end)
        if seen.moved and first.raised is None and Place.ELSEWHERE in first.places.values():
            second = _once(branch, pins, seen, end).places
            seen.later = replace(
                first, places={name: at for name, at in first.places.items() if second.get(name) is at}
            )


def told_anything(later: Later | None) -> bool:
    """Whether the run gave an answer."""
    return later is not None and bool(later.places or later.raised)


def _once(branch: Branch, pins: list[Generator], seen: Observation, end: State) -> Later:
    assert seen.again is not None
    run = branch.run(seen.cell, pins, seconds=max(_LEAST_SECONDS, _TIMES_AS_LONG * seen.again["seconds"]))
    if isinstance(run, Undone):
        return Later({})
    read = frozenset(name for name, opened in run["after"]["opened"].items() if opened["read"])
    if run["error"] is not None:
        return Later({}, described(run["error"]), read)
    return Later(_places(seen, run["after"], end), read=read)


def _places(seen: Observation, after: State, end: State) -> dict[Name, Place]:
    unlike_first, unlike_end = differing(seen.first, after), differing(end, after)
    places: dict[Name, Place] = {}
    assert seen.again is not None
    opened = seen.again["after"]["opened"]
    written = (path for path in opened if opened[path]["written"])
    for name in variables(seen.first["variables"]) | files([*seen.first["files"], *written]):
        if name not in unlike_first:
            places[name] = Place.FIRST
        else:
            places[name] = Place.ELSEWHERE if name in unlike_end else Place.END
    return places


def _pins(seen: Observation, end: State, below: Below) -> list[Generator] | None:
    """The states before the cell of the generators that it draws from; None if one of them is gone by the end.

    They are known by what they are, not by the variable where they are found first: the cell may have put one into
    another variable. Where an import of the first run has drawn as well, the cell's own draws begin behind that.
    """
    left = [] if seen.first["drew_between_imports"] else seen.first["after_imports"]
    behind = {generator(item): item for item in left}
    moved = (item for item in seen.before["generators"] if _has_moved(item, seen.first))
    pins: list[Generator] | None = [behind.get(generator(item), item) for item in moved]
    last = seen.first
    for before, first in below:
        pins = _readdressed(pins, last, before) if pins is not None else None
        last = first
    return pins if pins is not None and _readdressed(pins, last, end) is not None else None


def _has_moved(item: Generator, after: State) -> bool:
    return any(same_generator(item, now) and item["digest"] != now["digest"] for now in after["generators"])


def _readdressed(pins: list[Generator], one: State, other: State) -> list[Generator] | None:
    """The same states for another kernel that was read at the same moment; None if a generator is not there."""
    found: list[Generator] = []
    for pin in pins:
        places = [place for place, item in enumerate(one["generators"]) if same_generator(pin, item)]
        if not places or [item["name"] for item in one["generators"]] != [item["name"] for item in other["generators"]]:
            return None
        found.append({**pin, "id": other["generators"][places[0]]["id"]})
    return found


def described(error: Error) -> Raised:
    """An error of the probe's as the report has it."""
    return Raised(error["ename"], error["evalue"], tuple(error["traceback"]))
