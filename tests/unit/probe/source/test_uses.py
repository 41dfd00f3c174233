"""What a cell can reach, and what a run of it bound."""

from __future__ import annotations

import ast
import builtins
import functools
import sys
from collections.abc import Callable
from textwrap import dedent
from types import SimpleNamespace
from typing import Any

import pytest

from nbrerun.probe.execute.tracer import Marks
from nbrerun.probe.source.dependencies import global_stores, pickles, reachable, seeds, through_calls, trains
from nbrerun.probe.source.inputs import incidental, static_binds
from nbrerun.probe.source.statements import look_at
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


NEWS = {
    "rows = []\nrows.append(read())": {"rows"},
    "rows.sort()\nx = read()": {"x"},
    "rows.sort()\nif read():\n    x = len(rows)": {"x"},
    "rows.append(path.join(read()))": {"rows"},
    "x = read()\nn, names = 5, ['a']\ny = x": {"x", "y"},
    "x = read()\nfound = []\nfound.append(x)": {"x", "found"},
    "for i in [1]:\n    x = 0\n    x = x + read()": {"x"},
}


@pytest.mark.parametrize("source", NEWS)
def test_what_was_touched_since_a_file_was_read(source: str) -> None:
    """The statement that reads it counts as well, and not the ones before it; nor does what stands in the cell."""
    begun: list[int] = []

    def read() -> str:
        begun.append(len(marks.ran))
        return "text"

    namespace: dict[str, Any] = {"__name__": "__main__", "read": read, "rows": [], "path": SimpleNamespace(join=str)}
    marks = Marks()
    tree = marks.visit(ast.parse(source.replace("x = 0", "x = ''")))
    marks.install(SimpleNamespace(ast_transformers=[]))
    try:
        exec(compile(tree, "<cell>", "exec"), namespace)
    finally:
        marks.remove(SimpleNamespace(ast_transformers=[marks]))
    assert marks.touched_since(begun[0], set()) == NEWS[source]


LOADS = {
    "m = pickle.loads(data)": {"m"},
    "m, n = joblib.load(path)['m'], 1": set(),
    "m = load_model(path).inner[0]": {"m"},
    "clf.coef_ = w": {"clf"},
    "clf.coef_, clf.b_ = w": {"clf"},
    "clf.C = c": set(),
    "m = load(path).fit(x)": set(),
    "m = build(load(path))": set(),
}


@pytest.mark.parametrize("source", LOADS)
def test_what_was_learnt_before_is_told_from_what_is_made(source: str) -> None:
    """What a loading function returns, and a value for an attribute that only fitting gives."""
    assert look_at(ast.parse(source).body[0]).loads == LOADS[source]


@pytest.mark.parametrize(
    ("source", "trained"),
    [("m.partial_fit(x)", True), ("step(m)", True), ("rate(m)", False), ("benefit(m)", False), ("step", True)],
)
def test_training_is_noticed(source: str, trained: bool) -> None:
    """By the cell itself or by a function of the notebook that it mentions."""
    namespace = notebook("def step(m): m.fit(1)\ndef rate(m): return m.score(1)")
    assert trains(source, reachable(source, namespace), namespace) is trained


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
    if source.startswith("match") and sys.version_info < (3, 10):
        assert reachable("x", {}) == {"x"}  # Python has no such statement yet
    else:
        assert reachable(source, {}) == INPUTS[source]


DECORATED = """
import functools
limit = bias = 3
class Net:
    def __init__(self): self.bias = limit; self.cached()
    @staticmethod
    def still(): return one
    @classmethod
    def of(cls): return two
    @property
    def size(self): return three
    @functools.cached_property
    def kept(self): return four
    @functools.lru_cache(None)
    def cached(self): return five
    class Inner:
        def deep(self): return six
one = two = three = four = five = six = 0
net = Net()
@functools.lru_cache(None)
def remembered(x): return limit
def plain(f):
    def run(*a): return f(*a), bias
    return run
@plain
def put_around(x): return limit
@plain
@functools.lru_cache(None)
def twice(x): return limit
given = functools.partial(plain(lambda a, f: limit), 1, f=lambda: bias)
bound = net.cached
class Holder:
    def __init__(self, f): self.f = f
    def __call__(self): return self.f()
held = Holder(lambda: limit)
unbound = Holder(None)
"""

