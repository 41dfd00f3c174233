"""Large containers of plain values are walked through again only where they hold something else."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from nbrerun.probe.protocol.messages import Variable
from nbrerun.probe.read import containers
from nbrerun.probe.read.walk import MOST

FOUND: Variable = {
    "digest": b"found",
    "id": 1,
    "type": "list",
    "users": False,
    "kind": "data",
    "atom": False,
    "opaque": [],
    "in_part": False,
}


@pytest.fixture(autouse=True)
def forked(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As in a branch; what is remembered belongs to one test."""
    monkeypatch.setattr(containers, "_is_on", True)
    yield
    containers.recall({})


def rows() -> list[Any]:
    """A table as notebooks have them."""
    return [{"id": i, "name": str(i), "tags": [i, (i + 0.5, None)], "kinds": {True, "x"}} for i in range(1000)]


def noted(value: Any) -> Any:
    """A container that was walked through at great cost."""
    containers.note("rows", value, 1_000_000, FOUND)
    return value


def test_equal_values_need_no_other_walk() -> None:
    """Neither the same object, nor an equal one that was made anew."""
    value = noted(rows())
    assert containers.unchanged({"rows": value}) == {"rows": {**FOUND, "id": id(value)}}
    other = rows()
    assert containers.unchanged({"rows": other}) == {"rows": {**FOUND, "id": id(other)}}
    assert containers.unchanged({"others": value}) == {}


def test_a_container_that_takes_much_more_memory_than_bytes_is_written_by_a_fork(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its bytes are few, and it may hold its parts many times over."""
    value = noted(rows())
    monkeypatch.setattr(containers, "_MOST_BYTES_HERE", 1)
    assert containers.unchanged({"rows": value}) == {"rows": {**FOUND, "id": id(value)}}
    deep(value)
    assert containers.unchanged({"rows": value}) == {}


def deep(value: Any) -> None:
    """Change what lies deep inside."""
    value[500]["tags"][1] = (500.5, 0)


def kind_of_number(value: Any) -> None:
    """An equal number of another type."""
    value[0]["id"] = 0.0


def new_key(value: Any) -> None:
    """One more item."""
    value[3]["more"] = None


def an_array(value: Any) -> None:
    """Something that is written out as its bytes."""
    value[3]["name"] = np.frombuffer(b"3", dtype=np.uint8)


def text_of_numpy(value: Any) -> None:
    """A subclass of a builtin type."""
    value[3]["name"] = np.str_("3")


@pytest.mark.parametrize("small", [True, False])
@pytest.mark.parametrize("change", [deep, kind_of_number, new_key, an_array, text_of_numpy, list.pop])
def test_whatever_changes_is_walked_through_again(
    change: Callable[[Any], object], small: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it was found to be holds no longer, whether this process or a fork writes it out."""
    if not small:
        monkeypatch.setattr(containers, "_SMALL", 0)
    value = noted(rows())
    assert containers.unchanged({"rows": value})
    change(value)
    assert containers.unchanged({"rows": value}) == {}


class Own(dict[str, int]):
    """A dict of the user's."""


@pytest.mark.parametrize(
    "part",
    [b"bytes", bytearray(b"x"), np.zeros(3), np.float64(1), Own(), OrderedDict(), defaultdict(list), object(), print],
)
def test_only_plain_values_are_written_as_they_are(part: Any) -> None:
    """Of anything else the bytes do not tell what it is, and it has to be described."""
    value = noted([*rows(), {"deep": [part]}])
    assert not containers.known["rows"]["plain"]
    assert containers.unchanged({"rows": value}) == {}
    assert containers.still("rows", value) is not None


def test_what_is_quickly_walked_through_is_not_remembered() -> None:
    """It costs less than remembering."""
    containers.note("rows", rows(), 100, FOUND)
    assert containers.known == {}


def test_nothing_is_remembered_in_the_kernel_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """There the walk has to meet every object, since its addresses are asked for."""
    value = noted(rows())
    monkeypatch.setattr(containers, "_is_on", False)
    assert containers.unchanged({"rows": value}) == {}
    noted(value)
    assert containers.known == {}


@pytest.mark.parametrize("small", [True, False])
def test_a_container_that_holds_itself_many_times_over_does_not_take_all_memory(
    small: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Written out in full it would be larger than any machine; what is asked for before it is told all the same."""
    if not small:
        monkeypatch.setattr(containers, "_SMALL", 0)
    containers.note("first", rows(), 1_000_000, FOUND)
    value: list[Any] = noted(rows())
    knot: Any = ["x" * 1000]
    for _ in range(60):
        knot = [knot, knot]
    value.append(knot)
    assert containers.unchanged({"first": rows(), "rows": value}).keys() == {"first"}
    noted(value)
    assert [name for name, found in containers.known.items() if found["plain"]] == ["first"]


def test_a_cycle_is_not_written_as_it_is() -> None:
    """The bytes would have no end."""
    value: list[Any] = rows()
    value.append(value)
    noted(value)
    assert not containers.known["rows"]["plain"]


def test_what_was_not_read_completely_is_not_remembered() -> None:
    """Something beyond the limit may change."""
    containers.note("things", [object()], MOST + 1, FOUND)
    assert containers.known == {}
