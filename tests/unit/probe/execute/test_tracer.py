"""What a run of a cell bound and touched."""

from __future__ import annotations

import ast
import asyncio
import builtins
import contextlib
import math
from textwrap import dedent
from types import SimpleNamespace
from typing import Any

import pytest

from nbrerun.probe.execute.tracer import Tracer


def run(source: str, namespace: dict[str, Any] | None = None, goes_on: bool = False) -> Tracer:
    """Run a cell as IPython does, with a tracer among its syntax tree transformers."""
    shell = SimpleNamespace(ast_transformers=[])
    tracer = Tracer(goes_on)
    tracer.install(shell)
    try:
        tree = ast.parse(dedent(source))
        for transformer in shell.ast_transformers:
            tree = transformer.visit(tree)
        exec(compile(tree, "<cell>", "exec"), namespace if namespace is not None else {"__name__": "__main__"})
    finally:
        tracer.remove(shell)
    assert shell.ast_transformers == []
    return tracer


BINDS = {
    "x = 1": {"x"},
    "x: int = 1": {"x"},
    "x = y = 1": {"x", "y"},
    "x, (y, *z) = 1, [2, 3]": {"x", "y", "z"},
    "x = 1\nx += 1": {"x"},
    "import os": {"os"},
    "import os.path": {"os"},
    "import os.path as p": {"p"},
    "from os import path, sep as s": {"path", "s"},
    "def f(): y = 1": {"f"},
    "class C:\n    y = 1": {"C"},
    "for i in [1]: x = i": {"i", "x"},
    "for i in []: x = i": set(),
    "with open('/dev/null') as f: x = 1": {"f", "x"},
    "if True:\n    x = 1\nelse:\n    y = 1": {"x"},
    "if (n := 5) > 3: x = n": {"n", "x"},
    "while (n := 0): pass": {"n"},
    "try:\n    x = 1\n    1 / 0\n    y = 1\nexcept ZeroDivisionError:\n    z = 1": {"x", "z"},
    "try:\n    x = 1 / 0\nexcept ZeroDivisionError:\n    pass": set(),
    "[x for x in [1]]": set(),
    "x = 1\ndel x": {"x"},
    "match 1:\n    case 1: x = 1\n    case 2: y = 1": {"x"},
    "x = [y := 1]": {"x", "y"},
    "globals()['x'] = 1": {"x"},
    "exec('x = 1')": {"x"},
    "d = {}\nd['x'] = 1": {"d"},
    "print(1)": set(),
}


@pytest.mark.parametrize("source", BINDS)
def test_names_are_bound_by_the_statements_that_ran(source: str) -> None:
    """What did not run did not bind; attributes, items and comprehensions bind no name."""
    assert run(source).names("binds") == BINDS[source]


def test_a_statement_that_raises_has_not_bound() -> None:
    """The mark of an assignment comes after it."""
    tracer = Tracer()
    shell = SimpleNamespace(ast_transformers=[])
    tracer.install(shell)
    tree = tracer.visit(ast.parse("x = 1\ny = 1 / 0\nz = 1"))
    with pytest.raises(ZeroDivisionError):
        exec(compile(tree, "<cell>", "exec"), {})
    tracer.remove(shell)
    assert tracer.names("binds") == {"x"}


def test_a_marked_cell_does_what_it_did() -> None:
    """Docstrings, futures, results and line numbers are those of the cell as written."""
    source = "from __future__ import annotations\nx: Undefined = 1\ndef f():\n    '''doc'''\n    return x\ny = f()"
    namespace: dict[str, Any] = {"__name__": "__main__"}
    run(source, namespace)
    assert (namespace["y"], namespace["f"].__doc__) == (1, "doc")
    assert namespace["f"].__code__.co_firstlineno == 3
    assert set(namespace) - {"__name__", "__builtins__"} == {"annotations", "x", "f", "y", "__annotations__"}


def test_marks_leave_nothing_behind() -> None:
    """Neither in the builtins nor in the namespace."""
    before = set(vars(builtins))
    namespace: dict[str, Any] = {}
    run("x = 1", namespace)
    assert set(vars(builtins)) == before
    assert set(namespace) == {"x", "__builtins__"}


