"""How TensorFlow's objects are read: tensors, variables, modules, datasets, functions, generators."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from nbrerun.probe.read import generators
from tests.unit.probe.looking import changed, digest, generator_digests, look, moved, notebook, paths, read, texts

Dataset = tf.data.Dataset


@pytest.fixture(autouse=True)
def _global_generators_stay() -> Iterator[None]:
    """A test begins without a seed, whatever others have set; they find TensorFlow's generator as it was."""
    tf.random.set_seed(None)
    _, pins = look()
    yield
    generators.put_back(look()[0].generators, pins)


VALUES: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
    "value": (lambda: tf.constant([1.0, 2.0]), lambda: tf.constant([1.0, 3.0])),
    "type": (lambda: tf.constant([1, 2]), lambda: tf.constant([1, 2], tf.int64)),
    "shape": (lambda: tf.ones((2, 3)), lambda: tf.ones((3, 2))),
    "bfloat16": (lambda: tf.ones(2, tf.bfloat16), lambda: tf.ones(2, tf.float16)),
    "text": (lambda: tf.constant(["a", "b"]), lambda: tf.constant(["a", "c"])),
    "not numpy's": (lambda: tf.ones(2), lambda: np.ones(2, "float32")),
    "ragged": (lambda: tf.ragged.constant([[1], [2, 3]]), lambda: tf.ragged.constant([[1, 2], [3]])),
    "sparse": (lambda: tf.sparse.from_dense([0, 2]), lambda: tf.sparse.from_dense([2, 0])),
    "slices": (
        lambda: tf.IndexedSlices(tf.ones((1, 2)), tf.constant([0])),
        lambda: tf.IndexedSlices(tf.ones((1, 2)), tf.constant([1])),
    ),
    "optional": (lambda: tf.experimental.Optional.from_value(1), lambda: tf.experimental.Optional.from_value(2)),
    "list of tensors": (
        lambda: tf.TensorArray(tf.float32, 1).write(0, 1.0),
        lambda: tf.TensorArray(tf.float32, 1).write(0, 2.0),
    ),
    "list of another type": (lambda: tf.TensorArray(tf.float32, 1), lambda: tf.TensorArray(tf.int32, 1)),
    "list that grows": (
        lambda: tf.TensorArray(tf.float32, 1, dynamic_size=True),
        lambda: tf.TensorArray(tf.float32, 1),
    ),
    "list of another shape": (
        lambda: tf.TensorArray(tf.float32, 1, element_shape=[1]),
        lambda: tf.TensorArray(tf.float32, 1, element_shape=[2]),
    ),
    "variable": (lambda: tf.Variable([1.0]), lambda: tf.Variable([2.0])),
    "not a constant": (lambda: tf.Variable([1.0]), lambda: tf.constant([1.0])),
    "frozen": (lambda: tf.Variable([1.0]), lambda: tf.Variable([1.0], trainable=False)),
    "type of elements": (lambda: tf.float32, lambda: tf.float64),
    "kind of shape": (lambda: tf.TensorShape([1, None]), lambda: tf.TensorShape([None, 1])),
    "specification": (lambda: tf.TensorSpec([1]), lambda: tf.TensorSpec([2])),
}


@pytest.mark.parametrize("kind", VALUES)
def test_what_holds_numbers_is_its_values(kind: str) -> None:
    """Equal for equal values wherever they lie, another for others; all of it can be read."""
    make, other = VALUES[kind]
    assert digest(make()) == digest(make()) != digest(other())
    assert not read(make()).opaque
    assert read(make()).kind == "data"
    assert generator_digests(make()) == []


def test_changes_of_tensors_are_shown() -> None:
    """With the largest of them; and scalars as numbers."""
    assert moved(tf.constant([1.0, 2.0]), tf.constant([1.0, 7.0]))["x"].max_abs_change == 5
    assert moved(tf.ones(2, tf.bfloat16), tf.zeros(2, tf.bfloat16))["x"].max_abs_change == 1
    assert texts(tf.constant(1.5))["x"] == "1.5"
    assert set(moved(tf.ragged.constant([[1], [2]]), tf.ragged.constant([[1], [4]]))) == {"x.values"}


def test_a_variable_is_not_its_name() -> None:
    """Names are the person's, or `Variable` counted up; assigning moves the value in place."""
    one = tf.Variable([1.0, 2.0], name="w")
    assert digest(one) == digest(tf.Variable([1.0, 2.0], name="other")) == digest(copy.deepcopy(one))
    assert changed(one, lambda variable: variable.assign_add([0.0, 3.0])) == {"x": 3.0}


