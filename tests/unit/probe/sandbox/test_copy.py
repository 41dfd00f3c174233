"""The scratch tree: what it shows, what it keeps from the disk, what it puts back."""

from __future__ import annotations

import copy
import mmap
import os
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nbrerun.probe.files.events import decode
from nbrerun.probe.files.guard import announce
from nbrerun.probe.files.session import NotebookFiles
from nbrerun.probe.sandbox import mirror
from nbrerun.probe.sandbox import undo as originals
from nbrerun.probe.sandbox.choose import attach, set_up
from nbrerun.probe.sandbox.copy import Scratch
from nbrerun.probe.sandbox.tree import Known
from nbrerun.probe.sandbox.undo import Refused, undo

LIMIT = 10_000
OLD = 1_000_000_000_000_000_000
"""A time long ago, in nanoseconds."""

Snapshot = dict[str, tuple[int, int, bytes]]


def snapshot(folder: Path) -> Snapshot:
    """Names, modes, times and contents of a folder and all that is in it; links are not followed."""
    found = {}
    for path in [folder, *sorted(folder.rglob("*"))]:
        status = path.lstat()
        content = os.fsencode(os.readlink(path)) if path.is_symlink() else path.read_bytes() if path.is_file() else b""
        found[str(path.relative_to(folder))] = status.st_mode, status.st_mtime_ns, content
    return found


class Place:
    """A person's project with a notebook in `nb`, and a check of it."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.project = base / "me" / "project"
        self.home = base / "nbrerun-home"
        self.home.mkdir()
        self.write("nb/a.txt", "a")
        self.write("nb/b.txt", "b")
        self.write("nb/sub/c.txt", "c")
        self.write("data/x.csv", "x")
        self.write("data/y.csv", "y")
        for path in [*self.project.rglob("*"), self.project]:
            os.utime(path, ns=(OLD, OLD))
        self.before = snapshot(self.project)

    def write(self, name: str, text: str) -> Path:
        """Make a file of the person's."""
        path = self.project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        os.utime(path, ns=(OLD, OLD))
        self.before = snapshot(self.project)
        return path

    def start(self, *folders: str, limit: int = LIMIT, home: Path | None = None) -> Scratch:
        """Set up and attach."""
        names = [str(self.project / name) for name in ("nb", *folders)]
        self.found = set_up(str(home or self.home), "copy", names, limit)
        self.reason: str = self.found["reason"]
        assert self.found["kind"] == "copy", self.reason
        scratch = attach(self.found)
        assert isinstance(scratch, Scratch)
        return scratch

    def assert_untouched(self) -> None:
        """The person's files are what they were."""
        assert snapshot(self.project) == self.before


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A project, and a working folder to come back from."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "known").mkdir()
    monkeypatch.setattr(originals, "_PLACE", os.fsencode(tmp_path / "known"))
    return Place(tmp_path)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than three files are too many."""
    for module in (mirror, originals):
        monkeypatch.setattr(module, "MOST_ENTRIES", 3)


def before_write(scratch: Scratch, name: str | Path) -> None:
    """As the audit hook calls it."""
    scratch.before_write(os.path.join(os.getcwdb(), os.fsencode(name)))


def before_move(scratch: Scratch, name: str | Path) -> None:
    """As the audit hook calls it."""
    scratch.before_move(os.path.join(os.getcwdb(), os.fsencode(name)))


def write(scratch: Scratch, name: str | Path, text: str = "new") -> None:
    """Write to a file as a notebook does."""
    before_write(scratch, name)
    Path(name).write_text(text)


def remove(scratch: Scratch, name: str | Path) -> None:
    """Delete a file as a notebook does."""
    before_move(scratch, name)
    os.remove(name)


def changed(scratch: Scratch) -> dict[str, str]:
    """What has changed, by the name that a person knows."""
    return {scratch.shown(path): file["kind"] for path, file in scratch.changed().items()}


# What it shows


def test_the_working_folder_looks_like_the_notebooks(place: Place) -> None:
    """Names, contents, permissions and times are the same."""
    (place.project / "nb/a.txt").chmod(0o640)
    (place.project / "nb/sub").chmod(0o711)
    place.start()
    assert Path.cwd() != place.project / "nb"
    assert snapshot(Path.cwd()) == snapshot(place.project / "nb")


def test_relative_paths_out_of_the_folder_lead_where_they_did(place: Place) -> None:
    """What lies beside the folder, and beside those above it, is there."""
    (place.base / "beside.txt").write_text("beside")
    place.start()
    assert Path("../data/x.csv").read_text() == "x"
    assert Path("../../../beside.txt").read_text() == "beside"
    assert Path("../nb/a.txt").samefile("a.txt")


def test_files_are_copied_while_the_budget_lasts(place: Place) -> None:
    """A file that is too large is linked; smaller ones after it are copied all the same."""
    large = place.write("nb/aa.bin", "1" * 200)
    place.start(limit=100)
    assert Path("aa.bin").is_symlink()
    assert Path("aa.bin").samefile(large)
    assert not Path("b.txt").is_symlink()


def test_outer_folders_come_first(place: Place, few: None) -> None:
    """A folder for which no entries are left is linked as a whole, be it ever so large."""
    for number in range(9):
        place.write(f"nb/sub/{number}", "")
    place.start()
    assert Path("sub").is_symlink()
    assert Path("sub/c.txt").read_text() == "c"
    assert not Path("a.txt").is_symlink()


def test_a_large_folder_is_not_walked(place: Place, few: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither when the tree is made nor when it is looked at."""
    for number in range(9):
        place.write(f"nb/sub/{number}/deep", "")
    seen = []
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: (seen.append(os.fsencode(path)), scandir(path))[1])
    scratch = place.start()
    scratch.freeze()
    assert not [path for path in seen if b"sub/" in path]


