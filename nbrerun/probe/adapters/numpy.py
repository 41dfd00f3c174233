"""numpy: arrays, scalars, dtypes, random number generators."""

from __future__ import annotations

import functools
import pickle
import sys
from typing import Any, Callable, Dict, Iterable, List, Optional, Set, Tuple

from ..describe.change import Wanted, changes
from ..describe.node import ATOMS, Node, Stand, clip, draws_from, dumps, reads, type_name
from .generic import with_attributes

_MOST_NUMBERS = 4_000_000


@reads("numpy.ndarray")
def array(value: Any) -> Node:
    """An array, by type, shape and values; the memory layout is not part of the value."""
    numpy = sys.modules["numpy"]
    plain = numpy.ndarray.view(value, numpy.ndarray)
    if type(value) is numpy.ndarray:
        return plain_array(plain)
    node = plain_array(plain, type_name(type(value)))
    if type_name(type(value)) == "numpy.memmap":  # its attributes are the map, which holds these values, and its place
        return node
    return with_attributes(node, value)


def plain_array(plain: Any, name: str = "numpy.ndarray") -> Node:
    """Describe an array of numpy's own class."""
    content: Tuple[Any, ...] = (f"{plain.dtype.str}{plain.shape}".encode(),)
    children: List[Any] = []
    labels: Optional[Callable[[], List[str]]] = None
    in_one: Optional[Callable[[], memoryview]] = None
    if plain.dtype.names is not None:
        # Field by field: the padding bytes of a structured dtype are undefined (numpy, "structured arrays").
        fields = plain.dtype.names
        children, labels = [plain[field] for field in fields], lambda: [f"[{field!r}]" for field in fields]
        packed = _packed(plain.dtype)
        in_one = (lambda: _without_padding(plain, packed)) if packed is not None else None
    elif plain.dtype.hasobject:
        items = plain.ravel().tolist()
        if ATOMS.issuperset(map(type, items)):
            content = (*content, dumps(items))
        else:
            children, labels = items, lambda: [f".flat[{i}]" for i in range(len(items))]
    else:
        content = (*content, raw(plain))
    return Node(
        name,
        content,
        children,
        labels,
        text=lambda: _text(plain),
        size=("{}.shape", str(plain.shape)),
        numbers=lambda: numbers(plain),
        memory=lambda: _memory(plain),
        in_one=in_one,
    )


def _memory(plain: Any) -> Optional[Tuple[int, int]]:
    steps = [(size - 1) * stride for size, stride in zip(plain.shape, plain.strides)]
    first = plain.__array_interface__["data"][0]
    below, above = sum(step for step in steps if step < 0), sum(step for step in steps if step > 0)
    return (first + below, first + above + plain.itemsize) if plain.size else None


@functools.lru_cache(maxsize=256)
def _packed(dtype: Any) -> Optional[Any]:
    """A structured dtype without padding bytes; None if its fields are more than numbers and texts."""
    fields = [(name, dtype[name]) for name in dtype.names]
    if any(field.hasobject or field.names is not None or field.subdtype is not None for _, field in fields):
        return None
    return sys.modules["numpy"].dtype(fields)


def _without_padding(plain: Any, packed: Any) -> memoryview:
    """Return the bytes of the fields, without those between and after them, which are undefined."""
    numpy = sys.modules["numpy"]
    rows = plain.reshape(-1)
    places, wanted = plain.dtype.fields, packed.fields
    in_front = all(places[name][1] == wanted[name][1] for name in packed.names)
    if in_front and packed.itemsize and rows.flags.c_contiguous:  # twice as fast as field by field
        return raw(rows.view(numpy.uint8).reshape(rows.size, plain.dtype.itemsize)[:, : packed.itemsize])
    return raw(plain.astype(packed))


def raw(plain: Any) -> memoryview:
    """Return the values as bytes in C order, copied only if they are not in that order already."""
    numpy = sys.modules["numpy"]
    return memoryview(numpy.ascontiguousarray(plain).reshape(-1).view(numpy.uint8))


def numbers(plain: Any) -> Optional[bytes]:
    """Return the values as float64 (complex128), or None if they are not numbers or too many."""
    if plain.dtype.kind not in "biufc" or not 0 < plain.size <= _MOST_NUMBERS:
        return None
    target = "complex128" if plain.dtype.kind == "c" else "float64"
    return bytes(raw(plain.astype(target)))


def _text(plain: Any) -> str:
    if plain.dtype.names is not None or plain.dtype.hasobject:
        return f"array of {plain.dtype}, shape {plain.shape}"
    first = plain.reshape(-1)[:6].tolist()
    values = ", ".join(f"{item:.6g}" if isinstance(item, float) else str(item) for item in first)
    more = ", …" if plain.size > 6 else ""
    return clip(f"array([{values}{more}], shape={plain.shape}, {plain.dtype})", 100)


