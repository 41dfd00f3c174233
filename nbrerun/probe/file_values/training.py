"""Records of a training, without the time that it took: TensorBoard's event files, CatBoost's logs and models."""

from __future__ import annotations

import json
import os
import struct
import sys
from typing import Any, BinaryIO, Callable, Dict, Optional

from ..describe.digest import new_hash

_EVENTS = b"events.out.tfevents"
_LOG, _TIMES = b"catboost_training.json", b"time_left.tsv"
_MODEL = b"CBM1"
_DURATIONS = ("passed_time", "remaining_time")
_NOT_VALUE = ("model_guid", "train_finish_time")
"""What CatBoost stores in a model, and is another one for each training."""
_WALL_TIME = b"\x09"
"""The first field of an event, a double (tensorflow/core/util/event.proto; Protocol Buffers, "Encoding")."""


def digest(path: bytes) -> Optional[bytes]:
    """Return the digest of such a file, or None for other files.

    Raises:
        Exception: it is damaged; its bytes are to be compared.
    """
    folder, name = os.path.split(path)
    reader: Optional[Callable[[BinaryIO], bytes]] = None
    with open(path, "rb") as file:
        if name.startswith(_EVENTS):
            reader = _events
        elif name == _LOG:
            reader = _log
        elif name == _TIMES and os.path.exists(os.path.join(folder, _LOG)):
            reader = _times
        elif "_catboost" in sys.modules and file.read(len(_MODEL)) == _MODEL:
            reader = _model
        file.seek(0)
        if reader is None:
            return None
        hasher = new_hash()
        hasher.update(reader(file))
    return bytes(hasher.digest())


def _events(file: BinaryIO) -> bytes:
    """Read records: each has its length and a checksum before it, and a checksum behind it (TFRecord)."""
    events = []
    for head in iter(lambda: file.read(12), b""):
        (length,) = struct.unpack("<Q4x", head)
        event = file.read(length)
        file.seek(4, os.SEEK_CUR)
        events.append(event[9:] if event.startswith(_WALL_TIME) else event)
    return repr(events).encode()


def _log(file: BinaryIO) -> bytes:
    log: Dict[str, Any] = json.load(file)
    for iteration in log["iterations"]:
        for name in _DURATIONS:
            iteration.pop(name, None)
    return json.dumps(log, sort_keys=True).encode()


def _times(file: BinaryIO) -> bytes:
    """Read the number of each iteration, which stands before the durations."""
    return repr([line.partition(b"\t")[0] for line in file]).encode()


def _model(file: BinaryIO) -> bytes:
    return without_time(sys.modules["_catboost"]._CatBoost, file.read())


def without_time(make: Callable[[], Any], saved: bytes) -> bytes:
    """Return a model, as CatBoost serializes it, without the time and the id of its training.

    Args:
        make: returns an empty native model.
    """
    copy = make()
    copy._deserialize_model(saved)
    metadata = copy._get_metadata_wrapper()
    for key in _NOT_VALUE:
        if key in metadata:
            metadata[key] = ""
    cleared: bytes = copy._serialize_model()
    return cleared
