"""Random numbers of polars: the generator behind `sample` and `shuffle` where these are given no seed."""

from __future__ import annotations

import os
import pickle
import sys
from typing import Any, Iterable, Optional, Tuple

from ..describe.node import Node, Stand, draws_from, reads
from ..describe.threads import names_of_threads

_MOST_DRAWS = 1 << 16
"""Draws since the seed was set, after which the generator is not followed any more: each reading repeats them."""
_FARTHEST = 1 << 20
"""Draws after which its place is not looked for, so that it cannot be put back there; the notebook took longer."""


class Draws:
    """The seed of the generator, and the number of draws since; polars tells neither.

    Where it stands is found out by drawing once more, and then from the seed on until the same comes out.
    """

    def __init__(self, library: Any, seed: Optional[int]) -> None:
        """Hear from now on which seed is set.

        Args:
            seed: to begin with; None where the notebook may have set one that nobody has heard of.
        """
        self._set_seed = library.set_random_seed
        self.seed = seed
        """None while it is not known."""
        library.set_random_seed = self._note
        if seed is not None:
            self._set_seed(seed)

    def _note(self, seed: int) -> None:
        self._set_seed(seed)
        self.seed = seed

    def count(self) -> int:
        """Return the number of draws since the seed was set."""
        # To draw would start the threads of polars, after which the kernel cannot be forked any more.
        seed = self.seed
        if seed is None or not any(name.startswith(b"polars-0") for name in names_of_threads()):
            return 0
        next_one = _draw()
        self._set_seed(seed)
        made = next((made for made in range(_FARTHEST) if _draw() == next_one), None)
        if made is not None:
            self.go_to(seed, made)
        if made is None or made > _MOST_DRAWS:
            self.seed = None
        return made or 0

    def go_to(self, seed: int, made: int) -> None:
        """Set the seed, and draw."""
        self._note(seed)
        for _ in range(made):
            _draw()


def _draw() -> Any:
    return sys.modules["polars"].Series(range(24)).shuffle().to_list()


@reads(f"{__name__}.Draws")
def draws(value: Draws) -> Node:
    """The seed and the number of draws."""
    state = pickle.dumps((value.seed, value.count()), 2)
    stand = Stand(state, lambda data: value.go_to(*pickle.loads(data)), "polars")
    return Node("polars", (state,), kind="generator", generator=stand, text=lambda: "polars")


_found: Optional[Draws] = None
_is_early = "polars" not in sys.modules
"""This was loaded before polars, as it is for a check; in a live kernel the user may have set a seed already."""


@draws_from
def global_generators() -> Iterable[Tuple[str, Any]]:
    """Return the generator, on systems that tell whether polars has computed anything.

    Without a seed of the notebook's it has one from the system, which is what polars gives it by itself.
    """
    global _found
    library = getattr(sys.modules.get("polars.functions.random"), "plr", None)
    if library is None or not hasattr(sys.modules.get("polars"), "Series") or not os.path.isdir("/proc/self/task"):
        return []
    if _found is None:
        _found = Draws(library, int.from_bytes(os.urandom(8), "little") if _is_early else None)
    return [("polars", _found)] if _found.seed is not None else []
