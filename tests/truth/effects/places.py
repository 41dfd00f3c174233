"""Plain values: where a value lives, what it is, and what cells do to it.

A place is a name, an entry of a dict, an attribute and so on; a payload is what lies there. Any statement of the
payload can be done at any place, and the label is on the name that leads to the place.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.truth.effects.payloads import PAYLOADS, Payload
from tests.truth.grammar import UNTOUCHED, Allowed, Block, Pick, TruthCell, cell, effect, follows, in_place, reset


@dataclass(frozen=True)
class Place:
    """A place with a payload, as the cells of one block see it."""

    root: str
    path: str
    setup: str
    holder: str
    payload: Payload
    done: set[str] = field(default_factory=set, compare=False)
    """Statements that gave it a value, in earlier cells."""

    def put(self, statement: str) -> str:
        """Write a statement of the payload for this place."""
        lines = [self.payload.imports, _at(statement, self.path)]
        return "\n".join(line for line in lines if line)

    @property
    def features(self) -> tuple[str, str]:
        """What the place is, for the statistics of wrong verdicts."""
        return f"holder={self.holder}", f"payload={self.payload.name}"


def _at(statement: str, path: str) -> str:
    """Put a path for each `P` that stands alone."""
    return re.sub(r"(?<![\w'.])P(?!\w)", lambda _: path, statement)


HOLDERS: dict[str, Callable[[Pick, str, str], tuple[str, str]]] = {
    "name": lambda pick, root, value: (root, f"{root} = {value}"),
    "dict entry": lambda pick, root, value: (f"{root}['k']", f"{root} = {{'k': {value}, 'other': 1}}"),
    "nested": lambda pick, root, value: (f"{root}[0]['k']", f"{root} = [{{'k': {value}}}, None]"),
    "list item": lambda pick, root, value: (f"{root}[1]", f"{root} = ['first', {value}]"),
    "attribute": lambda pick, root, value: _attribute(pick.type_name(), root, value),
    "namespace": lambda pick, root, value: (
        f"{root}.part",
        f"from types import SimpleNamespace\n{root} = SimpleNamespace(part={value})",
    ),
    "function attribute": lambda pick, root, value: (
        f"{root}.part",
        f"def {root}():\n    return 1\n{root}.part = {value}",
    ),
    "class attribute": lambda pick, root, value: (f"{root}.part", f"class {root}:\n    part = {value}"),
    "slots": lambda pick, root, value: _slots(pick.type_name(), root, value),
    "dict subclass": lambda pick, root, value: _dict_subclass(pick.type_name(), root, value),
    "dataclass": lambda pick, root, value: _dataclass(pick.type_name(), root, value),
}


def _attribute(cls: str, root: str, value: str) -> tuple[str, str]:
    lines = (f"class {cls}:", "    def __init__(self, part):", "        self.part = part", f"{root} = {cls}({value})")
    return f"{root}.part", "\n".join(lines)


def _slots(cls: str, root: str, value: str) -> tuple[str, str]:
    lines = (f"class {cls}:", "    __slots__ = ('part', 'rest')", f"{root} = {cls}()", f"{root}.part = {value}")
    return f"{root}.part", "\n".join(lines)


def _dict_subclass(cls: str, root: str, value: str) -> tuple[str, str]:
    lines = (f"class {cls}(dict):", "    __getattr__ = dict.__getitem__", f"{root} = {cls}(part={value})")
    return f"{root}['part']", "\n".join(lines)


def _dataclass(cls: str, root: str, value: str) -> tuple[str, str]:
    lines = (
        "import dataclasses",
        "@dataclasses.dataclass",
        f"class {cls}:",
        "    part: object",
        f"{root} = {cls}({value})",
    )
    return f"{root}.part", "\n".join(lines)


def place(pick: Pick, payload: Payload | None = None) -> Place:
    """Choose a place and what lies there."""
    payload = payload or pick.one_of(PAYLOADS)
    holder = pick.one_of(("name", "name", "name", *HOLDERS))
    root = pick.name()
    path, setup = HOLDERS[holder](pick, root, payload.initial)
    return Place(root, path, "\n".join(line for line in (payload.imports, setup) if line), holder, payload)


def kind_of(where: Place) -> str | None:
    """Say what kind the root is; the contract leaves that open for an object of the notebook's own class."""
    builtin = ("name", "dict entry", "nested", "list item", "namespace")
    return "data" if where.holder in builtin else None


