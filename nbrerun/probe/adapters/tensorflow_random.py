"""Random numbers of TensorFlow, seeded or not."""

from __future__ import annotations

import operator
import pickle
import random
import sys
from typing import Any, Iterable, List, Optional, Tuple

from ..describe.node import Node, Stand, draws_from, reads

_BELOW = 2**31 - 1
_MOST_KERNELS = 4096
"""Unseeded draws after which the cache of compiled kernels is cleared: each leaves one of about 30 KB in it."""


@reads("tensorflow.python.ops.stateful_random_ops.Generator")
def generator(value: Any) -> Node:
    """The generator that `tf.random.Generator.from_seed` returns."""
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
    """The source of seeds for unseeded draws, in place of the system.

    An unseeded operation has the system choose its seed where Python cannot see it, so its draws could not be
    repeated. To set a global seed instead would make draws equal that differ in the notebook: each traced function
    numbers its operations from zero, so two functions, or two calls of `fit` that shuffle, would draw the same.
    """

    def __init__(self) -> None:
        self.stream = random.Random()
        self.made = 0
        """Operations that asked for seeds since the global seed was last set."""
        self._made_for: Any = None
        self._kernels = 0

    def seeds(self) -> Tuple[int, int]:
        """Return two seeds for one operation; (0, 0) would mean unseeded."""
        return self.stream.randrange(1, _BELOW), self.stream.randrange(1, _BELOW)

    def count(self) -> None:
        """Count an operation that is made: within a function it may draw without moving a generator of Python's."""
        context = sys.modules["tensorflow.python.eager.context"]
        self.made = self.count_so_far() + 1
        if context.executing_eagerly() and context.global_seed() is None:
            self._kernels += 1
            if self._kernels % _MOST_KERNELS == 0:
                context.context().clear_kernel_cache()

    def count_so_far(self) -> int:
        """Return the count, which starts again when the global seed is set, since that makes a new generator."""
        if self._made_for is not _own_generator():
            self.made, self._made_for = 0, _own_generator()
        return self.made

    def set_count(self, made: int) -> None:
        """Continue counting from here."""
        self.made, self._made_for, self._kernels = made, _own_generator(), 0


def _own_generator() -> Any:
    """Return the generator from which TensorFlow draws operation seeds, or None if no global seed is set."""
    context = sys.modules["tensorflow.python.eager.context"].context_safe()
    return getattr(context, "_rng", None) if getattr(context, "_seed", None) is not None else None


@reads(f"{__name__}.Draws")
def draws(value: Any) -> Node:
    """The global seed and the draws from its generator, or the state of our own source of seeds."""
    context = sys.modules["tensorflow.python.eager.context"].context_safe()
    seed = getattr(context, "_seed", None)
    seed = None if seed is None else operator.index(seed)
    used = None if seed is None else context._rng.getstate()
    # The generator behind `tf.random.get_global_generator`, which exists once that has been called.
    shared = sys.modules["tensorflow.python.ops.stateful_random_ops"].global_generator
    held = None if shared is None else (shared.state.numpy().tobytes(), int(shared.algorithm))
    own, made = value.stream.getstate(), value.count_so_far()
    state = pickle.dumps((seed, used, own, held, made), 2)
    stand = Stand(state, lambda data: _put_back(value, *pickle.loads(data)), "tensorflow")
    seen = repr((seed, used or own, held, made)).encode()
    return Node("tensorflow", (seen,), kind="generator", generator=stand, text=lambda: "tensorflow")


def _put_back(
    value: Draws, seed: Optional[int], used: Any, own: Any, held: Optional[Tuple[bytes, int]], made: int
) -> None:
    value.stream.setstate(own)
    module = sys.modules["tensorflow.python.eager.context"]
    if seed is not None or module.context_safe() is not None:
        context = module.context()
        if seed is None:
            context._seed = None
        else:
            context._set_global_seed(seed)
            context._rng.setstate(used)
        context.clear_kernel_cache()  # a cached kernel continues from its last draw
    _put_back_global(held)
    value.set_count(made)


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
    """Return the source of draws by `tf.random.normal` and the like, by layers, and by shuffled datasets."""
    seeds, _, stateful = modules = [sys.modules.get(name) for name in _NEEDED]
    if None in modules or "tensorflow" not in sys.modules or not hasattr(stateful, "global_generator"):
        return []
    found: Optional[Draws] = getattr(seeds.get_seed, "draws", None)  # type: ignore[union-attr]
    return [("tensorflow", found or _take_over(seeds, stateful))]


def _take_over(seeds: Any, stateful: Any) -> Draws:
    """Replace the two functions through which TensorFlow asks the system for seeds."""
    found = Draws()
    get_seed, ints = seeds.get_seed, stateful.non_deterministic_ints

    def seed_pair(op_seed: Any) -> Any:
        found.count()
        pair = get_seed(op_seed)
        return pair if pair[0] is not None else found.seeds()

    def drawn_ints(shape: Any, dtype: Any = None) -> Any:
        given: List[Any] = [] if dtype is None else [dtype]
        drawn = ints(shape, *given)
        if not hasattr(drawn, "numpy"):  # in a graph: drawn again each time that runs
            return drawn
        plain = drawn.numpy()
        size = plain.dtype.itemsize
        values = found.stream.getrandbits(8 * plain.nbytes).to_bytes(plain.nbytes, "little") if size else b""
        numpy = sys.modules["numpy"]
        return sys.modules["tensorflow"].constant(numpy.frombuffer(values, plain.dtype).reshape(plain.shape))

    seed_pair.draws = found  # type: ignore[attr-defined]
    seeds.get_seed, stateful.non_deterministic_ints = seed_pair, drawn_ints
    return found