OPAQUE: dict[str, tuple[Callable[[], Any], str]] = {
    "resource": (lambda: tf.Variable(1.0).handle, "the content of a resource is inside TensorFlow"),
    "graph": (lambda: tf.Graph(), "a graph cannot be read"),
    "strategy": (lambda: tf.distribute.get_strategy(), "how work is spread over devices cannot be read"),
    "symbol": (lambda: concrete(1.0).inputs[0], "it stands for a value in a graph, and has none itself"),
    "iterator": (lambda: iter(Dataset.range(3)), "its position cannot be read"),
    "numpy iterator": (lambda: Dataset.range(3).as_numpy_iterator(), "its position cannot be read"),
}


@pytest.mark.parametrize("kind", OPAQUE)
def test_what_lives_in_the_runtime_says_so(kind: str) -> None:
    """It is never silently equal."""
    make, reason = OPAQUE[kind]
    (said,) = read(make()).opaque
    assert said.startswith("tensorflow.")
    assert said.endswith(": " + reason)


def test_an_iterator_stays_where_it_is() -> None:
    """Looking at one part-way takes no element from it."""
    elements = iter(Dataset.range(4))
    next(elements)
    assert read(elements).kind == "iterator"
    assert [int(element) for element in elements] == [1, 2, 3]


def test_a_tape_is_opaque_until_it_is_used_up() -> None:
    """After that it holds nothing."""
    weight = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        squared = weight * weight
    assert read(tape).opaque == ("tensorflow.GradientTape: what it has recorded cannot be read",)
    assert float(tape.gradient(squared, weight)) == 4
    assert not read(tape).opaque


# Modules and what is saved of them.

MODULE = """
import tensorflow as tf

class Net(tf.Module):
    def __init__(self, value):
        super().__init__()
        self.w = tf.Variable([value, 2.0])
        self.parts = [tf.Variable(1.0)]
        self.named = {"k": tf.Variable(2.0)}
        self.fixed = (tf.Variable(3.0),)
        self.count = 0

    @tf.function(input_signature=[tf.TensorSpec([], tf.float32)], autograph=False)
    def forward(self, x):
        return x * self.w
"""


def module(value: float = 1.0) -> Any:
    """A module of the notebook."""
    return notebook(MODULE)["Net"](value)


def test_a_module_is_its_attributes() -> None:
    """A model, with variables in containers too; equal to one that is made alike."""
    assert digest(module()) == digest(module()) != digest(module(3.0))
    assert read(module()).kind == "model"
    assert not read(module()).opaque
    assert {"x.w", "x.parts[0]", "x.named['k']", "x.fixed[0]", "x.count"} <= paths(module())


MOVES: dict[str, tuple[Callable[[Any], object], str]] = {
    "weight": (lambda net: net.w.assign([1.0, 4.0]), "x.w"),
    "in a list": (lambda net: net.parts[0].assign(3.0), "x.parts[0]"),
    "in a dict": (lambda net: net.named["k"].assign(4.0), "x.named['k']"),
    "in a tuple": (lambda net: net.fixed[0].assign(5.0), "x.fixed[0]"),
    "a plain attribute": (lambda net: setattr(net, "count", 2), "x.count"),
}


@pytest.mark.parametrize("kind", MOVES)
def test_what_moved_in_a_module_is_named(kind: str) -> None:
    """Only that."""
    move, path = MOVES[kind]
    assert changed(module(), move) == {path: 2.0}


def test_a_module_that_grew_shows_it() -> None:
    """One more variable in a list."""
    found = changed(module(), lambda net: net.parts.append(tf.Variable(0.0)))
    assert found["len(x.parts)"] == 1
    assert "x.parts[1]" in found


def test_calling_a_module_leaves_it_as_it_is() -> None:
    """That a function has been traced is no value."""
    net = module()
    before, function = digest(net), digest(net.forward)
    net.forward(tf.constant(1.0))
    assert (digest(net), digest(net.forward)) == (before, function)


def test_a_method_kept_is_its_object_as_well() -> None:
    """TensorFlow refers to it weakly."""
    net = module()
    forward = net.forward
    assert digest(forward) == digest(module().forward)
    assert changed(forward, lambda _: net.w.assign([1.0, 4.0])) == {"x.__self__.w": 2.0}