@reads("numpy.ma.MaskedArray", "numpy.ma.core.MaskedArray")
def masked(value: Any) -> Node:
    """A masked array, by its data and mask; values under the mask are not part of the value."""
    numpy = sys.modules["numpy"]
    mask = sys.modules["numpy.ma"].getmaskarray(value)
    data = numpy.array(numpy.ndarray.view(value, numpy.ndarray), copy=True)
    data[mask] = numpy.zeros((), data.dtype)
    return Node(type_name(type(value)), children=[data, mask], labels=lambda: [".data", ".mask"])


@reads("numpy.generic")
def scalar(value: Any) -> Node:
    """A scalar."""
    numpy = sys.modules["numpy"]
    if isinstance(value, numpy.void) and value.dtype.names is not None:
        return Node(type_name(type(value)), children=list(value.item()), text=lambda: clip(repr(value)))
    plain = numpy.asarray(value)
    return Node(
        type_name(type(value)),
        (plain.dtype.str.encode(), plain.tobytes()),
        atom=True,
        text=lambda: clip(str(value)),
        numbers=lambda: numbers(plain.reshape(1)),
    )


@reads("numpy.dtype")
def dtype(value: Any) -> Node:
    """A dtype, by its repr."""
    return Node("numpy.dtype", (repr(value).encode(),), atom=True, text=lambda: clip(str(value)))


def _generator(name: str, state: Dict[str, Any], put_back: Callable[[Any], object]) -> Node:
    # Protocol 2 is enough, and the oldest that kernels have in common.
    stand = Stand(pickle.dumps(state, 2), lambda data: put_back(pickle.loads(data)), state["bit_generator"])
    return Node(name, (canonical(state),), kind="generator", generator=stand, text=lambda: name)


def canonical(state: Any) -> bytes:
    """Return canonical bytes of a generator's state; pickles of equal states may differ."""
    if isinstance(state, dict):
        return b"".join(key.encode() + canonical(item) for key, item in sorted(state.items()))
    return bytes(state.tobytes()) if hasattr(state, "tobytes") else repr(state).encode()


@draws_from
def global_generators() -> Iterable[Tuple[str, Any]]:
    """Return the generator behind `np.random.normal` and the like."""
    mtrand = sys.modules.get("numpy.random.mtrand")
    return [("numpy.random", mtrand._rand)] if mtrand is not None else []


@reads("numpy.random._generator.Generator")
def generator(value: Any) -> Node:
    """The generator that `default_rng` returns."""
    bits = value.bit_generator
    return _generator("numpy.random.Generator", bits.state, lambda state: setattr(bits, "state", state))


@reads("numpy.random.bit_generator.BitGenerator")
def bit_generator(value: Any) -> Node:
    """The source of random bits of a generator."""
    return _generator(type_name(type(value)), value.state, lambda state: setattr(value, "state", state))


@reads("numpy.random.mtrand.RandomState")
def random_state(value: Any) -> Node:
    """The legacy generator, of which the global one is an instance."""
    return _generator("numpy.random.RandomState", value.get_state(legacy=False), value.set_state)


@reads("numpy.random.bit_generator.SeedSequence")
def seed_sequence(value: Any) -> Node:
    """A seed sequence, by its entropy and the number of its children."""
    parts: Tuple[Any, ...] = (value.entropy, tuple(value.spawn_key), value.n_children_spawned)
    return Node("numpy.random.SeedSequence", (repr(parts).encode(),), text=lambda: clip(repr(parts)))


@changes("numpy.ndarray")
def change(value: Any, path: str, wanted: Wanted) -> Set[str]:
    """Give numbers other values of the same type; of several runs' elements, those that the first run changed."""
    if path not in wanted:
        return set()
    numpy = sys.modules["numpy"]
    plain = numpy.ndarray.view(value, numpy.ndarray)
    new = other_values(plain, wanted[path])
    if new is None or not plain.flags.writeable:
        return set()
    plain[...] = new
    return {path}


def other_values(plain: Any, earlier: Optional[bytes]) -> Any:
    """A copy of an array with other numbers in it; None where that cannot be, or where nothing is to be changed.

    Args:
        earlier: as float64, the values where the copy is to be left alone if they are still the same.
    """
    numpy = sys.modules["numpy"]
    if plain.dtype.kind not in "biufc" or not plain.size:
        return None
    with numpy.errstate(all="ignore"):
        if plain.dtype.kind == "b":
            new = ~plain
        elif plain.dtype.kind in "iu":
            new = plain + plain.dtype.type(1)
        else:
            new = (plain * 1.25 + 0.5).astype(plain.dtype)
            new[~numpy.isfinite(new)] = 0.5
    changed = numpy.ones(plain.shape, dtype=bool)
    if earlier is not None and len(earlier) == 8 * plain.size:
        changed = plain.astype("float64") != numpy.frombuffer(earlier).reshape(plain.shape)
    # In another order, or sorted numbers would be as well sorted as they were.
    new = numpy.array(new)
    new[changed] = new[changed][::-1]
    new[~changed] = plain[~changed]
    return None if numpy.array_equal(new, plain, equal_nan=plain.dtype.kind in "fc") else new
