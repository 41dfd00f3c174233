"""DuckDB's connections, by what the database holds."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pandas
import pytest

from nbrerun.probe.adapters import duckdb as adapter
from tests.unit.probe.looking import digest, read


def test_rows_tables_and_views_are_its_value(tmp_path: Path) -> None:
    """And nothing else; two connections to one database are equal."""
    path = str(tmp_path / "a.db")
    with duckdb.connect(path) as connection, duckdb.connect(path) as other:
        states = [digest(connection)]
        for statement in ("create table t (a int)", "insert into t values (1)", "create view v as select a from t"):
            connection.execute(statement)
            states.append(digest(connection))
            assert digest(other) == states[-1]
        assert len(set(states)) == 4
        connection.execute("select 1")
        assert digest(connection) == states[-1]


def test_a_result_that_waits_is_left_alone() -> None:
    """Reading goes through a connection of its own."""
    with duckdb.connect() as connection:
        connection.execute("create table t as select * from range(3)")
        waiting = connection.execute("select * from t order by 1")
        assert waiting.fetchone() == (0,)
        digest(connection)
        assert waiting.fetchall() == [(1,), (2,)]


def test_what_only_the_connection_sees_is_its_value() -> None:
    """Temporary tables, frames that are registered, and an open transaction; while a result waits these are unknown."""
    with duckdb.connect() as connection:
        connection.execute("create table t (a int)")
        states = [digest(connection)]
        for statement in (
            "create temp table own (a int)",
            "insert into own values (1)",
            "begin; insert into t values (1)",
        ):
            connection.execute(statement)
            states.append(digest(connection))
        connection.execute("commit")
        connection.register("frame", pandas.DataFrame({"a": [1]}))
        states.append(digest(connection))
        assert len(set(states)) == 5
        connection.register("frame", pandas.DataFrame({"a": [1]}))
        assert digest(connection) == states[-1]
        waiting = connection.execute("select * from range(2)")
        assert [each.rpartition(": ")[2] for each in read(connection).opaque] == [
            "a result that is not fetched yet hides its temporary tables"
        ]
        assert waiting.fetchall() == [(0,), (1,)]
        assert digest(connection) == states[-1]


def test_sequences_are_its_value() -> None:
    """By the last number that was drawn."""
    with duckdb.connect() as connection:
        connection.execute("create sequence s")
        before = digest(connection)
        connection.execute("select nextval('s')").fetchall()
        assert digest(connection) != before


def test_names_are_quoted() -> None:
    """Of tables and schemas."""
    with duckdb.connect() as connection:
        connection.execute('create schema "my schema"')
        connection.execute('create table "my schema"."a ""table""" (a int)')
        assert not read(connection).opaque


def test_closed_and_large_databases(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the one nothing is left, and the other is not read."""
    monkeypatch.setattr(adapter, "_MOST_ROWS", 2)
    connection = duckdb.connect()
    connection.execute("create table t as select * from range(3)")
    assert [each.rpartition(": ")[2] for each in read(connection).opaque] == ["a large database"]
    connection.close()
    other = duckdb.connect()
    other.close()
    assert digest(connection) == digest(other)
    assert not read(connection).opaque
