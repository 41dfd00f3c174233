"""Whether what a model has learnt lies in a file."""

from __future__ import annotations

import json
import math
import os
import pickle
import sqlite3
import struct
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy
import pytest
from sklearn.linear_model import LinearRegression, SGDClassifier
from sklearn.neighbors import KNeighborsClassifier

from nbrerun.probe.execute import parameters
from nbrerun.probe.execute.parameters import lie_in, numbers_of, parameters_in
from tests.unit.making import opened, state, variable

W = [0.12345678901234, -17.000123456789, 3.14159265358979, 2.718281828459045e-9]
SINGLE = [float(numpy.float32(number)) for number in W]


def in_pages(numbers: list[float], page: int = 13) -> bytes:
    """As a database may keep them: pages of a few bytes, each with a head, whatever lies in them."""
    content = struct.pack(f"<{len(numbers)}d", *numbers)
    return b"".join(b"head" + content[at : at + page] for at in range(0, len(content), page))


SAVED: dict[str, tuple[list[float], bytes, bool]] = {
    # numbers, the content of a file, and whether they lie in it
    "double precision": (W, struct.pack("<4d", *W), True),
    "double precision, big-endian": (W, struct.pack(">4d", *W), True),
    "single precision": (SINGLE, struct.pack("<4f", *SINGLE), True),
    "single precision, big-endian": (SINGLE, struct.pack(">4f", *SINGLE), True),
    "single precision, kept in double": (SINGLE, struct.pack("<4d", *SINGLE), True),
    "text": (W, json.dumps(W).encode(), True),
    "text, as numpy writes it": (W, "\n".join(f"{number:.18e}" for number in W).encode(), True),
    "text of single precision": (SINGLE, json.dumps(SINGLE).encode(), True),
    "mixed, not aligned": (W, b"x" + struct.pack("<2d", *W[:2]) + b"yz" + repr(W[2:]).encode(), True),
    "in another order": (W, struct.pack("<4d", *reversed(W)), True),
    "too large for single precision": ([1.23456789e300], struct.pack(">d", 1.23456789e300), True),
    "single precision, of numbers that have more": (W, struct.pack("<4f", *W), False),
    "rounded text": (W, " ".join(f"{number:.3f}" for number in W).encode(), False),
    "one of four is missing": (W, struct.pack("<3d", *W[1:]), True),
    "two of four are missing": (W, struct.pack("<2d", *W[2:]), False),
    "one of three is missing": (W[:3], struct.pack("<2d", *W[:2]), False),
    "the only one is missing": (W[:1], struct.pack("<d", W[1]), False),
    "other numbers": (W, struct.pack("<4d", *(number + 1e-12 for number in W)), False),
    "no numbers at all": ([], struct.pack("<4d", *W), False),
    "an empty file": (W, b"", False),
}


@pytest.mark.parametrize("case", SAVED)
def test_numbers_are_found_in_the_ways_in_which_formats_write_them(case: str, tmp_path: Path) -> None:
    """In both precisions and byte orders, and as text; up to a quarter may miss."""
    numbers, content, expected = SAVED[case]
    (tmp_path / "f").write_bytes(content)
    assert lie_in(numbers, bytes(tmp_path / "f")) is expected


def test_numbers_that_lie_across_pages_may_miss(tmp_path: Path) -> None:
    """A quarter of them; a file in which each lies across two of its pieces has none."""
    numbers = [math.sqrt(2 + i) for i in range(16)]
    (tmp_path / "f").write_bytes(in_pages(numbers, page=40 + 8 + 4))  # one in six lies across two
    assert lie_in(numbers, bytes(tmp_path / "f"))
    (tmp_path / "f").write_bytes(in_pages(numbers, page=7))
    assert not lie_in(numbers, bytes(tmp_path / "f"))


def test_numbers_are_found_in_a_database(tmp_path: Path) -> None:
    """In the rows of a table, which sqlite keeps in pages, big-endian."""
    numbers = [math.sqrt(2 + i) for i in range(16)]
    with sqlite3.connect(tmp_path / "f") as connection:
        connection.execute("create table w (value real)")
        connection.executemany("insert into w values (?)", [(number,) for number in numbers])
    connection.close()
    assert lie_in(numbers, bytes(tmp_path / "f"))
    assert not lie_in([number + 1e-9 for number in numbers], bytes(tmp_path / "f"))


