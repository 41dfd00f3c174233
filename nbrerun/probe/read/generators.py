"""Random number generators: read their states, and restore them."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Tuple

from ..adapters import describe
from ..describe.node import GLOBAL_GENERATORS
from ..protocol.messages import GLOBAL, Generator
from .walk import GeneratorFound, Reader


def global_generators() -> Iterator[Tuple[str, Any]]:
    """Yield the names and objects of the generators that libraries draw from by default."""
    for find in GLOBAL_GENERATORS:
        for name, target in find():
            yield GLOBAL + name, target


def read_global(reader: Reader) -> None:
    """Read the global generators as if they were variables."""
    for name, target in global_generators():
        reader.read(name, target)


def messages(found: Dict[int, GeneratorFound]) -> List[Generator]:
    """Return the generators that were found, as they are sent."""
    return [
        {"name": item.name, "id": identity, "digest": item.digest, "state": item.state}
        for identity, item in found.items()
    ]


def put_back(found: Dict[int, GeneratorFound], pins: List[Generator]) -> None:
    """Restore every generator that still exists.

    Global ones are known by name, others by address, which stays theirs for as long as this kernel lives.
    """
    by_name = {item.name: item.target for item in found.values() if item.name.startswith(GLOBAL)}
    for pin in pins:
        target = by_name.get(pin["name"])
        if target is None and not pin["name"].startswith(GLOBAL) and pin["id"] in found:
            target = found[pin["id"]].target
        if target is not None:
            set_state(target, pin["state"])


def put_back_global(pins: List[Generator]) -> None:
    """Restore global generators only, without reading the state to find others."""
    known = dict(global_generators()) if pins else {}
    for pin in pins:
        if pin["name"] in known:
            set_state(known[pin["name"]], pin["state"])


def set_state(target: Any, state: bytes) -> None:
    """Restore one generator to a state that was read from it, or from another one of the same algorithm."""
    stand = describe(target).generator
    if stand is not None:
        stand.take(state)
