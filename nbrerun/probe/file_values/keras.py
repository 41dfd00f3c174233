"""Files of Keras, and other HDF5 files, without dates and automatically numbered names."""

from __future__ import annotations

import contextlib
import json
import re
import sys
import zipfile
from io import BytesIO
from typing import Any, BinaryIO, Dict, Iterator, Tuple

from ..describe.digest import new_hash

NETWORK_MEMBERS = frozenset({"metadata.json", "config.json", "model.weights.h5"})
"""The members that identify an archive as a `.keras` file."""


class Names:
    """Renumbers the names that Keras counts up in a process (`dense_7`) as a new process would number them."""

    def __init__(self) -> None:
        self._known: Dict[str, str] = {}
        self._counts: Dict[str, int] = {}
        self._pattern = re.compile(r"(?!)")

    def learn(self, value: Any) -> None:
        """Find the automatic names in a configuration, and number them in its order."""
        for kind, name in _configured(value):
            if name not in self._known and re.fullmatch(re.escape(kind) + r"(_\d+)?", name):
                number = self._counts.setdefault(kind, 0)
                self._known[name] = f"{kind}_{number}" if number else kind
                self._counts[kind] += 1
        # Longest first, since the first alternative of a pattern that matches wins: `dense_1` before `dense`.
        longest_first = sorted(self._known, key=len, reverse=True)
        if longest_first:
            self._pattern = re.compile(r"(?<![A-Za-z0-9])(?:" + "|".join(longest_first) + r")(?![A-Za-z0-9])")

    def text(self, text: str) -> str:
        """Return a text with its automatic names renumbered."""
        return self._pattern.sub(lambda found: self._known[found[0]], text)

    def tree(self, value: Any) -> Any:
        """Return a configuration with its names renumbered, without `shared_object_id`, which is an address."""
        if isinstance(value, list):
            return [self.tree(item) for item in value]
        if not isinstance(value, dict):
            return self.text(value) if isinstance(value, str) else value
        return {self.text(key): self.tree(item) for key, item in value.items() if key != "shared_object_id"}

    def json(self, text: Any) -> bytes:
        """Return a stored configuration as canonical JSON, with its names renumbered."""
        value = json.loads(text)
        self.learn(value)
        return json.dumps(self.tree(value), sort_keys=True).encode()


def _configured(value: Any) -> Iterator[Tuple[str, str]]:
    """Yield, for each object in a configuration, the automatic name of its class and its own name."""
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
    # As `to_snake_case` of keras.src.utils.naming; registered classes are called `package>Class`.
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", name.split(">")[-1]))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def of_network(archive: zipfile.ZipFile) -> bytes:
    """Digest a `.keras` file without its date and automatic names."""
    hasher, names = new_hash(), Names()
    hasher.update(names.json(archive.read("config.json")))
    metadata = json.loads(archive.read("metadata.json"))
    metadata.pop("date_saved", None)
    hasher.update(json.dumps(metadata, sort_keys=True).encode())
    weights = archive.read("model.weights.h5")
    # h5py is there if Keras has been imported; it is not imported for this alone.
    hasher.update(of_tables(BytesIO(weights), names) if "h5py" in sys.modules else weights)
    for member in sorted(archive.infolist(), key=lambda item: item.filename):
        if member.filename not in NETWORK_MEMBERS:
            hasher.update(repr((member.filename, member.CRC, member.file_size)).encode())
    return bytes(hasher.digest())


def of_tables(file: BinaryIO, names: Names) -> bytes:
    """Digest the groups, attributes and tables of an HDF5 file, without the timestamps that h5py may store."""
    with sys.modules["h5py"].File(file, "r") as tables:
        return digest_of_tables(tables, names)


def digest_of_tables(tables: Any, names: Names) -> bytes:
    """The same for an `h5py.File`."""
    hasher = new_hash()
    for attribute in ("model_config", "training_config"):
        if attribute in tables.attrs:
            names.learn(json.loads(tables.attrs[attribute]))
    for path, value in sorted(_items(tables, "", names), key=lambda item: item[0]):
        hasher.update(b"%d:" % len(path) + path.encode("utf-8", "surrogateescape"))
        hasher.update(value)
    return bytes(hasher.digest())


def _items(group: Any, path: str, names: Names) -> Iterator[Tuple[str, bytes]]:
    for name, value in group.attrs.items():
        if not (name == "name" and path.endswith("/vars")):  # Keras stores the layer's name here as well
            yield f"{path}@{name}", stored(value, names)
    for name, item in group.items() if hasattr(group, "items") else ():
        yield from _items(item, f"{path}/{names.text(name)}", names)
    if hasattr(group, "dtype"):
        yield path, stored(group[()], names)


def stored(value: Any, names: Names) -> bytes:
    """Return the bytes of an array or a text; numbers as they are in memory."""
    if isinstance(value, str) and value.startswith("{"):
        with contextlib.suppress(ValueError):  # then it is no configuration
            return names.json(value)
    kind = getattr(getattr(value, "dtype", None), "kind", "O")
    if kind in "OS" or not hasattr(value, "tobytes"):
        return names.text(repr(value.tolist() if hasattr(value, "tolist") else value)).encode("utf-8", "replace")
    return f"{value.dtype.str}{value.shape}".encode() + bytes(value.tobytes())
