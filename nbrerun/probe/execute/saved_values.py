"""Which data a run has saved, in whatever way: its numbers lie in a file that the run wrote."""

from __future__ import annotations

import contextlib
import struct
from typing import Any, Dict, List, Set

from ..files.session import NotebookFiles
from ..protocol.messages import State
from ..read.parts import parts
from ..read.walk import Reader
from .parameters import lie_in, numbers_of


def saved_values(
    namespace: Dict[str, Any], names: Set[str], files: NotebookFiles, after: State
) -> Dict[str, Dict[str, List[str]]]:
    """For each file that a run wrote: the data that lies in it, each with the models that have its numbers as well.

    Args:
        names: of variables that the run could reach.
        after: the state after the run.
    """
    written = [name for name, opened in after["opened"].items() if opened["written"] and opened["exists"]]
    kinds = {name: variable["kind"] for name, variable in after["variables"].items() if name in namespace}
    data = [name for name in sorted(names) if kinds.get(name) == "data"] if written else []
    numbers = {name: numbers_of(namespace[name]) for name in data}
    found = {
        file: {name: numbers[name] for name in data if lie_in(numbers[name], files.path(file))} for file in written
    }
    models = [name for name, kind in kinds.items() if kind == "model"] if any(found.values()) else []
    learnt = {name: _numbers_in(namespace[name]) for name in models}
    return {
        file: {name: [model for model in models if _has(learnt[model], values)] for name, values in saved.items()}
        for file, saved in found.items()
        if saved
    }


def _numbers_in(value: Any) -> bytes:
    found: List[bytes] = []
    for part in parts("", value, Reader()):
        with contextlib.suppress(Exception):  # it is the library that converts them
            found.append(part.node.numbers() or b"" if part.node.numbers else b"")
        del part
    return b"".join(found)


def _has(learnt: bytes, numbers: List[float]) -> bool:
    return any(struct.pack("=d", number) in learnt for number in numbers)
