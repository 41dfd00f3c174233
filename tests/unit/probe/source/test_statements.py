"""What statements do, read from their syntax."""

from __future__ import annotations

import ast

import pytest

from nbrerun.probe.source.statements import only_defines


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = 1\ny = z = 'text'", True),
        ("import os\nfrom math import pi", True),
        ("def f(a, *b, c=None, d=(1, -2.5)): return other(a)", True),
        ("def f(a, b=other): pass", False),
        ("def f(a, *, b=other): pass", False),
        ("def f(a): return other(a)", True),
        ("def f(a: int, b: 'Other', c: None) -> float: pass", True),
        ("def f(a: other): pass", False),
        ("def f() -> list[int]: pass", False),
        ("@other\ndef f(): pass", False),
        ('class C:\n    """Text."""\n    n = 1\n    def f(self): return other', True),
        ("class C(other): pass", False),
        ("class C:\n    n = other", False),
        ("x = other", False),
        ("x = [1, (2, -3.5)]", True),
        ("x = {'a': 1, 2: []}", True),
        ("x = {**other}", False),
        ("x = {(): 1}", False),
        ("x = [other]", False),
        ("x = [*()]", False),
        ("x = -'a'", False),
        ("x = 1 + 1", False),
        ("x = f'{1}'", False),
        ("x, y = 1, 2", False),
        ("x.y = 1", False),
        ("f()", False),
        ("if 1: x = 1", False),
    ],
)
def test_statements_that_only_define(source: str, expected: bool) -> None:
    """What they bind depends on no other name, and none of it is run."""
    assert only_defines(ast.parse(source).body) is expected
