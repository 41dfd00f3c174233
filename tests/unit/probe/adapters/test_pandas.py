"""pandas: frames, series, indexes and the arrays in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.unit.probe.looking import digest, moved, paths, read


def frame() -> pd.DataFrame:
    """A frame with a column of most kinds."""
    return pd.DataFrame(
        {
            "price": [1.0, 2.0, 3.0],
            "count": [1, 2, 3],
            "name": ["a", "b", None],
            "day": pd.date_range("2024-01-01", periods=3),
            "zone": pd.date_range("2024-01-01", periods=3, tz="UTC"),
            "size": pd.Categorical(["s", "m", "s"], categories=["s", "m", "l"]),
            "maybe": pd.array([1, None, 3], dtype="Int64"),
            "flag": pd.array([True, None, False], dtype="boolean"),
            "text": pd.array(["a", None, "c"], dtype="string"),
            "month": pd.period_range("2024-01", periods=3, freq="M"),
            "span": pd.interval_range(0, 3),
            "wait": pd.to_timedelta([1, 2, 3], unit="s"),
            "sparse": pd.arrays.SparseArray([0.0, 0.0, 1.0]),
            "list": [[1], [2], [3]],
        },
        index=pd.Index(["x", "y", "z"], name="key"),
    )


CHANGES: dict[str, Callable[[pd.DataFrame], Any]] = {
    "a float": lambda df: df.assign(price=[1.0, 2.0, 3.5]),
    "an integer": lambda df: df.assign(count=[1, 2, 4]),
    "a text": lambda df: df.assign(name=["a", "c", None]),
    "a missing text": lambda df: df.assign(name=["a", "b", "c"]),
    "a day": lambda df: df.assign(day=df["day"] + pd.Timedelta("1D")),
    "a zone": lambda df: df.assign(zone=df["zone"].dt.tz_convert("Europe/Paris")),
    "a category": lambda df: df.assign(size=pd.Categorical(["s", "l", "s"], categories=["s", "m", "l"])),
    "the categories": lambda df: df.assign(size=df["size"].cat.remove_categories("l")),
    "the order of categories": lambda df: df.assign(size=df["size"].cat.as_ordered()),
    "a nullable integer": lambda df: df.assign(maybe=pd.array([1, 2, 3], dtype="Int64")),
    "a nullable flag": lambda df: df.assign(flag=pd.array([True, None, True], dtype="boolean")),
    "a string": lambda df: df.assign(text=pd.array(["a", None, "d"], dtype="string")),
    "a period": lambda df: df.assign(month=df["month"] + 1),
    "an interval": lambda df: df.assign(span=pd.interval_range(0, 3, closed="left")),
    "a duration": lambda df: df.assign(wait=df["wait"] * 2),
    "a sparse value": lambda df: df.assign(sparse=pd.arrays.SparseArray([0.0, 2.0, 1.0])),
    "a list": lambda df: df.assign(list=[[1], [2], [4]]),
    "the type of a column": lambda df: df.astype({"count": "int32"}),
    "a column more": lambda df: df.assign(new=1),
    "a column less": lambda df: df.drop(columns="price"),
    "the order of columns": lambda df: df[df.columns[::-1]],
    "a column's name": lambda df: df.rename(columns={"price": "cost"}),
    "the name of the columns": lambda df: df.rename_axis(columns="what"),
    "a row more": lambda df: pd.concat([df, df.iloc[:1]]),
    "a row less": lambda df: df.iloc[:2],
    "the order of rows": lambda df: df.iloc[::-1],
    "the index": lambda df: df.reset_index(drop=True),
    "an index label": lambda df: df.rename(index={"x": "w"}),
    "the index's name": lambda df: df.rename_axis("id"),
    "an index of two levels": lambda df: df.set_index("count", append=True),
}


@pytest.mark.parametrize("case", CHANGES)
def test_each_kind_of_change_of_a_frame_is_seen(case: str) -> None:
    """Values, types, names, order and both axes are value; and there is a change to show."""
    before, after = frame(), CHANGES[case](frame())
    assert digest(before) != digest(after)
    assert moved(before, after)


@pytest.mark.parametrize("column", list(frame().columns))
def test_each_kind_of_column_is_equal_to_its_copy(column: str) -> None:
    """As a column, as a series, and as an array; nothing of it is opaque."""
    for part in (frame()[[column]], frame()[column], frame()[column].array):
        assert not read(part).opaque
        assert digest(part) == digest(part.copy())


def test_a_copied_frame_is_equal() -> None:
    """Deep or shallow, or made once more."""
    df = frame()
    assert digest(df) == digest(df.copy()) == digest(df.copy(deep=False)) == digest(frame())
    assert moved(df, frame()) == {}


def test_how_columns_are_kept_together_is_not_value() -> None:
    """Blocks are pandas' own business."""
    together = pd.DataFrame(np.arange(6.0).reshape(3, 2), columns=["a", "b"])
    apart = pd.DataFrame({"a": together["a"].copy()})
    apart["b"] = together["b"].copy()
    assert digest(together) == digest(apart)


