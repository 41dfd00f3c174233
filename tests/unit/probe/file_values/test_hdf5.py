"""HDF5 files that are open have the value that the library shows of them."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import h5py
import numpy as np
import pytest

from nbrerun.probe.file_values import hdf5
from tests.unit.probe.looking import digest, read


def test_what_is_not_on_the_disk_yet_counts(tmp_path: Path) -> None:
    """Groups, datasets and attributes; the same content is the same value."""
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        states = [hdf5.digest(bytes(path))]
        file["x"] = np.zeros(3)
        states.append(hdf5.digest(bytes(path)))
        file["x"][...] += 1
        states.append(hdf5.digest(bytes(path)))
        file["x"].attrs["n"] = 1
        states.append(hdf5.digest(bytes(path)))
        assert None not in states
        assert len(set(states)) == 4
        file["x"].attrs["n"] = 1
        assert hdf5.digest(bytes(path)) == states[-1]


def test_other_files_are_left_to_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is closed, read only, not there, or too large."""
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["x"] = np.zeros(3)
        assert hdf5.digest(bytes(tmp_path / "b.h5")) is None
        monkeypatch.setattr(hdf5, "_LIMIT", 1)
        assert hdf5.digest(bytes(path)) is None
        monkeypatch.undo()
    assert hdf5.digest(bytes(path)) is None
    with h5py.File(path, "r"):
        assert hdf5.digest(bytes(path)) is None


def test_the_file_is_found_from_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was opened by an absolute path; a relative one is that of the folder at the time, if it is still that."""
    monkeypatch.chdir(tmp_path)
    with h5py.File("a.h5", "w"):
        assert hdf5.digest(bytes(tmp_path / "a.h5")) is not None
    with h5py.File(tmp_path / "b.h5", "w"):
        monkeypatch.chdir("/")
        assert hdf5.digest(bytes(tmp_path / "b.h5")) is not None


def test_handles_are_places(tmp_path: Path) -> None:
    """Of a file, a group and a dataset: what is stored there is the file's value."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = np.zeros(3)
        file["y"] = np.zeros(3)
        before = digest(file["x"])
        file["x"][...] = 1
        assert digest(file["x"]) == before != digest(file["y"])
        assert len({digest(file), digest(file["x"]), digest(file.create_group("g"))}) == 3
        assert not read(file).opaque
        x = file["x"]
    assert digest(x) != before
    assert not read(x).opaque


def test_a_library_that_is_just_being_imported_has_no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its module is there, and empty."""
    monkeypatch.setitem(sys.modules, "h5py", types.ModuleType("h5py"))
    assert hdf5.digest(bytes(tmp_path)) is None