def test_what_cannot_be_searched_holds_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is gone, a folder, and one that is too large."""
    assert not lie_in(W, bytes(tmp_path / "missing"))
    assert not lie_in(W, bytes(tmp_path))
    (tmp_path / "f").write_bytes(struct.pack("<4d", *W))
    monkeypatch.setattr(parameters, "_LARGEST", 32)
    assert lie_in(W, bytes(tmp_path / "f"))
    monkeypatch.setattr(parameters, "_LARGEST", 31)
    assert not lie_in(W, bytes(tmp_path / "f"))


def fitted(coefficients: Any) -> LinearRegression:
    """A model with these coefficients."""
    model = LinearRegression()
    model.coef_, model.intercept_ = numpy.array(coefficients), 0.0
    return model


TELLING: dict[str, tuple[Callable[[], Any], list[float]]] = {
    # a model, and the numbers that tell
    "coefficients": (lambda: fitted(W[:2]), W[:2]),
    "two of each array": (lambda: [numpy.array(W), numpy.array(W) * 3], [W[0], W[2], W[0] * 3, W[2] * 3]),
    "single precision": (lambda: numpy.array(W[:2], dtype="float32"), SINGLE[:2]),
    "integers": (lambda: fitted([1, 2, 3]), []),
    "round numbers": (lambda: fitted([0.5, 0.1, 1e-3, 1234.0, 0.1234]), []),
    "no finite numbers": (lambda: fitted([math.inf, math.nan, -math.inf]), []),
    "only those that tell": (lambda: fitted([0.0, W[0], 1.0, math.nan, W[1]]), W[:2]),
    "nothing learnt yet": (LinearRegression, []),
    "texts": (lambda: {"a": "0.12345678901234"}, []),
}


@pytest.mark.parametrize("case", TELLING)
def test_a_few_numbers_with_many_digits_stand_for_a_model(case: str) -> None:
    """Integers and round numbers are found in files by chance."""
    make, expected = TELLING[case]
    assert numbers_of(make()) == expected


def test_a_network_is_known_by_a_few_of_its_layers() -> None:
    """Of many arrays some are chosen, from the beginning to the end; sizes and flags tell nothing."""
    draw = numpy.random.default_rng(0).normal
    layers = [SimpleNamespace(w=draw(size=(3, 3)), b=draw(size=3), ins=3, outs=3, training=True) for _ in range(40)]
    for i in range(5):  # wherever the first one is
        found = numbers_of([Net(layers), *range(i)])
        at = {n for n, layer in enumerate(layers) if {*layer.w.flat, *layer.b} & {*found}}
        assert (len(found), len(at)) == (16, 8)
        assert max(at) - min(at) > 30


def test_what_a_library_fails_to_convert_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other parts tell enough."""

    def fails() -> bytes:
        raise RuntimeError

    found = [fails, lambda: None, None, lambda: struct.pack("=2d", *W[:2])]
    nodes = [SimpleNamespace(numbers=numbers, content=()) for numbers in found]
    monkeypatch.setattr(parameters, "parts", lambda *_: [SimpleNamespace(node=node) for node in nodes])
    assert numbers_of(object()) == W[:2]


class Net:
    """A model of the user's, which has no method that a library knows."""

    def __init__(self, w: Any) -> None:
        self.w = w


class FakeFiles:
    """A sandbox that has its files in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, name: str) -> bytes:
        """The path of a file."""
        return bytes(self._folder / name)


X, Y = numpy.random.default_rng(0).normal(size=(20, 3)), numpy.arange(20) % 2


def found_in(folder: Path, namespace: dict[str, Any], how: str = "read", called: set[str] | None = None) -> Any:
    """The models whose numbers lie in `f`.

    Args:
        how: `f` was opened.
        called: names that had a method called after it was read, at the position 7.
    """

    def called_since(position: int) -> set[str]:
        assert position == 7
        return called or set()

    after = state(
        {name: variable(b"", kind="model", users=isinstance(value, Net)) for name, value in namespace.items()},
        opened={"f": {**opened(how), "at": 7}},
    )
    files: Any = FakeFiles(folder)
    marks: Any = SimpleNamespace(called_since=called_since)
    return parameters_in(namespace, {*namespace, "no such name"}, files, after, marks, {})


def test_models_that_have_their_numbers_from_a_file_are_named(tmp_path: Path) -> None:
    """And no others, whatever else was read."""
    one, other = SGDClassifier(random_state=0).fit(X, Y), SGDClassifier(random_state=1).fit(X, Y)
    (tmp_path / "f").write_bytes(pickle.dumps(one))
    assert found_in(tmp_path, {"one": one, "other": other}) == {"f": ["one"]}
    assert found_in(tmp_path, {"other": other}) == {}


def test_a_librarys_model_that_keeps_its_data_is_not_taken_for_a_loaded_one(tmp_path: Path) -> None:
    """A method of it was called once the data was read: it may have stored what it was fitted to."""
    numpy.save(tmp_path / "f.npy", X)
    os.rename(tmp_path / "f.npy", tmp_path / "f")
    model = KNeighborsClassifier().fit(X, Y)
    assert found_in(tmp_path, {"model": model}) == {"f": ["model"]}
    assert found_in(tmp_path, {"model": model}, called={"model"}) == {}


def test_a_class_of_the_users_may_take_its_numbers_by_a_method(tmp_path: Path) -> None:
    """`net.load(w)`."""
    (tmp_path / "f").write_text(json.dumps(W))
    assert found_in(tmp_path, {"net": Net(numpy.array(W))}, called={"net"}) == {"f": ["net"]}


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("read", True),
        ("read written kept", True),
        ("read written", False),
        ("read written written_first", False),
        ("written written_first", False),
        ("written kept", False),
    ],
)
def test_only_files_that_were_read_as_they_were_can_be_where_a_model_comes_from(
    how: str, expected: bool, tmp_path: Path
) -> None:
    """What the cell saved itself holds the numbers as well."""
    (tmp_path / "f").write_text(json.dumps(W))
    assert bool(found_in(tmp_path, {"net": Net(numpy.array(W))}, how)) is expected


def test_no_model_is_taken_apart_if_nothing_was_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes time."""
    monkeypatch.setattr(parameters, "numbers_of", None)
    assert found_in(tmp_path, {"net": Net(numpy.array(W))}, "written") == {}