def test_a_saved_model_is_its_variables(tmp_path: Path) -> None:
    """Equal however often it is loaded; what was changed since shows."""
    tf.saved_model.save(module(), str(tmp_path))
    loaded = tf.saved_model.load(str(tmp_path))
    assert digest(loaded) == digest(tf.saved_model.load(str(tmp_path)))
    assert read(loaded).kind == "model"
    assert not read(loaded).opaque
    assert changed(loaded, lambda model: model.w.assign([1.0, 4.0])) == {"x.w": 2.0}
    assert "a function stored as a graph cannot be read" in read(loaded.forward).opaque[0]


def test_a_checkpoint_counts_what_it_saved(tmp_path: Path) -> None:
    """And its manager knows the files."""
    manager = tf.train.CheckpointManager(tf.train.Checkpoint(net=module()), str(tmp_path), 2)
    assert read(manager).model
    manager.save()
    assert texts(manager)["x._checkpoint._save_counter"] == "1"
    found = changed(manager, lambda it: it.save())
    assert found["len(x.checkpoints)"] == 1
    assert found["x._checkpoint._save_counter"] == 1
    assert not any(path.startswith("x._checkpoint.net") for path in found)


TABLES: dict[str, Callable[[], Any]] = {
    "mutable": lambda: tf.lookup.experimental.MutableHashTable(tf.int64, tf.int64, -1),
    "dense": lambda: tf.lookup.experimental.DenseHashTable(tf.int64, tf.int64, -1, empty_key=-2, deleted_key=-3),
}


@pytest.mark.parametrize("kind", TABLES)
def test_a_table_is_its_keys_and_values(kind: str) -> None:
    """In whatever order they came."""
    one, other = TABLES[kind](), TABLES[kind]()
    empty = digest(one)
    for key in range(20):
        one.insert(tf.constant([key], tf.int64), tf.constant([5], tf.int64))
        other.insert(tf.constant([19 - key], tf.int64), tf.constant([5], tf.int64))
    assert digest(one) == digest(other) != empty
    assert texts(one)["x"] == "table of 20"
    assert not read(one).opaque
    more = changed(one, lambda table: table.insert(tf.constant([20], tf.int64), tf.constant([5], tf.int64)))
    assert set(more) == {"x.size()", LABELS[kind]}


LABELS = {"mutable": "x[20]", "dense": "x[(20,)]"}
"""A table that is kept dense has rows for keys."""


# Functions.


def function(body: str, decorator: str = "tf.function(autograph=False)") -> Any:
    """A function of the notebook."""
    return notebook(f"import tensorflow as tf\n@{decorator}\ndef f(x):\n    return {body}\n")["f"]


def concrete(factor: float) -> Any:
    """A function that was traced, with a constant in it."""
    return tf.function(lambda x: x * factor, autograph=False).get_concrete_function(tf.TensorSpec([]))


def test_a_function_is_what_was_written() -> None:
    """Having been traced, for however many kinds of arguments, is no value."""
    one = function("x + 1")
    before = digest(one)
    assert before == digest(function("x + 1")) != digest(function("x + 2"))
    assert read(one).kind == "definition"
    one(tf.constant(1.0))
    one(tf.ones(3))
    assert digest(one) == before


def test_what_a_function_closes_over_counts() -> None:
    """State of a closure is data, with `tf.function` around it as without."""
    cell = "import tensorflow as tf\ndef make():\n    w = tf.Variable(1.0)\n"
    double = notebook(cell + "    return w, tf.function(lambda x: x * w, autograph=False)\n")["make"]
    weight, one = double()
    before = digest(one)
    assert before == digest(double()[1])
    weight.assign(2.0)
    assert digest(one) != before
    assert read(one).kind == "data"


def test_a_traced_function_is_its_graph() -> None:
    """Operations, their order, constants and functions inside, whatever all of them are called."""
    assert digest(concrete(2.0)) == digest(concrete(2.0)) != digest(concrete(3.0))
    assert read(concrete(2.0)).kind == "definition"


def branching(constant: float, swapped: bool = False) -> Any:
    """A traced function that calls others."""
    inner = tf.function(lambda x, y: x - y * constant, autograph=False)

    def outer(x: Any, y: Any) -> Any:
        return tf.cond(x > 0, lambda: inner(y, x) if swapped else inner(x, y), lambda: x)

    specification = tf.TensorSpec([])
    return tf.function(outer, autograph=False).get_concrete_function(specification, specification)


