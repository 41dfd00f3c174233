"""What a cell misses that runs without most names, and through which function of the notebook."""

from __future__ import annotations

import asyncio
import io
import pickle
import sys
import types
from collections.abc import Callable
from textwrap import dedent
from types import SimpleNamespace
from typing import Any

import pytest

from nbrerun.probe.execute import after_restart


def raised(cells: list[str], namespace: dict[str, Any]) -> BaseException:
    """What the last of some cells raises, each from a file of its own as in a kernel."""
    for number, source in enumerate(cells):
        code = compile(dedent(source), f"<cell {number}>", "exec")
        try:
            exec(code, namespace)
        except NameError as error:
            return error
    raise AssertionError("nothing was raised")


PICKLES = {
    "Can't get attribute 'Line' on <module '__main__' (built-in)>": (AttributeError, "Line"),
    "Can't get attribute 'Line' on <module '__main__' from '/tmp/a.py'>": (AttributeError, "Line"),
    "Can't get attribute 'Outer.Inner' on <module '__main__'>": (AttributeError, "Outer"),
    "Can't get attribute 'Line' on <module 'library' from 'library.py'>": (AttributeError, None),
    "'Line' object has no attribute 'x'": (AttributeError, None),
    "Can't pickle <class '__main__.Line'>: attribute lookup Line on __main__ failed": (pickle.PicklingError, "Line"),
    "Can't pickle <function f at 0x1>: attribute lookup f on library failed": (pickle.PicklingError, None),
    "Can't pickle <class '__main__.Line'>: it's not found as __main__.Line": (pickle.PicklingError, "Line"),
    "name 'x' is not defined": (NameError, "x"),
    "local variable 'x' referenced before assignment": (UnboundLocalError, None),
    "Line": (KeyError, None),
}


@pytest.mark.parametrize("text", PICKLES)
def test_the_missed_name_is_read_from_the_error(text: str) -> None:
    """A name that is not defined, or a class that a pickle does not find in the notebook."""
    kind, name = PICKLES[text]
    assert after_restart._missing(kind(text)) == name


def test_pickles_raise_what_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading and writing an instance of a class that is gone, by Python's two picklers."""
    main: Any = types.ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", main)
    main.Line = type("Line", (), {"__module__": "__main__"})
    line = main.Line()
    data = pickle.dumps(line)
    del main.Line
    in_python: Any = vars(pickle)["_Pickler"]
    tries = [lambda: pickle.loads(data), lambda: pickle.dumps(line), lambda: in_python(io.BytesIO()).dump(line)]
    assert [after_restart._missing(_error_of(attempt)) for attempt in tries] == ["Line", "Line", "Line"]


def _error_of(attempt: Callable[[], Any]) -> BaseException:
    with pytest.raises((AttributeError, pickle.PicklingError)) as caught:
        attempt()
    return caught.value


DEFINED = """
    def inner(): return missing
    def outer(): return inner()
    class Net:
        def fit(self): return missing
    make = lambda: missing
    def tf__step(): return (lambda: missing)()
    def around(f):
        def run(): return f()
        return run
    @around
    def decorated(): return missing
"""
GENERATED = """
    def outer_factory():
        def tf__step(): return missing
        return tf__step
    generated = outer_factory()
    def hidden(): return missing
    def shown(): return hidden()
"""


@pytest.mark.parametrize(
    ("source", "through"),
    [
        ("missing", None),
        ("inner()", "inner"),
        ("outer()", "inner"),
        ("Net().fit()", "Net"),
        ("make()", "make"),
        ("decorated()", "decorated"),
        ("def own(): return missing\nown()", None),
        ("list(map(lambda x: missing, [1]))", None),
        ("generated()", "step"),
        ("shown()", "shown"),
    ],
)
def test_a_name_is_missed_through_what_the_notebook_names(source: str, through: str | None) -> None:
    """The innermost function that has a name there; one of the very cell is the cell itself."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    error = raised([DEFINED, GENERATED, source], namespace)
    kept = {name: namespace[name] for name in ("inner", "outer", "Net", "make", "decorated", "shown")}
    assert after_restart._through(error, namespace, {**kept, "step": None, "missing": 1}) == through


async def _nothing(shell: Any, cells: Any, tracer: Any) -> None:
    """Runs no cell, and raises nothing."""


def _shell(namespace: dict[str, Any]) -> Any:
    """IPython's, where all cells are plain Python."""
    return SimpleNamespace(user_ns=namespace, user_ns_hidden={}, transform_cell=str)


def test_what_a_function_that_remembers_would_miss_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a restart it remembers nothing; one that has not been called yet is simply run."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec("import functools\nk = 1\n@functools.lru_cache(None)\ndef f(x): return x * k", namespace)
    monkeypatch.setattr(after_restart, "run_cells", _nothing)
    stripped = after_restart.Stripped(_shell(dict(namespace)))
    nothing = {"error": None, "missing": None, "through": None}
    assert asyncio.run(stripped.run("f(3)", ["f"])) == nothing
    namespace["f"](3)
    assert asyncio.run(stripped.run("f(3)", ["f"])) == {"error": None, "missing": "k", "through": "f"}
    assert asyncio.run(stripped.run("f(3)", ["f", "k"])) == nothing


def test_a_cell_that_unpickles_is_run_with_all_that_it_mentions(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may still miss a class; another one needs no run, for there is nothing left to miss."""
    ran: list[str] = []

    async def run_cells(shell: Any, cells: Any, tracer: Any) -> None:
        ran.extend(cells.sources)

    monkeypatch.setattr(after_restart, "run_cells", run_cells)
    namespace = {"pickle": pickle, "where": "a.pkl", "other": 1}
    stripped = after_restart.Stripped(_shell(namespace))
    for source in ("line = pickle.load(where)", "print(pickle, where)"):
        found = asyncio.run(stripped.run(source, ["pickle", "where"]))
        assert found == {"error": None, "missing": None, "through": None}
    assert ran == ["line = pickle.load(where)"]
    stripped.restore()
    assert namespace == {"pickle": pickle, "where": "a.pkl", "other": 1}
