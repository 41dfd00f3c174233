"""SQLAlchemy: engines, connections and sessions, tables and mapped classes.

Engines, tables, classes and queries are compared by their declarations. The contents of an SQLite database that this
process has open are read through its connection; those of a database on a server cannot be read.
"""

from __future__ import annotations

from typing import Any, Dict, List

from ..describe.node import Node, attribute_label, clip, reads, type_name
from .generic import attributes

_ELSEWHERE = {
    "sqlalchemy.engine.result.ResultInternal": "rows that are fetched on demand",
    "sqlalchemy.engine.cursor.CursorResult": "rows that are fetched on demand",
    "sqlalchemy.pool.base.Pool": "a pool of connections",
    "sqlalchemy.orm.session.SessionTransaction": "a transaction",
    "sqlalchemy.engine.base.Transaction": "a transaction",
}


@reads(*_ELSEWHERE)
def elsewhere(value: Any) -> Node:
    """An object whose state is in a database."""
    names = (f"{cls.__module__}.{cls.__qualname__}" for cls in type(value).__mro__)
    what = next(_ELSEWHERE[name] for name in names if name in _ELSEWHERE)
    return Node(type_name(type(value)), opaque=f"{type_name(type(value))}: {what}")


def _node(value: Any, found: Dict[str, Any], *content: str, **more: Any) -> Node:
    text = clip(" ".join((f"<{type(value).__name__}", *content)) + ">")
    return Node(
        type_name(type(value)),
        tuple(part.encode("utf-8", "surrogatepass") for part in content),
        list(found.values()),
        lambda: [attribute_label(name) for name in found],
        text=lambda: text,
        **more,
    )


@reads("sqlalchemy.engine.base.Engine")
def engine(value: Any) -> Node:
    """An engine, by its URL with the password (which is not shown), and by an SQLite database in its memory."""
    url = attributes(value)["url"]
    node = _node(value, {"pool": _in_memory(value)}, str(url))
    return node._replace(content=(url.render_as_string(hide_password=False).encode(), *node.content))


def _in_memory(value: Any) -> List[Any]:
    """Return the connections of the pool that keep an SQLite database in memory."""
    if value.dialect.name != "sqlite" or value.url.database not in (None, "", ":memory:"):
        return []
    # SingletonThreadPool and StaticPool: attributes of both, since SQLAlchemy chooses by version and URL.
    own = attributes(value.pool)
    records = [getattr(own.get("_conn"), "current", None), own.get("connection")]
    records = [record() if callable(record) else record for record in records]
    return [record.dbapi_connection for record in records if record is not None]


@reads("sqlalchemy.engine.base.Connection")
def connection(value: Any) -> Node:
    """A connection, for SQLite by the contents of the database as this connection sees them."""
    name = type_name(type(value))
    if value.closed:
        return Node("closed connection", text=lambda: "closed connection")
    if value.dialect.name != "sqlite":
        return Node(name, opaque=f"{name}: a connection to a database")
    return _node(value, {"connection": value.connection.dbapi_connection}, str(value.engine.url))


@reads("sqlalchemy.orm.session.Session")
def session(value: Any) -> Node:
    """A session, by the objects that wait to be written, and the connections of its transaction."""
    own = attributes(value)
    waiting = [state.obj() for state in [*own["_new"], *own["_deleted"]]]
    changed = [state.obj() for state in own["identity_map"]._modified]
    transaction = own.get("_transaction")
    pairs = list(vars(transaction).get("_connections", {}).values()) if transaction is not None else []
    connections = list({id(pair[0]): pair[0] for pair in pairs}.values())
    found = {"new": waiting, "dirty": changed, "bind": own.get("bind"), "connections": connections}
    return _node(value, found, f"{len(own['_new'])} new, {len(own['_deleted'])} deleted")


@reads("sqlalchemy.orm.scoping.scoped_session")
def scoped(value: Any) -> Node:
    """A scoped session, by the session of this thread."""
    registry = value.registry
    return _node(value, {"registry()": registry() if registry.has() else None})


