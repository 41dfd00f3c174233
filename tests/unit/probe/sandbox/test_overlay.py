"""Overlays over the folders beside the notebook's, each tried in a child process that has mounts of its own."""

from __future__ import annotations

import os
import socket
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from nbrerun.probe.sandbox import mounts, syscalls
from nbrerun.probe.sandbox.choose import attach, set_up
from nbrerun.probe.sandbox.overlay import Overlay
from tests.functional.test_sandbox import KINDS

OVERLAY = pytest.mark.parametrize("kind", [kind for kind in KINDS if kind == "overlay"])


class Place:
    """A notebook's folder in a home directory, and the folder of a check beside it."""

    def __init__(self, folder: Path) -> None:
        self.home, self.project, self.check = folder / "home", folder / "home" / "project", folder / "nbrerun-check"
        self.project.mkdir(parents=True)
        self.check.mkdir()
        (self.home / "notes.txt").write_text("notes")

    def sandbox(self) -> Overlay:
        """Set it up, as the kernel's process does."""
        found = set_up(str(self.check), "overlay", [str(self.project)], 1 << 24, [str(self.home), "/missing"])
        sandbox = attach(found)
        assert isinstance(sandbox, Overlay)
        sandbox.note = found["reason"]
        return sandbox

    def changed(self, sandbox: Overlay) -> set[str]:
        """What has changed beside the notebook's folder."""
        return {os.path.relpath(os.fsdecode(path), self.home) for path in sandbox.changed_beside()}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """One for this test."""
    return Place(tmp_path)


def in_child(do: Callable[[], None]) -> None:
    """Call a function in a fork; what it raises is told by this process's standard error."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            do()
            status = 0
        except BaseException:  # noqa: BLE001  a fork must not go on in pytest
            traceback.print_exc()
        finally:
            os._exit(status)
    assert os.waitpid(pid, 0)[1] == 0


@OVERLAY
def test_a_branch_has_its_own_home(kind: str, place: Place) -> None:
    """It sees what the kernel had written, and neither the kernel nor the disk sees what it writes."""

    def do() -> None:
        sandbox = place.sandbox()
        (place.home / "notes.txt").write_text("more")
        (place.project / "inside.txt").write_text("judged")
        name = sandbox.freeze()

        def branch() -> None:
            sandbox.enter(name)
            assert (place.home / "notes.txt").read_text() == "more"
            assert (place.project / "inside.txt").read_text() == "judged"
            (place.home / "new.txt").write_text("branch")
            assert place.changed(sandbox) == {"notes.txt", "new.txt"}
            assert {os.path.basename(path) for path in sandbox.changed()} == {b"inside.txt"}

        in_child(branch)
        assert place.changed(sandbox) == {"notes.txt"}

    in_child(do)
    assert (place.home / "notes.txt").read_text() == "notes"
    assert os.listdir(place.project) == []


@OVERLAY
def test_a_file_that_is_written_with_the_same_text_has_not_changed(kind: str, place: Place) -> None:
    """Locks and caches that are touched are no reason to replace a kernel."""

    def do() -> None:
        sandbox = place.sandbox()
        (place.home / "notes.txt").write_text("notes")
        assert place.changed(sandbox) == set()

    in_child(do)


@OVERLAY
def test_a_mount_below_is_covered_as_well(kind: str, place: Place) -> None:
    """An overlay shows one file system only, so that what is mounted there has one of its own."""

    def do() -> None:
        syscalls.unshare_mounts()
        (place.home / "disk").mkdir()
        syscalls.mount("tmpfs", str(place.home / "disk"), "tmpfs")
        (place.home / "disk" / "data.txt").write_text("data")
        sandbox = place.sandbox()
        assert (place.home / "disk" / "data.txt").read_text() == "data"
        (place.home / "disk" / "data.txt").write_text("changed")
        assert place.changed(sandbox) == {"disk/data.txt"}

    in_child(do)


@OVERLAY
def test_what_cannot_be_covered_stays_as_it_is(kind: str, place: Place, tmp_path: Path) -> None:
    """The reason says so; the notebook's own folder is covered all the same."""

    def do() -> None:
        syscalls.unshare_mounts()
        aside = tmp_path / "aside"
        (place.home / "disk").mkdir()
        for number in range(2):  # as many overlays as may lie on one another (overlayfs.rst)
            (aside / f"{number}").mkdir(parents=True)
            syscalls.mount("tmpfs", str(aside / f"{number}"), "tmpfs")
            for name in ("upper", "work"):
                (aside / f"{number}" / name).mkdir()
            options = f"lowerdir={place.home}/disk,upperdir={aside}/{number}/upper,workdir={aside}/{number}/work"
            syscalls.mount("overlay", str(place.home / "disk"), "overlay", 0, options)
        sandbox = place.sandbox()
        assert f"files in {place.home}/disk are not kept safe" in sandbox.note
        (place.home / "disk" / "written.txt").write_text("really")
        (place.home / "kept.txt").write_text("kept")
        assert place.changed(sandbox) == {"kept.txt"}
        assert (aside / "1" / "upper" / "written.txt").exists()
        name = sandbox.freeze()

        def branch() -> None:
            sandbox.enter(name)
            assert (place.home / "disk" / "written.txt").read_text() == "really"
            assert (place.home / "kept.txt").read_text() == "kept"

        in_child(branch)

    in_child(do)


@OVERLAY
def test_a_folder_below_can_be_renamed(kind: str, place: Place) -> None:
    """An overlay alone would refuse it."""
    (place.home / "old").mkdir()
    (place.home / "old" / "file.txt").write_text("text")

    def do() -> None:
        sandbox = place.sandbox()
        sandbox.before_rename(os.fsencode(place.home / "old"))
        os.rename(place.home / "old", place.home / "new")
        assert (place.home / "new" / "file.txt").read_text() == "text"

    in_child(do)
    assert (place.home / "old" / "file.txt").exists()


def test_sockets_of_others_are_found(place: Place) -> None:
    """Those at which somebody listens; not those of other checks."""
    paths = [place.home / "s", place.check.parent / "nbrerun-other" / "s", place.home / "idle"]
    paths[1].parent.mkdir()
    sockets = [socket.socket(socket.AF_UNIX) for _ in paths]
    for each, path in zip(sockets, paths, strict=True):
        each.bind(str(path))
    sockets[0].listen(1)
    sockets[1].listen(1)
    found = mounts.listening([os.fsencode(place.home.parent)], os.fsencode(place.check))
    assert found == [os.fsencode(place.home / "s")]
    for each in sockets:
        each.close()


def test_only_folders_of_the_user_s_are_covered(place: Place) -> None:
    """Neither the system's, nor what is covered anyway, nor what is not there."""
    home, project, check = map(os.fsencode, (place.home, place.project, place.check))
    wanted = [home, home, b"/", b"/dev/shm", b"/usr", b"/missing", project]
    assert mounts.beside(wanted, [project], check) == [home]
    assert mounts.beside(wanted, [home], check) == []


def test_of_many_mounts_below_only_some_are_covered(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folders that were asked for are among them, wherever they come in order."""
    home, project, check = map(os.fsencode, (place.home, place.project, place.check))
    other = os.fsencode(place.home.parent / "z")
    os.mkdir(other)
    many = [home + b"/%d" % number for number in range(20)]
    for folder in many:
        os.mkdir(folder)
    monkeypatch.setattr(mounts, "mount_points", lambda: [(folder, "ext4") for folder in many])
    found = mounts.beside([home, other], [project], check)
    assert found[:2] == [home, other]
    assert len(found) == 10
