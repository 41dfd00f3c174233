"""Layers as an overlay leaves them, made by hand: what they tell of the files, and copies of them."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nbrerun.probe.file_values import contents
from nbrerun.probe.protocol.messages import File
from nbrerun.probe.sandbox import layer
from nbrerun.probe.sandbox.layer import OPAQUE, Reading, Signature
from tests.unit.making import file

Table = dict[bytes, File]
Tree = dict[str, Any]
"""Contents of files by name, or what else there is to make."""

WHITEOUT, FOLDER, HIDING, FIFO = object(), object(), object(), object()
"""What an overlay leaves of a deleted file; a folder; one that hides that below it; a pipe."""


class Link(str):
    """A symbolic link, by where it leads."""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A folder on a file system that keeps the attributes of a layer."""
    if _keeps_attributes(tmp_path):
        yield tmp_path
    else:
        with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
            yield Path(folder)


def _keeps_attributes(folder: Path) -> bool:
    try:
        os.setxattr(folder, "user.nbrerun", b"y")
    except OSError:
        return False
    return True


def make(folder: Path, tree: Tree) -> Path:
    """Make a folder with what is in it."""
    folder.mkdir()
    for name, what in tree.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if what in (FOLDER, HIDING):
            path.mkdir(exist_ok=True)
            if what is HIDING:
                os.setxattr(path, OPAQUE, b"y")
        elif what is WHITEOUT:
            os.mknod(path, stat.S_IFCHR, 0)
        elif what is FIFO:
            os.mkfifo(path)
        elif isinstance(what, Link):
            path.symlink_to(what)
        else:
            path.write_text(what)
    return folder


def shown(folder: Path) -> Tree:
    """What is in a folder, as it would be made."""
    return {str(path.relative_to(folder)): _shown(path) for path in sorted(folder.rglob("*"))}


def _shown(path: Path) -> Any:
    mode = path.lstat().st_mode
    if stat.S_ISDIR(mode):
        return HIDING if OPAQUE in os.listxattr(path) else FOLDER
    if stat.S_ISCHR(mode):
        return WHITEOUT if path.lstat().st_rdev == 0 else path.lstat().st_rdev
    if stat.S_ISFIFO(mode):
        return FIFO
    return Link(os.readlink(path)) if path.is_symlink() else path.read_text()


A_FOLDER, GONE = file(kind="folder"), file(kind="gone")


def told(text: str) -> File:
    """A file of this text."""
    return file(text.encode(), size=len(text))


def read(path: bytes) -> File:
    """The value of a file, simpler than it is."""
    if os.path.islink(path):
        return told("-> " + os.readlink(path).decode())
    if os.path.isdir(path):
        return A_FOLDER
    with open(path) as opened:
        return told(opened.read())


