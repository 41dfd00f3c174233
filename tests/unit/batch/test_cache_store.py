"""The cache's file: shared by processes that may be killed, and left alone where it is not ours."""

from __future__ import annotations

import math
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click.testing
import pytest

from nbrerun.batch.cache import Cache, store
from nbrerun.batch.cache.codec import Malformed, decode, encode
from nbrerun.batch.cache.store import Store, Unusable, clear
from nbrerun.cli import main
from nbrerun.model import Change, Gone, NotebookReport, Report

FILE = "verdicts.sqlite3"


def filled(folder: Path) -> Path:
    """A folder with one text in its cache."""
    one = Store(folder)
    one.put("nb.ipynb", "k", "text")
    one.close()
    return folder / FILE


def database(*statements: str) -> Callable[[Path], object]:
    """Do this to the database."""

    def change(folder: Path) -> None:
        base = sqlite3.connect(folder / FILE)
        for statement in statements:
            base.execute(statement)
        base.commit()
        base.close()

    return change


def test_texts_come_back(tmp_path: Path) -> None:
    """By notebook and key; a text that is put again takes the place of the other."""
    one = Store(tmp_path / "deep" / "cache")
    for key, text in (("k", "old"), ("k", "new"), ("l", "other")):
        one.put("nb.ipynb", key, text)
    assert [one.get("nb.ipynb", key) for key in "klm"] == ["new", "other", None]
    assert one.get("other.ipynb", "k") is None
    assert one.count() == (1, 2)
    one.close()


def test_only_the_newest_of_a_notebook_stay(tmp_path: Path) -> None:
    """A cache does not grow with every change of a notebook."""
    one = Store(tmp_path)
    for number in range(10):
        one.put("nb.ipynb", f"{number}", "")
        one.put("other.ipynb", "k", "")
    assert [number for number in range(10) if one.get("nb.ipynb", f"{number}") is not None] == [6, 7, 8, 9]
    assert one.count() == (2, 5)
    one.close()


def test_the_folder_says_what_it_is(tmp_path: Path) -> None:
    """Backups and git leave it alone, and the user's own version of these files stays."""
    filled(tmp_path / "a")
    assert (tmp_path / "a" / ".gitignore").read_text() == "*\n"
    assert (tmp_path / "a" / "CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d172789f06886806bc55\n")
    (tmp_path / "a" / ".gitignore").write_text("mine")
    filled(tmp_path / "a")
    assert (tmp_path / "a" / ".gitignore").read_text() == "mine"


def test_no_file_comes_and_goes_while_it_is_written(tmp_path: Path) -> None:
    """A notebook that lists the folder beside it sees the same names at any time."""
    one = Store(tmp_path)
    one.put("nb.ipynb", "k", "a")
    before = sorted(os.listdir(tmp_path))
    one.put("nb.ipynb", "k", "b")
    with one._transaction():
        one._base.execute("DELETE FROM verdict")
        assert sorted(os.listdir(tmp_path)) == before
    one.close()
    assert sorted(os.listdir(tmp_path)) == before


def _cut(folder: Path) -> None:
    os.truncate(folder / FILE, 5000)


def _scribble(folder: Path) -> None:
    whole = (folder / FILE).read_bytes()
    (folder / FILE).write_bytes(whole[:100] + b"\xff" * (len(whole) - 100))


WRONG = [
    (lambda folder: (folder / FILE).write_text("no database at all, though it is long enough for one" * 10), "damaged"),
    (_scribble, "damaged"),
    (_cut, "damaged"),
    (database("PRAGMA application_id = 7"), "another program wrote it"),
    (database("PRAGMA user_version = 99"), "a newer nbrerun wrote it"),
    (database("DROP TABLE verdict"), "no such table"),
    (database("UPDATE verdict SET text = x'00ff'"), "an entry is not text"),
]


@pytest.mark.parametrize(("change", "why"), WRONG)
def test_what_is_wrong_is_left_as_it_is(tmp_path: Path, change: Callable[[Path], object], why: str) -> None:
    """A file that is not ours, or damaged, is neither used nor changed."""
    path = filled(tmp_path)
    change(tmp_path)
    before = path.read_bytes()

    def use() -> str | None:
        one = Store(tmp_path)
        try:
            return one.get("nb.ipynb", "k")
        finally:
            one.close()

    with pytest.raises(Unusable, match=why):
        use()
    assert path.read_bytes() == before


