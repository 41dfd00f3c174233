"""Names that code may look up or bind."""

from __future__ import annotations

import ast

import pytest

from nbrerun.probe.source.inputs import incidental, inputs, static_binds

INPUTS = {
    # a `with` binds, a branch or a loop may not
    "with open(p) as f:\n    x = f\nprint(x, f)": {"open", "p", "print"},
    "with open(f) as f: pass": {"open", "f"},
    "with suppress(KeyError):\n    x = 1\nprint(x)": {"suppress", "KeyError", "print", "x"},
    "with contextlib.suppress(KeyError) as y:\n    x = 1\nx": {"contextlib", "KeyError", "x"},
    "for x in rows: y = x\ny": {"rows", "y"},
    "for x in rows:\n    y = x\n    z = y\nelse:\n    w = 1": {"rows"},
    "for x in x: pass": {"x"},
    "for x in rows:\n    y = last\n    last = x": {"rows", "last"},
    "for x in rows: pass\nelse: y = 1\ny": {"rows", "y"},
    "for a[i] in rows: pass": {"a", "i", "rows"},
    "while (x := read()): y = x\nx": {"read"},
    "while c and (x := read()): pass\nx": {"read", "c", "x"},
    "while True:\n    x = 1\n    break\nx": {"x"},
    "if c: x = 1\nelse: x = 2\nx": {"c"},
    "if c: x = 1\nx": {"c", "x"},
    "if c: x = 1\nelif d: x = 2\nelse: x = 3\nx": {"c", "d"},
    "if (x := 1): pass\nx": set(),
    "try: x = 1\nexcept E as e: print(e, x)\nx": {"E", "print", "x"},
    "try: x = 1\nexcept E: x = 2\nx": {"E"},
    "try: x = 1\nfinally: y = 1\nx, y": set(),
    "try: x = 1\nfinally: x": {"x"},
    "try: y = 1\nexcept E: pass\nelse: x = y": {"E"},
    "async def f():\n    async with lock as l:\n        return l": {"lock"},
    "async with lock as l: x = l\nx": {"lock"},
    # names of functions, classes and comprehensions are their own
    "def f(x, *a, y=d, **k): return x, a, y, k, g": {"d", "g"},
    "def f(x: T) -> R: pass": {"T", "R"},
    "@d\ndef f(): pass": {"d"},
    "def f():\n    import x\n    from y import z as w\n    return x, w, z": {"z"},
    "def f():\n    x += 1\n    def g(): return x, h\n    return g": {"h"},
    "def f():\n    global x\n    x += 1": {"x"},
    "def f(n): return f(n - 1)": set(),
    "@f\ndef f(): pass": {"f"},
    "class C(B):\n    def m(self): return C, m": {"B", "m"},
    "class C(C): pass": {"C"},
    "lambda x, y=x: x + z": {"x", "z"},
    "f = lambda: f()": {"f"},
    "[x * y for x in rows if x]": {"rows", "y"},
    "[x for x in x]": {"x"},
    "{a: b for a in c for b in a}": {"c"},
    "any(y for x in rows for y in x)": {"any", "rows"},
    "x = [(y := z) for z in rows]\ny": {"rows", "y"},
    "c and (y := 1)\ny": {"c", "y"},
    "x = (y := 1)\nx, y": set(),
    "x: int\nx": {"int", "x"},
    "x: int = 1\nx": {"int"},
    # names that are looked up as strings
    "x = globals().get('x', [])": {"x", "globals"},
    "x = vars()['x'] + 1\ny = vars(o)['z']": {"x", "o", "vars"},
    "globals()['x'] = 1\nx": {"globals"},
    "y = eval('x + y')\nexec('z += 1')": {"x", "y", "z", "eval", "exec"},
    "eval('x +')\neval(text)": {"eval", "text"},
    "match v:\n    case [a, *b] if a: print(a, b)\n    case {'k': C(c), **d}: c, d, e\na": {
        "v",
        "print",
        "C",
        "e",
        "a",
    },
}


@pytest.mark.parametrize("source", INPUTS)
def test_inputs_are_found_statement_by_statement(source: str) -> None:
    """What surely was bound before, and the names of an inner scope, are not looked up in the notebook."""
    assert inputs(ast.parse(source)) == INPUTS[source]


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("for i, (a, b) in enumerate(rows): pass", {"i", "a", "b"}),
        ("with open(p) as f, lock: x = f.read()", {"f"}),
        ("for i in rows:\n    with open(i) as f: pass", {"i", "f"}),
        ("for i in rows: pass\ni = 0", set()),
        ("i = 0\nfor i in rows: pass", set()),
        ("async def main():\n    pass\nx = 1", set()),
        ("not Python at all", set()),
    ],
)
def test_loop_variables_and_handles_are_incidental(source: str, names: set[str]) -> None:
    """Unless the cell binds them otherwise, too."""
    assert incidental(source) == names


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("x = 1\nif False:\n    y = 2", {"x", "y"}),
        ("for i in rows: pass", {"i"}),
        ("with open(p) as f: pass", {"f"}),
        ("import os.path", {"os"}),
        ("try: ...\nexcept E: x = 1", {"x"}),
        ("not Python at all", set()),
    ],
)
def test_names_that_a_cell_may_bind(source: str, names: set[str]) -> None:
    """Whether or not it comes to it."""
    assert static_binds(source) == names
