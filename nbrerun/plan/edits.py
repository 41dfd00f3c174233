"""What was edited: cells of the old notebook paired with cells of the new one."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from nbrerun.model import Cell


@dataclass(frozen=True)
class Edits:
    """The code cells of two versions of a notebook, by their positions among those that are executed."""

    origins: tuple[int | None, ...]
    """For each cell of the new notebook: the same cell of the old one; None if it was inserted."""
    edited: frozenset[int]
    """Cells of the new notebook that have another source, or were inserted."""
    deleted: frozenset[int]
    """Cells of the old notebook that the new one lacks, or has with another source."""
    moved: frozenset[int]
    """Cells of the new notebook that have changed places with others."""

    @property
    def is_none(self) -> bool:
        """Whether both versions run the same code in the same order."""
        return not (self.edited or self.deleted or self.moved)


def edits(old: Sequence[Cell], new: Sequence[Cell]) -> Edits:
    """Pair the cells of two versions: by id, else by content, else by the place between cells that are paired."""
    origins: list[int | None] = [None] * len(new)
    by_id = {cell.id: at for at, cell in enumerate(old)}
    if _share_ids(old, new):
        for at, cell in enumerate(new):
            origins[at] = by_id.get(cell.id)
    _pair_equal(old, new, origins)
    _pair_neighbours(old, new, origins)
    edited = {at for at, origin in enumerate(origins) if origin is None or old[origin].source != new[at].source}
    kept = {origin for at, origin in enumerate(origins) if origin is not None and at not in edited}
    return Edits(
        tuple(origins),
        frozenset(edited),
        frozenset(range(len(old))) - kept,
        frozenset(_moved(origins)),
    )


def _share_ids(old: Sequence[Cell], new: Sequence[Cell]) -> bool:
    """Tell whether equal ids mean the same cell: an id of one version that the other has with any equal source.

    Ids that were made of a cell's position, or by another program at each saving, pair nothing of worth.
    """
    sources = {cell.id: cell.source for cell in old}
    shared = [cell for cell in new if cell.id in sources]
    return any(sources[cell.id] == cell.source for cell in shared) or len(shared) == len(old) == len(new)


def _pair_equal(old: Sequence[Cell], new: Sequence[Cell], origins: list[int | None]) -> None:
    """Pair what has no partner yet and has the same source, in order where that is possible."""
    left = [at for at in range(len(old)) if at not in origins]
    right = [at for at, origin in enumerate(origins) if origin is None]
    matcher = difflib.SequenceMatcher(
        None, [old[at].source for at in left], [new[at].source for at in right], autojunk=False
    )
    for one, other, size in matcher.get_matching_blocks():
        for step in range(size):
            origins[right[other + step]] = left[one + step]
    for at in right:
        if origins[at] is None:
            same = (one for one in left if one not in origins and old[one].source == new[at].source)
            origins[at] = next(same, None)


def _pair_neighbours(old: Sequence[Cell], new: Sequence[Cell], origins: list[int | None]) -> None:
    """Pair cells with other sources that stand alone at the same place between two pairs: they were edited."""
    bounds = [-1, *(at for at, origin in enumerate(origins) if origin is not None), len(new)]
    for before, after in itertools.pairwise(bounds):
        first = -1 if before < 0 else origins[before]
        last = len(old) if after == len(new) else origins[after]
        assert first is not None
        assert last is not None
        right = range(before + 1, after)
        left = [at for at in range(first + 1, last) if at not in origins]
        if len(right) == len(left):
            for at, origin in zip(right, left, strict=True):
                origins[at] = origin


def _moved(origins: Sequence[int | None]) -> set[int]:
    """The fewest cells whose removal leaves the others in their old order."""
    paired = [(at, origin) for at, origin in enumerate(origins) if origin is not None]
    longest: list[list[int]] = []  # for each pair, the longest row of pairs in order that ends with it
    for position, (at, origin) in enumerate(paired):
        rows = [longest[earlier] for earlier in range(position) if paired[earlier][1] < origin]
        longest.append([*_longest(rows), at])
    return {at for at, _ in paired} - set(_longest(longest))


def _longest(rows: Sequence[list[int]]) -> list[int]:
    return max(rows, key=lambda row: len(row), default=[])