def test_functions_inside_of_a_graph_count() -> None:
    """A constant deep inside, and which argument goes where."""
    assert digest(branching(2.0)) == digest(branching(2.0))
    assert digest(branching(2.0)) != digest(branching(3.0))
    assert digest(branching(2.0)) != digest(branching(2.0, swapped=True))


def test_variables_of_a_graph_are_part_of_it() -> None:
    """A traced function reads them where they are."""
    weight = tf.Variable(1.0)
    one = tf.function(lambda: weight * 2, autograph=False).get_concrete_function()
    assert changed(one, lambda _: weight.assign(3.0)) == {"x.variables[0]": 2.0}


# Datasets.

PIPELINES: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
    "tensors": (
        lambda: Dataset.from_tensor_slices({"a": [1, 2]}),
        lambda: Dataset.from_tensor_slices({"a": [1, 3]}),
    ),
    "ragged": (
        lambda: Dataset.from_tensor_slices(tf.ragged.constant([[1], [2, 3]])),
        lambda: Dataset.from_tensor_slices(tf.ragged.constant([[1], [2, 4]])),
    ),
    "sparse": (
        lambda: Dataset.from_tensors(tf.sparse.from_dense([[0, 1]])),
        lambda: Dataset.from_tensors(tf.sparse.from_dense([[0, 2]])),
    ),
    "map": (
        lambda: Dataset.range(3).map(tf.autograph.experimental.do_not_convert(lambda x: x + 1)),
        lambda: Dataset.range(3).map(tf.autograph.experimental.do_not_convert(lambda x: x + 2)),
    ),
    "batch": (lambda: Dataset.range(9).batch(2), lambda: Dataset.range(9).batch(3)),
    "shuffle": (lambda: Dataset.range(9).shuffle(3, seed=1), lambda: Dataset.range(9).shuffle(3, seed=2)),
    "zip": (
        lambda: Dataset.zip(Dataset.range(3), Dataset.range(4)),
        lambda: Dataset.zip(Dataset.range(4), Dataset.range(3)),
    ),
    "enumerate": (lambda: Dataset.range(3).enumerate(), lambda: Dataset.range(3).enumerate(1)),
    "generator": (
        lambda: Dataset.from_generator(lambda: iter([1]), output_signature=tf.TensorSpec([], tf.int32)),
        lambda: Dataset.from_generator(lambda: iter([2]), output_signature=tf.TensorSpec([], tf.int32)),
    ),
    "prefetch": (lambda: Dataset.range(3).prefetch(1), lambda: Dataset.range(3).prefetch(2)),
    "files": (lambda: tf.data.TextLineDataset("a.txt"), lambda: tf.data.TextLineDataset("b.txt")),
    "options": (lambda: Dataset.range(3), lambda: Dataset.range(3).with_options(unordered())),
}


def unordered() -> tf.data.Options:
    """A setting that is not the default."""
    options = tf.data.Options()
    options.deterministic = False
    return options


@pytest.mark.parametrize("kind", PIPELINES)
def test_a_dataset_is_how_it_is_built(kind: str) -> None:
    """Equal when it is built alike; every part of the way counts."""
    make, other = PIPELINES[kind]
    assert digest(make()) == digest(make()) != digest(other())
    assert not read(make()).opaque
    assert read(make()).kind == "data"


def test_going_through_a_dataset_changes_nothing() -> None:
    """It begins anew each time."""
    data = Dataset.range(10).batch(3).cache().prefetch(2)
    before = digest(data)
    assert len(list(data)) == 4
    assert digest(data) == before


def test_a_shuffled_dataset_holds_a_generator() -> None:
    """Going through it moves that one, and the dataset not; looking at it moves nothing."""
    data = Dataset.range(20).shuffle(20, seed=1).batch(2)
    before, stood = digest(data), generator_digests(data)
    assert len(stood) == 1
    assert generator_digests(data) == stood
    first = orders(data)
    assert digest(data) == before
    assert generator_digests(data) != stood
    assert orders(Dataset.range(20).shuffle(20, seed=1).batch(2)) == first


def orders(data: Any) -> list[list[int]]:
    """What one pass over batches of numbers gives."""
    return [batch.tolist() for batch in data.as_numpy_iterator()]


# Generators of random numbers.


def test_a_generator_is_where_it_stands() -> None:
    """It is no data, and drawing moves it."""
    one = tf.random.Generator.from_seed(1)
    assert read(one).kind == "generator"
    (stood,) = generator_digests(one)
    assert generator_digests(tf.random.Generator.from_seed(1)) == [stood]
    assert generator_digests(tf.random.Generator.from_seed(2)) != [stood]
    one.normal([2])
    assert generator_digests(one) != [stood]


