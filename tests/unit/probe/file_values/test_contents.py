"""What a file's value is, and which files hold models."""

from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import sqlite3
import struct
import sys
import tempfile
import zipfile
from collections.abc import Callable, Collection
from contextlib import closing
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
import srsly
import torch
from sklearn.datasets import load_iris
from sklearn.linear_model import LinearRegression
from sklearn.utils import Bunch
from thinc.api import Softmax

from nbrerun.probe.file_values import contents
from nbrerun.probe.file_values.contents import holds_model

Save = Callable[..., bytes]
Exported = dict[str, bytes]
Export = Callable[[str, float, str, int], Exported]
TENSORS = "variables/variables"


def digest(path: bytes) -> bytes:
    """Equal for files of equal value."""
    return contents.read(path).digest


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """A maker of files: contents in, path out."""

    def write(content: bytes, name: str = "a.bin") -> bytes:
        path = tmp_path / name
        path.write_bytes(content)
        return os.fsencode(path)

    return write


def archive(year: int, *members: tuple[str, str | bytes], deflated: bool = True) -> bytes:
    """A zip file whose members were written in some year."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED if deflated else zipfile.ZIP_STORED) as made:
        for name, content in members:
            made.writestr(zipfile.ZipInfo(name, (year, 1, 1, 0, 0, 0)), content)
    return out.getvalue()


def npz(year: int, **arrays: Any) -> bytes:
    """What `np.savez` writes, in some year."""
    out = io.BytesIO()
    np.savez(out, **arrays)
    with zipfile.ZipFile(out) as made:
        return archive(year, *((name, made.read(name)) for name in made.namelist()))


def gzipped(time: int, content: bytes) -> bytes:
    """A gzip file written at some time."""
    out = io.BytesIO()
    with gzip.GzipFile("a", "wb", fileobj=out, mtime=time) as made:
        made.write(content)
    return out.getvalue()


ONE, TWO = ("a", "1"), ("b", "2")

EQUAL = {
    "bytes": (b"abc", b"abc"),
    "nothing": (b"", b""),
    "a zip file of another year": (archive(1990, ONE, TWO), archive(2020, ONE, TWO)),
    "a zip file in another order": (archive(1990, ONE, TWO), archive(1990, TWO, ONE)),
    "arrays saved in another year": (npz(1990, a=np.arange(3)), npz(2020, a=np.arange(3))),
    "a gzip file of another time": (gzipped(1, b"abc"), gzipped(2, b"abc")),
    "a gzip file that was added to at another time": (
        gzipped(1, b"abc") + gzipped(1, b"d"),
        gzipped(2, b"abc") + gzipped(3, b"d"),
    ),
}
UNEQUAL = {
    "bytes": (b"abc", b"abd"),
    "bytes beyond the first chunk": (b"a" * (1 << 20) + b"b", b"a" * (1 << 20) + b"c"),
    "a shorter file": (b"abc", b"ab"),
    "a zip file with another text": (archive(1990, ("a", "1")), archive(1990, ("a", "2"))),
    "a zip file with another name": (archive(1990, ("a", "1")), archive(1990, ("b", "1"))),
    "a zip file with one member more": (archive(1990, ONE), archive(1990, ONE, TWO)),
    "a zip file with other names for the same texts": (archive(1990, ONE, TWO), archive(1990, ("a", "2"), ("b", "1"))),
    "other arrays": (npz(1990, a=np.arange(3)), npz(1990, a=np.arange(3) + 1)),
    "arrays of another type": (npz(1990, a=np.arange(3)), npz(1990, a=np.arange(3).astype("int32"))),
    "a gzip file with another text": (gzipped(1, b"abc"), gzipped(1, b"abd")),
    "a broken zip file": (archive(1990, ONE)[:-5], archive(2020, ONE)[:-5]),
    "the beginning of a zip file": (b"PK\x03\x04abc", b"PK\x03\x04abd"),
    "the beginning of a database": (b"SQLite format 3\0abc", b"SQLite format 3\0abd"),
    "the beginning of a gzip file": (b"\x1f\x8b", b"\x1f\x8b\x08"),
}


@pytest.mark.parametrize("case", EQUAL)
def test_files_of_equal_value_have_equal_digests(case: str, save: Save) -> None:
    """When they were written, and in which order, is no value."""
    one, other = (save(content, name) for content, name in zip(EQUAL[case], "ab", strict=True))
    assert digest(one) == digest(other)


def log(passed: float, loss: float) -> bytes:
    """What CatBoost writes beside a model: a loss, and how long it took."""
    times = {"passed_time": passed, "remaining_time": 2 * passed}
    return json.dumps({"meta": {}, "iterations": [{"iteration": 0, "learn": [loss], **times}]}).encode()


def events(time: float, *values: bytes) -> bytes:
    """A file of TensorBoard's: records with a length, two checksums and a time."""
    records = (b"\x09" + struct.pack("<d", time) + value for value in values)
    return b"".join(struct.pack("<Qi", len(each), 1) + each + struct.pack("<i", int(time)) for each in records)


