"""What nbrerun may ask about what is installed where the kernel runs: see `requests`."""

from __future__ import annotations

from typing import Dict, List, TypedDict

from .requests import Operation


class AskLacks(TypedDict):
    """Find out which top-level modules cannot be imported; none is imported."""

    modules: List[str]


class Lacks(TypedDict):
    """The modules that cannot be."""

    modules: List[str]


class AskDistributions(TypedDict):
    """Find out which versions of distributions are installed; none is imported."""

    names: List[str]


class Distributions(TypedDict):
    """What is installed."""

    python: str
    """Version of the interpreter, such as `3.12.4`."""
    versions: Dict[str, str]
    """By the names that were asked for; those that are not installed are left out."""


LACKS = Operation("lacks", AskLacks, Lacks)
DISTRIBUTIONS = Operation("distributions", AskDistributions, Distributions)
