"""The generators of random numbers: where each stands, and putting them back there."""

from __future__ import annotations

import pickle
import random
import sys
from typing import Any, Dict, Iterator, List, Tuple

from .adapters import describe
from .messages import GLOBAL, Generator
from .node import Node
from .walk import GeneratorFound, Reader


def global_generators() -> Iterator[Tuple[str, Any]]:
    """The generators that libraries draw from when given none."""
    yield GLOBAL + "random", random._inst  # `random.random` is a method of it
    mtrand = sys.modules.get("numpy.random.mtrand")
    if mtrand is not None:
        yield GLOBAL + "numpy.random", mtrand._rand


def read_global(reader: Reader) -> None:
    """Read the global generators like variables."""
    for name, target in global_generators():
        reader.read(name, target)


def messages(found: Dict[int, GeneratorFound]) -> List[Generator]:
    """What was found, ready to send."""
    return [
        {"name": item.name, "id": identity, "digest": item.digest, "state": item.state}
        for identity, item in found.items()
    ]


def put_back(found: Dict[int, GeneratorFound], pins: List[Generator]) -> None:
    """Set every generator that is still there to where it stood.

    Global ones are known by name; others by address, which is theirs as long as this kernel lives.
    """
    by_name = {item.name: item.target for item in found.values() if item.name.startswith(GLOBAL)}
    for pin in pins:
        target = by_name.get(pin["name"])
        if target is None and not pin["name"].startswith(GLOBAL) and pin["id"] in found:
            target = found[pin["id"]].target
        if target is not None and _same_kind(target, pin):
            set_state(target, pin["state"])


def _same_kind(target: Any, pin: Generator) -> bool:
    node: Node = describe(target)
    return node.generator is not None and _algorithm(node.generator()) == _algorithm(pin["state"])


def _algorithm(pickled: bytes) -> Any:
    state = pickle.loads(pickled)
    return state["bit_generator"] if isinstance(state, dict) else type(state)


def set_state(target: Any, pickled: bytes) -> None:
    """Put one generator back to a state that its adapter pickled."""
    state = pickle.loads(pickled)
    if isinstance(target, random.Random):
        target.setstate(state)
    elif hasattr(target, "bit_generator"):
        target.bit_generator.state = state
    elif hasattr(target, "set_state"):
        target.set_state(state)
    else:
        target.state = state