LOGS = {
    "catboost_training.json": (log(0.1, 0.5), log(0.2, 0.5), log(0.1, 0.6)),
    "time_left.tsv": (b"iter\tPassed\n0\t1\n", b"iter\tPassed\n0\t2\n", b"iter\tPassed\n0\t1\n1\t1\n"),
    "events.out.tfevents": (events(1, b"a", b"b"), events(2, b"a", b"b"), events(1, b"a", b"c")),
}


@pytest.mark.parametrize("name", LOGS)
def test_how_long_a_training_took_is_no_value(name: str, tmp_path: Path) -> None:
    """Nor when it was; a loss and the number of iterations are."""
    digests = []
    for number, content in enumerate(LOGS[name]):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "catboost_training.json").write_bytes(log(0.1, 0.5))
        (folder / name).write_bytes(content)
        digests.append(digest(os.fsencode(folder / name)))
    assert digests[0] == digests[1] != digests[2]


def test_a_table_of_that_name_elsewhere_is_its_bytes(tmp_path: Path) -> None:
    """So is a damaged log."""
    paths = []
    for name, content in (("a/time_left.tsv", b"0\t1\n"), ("b/time_left.tsv", b"0\t2\n")):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(content)
        (tmp_path / name).with_name("events.out.tfevents").write_bytes(content)
        paths.append(os.fsencode(tmp_path / name))
    assert digest(paths[0]) != digest(paths[1])
    assert digest(paths[0].replace(b"time_left.tsv", b"events.out.tfevents")) != digest(
        paths[1].replace(b"time_left.tsv", b"events.out.tfevents")
    )


TENSOR = torch.arange(12.0).reshape(3, 4)
TENSORS_BESIDE = {
    "rows": lambda: TENSOR[:2],
    "a column": lambda: TENSOR[:2, 1],
    "transposed": lambda: TENSOR[:2].T,
    "one number shown often": lambda: TENSOR[0, 1].expand(5),
    "two tensors in one storage": lambda: {"a": TENSOR[0], "b": [TENSOR[1, 1:]]},
    "a parameter": lambda: torch.nn.Parameter(TENSOR[:2]),
}


@pytest.mark.parametrize("case", TENSORS_BESIDE)
def test_memory_beside_tensors_is_no_value(case: str, tmp_path: Path) -> None:
    """torch saves the whole storage that a tensor lies in."""
    saved = {}
    for name, place in (("plain", None), ("beside", (2, 3)), ("within", (0, 1))):
        TENSOR[:] = torch.arange(12.0).reshape(3, 4)
        if place:
            TENSOR[place] = 100
        path = tmp_path / name
        torch.save(TENSORS_BESIDE[case](), path)
        saved[name] = digest(os.fsencode(path))
    assert saved["plain"] == saved["beside"] != saved["within"]


def network() -> torch.nn.Module:
    """A network with the numbers of the tensor."""
    made = torch.nn.Linear(4, 3, bias=False)
    made.weight.data = TENSOR
    return made


SAVED_WHOLE = {
    "all of it": lambda: {"a": TENSOR, "b": torch.tensor([])},
    "a storage": lambda: TENSOR.untyped_storage(),
    "a storage, and a tensor in it": lambda: [TENSOR[0], TENSOR.storage()],
    "a sparse tensor": lambda: TENSOR.to_sparse(),
    "a network": network,
}


