"""The walk from a name to the leaves: what counts as value, and that looking has no effect."""

from __future__ import annotations

import copy
import functools
import gc
import importlib.util
import sys
import weakref
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import nbrerun.probe
from nbrerun.probe.adapters.generic import Described
from nbrerun.probe.describe.node import ADAPTERS, Node
from nbrerun.probe.read.parts import digests_of_parts, leaves
from nbrerun.probe.read.walk import Reader
from tests.unit.probe.looking import digest, moved, notebook, paths, read


class Box:
    """An object with whatever attributes it is given."""

    def __init__(self, **attributes: Any) -> None:
        self.__dict__.update(attributes)


NAN = float("nan")

EQUAL = {
    "numbers": lambda: [1, 2.5, 3j, True, None, ...],
    "texts": lambda: ("a" * 1000, "\udc80", b"\x00" * 1000),
    "big integers": lambda: [10**5000, -(2**63), 2**63],
    "not a number": lambda: [float("nan"), -0.0],
    "nested containers": lambda: {"a": [1, (2, {3, frozenset({4})})], (1, 2): [[], {}, ()]},
    "objects": lambda: Box(a=Box(b=[1, 2]), c=None),
    "ordered": lambda: OrderedDict(a=1, b=[2]),
    "counted": lambda: Counter("abracadabra"),
    "default": lambda: defaultdict(list, a=[1]),
    "queue": lambda: deque([1, [2]], maxlen=5),
}


@pytest.mark.parametrize("case", EQUAL)
def test_equal_values_have_equal_digests(case: str) -> None:
    """Two values made in the same way are equal, though they lie elsewhere in memory."""
    one, other = EQUAL[case](), EQUAL[case]()
    assert digest(one) == digest(other) == digest(copy.deepcopy(one))
    assert moved(one, other) == {}


def test_all_cases_of_equal_values_differ_from_each_other() -> None:
    """A digest that is always the same would pass every test of equality."""
    assert len({digest(make()) for make in EQUAL.values()}) == len(EQUAL)


def test_what_lies_at_an_address_does_not_matter() -> None:
    """Aliases, interned texts and cached numbers are read as the values that they are."""
    word = "".join(["inter", "ned"])
    shared = [1.5]
    assert digest([word, "interned"]) == digest(["interned", sys.intern("".join(["inter", "ned"]))])
    assert digest([shared, shared]) == digest([[1.5], [1.5]])


DIFFERENT = [
    (True, 1),
    (1, 1.0),
    (1.0, 1 + 0j),
    (0.0, -0.0),
    (float("nan"), 0.0),
    (None, False),
    (None, ...),
    ("1", 1),
    ("a", b"a"),
    (b"a", bytearray(b"a")),
    ("", []),
    ([], ()),
    ((), {}),
    ({}, set()),
    (set(), frozenset()),
    ({"a": 1}, [("a", 1)]),
    ([1, 2], [2, 1]),
    ([1, [2, 3]], [[1, 2], 3]),
    ([[1], []], [[], [1]]),
    (["ab", "c"], ["a", "bc"]),
    ([["ab", []], "c"], [["a", []], "bc"]),
    ({1: "a", 2: "b"}, {1: "b", 2: "a"}),
    ({True: "a"}, {1: "a"}),
    ({"a": None}, {}),
    ({"a", "b"}, {"a", "b", "c"}),
    ({(1, 2), (3, 4)}, {(1, 4), (3, 2)}),
    (Box(a=1), Box(b=1)),
    (Box(a=1), Box(a=1, b=None)),
    (Box(a=1), {"a": 1}),
    (Box(ab=1, c=1), Box(a=1, bc=1)),
    (OrderedDict(a=1, b=2), OrderedDict(b=2, a=1)),
    (OrderedDict(a=1), {"a": 1}),
    (deque([1], 3), deque([1], 4)),
    (10**30, 10**30 + 1),
    ("a" * 5000 + "b", "a" * 5000 + "c"),
]


@pytest.mark.parametrize("pair", DIFFERENT)
def test_different_values_have_different_digests(pair: tuple[Any, Any]) -> None:
    """Type, sign, order where there is one, and nesting are value, on their own and inside of a list."""
    one, other = pair
    assert digest(one) != digest(other)
    assert digest([one, Box()]) != digest([other, Box()])


