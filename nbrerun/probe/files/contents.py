"""What a file's value is: its bytes, less what is not value in formats that store a clock or a counter."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import re
import shutil
import sys
import tempfile
import zipfile
import zlib
from io import BytesIO
from typing import Any, BinaryIO, Collection, Dict, Iterator, List, Tuple

from ..hashing import new_hash

_CHUNK = 1 << 20
_DATABASE_LIMIT = 256 << 20
"""Larger databases are compared byte by byte."""
_PEEK = 1 << 22
_BZIP2, _LZMA = b"BZh", (b"\xfd7zXZ", b"\x5d\0\0")
_GZIP, _ZIP, _SQLITE, _ZLIB = b"\x1f\x8b", b"PK\x03\x04", b"SQLite format 3\0", b"\x78"

_CLOCKS = frozenset({"docProps/core.xml", "meta.xml"})
"""Members of office documents that say when, and by whom, they were written."""
_MODEL_SUFFIXES = frozenset(
    ".pt .pth .ckpt .keras .safetensors .onnx .ubj .bst .cbm .xgb .lgb .skops .mlmodel .tflite .weights".split()
)
_LIBRARIES = (
    rb"sklearn|torch|xgboost|lightgbm|catboost|keras|tensorflow|statsmodels|imblearn|skorch|sklearn_crfsuite"
    rb"|spacy|thinc"
)
_MODULE = rb"(?:" + _LIBRARIES + rb")(?!\.utils\._bunch|\.datasets)[\w.]*"
# How a pickle names a class (pickletools: GLOBAL; since protocol 4 two short strings and STACK_GLOBAL).
_CLASS = re.compile(rb"c" + _MODULE + rb"\n\w+\n|\x8c." + _MODULE + rb"\x94?\x8c.\w+\x94?\x93", re.DOTALL)
_OWN_CLASS = re.compile(rb"c__main__\n(\w+)\n|\x8c.__main__\x94?\x8c.(\w+)\x94?\x93", re.DOTALL)
_BOOSTER = re.compile(rb'\s*\{(\s*"learner"|.*?"(booster|model_config)"\s*:)|tree\nversion', re.DOTALL)
_NETWORK_MEMBERS = frozenset({"metadata.json", "config.json", "model.weights.h5"})
_THINC = b"\x84\xa5nodes"
"""How spaCy's parts of a pipeline begin on disk: a msgpack map of four, `nodes` first."""
_UNPACKED_LIMIT = 64 << 20
"""Bytes of a gzip file up to which it is unpacked to be compared."""
_WEIGHTS = ".weights.h5"
"""How Keras insists on files of weights being called."""
_HDF, _NETWORK = b"\x89HDF", re.compile(rb"model_config|keras_version|model_weights|layer_names")


def digest(path: bytes) -> bytes:
    """Equal for files of equal value.

    Raises:
        OSError: it cannot be read.
    """
    with contextlib.suppress(Exception):  # what is damaged is compared byte by byte
        told = _of_tensorflow(path)
        if told:
            return told
    hasher = new_hash()
    with open(path, "rb") as file:
        magic = file.read(16)
        file.seek(0)
        with contextlib.suppress(Exception):  # likewise
            if magic.startswith(_ZIP):
                return _of_archive(file)
            if magic == _SQLITE and os.path.getsize(path) <= _DATABASE_LIMIT:
                return _of_database(path)
            if magic.startswith(_GZIP) and os.path.getsize(path) <= _UNPACKED_LIMIT:
                return _of_packed(file)
            if magic.startswith(_HDF) and "h5py" in sys.modules:
                return _of_tables(file, Names())
        file.seek(0)
        if magic.startswith(_GZIP):
            hasher.update(file.read(4))
            file.read(4)  # when it was written
        for chunk in iter(lambda: file.read(_CHUNK), b""):
            hasher.update(chunk)
    return bytes(hasher.digest())


def _of_archive(file: BinaryIO) -> bytes:
    """Names and check sums of the members; their dates are no value."""
    hasher = new_hash()
    with zipfile.ZipFile(file) as archive:
        if _NETWORK_MEMBERS.issubset(archive.namelist()):
            with contextlib.suppress(Exception):  # another format that has these members
                return _of_network(archive)
        for member in sorted(archive.infolist(), key=lambda item: item.filename):
            if member.filename in _CLOCKS:
                continue
            hasher.update(repr((member.filename, member.CRC, member.file_size)).encode())
    return bytes(hasher.digest())


