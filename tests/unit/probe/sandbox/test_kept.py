"""Copies of files from before a running cell changes them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nbrerun.probe.files import changeset
from nbrerun.probe.sandbox import kept as module
from nbrerun.probe.sandbox.kept import Kept


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A notebook's folder with a few files."""
    found = tmp_path / "notebooks"
    (found / "data").mkdir(parents=True)
    (found / "old.txt").write_text("old")
    (found / "data" / "a.txt").write_text("a")
    (tmp_path / "outside.txt").write_text("outside")
    return found


@pytest.fixture
def kept(folder: Path, tmp_path: Path) -> Kept:
    """Ready for a cell."""
    found = Kept(os.fsencode(tmp_path / "home"), [os.fsencode(folder)])
    found.begin(1)
    return found


def put_back(kept: Kept, folder: Path) -> None:
    """Give the folder the files from before the cell."""
    place = kept.finish()
    for part in (place, os.path.join(place, changeset.BESIDE)):
        changeset.apply(part, str(folder))


def test_changed_created_and_deleted_files_come_back(kept: Kept, folder: Path) -> None:
    """As they were at the first announcement, whatever happens to them afterwards."""
    for name in ("old.txt", "new.txt", "data/a.txt"):
        for _ in range(2):
            kept.keep(os.fsencode(folder / name), moved=name == "data/a.txt")
            (folder / name).write_text(f"{name} changed")
    (folder / "data" / "a.txt").unlink()
    put_back(kept, folder)
    assert (folder / "old.txt").read_text() == "old"
    assert (folder / "data" / "a.txt").read_text() == "a"
    assert not (folder / "new.txt").exists()


def test_a_folder_comes_back_with_what_is_in_it(kept: Kept, folder: Path) -> None:
    """Also if a file in it had been changed before."""
    kept.keep(os.fsencode(folder / "data" / "a.txt"), moved=False)
    (folder / "data" / "a.txt").write_text("b")
    kept.keep(os.fsencode(folder / "data"), moved=True)
    (folder / "data").rename(folder / "moved")
    put_back(kept, folder)
    assert (folder / "data" / "a.txt").read_text() == "a"


def test_what_lies_elsewhere_is_not_kept(kept: Kept, folder: Path) -> None:
    """Links are followed first."""
    kept.keep(os.fsencode(folder.parent / "outside.txt"), moved=False)
    assert kept.finish() == ""
    (folder / "link").symlink_to(folder.parent / "outside.txt")
    kept.begin(2)
    kept.keep(os.fsencode(folder / "link"), moved=False)
    assert kept.finish() == ""


def test_a_new_file_that_nobody_announced_was_not_there(kept: Kept, folder: Path) -> None:
    """The names in the folder when the cell began tell."""
    (folder / "shell.txt").write_text("x")
    kept.compare_names((b".ipynb",))
    put_back(kept, folder)
    assert kept.lost == []
    assert not (folder / "shell.txt").exists()


def test_the_second_unannounced_change_of_a_small_file_can_be_undone(kept: Kept, folder: Path) -> None:
    """The first one tells that somebody writes it; nothing counts as changed before it is."""
    (folder / "shell.txt").write_text("x")
    kept.note(os.fsencode(folder / "shell.txt"))
    kept.finish()
    kept.begin(2)
    assert kept.paths == set()
    (folder / "shell.txt").write_text("xx")
    kept.note(os.fsencode(folder / "shell.txt"))
    put_back(kept, folder)
    assert (folder / "shell.txt").read_text() == "x"
    assert kept.lost == []


def test_an_unannounced_change_of_an_old_file_is_lost(kept: Kept, folder: Path) -> None:
    """Nobody knows what it was; deleting it is such a change."""
    (folder / "old.txt").unlink()
    kept.compare_names(())
    assert kept.lost == [os.fsencode(folder / "old.txt")]


def test_a_file_that_is_too_large_is_lost(kept: Kept, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Copying holds the cell up."""
    monkeypatch.setattr(module, "_MOST_BYTES", 2)
    kept.begin(2)
    kept.keep(os.fsencode(folder / "old.txt"), moved=False)
    assert kept.lost == [os.fsencode(folder / "old.txt")]


def test_files_of_editors_do_not_count(kept: Kept, folder: Path) -> None:
    """Jupyter saves the notebook while its cells run."""
    (folder / "n.ipynb").write_text("{}")
    kept.compare_names((b".ipynb",))
    assert kept.paths == set()


def test_between_two_cells_nothing_is_kept(kept: Kept, folder: Path) -> None:
    """Whoever writes then is no cell."""
    kept.finish()
    kept.keep(os.fsencode(folder / "old.txt"), moved=False)
    assert kept.paths == set()
