"""What a cell says to nbrerun itself."""

from __future__ import annotations

_CELL, _LINE = "%%rerun", "%nbrerun"


def asks_for_rerun(source: str) -> bool:
    """Whether a cell begins with `%%rerun`."""
    return source.lstrip().partition("\n")[0].split() == [_CELL]


def without_magic(source: str) -> str:
    """The cell without that line."""
    return source.lstrip().partition("\n")[2] if asks_for_rerun(source) else source


def is_own(source: str) -> bool:
    """Whether a cell does nothing but call `%nbrerun`."""
    lines = [line.strip() for line in source.splitlines()]
    words = [line.split()[0] for line in lines if line and not line.startswith("#")]
    return bool(words) and all(word == _LINE for word in words)