OF_A_CLASS = {"limit", "one", "two", "three", "four", "five", "six"}


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("Net", OF_A_CLASS),
        ("net", OF_A_CLASS),
        ("remembered", {"limit"}),
        ("put_around", {"limit", "bias"}),
        ("twice", {"limit", "bias"}),
        ("given", {"limit", "bias"}),
        ("bound", OF_A_CLASS),
        ("held", {"limit"}),
        ("unbound", set()),
        ("functools", set()),
    ],
)
def test_wrapped_functions_and_methods_lead_on_and_attributes_do_not(name: str, names: set[str]) -> None:
    """A decorator hides its function; an attribute of the same name as a variable is no variable."""
    assert reachable(name, notebook(DECORATED)) & (OF_A_CLASS | {"bias"}) == names


def _compiled(function: Callable[..., Any]) -> Any:
    """As tf.function and numba keep it, in objects whose classes are a library's."""
    return SimpleNamespace(_python_function=SimpleNamespace(py_func=functools.partial(function)))


def test_functions_that_libraries_have_compiled_lead_on() -> None:
    """They are found in the object's own attributes."""
    namespace = notebook("limit = 1\ndef work(): return limit")
    namespace["compiled"] = _compiled(namespace["work"])
    assert reachable("compiled()", namespace) == {"compiled", "limit"}


def test_what_a_function_of_a_library_looks_up_is_no_name_of_the_notebook() -> None:
    """It has a namespace of its own; what it does to generators counts all the same."""
    library: dict[str, Any] = {"__name__": "library"}
    exec("def prepare(): return limit.seed()", library)
    namespace = {**notebook("limit = 1"), "prepare": library["prepare"]}
    assert reachable("prepare()", namespace) == {"prepare"}
    assert seeds("prepare()", {"prepare"}, namespace)


def test_following_functions_calls_nothing_of_the_person() -> None:
    """Neither a property, nor what answers for missing attributes, nor what a class says of itself."""
    source = """
        limit, calls = 1, []
        class Watched:
            __dict__ = property(lambda self: calls.append(1))
            __class__ = property(lambda self: calls.append(2))
            __wrapped__ = property(lambda self: calls.append(3))
            def __getattribute__(self, name): calls.append(name)
            def __eq__(self, other): calls.append(limit)
            def __hash__(self): calls.append(4)
        watched = Watched()
        def around(): return watched
        def decorator(f): return lambda: f()
        put_around = decorator(watched)
    """
    namespace = notebook(source)
    assert {"limit", "watched"} < reachable("around(), put_around", namespace)
    assert namespace["calls"] == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("pickle.load(f)", True),
        ("joblib.dump(x, f)", True),
        ("frame.to_pickle(p)", True),
        ("torch.save(x, p)", True),
        ("keep()", True),
        ("print(x)", False),
        ("upload(x)", False),
        ("load = 1", False),
        ("not Python at all", False),
    ],
)
def test_pickling_is_noticed(source: str, expected: bool) -> None:
    """A call that may look up classes by their names, in the cell or in a function that it calls."""
    namespace = notebook("import pickle\ndef keep(): pickle.dumps(1)")
    assert pickles(source, {"keep"} if "keep" in source else set(), namespace) is expected


def test_names_that_called_functions_bind_are_theirs_to_change() -> None:
    """A `global` statement deep down counts, also where nothing looks the name up."""
    source = "count = 0\ndef inner():\n    global count\n    count = 1\ndef outer(): inner()"
    assert through_calls({"outer"}, notebook(source)) == {"inner", "count"}
    assert "count" not in reachable("outer()", notebook(source))


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