@reads("sqlalchemy.orm.state.InstanceState")
def state(value: Any) -> Node:
    """The state of a mapped object: its row's key, and whether it was modified; what has been loaded is a cache."""
    key = value.key[1] if value.key is not None else None
    return _node(value, {"key": key}, "modified" if value.modified else "")


@reads("sqlalchemy.sql.schema.MetaData")
def metadata(value: Any) -> Node:
    """A collection of tables."""
    return _node(value, dict(sorted(value.tables.items())), kind="definition")


@reads("sqlalchemy.sql.elements.quoted_name")
def name(value: Any) -> Node:
    """A name and whether it is quoted; its other spellings are a cache."""
    text = str.__str__(value)
    content = (text.encode("utf-8", "surrogatepass"), repr(attributes(value).get("quote")).encode())
    return Node(type_name(type(value)), content, text=lambda: clip(repr(text)))


_OF_COLUMN = ("key", "primary_key", "nullable", "unique", "index", "autoincrement", "comment", "type")


@reads("sqlalchemy.sql.schema.Table")
def table(value: Any) -> Node:
    """A table, by its columns, whose foreign keys lead to other tables."""
    columns = {column.key: column for column in value.columns}
    return _node(value, columns, str(value.fullname), kind="definition")


@reads("sqlalchemy.sql.schema.Column")
def column(value: Any) -> Node:
    """A column, by its declaration."""
    own = attributes(value)
    found = {name: own.get(name) for name in _OF_COLUMN}
    found["foreign_keys"] = sorted(key.target_fullname for key in own.get("foreign_keys") or ())
    for name in ("default", "onupdate", "server_default"):
        found[name] = getattr(own.get(name), "arg", None)
    return _node(value, found, str(value.name), kind="definition")


@reads("sqlalchemy.sql.type_api.TypeEngine")
def kind(value: Any) -> Node:
    """A column type, by length, precision and the like, without what it caches for each dialect."""
    found = {name: item for name, item in sorted(attributes(value).items()) if not name.startswith("_")}
    found = {name: item for name, item in found.items() if name not in ("dispatch", "comparator", "dialect_impl")}
    return _node(value, found, kind="definition")


@reads("sqlalchemy.sql.elements.ClauseElement", "sqlalchemy.orm.query.Query")
def statement(value: Any) -> Node:
    """A statement, by its SQL and parameters."""
    compiled = (value if hasattr(value, "compile") else value.statement).compile()
    return _node(value, {"params": dict(compiled.params)}, str(compiled))


@reads(
    *("sqlalchemy.orm.mapper.Mapper", "sqlalchemy.orm.instrumentation.ClassManager"),
    *("sqlalchemy.orm.decl_api.registry", "sqlalchemy.event.base._Dispatch", "sqlalchemy.engine.interfaces.Dialect"),
    *("sqlalchemy.orm.attributes.QueryableAttribute", "sqlalchemy.orm.base.InspectionAttr"),
    *("sqlalchemy.engine.reflection.Inspector", "sqlalchemy.event.base.dispatcher"),
    *("sqlalchemy.orm.clsregistry._ModuleMarker", "sqlalchemy.orm.interfaces.MapperProperty"),
)
def machinery(value: Any) -> Node:
    """An object with which SQLAlchemy implements a mapped class; the table holds what was declared."""
    key = attributes(value).get("key")
    return _node(value, {}, key if type(key) is str else "", kind="definition")


@reads("sqlalchemy.engine.row.Row", "sqlalchemy.engine.row.RowMapping")
def row(value: Any) -> Node:
    """A row, by its values and their names."""
    names = list(value._parent.keys) if hasattr(value, "_parent") else []
    return Node(
        type_name(type(value)),
        tuple(str(name).encode("utf-8", "surrogatepass") for name in names),
        list(value._data),
        lambda: [f".{name}" for name in names],
        text=lambda: f"<row of {len(value._data)}>",
    )
