"""What a cell can reach and may bind through the functions that it mentions."""

from __future__ import annotations

import dis
import functools
import linecache
import types
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from nbrerun.probe.source.dependencies import (
    global_names,
    global_stores,
    pickles,
    reachable,
    through_calls,
)
from tests.unit.probe.looking import notebook

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
        ("get_ipython().magic('time outer()')", {"outer", "inner", "limit"}),
        ("database.run_query('limit')", set()),
        ("this is no Python", None),
    ],
)
def test_inputs_of_a_cell_are_followed_through_functions(source: str, names: set[str] | None) -> None:
    """Functions, classes, instances and decorated functions lead on; a name that is bound first does not count."""
    namespace = notebook(NAMESPACE)
    ours = {"limit", "unused", "inner", "outer", "Model", "model", "work"}
    assert reachable(source, namespace) & ours == (ours if names is None else names)


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
    """It has a namespace of its own."""
    library: dict[str, Any] = {"__name__": "library"}
    exec("def prepare(): return limit", library)
    namespace = {**notebook("limit = 1"), "prepare": library["prepare"]}
    assert reachable("prepare()", namespace) == {"prepare"}


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


def test_code_is_disassembled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A function is asked for its names at every cell; the functions inside it count as its own."""
    asked: list[types.CodeType] = []
    disassemble = dis.get_instructions

    def counting(code: types.CodeType) -> Any:
        asked.append(code)
        return disassemble(code)

    monkeypatch.setattr(dis, "get_instructions", counting)
    code = notebook("def outer():\n    def inner(): return limit\n    return inner")["outer"].__code__
    assert [global_names(code).looked_up for _ in range(3)] == [{"limit"}] * 3
    assert len(asked) == 2


def test_the_source_of_a_function_is_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """It shows whether a name under `global` is bound first; each cell that reaches the function asks for that."""
    asked: list[str] = []
    source = "def count():\n    global n\n    n = 1\n    return n"

    def counting(file: str, *_: Any) -> list[str]:
        asked.append(file)
        return source.splitlines(keepends=True)

    monkeypatch.setattr(linecache, "getlines", counting)
    namespace = notebook(source)
    assert [reachable("count()", namespace) for _ in range(3)] == [{"count"}] * 3
    assert asked == ["<cell>"]


def test_what_is_remembered_of_code_is_not_taken_for_that_of_other_code() -> None:
    """A new function often lies where a deleted one was."""
    for number in range(100):
        code = compile(f"name_{number}", "<cell>", "exec")
        assert global_names(code).looked_up == {f"name_{number}"}
        del code


def test_code_with_constants_that_cannot_be_hashed() -> None:
    """Libraries that rewrite code put any object among its constants."""
    function = notebook("def f(): return limit + 1")["f"]
    function.__code__ = function.__code__.replace(co_consts=(None, [1]))
    assert global_names(function.__code__).looked_up == {"limit"}
