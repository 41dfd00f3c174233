"""Answers that fit into an agent's context: long lists in pages, long texts clipped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from nbrerun.errors import UsageError

LENGTH = 20
"""Items of each list on one page."""
LONGEST = 400
"""Characters of one text."""

_Item = TypeVar("_Item")


@dataclass(frozen=True)
class Page:
    """One page of an answer; all lists of the answer are cut alike."""

    number: int
    """From 1."""
    count: int

    def of(self, items: Sequence[_Item]) -> tuple[_Item, ...]:
        """Return the items on this page; none if the list ended on an earlier one."""
        return tuple(items[(self.number - 1) * LENGTH : self.number * LENGTH])


def page(number: int, *lists: Sequence[Any]) -> Page:
    """Return a page of an answer that consists of these lists.

    Raises:
        UsageError: there is no such page.
    """
    count = max(1, *(-(-len(items) // LENGTH) for items in lists))
    if not 1 <= number <= count:
        raise UsageError(f"there is no page {number}: the answer has {count}")
    return Page(number, count)


def clipped(text: str) -> str:
    """Leave out the end of a long text."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
