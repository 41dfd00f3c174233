"""Types of the standard library that need more than their attributes, or less."""

from __future__ import annotations

import collections
import copy
import datetime
import decimal
import enum
import fractions
import io
import logging
import mmap
import multiprocessing
import pathlib
import random
import re
import sqlite3
import subprocess
import threading
import types
import uuid
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.unit.probe.looking import digest, generator_digests, moved, paths, read


class Colour(enum.Enum):
    """Members of a kind."""

    RED = 1
    BLUE = 2


class Way(enum.Flag):
    """Members that combine."""

    UP = 1
    LEFT = 2


CHANGED: dict[str, tuple[Any, Any]] = {
    "a day": (datetime.date(2024, 1, 1), datetime.date(2024, 1, 2)),
    "a time zone": (
        datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc),
        datetime.datetime(2024, 1, 1, tzinfo=ZoneInfo("UTC")),
    ),
    "a duration": (datetime.timedelta(1), datetime.timedelta(2)),
    "a decimal": (decimal.Decimal("1.0"), decimal.Decimal("1.00")),
    "a fraction": (fractions.Fraction(1, 3), fractions.Fraction(2, 3)),
    "a uuid": (uuid.UUID(int=1), uuid.UUID(int=2)),
    "a path": (pathlib.PurePosixPath("a/b"), pathlib.PurePosixPath("a/c")),
    "a pattern": (re.compile("a"), re.compile("a", re.IGNORECASE)),
    "a member": (Colour.RED, Colour.BLUE),
    "a flag": (Way.UP, Way.UP | Way.LEFT),
    "a namespace": (types.SimpleNamespace(a=[1]), types.SimpleNamespace(a=[2])),
    "a queue": (collections.deque([1, 2]), collections.deque([2, 1])),
    "a queue's limit": (collections.deque([1], 2), collections.deque([1])),
    "a text buffer": (io.StringIO("a"), io.StringIO("b")),
    "a byte buffer": (io.BytesIO(b"a"), io.BytesIO(b"b")),
    "a chain of maps": (collections.ChainMap({"a": 1}), collections.ChainMap({"a": 2})),
    "a user's dict": (collections.UserDict(a=1), collections.UserDict(a=2)),
}


@pytest.mark.parametrize("case", CHANGED)
def test_each_kind_of_change_is_seen(case: str) -> None:
    """Another value has another digest and a change to show; a copy has neither."""
    before, after = CHANGED[case]
    again = copy.deepcopy(before)
    assert not read(before).opaque
    assert digest(before) == digest(again) != digest(after)
    assert moved(before, again) == {}
    assert moved(before, after)


VIEWS: dict[str, tuple[Any, Any]] = {
    "keys": ({"a": 1}.keys(), {"b": 1}.keys()),
    "values": ({"a": 1}.values(), {"a": 2}.values()),
    "items": ({"a": 1}.items(), {"a": 2}.items()),
    "proxy": (types.MappingProxyType({"a": 1}), types.MappingProxyType({"a": 2})),
}


@pytest.mark.parametrize("case", VIEWS)
def test_views_of_dicts_are_read(case: str) -> None:
    """They are what the dict holds now."""
    before, after = VIEWS[case]
    assert not read(before).opaque
    assert digest(before) == digest(before) != digest(after)
    assert moved(before, after)


def test_a_queue_of_objects_has_paths() -> None:
    """By index, and its growth is a length."""
    assert "x[1][0]" in paths(collections.deque([1, [[]]]))
    assert moved(collections.deque([1]), collections.deque([1, 2]))["len(x)"].again == "2"


def test_a_text_buffer_is_its_text_and_where_it_stands() -> None:
    """Reading from it moves it on, writing too, and a look does neither."""
    one, other = io.StringIO("abc"), io.StringIO("abc")
    assert digest(one) == digest(other)
    one.read(1)
    assert digest(one) != digest(other)
    assert "x.tell()" in {change.path for change in moved(other, one).values()}
    assert one.read() == "bc"


def test_a_generator_of_random_numbers_is_no_data() -> None:
    """Its kind is `generator`; drawing moves the generator and not what holds it."""
    one, other = random.Random(1), random.Random(1)
    assert read(one).kind == "generator"
    before = digest({"rng": one, "a": 1})
    assert generator_digests([one]) == generator_digests([other])
    one.random()
    assert generator_digests([one]) != generator_digests([other])
    assert digest({"rng": one, "a": 1}) == before


def test_the_systems_generator_has_no_state() -> None:
    """It cannot be held still, and so it is not even tried."""
    assert generator_digests(random.SystemRandom()) == []


OPAQUE: dict[str, Any] = {
    "a pool": lambda: ThreadPoolExecutor(1),
    "a socket": lambda: __import__("socket").socket(),
}


@pytest.mark.parametrize("case", OPAQUE)
def test_what_lives_elsewhere_is_opaque(case: str) -> None:
    """It is said, with its type, and never taken for equal in silence."""
    value = OPAQUE[case]()
    (why,) = read(value).opaque
    assert type(value).__name__ in why
    getattr(value, "close", lambda: None)()


