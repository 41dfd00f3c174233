"""How open files are read, and what goes through them."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nbrerun.probe.adapters import files
from tests.unit.probe.looking import digest, moved, paths, read

LINES = ["one\n", "twö\n", "three\n", "\n", "five"]


def test_a_file_is_its_name_and_position(tmp_path: Path) -> None:
    """Reading on moves the handle on; a look does not."""
    (tmp_path / "a.txt").write_text("one\ntwo\nthree\n")
    with (tmp_path / "a.txt").open("rb") as one, (tmp_path / "a.txt").open("rb") as other:
        assert digest(one) == digest(other)
        one.readline()
        assert digest(one) != digest(other)
        assert moved(other, one)
        assert one.readline() == b"two\n"


def test_looking_at_a_file_writes_nothing(tmp_path: Path) -> None:
    """What the notebook has not flushed yet stays unflushed: other cells may read the file."""
    target = tmp_path / "log.txt"
    with target.open("w") as file:
        file.write("hello")
        read(file)
        paths(file)
        assert target.read_text() == ""
    assert target.read_text() == "hello"


@pytest.mark.parametrize("library", [gzip, bz2, lzma], ids=["gzip", "bz2", "lzma"])
def test_a_compressed_file_is_a_file(library: Any, tmp_path: Path) -> None:
    """As text that is iterated over, as text, and as bytes; the position is that in what it holds."""
    path = str(tmp_path / "a")
    with library.open(path, "wt") as file:
        file.write("one\ntwo\nthree\n")
    for mode in ("rt", "rb"):
        with library.open(path, mode) as one, library.open(path, mode) as other:
            next(one)
            assert digest(one) != digest(other)
            assert moved(other, one)
            next(other)
            assert digest(one) == digest(other)
            assert list(one) == list(other)


def test_a_file_in_an_archive_is_a_file(tmp_path: Path) -> None:
    """It moves as it is read."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.txt", "one\ntwo\n")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive, archive.open("a.txt") as one, archive.open("a.txt") as other:
        one.readline()
        assert moved(other, one)
        other.readline()
        assert digest(one) == digest(other)


def test_closed_files_have_no_value(tmp_path: Path) -> None:
    """Whatever they were."""
    handles = []
    for name in "ab":
        with (tmp_path / name).open("w") as file:
            file.write(name)
        handles.append(file)
    assert digest(handles[0]) == digest(handles[1])


def test_an_object_with_the_methods_of_a_file_is_not_asked() -> None:
    """A person's subclass of a file class is read without calling what it overrides."""
    calls: list[str] = []

    class Loud(io.RawIOBase):
        @property
        def closed(self) -> bool:
            calls.append("closed")
            return False

        def tell(self) -> int:
            calls.append("tell")
            return 0

    loud = Loud()
    calls.clear()
    read(loud)
    assert calls == []


def test_a_text_file_that_is_written_is_read_without_a_flush(tmp_path: Path) -> None:
    """By its position; what was written stays in the buffer, as it would have."""
    with (tmp_path / "a").open("w") as file:
        begun = read(file)
        file.write("x" * 100)
        assert read(file) != begun
        assert (tmp_path / "a").read_text() == ""
    assert (tmp_path / "a").read_text() == "x" * 100


ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "latin-1", "shift_jis"]


@pytest.fixture
def text(tmp_path: Path) -> Path:
    """A file of a few lines."""
    path = tmp_path / "lines.txt"
    path.write_text("".join(LINES), encoding="utf-8")
    return path


