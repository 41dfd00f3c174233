"""Names of what a cell can change, each in its name space: a variable and a file may be called the same."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from nbrerun.probe.protocol.messages import Generator


class Space(Enum):
    """The name spaces; the value is what a report writes before a name of it."""

    VARIABLE = ""
    SETTING = "env:"
    """Process settings, environment variables among them."""
    FILE = "file:"
    """Paths relative to the notebook's folder, or absolute."""
    GENERATOR = "generator:"
    """The generators of random numbers that belong to libraries; reports never write these."""


@dataclass(frozen=True, slots=True)
class Name:
    """One name in its name space; sorts as reports write it."""

    space: Space
    key: str

    def __str__(self) -> str:
        """The name as reports write it: `model`, `env:cwd`, `file:out.csv`."""
        return self.space.value + self.key

    def __lt__(self, other: Name) -> bool:
        return str(self) < str(other)


def variables(keys: Iterable[str]) -> set[Name]:
    """Names of variables."""
    return {Name(Space.VARIABLE, key) for key in keys}


def settings(keys: Iterable[str]) -> set[Name]:
    """Names of process settings."""
    return {Name(Space.SETTING, key) for key in keys}


def files(keys: Iterable[str]) -> set[Name]:
    """Names of files."""
    return {Name(Space.FILE, key) for key in keys}


def generator(item: Generator) -> Name:
    """The name of a generator: its own if it belongs to a library, else that of the variable that holds it."""
    return Name(Space.GENERATOR if item["library"] else Space.VARIABLE, item["name"])


def keys(names: Iterable[Name], space: Space) -> set[str]:
    """The keys of those names that are in one name space."""
    return {name.key for name in names if name.space is space}


_SHOWN_BY = ("rcParams[", "numpy.printoptions[", "pandas.options[display.", "warnings.filters", "logging")
"""How the keys of settings begin that tell libraries how and what to show (`probe/read/process_settings.py`)."""


def matter(settings: Iterable[str]) -> bool:
    """Whether one of these process settings may change more than what is shown."""
    return not all(key.startswith(_SHOWN_BY) for key in settings)