def test_an_older_format_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is ours, and what it holds cannot be read any more."""
    filled(tmp_path)
    monkeypatch.setattr(store, "_FORMAT", 2)
    one = Store(tmp_path)
    assert one.get("nb.ipynb", "k") is None
    one.put("nb.ipynb", "k", "text")
    one.close()


def test_a_database_of_somebody_else(tmp_path: Path) -> None:
    """One that says nothing of whose it is has tables, and so it is not ours."""
    database("CREATE TABLE person (name)")(tmp_path)
    with pytest.raises(Unusable, match="another program"):
        Store(tmp_path)
    with pytest.raises(Unusable, match="another program"):
        clear(tmp_path)


def test_a_folder_of_other_things(tmp_path: Path) -> None:
    """A user's own folder gets no .gitignore that hides all of it."""
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(Unusable, match="contains other files"):
        Store(tmp_path)
    assert os.listdir(tmp_path) == ["thesis.tex"]


def test_no_folder_at_all(tmp_path: Path) -> None:
    """A file in its place, or one above it."""
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "cache"):
        with pytest.raises(Unusable):
            Store(folder)


def test_somebody_writes_for_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while of waiting the check goes on without the cache."""
    filled(tmp_path)
    monkeypatch.setattr(store, "_PATIENCE", 0.05)
    other = sqlite3.connect(tmp_path / FILE, isolation_level=None)
    one = Store(tmp_path)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(Unusable, match="locked"):
        one.put("nb.ipynb", "k", "b")
    other.execute("ROLLBACK")
    other.close()
    assert one.get("nb.ipynb", "k") == "text"
    one.close()


@pytest.mark.parametrize(
    ("pragma", "why"), [("PRAGMA query_only = 1", "readonly"), ("PRAGMA max_page_count = 1", "full")]
)
def test_no_writing_any_more(tmp_path: Path, pragma: str, why: str) -> None:
    """A full disk, or one that may only be read: what is known stays of use."""
    filled(tmp_path)
    one = Store(tmp_path)
    one._base.execute(pragma).fetchall()
    with pytest.raises(Unusable, match=why):
        one.put("nb.ipynb", "l", "x" * 100_000)
    assert one.get("nb.ipynb", "k") == "text"
    one.close()


def test_a_folder_that_may_only_be_read(tmp_path: Path) -> None:
    """As a CI may hand it over."""
    path = filled(tmp_path)
    path.chmod(0o400)
    tmp_path.chmod(0o500)
    one = Store(tmp_path)
    assert one.get("nb.ipynb", "k") == "text"
    one.close()
    tmp_path.chmod(0o700)


_WRITER = """
import sys
from pathlib import Path
from nbrerun.batch.cache.store import Store
number = 0
store = Store(Path(sys.argv[1]))
print("up", flush=True)
while number < int(sys.argv[3]):
    number += 1
    store.put(f"{sys.argv[2]}-{number % 50}.ipynb", "k", sys.argv[2] * 20_000)
"""


def _writer(folder: Path, name: str, times: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _WRITER, str(folder), name, str(times)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_several_processes_write(tmp_path: Path) -> None:
    """All at once, the making of the file included, and nothing is lost."""
    writers = [_writer(tmp_path, name, 20) for name in "abcd"]
    for writer in writers:
        _, error = writer.communicate(timeout=120)
        assert (writer.returncode, error) == (0, "")
    one = Store(tmp_path)
    assert one.count() == (80, 80)
    one.close()


def test_a_writer_is_killed(tmp_path: Path) -> None:
    """At whatever it is: others find whole texts, and go on."""
    for number in range(5):
        writer = _writer(tmp_path, "ab"[number % 2], 10**9)
        with writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            with pytest.raises(subprocess.TimeoutExpired):
                writer.wait(0.05 + 0.037 * number)
            writer.send_signal(signal.SIGKILL)
        one = Store(tmp_path)
        for name in "ab":
            texts = [one.get(f"{name}-{at}.ipynb", "k") for at in range(50)]
            assert set(texts) <= {None, name * 20_000}
        one.put("nb.ipynb", "k", "text")
        assert one._base.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        one.close()


_MIDWAY = """
import sys
from pathlib import Path
from nbrerun.batch.cache.store import Store
store = Store(Path(sys.argv[1]))
store._base.execute("PRAGMA cache_size = 10")
with store._transaction():
    store._base.execute("UPDATE verdict SET text = replace(text, 'a', 'b')")
    print("midway", flush=True)
    sys.stdin.read()