FIELDS = [
    ("writes", "x = []\nx.append(1)", {"x"}),
    ("writes", "x = {'a': []}\nx['a'].append(1)", {"x"}),
    ("writes", "x = []\nlen(x)\nsorted(x)", set()),
    ("writes", "x = {}\nx.setdefault('a', 1)", {"x"}),
    ("writes", "x = []\nx.count(1)", {"x"}),
    ("writes", "x = [1]\nx[0] = 2", {"x"}),
    ("stores", "x = [1]\nx[0] = 2", {"x"}),
    ("stores", "x = {'a': {}}\nx['a']['b'] = 2", {"x"}),
    ("stores", "x = [1]\ndel x[0]", {"x"}),
    ("stores", "x = [1]\nx[0] += 1", {"x"}),
    ("stores", "class C: pass\nx = C()\nx.a = 1", {"x"}),
    ("stores", "x = []\nx.append(1)", set()),
    ("stores", "if False:\n    x[0] = 1", set()),
    ("passes", "def f(a, b): pass\nx = y = 1\nf(x, b=y)", {"x", "y"}),
    ("passes", "def f(*a): pass\nx = [1]\nf(*x)", {"x"}),
    ("passes", "def f(a): pass\nx = [[1]]\nf(x[0])", {"x"}),
    ("passes", "x = [1]\nprint(x)\nlen(x)\nsorted(x)", set()),
    ("calls", "def f(): pass\nf()", {"f"}),
    ("calls", "def d(g): return g\n@d\ndef f(): pass", {"d"}),
]


@pytest.mark.parametrize(("field", "source", "names"), FIELDS)
def test_what_a_run_did_to_objects(field: str, source: str, names: set[str]) -> None:
    """Methods, whatever they are called, stores into it, and calls that it was handed to."""
    assert run(source).names(field) == names


@pytest.mark.parametrize(
    ("source", "acts"),
    [
        ("x = 1", False),
        ("print(len([1]))", False),
        ("'a b'.split()", True),
        ("import os", False),
        ("import os\nos.getcwd()", True),
        ("import os\nos.environ['NBRERUN_TEST'] = 'a'\ndel os.environ['NBRERUN_TEST']", True),
        ("def f(): pass", False),
        ("def f(): pass\nf()", True),
        ("if False:\n    f()", False),
    ],
)
def test_a_cell_acts_when_it_calls_what_may_change_anything(source: str, acts: bool) -> None:
    """Only then can a setting have been set by it."""
    assert run(source).acted() is acts


NEWS = {
    "rows = []\nrows.append(read())": {"rows"},
    "rows.sort()\nx = read()": {"x"},
    "rows.sort()\nif read():\n    x = len(rows)": {"x"},
    "rows.append(path.join(read()))": {"rows"},
    "x = read()\nn, names = 5, ['a']\ny = x": {"x", "y"},
    "x = read()\nfound = []\nfound.append(x)": {"x", "found"},
    "for i in [1]:\n    x = 0\n    x = x + read()": {"x"},
    "x = read()\nrows.append(x)": {"x", "rows"},
}


@pytest.mark.parametrize("source", NEWS)
def test_what_was_touched_since_a_file_was_read(source: str) -> None:
    """The statement that reads it counts as well, and not the ones before it; nor does what stands in the cell."""
    begun: list[int] = []

    def read() -> str:
        begun.append(tracer.count())
        return "text"

    namespace: dict[str, Any] = {"__name__": "__main__", "read": read, "rows": [], "path": SimpleNamespace(join=str)}
    tracer = Tracer()
    tree = tracer.visit(ast.parse(source.replace("x = 0", "x = ''")))
    tracer.install(SimpleNamespace(ast_transformers=[]))
    try:
        exec(compile(tree, "<cell>", "exec"), namespace)
    finally:
        tracer.remove(SimpleNamespace(ast_transformers=[tracer]))
    assert tracer.touched_since(begun[0], set(), set()) == NEWS[source]
    assert tracer.bound_at(begun[0]) == ({"x"} if "x = read()" in source or "x + read()" in source else set())