def test_looking_at_a_frame_leaves_it_as_it_is() -> None:
    """Cached indexes, too, are not value."""
    df = frame()
    before = digest(df)
    df.loc["y"]
    df.groupby("name").size()
    df.index.get_loc("z")
    assert digest(df) == before


def test_a_change_is_told_by_column() -> None:
    """`df['price']` by up to a number, the shape by the shapes."""
    df = pd.DataFrame({"price": [1.0, 2.0], "n": [1, 2]})
    change = moved(df, df.assign(price=[1.0, 2.31]))["x['price']"]
    assert change.max_abs_change == pytest.approx(0.31)
    assert moved(df, df.iloc[:1])["x.shape"].again == "(1, 2)"
    assert "x['new']" in {*moved(df, df.assign(new=[0.0, 1.0])), *paths(df.assign(new=[0.0, 1.0]))}


def test_duplicate_column_names_are_both_read() -> None:
    """A change in the second of them is seen."""
    one, other = (pd.DataFrame([[1.0, value]], columns=["a", "a"]) for value in (2.0, 3.0))
    assert digest(one) != digest(other)


SERIES: dict[str, Callable[[pd.Series], pd.Series]] = {
    "a value": lambda s: s + 1,
    "a label": lambda s: s.rename({"a": "c"}),
    "its name": lambda s: s.rename("other"),
    "its type": lambda s: s.astype("float32"),
    "its order": lambda s: s[::-1],
    "its length": lambda s: s[:1],
}


@pytest.mark.parametrize("case", SERIES)
def test_each_kind_of_change_of_a_series_is_seen(case: str) -> None:
    """Values, labels, name and type."""
    series = pd.Series([1.0, 2.0], index=["a", "b"], name="s")
    assert digest(series) == digest(series.copy()) != digest(SERIES[case](series))
    assert moved(series, SERIES[case](series))


def test_attributes_of_a_frame_are_value() -> None:
    """What a person noted in `attrs`."""
    one, other = frame(), frame()
    other.attrs["source"] = "there"
    assert digest(one) != digest(other)


INDEXES: dict[str, tuple[pd.Index, pd.Index]] = {
    "range": (pd.RangeIndex(3), pd.RangeIndex(4)),
    "plain": (pd.Index([1, 2]), pd.Index([1, 3])),
    "dates": (pd.date_range("2024", periods=2), pd.date_range("2025", periods=2)),
    "levels": (
        pd.MultiIndex.from_product([[1, 2], ["a", "b"]]),
        pd.MultiIndex.from_product([[1, 2], ["a", "c"]]),
    ),
    "codes": (
        pd.MultiIndex.from_tuples([(1, "a"), (2, "b")]),
        pd.MultiIndex.from_tuples([(1, "b"), (2, "a")]),
    ),
    "names": (
        pd.MultiIndex.from_product([[1], [2]], names=["a", "b"]),
        pd.MultiIndex.from_product([[1], [2]], names=["a", "c"]),
    ),
    "categories": (pd.CategoricalIndex(["a", "b"]), pd.CategoricalIndex(["b", "a"])),
    "intervals": (pd.interval_range(0, 2), pd.interval_range(0, 2, closed="both")),
}