def _of_packed(file: BinaryIO) -> bytes:
    """What is in it: each part that was added to a gzip file has a date of its own."""
    hasher = new_hash()
    hasher.update(_GZIP)
    with importlib.import_module("gzip").GzipFile(fileobj=file) as unpacked:
        for chunk in iter(lambda: unpacked.read(_CHUNK), b""):
            hasher.update(chunk)
    return bytes(hasher.digest())


def _of_database(path: bytes) -> bytes:
    """Tables and rows; a database counts in its header how often it was written to."""
    import sqlite3

    hasher = new_hash()
    with tempfile.TemporaryDirectory(prefix="nbrerun-") as folder:
        copy = os.path.join(os.fsencode(folder), b"copy")
        for suffix in (b"", b"-wal"):
            if os.path.exists(path + suffix):
                shutil.copyfile(path + suffix, copy + suffix)
        with contextlib.closing(sqlite3.connect(os.fsdecode(copy))) as database:
            for line in database.iterdump():
                hasher.update(line.encode("utf-8", "surrogateescape"))
    return bytes(hasher.digest())


class Names:
    """Gives the names that Keras counts up in a process (`dense_7`) the numbers that a new process would."""

    def __init__(self) -> None:
        self._known: Dict[str, str] = {}
        self._counts: Dict[str, int] = {}
        self._pattern = re.compile(r"(?!)")

    def learn(self, value: Any) -> None:
        """Find the automatic names in a configuration, in its order."""
        for kind, name in _configured(value):
            if name not in self._known and re.fullmatch(re.escape(kind) + r"(_\d+)?", name):
                number = self._counts.setdefault(kind, 0)
                self._known[name] = f"{kind}_{number}" if number else kind
                self._counts[kind] += 1
        longest_first = sorted(self._known, key=len, reverse=True)
        if longest_first:
            self._pattern = re.compile(r"(?<![A-Za-z0-9])(?:" + "|".join(longest_first) + r")(?![A-Za-z0-9])")

    def text(self, text: str) -> str:
        """A text with its automatic names replaced."""
        return self._pattern.sub(lambda found: self._known[found[0]], text)

    def tree(self, value: Any) -> Any:
        """A configuration, likewise; which objects of it are shared is told by addresses, and left out."""
        if isinstance(value, list):
            return [self.tree(item) for item in value]
        if not isinstance(value, dict):
            return self.text(value) if isinstance(value, str) else value
        return {self.text(key): self.tree(item) for key, item in value.items() if key != "shared_object_id"}

    def json(self, text: Any) -> bytes:
        """A configuration as it is stored."""
        value = json.loads(text)
        self.learn(value)
        return json.dumps(self.tree(value), sort_keys=True).encode()


def _configured(value: Any) -> Iterator[Tuple[str, str]]:
    """What classes would be called automatically, and what the objects of theirs are called."""
    if isinstance(value, list):
        for item in value:
            yield from _configured(item)
    elif isinstance(value, dict):
        config, kind = value.get("config"), value.get("class_name")
        if isinstance(config, dict) and isinstance(kind, str) and isinstance(config.get("name"), str):
            yield _snake_case(kind), config["name"]
        for item in value.values():
            yield from _configured(item)


def _snake_case(name: str) -> str:
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", name.split(">")[-1]))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def _of_network(archive: zipfile.ZipFile) -> bytes:
    """A `.keras` file: its date and automatic names are no value."""
    hasher, names = new_hash(), Names()
    hasher.update(names.json(archive.read("config.json")))
    metadata = json.loads(archive.read("metadata.json"))
    metadata.pop("date_saved", None)
    hasher.update(json.dumps(metadata, sort_keys=True).encode())
    weights = archive.read("model.weights.h5")
    hasher.update(_of_tables(BytesIO(weights), names) if "h5py" in sys.modules else weights)
    for member in sorted(archive.infolist(), key=lambda item: item.filename):
        if member.filename not in _NETWORK_MEMBERS:
            hasher.update(repr((member.filename, member.CRC, member.file_size)).encode())
    return bytes(hasher.digest())