@pytest.mark.parametrize("newline", [None, "", "\n", "\r\n"])
@pytest.mark.parametrize("encoding", ENCODINGS[:4])
def test_a_text_file_has_another_position_after_each_line(encoding: str, newline: str | None, tmp_path: Path) -> None:
    """Though it gives none itself while it is iterated over; the look takes no line away."""
    path = tmp_path / "lines.txt"
    path.write_text("".join(LINES * 2000), encoding=encoding, newline="\r\n")
    with path.open(encoding=encoding, newline=newline) as file, path.open(encoding=encoding, newline=newline) as other:
        found = [digest(file)]
        for line in file:
            found.append(digest(file))
            assert next(other) == line
            assert digest(other) == found[-1]
        assert next(file, None) is None
        assert digest(file) == found[-1]
    assert len(set(found)) == len(found)
    assert len(found) > 8000


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_position_is_the_files_own_where_it_gives_one(encoding: str, tmp_path: Path) -> None:
    """In bytes, whatever the encoding."""
    path = tmp_path / "a.txt"
    path.write_text("ab\ncd\n", encoding=encoding)
    with path.open(encoding=encoding) as file:
        file.readline()
        told = file.tell() & (1 << 64) - 1  # above it there are flags of the decoder
        assert read_size(file) == told


def read_size(file: io.TextIOBase) -> int:
    """The position that is shown."""
    node = files.file(file)
    assert node is not None
    assert node.size is not None
    return int(node.size[1])


def test_a_text_file_that_is_read_and_written_has_a_position(text: Path) -> None:
    """Both what is read and what is written moves it, and nothing is flushed for that."""
    with text.open("r+", encoding="utf-8") as file:
        found = [digest(file)]
        assert file.readline() == LINES[0]
        found.append(digest(file))
        file.seek(0, 2)
        found.append(digest(file))
        file.write("six")
        found.append(digest(file))
        assert text.read_text(encoding="utf-8") == "".join(LINES)
    assert len(set(found)) == 4
    assert text.read_text(encoding="utf-8") == "".join(LINES) + "six"


def test_without_the_memory_that_is_known_a_file_that_is_read_tells_its_position(
    text: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On another Python; but not while it is iterated over, nor where asking would write."""
    monkeypatch.setattr(files, "_offset_of_text", lambda: None)
    with text.open(encoding="utf-8") as file:
        assert not read(file).opaque
        file.readline()
        assert read_size(file) == 4
        next(file)
        assert read(file).opaque
    with text.open("a", encoding="utf-8") as file:
        assert read(file).opaque


@pytest.mark.parametrize(("mode", "kind"), [("r", "stream"), ("rb", "stream"), ("a", "data"), ("r+", "stream")])
def test_what_can_be_read_is_a_stream(mode: str, kind: str, text: Path) -> None:
    """It may be used up."""
    with text.open(mode) as file:
        assert read(file).kind == kind
    assert {read(each).kind for each in (io.StringIO("a"), io.BytesIO(b"a"))} == {"stream"}


CSV: dict[str, Callable[[], object]] = {
    "another dialect": lambda: csv.reader(["a;b", "1;2"], delimiter=";"),
    "other lines": lambda: csv.reader(["a,b", "1,3"]),
    "a writer": lambda: csv.writer(io.StringIO()),
    "a writer of another dialect": lambda: csv.writer(io.StringIO(), quoting=csv.QUOTE_ALL),
    "a writer elsewhere": lambda: csv.writer(io.StringIO("a")),
}


@pytest.mark.parametrize("name", CSV)
def test_readers_and_writers_of_csv_are_compared(name: str) -> None:
    """By their dialect and what they go through."""
    assert digest(CSV[name]()) == digest(CSV[name]())
    others = [digest(make()) for other, make in CSV.items() if other != name]
    assert digest(CSV[name]()) not in [*others, digest(csv.reader(["a,b", "1,2"]))]
    assert not read(CSV[name]()).opaque


def test_a_reader_of_csv_moves_with_its_file(text: Path) -> None:
    """Each row is another position."""
    with text.open(encoding="utf-8", newline="") as file, text.open(encoding="utf-8", newline="") as same:
        reader, other = csv.reader(file), csv.reader(same)
        assert digest(reader) == digest(other)
        next(reader)
        assert moved(other, reader)
        assert next(reader) == ["twö"]
        assert read(reader).kind == "iterator"
