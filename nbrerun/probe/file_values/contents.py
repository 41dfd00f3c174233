"""The value of a file: its bytes, without what its format stores of clocks and counters."""

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
from typing import BinaryIO, Collection, NamedTuple, Optional

from ..describe.digest import new_hash
from . import tensorflow as tensorflow_files
from . import training
from .keras import NETWORK_MEMBERS, Names, of_network, of_tables
from .torch import of_tensors

_CHUNK = 1 << 20
_DATABASE_LIMIT = 256 << 20
"""Bytes of the largest database that is compared by its rows; larger ones are compared by their bytes."""
_PEEK = 1 << 22
_SAMPLE, _OF_TEXTS = 1024, bytes({*b"\b\t\n\f\r", *range(0x20, 0x7F), *range(0x80, 0x100)})
"""How much of a file is looked at, and the bytes that a text has: the other control characters mean that it is none."""
# The first bytes of each format; lzma has two formats (.xz and the older .lzma), zlib's byte is its default window.
_BZIP2, _LZMA = b"BZh", (b"\xfd7zXZ", b"\x5d\0\0")
_GZIP, _ZIP, _SQLITE, _ZLIB = b"\x1f\x8b", b"PK\x03\x04", b"SQLite format 3\0", b"\x78"

_CALL, _RESULT, _CALL_CLOCKS = b"metadata.json", b"output.pkl", ("duration", "time")
"""What `joblib.Memory` records of a call beside its result, and the keys that say when it was and how long it took."""
_CLOCKS = frozenset({"docProps/core.xml", "meta.xml"})
"""Members of office documents that record when, and by whom, they were written."""
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
# Models that XGBoost and LightGBM save as JSON or text, and configurations of Keras.
_BOOSTER = re.compile(rb'\s*\{(\s*"learner"|.*?"(booster|model_config)"\s*:)|tree\nversion', re.DOTALL)
_THINC = b"\x84\xa5nodes"
"""Start of a spaCy component on disk: a msgpack map of four entries, `nodes` first."""
_UNPACKED_LIMIT = 64 << 20
"""Bytes of the largest gzip file that is unpacked for the comparison."""
_WEIGHTS = ".weights.h5"
"""The suffix that Keras requires for files of weights."""
_HDF, _NETWORK = b"\x89HDF", re.compile(rb"model_config|keras_version|model_weights|layer_names")


class Contents(NamedTuple):
    """What a file holds."""

    digest: bytes
    """Equal for files of equal value."""
    rows: Optional[int] = None
    """Of a database."""


def read(path: bytes) -> Contents:
    """Read a file.

    Raises:
        OSError: the file cannot be read.
    """
    with contextlib.suppress(Exception):  # whatever parsing a damaged file raises: it is compared by its bytes
        found = tensorflow_files.digest(path) or training.digest(path)
        if found:
            return Contents(found)
    hasher = new_hash()
    with open(path, "rb") as file:
        magic = file.read(16)
        file.seek(0)
        with contextlib.suppress(Exception):  # as above; zipfile, sqlite3, zlib and h5py have errors of their own
            if magic.startswith(_ZIP):
                return Contents(_of_archive(file))
            if magic == _SQLITE and os.path.getsize(path) <= _DATABASE_LIMIT:
                return _of_database(path)
            if magic.startswith(_GZIP) and os.path.getsize(path) <= _UNPACKED_LIMIT:
                return Contents(_of_packed(file))
            if magic.startswith(_HDF) and "h5py" in sys.modules:
                return Contents(of_tables(file, Names()))
            folder, name = os.path.split(path)
            if name == _CALL and os.path.exists(os.path.join(folder, _RESULT)):
                return Contents(_of_call(file))
        file.seek(0)
        if magic.startswith(_GZIP):
            hasher.update(file.read(4))
            # The header is two magic bytes, method, flags, and four bytes of modification time (RFC 1952, 2.3).
            file.read(4)
        for chunk in iter(lambda: file.read(_CHUNK), b""):
            hasher.update(chunk)
    return Contents(bytes(hasher.digest()))


def _of_archive(file: BinaryIO) -> bytes:
    """Digest the names and checksums of a zip file's members, without their dates."""
    hasher = new_hash()
    with zipfile.ZipFile(file) as archive:
        if NETWORK_MEMBERS.issubset(archive.namelist()):
            with contextlib.suppress(Exception):  # as in `read`; another format may happen to have these members
                return of_network(archive)
        with contextlib.suppress(Exception):  # as above
            return of_tensors(archive)
        for member in sorted(archive.infolist(), key=lambda item: item.filename):
            if member.filename in _CLOCKS:
                continue
            hasher.update(repr((member.filename, member.CRC, member.file_size)).encode())
    return bytes(hasher.digest())


