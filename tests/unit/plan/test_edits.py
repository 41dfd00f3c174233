"""Which cells of two versions of a notebook are the same."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from nbrerun.model import Cell
from nbrerun.plan.edits import edits


def cells(text: str, ids: Sequence[str] | None = None) -> list[Cell]:
    """A cell for each word; ids are those given, or the words."""
    words = text.split()
    return [Cell(at, ids[at] if ids else word, word) for at, word in enumerate(words)]


@pytest.mark.parametrize(
    ("old", "new", "origins", "edited", "deleted", "moved"),
    [
        ("a b c", "a b c", (0, 1, 2), set(), set(), set()),
        ("a b c", "a x c", (0, 1, 2), {1}, {1}, set()),
        ("a b c", "a c", (0, 2), set(), {1}, set()),
        ("a c", "a b c", (0, None, 1), {1}, set(), set()),
        ("a b c", "b a c", (1, 0, 2), set(), set(), {1}),
        ("a b c", "c a b", (2, 0, 1), set(), set(), {0}),
        ("a b c", "x y a b c", (None, None, 0, 1, 2), {0, 1}, set(), set()),
        ("a b", "x y", (0, 1), {0, 1}, {0, 1}, set()),
        ("a b c d", "a x y d", (0, 1, 2, 3), {1, 2}, {1, 2}, set()),
        ("", "a", (None,), {0}, set(), set()),
    ],
)
def test_cells_without_common_ids_are_paired_by_content_and_place(
    old: str, new: str, origins: tuple[int | None, ...], edited: set[int], deleted: set[int], moved: set[int]
) -> None:
    """As an editor that makes new ids at each saving leaves them."""
    ids = [[f"{version}-{at}" for at in range(9)] for version in ("old", "new")]
    found = edits(cells(old, ids[0]), cells(new, ids[1]))
    assert (found.origins, found.edited, found.deleted, found.moved) == (origins, edited, deleted, moved)


def test_ids_come_first() -> None:
    """A cell that was moved and edited is the same cell, and one with its old source is another."""
    old, new = cells("a b c", ["1", "2", "3"]), cells("c x a", ["3", "2", "9"])
    found = edits(old, new)
    assert found.origins == (2, 1, 0)
    assert (found.edited, found.moved) == ({1}, {1, 2})


def test_the_same_code_in_the_same_order_is_no_edit() -> None:
    """Whatever the ids are."""
    assert edits(cells("a b", ["1", "2"]), cells("a b", ["3", "4"])).is_none
    assert not edits(cells("a b"), cells("b a")).is_none


def test_cells_with_the_same_source_are_paired_in_order() -> None:
    """Two equal cells of which one is deleted."""
    found = edits(cells("a a b", ["1", "2", "3"]), cells("a b", ["4", "5"]))
    assert len(found.deleted) == 1
    assert not found.edited
