"""The messages between the kernel and the analyst; the wire is the probe's (`probe/protocol/wire.py`)."""

from __future__ import annotations

from typing import Literal, TypedDict


class Fork(TypedDict):
    """A fork of the kernel."""

    token: str
    pid: int


class Met(TypedDict):
    """To the analyst: this fork is about to connect."""

    do: Literal["meet"]
    fork: Fork


class Drop(TypedDict):
    """To the analyst: end this fork."""

    do: Literal["drop"]
    token: str


class Judge(TypedDict):
    """To the analyst: judge a cell that has been run."""

    do: Literal["judge"]
    number: int
    """Of the answer."""
    before: str
    """The token of the fork that stays before the cell, ..."""
    after: str
    """... and of the one that stays after it, which is ended."""
    source: str
    count: int
    """The number that Jupyter shows as `In [4]`."""
    seconds: float
    """That the cell took."""
    kept: str
    """A folder with the files that the cell has changed, as they were before; empty if it has changed none."""
    timeout: float
    """Seconds that a rerun may take."""


class Shown(TypedDict):
    """From the analyst: an answer, as it is displayed."""

    number: int
    html: str
    text: str
    facts: str
    """The same in JSON, as in a report of a check."""
