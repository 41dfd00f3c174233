"""Random number generators of Keras: those of layers, and the one behind `keras.random`."""

from __future__ import annotations

import pickle
import sys
from typing import Any, Iterable, List, Optional, Tuple

from ..describe.node import Node, Stand, clip, draws_from, reads
from .keras import plain


@reads("keras.src.random.seed_generator.SeedGenerator")
def seed_generator(value: Any) -> Node:
    """The generator of a layer, such as dropout."""
    name = "keras.random.SeedGenerator"
    state = _state_of(value)

    def put_back(data: bytes) -> None:
        value.state.assign(sys.modules["numpy"].frombuffer(data, state.dtype))

    stand = Stand(state.tobytes(), put_back, f"keras {state.dtype}")
    return Node(name, (stand.state,), kind="generator", generator=stand, text=lambda: clip(f"{name} at {state}"))


def _state_of(generator: Any) -> Any:
    return plain(generator.state._value)


class GlobalSeed:
    """Stands for the seed that was set and the generator made from it, behind `keras.random`."""


_GLOBAL = GlobalSeed()


@draws_from
def global_generators() -> Iterable[Tuple[str, Any]]:
    """Return Keras's global generator; Keras itself makes it when it is first used."""
    needed = ("keras.src.random.seed_generator", "keras.src.backend.common.global_state", "keras.src.models.model")
    return [("keras", _GLOBAL)] if all(name in sys.modules for name in needed) else []


def _tracker() -> Any:
    return sys.modules["keras.src.backend.common.global_state"].GLOBAL_STATE_TRACKER


@reads(f"{__name__}.GlobalSeed")
def global_seed(value: Any) -> Node:
    """The global seed, and the state of the generator made from it."""
    held = vars(_tracker())
    generator = held.get("global_seed_generator")
    state = None if generator is None else _state_of(generator).tolist()
    parts = held.get("global_random_seed"), state
    stand = Stand(pickle.dumps(parts, 2), lambda data: _put_back(*pickle.loads(data)), "keras")
    return Node("keras", (repr(parts).encode(),), kind="generator", generator=stand, text=lambda: clip(repr(parts)))


def _put_back(seed: Optional[int], state: Optional[List[int]]) -> None:
    held = _tracker()
    held.global_random_seed = seed
    generator = vars(held).get("global_seed_generator")
    if state is not None and generator is None:
        generator = sys.modules["keras.src.random.seed_generator"].SeedGenerator(seed=1)
    if state is not None:
        generator.state.assign(state)
    held.global_seed_generator = None if state is None else generator