CALLED = {
    "m = read()": set(),
    "m = read()\nm.fit(x)": {"m"},
    "m.fit(x)\nn = read()": set(),
    "m.fit(read())": set(),
    "d = read()\nm = make(d)": {"m"},
    "d = read()\nm = make(d)\nm.w = d": set(),
    "d = read()\nm.w = d\nm.fit(x)": {"m"},
    "d = read()\nm.w[0] = d": set(),
    "d = read()\nfill(m, d)": set(),
    "d = read()\nm = make(d)\nfill(m, d)": set(),
    "d = read()\nfill(m, d)\nm.fit(x)": {"m"},
    "d = read()\nif d:\n    m.fit(x)\nelse:\n    n.fit(x)": {"m"},
    "with manager(read()) as f:\n    m = make(f)": set(),
    "with manager(read()) as f:\n    d = make(f)\nm = make(d)": {"m"},
    "def f():\n    global m\n    d = read()\n    m = make(d)\nf()": {"m"},
    "def f():\n    global m\n    m = read()\nf()": set(),
    "def f():\n    return read()\nm = f()": set(),
    "def f():\n    return read() and m\nm = f()\nm.fit(x)": {"m"},
    "print(read())\nm.fit(x)": {"m"},
    "d = read()\nfrom math import *": {name for name in vars(math) if not name.startswith("_")},
}


@pytest.mark.parametrize("source", CALLED)
def test_what_had_a_method_called_since_a_file_was_read(source: str) -> None:
    """After the statement that reads it; what is then stored into or passed to a call has its value from there."""
    begun: list[int] = []

    def read() -> str:
        begun.append(tracer.count())
        return "text"

    model = SimpleNamespace(fit=id, w=[0])
    namespace: dict[str, Any] = {
        "__name__": "__main__",
        "read": read,
        "make": lambda d: SimpleNamespace(fit=id),
        "fill": lambda m, d: None,
        "manager": contextlib.nullcontext,
        "m": model,
        "x": 1,
    }
    tracer = Tracer()
    tree = tracer.visit(ast.parse(source.replace("m = read()", "m = read() and m")))
    tracer.install(SimpleNamespace(ast_transformers=[]))
    try:
        exec(compile(tree, "<cell>", "exec"), namespace)
    finally:
        tracer.remove(SimpleNamespace(ast_transformers=[tracer]))
    assert tracer.called_since(begun[0]) == CALLED[source]


def test_imported_names_are_told_from_bound_ones() -> None:
    """A name that is imported and then bound otherwise is not an import."""
    assert run("import os, sys as s\nfrom json import dumps\nx = 1").imported() == {"os", "s", "dumps"}
    assert run("import os\nos = 1").imported() == set()


