"""tf.data: datasets, their iterators, and the state of shuffled datasets."""

from __future__ import annotations

import math
import re
import sys
import weakref
from typing import Any, Iterator, List, Optional, Tuple

from ..describe.node import Node, Stand, reads, type_name
from .functions import function
from .generic import attributes, attributes_node, of_class
from .tensorflow_graph import graph_digest

_INTERNAL = frozenset({"_variant_tensor_attr", "_graph_attr", "_name", "_structure", "_metadata", "_element_spec"})


@reads("tensorflow.python.data.ops.dataset_ops.DatasetV2")
def dataset(value: Any) -> Node:
    """A dataset, by what it is made of: other datasets, tensors, functions and settings."""
    own = attributes(value)
    found = {name: item for name, item in own.items() if name not in _INTERNAL}
    if not found.keys() - {"_options_attr"}:
        return _graph(value)
    if own.get("_reshuffle_each_iteration") and of_class(type(value), "__name__") == "_ShuffleDataset":
        found["<shuffle>"] = _shuffles.setdefault(value, Shuffle(value))
    spec = repr(value.element_spec).encode()
    node = attributes_node(value, found, text=lambda: f"<{type_name(type(value))}>")
    return node._replace(content=(spec, *node.content))


def _graph(value: Any) -> Node:
    """A dataset that TensorFlow made from another dataset, without attributes in Python: by its graph."""
    name = type_name(type(value))
    try:
        stored = _ops("dataset").dataset_to_graph_v2(value._variant_tensor, external_state_policy=_IGNORE_OTHER_STATE)
        graph = sys.modules["tensorflow.core.framework.graph_pb2"].GraphDef.FromString(stored.numpy())
    except Exception:  # noqa: BLE001  TensorFlow's errors: within a graph, or not serializable
        return Node(name, opaque=f"{name}: its state is inside TensorFlow")
    return Node(name, (graph_digest(graph),), text=lambda: f"<{name}>")


@reads("tensorflow.python.data.ops.structured_function.StructuredFunctionWrapper")
def mapped(value: Any) -> Node:
    """A function that a dataset applies, by the Python function."""
    inner = attributes(value)["_func"]
    return function(inner) if hasattr(inner, "__code__") else Node("function", children=[inner], labels=lambda: [""])


@reads(
    "tensorflow.python.data.ops.from_generator_op._GeneratorState",
    "tensorflow.python.data.ops.dataset_ops.DatasetV2._GeneratorState",
)
def generated(value: Any) -> Node:
    """The user's function that generates elements; how often it was called is not part of the value."""
    return Node("generator", children=[attributes(value)["_generator"]], labels=lambda: [""])


@reads("tensorflow.python.data.ops.options_base.OptionsBase", "tensorflow.python.data.util.options.OptionsBase")
def options(value: Any) -> Node:
    """The options that were set."""
    found = attributes(value).get("_options") or {}
    return attributes_node(value, found)


@reads("tensorflow.python.data.ops.iterator_ops.IteratorBase", "tensorflow.python.data.ops.dataset_ops.NumpyIterator")
def iterator(value: Any) -> Node:
    """An iterator, whose position depends on what has been prefetched at this moment."""
    name = type_name(type(value))
    return Node(name, kind="iterator", opaque=f"{name}: its position cannot be read")


# A shuffled dataset has a random number generator, from which each new iterator draws two seeds. TensorFlow shows
# its state in one place only: the state of an iterator, as checkpoints store it. Making an iterator draws once, so
# the stored state is set back by one draw and restored, which restores the dataset's generator as well.

_PLACE = re.compile(rb"Shuffle[^:@]*(@@epoch_num_random_samples@@.*)", re.DOTALL)
_ONE_DRAW = 2
_IGNORE_OTHER_STATE = 1


class Shuffle:
    """Stands for the generator of one dataset, for as long as that lives."""

    def __init__(self, shuffled: Any) -> None:
        self.dataset = weakref.ref(shuffled)
        self.unreadable = False


_shuffles: "weakref.WeakKeyDictionary[Any, Shuffle]" = weakref.WeakKeyDictionary()


@reads(f"{__name__}.Shuffle")
def shuffle(value: Any) -> Node:
    """The random number generator of a shuffled dataset."""
    name = "tensorflow.data.Dataset.shuffle"
    try:
        drawn, state = _look(value)
    except Exception:  # noqa: BLE001  TensorFlow's, or the format is another; do not try it a second time
        value.unreadable = True
        return Node(name, opaque=f"{name}: how often it was shuffled cannot be read")
    stand = Stand(state, lambda data: _restore(_iterator(value.dataset()), data), "tensorflow shuffle")
    return Node(name, (b"%d" % drawn,), kind="generator", generator=stand, text=lambda: f"shuffled {drawn // 2} times")


