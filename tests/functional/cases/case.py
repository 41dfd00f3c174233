"""The shape of a labelled notebook. A label follows from VERDICTS.md, never from what the tool says."""

from __future__ import annotations

import ctypes
import importlib.util
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent

VARIABLE_VERDICTS = frozenset({"untouched", "in-place", "persisted", "reset"})
CELL_VERDICTS = frozenset({"error", "in-place", "persisted", "reset", "stateless"})
MARKS = frozenset({"unseeded", "nondeterministic", "drifts", "follows", "settled", "rounding"})
KINDS = frozenset({"model", "data", "generator", "file", "env", "definition"})


def _openmp_survives_fork() -> bool:
    """Whether the OpenMP in scikit-learn's wheel can free its threads before a fork.

    That of the wheels for Python 3.10 is older than OpenMP 5.0 and cannot (docs/decisions.md, "OpenMP before 5.0").
    """
    found = importlib.util.find_spec("sklearn")
    assert found is not None
    assert found.origin is not None
    bundled = Path(found.origin).parents[1].glob("scikit_learn.libs/libgomp*")
    return all(hasattr(ctypes.CDLL(str(library)), "omp_pause_resource_all") for library in bundled)


OPENMP_SURVIVES_FORK = _openmp_survives_fork()


@dataclass(frozen=True)
class LabelledCell:
    """One code cell, and what the contract says of it; what is left out is not asserted."""

    source: str
    verdict: str | None
    """None where the contract leaves room: the cell is run, its verdict is not asserted."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """Verdicts by name; `untouched` also means left out of the report."""
    marks: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """All marks of a variable; compare with `marks_agree`."""
    how: Mapping[str, str] = field(default_factory=dict)
    via: Mapping[str, str] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    changed: frozenset[str] = frozenset()
    """Paths that must be among the reported changes."""

    def __post_init__(self) -> None:
        assert self.verdict is None or self.verdict in CELL_VERDICTS, self.verdict
        assert set(self.variables.values()) <= VARIABLE_VERDICTS, self.variables
        assert set().union(*self.marks.values()) <= MARKS, self.marks
        assert set(self.how.values()) <= {"recreated", "refitted"}, self.how
        assert set(self.via.values()) <= {"kernel", "file"}, self.via
        assert set(self.kinds.values()) <= KINDS, self.kinds


@dataclass(frozen=True, init=False)
class Case:
    """One notebook as data."""

    name: str
    cells: tuple[LabelledCell, ...]
    setup: str
    """Python source run in the notebook's folder beforehand: it makes the files that were always there."""
    survives_fork: bool
    """False where something stays open that a forked process cannot use; then `auto` stands for `fork`."""
    cold: bool
    """True where the notebook is about what happens while a kernel starts or a library is imported: a forked kernel
    has that behind it."""

    def __init__(
        self, name: str, *cells: LabelledCell, setup: str = "", survives_fork: bool = True, cold: bool = False
    ) -> None:
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "cells", cells)
        object.__setattr__(self, "setup", dedent(setup).strip("\n"))
        object.__setattr__(self, "survives_fork", survives_fork and OPENMP_SURVIVES_FORK)
        object.__setattr__(self, "cold", cold)

    def __str__(self) -> str:
        return self.name


def cell(
    source: str,
    verdict: str | None,
    /,
    *,
    variables: Mapping[str, str] | None = None,
    marks: Mapping[str, Collection[str]] | None = None,
    how: Mapping[str, str] | None = None,
    via: Mapping[str, str] | None = None,
    kinds: Mapping[str, str] | None = None,
    changed: Collection[str] = (),
    **names: str,
) -> LabelledCell:
    """Make a labelled cell; verdicts of variables come by keyword, or in `variables` (`env:...`)."""
    return LabelledCell(
        source=dedent(source).strip("\n"),
        verdict=verdict,
        variables={**(variables or {}), **names},
        marks={name: frozenset(each) for name, each in (marks or {}).items()},
        how=how or {},
        via=via or {},
        kinds=kinds or {},
        changed=frozenset(changed),
    )


def marks_agree(expected: Collection[str], found: Collection[str]) -> bool:
    """Whether marks are as labelled; `drifts` beside a value that no two runs share is left open."""
    expected, found = set(expected), set(found)
    if "nondeterministic" in expected:
        found -= {"drifts"} - expected
    return expected == found


DATA = cell(
    """
    import numpy as np
    X = np.random.RandomState(0).normal(size=(40, 2))
    y = (X[:, 0] + 0.5 * X[:, 1] > 0).astype(int)
    """,
    "reset",
    X="reset",
    y="reset",
    marks={"X": (), "y": ()},
)
"""A first cell for notebooks about models."""
