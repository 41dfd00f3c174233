"""Corners of files: folders that come and go, old pickles, damaged files, names beside descriptors."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import pickle
import sqlite3
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from nbrerun.probe.file_values import contents
from nbrerun.probe.file_values.contents import holds_model
from nbrerun.probe.files import changeset
from nbrerun.probe.sandbox import layer
from tests.unit.making import file
from tests.unit.probe.file_values.test_contents import archive
from tests.unit.probe.files.test_opened import run
from tests.unit.probe.sandbox.test_layer import A_FOLDER, Link, make, read, told

MODEL = LinearRegression().fit(np.eye(3), [1, 2, 3])


@pytest.mark.parametrize(
    ("below", "upper", "before", "after"),
    [
        pytest.param(
            {},
            {"d/b": "2"},
            {"d": A_FOLDER, "d/a": told("1")},
            {"d": A_FOLDER, "d/a": told("1"), "d/b": told("2")},
            id="a file more in a folder that an earlier cell made",
        ),
        pytest.param(
            {},
            {"d": "2"},
            {"d": A_FOLDER, "d/a": told("1")},
            {"d": told("2")},
            id="a file where an earlier cell had made a folder",
        ),
        pytest.param(
            {"e/a": "1", "d": Link("e")},
            {"d/a": "1"},
            {},
            {"d": A_FOLDER, "d/a": told("1")},
            id="a folder where a link to one was",
        ),
    ],
)
def test_a_table_follows_folders(
    below: dict[str, Any], upper: dict[str, Any], before: dict[str, Any], after: dict[str, Any], tmp_path: Path
) -> None:
    """What a layer says of a folder leaves what is known of the files in it as it is, unless it hides them."""
    table = {os.fsencode(name): found for name, found in before.items()}
    layer.update_changes(
        table, os.fsencode(make(tmp_path / "u", upper)), os.fsencode(make(tmp_path / "b", below)), read
    )
    assert {os.fsdecode(name): found for name, found in table.items()} == after


def holds(folder: Path, content: bytes) -> bool:
    """Whether a file with this content holds a model."""
    (folder / "a").write_bytes(content)
    return holds_model(os.fsencode(folder / "a"), ())


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_model_is_known_in_every_protocol(protocol: int, tmp_path: Path) -> None:
    """Old protocols name classes in another way."""
    assert holds(tmp_path, pickle.dumps(MODEL, protocol))


@pytest.mark.parametrize("compress", [bz2.compress, lzma.compress, lambda raw: lzma.compress(raw, lzma.FORMAT_ALONE)])
def test_a_model_is_known_in_every_compression(compress: Callable[[bytes], bytes], tmp_path: Path) -> None:
    """joblib offers these, besides zlib and gzip."""
    assert holds(tmp_path, compress(pickle.dumps(MODEL)))


@pytest.mark.parametrize("compress", [bz2.compress, lzma.compress, zlib.compress, gzip.compress])
def test_a_damaged_compressed_file_holds_no_model(compress: Callable[[bytes], bytes], tmp_path: Path) -> None:
    """Whatever the library raises at it."""
    assert not holds(tmp_path, compress(pickle.dumps(MODEL))[:8] + b"\xff" * 100)


@pytest.mark.parametrize(
    "content",
    [
        b"class,library\nSVC,sklearn.svm\n",
        b"saved the model_weights at 10:00\n",
        pickle.dumps(pd.DataFrame({"model": ["sklearn.svm.SVC"], "score": [0.5]})),
    ],
    ids=["a table", "a log", "a pickled table"],
)
def test_talk_of_models_is_no_model(content: bytes, tmp_path: Path) -> None:
    """A file that mentions a model's class holds data."""
    assert not holds(tmp_path, content)


def test_damaged_files_are_compared_byte_by_byte(tmp_path: Path) -> None:
    """A zip file with a name that is no text or of a version to come, a database with a schema that is no text."""
    (tmp_path / "name").write_bytes(archive(1990, ("\u00fc", "1")).replace("\u00fc".encode(), b"\xff\xff"))
    newer = bytearray(archive(1990, ("a", "1")))
    newer[newer.index(b"PK\x01\x02") + 6] = 200
    (tmp_path / "version").write_bytes(newer)
    database = sqlite3.connect(tmp_path / "schema")
    database.execute("create table tttt (a)")
    database.execute("create index i on tttt (a)")
    database.commit()
    database.close()
    damaged = (tmp_path / "schema").read_bytes().replace(b"CREATE INDEX", b"CREATE IND\xffX")
    (tmp_path / "schema").write_bytes(damaged)
    digests = {contents.read(os.fsencode(tmp_path / name)).digest for name in ("name", "version", "schema")}
    assert len(digests) == 3


def test_rows_that_sqlite_keeps_beside_the_database_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a write-ahead log the database itself stays as it is for a while."""
    monkeypatch.setattr(layer, "_YOUNG_NS", -(1 << 62))
    reading = layer.Reading()
    database = sqlite3.connect(tmp_path / "a")
    database.execute("pragma journal_mode = wal")
    database.execute("create table t (a)")
    database.commit()
    first = reading.file(os.fsencode(tmp_path / "a"), list)
    database.execute("insert into t values (1)")
    database.commit()
    assert reading.file(os.fsencode(tmp_path / "a"), list) != first
    database.close()


def test_a_name_begins_in_the_folder_of_its_descriptor(tmp_path: Path) -> None:
    """`shutil.rmtree` removes `c` in the open folder `d`, which is no `c` of the working folder."""
    assert "c" not in run(tmp_path, "import shutil\nshutil.rmtree('d')")["seen"]


def test_a_database_may_be_named_by_a_uri(tmp_path: Path) -> None:
    """The file is what is opened, not the URI."""
    source = "c = sqlite3.connect('file:n.db?mode=rwc', uri=True)\nc.execute('create table t (a)')\nc.close()"
    assert run(tmp_path, source)["seen"]["n.db"]["read"]


def test_a_link_that_became_a_folder_is_replaced(tmp_path: Path) -> None:
    """What is in the new folder must not land where the link led to."""
    start, end, saved = tmp_path / "start", tmp_path / "end", tmp_path / "saved"
    for place in (start, end):
        (place / "d").mkdir(parents=True)
    (start / "l").symlink_to("d")
    (end / "l").mkdir()
    (end / "l" / "n").write_text("new")
    found = {os.fsencode(end / "l"): file(kind="folder"), os.fsencode(end / "l" / "n"): file()}
    changeset.save(found, lambda path: os.fsdecode(os.path.relpath(path, os.fsencode(end))), str(saved))
    changeset.apply(str(saved), str(start))
    assert not (start / "d" / "n").exists()
    assert not (start / "l").is_symlink()