LAYERS: dict[str, tuple[Tree, Tree, dict[str, File], dict[str, File]]] = {
    # what is below, the layer, the table before, and after
    "nothing": ({"a": "1"}, {}, {}, {}),
    "nothing new": ({"a": "1"}, {}, {"a": told("2")}, {"a": told("2")}),
    "a new file": ({}, {"a": "1"}, {}, {"a": told("1")}),
    "a changed file": ({"a": "1"}, {"a": "2"}, {}, {"a": told("2")}),
    "a file changed once more": ({"a": "1"}, {"a": "3"}, {"a": told("2")}, {"a": told("3")}),
    "a file opened for writing, and left as it was": ({"a": "1"}, {"a": "1"}, {}, {}),
    "a file changed back": ({"a": "1"}, {"a": "1"}, {"a": told("2")}, {}),
    "a file deleted": ({"a": "1"}, {"a": WHITEOUT}, {}, {"a": GONE}),
    "a changed file deleted": ({"a": "1"}, {"a": WHITEOUT}, {"a": told("2")}, {"a": GONE}),
    "a new file deleted": ({}, {"a": WHITEOUT}, {"a": told("1")}, {}),
    "a deleted file made again": ({"a": "1"}, {"a": "2"}, {"a": GONE}, {"a": told("2")}),
    "a new folder": ({}, {"d": FOLDER}, {}, {"d": A_FOLDER}),
    "a file in a new folder": ({}, {"d/a": "1"}, {}, {"d": A_FOLDER, "d/a": told("1")}),
    "a file in a folder that was there": ({"d/b": "2"}, {"d/a": "1"}, {}, {"d/a": told("1")}),
    "a folder deleted": ({"d/a": "1"}, {"d": WHITEOUT}, {}, {"d": GONE}),
    "a new folder deleted": (
        {},
        {"d": WHITEOUT},
        {"d": A_FOLDER, "d/a": told("1"), "d2": told("1"), "d.a": told("1")},
        {"d2": told("1"), "d.a": told("1")},
    ),
    "a folder made anew": (
        {"d/a": "1", "d/b": "2", "d/e/c": "3"},
        {"d": HIDING, "d/a": "1", "d/n": "4"},
        {},
        {"d/b": GONE, "d/e": GONE, "d/e/c": GONE, "d/n": told("4")},
    ),
    "a folder made anew, with what it held": (
        {"d/a": "1"},
        {"d": HIDING, "d/a": "1"},
        {"d/a": told("2"), "d/n": told("3")},
        {},
    ),
    "a new folder made anew": (
        {},
        {"d": HIDING, "d/b": "2"},
        {"d": A_FOLDER, "d/a": told("1")},
        {"d": A_FOLDER, "d/b": told("2")},
    ),
    "a file where a folder was": ({"d/a": "1"}, {"d": "2"}, {}, {"d": told("2")}),
    "a folder where a file was": ({"d": "1"}, {"d/a": "2"}, {}, {"d": A_FOLDER, "d/a": told("2")}),
    "a folder where a link to one was": (
        {"e/a": "1", "d": Link("e")},
        {"d/a": "2"},
        {},
        {"d": A_FOLDER, "d/a": told("2")},
    ),
    "a new link": ({"a": "1"}, {"b": Link("a")}, {}, {"b": told("-> a")}),
    "a link that leads elsewhere": ({"b": Link("a")}, {"b": Link("c")}, {}, {"b": told("-> c")}),
    "a link changed back": ({"b": Link("a")}, {"b": Link("a")}, {"b": told("-> c")}, {}),
    "a link to nowhere deleted": ({"b": Link("none")}, {"b": WHITEOUT}, {}, {"b": GONE}),
    "a link to a folder": ({"e/a": "1"}, {"d": Link("e")}, {}, {"d": told("-> e")}),
}


@pytest.mark.parametrize("case", LAYERS)
def test_a_layer_tells_what_has_changed(case: str, place: Path) -> None:
    """Files that are not as they were before the first cell, and nothing else, whatever was known before."""
    below, upper, before, after = LAYERS[case]
    table = {os.fsencode(name): found for name, found in before.items()}
    folders = [os.fsencode(make(place / name, tree)) for name, tree in (("upper", upper), ("below", below))]
    layer.update_changes(table, *folders, read)
    assert {os.fsdecode(name): found for name, found in table.items()} == after


def test_names_need_not_be_text(place: Path) -> None:
    """They are bytes."""
    upper, below = make(place / "upper", {}), make(place / "below", {})
    (place / "upper" / os.fsdecode(b"\xff\n")).write_text("1")
    table: Table = {}
    layer.update_changes(table, os.fsencode(upper), os.fsencode(below), read)
    assert table == {b"\xff\n": told("1")}


@pytest.fixture
def _settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file was written long ago."""
    monkeypatch.setattr(layer, "_YOUNG_NS", -(1 << 62))


@pytest.fixture
def _young(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file was written just now."""
    monkeypatch.setattr(layer, "_YOUNG_NS", 1 << 62)


