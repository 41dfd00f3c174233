"""polars: frames, series, lazy queries."""

from __future__ import annotations

import datetime
import sys
import warnings
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from tests.unit.probe.looking import digest, moved, paths, read

DAY = datetime.date(2024, 1, 1)

COLUMNS: dict[str, tuple[list[Any], Any]] = {
    "integers": ([1, None, 3], pl.Int64),
    "bytes": ([1, None, 3], pl.UInt8),
    "large ones": ([1, None, 2**63 - 1], pl.Int64),
    "larger ones": ([1, None, 2**100], pl.Int128),
    "floats": ([1.5, None, float("nan")], pl.Float64),
    "flags": ([True, None, False], pl.Boolean),
    "texts": (["a", None, "ccc"], pl.String),
    "binary": ([b"a", None, b""], pl.Binary),
    "categories": (["a", None, "b"], pl.Categorical),
    "an enumeration": (["a", None, "b"], pl.Enum(["a", "b", "c"])),
    "decimals": ([Decimal("1.5"), None, Decimal("2.50")], pl.Decimal(10, 2)),
    "days": ([DAY, None, datetime.date(2024, 1, 2)], pl.Date),
    "moments": ([datetime.datetime(2024, 1, 1), None, datetime.datetime(2025, 1, 1)], pl.Datetime("us", "UTC")),
    "durations": ([datetime.timedelta(1), None, datetime.timedelta(2)], pl.Duration),
    "times": ([datetime.time(1), None, datetime.time(2)], pl.Time),
    "lists": ([[1, 2], None, [3, None]], pl.List(pl.Int64)),
    "lists of categories": ([["a"], None, ["b"]], pl.List(pl.Categorical)),
    "lists of days": ([[DAY], None, []], pl.List(pl.Date)),
    "arrays": ([[1, 2], None, [3, 4]], pl.Array(pl.Int8, 2)),
    "structs": ([{"a": 1, "d": DAY}, None, {"a": 2, "d": None}], pl.Struct({"a": pl.Int64, "d": pl.Date})),
}


def series(case: str) -> pl.Series:
    """A column of one kind, with a missing value."""
    values, kind = COLUMNS[case]
    return pl.Series("s", values, dtype=kind)


@pytest.mark.parametrize("case", COLUMNS)
def test_each_kind_of_column_is_read(case: str) -> None:
    """Made again or copied it is equal; with another value, type, name or missing value it is not."""
    one = series(case)
    assert not read(one).opaque
    assert digest(one) == digest(series(case)) == digest(one.clone())
    others = [one[[0, 1, 0]], one[[0, 0, 2]], one.rename("t"), one.head(2), one.reverse()]
    assert len({digest(one), *map(digest, others)}) == 6
    assert moved(one, one.clone()) == {}
    assert moved(one, others[0])


@pytest.mark.parametrize("case", COLUMNS)
def test_chunks_and_slices_are_not_value(case: str) -> None:
    """Put together from two, or cut out of a longer one, it is the same column."""
    one = series(case)
    pieces = pl.concat([one[:1], one[1:]], rechunk=False)
    assert pieces.n_chunks() == 2
    assert digest(pieces) == digest(one) == digest(pl.concat([one[2:], one, one[:1]]).slice(1, 3))


def test_the_type_of_a_column_is_value() -> None:
    """The same numbers in another type, and the same texts as categories, are other columns."""
    one = pl.Series([1, 2])
    made = [one.cast(kind) for kind in (pl.Int64, pl.Int8, pl.Float64, pl.String)]
    made += [pl.Series(["1", "2"], dtype=pl.Enum(labels)) for labels in (["1", "2"], ["2", "1"], ["1", "2", "3"])]
    made.append(pl.Series(["1", "2"], dtype=pl.Categorical))
    assert len(set(map(digest, made))) == len(made)


def test_that_it_is_known_to_be_sorted_is_not_value() -> None:
    """A flag that polars keeps for itself."""
    one = pl.Series([1, 2, 3])
    before = digest(one)
    assert digest(one.set_sorted()) == before


def test_what_was_in_other_categories_before_is_not_value() -> None:
    """The codes of texts depend on which texts came first; the texts do not."""
    before = digest(pl.Series(["new to it", "a"], dtype=pl.Categorical))
    pl.Series(["first of all", "a"], dtype=pl.Categorical)
    assert digest(pl.Series(["new to it", "a"], dtype=pl.Categorical)) == before


def test_python_objects_in_a_column_are_read_as_such() -> None:
    """Element by element, without asking them."""
    made = [pl.Series([{1}, None, {number}], dtype=pl.Object) for number in (2, 2, 3)]
    assert digest(made[0]) == digest(made[1]) != digest(made[2])
    assert "x[2]" in {change.path for change in moved(made[0], made[2]).values()}


