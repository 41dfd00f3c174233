"""sympy: expressions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sympy as sp

from tests.unit.probe.looking import digest, moved, read

X, Y = sp.symbols("x y")

VALUES: dict[str, Callable[[], Any]] = {
    "a symbol": lambda: sp.Symbol("x"),
    "another one": lambda: sp.Symbol("y"),
    "one that is positive": lambda: sp.Symbol("x", positive=True),
    "one that is no other": lambda: sp.Dummy("x"),
    "a power": lambda: (X + 1) ** 2,
    "a sum": lambda: X + 1,
    "another sum": lambda: X + 2,
    "a quotient": lambda: sp.Rational(1, 3),
    "a number": lambda: sp.Float(1.5),
    "another number": lambda: sp.Float(1.25),
    "an integer": lambda: sp.Integer(3),
    "a constant": lambda: sp.pi,
    "an equation": lambda: sp.Eq(X, 1),
    "an integral": lambda: sp.Integral(sp.exp(X), X),
    "a polynomial": lambda: sp.Poly(X**2 + 1, X),
    "one over other numbers": lambda: sp.Poly(X**2 + 1, X, modulus=3),
    "a set": lambda: sp.FiniteSet(1, X),
    "a set of infinitely many": lambda: sp.solveset(sp.sin(X), X),
    "a matrix": lambda: sp.Matrix([[X, 1], [0, Y]]),
    "one that cannot be changed": lambda: sp.ImmutableMatrix([[X, 1], [0, Y]]),
    "one by its name": lambda: sp.MatrixSymbol("A", 2, 2),
}


def test_values_differ() -> None:
    """Each from all others; the same twice is equal, also if sympy has forgotten the first."""
    first = {case: digest(make()) for case, make in VALUES.items()}
    assert len(set(first.values())) == len(VALUES)
    sp.core.cache.clear_cache()
    assert {case: digest(make()) for case, make in VALUES.items()} == first


@pytest.mark.parametrize("case", VALUES)
def test_what_is_found_out_about_a_value_is_no_change(case: str) -> None:
    """Its hash, and what follows from what it is."""
    value = VALUES[case]()
    before = digest(value)
    assert not read(value).opaque
    str(value)
    for question in ("is_positive", "is_real", "is_zero", "is_prime", "free_symbols"):
        getattr(value, question, None)
    if isinstance(value, sp.Basic):
        hash(value)
        value.subs(Y, 2)
    else:
        value.det()
    assert digest(value) == before


def test_a_matrix_may_be_changed() -> None:
    """One of its entries; the symbols are the same."""
    one, other = (VALUES["a matrix"]() for _ in range(2))
    other[0, 0] += 1
    assert digest(one) == digest(VALUES["a matrix"]()) != digest(other)


def test_an_expression_is_shown_as_a_whole() -> None:
    """As sympy prints it."""
    assert [(each.path, each.first, each.again) for each in moved(X + 1, X + 2).values()] == [("x", "x + 1", "x + 2")]


def test_dummies_are_counted() -> None:
    """Their numbers, and names that are made of these, are no value; a name that was given is."""
    assert digest(sp.Dummy()) == digest(sp.Dummy()) != digest(sp.Dummy("n"))
    assert digest(sp.Dummy("n")) == digest(sp.Dummy("n")) != digest(sp.Dummy("m"))


def test_functions_that_are_generated_have_numbered_names() -> None:
    """Those of their arguments; what they compute is their value."""
    one, other, third = (sp.lambdify(sp.Dummy(), 2 * X, "numpy") for X in (X, X, Y))
    assert one.__code__.co_varnames != other.__code__.co_varnames
    assert digest(one) == digest(other) != digest(third)


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
    before = digest(sp.igcd)
    sp.igcd(123456, 7896)
    assert digest(sp.igcd) == before
