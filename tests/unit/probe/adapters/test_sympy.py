"""SymPy: expressions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sympy

from tests.unit.probe.looking import digest, read

X, Y = sympy.symbols("x y")

EXPRESSIONS: dict[str, Callable[[], Any]] = {
    "a symbol": lambda: sympy.Symbol("x"),
    "another symbol": lambda: sympy.Symbol("y"),
    "a symbol with facts": lambda: sympy.Symbol("x", positive=True),
    "an integer": lambda: sympy.Integer(7),
    "another integer": lambda: sympy.Integer(8),
    "a fraction": lambda: sympy.Rational(7, 8),
    "a float": lambda: sympy.Float(7.5),
    "a constant": lambda: sympy.pi,
    "a sum": lambda: X + Y,
    "a product": lambda: X * Y,
    "an equation": lambda: sympy.Eq(X, Y),
    "a function": lambda: sympy.sin(X),
    "another function": lambda: sympy.cos(X),
    "a polynomial": lambda: sympy.Poly(X**2 + 1, X),
    "another polynomial": lambda: sympy.Poly(X**2 + 2, X),
    "a matrix": lambda: sympy.Matrix([[X, 1], [2, Y]]),
    "another matrix": lambda: sympy.Matrix([[X, 1], [3, Y]]),
}


def test_expressions_differ_by_what_they_say() -> None:
    """Made once more, each is equal to itself and to no other one, and nothing of it is opaque."""
    found = {case: digest(make()) for case, make in EXPRESSIONS.items()}
    assert found == {case: digest(make()) for case, make in EXPRESSIONS.items()}
    assert len(set(found.values())) == len(found)
    assert {case: read(make()).opaque for case, make in EXPRESSIONS.items() if read(make()).opaque} == {}


@pytest.mark.parametrize("name", ["fresh", "known"])
def test_what_an_expression_finds_out_about_itself_is_no_change(name: str) -> None:
    """Its hash and its facts are looked up when they are first needed."""
    symbol = sympy.Symbol(name, real=True)
    one = (symbol + 1) ** 2
    before = digest(symbol), digest(one)
    assert (symbol.is_zero, one.is_negative, hash(one)) is not None
    sympy.solve(one)
    assert (digest(symbol), digest(one)) == before


def test_dummies_are_counted() -> None:
    """Their numbers, and names that are made of these, are no value; a name that was given is."""
    assert digest(sympy.Dummy()) == digest(sympy.Dummy()) != digest(sympy.Dummy("n"))
    assert digest(sympy.Dummy("n")) == digest(sympy.Dummy("n")) != digest(sympy.Dummy("m"))


def test_a_class_of_the_users_has_attributes() -> None:
    """They may change."""
    user: dict[str, Any] = {"__name__": "__main__"}
    exec("import sympy\nclass Named(sympy.Symbol): pass", user)
    one = user["Named"]("x")
    one.note = [1]
    before = digest(one)
    one.note.append(2)
    assert digest(one) != before


def test_what_a_librarys_function_remembers_is_no_value() -> None:
    """SymPy imports functions with a cache into the notebook: they compute the same without it."""
    before = digest(sympy.igcd)
    sympy.igcd(123456, 7896)
    assert digest(sympy.igcd) == before