def test_a_folder_of_too_many_files_is_no_place_for_a_notebook(
    place: Place, few: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It cannot be linked, since the notebook works in it."""
    monkeypatch.setattr(mirror, "_MOST_BESIDE", 2)
    found = set_up(str(place.home), "copy", [str(place.project / "nb")], LIMIT)
    assert found["kind"] == ""
    assert "more than 2 files" in found["reason"]


def test_what_is_no_file_is_linked(place: Place) -> None:
    """Pipes and sockets stay what they are."""
    os.mkfifo(place.project / "nb/pipe")
    place.start()
    assert os.readlink("pipe") == str(place.project / "nb/pipe")


@pytest.mark.parametrize(
    ("target", "inside"),
    [
        ("a.txt", True),
        ("sub/../b.txt", True),
        ("../data/x.csv", False),
        ("../nb/a.txt", True),
        ("{project}/nb/a.txt", True),
        ("{project}/data/x.csv", False),
        ("nowhere", False),
    ],
)
def test_links_lead_to_the_same_file_or_to_its_copy(place: Place, target: str, inside: bool) -> None:
    """Whether they are relative or absolute, and whether they leave the folder."""
    link = place.project / "nb/link"
    link.symlink_to(target.format(project=place.project))
    place.start()
    assert Path("link").exists() == link.exists()
    assert not link.exists() or Path("link").read_text() == link.read_text()
    assert (Path.cwd() in Path("link").resolve().parents or "copy" in target) == (inside or target == "nowhere")


def test_links_to_what_is_not_seen_lead_there_all_the_same(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder above that holds very many files is seen in part, and the reason says so."""
    monkeypatch.setattr(mirror, "_MOST_SIBLINGS", 0)
    (place.project / "nb/link").symlink_to("../data/x.csv")
    place.start()
    assert not Path("../data").exists()
    assert Path("link").read_text() == "x"
    assert f"not all is seen of /, {'/'.join(str(place.base).split('/')[:2])}" in place.reason


def test_a_check_does_not_copy_itself(place: Place) -> None:
    """The folder of temporary files may be the notebook's own."""
    home = place.project / "nb/nbrerun-home"
    home.mkdir()
    scratch = place.start(home=home)
    assert sorted(os.listdir()) == ["a.txt", "b.txt", "sub"]
    assert changed(scratch) == {}


def test_other_folders_are_copied_as_well(place: Place) -> None:
    """Those that are to be kept safe besides the notebook's."""
    place.start("data")
    assert not Path("../data").is_symlink()
    assert not Path("../data/x.csv").is_symlink()
    assert Path("../data/x.csv").read_text() == "x"


def test_a_folder_above_is_copied_with_the_notebooks_own(place: Place) -> None:
    """The repository, say."""
    place.start("")
    assert snapshot(Path.cwd().parent) == place.before


def test_the_notebooks_own_folder_comes_first(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is around it is linked when the budget is spent."""
    monkeypatch.setattr(mirror, "MOST_ENTRIES", 4)
    place.start("")
    assert snapshot(Path.cwd()) == snapshot(place.project / "nb")
    assert Path("../data").is_symlink()


def test_of_a_very_large_folder_around_it_a_part_is_seen(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason says so."""
    monkeypatch.setattr(mirror, "_MOST_BESIDE", 3)
    for number in range(9):
        place.write(str(number), "")
    place.start("")
    assert snapshot(Path.cwd()) == snapshot(place.project / "nb")
    _, _, partly = place.reason.partition("not all is seen of ")
    assert str(place.project) in partly.split(", ")


def test_the_reason_says_what_is_not_covered(place: Place) -> None:
    """It is shown in the report."""
    place.start()
    assert place.reason.startswith("asked for; C libraries and shell commands can still change the disk")


# Writing through links


def test_writing_beside_the_folder_leaves_the_users_file_alone(place: Place) -> None:
    """The link becomes a folder of links, and the one file a copy."""
    scratch = place.start()
    before_write(scratch, "../data/x.csv")
    with open("../data/x.csv", "a") as file:
        file.write("more")
    assert Path("../data/x.csv").read_text() == "xmore"
    assert Path("../data/y.csv").is_symlink()
    place.assert_untouched()
    assert changed(scratch) == {"../data/x.csv": "file"}


def test_new_files_beside_the_folder_are_the_runs_own(place: Place) -> None:
    """So are folders."""
    scratch = place.start()
    write(scratch, "../data/z.csv")
    before_move(scratch, "../new")
    os.mkdir("../new")
    place.assert_untouched()
    assert changed(scratch) == {"../data/z.csv": "file", "../new": "folder"}


def test_what_is_only_opened_up_has_not_changed(place: Place) -> None:
    """Neither have the times of the folders around it."""
    place.write("nb/large", "1" * 200)
    scratch = place.start(limit=100)
    times = os.stat(".").st_mtime_ns
    before_write(scratch, "../data/x.csv")
    scratch._limit = scratch._mirror._limit = LIMIT
    before_write(scratch, "large")
    assert not Path("large").is_symlink()
    assert os.stat(".").st_mtime_ns == times
    assert changed(scratch) == {}


def test_a_file_larger_than_the_limit_is_not_written_to(place: Place) -> None:
    """The notebook's call fails; the person's file is worth more."""
    place.write("nb/large", "1" * 200)
    scratch = place.start(limit=100)
    with pytest.raises(Refused, match="sandbox-limit"):
        before_write(scratch, "large")
    with pytest.raises(Refused, match="sandbox-limit"):
        before_write(scratch, place.project / "nb/large")
    place.assert_untouched()


def test_taking_a_link_away_costs_no_copy(place: Place) -> None:
    """However large the file is."""
    place.write("nb/large", "1" * 200)
    scratch = place.start(limit=100)
    remove(scratch, "large")
    place.assert_untouched()
    assert changed(scratch) == {"large": "gone"}


def test_a_users_link_to_a_large_file_stays_a_link(place: Place) -> None:
    """What it leads to is copied."""
    place.write("nb/large", "1" * 200)
    (place.project / "nb/link").symlink_to("large")
    place.before = snapshot(place.project)
    scratch = place.start(limit=100)
    scratch._limit = scratch._mirror._limit = LIMIT
    write(scratch, "link")
    assert Path("link").is_symlink()
    assert Path("large").read_text() == "new"
    place.assert_untouched()


def test_two_dots_are_followed_as_the_system_does(place: Place) -> None:
    """Behind a link they lead to the folder of what it leads to."""
    place.write("far/away/f.txt", "f")
    place.write("far/g.txt", "g")
    (place.project / "nb/away").symlink_to(place.project / "far/away")
    place.before = snapshot(place.project)
    scratch = place.start("far")
    write(scratch, "away/../g.txt")
    assert changed(scratch) == {"../far/g.txt": "file"}
    place.assert_untouched()


def test_a_dangling_link_is_replaced(place: Place) -> None:
    """Writing through it would make a file of the person's."""
    (place.project / "nb/link").symlink_to(place.base / "nowhere")
    place.before = snapshot(place.project)
    scratch = place.start()
    write(scratch, "link")
    assert not (place.base / "nowhere").exists()
    place.assert_untouched()


def test_going_into_a_linked_folder_is_going_into_its_copy(place: Place) -> None:
    """What is written there by short names is the run's own."""
    scratch = place.start()
    announce(scratch, decode("os.chdir", ("../data",)))
    os.chdir("../data")
    write(scratch, "x.csv")
    place.assert_untouched()
    assert changed(scratch) == {"../data/x.csv": "file"}


def test_emptying_a_linked_folder(place: Place) -> None:
    """`shutil.rmtree` finds links in it."""
    scratch = place.start()
    announce(scratch, decode("shutil.rmtree", ("../data", None)))
    shutil.rmtree("../data")
    place.assert_untouched()
    assert changed(scratch) == {"../data": "gone"}


def test_a_folder_of_too_many_files_cannot_be_written_to_through_a_link(place: Place, few: None) -> None:
    """Inside the notebook's folder what is written is undone instead."""
    for number in range(9):
        place.write(f"data/{number}", "")
        place.write(f"nb/sub/{number}", "")
    scratch = place.start()
    with pytest.raises(Refused, match="too many files"):
        before_write(scratch, "../data/new")
    write(scratch, "sub/new")
    assert (place.project / "nb/sub/new").exists()
    undo(str(place.home))
    place.assert_untouched()


# Writing by absolute paths

ABSOLUTE: dict[str, Callable[[Scratch, Path], Any]] = {
    "a file is written": lambda scratch, nb: write(scratch, nb / "a.txt"),
    "a file is made": lambda scratch, nb: write(scratch, nb / "sub/new.txt"),
    "a file is removed": lambda scratch, nb: remove(scratch, nb / "a.txt"),
    "a file is renamed": lambda scratch, nb: _rename(scratch, nb / "a.txt", nb / "b.txt"),
    "a folder is renamed": lambda scratch, nb: _rename(scratch, nb / "sub", nb / "other"),
    "a folder is made and filled": lambda scratch, nb: _fill(scratch, nb / "new"),
    "a folder is emptied": lambda scratch, nb: _empty(scratch, nb / "sub"),
    "permissions are changed": lambda scratch, nb: (before_write(scratch, nb / "a.txt"), (nb / "a.txt").chmod(0o400)),
    "a file becomes a folder": lambda scratch, nb: (remove(scratch, nb / "a.txt"), _fill(scratch, nb / "a.txt")),
}


def _rename(scratch: Scratch, source: Path, target: Path) -> None:
    announce(scratch, decode("os.rename", (source, target, -1, -1)))
    os.replace(source, target)


def _fill(scratch: Scratch, folder: Path) -> None:
    before_move(scratch, folder)
    folder.mkdir()
    write(scratch, folder / "one")
    (folder / "not announced").write_text("by a C library")


def _empty(scratch: Scratch, folder: Path) -> None:
    for path in folder.iterdir():
        descriptor = os.open(folder, os.O_RDONLY)
        announce(scratch, decode("os.remove", (path.name, descriptor)))
        os.remove(path.name, dir_fd=descriptor)
        os.close(descriptor)
    announce(scratch, decode("os.rmdir", (folder, -1)))
    folder.rmdir()


@pytest.mark.parametrize("what", ABSOLUTE)
def test_what_is_written_by_absolute_paths_is_undone(place: Place, what: str) -> None:
    """By whoever reads the notes: the kernel may be dead."""
    scratch = place.start()
    ABSOLUTE[what](scratch, place.project / "nb")
    assert snapshot(place.project) != place.before
    assert changed(scratch)
    assert all(os.path.isabs(name) for name in changed(scratch))
    undo(str(place.home))
    place.assert_untouched()


@pytest.mark.parametrize("what", ABSOLUTE)
def test_absolute_paths_are_as_they_were_at_a_moment(place: Place, what: str) -> None:
    """What the main run has done further down is not seen in a branch, and is back after it."""
    scratch = place.start()
    write(scratch, place.project / "nb/a.txt", "at the moment")
    frozen, branch, then = scratch.freeze(), copy.deepcopy(scratch), snapshot(place.project)
    ABSOLUTE[what](scratch, place.project / "nb")
    scratch.freeze()
    now = snapshot(place.project)
    branch.enter(frozen)
    assert snapshot(place.project) == then
    ABSOLUTE[what](branch, place.project / "nb")
    scratch.leave()
    assert snapshot(place.project) == now
    undo(str(place.home))
    place.assert_untouched()


def test_a_note_that_was_not_finished_does_no_harm(place: Place) -> None:
    """A process may be killed while it writes one."""
    scratch = place.start()
    write(scratch, place.project / "nb/a.txt")
    with open(place.home / "originals", "a") as file:
        file.write('\n["/half a no')
    write(scratch, place.project / "nb/b.txt")
    undo(str(place.home))
    place.assert_untouched()


def test_forks_of_the_kernel_note_as_well(place: Place) -> None:
    """The kernel knows of it, and so does the keeper."""
    scratch = place.start()
    frozen = scratch.freeze()
    branch = copy.deepcopy(scratch)
    branch.enter(frozen)
    write(branch, place.project / "nb/a.txt")
    scratch.leave()
    place.assert_untouched()


@pytest.mark.parametrize("first", [0, 1])
def test_two_checks_at_once_leave_nothing_behind(place: Place, first: int) -> None:
    """What one has written is not an original for the other, whichever ends first."""
    homes = [place.base / f"nbrerun-{number}" for number in range(2)]
    for home in homes:
        home.mkdir()
    one, other = (place.start(home=home) for home in homes)
    for number, scratch in enumerate((one, other)):
        write(scratch, place.project / "nb/a.txt", f"{number}")
        if number == 0:
            _fill(scratch, place.project / "nb/new")
        write(scratch, place.project / "nb/new/one", f"{number}")
    undo(str(homes[first]))
    undo(str(homes[1 - first]))
    place.assert_untouched()


def test_notes_of_a_check_that_is_over_are_not_believed(place: Place) -> None:
    """They may be left over from a crash, long ago."""
    dead = place.base / "nbrerun-dead"
    dead.mkdir()
    scratch = place.start(home=dead)
    write(scratch, place.project / "nb/a.txt", "long ago")
    os.close(scratch._originals._lock)
    place.before = snapshot(place.project)
    write(place.start(), place.project / "nb/a.txt")
    undo(str(place.home))
    place.assert_untouched()


EDITS: dict[str, Callable[[Path], Any]] = {
    "it is written in place": lambda path: path.write_text("edited"),
    "as many bytes are written": lambda path: path.write_text("EDIT"),
    "it is replaced, as editors do": lambda path: (path.with_suffix(".new").write_text("edited"), _move(path)),
    "it is removed": lambda path: path.unlink(),
}


def _move(path: Path) -> None:
    os.replace(path.with_suffix(".new"), path)


@pytest.mark.parametrize(
    ("what", "name"),
    [  # what a cell has made and somebody removes is as it was at first
        *((what, name) for what in EDITS for name in ("a.txt", "new.txt", "made/new.txt") if "removed" not in what),
        ("it is removed", "a.txt"),
    ],
)
def test_what_somebody_else_has_edited_is_never_undone(place: Place, what: str, name: str) -> None:
    """Neither before a branch, nor after it, nor at the end; and cells do not write to it any more."""
    scratch, path = place.start(), place.project / "nb" / name
    first = scratch.freeze()
    if name.startswith("made"):
        before_move(scratch, path.parent)
        path.parent.mkdir()
    write(scratch, path, "cell")
    frozen, branch = scratch.freeze(), copy.deepcopy(scratch)
    EDITS[what](path)
    edited = path.read_text() if path.exists() else None

    def assert_as_edited() -> None:
        assert (path.read_text() if path.exists() else None) == edited

    branch.enter(first)
    assert_as_edited()
    with pytest.raises(Refused, match="has been edited"):
        write(branch, path)
    scratch.leave()
    assert_as_edited()
    branch.enter(frozen)
    scratch.leave()
    undo(str(place.home))
    assert_as_edited()


@pytest.mark.parametrize("strict", [False, True])
def test_an_edit_after_a_kill_is_kept_where_it_may_be_old(place: Place, strict: bool) -> None:
    """The keeper undoes what a killed cell wrote; a later start leaves alone what has changed since."""
    scratch, path = place.start(), place.project / "nb/a.txt"
    scratch.freeze()
    write(scratch, path, "half of what the cell wan")
    undo(str(place.home), strict=strict)
    assert path.read_text() == ("half of what the cell wan" if strict else "a")


def test_a_file_that_stays_open_is_the_cells(place: Place) -> None:
    """What is written to it later is announced by nobody, and is undone."""
    scratch, path = place.start(), place.project / "nb/a.txt"
    before_write(scratch, path)
    with path.open("a") as log:
        for text in ("one", "two"):
            log.write(text)
            log.flush()
            scratch.freeze()
        log.write("three")
    scratch.freeze()
    undo(str(place.home))
    place.assert_untouched()


def test_a_file_that_was_put_back_has_not_been_edited(place: Place) -> None:
    """By another check, say, or because the editor was closed without a change."""
    scratch, path = place.start(), place.project / "nb/a.txt"
    write(scratch, path, "cell")
    scratch.freeze()
    path.write_text("a")
    scratch.freeze()
    write(scratch, path, "cell")
    undo(str(place.home))
    place.assert_untouched()


def test_checks_know_of_one_another_whatever_their_temporary_folders(place: Place) -> None:
    """What one has written is not an original for the other."""
    homes = [place.base / name / "nbrerun-x" for name in ("one", "other")]
    for number, home in enumerate(homes):
        home.mkdir(parents=True)
        (home.rename(home.with_name(f"nbrerun-{number}")))
    homes = [home.with_name(f"nbrerun-{number}") for number, home in enumerate(homes)]
    checks = [place.start(home=home) for home in homes]
    for number, scratch in enumerate(checks):
        write(scratch, place.project / "nb/a.txt", f"{number}")
        scratch.freeze()
    for home in homes:
        undo(str(home))
    place.assert_untouched()
    assert list((place.base / "known").iterdir()) == []


def test_where_checks_cannot_know_of_one_another_nothing_is_written(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason says so, and the cell's own call."""
    monkeypatch.setattr(originals, "_PLACE", os.fsencode(place.base / "missing"))
    scratch = place.start()
    assert "by absolute paths is refused" in place.reason
    with pytest.raises(Refused, match="other checks cannot be told"):
        write(scratch, place.project / "nb/a.txt")
    write(scratch, "a.txt")
    place.assert_untouched()


def test_links_of_checks_that_were_killed_are_removed(place: Place) -> None:
    """By the next start."""
    name = f"nbrerun-at-{os.getuid()}-gone"
    (place.base / "known" / name).symlink_to(place.base / "gone")
    place.start()
    assert not os.path.lexists(place.base / "known" / name)


def test_what_cannot_be_kept_is_not_written_to(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk may be full, or the file not readable."""
    scratch = place.start()

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copy2", fail)
    with pytest.raises(Refused, match="No space left"):
        before_write(scratch, place.project / "nb/a.txt")
    with pytest.raises(Refused, match="cannot be copied"):
        before_write(scratch, "../data/x.csv")


# Moments and branches

CHANGES: dict[str, Callable[[Scratch], Any]] = {
    "nothing": lambda scratch: None,
    "a file is written": lambda scratch: write(scratch, "a.txt"),
    "a file is written with as many bytes": lambda scratch: write(scratch, "a.txt", "A"),
    "a file is made": lambda scratch: write(scratch, "new.txt"),
    "a file is removed": lambda scratch: remove(scratch, "a.txt"),
    "a file is renamed": lambda scratch: os.replace("b.txt", "a.txt"),
    "a file becomes a folder": lambda scratch: (os.remove("a.txt"), os.makedirs("a.txt/x/y")),
    "a folder becomes a file": lambda scratch: (shutil.rmtree("sub"), Path("sub").write_text("sub")),
    "a folder is renamed": lambda scratch: os.replace("sub", "other"),
    "a file is linked": lambda scratch: (os.remove("a.txt"), os.symlink("b.txt", "a.txt")),
    "a pipe is made": lambda scratch: os.mkfifo("pipe"),
    "permissions are changed": lambda scratch: (os.chmod("a.txt", 0o400), os.chmod("sub", 0o500)),
    "times are changed": lambda scratch: os.utime("a.txt", ns=(OLD, OLD + 1)),
    "a file beside is written": lambda scratch: write(scratch, "../data/x.csv"),
    "a file beside is removed": lambda scratch: remove(scratch, "../data/x.csv"),
    "everything is removed": lambda scratch: [
        shutil.rmtree(name) if os.path.isdir(name) else os.remove(name) for name in os.listdir()
    ],
}


@pytest.mark.parametrize("after", CHANGES)
@pytest.mark.parametrize("before", ["nothing", "a file is written", "a file beside is written"])
def test_a_branch_sees_its_moment_and_the_kernel_gets_its_own_back(place: Place, before: str, after: str) -> None:
    """Whatever the main run has changed since, and whatever the branch changes."""
    scratch = place.start()
    CHANGES[before](scratch)
    frozen, branch = scratch.freeze(), copy.deepcopy(scratch)
    then, names = snapshot(Path("../../..")), changed(scratch)
    CHANGES["a file is made"](scratch)
    scratch.freeze()
    now, names_now = snapshot(Path("../../..")), changed(scratch)
    branch.enter(frozen)
    assert snapshot(Path("../../..")) == then
    assert changed(branch) == names
    CHANGES[after](branch)
    scratch.leave()
    assert snapshot(Path("../../..")) == now
    assert changed(scratch) == names_now
    place.assert_untouched()


def test_a_branch_may_see_the_files_of_a_later_moment(place: Place) -> None:
    """Memory of one moment, files of another."""
    scratch = place.start()
    branch = copy.deepcopy(scratch)
    write(scratch, "../data/x.csv")
    write(scratch, "new.txt")
    frozen, then = scratch.freeze(), snapshot(Path("../../.."))
    write(scratch, "new.txt", "newer")
    scratch.freeze()
    branch.enter(frozen)
    assert snapshot(Path("../../..")) == then
    assert changed(branch) == {"../data/x.csv": "file", "new.txt": "file"}


def test_a_name_stands_for_equal_files(place: Place) -> None:
    """A new one is given only when something has changed; the first is empty."""
    scratch = place.start()
    assert scratch.freeze() == ""
    write(scratch, "a.txt")
    first = scratch.freeze()
    assert first
    assert scratch.freeze() == first
    write(scratch, "a.txt", "NEW")  # as many bytes, in the same moment
    assert scratch.freeze() != first


def test_a_file_that_was_just_written_is_read_again(place: Place) -> None:
    """Clocks of file systems tick slowly: it may be written again without its times telling."""
    known = Known(lambda content: content)
    for modified, content in ((time.time_ns(), None), (OLD, b"kept")):
        os.utime(place.home, ns=(modified, modified))
        status = os.stat(place.home)
        known.record(b"file", status, b"kept")
        assert known.content(b"file", status) == content


def test_a_version_is_copied_once(place: Place) -> None:
    """Other versions use the same copy, until nobody needs it."""
    scratch = place.start()
    names = []
    for name in ("one", "two", "three"):
        write(scratch, name)
        names.append(scratch.freeze())
    assert len(_kept(place)) == 3
    remove(scratch, "one")
    scratch.freeze()
    for name in names:
        scratch.forget(name)
    assert len(_kept(place)) == 2


def _kept(place: Place) -> list[Path]:
    return [path for path in (place.home / "frozen").iterdir() if path.name.isdigit()]


def test_only_what_differs_is_written(place: Place) -> None:
    """Coming and going leaves all other files alone."""
    scratch = place.start()
    frozen, branch = scratch.freeze(), copy.deepcopy(scratch)
    signature = os.stat("b.txt")
    branch.enter(frozen)
    write(branch, "a.txt")
    scratch.leave()
    assert os.stat("b.txt") == signature
    assert Path("a.txt").read_text() == "a"


BRANCH_DOES: dict[str, Callable[[], Any]] = {
    "appends": lambda: Path("log").write_text("one\ntwo\n"),
    "removes": lambda: os.remove("log"),
    "replaces": lambda: (Path("other").write_text("x"), os.replace("other", "log")),
    "empties": lambda: open("log", "w").close(),
}


@pytest.mark.parametrize("what", BRANCH_DOES)
def test_a_file_that_the_kernel_has_open_stays_that_file(place: Place, what: str) -> None:
    """What the kernel writes to it after a branch is in the file of that name."""
    scratch = place.start()
    with open("log", "a") as log:
        log.write("one\n")
        log.flush()
        frozen, branch = scratch.freeze(), copy.deepcopy(scratch)
        branch.enter(frozen)
        BRANCH_DOES[what]()
        scratch.leave()
        assert Path("log").read_text() == "one\n"
        log.write("kernel\n")
    assert Path("log").read_text() == "one\nkernel\n"


def test_what_is_written_to_a_mapping_is_seen(place: Place) -> None:
    """No time of the file tells of it."""
    scratch = place.start()
    Path("mapped").write_bytes(bytes(4096))
    with open("mapped", "r+b") as file, mmap.mmap(file.fileno(), 0) as mapping:
        mapping[0] = 1
        time.sleep(0.1)
        scratch.freeze()
        first, value = scratch.freeze(), scratch.changed()
        mapping[0] = 2
        assert scratch.changed() != value
        second, branch = scratch.freeze(), copy.deepcopy(scratch)
        assert second != first
        branch.enter(first)
        assert mapping[0] == 1
        scratch.leave()
        assert mapping[0] == 2


def test_the_working_folder_is_there_again_after_a_branch_removed_it(place: Place) -> None:
    """A new folder of that name is another one to the system."""
    scratch = place.start()
    os.chdir("sub")
    frozen, branch = scratch.freeze(), copy.deepcopy(scratch)
    branch.enter(frozen)
    shutil.rmtree(Path.cwd())
    scratch.leave()
    assert Path("c.txt").read_text() == "c"


# What has changed


def test_what_has_changed_since_before_the_first_cell(place: Place) -> None:
    """Files of equal value are left out; of a folder that is gone only the folder is told."""
    place.write("nb/sub/deep/d.txt", "d")
    scratch = place.start()
    write(scratch, "a.txt", "a")
    write(scratch, "b.txt", "B")
    os.mkdir("new")
    write(scratch, "new/e.txt", "e")
    shutil.rmtree("sub/deep")
    assert changed(scratch) == {"b.txt": "file", "new": "folder", "new/e.txt": "file", "sub/deep": "gone"}


def test_permissions_are_part_of_a_files_value(place: Place) -> None:
    """Its times are not."""
    scratch = place.start()
    os.utime("a.txt")
    os.chmod("b.txt", 0o600)
    assert changed(scratch) == {"b.txt": "file"}


def test_a_name_tells_where_the_notebook_wrote(place: Place) -> None:
    """Joined to the notebook's folder, it leads there."""
    scratch = place.start("data")
    nb = place.project / "nb"
    names = {"a.txt": Path("a.txt"), "../data/x.csv": Path("../data/x.csv"), str(nb / "a.txt"): nb / "a.txt"}
    for name, path in names.items():
        written = os.path.abspath(path)
        assert scratch.shown(os.fsencode(written)) == name
        assert os.path.abspath(os.path.join(os.fsdecode(scratch.notebook), name)) == written


def test_full_means_more_bytes_than_the_limit(place: Place) -> None:
    """The person's own do not count."""
    place.write("nb/d.bin", "1" * 90)
    scratch = place.start(limit=100)
    write(scratch, "small", "1" * 90)
    assert not scratch.is_full()
    write(scratch, "more", "1" * 20)
    assert scratch.is_full()


def test_a_model_is_seen_through_a_link(place: Place) -> None:
    """A large file is as good as a small one."""
    place.write("nb/model.pt", "\0" * 200)
    scratch = place.start(limit=100)
    assert Path("model.pt").is_symlink()
    assert scratch.model_in(os.path.abspath(b"model.pt"))
    assert not scratch.model_in(os.path.abspath(b"a.txt"))
    assert not scratch.model_in(os.path.abspath(b"nowhere"))


def test_what_others_read_the_notebook_has_not_read(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the probe itself nor a branch, which has the same files."""
    monkeypatch.setattr("nbrerun.probe.files.opened.listen", lambda events, listener: None)
    place.start()
    files = NotebookFiles(place.found, {})
    files.install(lambda: True)
    subprocess.run("cat a.txt; echo new > new.txt", shell=True, check=True, stdout=subprocess.DEVNULL)
    files.changed()
    opened = {name: item["read"] for name, item in files.opened().items()}
    files.begin()
    frozen = files.freeze()
    branch = copy.deepcopy(files.sandbox)
    branch.enter(frozen)
    subprocess.run("cat b.txt; echo more >> new.txt", shell=True, check=True, stdout=subprocess.DEVNULL)
    files.leave()
    assert files.opened() == {}
    if sys.platform == "linux":
        assert opened == {"a.txt": True, "new.txt": False}


# The end


def test_a_folder_that_may_not_be_written_to(place: Place) -> None:
    """It is copied, brought back, and in nobody's way at the end."""
    if os.fork() == 0:
        status = 1
        try:
            _as_nobody(place)
            status = 0
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.wait()[1]) == 0
    assert not (place.home / "scratch").exists()


def _as_nobody(place: Place) -> None:
    is_root = os.getuid() == 0
    if is_root:  # root may write everywhere
        for path in [place.home, *place.project.rglob("*")]:
            os.chown(path, 65534, 65534)
    (place.project / "nb/b.txt").chmod(0)
    (place.project / "nb/sub").chmod(0o555)
    if is_root:
        for above in [place.base, *place.base.parents]:
            above.chmod(stat.S_IMODE(above.stat().st_mode) | 0o055)
        os.setuid(65534)
    scratch = place.start()
    assert Path("b.txt").is_symlink()
    with open("sub/c.txt", "a") as file:
        file.write("more")
    frozen, branch = scratch.freeze(), copy.deepcopy(scratch)
    branch.enter(frozen)
    os.chmod("sub", 0o755)
    os.remove("sub/c.txt")
    scratch.leave()
    assert Path("sub/c.txt").read_text() == "cmore"
    assert stat.S_IMODE(os.stat("sub").st_mode) == 0o555
    with pytest.raises(Refused):
        before_move(scratch, place.project / "nb/b.txt")
    undo(str(place.home))
    shutil.rmtree(place.home / "scratch")
