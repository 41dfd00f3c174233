"""Changes on a disk, carried elsewhere in a folder and applied there."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from nbrerun.probe.files import changeset
from nbrerun.probe.protocol.messages import File
from tests.unit.making import file

Tree = dict[bytes, tuple[object, ...]]

NO_TEXT = os.fsdecode(b"\xff\xfe\n.bin")


def tree(folder: Path) -> Tree:
    """All that is in a folder, with what is asked of it: of files, all but who owns them."""
    found: Tree = {}
    for parent, folders, files in os.walk(os.fsencode(folder)):
        for name in [*folders, *files]:
            path = os.path.join(parent, name)
            found[os.path.relpath(path, os.fsencode(folder))] = _what(path)
    return found


def _what(path: bytes) -> tuple[object, ...]:
    status = os.lstat(path)
    if stat.S_ISLNK(status.st_mode):
        return "link", os.readlink(path)
    if stat.S_ISDIR(status.st_mode):
        return ("folder",)
    with open(path, "rb") as opened:
        return "file", stat.S_IMODE(status.st_mode), status.st_mtime_ns, opened.read()


def changed(before: Tree, after: Tree, folder: Path, every: bool) -> dict[bytes, File]:
    """What has become of the files of a folder.

    Args:
        every: what was in a folder that is gone is listed as well.
    """
    there = {path: file(kind="folder" if what[0] == "folder" else "file") for path, what in after.items()}
    gone = [
        path for path in before.keys() - after.keys() if every or os.path.dirname(path) not in before.keys() - after
    ]
    found = {path: what for path, what in there.items() if before.get(path) != after[path]}
    found |= {path: file(kind="gone") for path in gone}
    return {os.path.join(os.fsencode(folder), path): what for path, what in found.items()}


def make(folder: Path) -> Path:
    """A folder with a file, links to it and to a folder, a folder in a folder, and more files in it."""
    (folder / "d" / "e").mkdir(parents=True)
    for name in ("a", "d/b", "d/e/c"):
        (folder / name).write_text(name)
        os.utime(folder / name, ns=(1, 10**18))
    (folder / "l").symlink_to("a")
    (folder / "m").symlink_to("d")
    return folder


def write(path: Path, text: str) -> None:
    """Make or replace a file, and the folders that it is in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def instead(path: Path) -> Path:
    """Remove whatever is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
    return path


DOINGS: dict[str, Callable[[Path], object]] = {
    "nothing": lambda at: None,
    "a new file": lambda at: write(at / "n", "new"),
    "an empty file": lambda at: write(at / "n", ""),
    "a changed file": lambda at: write(at / "a", "other"),
    "another mode": lambda at: (at / "a").chmod(0o751),
    "a file deleted": lambda at: instead(at / "a"),
    "a file in a folder changed": lambda at: write(at / "d/e/c", "other"),
    "a file in a new folder": lambda at: write(at / "x/y/z", "new"),
    "an empty folder": lambda at: (at / "x").mkdir(),
    "a folder deleted": lambda at: instead(at / "d"),
    "a folder deleted, and made anew": lambda at: write(instead(at / "d") / "n", "new"),
    "a new link": lambda at: (at / "n").symlink_to("d"),
    "a link to nowhere": lambda at: (at / "n").symlink_to("nowhere"),
    "a link that leads elsewhere": lambda at: instead(at / "l").symlink_to("d/b"),
    "a link deleted": lambda at: instead(at / "l"),
    "a link to a folder deleted": lambda at: instead(at / "m"),
    "a link to a folder that becomes a file": lambda at: write(instead(at / "m"), "new"),
    "a link to a folder that leads elsewhere": lambda at: instead(at / "m").symlink_to("d/e"),
    "a file that becomes a folder": lambda at: write(instead(at / "a") / "n", "new"),
    "a folder that becomes a file": lambda at: write(instead(at / "d"), "new"),
    "a file that becomes a link": lambda at: instead(at / "a").symlink_to("d/b"),
    "a link that becomes a file": lambda at: write(instead(at / "l"), "new"),
    "a folder that becomes a link": lambda at: instead(at / "d").symlink_to("a"),
    "a link to a file that becomes a folder": lambda at: write(instead(at / "l") / "n", "new"),
    "a file that takes the name of another": lambda at: (at / "d/b").replace(at / "a"),
    "a folder that takes another name": lambda at: (at / "d").rename(at / "x"),
    "two files that change places": lambda at: [
        (at / old).rename(at / new) for old, new in (("a", "t"), ("d/b", "a"), ("t", "d/b"))
    ],
    "names that are no text": lambda at: (write(at / NO_TEXT, "new"), write(at / f"x{NO_TEXT}" / NO_TEXT, "new")),
    "a name that begins like a folder's": lambda at: (write(at / "d-n", "new"), write(at / "d/n", "new")),
    "everything deleted": lambda at: [instead(path) for path in sorted(at.iterdir())],
}


def carry(start: Path, end: Path, saved: Path, every: bool = False) -> None:
    """Do at one place, which was made like the other one, what was done at that."""
    fresh = make(saved.with_name("fresh"))
    found = changed(tree(fresh), tree(end), end, every)
    changeset.save(found, lambda path: os.fsdecode(os.path.relpath(path, os.fsencode(end))), str(saved))
    changeset.apply(str(saved), str(start))


@pytest.mark.parametrize("doing", DOINGS)
@pytest.mark.parametrize("every", [False, True])
def test_what_was_done_at_one_place_is_done_at_another(doing: str, every: bool, tmp_path: Path) -> None:
    """Contents, modes and times of files, links and folders; also where it has been done already."""
    start, end, saved = make(tmp_path / "start"), make(tmp_path / "end"), tmp_path / "saved"
    DOINGS[doing](end)
    carry(start, end, saved, every)
    assert tree(start) == tree(end)
    changeset.apply(str(saved), str(start))
    assert tree(start) == tree(end)


def test_what_did_not_change_is_left_alone(tmp_path: Path) -> None:
    """Files that are at the other place only stay there."""
    start, end = make(tmp_path / "start"), make(tmp_path / "end")
    write(start / "d/own", "own")
    write(end / "n", "new")
    carry(start, end, tmp_path / "saved")
    assert tree(start) == {**tree(end), b"d/own": _what(os.fsencode(start / "d/own"))}


def test_the_saved_changes_stay_what_they_are(tmp_path: Path) -> None:
    """Whatever is done afterwards at the place where they were made."""
    start, end = make(tmp_path / "start"), make(tmp_path / "end")
    write(end / "a", "other")
    carry(start, end, tmp_path / "saved")
    (end / "a").write_text("changed once more")
    changeset.apply(str(tmp_path / "saved"), str(make(tmp_path / "another")))
    assert (tmp_path / "another/a").read_text() == "other"


def test_an_absolute_name_stays_what_it_is(tmp_path: Path) -> None:
    """A file outside of the folder is the same file for both."""
    start, outside, saved = make(tmp_path / "start"), tmp_path / "outside", tmp_path / "saved"
    outside.write_text("new")
    path = os.fsencode(outside)
    changeset.save({path: file()}, os.fsdecode, str(saved))
    outside.write_text("old")
    changeset.apply(str(saved), str(start))
    assert outside.read_text() == "new"


def test_everything_is_announced_before_anything_happens(tmp_path: Path) -> None:
    """Whoever keeps files safe can still copy what a path holds when it is told of it, and is told of each."""
    start, end, saved = make(tmp_path / "start"), make(tmp_path / "end"), tmp_path / "saved"
    write(end / "a", "other")
    write(end / "n", "new")
    instead(end / "d")
    found = changed(tree(start), tree(end), end, every=True)
    changeset.save(found, lambda path: os.fsdecode(os.path.relpath(path, os.fsencode(end))), str(saved))
    held: Tree = {}

    def before(path: bytes) -> None:
        held[os.path.relpath(path, os.fsencode(start))] = _what(path) if os.path.lexists(path) else ("nothing",)

    first = tree(start)
    changeset.apply(str(saved), str(start), before)
    assert held == {**{path: first[path] for path in (b"a", b"d", b"d/b", b"d/e", b"d/e/c")}, b"n": ("nothing",)}


def test_a_file_is_replaced_in_one_step(tmp_path: Path) -> None:
    """Whoever has the old one open keeps it, and nothing else is left in the folder."""
    start, end = make(tmp_path / "start"), make(tmp_path / "end")
    write(end / "a", "other")
    instead(end / "l").symlink_to("d")
    for name in ("a", "l"):
        write(start / f"{name}.nbrerun", "left over by somebody who was killed")
    with open(start / "a") as opened:
        carry(start, end, tmp_path / "saved")
        assert opened.read() == "a"
    assert tree(start) == tree(end)
