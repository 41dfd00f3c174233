"""What the tests of the probe look with."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import dedent
from typing import Any

from nbrerun.model import Change
from nbrerun.probe.protocol.messages import Generator
from nbrerun.probe.read import generators
from nbrerun.probe.read.parts import leaves
from nbrerun.probe.read.walk import Read, Reader
from nbrerun.state.diff import changes


def read(value: Any) -> Read:
    """One look at a value."""
    return Reader().read("x", value)


def digest(value: Any) -> bytes:
    """Equal for equal values."""
    return read(value).digest


def generator_digests(value: Any) -> list[bytes]:
    """Where the generators of random numbers in a value stand."""
    reader = Reader()
    reader.read("x", value)
    return [found.digest for found in reader.generators.values()]


def look(**variables: Any) -> tuple[Reader, list[Generator]]:
    """Read the global generators and some variables."""
    reader = Reader()
    generators.read_global(reader)
    for name, value in variables.items():
        reader.read(name, value)
    return reader, generators.messages(reader.generators)


def paths(value: Any) -> set[str]:
    """Paths of all parts of a value called `x`."""
    return set(leaves("x", value))


def texts(value: Any) -> dict[str, str]:
    """Short text of every part of a value called `x`."""
    return {path: leaf["text"] for path, leaf in leaves("x", value).items()}


def moved(before: Any, after: Any) -> dict[str, Change]:
    """What differs between two values called `x`, by path."""
    return {change.path: change for change in changes(leaves("x", before), leaves("x", after))}


def changed(value: Any, change: Callable[[Any], object]) -> dict[str, float | None]:
    """What a change moved, and by how much."""
    before = leaves("x", value)
    change(value)
    return {found.path: found.max_abs_change for found in changes(before, leaves("x", value))}


def notebook(source: str) -> dict[str, Any]:
    """The namespace that a cell leaves behind, as if it had been run in a notebook."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(dedent(source), "<cell>", "exec"), namespace)
    return namespace
