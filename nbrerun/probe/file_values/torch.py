"""Files that `torch.save` writes, without the memory beside the tensors in their storages.

torch saves whole storages. That of a loss has room for more numbers than the one that was computed, and nobody has
written to the rest; a view (`X[:10]`) is saved with all that it is a view of.
"""

from __future__ import annotations

import io
import itertools
import pickle
import zipfile
from typing import Any, Dict, List, Sequence, Tuple

from ..describe.digest import new_hash

_PICKLE = "/data.pkl"
_ID = "/.data/serialization_id"
"""A hash of the other members, memory beside the tensors included."""
_DENSE = ("_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_qtensor")
"""Functions of torch (`torch/_utils.py`) that make a tensor of a storage, an offset, a shape and strides."""
_MOST_BLOCKS = 100_000

Spans = List[Tuple[int, int]]
"""Places of numbers in a storage: where each block begins and ends."""


def of_tensors(archive: zipfile.ZipFile) -> bytes:
    """Return the digest of an archive written by `torch.save`.

    Raises:
        Exception: it is another archive, or its tensors cannot be found; unpickling raises anything.
    """
    (pickled,) = (name for name in archive.namelist() if name.endswith(_PICKLE))
    folder = pickled[: -len(_PICKLE)]
    symbols = _Symbols(io.BytesIO(archive.read(pickled)))
    symbols.load()
    members = {member.filename: member for member in archive.infolist()}
    hasher = new_hash()
    for name in sorted(members.keys() - {folder + _ID}):
        hasher.update(repr((name[len(folder) :], members[name].file_size)).encode())
        storages = symbols.storages.get(name[len(folder) + len("/data/") :], [])
        spans = sorted(set(itertools.chain.from_iterable(each.spans for each in storages)))
        length = storages[0].length if storages else 0
        if not all(each.spans for each in storages) or _covers(spans, length):
            hasher.update(str(members[name].CRC).encode())
            continue
        content, size = archive.read(name), members[name].file_size // length
        for first, end in spans:
            hasher.update(content[first * size : end * size])
    return bytes(hasher.digest())


def _covers(spans: Spans, length: int) -> bool:
    """Whether no number of a storage lies outside of some blocks, which are in order."""
    reached = 0
    for first, end in spans:
        if first > reached:
            break
        reached = max(reached, end)
    return reached >= length


class _Storage:
    """What stands for a storage; of each, there is one for each tensor in it."""

    def __init__(self, length: int) -> None:
        self.length = length
        """In numbers."""
        self.spans: Spans = []
        """What a tensor uses of it; nothing where that is not known."""


class _Any:
    """What stands for an object of a class, or for what a function returns: nothing of the file is run."""

    def __new__(cls, *_: Any, **__: Any) -> _Any:
        return super().__new__(cls)

    def __setstate__(self, _: Any) -> None:
        pass

    def __setitem__(self, _: Any, __: Any) -> None:
        pass

    def append(self, _: Any) -> None:
        pass

    add = append


class _Symbols(pickle.Unpickler):
    """Goes through a pickle without looking up any of the names in it."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)
        self.storages: Dict[str, List[_Storage]] = {}
        """By the name of the member that holds the numbers."""

    def find_class(self, module: str, name: str) -> Any:
        """Return what stands for a class or a function."""
        return _tensor if module == "torch._utils" and name in _DENSE else _Any

    def persistent_load(self, identity: Any) -> _Storage:
        """Return what stands for a storage."""
        _, _, key, _, length = identity
        found = _Storage(int(length))
        self.storages.setdefault(key, []).append(found)
        return found


def _tensor(storage: _Storage, offset: int, shape: Sequence[int], strides: Sequence[int], *_: Any) -> _Any:
    """Note what a tensor uses of its storage."""
    width, outer = 1, []
    for stride, size in sorted(zip(strides, shape)):
        if stride == width:
            width *= size
        elif size > 1 and stride:  # a stride of zero shows the same numbers once more
            outer.append(range(0, stride * size, stride))
    blocks = 1
    for each in outer:
        blocks *= len(each)
    if 0 not in shape and blocks <= _MOST_BLOCKS:
        begins = (offset + sum(place) for place in itertools.product(*outer))
        storage.spans = [(begin, begin + width) for begin in begins]
    return _Any()
