"""The differences between two states, by name, and between two tables of parts, with their sizes."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from nbrerun.model import ABSENT, Change
from nbrerun.probe.protocol.messages import File, Generator, Leaf, Rerun, State, Variable
from nbrerun.state.names import Name, files, generator, settings, variables

Parts = Mapping[str, Leaf]
"""The parts of one variable, by path."""

Leaves = Mapping[str, Parts]
"""The parts of several variables, by name."""


def differing(first: State, second: State) -> set[Name]:
    """Names of variables, settings and files whose values differ, or that only one state has."""
    one, other = first["variables"], second["variables"]
    # Most are the very same object (`sharing`).
    pairs = ((name, one.get(name), other.get(name)) for name in one.keys() | other.keys())
    values = {name for name, this, that in pairs if this is not that and not _equal(this, that)}
    known = first["settings"].keys() | second["settings"].keys()
    set_otherwise = (name for name in known if first["settings"].get(name) != second["settings"].get(name))
    paths = first["files"].keys() | second["files"].keys()
    contents = (path for path in paths if not _same(first["files"].get(path), second["files"].get(path)))
    return variables(values) | settings(set_otherwise) | files(contents)


def _equal(one: Variable | None, other: Variable | None) -> bool:
    return one is not None and other is not None and one["digest"] == other["digest"]


def unequal(first: State, second: State) -> set[Name]:
    """What `differing` finds, and generators of random numbers that stand elsewhere; the two kernels may be different.

    A generator in a variable is known by the variable's name, since addresses say nothing about another kernel.
    """
    one, other = _stands(first), _stands(second)
    moved = {name for name in one.keys() | other.keys() if one.get(name) != other.get(name)}
    return differing(first, second) | moved


def _stands(state: State) -> dict[Name, list[bytes]]:
    """Where the generators stand; a variable may hold several."""
    found: dict[Name, list[bytes]] = {}
    for item in state["generators"]:
        found.setdefault(generator(item), []).append(item["digest"])
    return {name: sorted(stands) for name, stands in found.items()}


def _same(one: File | None, other: File | None) -> bool:
    """Whether two files have the same value; timestamps and the like are not part of it, but may change the size."""
    if one is None or other is None:
        return one is other
    return {**one, "size": 0} == {**other, "size": 0}


def left_as_it_was(before: State, run: Rerun) -> bool:
    """Whether a run left every name with an equal value, and everything that it could reach could be read.

    Generators do not count: they can be put back. An object that was part of another variable must still be: what a
    later cell does to it would be seen there.
    """
    first, second = before["variables"], run["after"]["variables"]
    if run["parted"]:
        return False
    if first.keys() != second.keys() or before["settings"] != run["after"]["settings"]:
        return False
    if before["files"] != run["after"]["files"] or before["beside"] != run["after"]["beside"]:
        return False
    reached = {name for name in run["reads"] if name in first}
    if any(first[name]["opaque"] and first[name]["kind"] != "definition" for name in reached):
        return False
    return all(
        variable["kind"] == "generator" or variable["digest"] == second[name]["digest"]
        for name, variable in first.items()
    )


def written_beside(first: State, second: State) -> list[str]:
    """Files that are not judged and differ, by path; folders only where nothing else does."""
    one, other = first["beside"], second["beside"]
    kinds = {path: file["kind"] for path, file in (one | other).items() if one.get(path) != other.get(path)}
    return sorted(path for path, kind in kinds.items() if kind != "folder") or sorted(kinds)


def rebound(first: State, second: State) -> set[Name]:
    """Variables that hold another object in the second state, or are new there."""
    one, other = first["variables"], second["variables"]
    return variables(name for name in other if name not in one or one[name]["id"] != other[name]["id"])


def moved_generators(first: State, second: State) -> set[Name]:
    """Names of the generators that have another state; new ones are left out."""
    return {
        generator(item)
        for item in second["generators"]
        for old in first["generators"]
        if same_generator(old, item) and old["digest"] != item["digest"]
    }


def same_generator(one: Generator, other: Generator) -> bool:
    """Whether two readings of one kernel found the same generator: a library's by name, others by address."""
    if one["library"] or other["library"]:
        return generator(one) == generator(other)
    return one["id"] == other["id"]


