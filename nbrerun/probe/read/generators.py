"""Random number generators: read their states, and restore them."""

from __future__ import annotations

import contextlib
from typing import Any, Dict, Iterable, Iterator, List, Tuple

from ..adapters import describe
from ..describe.node import GLOBAL_GENERATORS
from ..protocol.messages import Generator
from .walk import GeneratorFound, Reader


def global_generators() -> Iterator[Tuple[str, Any]]:
    """Yield the names and objects of the generators that libraries draw from by default."""
    for find in GLOBAL_GENERATORS:
        for name, target in find():
            yield name, target


def read_global(reader: Reader) -> None:
    """Read the global generators as if they were variables."""
    for name, target in global_generators():
        reader.read(name, target, library=True)


def messages(found: Dict[int, GeneratorFound]) -> List[Generator]:
    """Return the generators that were found, as they are sent."""
    return [
        {
            "name": item.name,
            "library": item.library,
            "id": identity,
            "digest": item.digest,
            "state": item.state,
        }
        for identity, item in found.items()
    ]


def library_state(name: str, state: bytes) -> Generator:
    """A state in which a library's generator once was."""
    return {"name": name, "library": True, "id": 0, "digest": b"", "state": state}


def put_back(found: Dict[int, GeneratorFound], pins: List[Generator]) -> None:
    """Restore every generator that still exists.

    Global ones are known by name, others by address, which stays theirs for as long as this kernel lives.
    """
    by_name = {item.name: item.target for item in found.values() if item.library}
    by_address = {address: item.target for address, item in found.items()}
    for pin in pins:
        target = by_name.get(pin["name"]) if pin["library"] else by_address.get(pin["id"])
        if target is not None:
            set_state(target, pin["state"])


def put_back_global(pins: List[Generator]) -> None:
    """Restore global generators only, without reading the state to find others."""
    known = dict(global_generators()) if pins else {}
    for pin in pins:
        if pin["library"] and pin["name"] in known:
            set_state(known[pin["name"]], pin["state"])


def set_state(target: Any, state: bytes) -> None:
    """Restore one generator to a state that was read from it, or from another generator of the same algorithm."""
    stand = describe(target).generator
    if stand is not None:
        stand.take(state)


class Seeds:
    """The states in which libraries' global generators begin; another kernel can have them begin in the same ones."""

    def __init__(self, wanted: Iterable[Generator]) -> None:
        self._wanted: Dict[str, bytes] = {}
        self._seen: Dict[str, bytes] = {}
        self.want(wanted)

    def want(self, seeds: Iterable[Generator]) -> None:
        """Have generators that are not there yet begin in these states."""
        self._wanted.update({seed["name"]: seed["state"] for seed in seeds})

    def look(self) -> None:
        """After an import: see which generators it has brought."""
        reader = Reader()
        for name, target in global_generators():
            if name not in self._seen:
                if name in self._wanted:
                    with contextlib.suppress(Exception):  # it calls the library, or another package's adapter
                        set_state(target, self._wanted[name])
                reader.read(name, target, library=True)
        self._seen.update({item.name: item.state for item in reader.generators.values()})

    def seen(self) -> List[Generator]:
        """The states in which those that are there began."""
        return [library_state(name, state) for name, state in self._seen.items()]
