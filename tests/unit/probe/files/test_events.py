"""What each of Python's audit events announces."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nbrerun.probe.files.events import EVENTS, Access, Use, decode

HERE = "<the working folder>"
"""Stands for its path."""

READ, WRITE, BOTH = os.O_RDONLY, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, os.O_RDWR | os.O_CREAT

Events = dict[tuple[str, tuple[Any, ...]], list[tuple[Use, str]]]

TABLE: Events = {
    ("open", ("a", "r", READ)): [(Use.OPEN, f"{HERE}/a")],
    ("open", (b"a", "r", READ)): [(Use.OPEN, f"{HERE}/a")],
    ("open", (Path("a"), "r", READ)): [(Use.OPEN, f"{HERE}/a")],
    ("open", ("/x/../a", None, WRITE)): [(Use.OPEN, "/x/../a")],
    ("sqlite3.connect", ("a.db",)): [(Use.DATABASE, f"{HERE}/a.db")],
    ("sqlite3.connect", (Path("/a.db"),)): [(Use.DATABASE, "/a.db")],
    ("sqlite3.connect", ("file:a%20b.db?cache=shared",)): [(Use.DATABASE, f"{HERE}/a b.db")],
    ("sqlite3.connect", ("file:///a.db",)): [(Use.DATABASE, "/a.db")],
    ("sqlite3.connect", (":memory:",)): [],
    ("sqlite3.connect", ("",)): [],
    ("sqlite3.connect", ("file:a?mode=memory",)): [],
    ("import", ("a", "/a.so", None, None, None)): [(Use.LOAD, "/a.so")],
    ("import", ("a", None, None, None, None)): [],
    ("os.listdir", ("d",)): [(Use.LIST, f"{HERE}/d")],
    ("os.listdir", (None,)): [(Use.LIST, f"{HERE}/.")],
    ("os.listdir", (3,)): [],
    ("os.scandir", ("/d",)): [(Use.LIST, "/d")],
    ("os.chdir", ("../d",)): [(Use.ENTER, f"{HERE}/../d")],
    ("shutil.rmtree", ("d", None)): [(Use.ENTER, f"{HERE}/d")],
    ("os.chmod", ("a", 0o600, -1)): [(Use.CHANGE, f"{HERE}/a")],
    ("os.chown", ("a", 0, 0, -1)): [(Use.CHANGE, f"{HERE}/a")],
    ("os.utime", ("a", None, None, -1)): [(Use.CHANGE, f"{HERE}/a")],
    ("os.setxattr", ("a", "user.x", b"1", 0)): [(Use.CHANGE, f"{HERE}/a")],
    ("os.removexattr", ("a", "user.x")): [(Use.CHANGE, f"{HERE}/a")],
    ("os.truncate", ("a", 1)): [(Use.TRUNCATE, f"{HERE}/a")],
    ("os.remove", ("a", -1)): [(Use.REMOVE, f"{HERE}/a")],
    ("os.mkdir", ("d", 0o777, -1)): [(Use.MAKE_FOLDER, f"{HERE}/d")],
    ("os.rmdir", ("d", -1)): [(Use.REMOVE_FOLDER, f"{HERE}/d")],
    ("os.rename", ("a", "/b", -1, -1)): [(Use.RENAME_FROM, f"{HERE}/a"), (Use.RENAME_TO, "/b")],
    ("os.link", ("a", "b", -1, -1)): [(Use.LINK_FROM, f"{HERE}/a"), (Use.LINK_TO, f"{HERE}/b")],
    ("os.symlink", ("not there", "b", -1)): [(Use.LINK_TO, f"{HERE}/b")],
    ("socket.connect", (None, "/a")): [],
}


@pytest.mark.parametrize("event", TABLE, ids=repr)
def test_what_an_event_announces(event: tuple[str, tuple[Any, ...]], tmp_path: Path, where: None) -> None:
    """Which use of which paths, from the root on."""
    expected = [(use, path.replace(HERE, str(tmp_path)).encode()) for use, path in TABLE[event]]
    assert [(access.use, access.path) for access in decode(*event)] == expected


@pytest.fixture
def where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)


def test_the_table_is_complete() -> None:
    """Each event that is decoded is in it."""
    assert {name for name, _ in TABLE} - {"socket.connect"} == EVENTS


@pytest.mark.parametrize(
    ("flags", "writes", "starts_empty"),
    [
        (READ, False, False),
        (WRITE, True, True),
        (BOTH, True, False),
        (os.O_WRONLY | os.O_APPEND, True, False),
        (os.O_WRONLY | os.O_CREAT | os.O_EXCL, True, True),
    ],
)
def test_flags_of_open(flags: int, writes: bool, starts_empty: bool) -> None:
    """As open(2) defines them."""
    [access] = decode("open", ("/a", None, flags))
    assert (access.flags, access.writes, access.starts_empty) == (flags, writes, starts_empty)


@pytest.mark.parametrize(
    ("database", "writes"),
    [
        ("a.db", True),
        ("a.db?mode=ro", True),
        ("file:a.db", True),
        ("file:a.db?mode=ro", False),
        ("file:a.db?immutable=1", False),
        ("file:a.db?mode=rwc", True),
    ],
)
def test_a_database_may_be_opened_for_reading_only(database: str, writes: bool) -> None:
    """Only a URI can say so."""
    [access] = decode("sqlite3.connect", (database,))
    assert access.writes is writes


def test_descriptors(tmp_path: Path) -> None:
    """A path is found for one that is written by, and for the folder that a name begins in."""
    (tmp_path / "a").touch()
    folder = os.open(tmp_path, os.O_RDONLY)
    file = os.open(tmp_path / "a", os.O_RDWR)
    path = os.fsencode(tmp_path / "a")
    try:
        assert decode("open", (file, "r", READ)) == (Access(Use.OPEN, b"", READ, by_descriptor=True),)
        assert decode("open", (file, "w", WRITE)) == (Access(Use.OPEN, path, WRITE, by_descriptor=True),)
        assert decode("os.truncate", (file, 0)) == (Access(Use.TRUNCATE, path, by_descriptor=True),)
        assert decode("os.remove", ("a", folder)) == (Access(Use.REMOVE, path),)
        assert decode("os.rename", ("a", "b", folder, folder))[1].path == os.fsencode(tmp_path / "b")
    finally:
        os.close(file)
        os.close(folder)
    with pytest.raises(OSError, match="No such file"):
        decode("os.remove", ("a", folder))


CALLS = """
import os, pathlib, shutil, sqlite3, sys
from nbrerun.probe.files.events import EVENTS, decode
seen, failed, busy = set(), [], False
def hook(event, arguments):
    global busy
    if busy or event not in EVENTS:
        return
    busy = True
    try:
        decode(event, arguments)
        seen.add(event)
    except BaseException as error:
        failed.append([event, repr(error)])
    finally:
        busy = False