def test_a_process_is_opaque() -> None:
    """What it does is not in this process's memory."""
    with subprocess.Popen(["true"]) as process:
        assert read(process).opaque


def test_events_and_conditions_can_be_told_apart() -> None:
    """A lock is held or not, and what else they hold is value."""
    one, other = threading.Event(), threading.Event()
    assert digest(one) == digest(other)
    other.set()
    assert digest(one) != digest(other)
    assert not read(one).opaque
    reentrant = threading.RLock()
    with reentrant:
        once = digest(reentrant)
        with reentrant:
            assert digest(reentrant) != once


def test_a_weak_reference_is_alive_or_not() -> None:
    """What it leads to is held by somebody else."""

    class Thing:
        pass

    thing = Thing()
    reference = weakref.ref(thing)
    alive = digest(reference)
    del thing
    assert digest(reference) != alive


def test_a_logger_is_its_level_and_handlers() -> None:
    """A handler more is a change; another logger of its tree is not."""
    logger = logging.getLogger("tests.of.the.probe")
    before = digest(logger)
    logging.getLogger("tests.of.the.probe.below")
    assert digest(logger) == before
    handler = logging.NullHandler()
    logger.addHandler(handler)
    try:
        assert digest(logger) != before
    finally:
        logger.removeHandler(handler)
    assert digest(logger) == before


def test_a_database_is_what_is_in_it() -> None:
    """Two connections with the same rows are equal; a row more, or one not committed yet, is another value."""

    def connection(*rows: int, commit: bool = True) -> sqlite3.Connection:
        database = sqlite3.connect(":memory:")
        database.execute("create table t (x)")
        database.executemany("insert into t values (?)", [(row,) for row in rows])
        if commit:
            database.commit()
        return database

    assert digest(connection(1, 2)) == digest(connection(1, 2))
    assert digest(connection(1, 2)) != digest(connection(1, 2, 3))
    assert digest(connection(1, 2)) != digest(connection(1, 2, commit=False))
    closed = connection(1)
    closed.close()
    assert digest(closed) not in {digest(connection(1))}


def test_a_database_is_read_whatever_its_rows_are_made_into() -> None:
    """A row factory that fails is the person's, and not asked: the database is opaque then, not equal."""
    database = sqlite3.connect(":memory:")
    database.execute("create table t (x)")
    database.row_factory = lambda *_: 1 / 0
    assert read(database).opaque


def test_a_memory_map_is_read_by_its_bytes_and_its_position() -> None:
    """And a closed one has neither."""
    one, other = mmap.mmap(-1, 16), mmap.mmap(-1, 16)
    assert read(one) == read(other)
    other[3] = 1
    assert read(one) != read(other)
    other[3] = 0
    other.seek(2)
    assert read(one) != read(other)
    one.close()
    other.close()
    assert read(one) == read(other)


def test_a_lock_of_multiprocessing_is_what_is_left_of_it() -> None:
    """Taking it is a change; its name in the system is a random one, and no value."""
    one, other = multiprocessing.Semaphore(3), multiprocessing.Semaphore(3)
    assert not read(one).opaque
    assert digest(one) == digest(other)
    one.acquire()
    assert digest(one) != digest(other)


def test_a_shared_value_is_not_the_place_where_it_lies() -> None:
    """Two that were made one after the other lie in different places."""
    one, other = multiprocessing.Value("i", 1), multiprocessing.Value("i", 1)
    assert digest(one) == digest(other)
    other.value += 1
    assert digest(one) != digest(other)


def test_the_end_of_a_pipe_cannot_be_read() -> None:
    """What is in the pipe belongs to the system; the number of its descriptor is no value."""
    ends = multiprocessing.Pipe()
    assert read(ends).opaque
    for end in ends:
        end.close()


def test_an_object_of_a_manager_is_read_in_its_process() -> None:
    """Until the manager has ended."""
    with multiprocessing.get_context("fork").Manager() as manager:
        shared = manager.dict(a=1)
        before = digest(shared)
        assert not read(shared).opaque
        shared["a"] = 2
        assert digest(shared) != before
    assert read(shared).opaque


def test_a_thread_is_what_it_is_to_do() -> None:
    """Its name is an automatic one; how far it is while it runs cannot be seen."""

    class Worker(threading.Thread):
        result = 0

    go = threading.Event()
    one, other = (Worker(target=go.wait, args=(5,)) for _ in range(2))
    assert digest(one) == digest(other) != digest(Worker(target=go.wait, args=(6,)))
    assert not read(one).opaque
    other.result = 7
    assert moved(one, other)
    other.result = 0
    one.start()
    assert read(one).opaque
    go.set()
    one.join()
    assert not read(one).opaque
    assert digest(one) != digest(other)
    del other.result
    other.start()
    other.join()
    assert digest(one) == digest(other)