def _look(value: Shuffle) -> Tuple[int, bytes]:
    """Return how many numbers were drawn, and the state of an iterator that would draw the next ones."""
    shuffled = value.dataset()
    if value.unreadable or shuffled is None or not sys.modules["tensorflow"].executing_eagerly():
        raise ValueError
    made = _iterator(shuffled)
    saved = _ops("dataset").serialize_iterator(made._iterator_resource, external_state_policy=_IGNORE_OTHER_STATE)
    whole, parts = _variants(saved)
    drawn = [_draw_back(part) for part in parts if _PLACE.search(part.metadata)]
    raw = [part.SerializeToString() for part in parts]
    whole.tensor_content = b"".join(_varint(len(part)) for part in raw) + b"".join(raw)
    state: bytes = whole.SerializeToString()
    _restore(made, state)
    return drawn[0], state


def _variants(tensor: Any) -> Tuple[Any, List[Any]]:
    """Return a tensor of variants as stored, and its elements."""
    whole = _proto("TensorProto").FromString(_bytes_of(tensor))
    return whole, [_proto("VariantTensorDataProto").FromString(part) for part in _split(whole)]


# Variants that only wrap tensors; others hold resources, whose content is elsewhere.
_STORED = frozenset(
    {"RaggedTensorVariant", "tensorflow::Tensor", "tensorflow::TensorList", "tensorflow::data::Optional"}
)


def stored(tensor: Any) -> Optional[Tuple[bytes, ...]]:
    """Return the content of a variant tensor that holds tensors: ragged or sparse slices, lists, optionals."""
    whole, parts = _variants(tensor)
    if not {part.type_name for part in parts} <= _STORED:
        return None
    return repr([axis.size for axis in whole.tensor_shape.dim]).encode(), *_split(whole)


def _draw_back(part: Any) -> int:
    """Reduce a dataset's count of draws by one draw; return the count."""
    found = _PLACE.search(part.metadata)
    assert found is not None
    count = found[1].count(b"@@")
    tensorflow = sys.modules["tensorflow"]
    packed = _tensor_of(part.tensors[0].SerializeToString())
    experimental = _ops("experimental_dataset")
    values = experimental.uncompress_element(packed, [tensorflow.int64] * count, [[]] * count)
    drawn = int(values[0]) - _ONE_DRAW
    if drawn < 0:
        raise ValueError
    values = [tensorflow.constant(drawn, tensorflow.int64), *values[1:]]
    part.tensors[0].ParseFromString(_bytes_of(experimental.compress_element(values)))
    return drawn


def _iterator(shuffled: Any) -> Any:
    return sys.modules["tensorflow.python.data.ops.iterator_ops"].OwnedIterator(shuffled)


def _restore(made: Any, state: bytes) -> None:
    _ops("dataset").deserialize_iterator(made._iterator_resource, _tensor_of(state))


def _ops(name: str) -> Any:
    return sys.modules[f"tensorflow.python.ops.gen_{name}_ops"]


def _proto(name: str) -> Any:
    return getattr(sys.modules["tensorflow.core.framework.tensor_pb2"], name)


def _bytes_of(tensor: Any) -> bytes:
    data: bytes = _ops("parsing").serialize_tensor(tensor).numpy()
    return data


def _tensor_of(data: bytes) -> Any:
    return _ops("parsing").parse_tensor(data, sys.modules["tensorflow"].variant)


def _split(whole: Any) -> Iterator[bytes]:
    """Yield the elements of a tensor of variants, which are stored after all their lengths."""
    content, place = whole.tensor_content, 0
    lengths: List[int] = []
    for _ in range(math.prod(axis.size for axis in whole.tensor_shape.dim)):
        # A varint: seven bits per byte, least significant first, the high bit set except in the last byte (protobuf).
        length = shift = 0
        while content[place] & 0x80:
            length |= (content[place] & 0x7F) << shift
            place, shift = place + 1, shift + 7
        lengths.append(length | content[place] << shift)
        place += 1
    for length in lengths:
        yield content[place : place + length]
        place += length


def _varint(number: int) -> bytes:
    found = b""
    while number > 0x7F:
        found += bytes([number & 0x7F | 0x80])
        number >>= 7
    return found + bytes([number])
