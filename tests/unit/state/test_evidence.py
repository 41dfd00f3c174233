"""Names that differ in, their changes out."""

from __future__ import annotations

from nbrerun.model import Change
from nbrerun.probe.protocol.messages import Leaf
from nbrerun.secrets import HIDDEN
from nbrerun.state.evidence import take_apart, with_pictures, worth_showing
from tests.unit.making import file, named, state, variable


def _leaf(text: str, memory: tuple[int, int] | None = None) -> Leaf:
    return {
        "digest": text.encode(),
        "id": 1,
        "atom": True,
        "text": text,
        "size": None,
        "length": None,
        "numbers": None,
        "memory": memory,
        "whole": True,
    }


def test_only_variables_are_taken_apart_and_not_too_many() -> None:
    """Settings and files have no parts; names come in order."""
    assert worth_showing(named("b", "a", "env:cwd", "file:x")) == ["a", "b"]
    assert len(worth_showing(named(*(f"x{number}" for number in range(100))))) == 40


def test_each_kind_of_name_has_its_changes() -> None:
    """Variables by their parts, settings and files as a whole."""
    first = state({"x": variable(b"1")}, settings={"cwd": "a"}, files={"f": file(b"1", size=1)})
    second = state({"x": variable(b"2")}, settings={"cwd": "b"}, files={"f": file(b"2", size=3)})
    before, after = {"x": {"x": _leaf("1")}}, {"x": {"x": _leaf("2")}}
    found = take_apart(named("x", "env:cwd", "file:f"), first, second, before, after)
    assert {str(name): changes for name, changes in found.items()} == {
        "x": (Change("x", "1", "2"),),
        "env:cwd": (Change("env:cwd", "a", "b"),),
        "file:f": (Change("file:f", "1 byte", "3 bytes", 2),),
    }


def test_a_new_variable_is_taken_apart_and_one_that_was_not_read_is_not() -> None:
    """The cell does not seem to reach what was not read before it."""
    first, second = state({"old": variable(b"1")}), state({"old": variable(b"2"), "new": variable(b"1")})
    after = {"new": {"new": _leaf("1")}, "old": {"old": _leaf("2")}}
    found = take_apart(named("new", "old"), first, second, {}, after)
    assert [(str(name), [change.again for change in changes]) for name, changes in found.items()] == [
        ("new", ["1"]),
        ("old", []),
    ]


def test_a_view_belongs_to_the_largest_array_that_it_lies_in() -> None:
    """Also where it is a part of something; arrays side by side have nothing in common."""
    memory = {"all": (0, 80), "few": (0, 40), "fewer": (8, 16), "other": (80, 160), "same": (80, 160)}
    first = state({name: variable(b"1") for name in [*memory, "box"]})
    second = state({name: variable(b"2") for name in [*memory, "box"]})
    before, after = ({name: {name: _array(text, name, place)} for name, place in memory.items()} for text in "12")
    for table, text in ((before, "1"), (after, "2")):
        table["box"] = {"box": _array("0", "box", None), "box.x": _array(text, "x", (8, 24))}
    found = take_apart(named(*memory, "box"), first, second, before, after)
    assert {str(name): [change.within for change in changes] for name, changes in found.items()} == {
        "all": [""],
        "few": ["all"],
        "fewer": ["all"],
        "other": ["same"],
        "same": ["other"],
        "box": ["all"],
    }


def test_an_object_is_held_by_the_other_variable_of_most_parts() -> None:
    """Where an object changed, those that have it as well are told with the one that has most."""
    names = ("rows", "box", "more")
    first, second = (state({name: variable(digest) for name in names}) for digest in (b"1", b"2"))

    def tables(text: str) -> dict[str, dict[str, Leaf]]:
        rows = _array(text, "list", None)
        return {
            "rows": {"rows": rows},
            "box": {"box": _array("0", "box", None), "box.a": rows},
            "more": {"more": _array("0", "more", None), "more.a": rows, "more.b": _array("0", "other", None)},
        }

    found = take_apart(named(*names), first, second, tables("1"), tables("2"))
    assert {str(name): [change.held_by for change in changes] for name, changes in found.items()} == {
        "rows": ["more"],
        "box": ["more"],
        "more": ["box"],
    }


def _array(text: str, name: str, memory: tuple[int, int] | None) -> Leaf:
    return {**_leaf(text, memory), "id": hash(name), "atom": False}


def test_secrets_are_not_shown() -> None:
    """A part is known by its name."""
    first, second = state(settings={"os.environ[API_TOKEN]": "abc"}), state(settings={"os.environ[API_TOKEN]": "def"})
    (changes,) = take_apart(named("env:os.environ[API_TOKEN]"), first, second, {}, {}).values()
    assert changes == (Change("env:os.environ[API_TOKEN]", HIDDEN, HIDDEN),)


def test_pictures_go_with_the_first_change() -> None:
    """Those of what looks like a secret, and of what has no changes, are left out."""
    names = named("fig", "token", "empty", "file:fig")
    moved = {name: () if str(name) == "empty" else (Change("a", "1", "2"), Change("b", "1", "2")) for name in names}
    found = with_pictures(moved, dict.fromkeys(("fig", "token", "empty"), (b"1", b"2")))
    drawn = {str(name): [change.pictures for change in changes] for name, changes in found.items()}
    assert drawn == {"fig": [("MQ==", "Mg=="), ()], "token": [(), ()], "empty": [], "file:fig": [(), ()]}


def test_a_part_within_the_object_of_another_variable_is_told_so() -> None:
    """By the object's address, and by the innermost of several; what is made for a reading has none."""

    def leaves(**objects: int) -> dict[str, Leaf]:
        paths = {"d": "d", "rows": "d['rows']", "other": "d['rows2']", "item": "d['rows'][0]", "made": "d.made"}
        return {
            paths[name]: {**_leaf(str(number)), "id": number, "atom": name == "made"}
            for name, number in objects.items()
        }

    tables = {
        "d": leaves(d=1, rows=2, other=3, item=4, made=5),
        **{
            name: {name: {**_leaf("x"), "id": number, "atom": False}}
            for name, number in {"a": 2, "b": 4, "c": 5}.items()
        },
    }
    before = {
        name: {path: {**leaf, "digest": b"", "text": ""} for path, leaf in tables[name].items()} for name in tables
    }
    both = state({name: variable(b"1") for name in tables})
    found = take_apart(named(*tables), both, both, before, tables)
    assert {str(name): {change.path: change.within for change in changes} for name, changes in found.items()} == {
        "d": {"d": "", "d['rows']": "a", "d['rows2']": "", "d['rows'][0]": "b", "d.made": ""},
        "a": {"a": ""},
        "b": {"b": ""},
        "c": {"c": ""},
    }