sys.addaudithook(hook)
os.mkdir("d"); os.makedirs("d/e"); open("a", "w").close(); os.open("a", os.O_RDONLY)
os.chmod("a", 0o600); os.fchmod(os.open("a", os.O_RDWR), 0o600); os.chown("a", -1, -1); os.utime("a")
os.truncate("a", 0); os.ftruncate(os.open("a", os.O_RDWR), 0); os.link("a", "b"); os.symlink("a", "c")
os.rename("b", "b2"); os.replace("b2", "b3"); pathlib.Path("b3").rename("b4");
os.remove("b4"); os.unlink("c"); os.rmdir("d/e")
os.listdir(); os.listdir("d"); list(os.scandir()); list(os.walk("d")); os.fwalk and list(os.fwalk("d"))
shutil.copy("a", "a2"); shutil.move("a2", "a3"); shutil.rmtree("d"); sqlite3.connect("x.db").close();
os.chdir("."); import colorsys
for name in ("setxattr", "removexattr"):
    try:
        getattr(os, name)("a", "user.x", *([b"1"] if name == "setxattr" else []))
    except OSError:
        pass  # the file system has no such attributes, but the event comes first
busy = True
print(sorted(EVENTS - seen), failed)
"""


def test_python_announces_what_is_decoded(tmp_path: Path) -> None:
    """The arguments of every event are those that this Python really gives."""
    root = Path(__file__).parents[4]
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(root)!r})\n{CALLS}"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "[] []\n"