GOES_ON: dict[str, tuple[str, dict[str, int], set[str]]] = {
    # a cell, the names that it leaves, and those that a statement bound or wrote to
    "nothing raises": ("x = 1\ny = 2", {"x": 1, "y": 2}, {"x", "y"}),
    "the first raises": ("x = 1 / 0\ny = 2", {"y": 2}, {"y"}),
    "the last raises": ("x = 1\ny = 1 / 0", {"x": 1}, {"x"}),
    "two raise": ("x = 1 / 0\ny = 2\nz = y + x\nw = 3", {"y": 2, "w": 3}, {"y", "w"}),
    "a call raises": ("x = [1]\nx.remove(2)\nn = 5", {"n": 5}, {"x", "n"}),
    "a statement in a block raises": (
        "if True:\n    x = 1\n    y = 1 / 0\n    z = 3\nw = 4",
        {"x": 1, "z": 3, "w": 4},
        {"x", "z", "w"},
    ),
    "a statement raises that a block does not wait for": (
        "try:\n    x = 1 / 0\n    y = 2\n    raise KeyError\nexcept (KeyError, ValueError):\n    z = 3",
        {"y": 2, "z": 3},
        {"y", "z"},
    ),
    "a block waits for anything": ("try:\n    x = 1 / 0\n    y = 2\nexcept:\n    z = 3", {"z": 3}, {"z"}),
    "an outer block waits for it": (
        "try:\n    if True:\n        x = 1 / 0\n    y = 2\nexcept ArithmeticError:\n    z = 3",
        {"z": 3},
        {"z"},
    ),
    "a statement in a handler raises": (
        "try:\n    1 / 0\nexcept ZeroDivisionError:\n    x = 1 / 0\n    y = 2",
        {"y": 2},
        {"y"},
    ),
    "a loop that would never end": ("n = 3\nwhile n:\n    n -= 1 / (n - 2)\ny = 1", {"n": 2.0, "y": 1}, {"n", "y"}),
    "a loop raises": ("for i in [1, 0]:\n    x = 1 / i\ny = 2", {"i": 0, "x": 1, "y": 2}, {"i", "x", "y"}),
    "from the future": (
        "from __future__ import annotations\nx: Any = 1\ny = 1 / 0\nz = 2",
        {"x": 1, "z": 2},
        {"x", "z"},
    ),
    "the cell's own handling": (
        "try:\n    x = 1 / 0\nexcept ZeroDivisionError:\n    x = 2\ny = 3",
        {"x": 2, "y": 3},
        {"x", "y"},
    ),
}


@pytest.mark.parametrize("case", GOES_ON)
def test_a_statement_that_raises_takes_no_other_with_it(case: str) -> None:
    """It is skipped, and neither binds nor writes, unless the cell itself waits for what it raises."""
    source, left, touched = GOES_ON[case]
    namespace: dict[str, Any] = {}
    tracer = run(source, namespace, goes_on=True)
    assert {name: value for name, value in namespace.items() if type(value) in (int, float)} == left
    assert tracer.touched_by(raised=False).keys() - {"annotations"} == touched


def test_a_statement_that_wrote_before_it_raised_is_skipped_as_a_whole() -> None:
    """`rows.append(read(path))` with a `read` that raises has not written to `rows`."""
    tracer = run("rows.append(read('f'))\nn = 1", {"rows": [], "read": open, "__name__": "__main__"}, goes_on=True)
    assert tracer.touched_by(raised=False).keys() == {"n"}


def test_only_exceptions_are_skipped() -> None:
    """Ctrl-C and `exit()` end the run."""
    namespace: dict[str, Any] = {}
    with pytest.raises(KeyboardInterrupt):
        run("x = 1\nraise KeyboardInterrupt\ny = 2", namespace, goes_on=True)
    assert (namespace["x"], "y" in namespace) == (1, False)
    with pytest.raises(ZeroDivisionError):
        run("x = 1 / 0\ny = 2", namespace)