def _of_tables(file: BinaryIO, names: Names) -> bytes:
    """An HDF5 file: groups, attributes and tables; when they were made is no value."""
    hasher = new_hash()
    with sys.modules["h5py"].File(file, "r") as tables:
        for attribute in ("model_config", "training_config"):
            if attribute in tables.attrs:
                names.learn(json.loads(tables.attrs[attribute]))
        found = sorted(_items(tables, "", names), key=lambda item: item[0])
        for path, value in found:
            hasher.update(b"%d:" % len(path) + path.encode("utf-8", "surrogateescape"))
            hasher.update(value)
    return bytes(hasher.digest())


def _items(group: Any, path: str, names: Names) -> Iterator[Tuple[str, bytes]]:
    for name, value in group.attrs.items():
        if not (name == "name" and path.endswith("/vars")):  # what Keras calls the layer
            yield f"{path}@{name}", _stored(value, names)
    for name, item in group.items() if hasattr(group, "items") else ():
        yield from _items(item, f"{path}/{names.text(name)}", names)
    if hasattr(group, "dtype"):
        yield path, _stored(group[()], names)


def _stored(value: Any, names: Names) -> bytes:
    """An array or a text; numbers as they lie in memory."""
    if isinstance(value, str) and value.startswith("{"):
        with contextlib.suppress(ValueError):  # then it is no configuration
            return names.json(value)
    kind = getattr(getattr(value, "dtype", None), "kind", "O")
    if kind in "OS" or not hasattr(value, "tobytes"):
        return names.text(repr(value.tolist() if hasattr(value, "tolist") else value)).encode("utf-8", "replace")
    return f"{value.dtype.str}{value.shape}".encode() + bytes(value.tobytes())


_CHECKPOINT = re.compile(rb"(.+)\.(?:index|data-\d{5}-of-\d{5})", re.DOTALL)
"""The files that TensorFlow keeps tensors in: an index, and one or more with the numbers."""
_OBJECT_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
_GRAPH, _FINGERPRINT = b"saved_model.pb", b"fingerprint.pb"
_COUNTED = frozenset({"token", "shared_name", "debug_name", "container", "metadata", "config", "config_proto"})
"""Settings of operations that hold names which are counted up, or say how to run what they are of."""


def _of_tensorflow(path: bytes) -> bytes:
    """A part of what TensorFlow saves, without the names that it counts up; nothing for other files."""
    if "tensorflow" not in sys.modules:
        return b""
    if _checkpoint(path):
        return _of_checkpoint(_checkpoint(path))
    if os.path.basename(path) == _GRAPH:
        return _of_graphs(path)
    return b"fingerprint" if os.path.basename(path) == _FINGERPRINT and _saved_model(path) else b""


def _checkpoint(path: bytes) -> bytes:
    """What TensorFlow calls the checkpoint that a file is a part of, or nothing."""
    found = _CHECKPOINT.fullmatch(path)
    if not found or not os.path.exists(found[1] + b".index"):
        return b""
    beside = os.path.basename(found[1]) + b".data-00000-of-"
    return found[1] if any(name.startswith(beside) for name in os.listdir(os.path.dirname(path) or b".")) else b""


def _saved_model(path: bytes) -> bytes:
    """The folder of the SavedModel that a file is a part of, or nothing."""
    folder = os.path.dirname(path)
    if os.path.basename(folder) in (b"variables", b"assets"):
        folder = os.path.dirname(folder)
    elif not path.endswith(b".pb"):
        return b""
    return folder if os.path.exists(os.path.join(folder, _GRAPH)) else b""


def _of_checkpoint(prefix: bytes) -> bytes:
    """The tensors; the objects that they belong to are told with their names."""
    reader = sys.modules["tensorflow"].train.load_checkpoint(os.fsdecode(prefix))
    keys = [key for key in reader.get_variable_to_shape_map() if key != _OBJECT_GRAPH]
    # Keras keeps one list of variables that comes from a set.
    found = [(re.sub(r"^_all_variables/\d+/", "_all_variables/", key), _stored_hash(reader, key)) for key in keys]
    hasher = new_hash()
    for item in sorted(found):
        hasher.update(repr(item).encode("utf-8", "surrogateescape"))
    return bytes(hasher.digest())


