"""Which statement of a cell gave an object another value."""

from __future__ import annotations

import ast
from types import SimpleNamespace
from typing import Any

import pytest

from nbrerun.probe.execute import blame
from nbrerun.probe.execute.blame import Blame
from nbrerun.probe.execute.tracer import Tracer

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
    "if x.append(1) is None:\n    n = 1": "",
    "x[0] = 5": "",
    "x += [1]": "",
    "x.count(1)": "",
}


def blamed(source: str, look: Any, **namespace: Any) -> dict[str, str]:
    """What is blamed, by variable, after a cell has run."""
    tracer, shell = Tracer(blame=Blame(look)), SimpleNamespace(ast_transformers=[])
    tracer.install(shell)
    try:
        exec(compile(tracer.visit(ast.parse(source)), "<cell>", "exec"), namespace)
        return tracer.blamed()
    finally:
        tracer.remove(shell)


@pytest.mark.parametrize("source", CELLS)
def test_the_last_statement_that_changed_it_is_blamed(source: str) -> None:
    """By its call; a loop is told by what its body did the first time."""
    x = [0]

    def train() -> None:
        x.append(1)

    found = blamed(source, lambda: {"x": repr(x).encode()}, x=x, train=train)
    assert found == ({"x": CELLS[source]} if CELLS[source] else {})


def test_each_statement_is_looked_at_once() -> None:
    """However often a loop runs."""
    looks: list[None] = []

    def look() -> dict[str, bytes]:
        looks.append(None)
        return {}

    blamed("for i in range(1000):\n    a = 1\n    b = 2", look)
    assert len(looks) <= 6


def test_what_takes_too_long_to_read_is_blamed_on_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is what cannot be read."""
    x: list[int] = []
    monkeypatch.setattr(blame, "_SECONDS", 0.0)
    assert blamed("x.append(1)", lambda: {"x": repr(x).encode()}, x=x) == {}
    monkeypatch.undo()
    assert blamed("x.append(1)", lambda: {"x": 1 // 0}, x=x) == {}
