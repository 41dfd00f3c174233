"""What a cell can reach, and what a run of it bound."""

from __future__ import annotations

import ast
import builtins
from textwrap import dedent
from types import SimpleNamespace
from typing import Any

import pytest

from nbrerun.probe.marks import Marks
from nbrerun.probe.reach import (
    global_stores,
    incidental,
    reachable,
    seeds,
    static_binds,
    through_calls,
)
from tests.unit.probe.looking import notebook


def run(source: str, namespace: dict[str, Any] | None = None) -> Marks:
    """Run a cell as IPython does, with the marks among its syntax tree transformers."""
    shell = SimpleNamespace(ast_transformers=[])
    marks = Marks()
    marks.install(shell)
    try:
        tree = ast.parse(dedent(source))
        for transformer in shell.ast_transformers:
            tree = transformer.visit(tree)
        exec(compile(tree, "<cell>", "exec"), namespace if namespace is not None else {"__name__": "__main__"})
    finally:
        marks.remove(shell)
    assert shell.ast_transformers == []
    return marks


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
    marks = Marks()
    shell = SimpleNamespace(ast_transformers=[])
    marks.install(shell)
    tree = marks.visit(ast.parse("x = 1\ny = 1 / 0\nz = 1"))
    with pytest.raises(ZeroDivisionError):
        exec(compile(tree, "<cell>", "exec"), {})
    marks.remove(shell)
    assert marks.names("binds") == {"x"}


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
    ("writes", "x = []\nx.count(1)\nlen(x)\nx.copy()", set()),
    ("writes", "x = {}\nx.setdefault('a', 1)", set()),
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
    """Methods that may change their object, stores into it, and calls that it was handed to."""
    assert run(source).names(field) == names


@pytest.mark.parametrize(
    ("source", "acts"),
    [
        ("x = 1", False),
        ("print(len([1]))", False),
        ("'a b'.split()", False),
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


def test_imported_names_are_told_from_bound_ones() -> None:
    """A name that is imported and then bound otherwise is not an import."""
    assert run("import os, sys as s\nfrom json import dumps\nx = 1").imported() == {"os", "s", "dumps"}
    assert run("import os\nos = 1").imported() == set()


NAMESPACE = """
limit = 3
unused = 4
def inner(): return limit
def outer(): return inner()
class Model:
    def fit(self): return outer()
model = Model()
def decorated(f):
    from functools import wraps
    @wraps(f)
    def wrapper(): return f()
    return wrapper
@decorated
def work(): return limit
"""


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("limit + 1", {"limit"}),
        ("limit = 1", set()),
        ("limit = limit + 1", {"limit"}),
        ("limit += 1", {"limit"}),
        ("limit = 1\nlimit + 1", set()),
        ("if False:\n    limit = 1\nlimit + 1", {"limit"}),
        ("del limit", {"limit"}),
        ("inner()", {"inner", "limit"}),
        ("outer()", {"outer", "inner", "limit"}),
        ("Model().fit()", {"Model", "outer", "inner", "limit"}),
        ("model.fit()", {"model", "outer", "inner", "limit"}),
        ("work()", {"work", "limit"}),
        ("lambda: limit", {"limit"}),
        ("[unused for _ in range(limit)]", {"unused", "limit"}),
        ("get_ipython().run_line_magic('time', 'outer()')", {"outer", "inner", "limit"}),
        ("get_ipython().run_cell_magic('time', '', 'y = unused\\n')", {"unused"}),
        ("this is no Python", None),
    ],
)
def test_inputs_of_a_cell_are_followed_through_functions(source: str, names: set[str] | None) -> None:
    """Functions, classes, instances and decorated functions lead on; a name that is bound first does not count."""
    namespace = notebook(NAMESPACE)
    ours = {"limit", "unused", "inner", "outer", "Model", "model", "work"}
    assert reachable(source, namespace) & ours == (ours if names is None else names)


def test_names_that_called_functions_reach() -> None:
    """Not the functions themselves, but what they mention, and so on."""
    assert through_calls({"outer"}, notebook(NAMESPACE)) & {"outer", "inner", "limit", "unused"} == {"inner", "limit"}
    assert through_calls({"missing"}, notebook(NAMESPACE)) == set()


def test_functions_that_refer_to_each_other_are_followed_once() -> None:
    """A circle of functions comes to an end."""
    namespace = notebook("def ping(): return pong()\ndef pong(): return ping()")
    assert reachable("ping()", namespace) == {"ping", "pong"}


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
    ("source", "seeded"),
    [
        ("import random\nrandom.seed(1)", True),
        ("np.random.seed(1)", True),
        ("tf.random.set_seed(1)", True),
        ("torch.manual_seed(1)", True),
        ("rng.set_state(state)", True),
        ("random.setstate(state)", True),
        ("seed_everything()", True),
        ("prepare()", True),
        ("random.random()", False),
        ("seed = 1", False),
        ("not Python at all", False),
    ],
)
def test_seeding_is_noticed(source: str, seeded: bool) -> None:
    """A call that sets a generator, in the cell or in a function that it calls."""
    namespace = notebook("import random\ndef prepare(): random.seed(0)")
    assert seeds(source, {"prepare"} if "prepare" in source else set(), namespace) is seeded


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


def test_global_statements_in_functions_bind() -> None:
    """Also in a function inside of a function; reading a global does not."""
    namespace = notebook(
        """
        def sets():
            global model
            model = 1
        def nested():
            def inner():
                global other
                del other
            return inner
        def reads(): return model
        """
    )
    assert global_stores({"sets", "nested", "reads", "missing"}, namespace) == {"model", "other"}
