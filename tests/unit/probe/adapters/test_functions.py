"""Functions, classes and modules, and the state that they may carry."""

from __future__ import annotations

import copy
import functools
import math
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.unit.probe.looking import digest, moved, notebook, paths, read

SOURCES = {
    "another body": ("def x(a): return a + 1", "def x(a): return a + 2"),
    "another name inside": ("def x(a): return len(a)", "def x(a): return sum(a)"),
    "another argument": ("def x(a): return 1", "def x(b): return 1"),
    "another default": ("def x(a=1): return a", "def x(a=2): return a"),
    "another keyword default": ("def x(*, a=[1]): return a", "def x(*, a=[2]): return a"),
    "another inner function": (
        "def x():\n    def inner(): return 1\n    return inner",
        "def x():\n    def inner(): return 2\n    return inner",
    ),
    "another lambda": ("x = lambda a: a + 1", "x = lambda a: a - 1"),
    "another method": (
        "class x:\n    def fit(self): return 1",
        "class x:\n    def fit(self): return 2",
    ),
    "another class attribute": ("class x:\n    count = 1", "class x:\n    count = 2"),
    "another base": ("class x(dict): pass", "class x(list): pass"),
    "another property": (
        "class x:\n    @property\n    def a(self): return 1",
        "class x:\n    @property\n    def a(self): return 2",
    ),
    "another static method": (
        "class x:\n    @staticmethod\n    def a(): return 1",
        "class x:\n    @staticmethod\n    def a(): return 2",
    ),
    "another function in a partial": (
        "from functools import partial\nx = partial(int, base=2)",
        "from functools import partial\nx = partial(int, base=8)",
    ),
    "another bound object": ("x = [1].append", "x = [2].append"),
    "another method of an object": ("x = [1].append", "x = [1].extend"),
    "another decorated function": (
        "from functools import lru_cache\n@lru_cache\ndef x(): return 1",
        "from functools import lru_cache\n@lru_cache\ndef x(): return 2",
    ),
    "another builtin": ("x = len", "x = sum"),
    "another library function": ("from math import sin as x", "from math import cos as x"),
    "another library class": ("from collections import OrderedDict as x", "from collections import Counter as x"),
    "another module": ("import math as x", "import json as x"),
    "another ufunc": ("from numpy import add as x", "from numpy import subtract as x"),
}


@pytest.mark.parametrize("case", SOURCES)
def test_definitions_differ_by_what_they_say(case: str) -> None:
    """The same source twice gives equal definitions, another source another one."""
    before, after = SOURCES[case]
    assert digest(notebook(before)["x"]) == digest(notebook(before)["x"]) != digest(notebook(after)["x"])


def test_where_a_function_stands_is_not_value() -> None:
    """The same function further down in its cell, or in another cell, is the same; so is another docstring's class."""
    assert digest(notebook("def x(): return 1")["x"]) == digest(notebook("\n\n\ndef x(): return 1")["x"])
    source = "class x:\n    '''{}'''\n    def a(self): return 1"
    assert digest(notebook(source.format("one"))["x"]) == digest(notebook(source.format("other"))["x"])


STATE = {
    "a mutable default": ("def x(item, seen=[]):\n    seen.append(item)\nx(1)", "x(2)"),
    "a closure": (
        """
        def make():
            count = 0
            def step():
                nonlocal count
                count += 1
            return step
        x = make()
        """,
        "x()",
    ),
    "an attribute of a function": ("def x(): x.calls += 1\nx.calls = 0", "x()"),
    "a class attribute": (
        "class x:\n    made = 0\n    def __init__(self): x.made += 1",
        "x()",
    ),
    "a list of a class": ("class x:\n    seen = []", "x.seen.append(1)"),
    "a cache": ("from functools import lru_cache\n@lru_cache\ndef x(a): return a\nx(1)", "x(2)"),
    "a bound object": ("items = []\nx = items.append", "x(1)"),
    "an argument of a partial": ("from functools import partial\nx = partial(print, [])", "x.args[0].append(1)"),
}


@pytest.mark.parametrize("case", STATE)
def test_state_of_a_definition_is_value(case: str) -> None:
    """What a function or a class keeps between calls is seen when it moves, and shown."""
    first, then = STATE[case]
    before, after = notebook(first), notebook(first)
    assert digest(before["x"]) == digest(after["x"])
    exec(then, after)
    assert digest(before["x"]) != digest(after["x"])
    assert moved(before["x"], after["x"])


