"""DuckDB: connections, by what the database holds."""

from __future__ import annotations

import re
from typing import Any, Dict, List

from ..describe.node import Node, reads, type_name

_MOST_ROWS = 1_000_000
"""Of the largest table that is read."""
_TABLES = (
    "select database_name, schema_name, table_name, estimated_size, temporary from duckdb_tables() "
    "where not internal order by all"
)
_VIEWS = (
    "select database_name, schema_name, view_name, sql, temporary from duckdb_views() where not internal order by all"
)
_SEQUENCES = "select schema_name, sequence_name, last_value, temporary from duckdb_sequences() order by all"
_CATALOG = (_TABLES, _VIEWS, _SEQUENCES)
_REGISTERED = re.compile("__duckdb_source_[0-9a-f_]+")
"""The name that DuckDB gives a frame each time it is registered."""

_had_its_own: Dict[int, bool] = {}
"""Whether a connection had temporary objects when it was last asked, by its address."""


@reads("duckdb.DuckDBPyConnection", "_duckdb.DuckDBPyConnection", "duckdb.duckdb.DuckDBPyConnection")
def connection(value: Any) -> Node:
    """A connection: tables, views and sequences; macros and settings take ten times as long to read.

    Temporary ones, frames that are registered, and what a transaction has changed that is not over, no other connection
    sees. The connection itself can be asked unless it holds a result that is not fetched yet; before DuckDB had
    `complete`, that ended the result instead of being refused.
    """
    name = type_name(type(value))
    try:
        other = value.cursor()
    except Exception as error:  # noqa: BLE001  duckdb.Error, or that of a user's subclass
        closed = "closed" in str(error).lower()
        return Node("closed database") if closed else Node(name, opaque=f"{name}: {error}")
    with other:
        is_free = hasattr(value, "complete") and _answers(value)
        if not is_free and _had_its_own.get(id(value)):
            return Node(name, opaque=f"{name}: a result that is not fetched yet hides its temporary tables")
        tables, views, sequences = found = [_rows(value if is_free else other, each) for each in _CATALOG]
        _had_its_own[id(value)] = any(row[-1] for each in found for row in each)
        if any(size > _MOST_ROWS for *_, size, _ in tables):
            return Node(name, opaque=f"{name}: a large database")
        content = [_REGISTERED.sub("", repr(views)), repr(sequences)]
        rows = 0
        for *place, _, _ in tables:
            items = _rows(value if is_free else other, f"select * from {'.'.join(map(_quoted, place))}")
            content.append(repr((place, items)))
            rows += len(items)
    return Node(
        name, ("\n".join(content).encode("utf-8", "surrogateescape"),), size=("rows in the tables of {}", str(rows))
    )


def _answers(value: Any) -> bool:
    try:
        _rows(value, "select 1")
    except Exception:  # noqa: BLE001  a result waits, or the transaction has failed
        return False
    return True


def _rows(value: Any, query: str) -> List[Any]:
    """Run a query; `sql` leaves what `execute` has returned where it is."""
    found: List[Any] = value.sql(query).fetchall()
    return found


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
