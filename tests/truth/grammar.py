"""What a generated notebook is made of: cells with the verdicts that the contract gives them.

An *effect* is a function that picks names, containers and statements, and returns a few cells with their labels. A
label follows from the contract (`docs/verdicts.md`) and from how the cell was built, never from what nbrerun reports.
Where the contract leaves room, a label lists every verdict that the contract allows.
"""

from __future__ import annotations

import itertools
import symtable
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from textwrap import dedent
from typing import TypeVar

T = TypeVar("T")

NAMES = (
    *(
        "x",
        "a",
        "n",
        "data",
        "df",
        "rows",
        "items",
        "cache",
        "config",
        "history",
        "losses",
        "total",
        "result",
        "state",
        "tmp",
    ),
    *(
        "model",
        "clf",
        "net",
        "optimizer",
        "rng",
        "scaler",
        "weights",
        "best",
        "log",
        "buffer",
        "queue",
        "load",
        "checkpoint",
    ),
)
"""Ordinary names. They are given to anything, so a list may be called `model` and a model `rows`."""

METHODS = (
    "fit",
    "step",
    "train",
    "update",
    "get",
    "head",
    "predict",
    "load",
    "peek",
    "score",
    "run",
    "refresh",
    "transform",
)
"""Method names, given to any method: a name that lies must not change a verdict."""

FUNCTIONS = ("load", "compute", "train", "prepare", "get_data", "show", "fetch", "build", "restore", "evaluate", "main")

FILES = ("model", "data", "weights", "notes", "checkpoint", "results", "cache", "state")


@dataclass(frozen=True)
class Expected:
    """One verdict that the contract allows for a variable."""

    verdict: str
    marks: frozenset[str] = frozenset()
    """Marks that must be there. `drifts` is not among them: the oracle says where it belongs."""
    open_marks: frozenset[str] = frozenset()
    """Marks that may be there."""
    how: str | None = None
    via: str | None = None
    follows: str | None = None
    kind: str | None = None
    """None where the contract leaves the kind open, as it does for a class that the notebook defines."""


Allowed = tuple[Expected, ...]
"""Every verdict that the contract allows for one variable; empty if the label says nothing of it."""

ANYTHING: Allowed = ()
UNTOUCHED: Allowed = (Expected("untouched"),)


def reset(how: str | None = None, kind: str | None = "data") -> Allowed:
    """Written, and the same as the first time."""
    return (Expected("reset", how=how, kind=kind),)


def unseeded(kind: str | None = "data") -> Allowed:
    """Starts over, with a fresh random draw."""
    return (Expected("reset", frozenset({"unseeded"}), frozenset({"drifts"}), kind=kind),)


def clocked(kind: str | None = "data") -> Allowed:
    """Starts over, with a value that nothing can hold equal."""
    return (Expected("reset", frozenset({"nondeterministic"}), frozenset({"drifts"}), kind=kind),)


def in_place(*marks: str, kind: str | None = "data", open_marks: Iterable[str] = ()) -> Allowed:
    """Goes on from where the last run left off."""
    return (Expected("in-place", frozenset(marks), frozenset(open_marks), kind=kind),)


def follows(other: str, kind: str | None = "data") -> Allowed:
    """Differs only because another variable that the cell changes has moved."""
    return (Expected("reset", frozenset({"follows"}), follows=other, kind=kind),)


def kept(kind: str | None = "data") -> Allowed:
    """Left alone by the rerun."""
    return (Expected("persisted", via="kernel", kind=kind),)


def loaded(kind: str | None = "data") -> Allowed:
    """Comes from a file."""
    return (Expected("persisted", via="file", kind=kind),)


@dataclass(frozen=True)
class TruthCell:
    """One code cell and what the contract says of it."""

    effect: str
    core: str
    """What has the effect."""
    variables: Mapping[str, Allowed]
    verdicts: frozenset[str]
    """Every verdict that the contract allows for the cell; empty if the label says nothing of it."""
    features: frozenset[str] = frozenset()
    above: str = ""
    """Unrelated lines."""
    below: str = ""
    perturb: Mapping[str, str] = field(default_factory=dict)
    """By variable: a statement that changes its value, for the oracle's *perturbed* run."""
    missing: tuple[str, ...] = ()
    """Files without which the variables that are `persisted` via a file do not come out the same."""
    may_wrap: bool = True

    @property
    def source(self) -> str:
        """The cell as it stands in the notebook."""
        return "\n".join(part for part in (self.above, self.core, self.below) if part)


