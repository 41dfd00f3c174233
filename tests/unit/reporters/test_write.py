"""Writing a report: all of it or nothing, to where it was asked for."""

from __future__ import annotations

import io
import os
import re
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from nbrerun.errors import UsageError
from nbrerun.reporters import write


def test_a_report_replaces_the_old_one_as_a_whole(tmp_path: Path) -> None:
    """A renderer that breaks leaves the old file, and no temporary one beside it."""
    target = tmp_path / "r.txt"
    target.write_text("old")

    def breaks(out: Any) -> None:
        out.write("half")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write.write_file(str(target), breaks)
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_refused_move_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the system refuses at the last step, the temporary file is taken away and a sentence says so."""

    def refuse(self: Path, other: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(UsageError, match="No space left"):
        write.write_file(str(tmp_path / "r.txt"), lambda out: print("x", file=out))
    assert list(tmp_path.iterdir()) == []


def test_links_and_modes_of_the_output_stay(tmp_path: Path) -> None:
    """A link stays a link to the new report, and the file keeps its permissions."""
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_text("old")
    real.chmod(0o640)
    link.symlink_to(real)
    write.write_file(str(link), lambda out: print("new", file=out))
    assert (real.read_text(), link.is_symlink(), stat.S_IMODE(real.stat().st_mode)) == ("new\n", True, 0o640)


def test_devices_are_written_into_not_replaced() -> None:
    """`--output /dev/null` leaves /dev/null what it is."""
    write.check_target(os.devnull)
    write.write_file(os.devnull, lambda out: print("x", file=out))
    assert not Path(os.devnull).is_file()


def test_an_output_without_permission_is_refused_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A read-only folder and a read-only file are said before anything runs."""
    target = tmp_path / "r.txt"
    target.write_text("old")
    monkeypatch.setattr(os, "access", lambda place, mode: Path(place) != target)  # root may write everywhere
    with pytest.raises(UsageError, match="permission denied"):
        write.check_target(str(target))
    monkeypatch.setattr(os, "access", lambda place, mode: Path(place) != tmp_path)
    with pytest.raises(UsageError, match="permission denied"):
        write.check_target(str(tmp_path / "new.txt"))


def test_stdout_is_given_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is rendered to stdout is flushed before the exit code is decided."""

    class Stream(io.StringIO):
        flushed = False

        def flush(self) -> None:
            self.flushed = True

    stream = Stream()
    monkeypatch.setattr(sys, "stdout", stream)
    write.write_stdout(lambda out: print("x", file=out))
    assert (stream.getvalue(), stream.flushed) == ("x\n", True)


def test_no_other_reporter_opens_a_file() -> None:
    """Formats are pure: `write` opens files, and `targets` chooses them."""
    opening = re.compile(r"\bopen\(|\.(?:read|write)_(?:text|bytes)\(")
    folder = Path(write.__file__).parent
    sources = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.py")}
    assert [name for name, source in sources.items() if opening.search(source)] == ["write.py"]