def test_the_order_of_a_dict_and_a_set_is_not_value() -> None:
    """Whatever their keys are."""
    key = Box(a=1)
    assert digest({"a": 1, "b": [2]}) == digest({"b": [2], "a": 1})
    assert digest({1: 1, key: 2, (3,): 3}) == digest({(3,): 3, key: 2, 1: 1})
    numbers = [2**61, 0, 2**61 - 1, 7, 15]
    backward = numbers[::-1]
    assert digest(set(numbers)) == digest(set(backward))
    assert digest({(number,) for number in numbers}) == digest({(number,) for number in backward})


def cycle(length: int, value: int = 0) -> list[Any]:
    """Lists that contain each other in a circle."""
    ring: list[list[Any]] = [[value] for _ in range(length)]
    for one, following in zip(ring, [*ring[1:], ring[0]], strict=True):
        one.append(following)
    return ring[0]


def test_cycles_are_values_like_others() -> None:
    """Equal circles are equal, one with another value in it is not, nor is one of another length."""
    assert digest(cycle(3)) == digest(cycle(3))
    assert digest(cycle(3)) != digest(cycle(3, 1))
    assert digest(cycle(3)) != digest(cycle(4))
    assert digest(cycle(1)) != digest([0, []])


def test_how_far_up_a_cycle_leads_is_value() -> None:
    """Back to the whole is not back to the part."""
    one, other = Box(part=Box()), Box(part=Box())
    one.part.back = one  # type: ignore[attr-defined]
    other.part.back = other.part  # type: ignore[attr-defined]
    assert digest(one) != digest(other)


def test_a_change_inside_of_a_cycle_is_seen() -> None:
    """However far from where the walk begins."""
    before, after = cycle(50), cycle(50)
    far = after
    for _ in range(30):
        far = far[1]
    far.append("new")
    assert digest(before) != digest(after)


def family() -> dict[str, Any]:
    """A tree whose children know their parents."""
    parent = Box(name="parent", children=[])
    parent.children = [Box(name=str(i), parent=parent) for i in range(3)]
    return {"tree": parent, "favourite": parent.children[1]}


def test_objects_that_know_their_parents_are_read() -> None:
    """The same tree is equal, met from above or from within; another favourite is another value."""
    one, other = family(), family()
    assert digest(one) == digest(other)
    other["favourite"] = other["tree"].children[2]
    assert digest(one) != digest(other)


def test_a_new_name_for_a_part_of_a_cycle_changes_no_other_value() -> None:
    """`child = tree.children[1]` leaves `tree` as it is, whichever of them is read first."""
    tree = family()["tree"]
    for first in (tree.children[1], tree.children, tree.children[2]):
        reader = Reader()
        reader.read("another name", first)
        assert reader.read("tree", tree).digest == digest(tree)


def test_an_object_outside_of_a_cycle_that_leads_into_it() -> None:
    """Whoever holds a member of a cycle is read the same, whatever was read before."""
    ring = cycle(4)
    holder = Box(one=ring[1], other=ring[1][1])
    reader = Reader()
    reader.read("ring", ring)
    assert reader.read("holder", holder).digest == digest(holder)


def test_nesting_of_a_hundred_thousand_is_read() -> None:
    """A linked list may be longer than Python's own stack."""

    def chain(last: int) -> Any:
        link: Any = [last]
        for _ in range(100_000):
            link = [link]
        return link

    one, equal, other = (digest(chain(last)) for last in (1, 1, 2))
    assert one == equal != other


def test_a_linked_list_in_a_circle_is_read() -> None:
    """Doubly linked nodes, as courses on algorithms have them."""

    def linked(values: list[int]) -> Box:
        nodes = [Box(value=value) for value in values]
        for i, node in enumerate(nodes):
            node.next, node.previous = nodes[(i + 1) % len(nodes)], nodes[i - 1]  # type: ignore[attr-defined]
        return nodes[0]

    assert digest(linked([*range(1000)])) == digest(linked([*range(1000)]))
    assert digest(linked([*range(1000)])) != digest(linked([*range(999), 0]))


def test_shared_subtrees_are_read_once() -> None:
    """A value that doubles sixty times is read in sixty steps, not in 2 to the power of sixty."""

    def doubled(bottom: int) -> Any:
        value: Any = [bottom, Box()]
        for _ in range(60):
            value = [value, value]
        return value

    assert digest(doubled(1)) == digest(doubled(1))
    assert digest(doubled(1)) != digest(doubled(2))