"""


def test_a_writer_is_killed_midway(tmp_path: Path) -> None:
    """With part of it written to the file already: what was there before is there again."""
    one = Store(tmp_path)
    for number in range(20):
        one.put(f"{number}.ipynb", "k", "a" * 50_000)
    one.close()
    before = (tmp_path / FILE).read_bytes()
    command = [sys.executable, "-c", _MIDWAY, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "midway\n"
        assert (tmp_path / FILE).read_bytes() != before
        writer.send_signal(signal.SIGKILL)
    one = Store(tmp_path)
    assert {one.get(f"{number}.ipynb", "k") for number in range(20)} == {"a" * 50_000}
    assert one._base.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    one.close()


def test_somebody_else_is_quicker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two that find no table only one makes it."""
    filled(tmp_path)
    answers = iter([False, True])
    monkeypatch.setattr(Store, "_is_ours", lambda self: next(answers))
    one = Store(tmp_path)
    assert one.get("nb.ipynb", "k") == "text"
    one.close()


def test_a_cache_says_once_what_is_wrong_with_it(tmp_path: Path) -> None:
    """And then keeps still: the check goes on."""
    (tmp_path / FILE).write_text("no database, but as long as the header of one would be" * 3)
    notes: list[str] = []
    Cache(tmp_path, notes.append).close()
    assert notes == [f"the cache in {tmp_path} is ignored: it is damaged: file is not a database"]


def nbrerun(*args: object) -> click.testing.Result:
    """Run `nbrerun ARGS`."""
    return click.testing.CliRunner().invoke(main, list(map(str, args)))


def test_info_and_clear(cache_folder: Path) -> None:
    """One says where it is and what is in it, the other removes that, with the folder; neither makes anything."""
    assert nbrerun("cache", "info").stdout.splitlines() == [str(cache_folder), "there is no cache"]
    assert nbrerun("cache", "clear").stdout == f"{cache_folder}: there is no cache\n"
    path = filled(cache_folder)
    said = nbrerun("cache", "info").stdout.splitlines()
    assert said == [str(cache_folder), f"1 notebook, 1 report, {path.stat().st_size} bytes"]
    assert nbrerun("cache", "clear").stdout == f"{cache_folder}: removed\n"
    assert not cache_folder.exists()


def test_clear_removes_what_is_ours(tmp_path: Path) -> None:
    """What else is in the folder stays, and so does a changed .gitignore; a damaged cache goes."""
    filled(tmp_path).write_text("damaged" * 50)
    (tmp_path / ".gitignore").write_text("mine")
    (tmp_path / "notes.txt").write_text("mine")
    assert nbrerun("cache", "clear", "--cache-dir", tmp_path).exit_code == 0
    assert sorted(os.listdir(tmp_path)) == [".gitignore", "notes.txt"]


def test_clear_and_info_of_a_foreign_cache(tmp_path: Path) -> None:
    """One sentence, exit code 2, and nothing is touched."""
    filled(tmp_path)
    database("PRAGMA application_id = 7")(tmp_path)
    for command, words in (("clear", "is left as it is"), ("info", "cannot be used")):
        result = nbrerun("cache", command, "--cache-dir", tmp_path)
        assert (result.exit_code, result.stderr) == (
            2,
            f"nbrerun: the cache in {tmp_path} {words}: another program wrote it\n",
        )
    assert (tmp_path / FILE).exists()


def test_reports_come_back_as_they_were(report: Report) -> None:
    """Whatever a report may hold: words, numbers that are none, absent parts, odd characters."""
    for notebook in report.notebooks:
        assert repr(decode(NotebookReport, encode(notebook))) == repr(notebook)
    change = Change("x", "\udc80", "\0", 3)
    assert decode(Change, encode(change)) == change
    assert type(decode(Change, encode(change)).max_abs_change) is int
    assert math.isinf(decode(Change, encode(Change("x", "", "", math.inf))).max_abs_change or 0)


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {},
        {"path": "x", "first": "", "again": ""},
        {"path": "x", "first": "", "again": "", "max_abs_change": "1"},
        {"path": "x", "first": "", "again": "", "max_abs_change": True},
        {"path": 1, "first": "", "again": "", "max_abs_change": None},
        {"path": "x", "first": "", "again": "", "max_abs_change": None, "more": None},
    ],
)
def test_other_shapes_are_refused(value: object) -> None:
    """Nothing is filled in, left out or made fit."""
    with pytest.raises(Malformed):
        decode(Change, value)


def test_yes_is_no_number() -> None:
    """Though Python takes the one for the other."""
    with pytest.raises(Malformed):
        decode(Gone, {**encode(Gone("nb.ipynb", "a", "NBR001", 1)), "count": True})