@pytest.mark.filterwarnings("ignore:TypedStorage is deprecated")
@pytest.mark.parametrize("case", SAVED_WHOLE)
def test_all_that_was_saved_is_value(case: str, tmp_path: Path) -> None:
    """Of a storage that is not only used by tensors whose place in it is known, all counts."""
    saved = []
    for number in (1, 1, 2):
        TENSOR[:] = torch.arange(12.0).reshape(3, 4)
        TENSOR[2, 3] = number
        path = tmp_path / "a"
        torch.save(SAVED_WHOLE[case](), path)
        saved.append(digest(os.fsencode(path)))
    assert saved[0] == saved[1] != saved[2]


def test_when_a_remembered_call_was_made_is_no_value(tmp_path: Path) -> None:
    """Nor how long it took: `joblib.Memory` records both beside the result. Its arguments are value."""
    paths = []
    for number, (duration, argument) in enumerate(((0.1, "a"), (0.2, "a"), (0.1, "b"))):
        folder = tmp_path / str(number)
        folder.mkdir()
        record = {"duration": duration, "input_args": {"x": argument}, "time": number}
        (folder / "metadata.json").write_text(json.dumps(record))
        (folder / "output.pkl").touch()
        paths.append(os.fsencode(folder / "metadata.json"))
    first, later, other = map(digest, paths)
    assert first == later != other


@pytest.mark.parametrize("case", UNEQUAL)
def test_files_of_other_value_have_other_digests(case: str, save: Save) -> None:
    """Contents and names are value; a file that is not what it begins as is its bytes."""
    one, other = (save(content, name) for content, name in zip(UNEQUAL[case], "ab", strict=True))
    assert digest(one) != digest(other)
    assert digest(one) == digest(one)


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    """A digest of nothing would be equal to that of another file that is not there."""
    with pytest.raises(FileNotFoundError):
        digest(os.fsencode(tmp_path / "none"))


class Database:
    """An SQLite file that is open."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "a.db"
        self.path = os.fsencode(self.file)
        self.do("create table t (a integer primary key, b text)", "insert into t (b) values ('x'), ('y')")

    def do(self, *statements: str) -> bytes:
        """Execute statements; the digest of the file as they leave it."""
        with closing(sqlite3.connect(self.file)) as connection, connection:
            for statement in statements:
                connection.execute(statement)
        return digest(self.path)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    """A table of two rows."""
    return Database(tmp_path)


def test_a_database_with_the_same_rows_is_the_same(database: Database) -> None:
    """How often it was written to, as its header counts, is no value."""
    before, first = database.file.read_bytes(), digest(database.path)
    assert database.do("delete from t where b = 'y'") != first
    assert database.do("insert into t (b) values ('y')") == first
    assert database.file.read_bytes() != before


@pytest.mark.parametrize(
    "statement",
    [
        "insert into t (b) values ('y')",
        "update t set b = 'z' where a = 1",
        "delete from t",
        "create table u (a)",
        "create index i on t (b)",
        "alter table t rename to u",
    ],
)
def test_a_database_with_other_rows_or_tables_is_another(database: Database, statement: str) -> None:
    """Whatever SQL can read back is value."""
    first = digest(database.path)
    assert database.do(statement) != first


def test_the_rows_of_a_database_are_counted(database: Database) -> None:
    """Those of all its tables; other files have none."""
    database.do(
        "delete from t", "insert into t (b) values ('x')", "create table u (a)", "insert into u values (1), (2)"
    )
    assert contents.read(database.path).rows == 3
    assert contents.read(os.fsencode(__file__)).rows is None


def test_rows_that_are_still_in_the_log_count(database: Database) -> None:
    """A database in WAL mode keeps new rows in a file beside it until it is closed."""
    first = database.do("pragma journal_mode = wal")
    with closing(sqlite3.connect(database.file)) as connection:
        connection.execute("insert into t (b) values ('z')")
        assert digest(database.path) == first
        connection.commit()
        assert digest(database.path) != first


def test_reading_a_database_leaves_nothing_and_changes_nothing(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is read in a copy that is gone afterwards."""
    copies = tmp_path / "copies"
    copies.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(copies))
    before = sorted(os.listdir(tmp_path)), database.file.read_bytes(), database.file.stat().st_mtime_ns
    digest(database.path)
    assert (sorted(os.listdir(tmp_path)), database.file.read_bytes(), database.file.stat().st_mtime_ns) == before
    assert os.listdir(copies) == []


