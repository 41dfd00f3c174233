"""Which statement of a cell gave an object another value."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest

from nbrerun.probe.execute import blame
from nbrerun.probe.execute.blame import Blame
from nbrerun.probe.execute.tracer import Tracer

Parts = Mapping[str, bytes]

CELLS = {
    "x.append(1)": "x.append",
    "x.append(1)\nlen(x)\nx.count(1)": "x.append",
    "x.append(1)\nx.sort()\nx.pop()": "x.pop",
    "n = x.append(1)": "x.append",
    "train()": "train()",
    "train()\nx.count(1)": "train()",
    "for i in range(3):\n    x.count(1)\n    x.append(i)\n    n = len(x)": "x.append",
    "for i in range(3):\n    x.append(i)": "x.append",
    "for i in range(3): x.append(i)\nn = len(x)": "x.append",
    "if x.append(1) is None:\n    n = 1": "x.append",
    "while not x.append(1) is None:\n    n = 1": "x.append",
    "for i in x.append(1) or []: pass": "x.append",
    "with closing(x.append(1)): pass": "x.append",
    "print(x.append(1))": "x.append",
    "print(f'{x.append(1)}', len(x))": "x.append",
    "n = [0, x.append(1)]": "x.append",
    "print([x.append(i) for i in range(3)])": "x.append",
    "n = str(x.append(1)).strip()": "x.append",
    "print(train(), x.count(1))": "train()",
    "x.append(train())": "x.append",
    "print(list(x.append(i) for i in range(3)))": "list()",
    "print((lambda: x.append(1))() or 1)": "",
    "x[0] = 5": "",
    "x[0] = len(x)": "",
    "x[0], n = divmod(7, 2)": "",
    "m, n = train(), 2": "train()",
    "m, n = zip(*[[train(), 2]])": "train()",
    "n: object = train()": "train()",
    "x += [1]": "",
    "x.count(1)": "",
}


def blamed(
    source: str, look: Callable[[], Parts], take_apart: Callable[[str], Parts] = lambda _: {}, **namespace: Any
) -> dict[str, dict[str, str]]:
    """What is blamed, by variable and path, after a cell has run."""
    tracer, shell = Tracer(blame=Blame(look, take_apart)), SimpleNamespace(ast_transformers=[])
    tracer.install(shell)
    try:
        exec(compile(tracer.visit(ast.parse(source)), "<cell>", "exec"), namespace)
        return tracer.blamed()
    finally:
        tracer.remove(shell)


@pytest.mark.parametrize("source", CELLS)
def test_the_last_call_that_changed_it_is_blamed(source: str) -> None:
    """A loop is told by what its body did the first time."""
    x = [0]

    def train() -> None:
        x.append(1)

    found = blamed(source, lambda: {"x": repr(x).encode()}, x=x, train=train, closing=nullcontext)
    assert found.get("x", {"": ""}) == {"": CELLS[source]}


def look_at(x: dict[str, int]) -> tuple[Callable[[], Parts], Callable[[str], Parts]]:
    """Looks at `x` as a whole, and at its items."""
    return lambda: {"x": repr(x).encode()}, lambda _: {f"x[{key!r}]": b"%d" % each for key, each in x.items()}


@pytest.mark.parametrize(
    ("source", "calls"),
    [
        ("x.update(a=1)\nx.setdefault('b', 2)", {"": "x.setdefault", "x['a']": "x.update"}),
        ("x.update(a=1)\nx['b'] = 2", {"": "", "x['a']": "x.update"}),
        ("x['b'] = 2\nx.update(a=1)", {"": "x.update", "x['b']": ""}),
        ("x.update(a=1, b=1)\nx.update(b=2)\nx.pop('a')", {"": "x.pop", "x['b']": "x.update"}),
    ],
)
def test_each_part_has_the_call_that_changed_it(source: str, calls: dict[str, str]) -> None:
    """Those that are not given were changed with the variable as a whole."""
    x: dict[str, int] = {}
    assert blamed(source, *look_at(x), x=x) == {"x": calls}


def test_a_call_without_time_for_a_look_leaves_its_statement_unclear(monkeypatch: pytest.MonkeyPatch) -> None:
    """A statement without one is still told."""
    x: dict[str, int] = {}
    monkeypatch.setattr(blame, "_SECONDS_INSIDE", 0.0)
    found = blamed("x.update(a=1)\nprint(x.update(b=2))", *look_at(x), x=x)
    assert found == {"x": {"": "", "x['a']": "x.update"}}


def test_each_statement_is_looked_at_once() -> None:
    """However often a loop runs."""
    looks: list[None] = []

    def look() -> dict[str, bytes]:
        looks.append(None)
        return {}

    blamed("for i in range(1000):\n    a = 1\n    b = abs(abs(2))", look)
    assert len(looks) <= 8


def test_what_takes_too_long_to_read_is_blamed_on_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is what cannot be read."""
    x: list[int] = []
    monkeypatch.setattr(blame, "_SECONDS", 0.0)
    assert blamed("x.append(1)", lambda: {"x": repr(x).encode()}, x=x) == {}
    monkeypatch.undo()
    assert blamed("x.append(1)", lambda: {"x": b"" * (1 // 0)}, x=x) == {}