def _of_packed(file: BinaryIO) -> bytes:
    """Digest the contents of a gzip file: each part that was appended to it has a timestamp of its own."""
    hasher = new_hash()
    hasher.update(_GZIP)
    with importlib.import_module("gzip").GzipFile(fileobj=file) as unpacked:
        for chunk in iter(lambda: unpacked.read(_CHUNK), b""):
            hasher.update(chunk)
    return bytes(hasher.digest())


def _of_call(file: BinaryIO) -> bytes:
    """Digest what `joblib.Memory` records of a call."""
    hasher = new_hash()
    record = {name: value for name, value in json.load(file).items() if name not in _CALL_CLOCKS}
    hasher.update(repr(sorted(record.items())).encode())
    return bytes(hasher.digest())


def _of_database(path: bytes) -> Contents:
    """Read the tables and rows of an SQLite database, whose header has a file change counter."""
    import sqlite3

    hasher, rows = new_hash(), 0
    with tempfile.TemporaryDirectory(prefix="nbrerun-") as folder:
        # A copy: opening the original would create a journal beside it, and needs a lock.
        copy = os.path.join(os.fsencode(folder), b"copy")
        for suffix in (b"", b"-wal"):
            if os.path.exists(path + suffix):
                shutil.copyfile(path + suffix, copy + suffix)
        with contextlib.closing(sqlite3.connect(os.fsdecode(copy))) as database:
            for line in database.iterdump():
                hasher.update(line.encode("utf-8", "surrogateescape"))
                rows += line.startswith("INSERT INTO ")
    return Contents(bytes(hasher.digest()), rows)


def holds_model(path: bytes, own_models: Collection[str]) -> bool:
    """Whether a file holds a trained model, judged by its format or by the classes that it mentions.

    Args:
        own_models: names of the notebook's own classes that are models.
    """
    if tensorflow_files.saved_model(path) or tensorflow_files.checkpoint(path):
        return True
    try:
        with open(path, "rb") as file:
            head = file.read(_PEEK)
    except OSError:
        return False
    # Of binary formats, the suffix says which one it is; a text under such a name is what it says.
    if head[:_SAMPLE].translate(None, _OF_TEXTS):
        if os.fsdecode(os.path.splitext(path)[1]).lower() in _MODEL_SUFFIXES:
            return _torch_pickle(path)[:64].find(_TENSOR) != 2  # after the opcode PROTO and its argument
        if os.fsdecode(path).lower().endswith(_WEIGHTS):
            return True
    head = _torch_pickle(path) if head.startswith(_ZIP) else _unpacked(head)
    if b"torch._utils" in head and head[:64].find(_TENSOR) != 2:
        return True
    # Formats of a single library, which name no class.
    if head.startswith(_THINC) or _BOOSTER.match(head) or (head.startswith(_HDF) and _NETWORK.search(head)):
        return True
    # The opcodes that a pickle begins with: PROTO, MARK, GLOBAL, EMPTY_LIST, EMPTY_DICT (pickletools).
    if head[:1] not in (b"\x80", b"(", b"c", b"]", b"}"):
        return False
    # Only names are compared: loading a pickle would run code.
    own = {name.decode(errors="replace") for names in _OWN_CLASS.findall(head) for name in names}
    return bool(_CLASS.search(head) or own & set(own_models))


_TENSOR = b"ctorch._utils\n_rebuild_tensor"
"""A file that begins with this holds one tensor, or a view of one: data, whatever its suffix is."""


def _torch_pickle(path: bytes) -> bytes:
    """Return the pickle in an archive written by `torch.save`, or nothing."""
    with contextlib.suppress(OSError, zipfile.BadZipFile), zipfile.ZipFile(os.fsdecode(path)) as archive:
        for name in archive.namelist():
            if name.endswith("/data.pkl"):
                return archive.read(name)
    return b""


def _unpacked(head: bytes) -> bytes:
    # Damaged or not compressed after all; some Pythons lack bz2 or lzma.
    with contextlib.suppress(zlib.error, OSError, ImportError):
        if head.startswith((_GZIP, _ZLIB)):
            return zlib.decompressobj(47).decompress(head, _PEEK)  # 47: gzip or zlib, as the header says
        if head.startswith(_BZIP2):
            return importlib.import_module("bz2").BZ2Decompressor().decompress(head, _PEEK)  # type: ignore[no-any-return]
        if head.startswith(_LZMA):
            lzma = importlib.import_module("lzma")
            with contextlib.suppress(lzma.LZMAError, MemoryError):  # its header says how much memory it takes
                return lzma.LZMADecompressor().decompress(head, _PEEK)  # type: ignore[no-any-return]
    return head