def setting_change(name: Name, first: State, second: State) -> Change:
    """What happened to one process setting."""
    one, other = (state["settings"].get(name.key, "(not set)") for state in (first, second))
    return Change(str(name), one, other)


_OTHER = "other contents"
"""Stands for the second value where its short text is the same as that of the first."""


def file_change(name: Name, first: State, second: State) -> Change:
    """What happened to one file."""
    one, other = (state["files"].get(name.key) for state in (first, second))
    rows = [file.get("rows") if file else None for file in (one, other)]
    if rows[0] is not None and rows[1] is not None and rows[0] != rows[1]:
        return Change(str(name), _counted(rows[0], "row"), _counted(rows[1], "row"), abs(rows[1] - rows[0]))
    texts = [_file_text(file) for file in (one, other)]
    if texts[0] == texts[1]:
        texts[1] = _OTHER
    size = abs(other["size"] - one["size"]) if one and other and one["kind"] == other["kind"] == "file" else None
    return Change(str(name), texts[0], texts[1], size or None)


def _file_text(file: File | None) -> str:
    if file is None:
        return "(as before the notebook ran)"
    if file["kind"] != "file":
        return f"({file['kind']})"
    return _counted(file["size"], "byte")


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def changes(first: Parts, second: Parts) -> list[Change]:
    """The parts that differ: the largest change of each kind of part first, then the others, largest first."""
    root = min([*first, *second], key=len, default="")
    if root in first and root in second and first[root]["size"] != second[root]["size"]:
        return [Change(root, first[root]["text"], second[root]["text"])]  # another type altogether
    found: dict[str, Change] = {}
    shown = _taken_apart(first), _taken_apart(second)
    repeated = {path for path in first if _is_repeated(first[path], second.get(path), *shown)}
    for path in [*first, *(path for path in second if path not in first)]:
        change = _change(path, first.get(path), second.get(path))
        if change is not None and path not in repeated:
            found.setdefault(change.path, change)
    elsewhere = [path for path in repeated if first[path]["digest"] != second[path]["digest"]]
    for path in sorted(first, key=len, reverse=True):
        differs = path in second and first[path]["digest"] != second[path]["digest"]
        # Of itself, of a part of it, or of its size.
        if differs and not any(path in told for told in (*found, *elsewhere)):
            found[path] = Change(path, first[path]["text"], "the same parts in another order")
    if len(found) > 1 and root in found and found[root].again == _OTHER:
        del found[root]  # too large to be taken apart completely; the parts that were found say more
    moved = [change for change in found.values() if change.max_abs_change != 0 or not _told_below(change, found)]
    return _one_of_each_first(sorted(moved, key=_weight))


def _taken_apart(parts: Parts) -> set[int]:
    return {leaf["id"] for leaf in parts.values() if not (leaf["whole"] or leaf["atom"])}


def _is_repeated(one: Leaf, other: Leaf | None, first: set[int], second: set[int]) -> bool:
    """Whether this is an object whose parts are listed at another path, where they tell what changed."""
    both = ((one, first), (other, second))
    return all(leaf and leaf["whole"] and not leaf["atom"] and leaf["id"] in shown for leaf, shown in both)


def _one_of_each_first(ordered: Sequence[Change]) -> list[Change]:
    """Put one change of each kind of part first (`weight`, `running_mean`, `exp_avg`): a network has many layers."""
    firsts: dict[str, Change] = {}
    for change in ordered:
        firsts.setdefault(change.path.rpartition(".")[2], change)
    leading = sorted(firsts.values(), key=_says_less)
    return leading + [change for change in ordered if change not in leading]


def _told_below(change: Change, found: Iterable[str]) -> bool:
    """Whether something attached to the object has changed: the gradient or hooks of a tensor with equal values."""
    return any(path.removeprefix("len(").startswith(change.path) and path != change.path for path in found)


def _change(path: str, one: Leaf | None, other: Leaf | None) -> Change | None:
    if one is None or other is None:
        return Change(path, one["text"] if one else ABSENT, other["text"] if other else ABSENT)
    if one["digest"] == other["digest"]:
        return None
    length, now = one["length"], other["length"]
    if one["size"] == other["size"] and length != now and length and now:
        distance = abs(int(now) - int(length)) if length.isdigit() and now.isdigit() else None
        return Change(one["size"] or path, length, now, distance)
    if not one["whole"] and not other["whole"]:
        return None  # the changes of its parts are listed
    size = max_abs_change(one["numbers"], other["numbers"])
    same = one["text"] == other["text"] and size is None
    rounding = size is not None and is_rounding(one["numbers"], other["numbers"])
    return Change(path, one["text"], _OTHER if same else other["text"], size, rounding)