def _stored_hash(reader: Any, key: str) -> bytes:
    hasher = new_hash()
    hasher.update(_stored(reader.get_tensor(key), Names()))
    return bytes(hasher.digest())


def _of_graphs(path: bytes) -> bytes:
    """Which operations there are, with their settings; what is wired to what goes by names and by sets."""
    stored = sys.modules["tensorflow.core.protobuf.saved_model_pb2"].SavedModel()
    with open(path, "rb") as file:
        stored.ParseFromString(file.read())
    hasher = new_hash()
    for graph in (each.graph_def for each in stored.meta_graphs):
        functions = [function.node_def for function in graph.library.function]
        nodes = [node for nodes in (graph.node, *functions) for node in nodes]
        for operation in sorted((node.op, _settings(node.attr)) for node in nodes):
            hasher.update(repr(operation).encode())
    return bytes(hasher.digest())


def _settings(attributes: Any) -> List[Tuple[str, bytes]]:
    return [
        (key, attributes[key].SerializeToString(deterministic=True))
        for key in sorted(attributes)
        if not key.startswith("_") and key not in _COUNTED and not _is_named(attributes[key])
    ]


def _is_named(value: Any) -> bool:
    """Whether it is a function, or texts: those of the objects and tensors that are saved are their names."""
    kind = value.WhichOneof("value")
    return kind == "func" or bool(kind == "list" and value.list.func) or (kind == "tensor" and value.tensor.dtype == 7)


def holds_model(path: bytes, own_models: Collection[str]) -> bool:
    """Whether a file holds a trained model: by its suffix, or by the classes that it mentions.

    Args:
        own_models: names of the notebook's own classes that are models.
    """
    if os.fsdecode(os.path.splitext(path)[1]).lower() in _MODEL_SUFFIXES:
        return _torch_pickle(path)[:64].find(_TENSOR) != 2
    if os.fsdecode(path).lower().endswith(_WEIGHTS) or _saved_model(path) or _checkpoint(path):
        return True
    try:
        with open(path, "rb") as file:
            head = file.read(_PEEK)
    except OSError:
        return False
    head = _torch_pickle(path) if head.startswith(_ZIP) else _unpacked(head)
    if b"torch._utils" in head and head[:64].find(_TENSOR) != 2:
        return True
    if head.startswith(_THINC) or _BOOSTER.match(head) or (head.startswith(_HDF) and _NETWORK.search(head)):
        return True
    if not _is_pickle(head):
        return False
    own = {name.decode(errors="replace") for names in _OWN_CLASS.findall(head) for name in names}
    return bool(_CLASS.search(head) or own & set(own_models))


_TENSOR = b"ctorch._utils\n_rebuild_tensor"
"""A single tensor, or a view of one: data, whatever the file is called."""


def _torch_pickle(path: bytes) -> bytes:
    """The pickle in the archive that `torch.save` makes, or nothing."""
    with contextlib.suppress(OSError, zipfile.BadZipFile), zipfile.ZipFile(os.fsdecode(path)) as archive:
        for name in archive.namelist():
            if name.endswith("/data.pkl"):
                return archive.read(name)
    return b""


def _is_pickle(head: bytes) -> bool:
    return head[:1] in (b"\x80", b"(", b"c", b"]", b"}")


def _unpacked(head: bytes) -> bytes:
    with contextlib.suppress(Exception):  # then it only looks like that; and not every Python has bz2 and lzma
        if head.startswith((_GZIP, _ZLIB)):
            return zlib.decompressobj(47).decompress(head, _PEEK)  # 47: gzip or zlib, as the header says
        if head.startswith(_BZIP2):
            return importlib.import_module("bz2").BZ2Decompressor().decompress(head, _PEEK)  # type: ignore[no-any-return]
        if head.startswith(_LZMA):
            return importlib.import_module("lzma").LZMADecompressor().decompress(head, _PEEK)  # type: ignore[no-any-return]
    return head