@pytest.mark.parametrize(("age_ms", "settled"), [(0, False), (10, False), (1000, True), (-1000, False)])
def test_a_file_is_settled_when_the_clock_has_moved_on(
    age_ms: int, settled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until then another write may leave its times as they are."""
    now = 1_000_000_000_000
    monkeypatch.setattr(layer.time, "time_ns", lambda: now)
    assert layer.is_settled(Signature(1, 1, now - age_ms * 1_000_000, 0)) is settled


def tick(place: Path) -> None:
    """Wait until the clock of the file system has moved on."""
    clock = place / "clock"
    clock.touch()
    before = clock.stat().st_ctime_ns
    while clock.stat().st_ctime_ns == before:
        clock.touch()
    clock.unlink()


FULL: Tree = {
    "a": "1",
    "b": WHITEOUT,
    "d": FOLDER,
    "d/c": "2",
    "d/e": HIDING,
    "d/e/f": Link("nowhere"),
    "empty": FOLDER,
    "pipe": FIFO,
}


def test_a_copy_of_a_layer_is_such_a_layer(place: Path) -> None:
    """Files, whiteouts, links, pipes, and folders that hide those below."""
    made = make(place / "upper", FULL)
    layer.copy(os.fsencode(made), os.fsencode(place / "copy"), {})
    assert shown(place / "copy") == shown(made) == FULL


def test_a_copy_keeps_modes_and_times(place: Path) -> None:
    """Of folders as well, also of one that may not be written to."""
    made = make(place / "upper", {"d/a": "1", "d/e/b": "2"})
    for name, mode in (("d/a", 0o640), ("d/e/b", 0o755), ("d/e", 0o500), ("d", 0o711)):
        (made / name).chmod(mode)
        os.utime(made / name, ns=(1, 10**18 + mode))
    layer.copy(os.fsencode(made), os.fsencode(place / "copy"), {})
    for name in ("d/a", "d/e/b", "d/e", "d"):
        status = [(folder / name).stat() for folder in (made, place / "copy")]
        assert len({(found.st_mode, found.st_mtime_ns) for found in status}) == 1, name


def copies(place: Path, change: Callable[[Path], object]) -> tuple[Path, Path]:
    """Two copies of a layer with a file `a`, which changes in between."""
    made = make(place / "upper", {"a": "1"})
    earlier = layer.copy(os.fsencode(made), os.fsencode(place / "1"), {})
    tick(place)
    change(made / "a")
    layer.copy(os.fsencode(made), os.fsencode(place / "2"), earlier)
    return place / "1" / "a", place / "2" / "a"


@pytest.mark.usefixtures("_settled")
def test_what_has_not_changed_is_not_copied_again(place: Path) -> None:
    """The copy is a second name of the earlier one, and not of the file in the layer."""
    first, second = copies(place, Path.stat)
    assert first.samefile(second)
    assert not first.samefile(place / "upper" / "a")


def _in_disguise(path: Path) -> None:
    """Change a file to one as long and as old."""
    times = path.stat()
    path.write_text("2")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def _replaced(path: Path) -> None:
    path.with_name("new").write_text("2")
    path.with_name("new").replace(path)


CHANGES: dict[str, Callable[[Path], object]] = {
    "written": lambda path: path.write_text("2"),
    "written, and its time set back": _in_disguise,
    "replaced": _replaced,
}


@pytest.mark.usefixtures("_settled")
@pytest.mark.parametrize("change", CHANGES)
def test_what_has_changed_is_copied(change: str, place: Path) -> None:
    """The earlier copy stays what it was."""
    first, second = copies(place, CHANGES[change])
    assert (first.read_text(), second.read_text()) == ("1", "2")


@pytest.mark.usefixtures("_settled")
def test_a_new_mode_is_copied(place: Path) -> None:
    """A second name would have changed that of the earlier copy."""
    first, second = (stat.S_IMODE(path.stat().st_mode) for path in copies(place, lambda path: path.chmod(0o751)))
    assert first != second == 0o751


@pytest.mark.usefixtures("_young")
def test_what_was_written_just_now_is_copied_again(place: Path) -> None:
    """Its times do not tell whether it has been written since."""
    first, second = copies(place, Path.stat)
    assert not first.samefile(second)


MARKED: dict[str, Callable[[Path], object]] = {
    "a file written": lambda folder: (folder / "a").write_text("2"),
    "a file more": lambda folder: (folder / "n").write_text("2"),
    "a file less": lambda folder: (folder / "a").unlink(),
    "a file renamed": lambda folder: (folder / "a").rename(folder / "n"),
    "a file replaced": lambda folder: _replaced(folder / "a"),
    "another mode": lambda folder: (folder / "a").chmod(0o600),
    "a file in a folder": lambda folder: (folder / "d/c").write_text("3"),
    "a folder that hides": lambda folder: os.setxattr(folder / "d", OPAQUE, b"y"),
    "a link elsewhere": lambda folder: ((folder / "l").unlink(), (folder / "l").symlink_to("b")),
}


@pytest.mark.usefixtures("_settled")
@pytest.mark.parametrize("change", MARKED)
def test_a_fingerprint_tells_that_something_was_written(change: str, place: Path) -> None:
    """It stays the same for as long as nothing was, whoever looks."""
    made = make(place / "upper", {"a": "1", "d/c": "2", "l": Link("a")})
    first = layer.fingerprint(os.fsencode(made))
    assert first is not None
    shown(made)
    tick(place)
    assert layer.fingerprint(os.fsencode(made)) == first
    MARKED[change](made)
    assert layer.fingerprint(os.fsencode(made)) != first


@pytest.mark.usefixtures("_young")
def test_a_fingerprint_of_what_was_written_just_now_tells_nothing(place: Path) -> None:
    """Nobody may take it for equal to another; an empty layer has one."""
    assert layer.fingerprint(os.fsencode(make(place / "upper", {"a": "1"}))) is None
    assert layer.fingerprint(os.fsencode(make(place / "empty", {}))) == ()


class Counted:
    """A reader of files, whose readings of contents are counted."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self._reading = Reading()
        read = contents.read

        def counted(path: bytes) -> contents.Contents:
            self.count += 1
            return read(path)

        monkeypatch.setattr(contents, "read", counted)

    def __call__(self, path: Path) -> File:
        return self._reading.file(os.fsencode(path), list)

    def forget(self, path: Path) -> None:
        """Its times do not tell."""
        self._reading.forget(os.fsencode(path))


@pytest.fixture
def reading(monkeypatch: pytest.MonkeyPatch) -> Counted:
    """Reads files, and counts."""
    return Counted(monkeypatch)


@pytest.mark.usefixtures("_settled")
def test_a_file_is_read_again_only_if_it_has_changed(reading: Counted, place: Path) -> None:
    """Its times tell; where they do not, it is forgotten."""
    path = place / "a"
    path.write_text("1")
    first = reading(path)
    assert (reading(path), reading.count) == (first, 1)
    tick(place)
    _in_disguise(path)
    assert reading(path)["digest"] != first["digest"]
    assert reading.count == 2
    reading.forget(path)
    reading(path)
    assert reading.count == 3


@pytest.mark.usefixtures("_young")
def test_a_file_that_was_written_just_now_is_read_every_time(reading: Counted, place: Path) -> None:
    """It may have been written again."""
    path = place / "a"
    path.write_text("1")
    assert reading(path) == reading(path)
    assert reading.count == 2


def test_the_value_of_a_file(reading: Counted, place: Path) -> None:
    """Contents and mode; of a link, where it leads, and never what is there."""
    path, link = place / "a", place / "l"
    path.write_text("12")
    link.symlink_to("a")
    first = reading(path), reading(link)
    assert [(found["kind"], found["size"], found["model"]) for found in first] == [
        ("file", 2, False),
        ("file", 1, False),
    ]
    path.write_text("345")
    path.chmod(0o700)
    assert reading(link) == first[1]
    changed = reading(path)
    path.chmod(0o600)
    other_mode = reading(path)
    assert len({found["digest"] for found in (first[0], changed, other_mode)}) == 3
    assert changed["size"] == 3


def test_a_file_that_holds_a_model_is_one(place: Path) -> None:
    """By its suffix or by the notebook's own classes in it."""
    own = place / "own.pkl"
    own.write_bytes(b"\x80\x04c__main__\nNet\n")
    (place / "a.pt").write_bytes(b"\x80\x02")
    found = [Reading().file(os.fsencode(own), lambda names=names: names)["model"] for names in (["Net"], [])]
    assert found == [True, False]
    assert Reading().file(os.fsencode(place / "a.pt"), list)["model"]


def test_a_file_that_cannot_be_read_says_why(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is equal to itself, and reading it stops nothing."""

    def refuse(path: bytes) -> contents.Contents:
        raise PermissionError(13, "Permission denied")  # root may read everything

    (place / "a").write_text("1")
    monkeypatch.setattr(contents, "read", refuse)
    found = Reading().file(os.fsencode(place / "a"), list)
    assert found["digest"].startswith(b"unreadable: Permission denied")
    assert not found["model"]


def test_what_is_gone_is_no_file() -> None:
    """Its kind says so, and it is equal wherever it was."""
    assert layer.gone() == GONE
