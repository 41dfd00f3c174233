"""Whether what a model has learnt lies in a file, so that the model was loaded and not trained on data from there.

Its numbers are looked for in the file's bytes, in the ways in which formats write them. That holds for every library
and for the user's own classes; of formats that compress, the libraries' own functions are observed (`exchanges`).
"""

from __future__ import annotations

import contextlib
import math
import mmap
import struct
from typing import Any, Dict, Iterator, List, Mapping, Set

from ..files.session import NotebookFiles
from ..protocol.messages import Opened, State
from ..read.parts import parts
from ..read.walk import Reader
from .tracer import Tracer

_LEAVES, _OF_EACH, _MISSING = 8, 2, 0.25
"""How many of a model's arrays are tried, with how many numbers of each, and which share may not be found: those of a
database may lie across two of its pages."""
_SMALL = 16
"""Arrays that are this many times smaller than the largest one are not tried: sizes and flags tell nothing."""
_LARGEST = 1 << 30
"""Bytes of the largest file that is searched."""


def parameters_in(
    namespace: Dict[str, Any],
    models: Set[str],
    files: NotebookFiles,
    after: State,
    marks: Tracer,
    given: Mapping[str, Set[bytes]],
) -> Dict[str, List[str]]:
    """For each file that a run read: models that have their numbers from it.

    A library's model that had a method called once the file was read is left out: some store the data that they are
    fitted to. A class of the user's may take its numbers that way.

    Args:
        models: names of models that the run touched.
        after: the state after the run.
        marks: of the run's statements.
        given: by name, paths of files from which a library gave back numbers in it; these decide where a model has no
            numbers that would be known again in a file.
    """
    found: Dict[str, List[str]] = {}
    read = {name: opened for name, opened in after["opened"].items() if _is_as_it_was_read(opened)}
    numbers = {name: numbers_of(namespace[name]) for name in sorted(models & namespace.keys())} if read else {}
    for file, opened in read.items():
        called, path = marks.called_since(opened["at"]), files.path(file)
        names = [
            name
            for name in numbers
            if (name not in called or after["variables"][name]["users"])
            and (lie_in(numbers[name], path) or (not numbers[name] and path in given.get(name, ())))
        ]
        if names:
            found[file] = names
    return found


def _is_as_it_was_read(opened: Opened) -> bool:
    """Whether a file that the run read still holds what was there, and was not written anew before or since."""
    return opened["read"] and not opened["written_first"] and (opened["kept"] or not opened["written"])


def numbers_of(value: Any) -> List[float]:
    """A few numbers that a model has learnt, out of all its parts; none that is likely to occur by chance."""
    reader = Reader()
    found = [part.node for part in parts("", value, reader) if part.node.numbers]
    sizes = [sum(memoryview(each).nbytes for each in node.content) for node in found]
    large = [node for node, size in zip(found, sizes) if size * _SMALL >= max(sizes)]
    step = max(1, len(large) // _LEAVES)
    chosen: List[float] = []
    # From the first one to the last, and once more from the next one on if those were not enough.
    for node in (node for first in range(step) for node in large[first::step]):
        if len(chosen) >= _LEAVES * _OF_EACH:
            break
        with contextlib.suppress(Exception):  # it is the library that converts them
            numbers = memoryview(node.numbers() or b"").cast("d")  # type: ignore[misc]
            telling = [number for number in numbers[:4096] if _is_telling(number)]
            chosen += telling[:: max(1, len(telling) // _OF_EACH)][:_OF_EACH]
    return chosen


def lie_in(numbers: List[float], path: bytes) -> bool:
    """Whether a file holds these numbers."""
    allowed = int(len(numbers) * _MISSING)
    with contextlib.ExitStack() as stack:
        try:
            file = stack.enter_context(open(path, "rb"))
            content = stack.enter_context(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        except (OSError, ValueError):  # an empty file cannot be mapped
            return False
        if not numbers or len(content) > _LARGEST:
            return False
        for number in numbers:
            if all(content.find(form) < 0 for form in _forms(number)):
                allowed -= 1
                if allowed < 0:
                    return False
    return True


def _is_telling(number: float) -> bool:
    """Whether a number has so many digits that it is found only where it was saved."""
    return math.isfinite(number) and f"{number:.4g}" != f"{number:.7g}"


def _forms(number: float) -> Iterator[bytes]:
    """How a number may lie in a file: in double and single precision, of both byte orders, and as text."""
    yield struct.pack("<d", number)
    with contextlib.suppress(OverflowError):  # too large for single precision
        single = struct.pack("<f", number)
        if struct.unpack("<f", single)[0] == number:
            yield from (single, single[::-1])
    yield struct.pack(">d", number)
    yield repr(number).encode()
    yield f"{number:.18e}".encode()  # numpy.savetxt, unless told otherwise