def make(effect_name: str, where: Place) -> TruthCell:
    """Create the place."""
    if where.holder == "class attribute":  # a plain `class` leaves nothing behind
        return cell(effect_name, where.setup, verdicts="stateless", features=where.features)
    label = reset(kind=kind_of(where))
    return cell(effect_name, where.setup, variables={where.root: label}, features=where.features)


@effect(weight=6)
def story(pick: Pick) -> Block:
    """A value that some cells change, replace, read or copy."""
    where = place(pick)
    cells = [make("create", where)]
    steps: list[Callable[[Pick, Place], list[TruthCell]]] = [
        _grow,
        _grow,
        _settle,
        _replace,
        _read,
        _copy,
        _read_and_grow,
    ]
    for _ in range(pick.number(1, 4)):
        cells += pick.one_of(steps)(pick, where)
    return cells


def _step(where: Place, name: str, statement: str, label: Allowed, **more: Allowed) -> list[TruthCell]:
    features = (*where.features, f"statement={statement}")
    return [cell(name, where.put(statement), variables={where.root: label, **more}, features=features)]


def _grow(pick: Pick, where: Place) -> list[TruthCell]:
    return _step(where, "grow", pick.one_of(where.payload.grow), in_place(kind=kind_of(where)))


def _settle(pick: Pick, where: Place) -> list[TruthCell]:
    """An idempotent change is reset (ruling 1)."""
    if not where.payload.settle:
        return _replace(pick, where)
    return _anew(where, "idempotent change", pick.one_of(where.payload.settle))


def _replace(pick: Pick, where: Place) -> list[TruthCell]:
    return _anew(where, "rebind", f"P = {pick.one_of(where.payload.replace)}")


def _anew(where: Place, name: str, statement: str) -> list[TruthCell]:
    label = reset(kind=kind_of(where))
    if statement in where.done and where.holder in ("class attribute", "function attribute"):
        # State of a class or function is data if it changes (ruling 10). Here it may be given an equal value.
        label = (*label, *UNTOUCHED)
    where.done.add(statement)
    return _step(where, name, statement, label)


def _read(pick: Pick, where: Place) -> list[TruthCell]:
    if pick.flag():
        return _step(where, "only read", f"print({where.payload.summary})", UNTOUCHED)
    name = pick.name()
    return _step(where, "derive", f"{name} = {where.payload.summary}", UNTOUCHED, **{name: reset("recreated")})


def _copy(pick: Pick, where: Place) -> list[TruthCell]:
    """A copy that is changed in the cell that makes it starts over."""
    name = pick.name()
    grow = _at(pick.one_of(where.payload.grow), name)
    statement = f"import copy\n{name} = copy.deepcopy(P)\n{grow}"
    return _step(where, "copy and change the copy", statement, UNTOUCHED, **{name: reset("recreated")})


def _read_and_grow(pick: Pick, where: Place) -> list[TruthCell]:
    """What is made from a value that the same cell changes follows it."""
    name = pick.name()
    lines = [f"{name} = {where.payload.summary}", pick.one_of(where.payload.grow)]
    if pick.flag():
        lines.reverse()
    grown = in_place(kind=kind_of(where))
    return _step(where, "derive and grow", "\n".join(lines), grown, **{name: follows(where.root)})


