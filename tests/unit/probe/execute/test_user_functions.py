"""Functions of the notebook's are marked while a cell runs, and are what they were afterwards."""

from __future__ import annotations

import ast
import functools
import linecache
import types
from collections.abc import Iterator
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest

from nbrerun.probe.execute.marks import MARK_IN_FUNCTION
from nbrerun.probe.execute.tracer import Tracer
from nbrerun.probe.execute.user_functions import MarkedFunctions

numbers = count()


class Cells:
    """Runs cells in one namespace, and keeps their sources as IPython does."""

    def __init__(self) -> None:
        self.namespace: dict[str, Any] = {"__name__": "__main__"}
        self.files: list[str] = []

    def run(self, source: str, tracer: Tracer | None = None) -> None:
        """Run one."""
        name = f"<cell {next(numbers)}>"
        self.files.append(name)
        linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
        tree = ast.parse(source)
        exec(compile(tracer.visit(tree) if tracer else tree, name, "exec"), self.namespace)

    def again(self, source: str, *functions: types.FunctionType) -> tuple[Tracer, MarkedFunctions]:
        """Run one with marks in functions, too."""
        tracer, shell = Tracer(), SimpleNamespace(ast_transformers=[])
        marked = MarkedFunctions(tracer.marker)
        marked.mark(functions)
        tracer.install(shell)
        try:
            self.run(source, tracer)
        finally:
            tracer.remove(shell)
            marked.restore()
        return tracer, marked


@pytest.fixture
def cells() -> Iterator[Cells]:
    """Cells whose sources are forgotten afterwards."""
    found = Cells()
    yield found
    for name in found.files:
        linecache.cache.pop(name, None)


def test_functions_of_earlier_cells_are_marked(cells: Cells) -> None:
    """And have the very code again that they had."""
    cells.run("# a cell\nx = 0\ndef f(a, /, *b):\n    global x\n    x = a\n")
    f = cells.namespace["f"]
    code = f.__code__
    tracer, marked = cells.again("f(2)", f)
    assert tracer.names("binds") == {"x"}
    assert f.__code__ is code
    assert marked.ids == {id(f)}
    assert cells.namespace["x"] == 2


def test_whoever_looks_at_the_code_sees_no_marks(cells: Cells) -> None:
    """What compiles a function or sends it to another process needs the code that the user wrote."""
    cells.run("def f(x):\n    y = x\n    return y\n")
    f = cells.namespace["f"]
    code = f.__code__
    cells.again("seen = f.__code__\ndef g(x):\n    return x\nown = g.__code__.co_names\nf(1)", f)
    assert cells.namespace["seen"] is f.__code__ is code
    assert cells.namespace["own"] == ()


def test_lambdas_in_one_line_stay_apart(cells: Cells) -> None:
    """They have the same name and the same line, and no marks."""
    cells.run("f, g = lambda x: x + 1, lambda x: x * 10")
    cells.again("found = f(2), g(2)", cells.namespace["f"], cells.namespace["g"])
    assert cells.namespace["found"] == (3, 20)


def test_a_signature_takes_no_marks_away(cells: Cells) -> None:
    """It is the same with them, and asked for often."""
    cells.run("import inspect\ndef f(x):\n    global y\n    y = x\n")
    tracer, _ = cells.again("s = inspect.signature(f)\nf(1)", cells.namespace["f"])
    assert str(cells.namespace["s"]) == "(x)"
    assert tracer.names("binds") >= {"s", "y"}


def test_functions_that_the_cell_defines_have_the_code_that_they_would_have(cells: Cells) -> None:
    """Wherever they are: in a class, behind a decorator, closed over, or returned by another function."""
    source = (
        "import functools\n"
        "d = {}\n"
        "def f():\n    d['a'] = 1\n"
        "class C:\n    def g(self):\n        return [x for x in d]\n"
        "@functools.lru_cache\ndef cached(n):\n    y = n\n    return y\n"
        "def outer(n):\n    def inner():\n        return n\n    return inner\n"
        "kept = {'k': (outer(3), functools.partial(f))}\n"
        "f(); C().g(); cached(1); kept['k'][0]()\n"
    )
    plain = Cells()
    plain.run(source)
    tracer, _ = cells.again(source)
    assert "d" in tracer.names("stores")
    for namespace in (cells.namespace, plain.namespace):
        codes = [
            namespace["f"].__code__,
            namespace["C"].g.__code__,
            namespace["cached"].__wrapped__.__code__,
            namespace["kept"]["k"][0].__code__,
            namespace["kept"]["k"][1].func.__code__,
        ]
        assert all(MARK_IN_FUNCTION not in code.co_names for code in codes)
        namespace["codes"] = [code.replace(co_filename="") for code in codes]
    same = zip(cells.namespace["codes"], plain.namespace["codes"], strict=True)
    assert all(one.co_code == other.co_code and one.co_names == other.co_names for one, other in same)
    for name in plain.files:
        linecache.cache.pop(name, None)


def test_a_closure_keeps_what_it_closes_over(cells: Cells) -> None:
    """A function that counts in an outer one's variable goes on counting."""
    cells.run(
        "def outer():\n    n = 0\n    def inner():\n        nonlocal n\n        n += 1\n        return n\n"
        "    return inner\n"
    )
    cells.run("f = outer()\nf()")
    cells.again("found = f()", cells.namespace["f"], cells.namespace["outer"])
    assert (cells.namespace["found"], cells.namespace["f"]()) == (2, 3)


@pytest.mark.parametrize("kept", ["", "x = (", "def other(): pass"])
def test_a_function_without_its_source_runs_as_it_is(kept: str, cells: Cells) -> None:
    """Its file is gone, or holds something else by now."""
    cells.run("def f():\n    global x\n    x = 1\n")
    name = cells.files[-1]
    linecache.cache[name] = (len(kept), None, kept.splitlines(keepends=True), name)
    tracer, marked = cells.again("f()", cells.namespace["f"])
    assert (tracer.names("binds"), marked.ids, cells.namespace["x"]) == (set(), set(), 1)


def test_a_wrapped_function_is_marked_through_its_wrapper(cells: Cells) -> None:
    """Decorators stand above the line of `def`."""
    cells.namespace["functools"] = functools
    cells.run("@functools.lru_cache\n@functools.wraps(print)\ndef f():\n    global x\n    x = 1\n")
    tracer, _ = cells.again("f()", cells.namespace["f"].__wrapped__)
    assert tracer.names("binds") == {"x"}
