"""What TensorFlow draws from, seeded or not."""

from __future__ import annotations

import operator
import pickle
import random
import sys
from typing import Any, Iterable, List, Optional, Tuple

from ..describe.node import Node, Stand, draws_from, reads

_BELOW = 2**31 - 1
_MOST_KERNELS = 4096
"""Every unseeded draw outside of a function leaves a compiled kernel of its own behind: about 30 KB."""


@reads("tensorflow.python.ops.stateful_random_ops.Generator")
def generator(value: Any) -> Node:
    """What `tf.random.Generator.from_seed` returns."""
    stand = _stand_of(value)
    name = "tensorflow.random.Generator"
    return Node(name, (stand.packed(),), kind="generator", generator=stand, text=lambda: name)


def _stand_of(value: Any) -> Stand:
    numpy = sys.modules["numpy"]
    state = value.state.numpy()

    def put_back(data: bytes) -> None:
        value.state.assign(numpy.frombuffer(data, state.dtype).reshape(state.shape))

    return Stand(state.tobytes(), put_back, f"tensorflow {int(value.algorithm)} {state.shape}")


class Draws:
    """What draws that nobody seeded come from, once it has been put in place of the system.

    TensorFlow has an unseeded operation ask the system for a seed, out of anybody's sight, and so
    such draws could never be held equal. Setting a global seed instead would make them equal where
    the notebook's are not: every function that is traced counts its operations from zero, so two
    functions, or two calls of `fit` that shuffle, would draw the same numbers.
    """

    def __init__(self) -> None:
        self.stream = random.Random()
        self.made = 0
        """Operations that have asked for seeds since the last time that the global seed was set."""
        self._made_for: Any = None
        self._kernels = 0

    def seeds(self) -> Tuple[int, int]:
        """Two seeds for one operation; (0, 0) would mean none."""
        return self.stream.randrange(1, _BELOW), self.stream.randrange(1, _BELOW)

    def count(self) -> None:
        """An operation is made: it may draw without anybody's generator moving, as those in a function do."""
        context = sys.modules["tensorflow.python.eager.context"]
        self.made = self.count_so_far() + 1
        if context.executing_eagerly() and context.global_seed() is None:
            self._kernels += 1
            if self._kernels % _MOST_KERNELS == 0:
                context.context().clear_kernel_cache()

    def count_so_far(self) -> int:
        """Setting the global seed makes a new generator, and the count begin anew."""
        if self._made_for is not _own_generator():
            self.made, self._made_for = 0, _own_generator()
        return self.made

    def set_count(self, made: int) -> None:
        """Go on counting from there."""
        self.made, self._made_for, self._kernels = made, _own_generator(), 0


def _own_generator() -> Any:
    """The one that TensorFlow draws seeds from, if the global seed is set."""
    context = sys.modules["tensorflow.python.eager.context"].context_safe()
    return getattr(context, "_rng", None) if getattr(context, "_seed", None) is not None else None


@reads(f"{__name__}.Draws")
def draws(value: Any) -> Node:
    """The seed that was set with how far it has been used; where there is none, our own."""
    context = sys.modules["tensorflow.python.eager.context"].context_safe()
    seed = getattr(context, "_seed", None)
    seed = None if seed is None else operator.index(seed)
    used = None if seed is None else context._rng.getstate()
    own, held, made = value.stream.getstate(), _global_state(), value.count_so_far()
    state = pickle.dumps((seed, used, own, held, made), 2)
    stand = Stand(state, lambda data: _put_back(value, *pickle.loads(data)), "tensorflow")
    seen = repr((seed, used or own, held, made)).encode()
    return Node("tensorflow", (seen,), kind="generator", generator=stand, text=lambda: "tensorflow")


def _global_state() -> Optional[Tuple[bytes, int]]:
    """Where the generator behind `tf.random.get_global_generator` stands, if somebody has called that."""
    found = sys.modules["tensorflow.python.ops.stateful_random_ops"].global_generator
    return None if found is None else (found.state.numpy().tobytes(), int(found.algorithm))


def _put_back(
    value: Draws, seed: Optional[int], used: Any, own: Any, held: Optional[Tuple[bytes, int]], made: int
) -> None:
    value.stream.setstate(own)
    module = sys.modules["tensorflow.python.eager.context"]
    if seed is not None or module.context_safe() is not None:
        _set_seed(module.context(), seed, used)
    _put_back_global(held)
    value.set_count(made)


def _set_seed(context: Any, seed: Optional[int], used: Any) -> None:
    if seed is None:
        context._seed = None
    else:
        context._set_global_seed(seed)
        context._rng.setstate(used)
    context.clear_kernel_cache()  # a kernel that is kept goes on from its last draw


def _put_back_global(held: Optional[Tuple[bytes, int]]) -> None:
    module: Any = sys.modules["tensorflow.python.ops.stateful_random_ops"]
    if held is None:
        module.global_generator = None
        return
    state = sys.modules["numpy"].frombuffer(held[0], "int64")
    if module.global_generator is None:
        module.global_generator = module.Generator(state=state, alg=held[1])
    else:
        module.global_generator.state.assign(state)


_NEEDED = (
    "tensorflow.python.framework.random_seed",
    "tensorflow.python.eager.context",
    "tensorflow.python.ops.stateful_random_ops",
)


@draws_from
def global_generators() -> Iterable[Tuple[str, Any]]:
    """What `tf.random.normal` and its like draw from, and layers, and datasets that are shuffled."""
    seeds, _, stateful = modules = [sys.modules.get(name) for name in _NEEDED]
    if None in modules or "tensorflow" not in sys.modules or not hasattr(stateful, "global_generator"):
        return []
    found: Optional[Draws] = getattr(seeds.get_seed, "draws", None)  # type: ignore[union-attr]
    return [("tensorflow", found or _take_over(seeds, stateful))]


def _take_over(seeds: Any, stateful: Any) -> Draws:
    """Have the two places that would ask the system for a seed ask ours."""
    found = Draws()
    get_seed, ints = seeds.get_seed, stateful.non_deterministic_ints

    def seed_pair(op_seed: Any) -> Any:
        found.count()
        pair = get_seed(op_seed)
        return pair if pair[0] is not None else found.seeds()

    def drawn_ints(shape: Any, dtype: Any = None) -> Any:
        given: List[Any] = [] if dtype is None else [dtype]
        drawn = ints(shape, *given)
        if not hasattr(drawn, "numpy"):  # in a graph: drawn anew whenever that runs
            return drawn
        plain = drawn.numpy()
        size = plain.dtype.itemsize
        values = found.stream.getrandbits(8 * plain.nbytes).to_bytes(plain.nbytes, "little") if size else b""
        numpy = sys.modules["numpy"]
        return sys.modules["tensorflow"].constant(numpy.frombuffer(values, plain.dtype).reshape(plain.shape))

    seed_pair.draws = found  # type: ignore[attr-defined]
    seeds.get_seed, stateful.non_deterministic_ints = seed_pair, drawn_ints
    return found