def test_a_reader_reads_a_variable_anew_under_another_name() -> None:
    """What was met under one name counts the same under the next."""
    reader, shared = Reader(), [Box(a=1), Box(a=2)]
    first = reader.read("a", shared)
    assert reader.read("b", shared) == first
    assert reader.read("c", [shared]) == read([shared])


class Hostile:
    """Raises whatever is done with it, and notes that it was done."""

    calls: list[str] = []  # noqa: RUF012  shared on purpose: instances must stay plain

    def __init__(self, value: int) -> None:
        object.__setattr__(self, "value", value)

    def _refuse(self, *_: Any, **__: Any) -> Any:
        Hostile.calls.append("called")
        raise RuntimeError("do not touch")

    __eq__ = __ne__ = __lt__ = __hash__ = __bool__ = __len__ = __iter__ = __contains__ = _refuse  # type: ignore
    __getattribute__ = __getattr__ = __getitem__ = __call__ = __int__ = __float__ = _refuse  # type: ignore
    __repr__ = __str__ = __format__ = __dir__ = __sizeof__ = _refuse  # type: ignore
    __reduce__ = __reduce_ex__ = __getstate__ = __copy__ = __deepcopy__ = _refuse  # type: ignore
    __array__ = __class__ = property(_refuse)  # type: ignore
    shape = columns = closed = args = _mgr = property(_refuse)


class HostileList(list):  # type: ignore[type-arg]
    """A list that does not want to be looked at."""

    __iter__ = __len__ = __getitem__ = __repr__ = __eq__ = __reduce_ex__ = __bool__ = Hostile._refuse  # type: ignore
    __getattribute__ = Hostile._refuse  # type: ignore


class HostileDict(dict):  # type: ignore[type-arg]
    """A dict that does not want to be looked at."""

    __iter__ = __len__ = __getitem__ = __repr__ = items = keys = __missing__ = Hostile._refuse  # type: ignore
    __getattribute__ = Hostile._refuse  # type: ignore


class HostileInt(int):
    """A number that does not want to be looked at."""

    __int__ = __index__ = __repr__ = __eq__ = __hash__ = __bool__ = __getattribute__ = Hostile._refuse  # type: ignore


class HostileSet(set):  # type: ignore[type-arg]
    """A set that does not want to be looked at."""

    __iter__ = __len__ = __repr__ = __contains__ = Hostile._refuse  # type: ignore


class HostileQueue(deque):  # type: ignore[type-arg]
    """A queue that does not want to be looked at."""

    __iter__ = __len__ = __repr__ = __getitem__ = Hostile._refuse  # type: ignore


class HostileError(Exception):
    """An exception that does not want to be looked at."""

    __repr__ = __str__ = Hostile._refuse  # type: ignore
    args = property(Hostile._refuse)  # type: ignore[assignment]


class HostileSlots:
    """Slots, a property over one of them, and a `__getstate__`."""

    __slots__ = ("_value", "never_filled")

    def __init__(self, value: int) -> None:
        self._value = value

    value = property(Hostile._refuse)
    __getstate__ = Hostile._refuse  # type: ignore


HOSTILE = {
    "object": Hostile,
    "slots": HostileSlots,
    "list": lambda value: HostileList([value]),
    "dict": lambda value: HostileDict(a=value),
    "number": HostileInt,
    "set": lambda value: HostileSet({value}),
    "queue": lambda value: HostileQueue([value]),
    "exception": HostileError,
}


@pytest.fixture
def calls() -> Iterator[list[str]]:
    """What was called of hostile objects during a test."""
    gc.collect()
    Hostile.calls.clear()
    yield Hostile.calls
    Hostile.calls.clear()


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_objects_are_read_without_calling_them(case: str, calls: list[str]) -> None:
    """No method, property or special method of a person's object is called, and its value is read all the same."""
    one, equal, other = (HOSTILE[case](value) for value in (1, 1, 2))
    before = list(calls)  # a constructor of the language may call what it likes
    digests = [read(value) for value in (one, equal, other)]
    assert calls == before
    assert digests[0] == digests[1] != digests[2]
    assert all(not found.opaque for found in digests)


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_objects_are_taken_apart_without_calling_them(case: str, calls: list[str]) -> None:
    """Neither the parts nor their short texts ask the object."""
    one, other = HOSTILE[case](1), HOSTILE[case](2)
    before = list(calls)
    changed = moved(one, other)
    assert calls == before
    assert len(changed) > 0


