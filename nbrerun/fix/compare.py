"""Compare the states of two versions of a notebook by value, cell by cell, in the words of the earlier version."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from nbrerun.fix.edit import Edit, Renamed
from nbrerun.fix.source import Source
from nbrerun.model import CellReport, Mark
from nbrerun.probe.protocol.messages import Generator, State
from nbrerun.state.diff import differing, unequal
from nbrerun.state.names import Name, Space, files, variables
from nbrerun.state.timeline import Step

_Value = TypeVar("_Value")


@dataclass(frozen=True)
class Compared:
    """What a comparison came to."""

    unlike: tuple[tuple[int, Name], ...]
    """What differs, with the index of the first cell after which it does."""
    compared: frozenset[Name]
    """What has the same value after every cell."""
    left_out: frozenset[Name]
    """What follows from a variable that is seeded now, or what chance decides anyway."""


def compare(
    steps: Mapping[int, Step], others: Mapping[int, Step], edit: Edit, reports: Iterable[CellReport]
) -> Compared:
    """Compare the states after each cell.

    Args:
        steps: the version before the edit, by index of the cell.
        others: the version with the edit.
        reports: on the cells of the version before.
    """
    unlike: dict[Name, int] = {}
    compared: set[Name] = set()
    left_out = _chance(steps, edit, reports) if edit.seeds else {}
    of_kernels = _of_kernels(steps, others)
    for index, step in steps.items():
        if index not in others:
            continue  # the edit has left nothing of the cell
        first, second = _in_words_of_before(step.first, others[index].first, edit, index)
        ignored = left_out.get(index, frozenset()) | _definitions(first, second, edit, index)
        for name in unequal(first, second) - ignored - of_kernels:
            unlike.setdefault(name, index)
        compared |= (variables(first["variables"]) | files(first["files"])) - ignored
    found = tuple((index, name) for name, index in sorted(unlike.items(), key=lambda item: (item[1], item[0])))
    return Compared(found, frozenset(compared - unlike.keys()), frozenset[Name]().union(*left_out.values()))


def _of_kernels(steps: Mapping[int, Step], others: Mapping[int, Step]) -> set[Name]:
    """What differs between the two kernels before the first cell, such as the number of the process."""
    if not steps or not others:
        return set()
    return differing(next(iter(steps.values())).before, next(iter(others.values())).before)


def _in_words_of_before(first: State, second: State, edit: Edit, index: int) -> tuple[State, State]:
    one, other = dict(first["variables"]), dict(second["variables"])
    there = dict(second["files"])
    for renamed in edit.renamed:
        if renamed.new.space is Space.FILE:
            _back(there, renamed, index)
        else:
            _back(other, renamed, index)
    for name, (before, now) in edit.later.items():
        if before <= index < now and name not in other:
            one.pop(name, None)
    for name in edit.added - one.keys():
        other.pop(name, None)
    new = {renamed.new.key: renamed.old.key for renamed in edit.renamed if renamed.holds_after(index)}
    both = one.keys() & other.keys()
    return (
        {**first, "variables": one, "generators": _held(first, {}, both)},
        {**second, "variables": other, "files": there, "generators": _held(second, new, both)},
    )


def _held(state: State, new: Mapping[str, str], names: Collection[str]) -> list[Generator]:
    """The generators that variables hold; those of libraries show in what is drawn from them.

    Args:
        new: the old names by the new ones.
        names: variables, by their old names, whose generators count.
    """
    old = set(new.values())
    found: list[Generator] = []
    for item in state["generators"]:
        name = new.get(item["name"], "" if item["name"] in old else item["name"])
        if name in names and not item["library"]:
            found.append({**item, "name": name})
    return found


def _back(table: dict[str, _Value], renamed: Renamed, index: int) -> None:
    """Give a value its old name again, where the new one has it after a cell."""
    value = table.pop(renamed.new.key, None)
    if renamed.holds_after(index):
        table.pop(renamed.old.key, None)
        if value is not None:
            table[renamed.old.key] = value


def _definitions(first: State, second: State, edit: Edit, index: int) -> set[Name]:
    """Functions and classes of edited cells: their text differs, and what they compute is compared."""
    edited = [Source.of(text) for at, text in edit.sources.items() if at <= index]
    bound = {name for source in edited if source for statement in source.statements for name in statement.bound}
    one, other = first["variables"], second["variables"]
    return variables(
        name for name in bound & one.keys() & other.keys() if one[name]["kind"] == other[name]["kind"] == "definition"
    )


def _chance(steps: Mapping[int, Step], edit: Edit, reports: Iterable[CellReport]) -> dict[int, frozenset[Name]]:
    """By index of the cell, what a seed gives another value: what is drawn, and what cells computed from that."""
    marks = {Mark.UNSEEDED, Mark.FOLLOWS, Mark.NONDETERMINISTIC}
    drawn = {report.index: {each.name for each in report.variables if marks & set(each.marks)} for report in reports}
    found: dict[int, frozenset[Name]] = {}
    chance: set[Name] = set()
    for index, step in steps.items():
        if index < min(edit.sources):
            continue
        written = {name for name in step.written if name.space in (Space.VARIABLE, Space.FILE)}
        if chance & (variables(step.read) | files(step.files_read)):
            chance |= written
        else:
            chance -= written
            chance |= written & variables(edit.seeds | drawn.get(index, set()))
        found[index] = frozenset(chance)
    return found
