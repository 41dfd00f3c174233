"""DuckDB: connections, by what the database holds."""

from __future__ import annotations

from typing import Any

from ..describe.node import Node, reads, type_name

_MOST_ROWS = 1_000_000
"""Of the largest table that is read."""
_TABLES = "select schema_name, table_name, estimated_size from duckdb_tables() where not internal order by all"
_VIEWS = "select sql from duckdb_views() where not internal order by all"


@reads("duckdb.DuckDBPyConnection", "_duckdb.DuckDBPyConnection", "duckdb.duckdb.DuckDBPyConnection")
def connection(value: Any) -> Node:
    """A connection; read through another one, since this one may hold a result that is not fetched yet."""
    name = type_name(type(value))
    try:
        other = value.cursor()
    except Exception as error:  # noqa: BLE001  duckdb.Error, or that of a user's subclass
        closed = "closed" in str(error).lower()
        return Node("closed database") if closed else Node(name, opaque=f"{name}: {error}")
    with other:
        tables = other.execute(_TABLES).fetchall()
        if any(size > _MOST_ROWS for _, _, size in tables):
            return Node(name, opaque=f"{name}: a large database")
        content = [repr(other.execute(_VIEWS).fetchall())]
        rows = 0
        for schema, table, _ in tables:
            found = other.execute(f"select * from {_quoted(schema)}.{_quoted(table)}").fetchall()
            content.append(repr((schema, table, found)))
            rows += len(found)
    return Node(
        name, ("\n".join(content).encode("utf-8", "surrogateescape"),), size=("rows in the tables of {}", str(rows))
    )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