@pytest.fixture
def byte_by_byte(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], bytes]:
    """The digest of a file whose format nobody looks at."""

    def read(path: bytes) -> bytes:
        with monkeypatch.context() as context:
            context.setattr(contents, "_DATABASE_LIMIT", 0)
            return digest(path)

    return read


def test_a_large_database_is_compared_byte_by_byte(database: Database, byte_by_byte: Callable[[bytes], bytes]) -> None:
    """Going through its rows would take too long."""
    first = byte_by_byte(database.path)
    assert byte_by_byte(database.path) == first
    database.do("delete from t where b = 'y'", "insert into t (b) values ('y')")
    assert byte_by_byte(database.path) != first


def test_a_database_that_cannot_be_read_is_its_bytes(
    database: Database, byte_by_byte: Callable[[bytes], bytes]
) -> None:
    """A file cut short, and text that is none, are no reason to stop."""
    assert digest(database.path) != byte_by_byte(database.path)
    assert database.do("insert into t (b) values (cast(x'ff' as text))") == byte_by_byte(database.path)
    os.truncate(database.path, 1000)
    assert digest(database.path) == byte_by_byte(database.path)


MODEL = LinearRegression().fit(np.eye(3), [1, 2, 3])


def dumped(value: Any, compress: Any) -> bytes:
    """What `joblib.dump` writes."""
    out = io.BytesIO()
    joblib.dump(value, out, compress=compress)
    return out.getvalue()


MODELS = {
    **{f"pickled with protocol {protocol}": pickle.dumps(MODEL, protocol) for protocol in (4, 5)},
    "pickled in a dict": pickle.dumps({"model": MODEL, "score": 0.5}),
    "pickled in a list": pickle.dumps([MODEL]),
    "dumped": dumped(MODEL, 0),
    "dumped with zlib": dumped(MODEL, 3),
    "dumped with gzip": dumped(MODEL, ("gzip", 3)),
    "pickled into a gzip file": gzipped(1, pickle.dumps(MODEL)),
    "weights of spaCy": srsly.msgpack_dumps({"nodes": [], "attrs": [], "params": [], "shims": []}),
    "a part of spaCy": pickle.dumps(Softmax()),
    "a booster of xgboost": b'{"learner":{"attributes":{},"gradient_booster":{}}}',
    "a booster of xgboost, indented": b'{\n  "learner": {}\n}',
    "a booster of lightgbm": b"tree\nversion=v4\nnum_class=1\n",
    "a booster as json": b'{"name": "x", "booster" : "gbtree"}',
    "a network as json": b'{"model_config": {}, "training_config": {}}',
}
NO_MODELS = {
    **{f"a table, protocol {protocol}": pickle.dumps(pd.DataFrame({"a": [1]}), protocol) for protocol in range(6)},
    **{f"an array, protocol {protocol}": pickle.dumps(np.eye(3), protocol) for protocol in range(6)},
    **{f"a bunch, protocol {protocol}": pickle.dumps(Bunch(data=np.eye(3)), protocol) for protocol in range(6)},
    "msgpack": srsly.msgpack_dumps({"rows": [], "attrs": [], "params": [], "shims": []}),
    "a data set": pickle.dumps(load_iris()),
    "a dumped table": dumped(pd.DataFrame({"a": [1]}), 3),
    "a text": b"import sklearn.linear_model\n",
    "a note": b"# sklearn.linear_model.LinearRegression is a model\n",
    "a table of versions": b"name,version\nsklearn.base,1.5\n",
    "a pickled word": pickle.dumps("sklearn"),
    "a notebook": b'{"cells": [{"source": "from sklearn.svm import SVC"}]}',
    "nothing": b"",
    "a broken gzip file": b"\x1f\x8b\x08abc",
    "what begins like zlib": b"xyz",
}


@pytest.mark.parametrize("case", MODELS)
def test_a_stored_model_is_known_by_the_classes_in_it(case: str, save: Save) -> None:
    """Pickled, dumped by joblib, or in a library's own format, whatever the file is called."""
    assert holds_model(save(MODELS[case]), ())


@pytest.mark.parametrize("case", NO_MODELS)
def test_data_and_text_are_no_model(case: str, save: Save) -> None:
    """Not even where they come from the library, or mention it."""
    assert not holds_model(save(NO_MODELS[case]), ())