def test_state_of_a_definition_has_a_path() -> None:
    """Defaults, closures and attributes are where Python keeps them."""
    made = notebook(
        """
        def make(rows):
            def inner(a=[[]], *, b=[[]]): return rows
            inner.note = [[]]
            return inner
        x = make([[]])
        class C:
            rows = [[]]
        """
    )
    found = paths(made["x"])
    assert {"x.__defaults__[0]", "x.__kwdefaults__['b']", "x['note']", "x.<closure rows>"} <= found
    assert "x.rows" in paths(made["C"])


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("def x(): pass", "definition"),
        ("def x(a=[]): pass", "definition"),
        ("x = lambda: 1", "definition"),
        ("class x: pass", "definition"),
        ("import math as x", "definition"),
        ("from math import sin as x", "definition"),
        ("from functools import reduce as x", "definition"),
        ("x = len", "definition"),
        ("from functools import lru_cache\n@lru_cache\ndef x(): pass", "definition"),
        (
            "def deco(f):\n    def inner(): return f()\n    return inner\n@deco\ndef x(): pass",
            "definition",
        ),
        ("def make(n):\n    def x(): return n\n    return x\nx = make(1)", "data"),
        ("def x(): pass\nx.calls = 0", "data"),
        ("class C: pass\nx = C()", "data"),
        ("x = [].append", "data"),
        ("import types\nx = types.ModuleType('made')", "data"),
    ],
)
def test_definitions_are_told_from_data(source: str, kind: str) -> None:
    """A plain definition is a definition; a closure over values, an attribute and an instance make data."""
    assert read(notebook(source)["x"]).kind == kind


def test_a_recursive_function_and_class_are_read() -> None:
    """They lead back to themselves through closures and attributes."""
    source = """
        def make():
            def x(n): return x(n - 1)
            x.me = x
            return x
        class Tree:
            def copy(self): return Tree()
        Tree.root = Tree()
        x = make()
        """
    assert digest(notebook(source)["x"]) == digest(notebook(source)["x"])
    assert digest(notebook(source)["Tree"]) == digest(notebook(source)["Tree"])


def test_instances_of_equal_classes_are_equal() -> None:
    """A class that was defined again makes instances that are what the old ones were."""
    source = "class C:\n    def __init__(self, a): self.a = a\nx, y = C(1), C(2)"
    one, other = notebook(source), notebook(source)
    assert digest(one["x"]) == digest(other["x"]) != digest(other["y"])


def test_state_of_a_persons_module_is_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list in a module beside the notebook moves on; calling its functions again does not."""
    (tmp_path / "beside_the_notebook.py").write_text("seen = []\ndef note(item): seen.append(item)\n")
    monkeypatch.syspath_prepend(tmp_path)
    module: Any = __import__("beside_the_notebook")
    try:
        before = digest(module)
        assert read(module).kind == "definition"
        module.note(1)
        assert digest(module) != before
        assert "x.seen" in paths(module)
    finally:
        del sys.modules["beside_the_notebook"]


def test_caches_of_a_library_are_not_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a library keeps to itself is not state; a plain value that a person set in it is."""
    before = digest(math)
    monkeypatch.setattr(math, "_cache", {1: 2}, raising=False)
    monkeypatch.setattr(math, "registry", [1], raising=False)
    assert digest(math) == before
    monkeypatch.setattr(math, "tau", 6.0)
    assert digest(math) != before


def test_a_module_made_by_hand_is_read() -> None:
    """All that it holds."""
    one, other = types.ModuleType("made"), types.ModuleType("made")
    one.rows, other.rows = [1], [2]  # type: ignore[attr-defined]
    assert digest(one) != digest(other)


def test_library_functions_are_their_names() -> None:
    """What hangs on them is the library's own."""
    before = digest([np.mean, functools.reduce, np.random.default_rng])
    np.mean([1.0])
    assert digest([np.mean, functools.reduce, np.random.default_rng]) == before


def test_calling_a_partial_object_leaves_its_value() -> None:
    """Python writes into its type's own members when it is first called in a certain way."""
    x = functools.partial(pow, exp=3)
    before = digest(x)
    assert x(2) == 8
    assert digest(x) == before


def test_a_class_is_the_same_once_its_objects_were_copied() -> None:
    """Python keeps on the class what it has found out about copying; an attribute set by a person is value."""
    names = notebook("class x: pass")
    before = digest(names["x"])
    copy.copy(names["x"]())
    assert "__slotnames__" in vars(names["x"])
    assert digest(names["x"]) == before
    names["x"].count = 1
    assert digest(names["x"]) != before
