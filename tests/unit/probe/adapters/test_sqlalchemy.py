"""SQLAlchemy: what was declared is what it says, and what is in a database is read where that is possible."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from tests.unit.probe.looking import digest, moved, notebook, read

SOURCE = """
from sqlalchemy import Column, ForeignKey, Integer, String, create_engine
from sqlalchemy.orm import DeclarativeBase, Session, relationship, sessionmaker

class Base(DeclarativeBase):
    pass

class User(Base):
    __tablename__ = "user"
    id = Column(Integer, primary_key=True)
    name = Column(String({length}), default={default!r})
    pets = relationship("Pet", back_populates="owner")
    rows = []

class Pet(Base):
    __tablename__ = "pet"
    id = Column(Integer, primary_key=True)
    owner_id = Column(ForeignKey("user.id"))
    owner = relationship(User, back_populates="pets")

engine = create_engine("sqlite://")
Base.metadata.create_all(engine)
Maker = sessionmaker(engine)
"""


def declared(length: int = 30, default: str = "nobody") -> dict[str, Any]:
    """Two mapped classes, and a database for them."""
    return notebook(SOURCE.format(length=length, default=default))


@pytest.mark.parametrize("name", ["Base", "User", "Pet", "engine", "Maker"])
def test_what_was_declared_is_read(name: str) -> None:
    """A class, a table, an engine or a maker of sessions is no secret; declared again it is equal."""
    one, other = declared(), declared()
    assert not read(one[name]).opaque
    assert digest(one[name]) == digest(other[name])
    assert moved(one[name], other[name]) == {}


def test_using_a_mapped_class_is_no_change() -> None:
    """What SQLAlchemy remembers of statements, mappers and dialects is not what was declared."""
    made = declared()
    before = {name: digest(made[name]) for name in ("Base", "User", "Pet")}
    with made["Session"](made["engine"]) as session:
        session.add(made["User"](name="a", pets=[made["Pet"]()]))
        session.commit()
        session.scalars(sa.select(made["User"]).where(made["User"].name == "a")).all()
    assert {name: digest(made[name]) for name in before} == before


def test_making_tables_is_no_change_of_them() -> None:
    """Which spelling of a name is wanted, a name remembers."""
    tables, engine = sa.MetaData(), sa.create_engine("sqlite://")
    table = sa.Table("user", tables, sa.Column("id", sa.Integer, primary_key=True))
    before = digest([tables, table])
    tables.create_all(engine)
    tables.create_all(engine)
    assert digest([tables, table]) == before


def test_another_declaration_is_another_value() -> None:
    """A length, a default, and what a class keeps beside its columns."""
    one = declared()
    made = [one, declared(length=40), declared(default="somebody")]
    assert len({digest(each["User"]) for each in made}) == 3
    assert len({digest(each["Base"].metadata) for each in made}) == 3
    before = digest(one["User"])
    one["User"].rows.append(1)
    assert digest(one["User"]) != before


def test_tables_are_their_columns() -> None:
    """Names, types, keys and whether they may be empty."""

    def table(*columns: Any) -> Any:
        return sa.Table("t", sa.MetaData(), *columns)

    made = [
        table(sa.Column("a", sa.Integer)),
        table(sa.Column("b", sa.Integer)),
        table(sa.Column("a", sa.String)),
        table(sa.Column("a", sa.String(5))),
        table(sa.Column("a", sa.Integer, primary_key=True)),
        table(sa.Column("a", sa.Integer, nullable=False)),
        table(sa.Column("a", sa.Integer, sa.ForeignKey("u.a"))),
        table(sa.Column("a", sa.Integer, default=3)),
        table(sa.Column("a", sa.Integer), sa.Column("b", sa.Integer)),
    ]
    assert not any(read(each).opaque for each in made)
    assert len(set(map(digest, made))) == len(made)
    assert digest(made[0]) == digest(table(sa.Column("a", sa.Integer)))


def test_statements_are_their_sql_and_values() -> None:
    """Not what has been found out about them."""
    classes = declared()  # kept whole: SQLAlchemy itself holds on to `Pet` weakly, and `User` needs it
    user = classes["User"]
    made = [sa.select(user), sa.select(user.name), sa.select(user).where(user.id == 1), sa.text("select 1")]
    made += [sa.select(user).where(user.id == 2), sa.insert(user).values(name="a"), user.id == 1]
    assert not any(read(each).opaque for each in made)
    assert len(set(map(digest, made))) == len(made)
    assert digest(sa.select(user).where(user.id == 1)) == digest(made[2])


def test_engines_are_where_they_lead_to(tmp_path: Path) -> None:
    """By their address, which is shown without its password."""
    urls = [f"sqlite:///{tmp_path}/a.db", f"sqlite:///{tmp_path}/b.db"]
    one, other = (sa.create_engine(url) for url in urls)
    assert digest(one) == digest(sa.create_engine(urls[0])) != digest(other)
    with one.connect() as connection:
        connection.execute(sa.text("select 1"))
    assert digest(one) == digest(sa.create_engine(urls[0]))


def test_passwords_are_compared_and_not_shown() -> None:
    """A report is read by others."""
    urls = [sa.URL.create("sqlite", "me", password, "host", database="d") for password in ("secret", "hidden")]
    dialect = sa.create_engine("sqlite://").dialect
    one, other = (sa.Engine(sa.NullPool(lambda: None), dialect, url) for url in urls)
    assert digest(one) != digest(other)
    (change,) = moved(one, other).values()
    assert "secret" not in change.first


def test_a_database_in_memory_is_part_of_its_engine() -> None:
    """It is nowhere else: a row more is another value."""
    one, other = declared(), declared()
    with other["engine"].begin() as connection:
        connection.execute(sa.insert(other["User"]).values(name="a"))
    assert digest(one["engine"]) != digest(other["engine"])
    with one["engine"].begin() as connection:
        connection.execute(sa.insert(one["User"]).values(name="a"))
    assert digest(one["engine"]) == digest(other["engine"])


def test_a_connection_is_what_is_in_the_database() -> None:
    """As it is seen from there, what is not committed included; a closed one has no value."""
    one, other = declared()["engine"].connect(), declared()["engine"].connect()
    assert not read(one).opaque
    assert digest(one) == digest(other)
    other.execute(sa.text("insert into user (name) values ('a')"))
    assert digest(one) != digest(other)
    one.close()
    other.close()
    assert digest(one) == digest(other)


def test_a_session_is_what_waits_to_be_written() -> None:
    """New, changed and deleted rows, and what a transaction under way has done already."""
    made = declared()
    session = made["Session"](made["engine"])
    seen = [digest(session)]
    user = made["User"](name="a")
    session.add(user)
    seen.append(digest(session))
    session.commit()
    seen.append(digest(session))
    user.name = "b"
    seen.append(digest(session))
    session.rollback()
    assert len(set(seen)) == 4
    assert digest(session) == seen[2]
    assert not read(session).opaque


def test_rows_of_mapped_classes_are_their_attributes() -> None:
    """What SQLAlchemy hangs on them is whether they have been written, and as which row."""
    made = declared()
    one, other = made["User"](name="a"), made["User"](name="a")
    assert not read(one).opaque
    assert digest(one) == digest(other) != digest(made["User"](name="b"))
    assert "x.name" in moved(one, made["User"](name="b"))
    with made["Session"](made["engine"], expire_on_commit=False) as session:
        session.add(other)
        session.commit()
    assert digest(one) != digest(other)


def test_results_are_opaque_and_rows_are_not() -> None:
    """Where fetching stands is in the database; what was fetched is here."""
    made = declared()
    with made["engine"].begin() as connection:
        connection.execute(sa.insert(made["User"]), [{"name": "a"}, {"name": "b"}])
        result = connection.execute(sa.text("select id, name from user"))
        (why,) = read(result).opaque
        assert "CursorResult" in why
        first, second = result.fetchall()
    assert not read(first).opaque
    assert digest(first) != digest(second)
    assert "x.name" in moved(first, second)
    assert digest(first._mapping) != digest(second._mapping)


def test_connections_to_a_server_are_opaque() -> None:
    """What is there cannot be read, and this is said with the type."""
    engine = declared()["engine"]
    connection = engine.connect()
    connection.dialect = type("Other", (), {"name": "postgresql"})()
    (why,) = read(connection).opaque
    assert "Connection" in why


def test_a_scoped_session_is_that_of_its_thread() -> None:
    """And none has to be made for looking."""
    made = declared()
    scoped = orm.scoped_session(made["Maker"])
    before = digest(scoped)
    assert not scoped.registry.has()
    scoped.add(made["User"](name="a"))
    assert digest(scoped) != before
    scoped.remove()
    assert digest(scoped) == before