Block = Sequence[TruthCell]
"""Cells that belong together, in their order; cells of other blocks may come between them."""


class Pick:
    """Choices of one notebook: every name and every file is used by one block only."""

    def __init__(self, choose: Callable[[Sequence[object]], object]) -> None:
        self._choose = choose
        self._used: set[str] = set()

    def one_of(self, options: Sequence[T]) -> T:
        """Choose one option."""
        return self._choose(options)  # type: ignore[return-value]

    def flag(self) -> bool:
        """Choose yes or no."""
        return self.one_of((False, True))

    def number(self, low: int, high: int) -> int:
        """Choose a whole number, both ends included."""
        return self.one_of(range(low, high + 1))

    def some(self, options: Sequence[T], count: int) -> list[T]:
        """Choose so many different options."""
        left = list(options)
        return [left.pop(self.number(0, len(left) - 1)) for _ in range(count)]

    def name(self, pool: Sequence[str] = NAMES) -> str:
        """Choose a name that nothing else in the notebook has."""
        return self._unique(self.one_of(pool), "")

    def type_name(self) -> str:
        """Choose a class name."""
        return self._unique(self.one_of(("Net", "Box", "Counter", "Config", "Loader", "State", "Runner")), "")

    def path(self, *suffixes: str) -> str:
        """Choose a file name."""
        return self._unique(self.one_of(FILES), self.one_of(suffixes))

    def _unique(self, stem: str, suffix: str) -> str:
        for number in itertools.count():
            name = f"{stem}{number or ''}{suffix}"
            if name not in self._used:
                self._used.add(name)
                return name
        raise AssertionError


EFFECTS: dict[str, tuple[Callable[[Pick], Block], int]] = {}
"""Every effect by name, with how often it is chosen against the others."""


def effect(weight: int = 1) -> Callable[[Callable[[Pick], Block]], Callable[[Pick], Block]]:
    """Register an effect under its function's name."""

    def register(function: Callable[[Pick], Block]) -> Callable[[Pick], Block]:
        EFFECTS[function.__name__.replace("_", " ")] = function, weight
        return function

    return register


def cell(
    effect_name: str,
    source: str,
    /,
    *,
    verdicts: Iterable[str] | str | None = None,
    variables: Mapping[str, Allowed] | None = None,
    features: Iterable[str] = (),
    perturb: Mapping[str, str] | None = None,
    missing: Sequence[str] = (),
    may_wrap: bool = True,
) -> TruthCell:
    """Make a labelled cell; its own verdict follows from those of its variables where none is given."""
    labels = dict(variables or {})
    if isinstance(verdicts, str):
        verdicts = (verdicts,)
    return TruthCell(
        effect_name,
        dedent(source).strip("\n"),
        labels,
        frozenset(verdicts) if verdicts is not None else cell_verdicts(labels),
        frozenset(features),
        perturb=perturb or {},
        missing=tuple(missing),
        may_wrap=may_wrap,
    )


def cell_verdicts(variables: Mapping[str, Allowed]) -> frozenset[str]:
    """Apply the contract's rule for one cell to every combination of what its variables may be."""
    labels = [allowed for allowed in variables.values() if allowed]
    if len(labels) < len(variables):
        return frozenset()
    return frozenset(verdict for each in itertools.product(*labels) for verdict in _of_cell(each))


def _of_cell(variables: Sequence[Expected]) -> Iterable[str]:
    counted = [each for each in variables if each.verdict != "untouched" and each.kind != "definition"]
    models = [each for each in counted if each.kind == "model"]
    unclear = [each for each in counted if each.kind is None]
    if not unclear:
        yield _strongest(models or counted)
        return
    for chosen in itertools.product((True, False), repeat=len(unclear)):
        yield _strongest([*models, *itertools.compress(unclear, chosen)] or counted)


def _strongest(variables: Sequence[Expected]) -> str:
    verdicts = {"in-place" if each.kind == "model" and each.follows else each.verdict for each in variables}
    return next((verdict for verdict in ("in-place", "persisted", "reset") if verdict in verdicts), "stateless")


def bound_names(source: str) -> list[str]:
    """List the names that a cell binds in the kernel's namespace."""
    table = symtable.symtable(source, "cell", "exec")
    return sorted(symbol.get_name() for symbol in table.get_symbols() if symbol.is_assigned() or symbol.is_imported())
