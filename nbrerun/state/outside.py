"""What a cell reached outside of the sandbox, and what of that must not be repeated."""

from __future__ import annotations

from collections.abc import Iterable

from nbrerun.probe.protocol.messages import Contact, State


def sent(contacts: Iterable[Contact]) -> list[Contact]:
    """Those that sent something over the network."""
    return [each for each in contacts if each["kind"] == "network" and not each["reads"]]


def files_outside(state: State) -> list[str]:
    """The files outside of the sandbox that the last cell has written."""
    return [each["what"] for each in state["outside"] if each["kind"] == "file"]
