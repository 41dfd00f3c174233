"""The rows of a table that a rerun changed."""

from __future__ import annotations

from nbrerun.model import Change, Numbers
from nbrerun.reporters.html.tables import difference


def column(name: str, first: tuple[float | None, ...], again: tuple[float | None, ...], rows: int = 0) -> Change:
    """A column of numbers that differs; of a longer one than the sample if `rows` says so."""
    return Change(f"df['{name}']", "…", "…", 1.0, numbers=Numbers((rows or len(first),), len(first), first, again))


def test_rows_that_differ_stand_side_by_side() -> None:
    """In all columns of numbers, by their places; what is the same stands there once."""
    table, others = difference(
        [column("price", (1.0, 2.5, None), (1.0, 3.0, 4.0)), column("<n>", (1.0, 7.0, 9.0), (1.0, 8.0, 9.0))]
    )
    assert table is not None
    assert table.columns == ("price", "<n>")
    assert [(place, *map(str, cells)) for place, cells in table.rows] == [
        (1, "<del>2.5</del> <ins>3</ins>", "<del>7</del> <ins>8</ins>"),
        (2, "<del>nan</del> <ins>4</ins>", "9"),
    ]
    assert table.caption == "2 of 3 rows differ"
    assert others == []


def test_many_rows_are_counted() -> None:
    """The first few are shown."""
    zeros, ones = (0.0,) * 30, (1.0,) * 30
    table, _ = difference([column("a", zeros, ones)])
    assert table is not None
    assert [place for place, _ in table.rows] == list(range(8))
    assert table.caption == "30 of 30 rows differ, of which these are the first 8"


def test_other_changes_stay_as_they_are() -> None:
    """Texts, the length, a column of which the report has a sample only, and an array that is no column."""
    city, length = Change("df['city']", "['a']", "['b']"), Change("len(df)", "3", "4")
    sampled, array = column("x", (1.0,), (2.0,), rows=1000), Change("a", "1", "2", numbers=Numbers((1,), 1, (1,), (2,)))
    changes = [city, length, sampled, array]
    assert difference(changes) == (None, changes)
    table, others = difference([column("n", (1.0,), (2.0,)), *changes])
    assert table is not None
    assert others == changes


def test_without_rows_to_show_there_is_no_table() -> None:
    """Columns of different lengths, as in a dict of arrays; numbers that differ in digits that are left out."""
    lengths = [column("a", (1.0,), (2.0,)), column("b", (1.0, 2.0), (2.0, 2.0))]
    digits = [column("a", (1.0, 2.0), (1.0, 2.0))]
    for changes in (lengths, digits):
        assert difference(changes) == (None, changes)
