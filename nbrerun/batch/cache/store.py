"""Texts by key in one SQLite file, which many processes may use at once, and any of them may be killed while writing.

A file of another program or of a newer version, or a damaged one, is left as it is, and nothing is read from it.
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
"""Identifies our files by their header: "nbrr" in ASCII (SQLite documentation, PRAGMA application_id)."""
_FORMAT = 1
_KEPT = 4
"""Texts per notebook, for different options and branches of the repository."""
_PATIENCE = 20.0
"""Seconds to wait for other processes that write; SQLite gives each its turn by chance, and disks may be slow."""
_TAG = """\
Signature: 8a477f597d28d172789f06886806bc55
# This file marks a cache of nbrerun, which no backup needs (https://bford.info/cachedir/).
"""
_BESIDE = {"CACHEDIR.TAG": _TAG, ".gitignore": "*\n"}
_OURS = frozenset([*_BESIDE, _FILE, *(_FILE + suffix for suffix in ("-journal", "-wal", "-shm"))])


class Unusable(Exception):
    """The cache cannot be used; the message is a clause that says why."""


class Store:
    """An open file.

    Raises (all methods except for `close`):
        Unusable: it cannot be read or written.
    """

    def __init__(self, folder: Path, create: bool = True) -> None:
        """Open the file in a folder; `create` says whether to create what is missing."""
        self.path = folder / _FILE
        if create:
            _prepare(folder)
        with _explained():
            # SQLite opens a file that may not be written read-only (sqlite3_open_v2); reading is still useful.
            self._base = sqlite3.connect(
                f"{self.path.resolve().as_uri()}?mode={'rwc' if create else 'rw'}",
                uri=True,
                timeout=_PATIENCE,
                isolation_level=None,  # sqlite3 would open transactions implicitly
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
                if not self._is_ours():  # another process may have been quicker
                    self._make()
        # A journal that is created and deleted would be seen by notebooks that list the folder.
        self._base.execute("PRAGMA journal_mode = PERSIST").fetchall()

    def _is_ours(self) -> bool:
        """Tell whether the file has our format; it does not if it is new or of an older version.

        Raises:
            Unusable: it belongs to another program or a newer version.
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
        # The texts of an older version are dropped: a check costs less than converting them would.
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
        except BaseException:  # including Ctrl-C: nothing may stay half written
            with contextlib.suppress(sqlite3.Error):  # SQLite may have rolled back by itself
                self._base.execute("ROLLBACK")
            raise
        self._base.execute("COMMIT")

    def get(self, notebook: str, key: str) -> str | None:
        """Return the text under a key; None if there is none."""
        with _explained():
            query = "SELECT text FROM verdict WHERE notebook = ? AND key = ?"
            row = self._base.execute(query, (notebook, key)).fetchone()
        if row is None:
            return None
        if not isinstance(row[0], str):
            raise Unusable("it is damaged: an entry is not text")
        return row[0]

    def put(self, notebook: str, key: str, text: str) -> None:
        """Store a text, and remove the oldest texts of this notebook if there are too many."""
        with _explained(), self._transaction():
            row = (notebook, key, time.time(), text)
            self._base.execute("INSERT OR REPLACE INTO verdict VALUES (?, ?, ?, ?)", row)
            self._base.execute(
                "DELETE FROM verdict WHERE notebook = ? AND key NOT IN"
                " (SELECT key FROM verdict WHERE notebook = ? ORDER BY stored DESC LIMIT ?)",
                (notebook, notebook, _KEPT),
            )

    def count(self) -> tuple[int, int]:
        """Count the notebooks and the texts."""
        with _explained():
            found: tuple[int, int] = self._base.execute(
                "SELECT count(DISTINCT notebook), count(*) FROM verdict"
            ).fetchone()
        return found

    def close(self) -> None:
        """Close the file."""
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
    """Create the folder, with the files that exclude it from backups and repositories.

    Raises:
        Unusable: it contains other files, or the system refuses.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        there = set(os.listdir(folder))
        if there - _OURS and _FILE not in there:
            raise Unusable("the folder contains other files")
        for name, text in _BESIDE.items():
            if name not in there:
                with contextlib.suppress(FileExistsError), open(folder / name, "x", encoding="ascii") as file:
                    file.write(text)
    except OSError as error:
        if not os.path.exists(folder / _FILE):  # else it can at least be read
            raise Unusable(error.strerror or str(error)) from error


def clear(folder: Path) -> bool:
    """Remove what this module writes, and the folder if it is empty then; return whether there was anything.

    Raises:
        Unusable: the file is not ours, or the system refuses.
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
    """Raise Unusable for a file of another program.

    Its header tells, which is readable even if the rest is damaged (SQLite documentation, Database File Format).
    """
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