@effect(weight=2)
def alias(pick: Pick) -> Block:
    """Two names of one object: what one changes, the other has."""
    where = place(pick, pick.one_of([payload for payload in PAYLOADS if payload.mutable]))
    other = pick.name()
    touching = [each for each in where.payload.grow if not each.startswith("P =") and not each.startswith("P |=")]
    touching = [each for each in touching if not each.startswith("P ^=")] or list(where.payload.grow[:1])
    grow = _at(pick.one_of(touching), other)
    lines = "\n".join(line for line in (where.payload.imports, grow) if line)
    return [
        make("create", where),
        cell(
            "alias",
            where.put(f"{other} = P"),
            variables={where.root: UNTOUCHED, other: reset()},
            features=where.features,
        ),
        cell(
            "grow through an alias",
            lines,
            variables={where.root: in_place(kind=kind_of(where)), other: in_place()},
            features=(*where.features, f"statement={grow}"),
        ),
    ]


@effect()
def view(pick: Pick) -> Block:
    """A view into an array: what is written to one is in both."""
    whole, part = pick.name(), pick.name()
    cut = pick.one_of(
        (f"{whole}[:2]", f"{whole}.reshape(2, 2)", f"{whole}.T", f"{whole}.ravel()", f"np.asarray({whole})")
    )
    grow = pick.one_of((f"{part} += 1", f"{part}[0] += 1", f"{part} *= 2", f"np.add({part}, 1, out={part})"))
    features = (f"view={cut.replace(whole, 'a')}", f"statement={grow.replace(part, 'b')}")
    return [
        cell("create", f"import numpy as np\n{whole} = np.arange(4.0)", variables={whole: reset("recreated")}),
        cell("view", f"{part} = {cut}", variables={whole: UNTOUCHED, part: reset()}, features=features),
        cell(
            "grow through a view",
            f"import numpy as np\n{grow}",
            variables={whole: in_place(), part: in_place()},
            features=features,
        ),
        cell("copy of a view", f"{part} = {whole}[:2].copy()", variables={whole: UNTOUCHED, part: reset("recreated")}),
    ]


@effect(weight=2)
def follow(pick: Pick) -> Block:
    """A variable that is made from another one that the cell moves."""
    source, made, extra = pick.name(), pick.name(), pick.name()
    start, move, derive = pick.one_of(
        (
            ("[1, 2, 3, 4, 5, 6]", f"{made} = {source}.pop()", ""),
            ("{'a': 1, 'b': 2, 'c': 3}", f"{made} = {source}.popitem()", ""),
            ("10", f"{source} = {source} * 2", f"{made} = {source} + 1"),
            ("10", f"{source} += 1", f"{made} = [{source}]"),
            ("[1]", f"{source}.append(2)", f"{made} = sum({source})"),
            ("[1]", f"{source} = {source} + [2]", f"{made} = {{'n': len({source})}}"),
        )
    )
    chained = pick.flag()
    lines = [move, derive, f"{extra} = str({made})" if chained else ""]
    variables = {source: in_place(), made: follows(source)} | ({extra: follows(source)} if chained else {})
    return [
        cell("create", f"{source} = {start}", variables={source: reset()}),
        cell("follow", "\n".join(filter(None, lines)), variables=variables, features=("chained",) if chained else ()),
    ]


@effect()
def rounded(pick: Pick) -> Block:
    """Normalising what is normalised already moves the last digits only.

    The oracle shows for each of these that the second run does move something.
    """
    name = pick.name()
    start, change = pick.one_of(
        (
            ("np.arange(1.0, 8.0) ** 1.5", f"{name} = ({name} - {name}.mean()) / {name}.std()"),
            ("np.arange(1.0, 8.0) ** 0.5", f"{name} = {name} / np.linalg.norm({name})"),
            ("np.arange(1.0, 12.0) ** 1.3", f"{name} -= {name}.mean()"),
        )
    )
    return [
        cell("create", f"import numpy as np\n{name} = {start}", variables={name: reset("recreated")}),
        cell("rounding", f"import numpy as np\n{change}", variables={name: in_place("rounding")}),
    ]