def test_a_generator_takes_no_state_of_another_algorithm() -> None:
    """It stays where it is."""
    one, other = (tf.random.Generator.from_seed(1, alg=name) for name in ("philox", "threefry"))
    (stood,) = generator_digests(one)
    generators.set_state(one, next(iter(look(x=other)[0].generators.values())).state)
    state = next(item.state for item in look(x=other)[0].generators.values() if item.target is other)
    generators.set_state(one, state)
    assert generator_digests(one) == [stood]


SHUFFLED = Dataset.range(40).shuffle(40)
OWN = tf.random.Generator.from_seed(5)
TRACED = tf.function(lambda: tf.random.normal([4]), autograph=False)

DRAWS: dict[str, tuple[Any, Callable[[], Any]]] = {
    "normal": (None, lambda: tf.random.normal([4])),
    "with a seed of its own": (None, lambda: tf.random.normal([4], seed=5)),
    "shuffle": (None, lambda: tf.random.shuffle(tf.range(30))),
    "dropout": (None, lambda: tf.nn.dropout(tf.ones(50), 0.5)),
    "in a function": (None, TRACED),
    "the global generator": (None, lambda: tf.random.get_global_generator().normal([4])),
    "split": (None, lambda: tf.random.get_global_generator().split(1)[0].normal([4])),
    "from the system": (None, lambda: tf.random.Generator.from_non_deterministic_state().normal([4])),
    "a new dataset": (None, lambda: list(Dataset.range(40).shuffle(40).as_numpy_iterator())),
    "a dataset": (SHUFFLED, lambda: list(SHUFFLED.as_numpy_iterator())),
    "a generator": (OWN, lambda: OWN.normal([4])),
}


@pytest.mark.parametrize("seeded", [True, False])
@pytest.mark.parametrize("kind", DRAWS)
def test_draws_repeat_when_put_back(kind: str, seeded: bool) -> None:
    """Whatever draws, and whether or not the global seed was set; without put-back they do not."""
    held, draw = DRAWS[kind]
    if seeded:
        tf.random.set_seed(3)
    _, pins = look(held=held)
    drawn = [np.asarray(draw()).tolist() for _ in range(2)]
    generators.put_back(look(held=held)[0].generators, pins)
    assert [np.asarray(draw()).tolist() for _ in range(2)] == drawn
    assert drawn[0] != drawn[1]


def test_draws_in_new_functions_repeat() -> None:
    """Unseeded ones, and two functions do not draw the same only since both could be put back."""
    _, pins = look()
    drawn = [in_a_new_function(), in_a_new_function()]
    generators.put_back(look()[0].generators, pins)
    assert [in_a_new_function(), in_a_new_function()] == drawn
    assert drawn[0] != drawn[1]


def in_a_new_function() -> list[float]:
    """One that counts its operations from zero."""
    drawn: list[float] = tf.function(lambda: tf.random.normal([4]), autograph=False)().numpy().tolist()
    return drawn


def global_digest() -> bytes:
    """Where TensorFlow's own generator stands."""
    return next(item["digest"] for item in look()[1] if item["name"] == "tensorflow")


def test_a_seed_moves_the_global_generator_and_so_does_a_draw() -> None:
    """The same seed brings it to the same place."""
    tf.random.set_seed(1)
    one = global_digest()
    tf.random.normal([2])
    assert global_digest() != one
    tf.random.set_seed(1)
    assert global_digest() == one
    tf.random.set_seed(2)
    assert global_digest() != one


def test_draws_that_have_their_seed_move_nothing() -> None:
    """`stateless_normal` is a plain computation."""
    before = global_digest()
    tf.random.stateless_normal([2], [1, 2])
    assert global_digest() == before


def test_reading_draws_nothing() -> None:
    """A seeded notebook draws the same with nbrerun looking on."""
    assert seeded_draws(lambda **_: None) == seeded_draws(look)


def seeded_draws(between: Callable[..., object]) -> list[Any]:
    """From every kind of generator, with something happening in between."""
    tf.random.set_seed(4)
    net, own, data = module(), tf.random.Generator.from_seed(1), Dataset.range(20).shuffle(20)
    drawn: list[Any] = []
    for _ in range(3):
        between(net=net, own=own, data=data)
        drawn += [tf.random.normal([2]).numpy().tolist(), own.normal([2]).numpy().tolist()]
        drawn.append(list(data.as_numpy_iterator()))
    return drawn