def is_rounding(one: bytes | None, other: bytes | None) -> bool:
    """Whether two arrays of native float64 differ by no more than the last digits of their largest number."""
    size = max_abs_change(one, other)
    return size is not None and size <= _last_digits(one or b"", other or b"")


_UNITS = 8
"""Units in the last place of the largest number that count as rounding."""


def _last_digits(one: bytes, other: bytes) -> float:
    """The size of a change in the last digits of numbers, which are float32 if all of both are float32 values."""
    import numpy

    values, both = numpy.frombuffer(one), numpy.frombuffer(one + other)
    values, both = values[numpy.isfinite(values)], both[numpy.isfinite(both)]
    if not values.size or (values == numpy.round(values)).all():  # whole numbers have no last digits to round
        return 0.0
    with numpy.errstate(over="ignore"):
        single = bool((both == both.astype(numpy.float32)).all())
    largest = numpy.abs(values).max()
    return _UNITS * float(numpy.spacing(numpy.float32(largest) if single else largest))


def max_abs_change(one: bytes | None, other: bytes | None) -> float | None:
    """The largest absolute difference between two arrays of native float64; None unless both have the same length."""
    if one is None or other is None or len(one) != len(other):
        return None
    import numpy  # loaded only where arrays differ: it takes a tenth of a second

    first, second = numpy.frombuffer(one), numpy.frombuffer(other)
    with numpy.errstate(invalid="ignore", over="ignore"):
        distances = numpy.abs(second - first)
    largest = float(numpy.nanmax(distances)) if not numpy.isnan(distances).all() else math.nan
    return largest if math.isfinite(largest) else None


_BESIDES = re.compile(r"\.(?:_?(optimizer)|(grad$)|(history))\b")
"""An optimizer, gradients and a history say less than the weights; the least informative comes last."""


def _says_less(change: Change) -> int:
    found = _BESIDES.search(change.path)
    return found.lastindex or 0 if found else 0


def _weight(change: Change) -> tuple[bool, float, str]:
    size = change.max_abs_change
    return (size is None, -size if size is not None else 0.0, change.path)


def exceeds(moved: Iterable[Change], noise: Iterable[Change]) -> bool:
    """Whether the rerun changed a part that the control left alone, or changed one much more.

    Parts that differ by their number only, such as the durations of epochs, are as noisy as the noisiest of them.
    """
    noise = list(noise)
    paths, sizes = {change.path for change in noise}, dict[str, float]()
    for change in noise:
        sizes[_without_numbers(change.path)] = max(
            change.max_abs_change or 0.0, sizes.get(_without_numbers(change.path), 0.0)
        )
    for change in moved:
        size, noisy = change.max_abs_change, sizes.get(_without_numbers(change.path))
        if (change.path not in paths) if size is None else (noisy is None or size > _CLEARLY * noisy):
            return True
    return False


def exceeds_by_size(moved: Iterable[Change], noise: Iterable[Change]) -> bool:
    """Whether the rerun only changed much more what the control changed, too: that may be chance.

    Not so where it is a whole number, as lengths are and durations are not.
    """
    moved, noise = list(moved), list(noise)
    certain = (
        each if float(each.max_abs_change or 0.0).is_integer() else replace(each, max_abs_change=0.0) for each in moved
    )
    return exceeds(moved, noise) and not exceeds(certain, noise)


def larger(noise: Iterable[Change], more: Iterable[Change]) -> tuple[Change, ...]:
    """The noise of two controls: of each part, the larger change."""
    found = {change.path: change for change in noise}
    for change in more:
        known = found.get(change.path)
        if known is None or (change.max_abs_change or 0.0) > (known.max_abs_change or 0.0):
            found[change.path] = change
    return tuple(found.values())


def _without_numbers(path: str) -> str:
    return re.sub(r"\[\d+\]", "[]", path)


_CLEARLY = 10.0
"""A change this many times as large as the noise comes from the rerun itself."""