def test_a_cell_that_awaits_goes_on_as_well() -> None:
    """IPython compiles it with top-level `await`."""
    tracer, namespace = Tracer(goes_on=True), {"asyncio": asyncio}
    shell = SimpleNamespace(ast_transformers=[])
    tracer.install(shell)
    try:
        tree = tracer.visit(ast.parse("x = await missing()\nawait asyncio.sleep(0)\ny = 2"))
        code = compile(tree, "<cell>", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        asyncio.run(eval(code, namespace))
    finally:
        tracer.remove(shell)
    assert ("x" in namespace, namespace["y"]) == (False, 2)
    assert tracer.touched_by(raised=False).keys() - {"asyncio"} == {"y"}


@pytest.mark.parametrize("goes_on", [False, True])
def test_a_text_may_stand_before_imports_from_the_future(goes_on: bool) -> None:
    """As in a module: no mark stands before them, and they bind names like any other import."""
    namespace: dict[str, Any] = {}
    source = "'About this cell.'\nfrom __future__ import annotations\nx: Unknown = 1"
    tracer = run(source, namespace, goes_on)
    assert namespace["x"] == 1
    assert tracer.touched_by(raised=False).keys() == {"annotations", "x"}
    assert tracer.imported() == {"annotations"}


IN_FUNCTIONS = {
    # what a statement inside a function does to the notebook's names: bound, stored into
    "def f():\n    global x\n    x = 1\nf()": ({"f", "x"}, set()),
    "def f():\n    global x\n    if False:\n        x = 1\nf()": ({"f"}, set()),
    "def f():\n    x = 1\nf()": ({"f"}, set()),
    "def f():\n    global os\n    import os\nf()": ({"f", "os"}, set()),
    "d = {}\ndef f():\n    d['a'] = 1\nf()": ({"d", "f"}, {"d"}),
    "d = {}\ndef f(d):\n    d['a'] = 1\nf({})": ({"d", "f"}, set()),
    "d = {}\ndef f():\n    def g():\n        d['a'] = 1\n    g()\nf()": ({"d", "f"}, {"d"}),
    "d = {}\ndef f(d):\n    def g():\n        d['a'] = 1\n    g()\nf({})": ({"d", "f"}, set()),
    "d = {}\nclass C:\n    def f(self):\n        d['a'] = 1\nC().f()": ({"C", "d"}, {"d"}),
    "d = {}\nasync def f():\n    d['a'] = 1\nf().close()": ({"d", "f"}, set()),
    "def f():\n    'text'\n    global x\n    x = 1\nassert f.__doc__ == 'text'\nf()": ({"f", "x"}, set()),
}


@pytest.mark.parametrize("source", IN_FUNCTIONS)
def test_statements_in_functions_count_when_they_run(source: str) -> None:
    """With the names of the notebook, and not with the function's own."""
    tracer = run(source)
    assert (tracer.names("binds"), tracer.names("stores")) == IN_FUNCTIONS[source]


STORED = {
    "def f(d): d['a'] = 1\nf(one)": {"one"},
    "def f(x, *, d): d['a'] = x\nf(1, d=one)": {"one"},
    "def f(d):\n    if not d: d['a'] = 1\nf(one)": set(),
    "def f(d): return d['a']\none['a'] = 1\nf(two)": set(),
    "def f(d): print(d)\nf(one)": set(),
    "def f(d):\n    d = dict(d)\n    d['a'] = 1\nf(one)": set(),
    "def f(d):\n    def g(e): e['a'] = 1\n    g(d)\nf(one)\nf(two)": {"one", "two"},
    "class C:\n    def m(self): self.a = 1\nc = C()\nc.m()": {"c"},
    "def f(d): d.a = 1\nid = None\nf(thing)": {"thing"},
    "def f(d): d.update(a=1)\nf(one)": set(),
    "def f(d): del d['x']\nf(one)": {"one"},
    "parts = [one]\nfor each in parts: each['a'] = 1": {"one", "parts", "each"},
    "part = two['b']\npart['a'] = 1": {"part", "two"},
    "one['a'] = 1": set(),
    "def f(d):\n    for each in d['b'].values(): each['a'] = 1\nf(two)": {"two"},
    "for each in two['b'].values(): print(each)": set(),
    "for each in two['b'].values():\n    if not each: each['a'] = 1": set(),
}


@pytest.mark.parametrize("source", STORED)
def test_what_is_stored_into_under_another_name(source: str) -> None:
    """It is stored into the variable that holds the object; a call may do anything or nothing."""
    part = {"c": {"d": 3}}
    namespace: dict[str, Any] = {"one": {"x": 1}, "two": {"a": 2, "b": part}, "thing": SimpleNamespace()}
    assert run(source, namespace).stored_inside(namespace, ["two", "parts", "gone"]) == STORED[source]


def test_what_a_function_raises_reaches_its_caller() -> None:
    """Though statements that raise are skipped otherwise."""
    source = "def f():\n    raise KeyError\ndef g():\n    global x\n    1 / 0\n    x = 1\n"
    assert "y" in run(source + "try:\n    f()\nexcept KeyError:\n    y = 1", goes_on=True).names("binds")
    assert "x" in run(source + "g()", goes_on=True).names("binds")


def test_a_generator_that_goes_on_later_does_not_count() -> None:
    """Its marks are those of a run that is over."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    run("def f():\n    global x\n    yield\n    x = 1\ng = f()\nnext(g)", namespace)
    assert next(namespace["g"], None) is None
    run("h = f()\nnext(h)", namespace)
    assert run("next(h, None)", namespace).names("binds") == set()


def test_a_statement_has_the_same_place_in_every_run() -> None:
    """Whatever ran in between, and whether the run goes on after errors: runs are compared by it."""
    source = "def f():\n    global x\n    x = 1\nf()\ny = 2\nx = 3"
    runs = [run(source).touched_by(raised=False), run(source, goes_on=True).touched_by(raised=False)]
    assert runs[0] == runs[1]
    assert len(runs[0]["x"]) == 2


TRIES = "def g():\n    try:\n        a\n    except NameError:\n        pass\ndef h():\n    return b\n"
"""Only where `g` is called may anything go on without a name."""

NEEDS: dict[str, list[str]] = {
    # from the source to the names that the run looked up, in order; `a` to `d` and `f` are there
    "x = f(a) + b": ["f", "a", "b"],
    "a = a + 1\na += 2": ["a"],
    "a += b": ["a", "b"],
    "x = a\nx + b": ["a", "b"],
    "x = 1\nx": [],
    "c[a] = b": ["b", "c", "a"],
    "a and b": ["a"],
    "a if b else c": ["b"],
    "a < b < d": ["a", "b"],
    "assert a, b": ["a"],
    "lambda x=a: b": ["a"],
    "[x + b for x in c]": ["c"],
    "def g(x=a): return b": ["a"],
    "class G(object): y = b": ["object"],
    "for x in c: x + a": ["c", "a"],
    "for x in []: a": [],
    "if a: b\nelse: c": ["a", "b"],
    "while a:\n    b\n    break": ["a", "b"],
    "if (n := a): n": [],
    "with f(open)(__file__) as h: a": ["f", "open", "__file__", "a"],
    "try:\n    a\nexcept ValueError:\n    b\nc": ["c"],
    "try:\n    x = a\nexcept NameError:\n    x = b\nx + d": ["d"],
    TRIES + "h()": ["b"],
    TRIES + "g()\nh()": [],
    "if 'a' not in globals():\n    a = 1\na": ["globals"],
    "from math import *\na": [],
    "x: int = a": ["a"],
    "del a": ["a"],
}


@pytest.mark.parametrize("source", NEEDS)
def test_names_without_which_the_run_does_not_go_on(source: str) -> None:
    """Those that were looked up whatever the values, and before the cell bound them."""
    values = {"a": 1, "b": 2, "c": {1: 3}, "d": 4, "f": lambda x: x, "__file__": __file__}
    assert list(run(source, values).needs()) == NEEDS[source]


def test_another_run_may_take_another_way() -> None:
    """So what runs only if something is so does not count, and what that binds is not missed."""
    tracer = run("if a:\n    x = b\nx + a", {"a": 1, "b": 2})
    assert list(tracer.needs()) == ["a", "b"]
    assert list(tracer.needs(other_ways=True)) == ["a"]


BOUND_FIRST: dict[str, set[str]] = {
    "x = 1": {"x"},
    "a = a + 1": set(),
    "a += 1": set(),
    "x = a\nx += 1": {"x"},
    "for i in [1]:\n    x = i\nx": {"i", "x"},
    "for a in [a]: pass": set(),
    "f = lambda: x\nx = 1": {"f"},
    "x = [x for x in [1]]": set(),
    "if a: x = 1\nelse: y = x": {"x"},
    "with open(__file__) as h: x = h": {"h", "x"},
    "x = 1\nglobals()['y']": set(),
}


@pytest.mark.parametrize("source", BOUND_FIRST)
def test_names_that_are_bound_before_they_are_mentioned(source: str) -> None:
    """The run does not depend on what they held before."""
    namespace = {"a": 1, "y": 2, "__file__": __file__}
    assert run(source, namespace).bound_first() == BOUND_FIRST[source]
