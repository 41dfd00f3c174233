"""Texts by key in one SQLite file, which many processes may use at once and any of them may be killed at.

The file is nobody's but ours: another program's, a newer version's or a damaged one is left as it is, and nothing is
read from it.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

_FILE = "verdicts.sqlite3"
_APPLICATION = 0x6E627272
"""Says in the file's header whose it is: "nbrr" (SQLite's documentation, PRAGMA application_id)."""
_FORMAT = 1
_KEPT = 4
"""Texts per notebook: those of other options, and of other branches of a repository."""
_PATIENCE = 5.0
"""Seconds to wait for others who write."""
_TAG = """\
Signature: 8a477f597d28d172789f06886806bc55
# This file says that nbrerun keeps a cache here, which no backup needs (https://bford.info/cachedir/).
"""
_BESIDE = {"CACHEDIR.TAG": _TAG, ".gitignore": "*\n"}
_OURS = frozenset([*_BESIDE, _FILE, *(_FILE + suffix for suffix in ("-journal", "-wal", "-shm"))])


class Unusable(Exception):
    """There is no using this cache; half a sentence says why."""


class Store:
    """One open file.

    Raises (from everything but `close`):
        Unusable: it cannot be read or written.
    """

    def __init__(self, folder: Path, create: bool = True) -> None:
        """Open it, and make it where it is missing."""
        self.path = folder / _FILE
        if create:
            _prepare(folder)
        with _explained():
            # Read-only where it may not be written: what is known is of use all the same.
            self._base = sqlite3.connect(
                f"{self.path.resolve().as_uri()}?mode={'rwc' if create else 'rw'}",
                uri=True,
                timeout=_PATIENCE,
                isolation_level=None,
            )
        try:
            with _explained():
                self._open()
        except Unusable:
            self.close()
            raise

    def _open(self) -> None:
        if not self._is_ours():
            with self._transaction():
                if not self._is_ours():  # somebody else was quicker
                    self._make()
        # The journal stays where it is: files that come and go are seen by notebooks that list the folder.
        self._base.execute("PRAGMA journal_mode = PERSIST").fetchall()

    def _is_ours(self) -> bool:
        """False for a new file, or one of an older version.

        Raises:
            Unusable: it is another program's, or a newer version's.
        """
        (application,) = self._base.execute("PRAGMA application_id").fetchone()
        (version,) = self._base.execute("PRAGMA user_version").fetchone()
        if application == _APPLICATION:
            if version > _FORMAT:
                raise Unusable("a newer nbrerun wrote it")
            return bool(version == _FORMAT)
        (tables,) = self._base.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if application or version or tables:
            raise Unusable("another program wrote it")
        return False

    def _make(self) -> None:
        self._base.execute("DROP TABLE IF EXISTS verdict")
        self._base.execute(
            "CREATE TABLE verdict (notebook TEXT, key TEXT, stored REAL, text TEXT, PRIMARY KEY (notebook, key))"
        )
        self._base.execute(f"PRAGMA application_id = {_APPLICATION}")
        self._base.execute(f"PRAGMA user_version = {_FORMAT}")

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._base.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:  # Ctrl-C included: nothing is half written, and the error goes on
            with contextlib.suppress(sqlite3.Error):  # SQLite may have rolled back by itself
                self._base.execute("ROLLBACK")
            raise
        self._base.execute("COMMIT")

    def get(self, notebook: str, key: str) -> str | None:
        """The text under a key."""
        with _explained():
            query = "SELECT text FROM verdict WHERE notebook = ? AND key = ?"
            row = self._base.execute(query, (notebook, key)).fetchone()
        if row is None:
            return None
        if not isinstance(row[0], str):
            raise Unusable("it is damaged: there is something else than text in it")
        return row[0]

    def put(self, notebook: str, key: str, text: str) -> None:
        """Keep a text, in place of the oldest ones of this notebook."""
        with _explained(), self._transaction():
            row = (notebook, key, time.time(), text)
            self._base.execute("INSERT OR REPLACE INTO verdict VALUES (?, ?, ?, ?)", row)
            self._base.execute(
                "DELETE FROM verdict WHERE notebook = ? AND key NOT IN"
                " (SELECT key FROM verdict WHERE notebook = ? ORDER BY stored DESC LIMIT ?)",
                (notebook, notebook, _KEPT),
            )

    def count(self) -> tuple[int, int]:
        """How many notebooks there are, and how many texts."""
        with _explained():
            found: tuple[int, int] = self._base.execute(
                "SELECT count(DISTINCT notebook), count(*) FROM verdict"
            ).fetchone()
        return found

    def close(self) -> None:
        """Be done with it."""
        with contextlib.suppress(sqlite3.Error):
            self._base.close()


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise Unusable(str(error)) from error
    except sqlite3.DatabaseError as error:
        raise Unusable(f"it is damaged: {error}") from error
    except (sqlite3.Error, UnicodeError) as error:
        raise Unusable(str(error)) from error


def _prepare(folder: Path) -> None:
    """Make the folder, with what keeps it out of backups and repositories.

    Raises:
        Unusable: it is in use for something else, or the system refuses.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        there = set(os.listdir(folder))
        if there - _OURS and _FILE not in there:
            raise Unusable("the folder holds other files")
        for name, text in _BESIDE.items():
            if name not in there:
                with contextlib.suppress(FileExistsError), open(folder / name, "x", encoding="ascii") as file:
                    file.write(text)
    except OSError as error:
        if not os.path.exists(folder / _FILE):  # else it can be read at least
            raise Unusable(error.strerror or str(error)) from error


def clear(folder: Path) -> bool:
    """Remove what this module writes, and the folder if nothing else is in it; whether there was anything.

    Raises:
        Unusable: it is not ours, or the system refuses.
    """
    try:
        found = [folder / name for name in sorted(_OURS) if os.path.lexists(folder / name)]
        if folder / _FILE in found:
            _refuse_foreign(folder)
        for path in found:
            if path.name not in _BESIDE or _holds(path, _BESIDE[path.name]):
                path.unlink(missing_ok=True)
        if os.path.isdir(folder) and not os.listdir(folder):
            folder.rmdir()
    except OSError as error:
        raise Unusable(error.strerror or str(error)) from error
    return bool(found)


def _refuse_foreign(folder: Path) -> None:
    """By its header, which is readable where the rest is damaged (SQLite's documentation, Database File Format)."""
    with open(folder / _FILE, "rb") as file:
        header = file.read(72)
    is_database = header.startswith(b"SQLite format 3\0") and len(header) == 72
    ours = (
        int.from_bytes(header[68:72], "big") == _APPLICATION if is_database else _holds(folder / "CACHEDIR.TAG", _TAG)
    )
    if header and not ours:
        raise Unusable("another program wrote it")


def _holds(path: Path, text: str) -> bool:
    with contextlib.suppress(OSError, UnicodeError):
        return path.read_text(encoding="ascii") == text
    return False
