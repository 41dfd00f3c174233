"""Files that TensorFlow saves: checkpoints and SavedModels, without automatically numbered names."""

from __future__ import annotations

import os
import re
import sys
from typing import Any, List, Tuple

from ..describe.digest import new_hash
from .keras import Names, stored

_CHECKPOINT = re.compile(rb"(.+)\.(?:index|data-\d{5}-of-\d{5})", re.DOTALL)
"""The files of a checkpoint: an index, and one or more files with the numbers."""
_OBJECT_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
_GRAPH, _FINGERPRINT = b"saved_model.pb", b"fingerprint.pb"
_COUNTED = frozenset({"token", "shared_name", "debug_name", "container", "metadata", "config", "config_proto"})
"""Attributes of operations that contain numbered names, or say how an operation is run and not what it computes."""


def digest(path: bytes) -> bytes:
    """Return the digest of a file that TensorFlow saved, or nothing for other files."""
    # Importing TensorFlow for this takes seconds, and would change the kernel; then the bytes are compared.
    if "tensorflow" not in sys.modules:
        return b""
    if checkpoint(path):
        return _of_checkpoint(checkpoint(path))
    if os.path.basename(path) == _GRAPH:
        return _of_graphs(path)
    # A SavedModel's fingerprint contains hashes of its graph, with the numbered names, and a random number.
    return b"fingerprint" if os.path.basename(path) == _FINGERPRINT and saved_model(path) else b""


def checkpoint(path: bytes) -> bytes:
    """Return the name (prefix) of the checkpoint that a file belongs to, or nothing."""
    found = _CHECKPOINT.fullmatch(path)
    if not found or not os.path.exists(found[1] + b".index"):
        return b""
    beside = os.path.basename(found[1]) + b".data-00000-of-"
    return found[1] if any(name.startswith(beside) for name in os.listdir(os.path.dirname(path) or b".")) else b""


def saved_model(path: bytes) -> bytes:
    """Return the folder of the SavedModel that a file belongs to, or nothing."""
    folder = os.path.dirname(path)
    if os.path.basename(folder) in (b"variables", b"assets"):
        folder = os.path.dirname(folder)
    elif not path.endswith(b".pb"):
        return b""
    return folder if os.path.exists(os.path.join(folder, _GRAPH)) else b""


def _of_checkpoint(prefix: bytes) -> bytes:
    """Digest the tensors of a checkpoint by key; the graph of objects only repeats the keys, with their names."""
    reader = sys.modules["tensorflow"].train.load_checkpoint(os.fsdecode(prefix))
    keys = [key for key in reader.get_variable_to_shape_map() if key != _OBJECT_GRAPH]
    # Keras keeps one list of variables in the order of a set, which differs from process to process.
    names = [re.sub(r"^_all_variables/\d+/", "_all_variables/", key) for key in keys]
    digests = []
    for key in keys:
        one = new_hash()
        one.update(stored(reader.get_tensor(key), Names()))
        digests.append(bytes(one.digest()))
    hasher = new_hash()
    for item in sorted(zip(names, digests)):
        hasher.update(repr(item).encode("utf-8", "surrogateescape"))
    return bytes(hasher.digest())


def _of_graphs(path: bytes) -> bytes:
    """Digest the operations of a SavedModel with their attributes, but not how they are connected.

    Connections are stored by numbered names, and partly in the order of a set.
    """
    saved = sys.modules["tensorflow.core.protobuf.saved_model_pb2"].SavedModel()
    with open(path, "rb") as file:
        saved.ParseFromString(file.read())
    hasher = new_hash()
    for graph in (each.graph_def for each in saved.meta_graphs):
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


_DT_STRING = 7
"""`DataType` of tensorflow/core/framework/types.proto."""


def _is_named(value: Any) -> bool:
    """Whether an attribute is a function or a constant text, which in a SavedModel are names of what is saved."""
    kind = value.WhichOneof("value")
    if kind == "tensor":
        return bool(value.tensor.dtype == _DT_STRING)
    return kind == "func" or bool(kind == "list" and value.list.func)