def frame() -> pl.DataFrame:
    """A small frame."""
    return pl.DataFrame({"price": [1.0, 2.0, 3.0], "name": ["a", None, "c"]})


FRAMES: dict[str, Callable[[pl.DataFrame], pl.DataFrame]] = {
    "a value": lambda df: df.with_columns(price=pl.Series([1.0, 2.0, 3.5])),
    "a text": lambda df: df.with_columns(name=pl.Series(["a", "b", "c"])),
    "a type": lambda df: df.cast({"price": pl.Float32}),
    "a column more": lambda df: df.with_columns(new=pl.lit(1)),
    "a column less": lambda df: df.drop("name"),
    "a name": lambda df: df.rename({"name": "title"}),
    "the order of columns": lambda df: df.select("name", "price"),
    "the order of rows": lambda df: df.reverse(),
    "a row less": lambda df: df.head(2),
}


@pytest.mark.parametrize("case", FRAMES)
def test_each_kind_of_change_of_a_frame_is_seen(case: str) -> None:
    """Values, types, names and order are value; and there is a change to show."""
    one, other = frame(), FRAMES[case](frame())
    assert digest(one) == digest(frame()) == digest(one.clone()) != digest(other)
    assert moved(one, frame()) == {}
    assert moved(one, other)


def test_a_change_is_told_by_column() -> None:
    """`df['price']` by up to a number, the shape by the shapes."""
    change = moved(frame(), FRAMES["a value"](frame()))["x['price']"]
    assert change.max_abs_change == 0.5
    assert "3.5" in change.again
    assert moved(frame(), frame().head(1))["x.shape"].again == "(1, 2)"
    assert {"x['price']", "x['name']"} <= paths(frame())


def test_looking_leaves_chunks_as_they_are() -> None:
    """A frame in two pieces stays in two pieces."""
    df = pl.concat([frame(), frame()], rechunk=False)
    read(df)
    paths(df)
    assert df.n_chunks() == 2


def query(last: int = 3) -> pl.LazyFrame:
    """A query that has not been run."""
    return pl.DataFrame({"a": [1, 2, last]}).lazy().filter(pl.col("a") > 1)


def test_a_query_is_what_it_will_do_and_what_with() -> None:
    """Its steps and the frames in it; it is not run."""
    assert not read(query()).opaque
    assert len({digest(query()), digest(query()), digest(query(4)), digest(query().select("a"))}) == 3


def test_expressions_are_what_they_say() -> None:
    """A value inside of one counts as well."""
    made = [pl.col("a"), pl.col("b"), pl.col("a") + 1, pl.lit(pl.Series([1])), pl.lit(pl.Series([2]))]
    assert not any(read(one).opaque for one in made)
    assert len(set(map(digest, made))) == len(made)
    assert digest(pl.col("a") + 1) == digest(made[2])


def test_a_query_that_calls_python_is_opaque() -> None:
    """The function in it would have to be pickled, which may run anything."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        called = pl.col("a").map_elements(lambda x: x + 1, return_dtype=pl.Int64)
    for one in (called, query().with_columns(called), query().map_batches(lambda df: df)):
        (why,) = read(one).opaque
        assert why.startswith("polars.")
        assert "Python" in why


def test_a_subclass_is_read_without_asking_it() -> None:
    """What the person overrides is not called."""
    calls: list[str] = []

    class Mine(pl.DataFrame):
        def get_columns(self) -> Any:
            calls.append("get_columns")
            return []

        def __len__(self) -> int:
            calls.append("__len__")
            return 0

    one, other = Mine({"a": [1]}), Mine({"a": [2]})
    calls.clear()
    assert digest(one) != digest(other)
    assert moved(one, other)
    assert calls == []


def test_a_grouping_and_types_are_read() -> None:
    """A grouping is the frame and the keys."""
    assert digest(frame().group_by("name")) == digest(frame().group_by("name")) != digest(frame().group_by("price"))
    assert digest(frame().schema) == digest(frame().schema) != digest(frame().cast({"price": pl.Int8}).schema)
    assert digest(pl.Datetime("us")) != digest(pl.Datetime("ms"))


@pytest.mark.parametrize("case", COLUMNS)
def test_whether_numpy_is_at_hand_is_not_value(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A later cell may be the first to import it."""
    whole, full = series(case), series(case).drop_nulls()
    before = digest(whole), digest(full)
    monkeypatch.delitem(sys.modules, "numpy")
    assert (digest(whole), digest(full)) == before
