"""The messages between the kernel and the analyst; the wire is the probe's (`probe/protocol/wire.py`)."""

from __future__ import annotations

from typing import Literal, TypedDict

from nbrerun.probe.protocol.messages import Generator


class Meet(TypedDict):
    """This fork of the kernel is about to connect."""

    do: Literal["meet"]
    token: str
    pid: int


class Drop(TypedDict):
    """End this fork."""

    do: Literal["drop"]
    token: str
    kept: str
    """A folder that goes with it; empty if there is none."""


class RanCell(TypedDict):
    """A cell that the user has run."""

    source: str
    count: int
    """The number that Jupyter shows as `In [4]`."""
    seconds: float
    bound: list[str]
    """Names that hold another object since."""
    usable: bool
    """It ended well, and reached nothing outside."""


class Judge(TypedDict):
    """Run a cell again, and say what that does."""

    do: Literal["judge"]
    number: int
    """Of the answer."""
    before: str
    """The token of the fork that stays before the cell, ..."""
    after: str
    """... and of the one that stays after it, which is ended."""
    cell: RanCell
    kept: str
    """A folder with the files that the cell has changed, as they were before; empty if it has changed none."""
    lost: list[str]
    """Files that it has changed, and that could not be kept."""
    timeout: float
    """Seconds that a rerun may take."""


class Undo(TypedDict):
    """Say what the kernel has to do to hold again what it held before a cell."""

    do: Literal["undo"]
    number: int
    before: str
    after: str
    kept: str


class Restart(TypedDict):
    """Say what a restart loses, and which cells bring it back."""

    do: Literal["restart"]
    number: int
    fresh: str
    """The token of the fork in which no cell has been run, ..."""
    after: str
    """... and of the one that holds what the kernel holds, which is ended."""
    cells: list[RanCell]
    timeout: float
    """Seconds that cells may take together, as they took before."""


Request = Meet | Drop | Judge | Undo | Restart


class Shown(TypedDict):
    """An answer, as it is displayed."""

    number: int
    html: str
    text: str
    facts: str
    """The same in JSON, for programs."""


class Back(TypedDict):
    """The answer to `Undo`."""

    number: int
    failed: str
    """Why there is none; empty if there is one."""
    data: bytes
    """Values by name, for `hand_back.unpack`."""
    names: list[str]
    """Whose values these are."""
    new: list[str]
    """Names that there were none of."""
    lost: dict[str, str]
    """Names whose values cannot be handed back, with the reason."""
    generators: list[Generator]
    """The global generators of random numbers that have moved since, as they stood."""
    not_undone: list[str]
    """Files and process settings that have changed since."""