HOLDERS = {
    "list": lambda item: [item],
    "tuple": lambda item: (item,),
    "dict": lambda item: {"a": item},
    "values": lambda item: {"a": item}.values(),
    "queue": lambda item: deque([item]),
    "items": lambda item: {"a": item}.items(),
    "slice": lambda item: slice(item),
    "exception": lambda item: ValueError(item),
    "iterator": lambda item: iter([item]),
    "map": lambda item: map(item, [1]),
    "partial": lambda item: functools.partial(item, item),
    "cell": lambda item: lambda: item,
    "weak reference": weakref.ref,
    "array": lambda item: np.array([None, item], dtype=object),
    "series": lambda item: pd.Series([item], dtype=object),
    "index": lambda item: pd.Index([item], dtype=object),
}


class Noisy:
    """Notes whenever it is asked for a text or compared; harmless otherwise, so that anything can hold it."""

    def _noted(self, *_: Any) -> Any:
        Hostile.calls.append("called")
        return "noisy"

    __repr__ = __str__ = __call__ = _noted  # type: ignore


@pytest.mark.parametrize("holder", HOLDERS)
def test_what_holds_a_persons_object_does_not_call_it(holder: str, calls: list[str]) -> None:
    """The short text of a container, an iterator, an array ... does not ask what is inside for its own."""
    held = HOLDERS[holder](Noisy())
    calls.clear()
    digest(held)
    leaves("x", held)
    assert calls == []


def test_looking_keeps_no_object_alive() -> None:
    """An object goes when the notebook lets it go, at once."""
    thing = Box(a=1)
    watched = weakref.ref(thing)
    digest([thing])
    leaves("x", [thing])
    del thing
    assert watched() is None


def test_what_was_made_only_to_be_read_is_nobodys_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is what hangs on it, several descriptions deep; the person's own object there is one."""

    class Deep:
        pass

    own, deep = [1], Deep()

    def described(_: Any) -> Node:
        inner = Described(Node("inner", children=[own, [2], {3: 4}]))
        return Node("outer", children=[Described(Node("middle", children=[inner]))])

    monkeypatch.setitem(ADAPTERS, f"{Deep.__module__}.{Deep.__qualname__}", described)
    reader = Reader()
    reader.read("x", deep)
    assert reader.lasting() == {id(deep), id(own)}


def test_what_cannot_be_read_is_opaque_with_a_reason() -> None:
    """Wherever it sits, it is known to the whole, and never silently equal."""
    variable = ContextVar("v")
    for value in (variable, [variable], Box(variable=variable), {"a": [variable]}):
        (why,) = read(value).opaque
        assert "ContextVar" in why


def test_an_object_is_opaque_though_it_was_met_before() -> None:
    """The second variable that holds it says so, too; also out of a cycle."""
    reader, holder = Reader(), Box(variable=ContextVar("v"))
    holder.me = holder  # type: ignore[attr-defined]
    assert reader.read("a", holder).opaque == reader.read("b", holder).opaque != ()


def test_reasons_for_opaqueness_are_few() -> None:
    """A thousand context variables are not a thousand reasons."""
    assert len(read([ContextVar("v") for _ in range(1000)]).opaque) == 1