@pytest.mark.parametrize("case", INDEXES)
def test_each_kind_of_index_is_read(case: str) -> None:
    """A copy is equal, another one is not."""
    one, other = INDEXES[case]
    assert not read(one).opaque
    assert digest(one) == digest(one.copy()) != digest(other)
    assert moved(one, other)


SCALARS: list[tuple[Any, Any]] = [
    (pd.Timestamp("2024-01-01"), pd.Timestamp("2024-01-02")),
    (pd.Timestamp("2024-01-01"), pd.Timestamp("2024-01-01", tz="UTC")),
    (pd.Timestamp("2024-01-01 00:00:00.000000001"), pd.Timestamp("2024-01-01")),
    (pd.Timedelta("1s"), pd.Timedelta("2s")),
    (pd.Period("2024-01"), pd.Period("2024-02")),
    (pd.Interval(0, 1), pd.Interval(0, 1, closed="both")),
    (pd.offsets.MonthEnd(1), pd.offsets.MonthEnd(2)),
    (pd.NaT, pd.NA),
]


@pytest.mark.parametrize("pair", SCALARS)
def test_scalars_are_values(pair: tuple[Any, Any]) -> None:
    """Equal to themselves, different from others."""
    one, other = pair
    assert not read(one).opaque
    assert digest(one) == digest(one) != digest(other)


def test_what_lies_under_a_missing_value_is_not_value() -> None:
    """Masked integers keep anything there."""
    one, other = pd.array([1, 2], dtype="Int64"), pd.array([1, 3], dtype="Int64")
    assert digest(one) != digest(other)
    one[1] = other[1] = pd.NA
    assert digest(one) == digest(other)


def test_a_grouping_is_the_frame_and_the_keys() -> None:
    """What it computes on demand is not value; another key or another frame is."""
    df = pd.DataFrame({"a": [1, 1, 2], "b": [1.0, 2.0, 3.0]})
    grouped = df.groupby("a")
    before = digest(grouped)
    grouped.mean()
    assert len(grouped.groups) == 2
    assert digest(grouped) == before
    assert digest(df.groupby("b")) != before != digest(df.assign(b=1.0).groupby("a"))


def test_a_rolling_window_and_an_accessor_are_read() -> None:
    """Objects of pandas that no adapter knows are read by their attributes."""
    series = pd.Series([1.0, 2.0, 3.0])
    assert digest(series.rolling(2)) == digest(series.rolling(2)) != digest(series.rolling(3))


class CachedAccessor:
    """An accessor as pandas 2 has them: it stays in the object that was asked for it."""

    def __init__(self, name: str, accessor: type) -> None:
        self.name, self.accessor = name, accessor

    def __get__(self, value: Any, owner: type) -> Any:
        found = self.accessor(value)
        object.__setattr__(value, self.name, found)
        return found


class Uses:
    """An accessor of the user's, with a state of its own."""

    def __init__(self, _: Any) -> None:
        self.count = 0


Uses.__module__ = "__main__"


def test_to_look_an_accessor_up_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of pandas has no state, one of the user's may have."""
    monkeypatch.setattr(pd.Series, "texts", CachedAccessor("texts", type(pd.Series(["a"]).str)), raising=False)
    monkeypatch.setattr(pd.Series, "uses", CachedAccessor("uses", Uses), raising=False)
    series = pd.Series(["a", "b"])
    before = digest(series)
    assert series.texts.upper().tolist() == series.str.upper().tolist() == ["A", "B"]
    assert digest(series) == before
    once = series.uses
    asked = digest(series)
    once.count += 1
    assert digest(series) != asked


def test_a_styled_table_is_the_frame_and_its_styles() -> None:
    """Each gets random digits for its HTML; showing it changes nothing."""
    df = pd.DataFrame({"a": [1, 2]})
    one, other = df.style.set_caption("numbers"), df.style.set_caption("numbers")
    before = digest(one)
    assert one.to_html() != other.to_html()
    assert digest(one) == digest(other) == before
    assert digest(df.style.set_caption("others")) != before != digest((df + 1).style.set_caption("numbers"))