@pytest.mark.parametrize(
    "name", ["a.pt", "a.PTH", "a.keras", "a.safetensors", "a.ubj", "a.cbm", "a.skops", "a.onnx", "a.weights.h5"]
)
def test_a_suffix_is_enough(name: str, save: Save) -> None:
    """Of binary formats that hold nothing but models, in small letters or capitals; a text is what it says."""
    assert holds_model(save(b"any\0thing", name), ())
    assert not holds_model(save(b'["anything"]', name), ())
    assert holds_model(save(b'{"learner": {}}', name), ())


@pytest.mark.parametrize(
    "name", ["a.pkl", "a.joblib", "a.npz", "pt", ".pt", "a.pt.txt", "a.json", "a.h5", "a.pb", "a.index"]
)
def test_other_suffixes_say_nothing(name: str, save: Save) -> None:
    """What is in such a file decides."""
    assert not holds_model(save(b"any\0thing", name), ())


def test_a_file_that_cannot_be_read_holds_none(tmp_path: Path) -> None:
    """Nobody can take a model from it."""
    assert not holds_model(os.fsencode(tmp_path / "none.pkl"), ())


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(("own", "found"), [(["Net"], True), (["Other"], False), ([], False)])
def test_classes_of_the_notebook_are_models_if_it_says_so(
    protocol: int, own: Collection[str], found: bool, save: Save, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pickled objects of `__main__`, by the names of their classes."""
    net = type("Net", (), {"__module__": "__main__"})
    monkeypatch.setattr(sys.modules["__main__"], "Net", net, raising=False)
    assert holds_model(save(pickle.dumps([net()], protocol)), own) is found
    assert holds_model(save(pickle.dumps({"net": net()}, protocol)), own) is found


@pytest.fixture
def export(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Export:
    """A maker of folders as `model.export` leaves them: a network of two layers, in a process that made others."""
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    def write(name: str, weight: float, activation: str, others: int) -> Exported:
        for _ in range(others):
            keras.layers.Dense(1)
        keras.utils.set_random_seed(0)
        start = keras.initializers.Constant(weight)
        layers = [keras.layers.Dense(2, activation, kernel_initializer=start), keras.layers.Dense(1)]
        keras.Sequential([keras.Input((2,)), *layers]).export(tmp_path / name, verbose=False)
        found = [path for path in (tmp_path / name).rglob("*") if path.is_file()]
        return {str(path.relative_to(tmp_path / name)): os.fsencode(path) for path in found}

    return write


def unlike(one: Exported, other: Exported) -> set[str]:
    """Names of the files whose value differs."""
    return {name for name in one if digest(one[name]) != digest(other[name])}


def test_an_exported_network_is_its_tensors_and_operations(export: Export) -> None:
    """Names that are counted up and the order of sets are no value; weights are, and what is computed."""
    first, again = export("a", 0.5, "relu", 0), export("b", 0.5, "relu", 9)
    stored = [[Path(os.fsdecode(path)).read_bytes() for _, path in sorted(each.items())] for each in (first, again)]
    assert stored[0] != stored[1]
    assert sorted(first) == ["fingerprint.pb", "saved_model.pb", f"{TENSORS}.data-00000-of-00001", f"{TENSORS}.index"]
    assert unlike(first, again) == set()
    assert unlike(first, export("c", 0.25, "relu", 0)) == {f"{TENSORS}.data-00000-of-00001", f"{TENSORS}.index"}
    assert unlike(first, export("d", 0.5, "tanh", 0)) == {"saved_model.pb"}


def test_all_files_of_an_exported_network_hold_it(export: Export) -> None:
    """One is of no use without the others; a file that merely lies beside them is none of them."""
    found = export("a", 0.5, "relu", 0)
    note = Path(os.fsdecode(found["saved_model.pb"])).with_name("note.txt")
    note.write_text("relu")
    assert {name: holds_model(path, ()) for name, path in found.items()} == dict.fromkeys(found, True)
    assert not holds_model(os.fsencode(note), ())


def test_a_damaged_export_is_its_bytes(export: Export) -> None:
    """An index that tells nothing, and a graph cut short, are no reason to stop."""
    for path in export("a", 0.5, "relu", 0).values():
        before = digest(path)
        os.truncate(path, 20)
        assert digest(path) != before or path.endswith(b"fingerprint.pb")