def test_a_failing_description_is_opaque(monkeypatch: pytest.MonkeyPatch) -> None:
    """An object on which an adapter fails is not equal to anything by silence."""

    class Fragile:
        pass

    def fails(value: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setitem(ADAPTERS, f"{Fragile.__module__}.{Fragile.__qualname__}", fails)
    (why,) = read([Fragile()]).opaque
    assert "ZeroDivisionError" in why


def test_containers_of_models_are_models() -> None:
    """A model makes the list, dict or object of the notebook that holds it a model; a set of words does not."""
    made = notebook(
        """
        class Net:
            def fit(self, X): ...
            def predict(self, X): ...
        class Holder:
            pass
        holder = Holder()
        holder.net = Net()
        """
    )
    net = made["Net"]()
    assert all(read(value).model for value in (net, [net], {"a": (1, [net])}, made["holder"]))
    assert not any(read(value).model for value in ([1], made["Holder"](), made["Net"]))


def test_an_object_of_a_library_is_a_model_by_what_it_does() -> None:
    """It learns and answers, by a method of whatever name that says so, or leaves the answers to a model in it."""

    class Survival:
        def fit(self) -> None:
            self.inner = Box()

        def predict_survival_function(self) -> None: ...

    class Wrapper:
        def fit(self) -> None:
            self.inner = Survival()

    unfitted, fitted = Wrapper(), Wrapper()
    fitted.fit()
    assert all(read(value).model for value in (Survival(), fitted))
    assert not any(read(value).model for value in (unfitted, Box(inner=Survival())))


def test_paths_are_as_python_writes_them() -> None:
    """Items, keys and attributes, one after the other."""
    value = Box(rows=[{"a": Box(b=1)}], pair=(Box(), 2))
    assert {"x", "x.rows", "x.rows[0]['a'].b", "x.pair[1]"} <= paths(value)


def test_a_table_has_a_limit() -> None:
    """A huge container is one leaf, and a change in it is still a change."""
    one, other = ([Box(a=i) for i in range(10_000)] for _ in range(2))
    other[-1].a = -1
    assert len(leaves("x", one)) < 5_000
    assert set(moved(one, other)) == {"x"}


def test_the_walk_does_without_xxhash(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel's environment need not have it; digests are then longer to make, and no worse."""
    monkeypatch.setitem(sys.modules, "xxhash", None)
    folder = Path(nbrerun.probe.__file__).parent
    spec = importlib.util.spec_from_file_location(
        "_probe_alone", folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None
    assert spec.loader is not None
    package = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "_probe_alone", package)
    try:
        spec.loader.exec_module(package)
        walk = importlib.import_module("_probe_alone.read.walk")
        digests = importlib.import_module("_probe_alone.read.digests")
        assert digests.new_hash().name == "blake2b"
        one, equal, other = (walk.Reader().read("x", [Box(a=value)]).digest for value in (1, 1, 2))
    finally:
        for name in [name for name in sys.modules if name.startswith("_probe_alone.")]:
            del sys.modules[name]
    assert one == equal != other


def test_names_of_builtins_in_the_notebook_do_not_matter() -> None:
    """A notebook that says `open = len = None` is read like any other."""
    made = notebook(
        """
        open = len = isinstance = id = type = sorted = None
        class Thing:
            def __init__(self, a): self.a = a
        def work(): return len
        one, other = Thing([1]), Thing([2])
        """
    )
    assert digest(made["one"]) != digest(made["other"])
    assert digest(made["work"])
    assert "x.a" in paths(made["one"])


def test_a_part_with_parts_has_a_digest_without_these() -> None:
    """So the digests tell which part has changed: not all that hold it."""
    box = Box(inner=Box(n=1), rows=[[1], [2]], mode=True)
    before = digests_of_parts("box", box)
    box.inner.n, box.mode = 2, False
    box.rows.append([3])
    after = digests_of_parts("box", box)
    changed = {path for path in {**before, **after} if before.get(path) != after.get(path)}
    assert changed == {"box.inner.n", "box.mode", "box.rows", "box.rows[2]"}


@pytest.mark.parametrize(
    ("one", "other", "is_equal"),
    [
        ("<Box at 0x7f3a1c0d5e50>", "<Box at 0x55d01c0d5e58>", True),
        (["a", "<Box at 0x7f3a1c0d5e50> and 1"], ["a", "<Box at 0x55d01c0d5e58> and 1"], True),
        ("<bound method f of <Box at 0x7f3a1c0d5e50>>", "<bound method f of <Box at 0x7f3a1c0d5e60>>", True),
        ("<Box at 0x7f3a1c0d5e50> and 1", "<Box at 0x55d01c0d5e58> and 2", False),
        ("<Box at 0x7f3a1c0d5e50>", "<Bag at 0x7f3a1c0d5e50>", False),
        ("<page at 0x1f>", "<page at 0x2f>", False),
        ("<page at 0x7f3a1c0d5e51>", "<page at 0x7f3a1c0d5e53>", False),
        ("0x7f3a1c0d5e50", "0x55d01c0d5e58", False),
        ("at 0x7f3a1c0d5e50", "at 0x55d01c0d5e58", False),
    ],
)
def test_where_an_object_lies_is_no_value(one: object, other: object, is_equal: bool) -> None:
    """Not in a text either; whatever else changes in it is."""
    assert (digest(one) == digest(other)) is is_equal
    assert (digest({"a": one}) == digest({"a": other})) is is_equal
