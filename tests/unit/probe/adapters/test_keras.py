"""How Keras's objects are read: models, layers, optimizers, metrics, callbacks, seed generators, files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import numpy as np
import pytest
from keras import layers

from nbrerun.probe.file_values import contents
from nbrerun.probe.read import generators
from nbrerun.probe.read.parts import leaves
from tests.unit.probe.looking import changed, digest, generator_digests, look, notebook, paths, read, texts

X = np.linspace(-1, 1, 16).reshape(8, 2).astype("float32")
Y = (X.sum(1, keepdims=True) > 0).astype("float32")


@pytest.fixture(autouse=True)
def _global_generators_stay() -> Iterator[None]:
    """Other tests find the global generators where they were."""
    _, pins = look()
    yield
    generators.put_back(look()[0].generators, pins)


def network(**compiled: Any) -> Any:
    """A seeded one, with something of everything; without functions compiled for it, which take their time."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.Input((2,)), layers.Dense(3), layers.BatchNormalization(), layers.Dropout(0.5), layers.Dense(1)]
    )
    settings = {"optimizer": keras.optimizers.Adam(0.05), "loss": "mse", "run_eagerly": True}
    model.compile(**{**settings, **compiled})
    return model


def again(model: Any, **compiled: Any) -> None:
    """Compile once more, with the same optimizer."""
    model.compile(**{"optimizer": model.optimizer, "loss": "mse", "run_eagerly": True, **compiled})


def step(model: Any) -> None:
    """One step of training."""
    model.train_on_batch(X, Y)


# Models.


def connected(inner: Callable[[Any, Any], Any]) -> Any:
    """A model of two layers that are put together in some way."""
    keras.utils.set_random_seed(0)
    given = keras.Input((2,))
    return keras.Model(given, inner(layers.Dense(2)(given), layers.Dense(2)(given)))


MODELS: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
    "units": (
        lambda: keras.Sequential([keras.Input((2,)), layers.Dense(1)]),
        lambda: keras.Sequential([keras.Input((2,)), layers.Dense(2)]),
    ),
    "activation": (lambda: layers.Dense(1, "relu"), lambda: layers.Dense(1, "tanh")),
    "regularizer": (lambda: layers.Dense(1, kernel_regularizer="l1"), lambda: layers.Dense(1, kernel_regularizer="l2")),
    "initializer": (
        lambda: layers.Dense(1, kernel_initializer=keras.initializers.HeNormal(1)),
        lambda: layers.Dense(1, kernel_initializer=keras.initializers.HeNormal(2)),
    ),
    "a name of the person's": (lambda: layers.Dense(1, name="head"), lambda: layers.Dense(1, name="tail")),
    "order": (
        lambda: connected(lambda one, other: layers.Subtract()([one, other])),
        lambda: connected(lambda one, other: layers.Subtract()([other, one])),
    ),
    "wiring": (
        lambda: connected(lambda one, other: layers.Concatenate()([one, other, one])),
        lambda: connected(lambda one, other: layers.Concatenate()([one, other, other])),
    ),
    "constant": (lambda: connected(lambda one, _: one * 2.0), lambda: connected(lambda one, _: one * 3.0)),
    "operation": (
        lambda: connected(lambda one, _: keras.ops.sum(one, axis=0)),
        lambda: connected(lambda one, _: keras.ops.sum(one, axis=1)),
    ),
    "nested": (
        lambda: keras.Sequential([keras.Input((2,)), keras.Sequential([layers.Dense(1)])]),
        lambda: keras.Sequential([keras.Input((2,)), keras.Sequential([layers.Dense(2)])]),
    ),
    "both ways": (
        lambda: keras.Sequential([keras.Input((3, 2)), layers.Bidirectional(layers.LSTM(1))]),
        lambda: keras.Sequential([keras.Input((3, 2)), layers.Bidirectional(layers.LSTM(2))]),
    ),
    "precision": (lambda: layers.Dense(1, dtype="mixed_float16"), lambda: layers.Dense(1)),
    "vocabulary": (lambda: layers.StringLookup(vocabulary=["a"]), lambda: layers.StringLookup(vocabulary=["b"])),
    "words": (
        lambda: layers.TextVectorization(vocabulary=["a"]),
        lambda: layers.TextVectorization(vocabulary=["a"], ngrams=2),
    ),
    "attention": (lambda: layers.MultiHeadAttention(1, 2), lambda: layers.MultiHeadAttention(2, 2)),
}


def seeded(make: Callable[[], Any]) -> Any:
    """Made with the same seed each time, under another automatic name."""
    keras.utils.set_random_seed(0)
    return make()


@pytest.mark.parametrize("kind", MODELS)
def test_models_and_layers_made_alike_are_equal(kind: str) -> None:
    """Automatic names are counted up, and are no value; whatever a person wrote is."""
    make, other = MODELS[kind]
    assert digest(seeded(make)) == digest(seeded(make)) != digest(seeded(other))
    assert read(make()).kind == "model"
    assert not read(make()).opaque


def test_parts_of_a_model_are_named_as_one_types_them() -> None:
    """Layers by their places, weights and statistics by their attributes."""
    found = paths(network())
    assert {"x.layers[0].kernel", "x.layers[1].moving_mean", "x.optimizer.learning_rate"} <= found
    assert not any("_trainable_variables" in path or "_functional" in path for path in found)
    assert texts(network())["x.loss"] == "'mse'"


def test_a_step_of_training_moves_weights_statistics_moments_and_count() -> None:
    """Each is named; equal steps lead to equal models."""
    model = network()
    step(model)
    found = changed(model, step)
    weights = {"x.layers[0].kernel", "x.layers[3].bias", "x.layers[1].gamma"}
    statistics = {"x.layers[1].moving_mean", "x.layers[1].moving_variance"}
    moments = {"x.optimizer._momentums[0]", "x.optimizer._velocities[0]"}
    assert weights | statistics | moments <= set(found)
    assert found["x.optimizer.iterations"] == 1
    assert not any(path.startswith("x.compiled") for path in found)
    twin = network()
    step(twin)
    assert digest(twin) != digest(model)
    step(twin)
    assert digest(twin) == digest(model)


def test_predicting_and_evaluating_change_nothing() -> None:
    """Neither functions that are compiled for it nor metrics that count are value."""
    model = network(metrics=["mae"])
    before, stood = digest(model), generator_digests(model)
    model.predict_on_batch(X)
    model.test_on_batch(X, Y)
    model(X)
    assert (digest(model), generator_digests(model)) == (before, stood)


MOVES: dict[str, tuple[Callable[[Any], object], set[str]]] = {
    "statistics": (
        lambda model: model(X, training=True),
        {"x.layers[1].moving_mean", "x.layers[1].moving_variance"},
    ),
    "learning rate": (lambda model: setattr(model.optimizer, "learning_rate", 0.5), {"x.optimizer.learning_rate"}),
    "steps": (lambda model: model.optimizer.iterations.assign(7), {"x.optimizer.iterations"}),
    "weight": (lambda model: model.layers[3].bias.assign([2.0]), {"x.layers[3].bias"}),
    "frozen": (
        lambda model: setattr(model.layers[0], "trainable", False),
        {"x.layers[0].trainable", "x.layers[0].kernel", "x.layers[0].bias"},
    ),
    "rate": (lambda model: setattr(model.layers[2], "rate", 0.1), {"x.layers[2].rate"}),
    "loss": (lambda model: again(model, loss="mae"), {"x.loss"}),
    "metrics": (lambda model: again(model, metrics=["mae"]), {"x.compiled['metrics']"}),
    "loss weights": (lambda model: again(model, loss_weights=[2.0]), {"x.compiled['loss_weights']"}),
    "eagerly": (lambda model: again(model, run_eagerly=False), {"x.run_eagerly"}),
    "steps at once": (lambda model: again(model, steps_per_execution=2), {"x.steps_per_execution"}),
    "nothing": (lambda model: again(model), set()),
}


@pytest.mark.parametrize("kind", MOVES)
def test_what_moved_in_a_model_is_named(kind: str) -> None:
    """And nothing else."""
    move, expected = MOVES[kind]
    assert set(changed(network(), move)) == expected


def test_compiling_anew_begins_a_new_optimizer() -> None:
    """Its moments and steps are gone, the weights stay."""
    model = network()
    step(model)
    found = changed(model, lambda it: again(it, optimizer=keras.optimizers.Adam(0.05)))
    assert found["x.optimizer.iterations"] == 1
    assert "x.optimizer._momentums" in found
    assert not any(path.startswith("x.layers") for path in found)


def test_a_class_of_ones_own_keeps_what_it_keeps() -> None:
    """Layers in containers, weights, counters whatever they are called."""
    space = notebook(
        """
        import keras
        class Net(keras.Model):
            def __init__(self):
                super().__init__()
                self.head = keras.layers.Dense(1)
                self.parts = [keras.layers.Dense(2), keras.layers.Dense(2)]
                self.shift = self.add_weight(shape=(2,))
                self._call_count = 0
                self.seen = {}
            def call(self, x):
                self._call_count += 1
                for part in self.parts:
                    x = part(x)
                return self.head(x + self.shift)
        """
    )
    keras.utils.set_random_seed(0)
    net = space["Net"]()
    net(X)
    assert {"x.head.kernel", "x.parts[1].kernel", "x.shift"} <= paths(net)
    assert changed(net, lambda it: it(X)) == {"x._call_count": 1.0}
    assert set(changed(net, lambda it: it.seen.update({"a": 1}))) == {"len(x.seen)", "x.seen['a']"}
    keras.utils.set_random_seed(0)
    twin = space["Net"]()
    twin(X)
    twin(X)
    twin.seen["a"] = 1
    assert digest(twin) == digest(net)


def test_a_layer_that_adapts_shows_it() -> None:
    """Adapting to the same data again leaves it as it is."""
    norm = layers.Normalization()
    before = digest(norm)
    norm.adapt(X)
    once = digest(norm)
    assert once != before
    norm.adapt(X)
    assert digest(norm) == once
    norm.adapt(X + 1)
    assert digest(norm) != once


def test_a_recurrent_layer_keeps_its_state() -> None:
    """A stateful one goes on from batch to batch."""
    keras.utils.set_random_seed(0)
    memory = layers.GRU(2, stateful=True)
    batch = np.ones((1, 3, 2), "float32")
    memory(batch)
    assert set(changed(memory, lambda it: it(batch))) == {"x.states[0]"}
    assert set(changed(memory, lambda it: it.reset_states())) == {"x.states[0]"}


def test_a_symbol_is_how_it_is_computed() -> None:
    """Shape and operation; what a layer there has learnt is in the layer."""

    def make(units: int) -> Any:
        return layers.Dense(units)(keras.Input((2,)))

    assert digest(make(1)) == digest(make(1)) != digest(make(2))
    assert not read(make(1)).opaque


# Optimizers, metrics, losses, callbacks.

OPTIMIZERS = ["SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Nadam", "Lion", "Ftrl"]


def optimizer(name: str, steps: int, **settings: Any) -> Any:
    """One that has taken some steps."""
    weight = keras.Variable(np.ones((2, 2), "float32"))
    made = getattr(keras.optimizers, name)(0.1, **settings)
    made.build([weight])
    for _ in range(steps):
        made.apply([np.ones((2, 2), "float32")])
    return made


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimizer_is_settings_and_steps(name: str) -> None:
    """Equal after equal steps; one more moves its count."""
    one = optimizer(name, 1)
    assert digest(one) == digest(optimizer(name, 1))
    assert read(one).kind == "model"
    assert not read(one).opaque
    found = changed(one, lambda it: it.apply([np.ones((2, 2), "float32")]))
    assert found["x.iterations"] == 1


def test_moments_of_an_optimizer_are_named() -> None:
    """With their sizes."""
    found = changed(optimizer("SGD", 1, momentum=0.5), lambda it: it.apply([np.ones((2, 2), "float32")]))
    assert found["x.momentums[0]"] == pytest.approx(0.05)


def test_a_schedule_is_part_of_its_optimizer() -> None:
    """The rate is computed from the steps."""
    schedules = [keras.optimizers.schedules.ExponentialDecay(0.1, steps, 0.9) for steps in (5, 5, 6)]
    one, same, other = (digest(keras.optimizers.SGD(schedule)) for schedule in schedules)
    assert one == same != other


@pytest.mark.parametrize("name", ["MeanSquaredError", "AUC", "Precision", "Accuracy"])
def test_a_metric_is_what_it_has_counted(name: str) -> None:
    """By itself it is data that moves on, and `reset_state` begins anew."""
    one, other = getattr(keras.metrics, name)(), getattr(keras.metrics, name)()
    before = digest(one)
    assert before == digest(other)
    assert read(one).kind == "data"
    assert changed(one, lambda metric: metric.update_state([0.0, 1.0], [0.2, 0.9]))
    assert digest(one) != before
    one.reset_state()
    assert digest(one) == before


def test_losses_are_their_settings() -> None:
    """Not their names."""
    assert digest(keras.losses.Huber(1.0)) == digest(keras.losses.Huber(1.0)) != digest(keras.losses.Huber(2.0))


CALLBACKS: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
    "patience": (lambda: keras.callbacks.EarlyStopping(), lambda: keras.callbacks.EarlyStopping(patience=2)),
    "factor": (lambda: keras.callbacks.ReduceLROnPlateau(), lambda: keras.callbacks.ReduceLROnPlateau(factor=0.5)),
    "file": (
        lambda: keras.callbacks.ModelCheckpoint("a.keras"),
        lambda: keras.callbacks.ModelCheckpoint("b.keras"),
    ),
    "schedule": (
        lambda: keras.callbacks.LearningRateScheduler(lambda epoch: 0.1),
        lambda: keras.callbacks.LearningRateScheduler(lambda epoch: 0.2),
    ),
}


@pytest.mark.parametrize("kind", CALLBACKS)
def test_callbacks_are_their_settings(kind: str) -> None:
    """Before they have seen anything."""
    make, other = CALLBACKS[kind]
    assert digest(make()) == digest(make()) != digest(other())
    assert not read(make()).opaque


def test_fitting_leaves_a_history_and_moves_callbacks() -> None:
    """What stopping early goes by, each epoch's loss, and what a callback of one's own keeps; no clock, no model."""
    own = notebook(
        """
        import keras
        class Counts(keras.callbacks.Callback):
            best_time = 0
            def on_epoch_end(self, epoch, logs=None):
                self.best_time = self.best_time + 1
        """
    )["Counts"]
    made = []
    for _ in range(2):
        stop, counts, model = keras.callbacks.EarlyStopping("loss", restore_best_weights=True), own(), network()
        found = changed(stop, lambda it, fitted=(model, counts): fit(fitted[0], it, fitted[1]))
        assert {"x.best", "x.best_epoch", "x.best_weights[0]"} <= set(found)
        made.append((model.history, stop, counts, model))
    one, other = made
    assert [digest(part) for part in one] == [digest(part) for part in other]
    assert texts(one[2])["x.best_time"] == "2"
    assert not any("model" in path for part in one[:3] for path in paths(part))
    assert {"x.history['loss'][1]", "x.epoch"} <= paths(one[0]) | {f"{path}[1]" for path in paths(one[0])}
    assert not any(path.startswith("x.history") for path in paths(one[3]))  # a model that was loaded has none
    assert changed(one[0], lambda it: it.history["loss"].append(0.0)) != {}


def fit(model: Any, *callbacks: Any, epochs: int = 2) -> Any:
    """Train on all at once."""
    return model.fit(X, Y, batch_size=8, epochs=epochs, verbose=0, callbacks=list(callbacks))


def test_names_of_metrics_in_a_history_are_no_value() -> None:
    """`auc` is `auc_2` when the cell is run again: Keras counts them up."""
    metric = keras.metrics.AUC
    histories = []
    for _ in range(2):
        keras.utils.set_random_seed(0)
        model = keras.Sequential([keras.Input((2,)), layers.Dense(1, "sigmoid")])
        metrics = [metric(), metric(curve="PR"), metric(name="mine")]
        model.compile("sgd", "binary_crossentropy", metrics=metrics, run_eagerly=True)
        histories.append((fit(model, epochs=1), model))
    one, other = histories
    assert list(one[0].history) != list(other[0].history)
    assert digest(one) == digest(other)
    assert {"x.history['auc']", "x.history['auc_1']", "x.history['mine']"} <= paths(other[0])


def histories_of(make: Callable[[], Any], times: int = 2) -> list[Any]:
    """What `fit` leaves of models that are made alike."""
    fitted = []
    for _ in range(times):
        keras.utils.set_random_seed(0)
        model = make()
        outputs = len(model.outputs)
        model.fit(X, [Y] * outputs if outputs > 1 else Y, batch_size=8, epochs=1, verbose=0)
        fitted.append(model.history)
    return fitted


def in_two(*parts: Callable[[Any], Any], metrics: Any = None) -> Any:
    """A model with more than one output."""
    given = keras.Input((2,))
    model = keras.Model(given, [part(given) for part in parts])
    model.compile("sgd", ["mse"] * len(parts), metrics=metrics, run_eagerly=True)
    return model


def test_names_of_outputs_in_a_history_are_no_value() -> None:
    """Neither when their counts get one digit more, nor with metrics, nor of operations; a person's stay."""
    auc = keras.metrics.AUC

    def make() -> Any:
        own = layers.Dense(1, name="mine_7")
        metrics = [[auc()], [auc()], ["mae"], ["mae"]]
        return in_two(layers.Dense(1), layers.Dense(1), lambda x: keras.ops.sum(x, 1, True), own, metrics=metrics)

    found = histories_of(make, 12)
    assert len({tuple(history.history) for history in found}) == 12
    assert len({digest(history) for history in found}) == 1
    names = {path[len("x.history['") : -len("']")] for path in paths(found[-1]) if path.startswith("x.history[")}
    losses = {"loss", "dense_loss", "dense_1_loss", "sum_loss", "mine_7_loss"}
    assert names == losses | {"dense_auc", "dense_1_auc_1", "sum_mae", "mine_7_mae"}


def test_another_loss_under_an_automatic_name_is_another_history() -> None:
    """Two outputs that changed places are not the same."""
    one = histories_of(lambda: in_two(layers.Dense(1), layers.Dense(1)), 1)[0]
    before = digest(one)
    logs = one.history
    first, second = (name for name in logs if name != "loss")
    logs[first], logs[second] = logs[second], logs[first]
    assert logs[first] != logs[second]
    assert digest(one) != before


def test_a_history_outlives_what_the_model_was_compiled_with() -> None:
    """Metrics of one's own as well: compiling anew does not touch what is in it."""
    own = notebook(
        """
        import keras
        class MyError(keras.metrics.Metric):
            def update_state(self, y_true, y_pred, sample_weight=None):
                pass
            def result(self):
                return 1.0
        """
    )["MyError"]
    histories = []
    for _ in range(2):
        model = network(metrics=[own(), keras.metrics.AUC()])
        histories.append(fit(model, epochs=1))
        before = digest(histories[-1])
        again(model, metrics=[keras.metrics.AUC()])
        assert digest(histories[-1]) == before
    assert list(histories[0].history) != list(histories[1].history)
    assert digest(histories[0]) == digest(histories[1])
    assert {"x.history['my_error']", "x.history['auc']"} <= paths(histories[1])


def test_the_seed_of_an_initializer_is_told_first() -> None:
    """It is what differs, and a text has little room."""
    text = texts(keras.initializers.GlorotUniform(7))["x"]
    assert text.startswith("GlorotUniform(seed=7, ")


# What random numbers come from.


def test_a_seed_generator_is_where_it_stands() -> None:
    """It is no data, and drawing moves it; a layer's is found in the model."""
    one = keras.random.SeedGenerator(1)
    assert read(one).kind == "generator"
    (stood,) = generator_digests(one)
    assert (
        [stood] == generator_digests(keras.random.SeedGenerator(1)) != generator_digests(keras.random.SeedGenerator(2))
    )
    keras.random.normal((2,), seed=one)
    assert generator_digests(one) != [stood]
    model = network()
    before, stands = digest(model), generator_digests(model)
    model.layers[2](X, training=True)
    assert digest(model) == before
    assert generator_digests(model) != stands != []


OWN = keras.random.SeedGenerator(5)
DROP = layers.Dropout(0.5)

DRAWS: dict[str, tuple[Any, Callable[[], Any]]] = {
    "normal": (None, lambda: keras.random.normal((4,))),
    "a generator": (OWN, lambda: keras.random.normal((4,), seed=OWN)),
    "a layer": (DROP, lambda: DROP(np.ones((1, 50), "float32"), training=True)),
    "new weights": (None, lambda: network_weights()),
    "a new layer": (None, lambda: layers.Dropout(0.5)(np.ones((1, 50), "float32"), training=True)),
}


def network_weights() -> Any:
    """What a new layer begins with."""
    layer = layers.Dense(3)
    layer.build((None, 3))
    return layer.kernel


@pytest.mark.parametrize("is_seeded", [True, False])
@pytest.mark.parametrize("kind", DRAWS)
def test_draws_repeat_when_put_back(kind: str, is_seeded: bool) -> None:
    """Whatever draws, and whether or not a seed was set; without put-back they do not."""
    held, draw = DRAWS[kind]
    if is_seeded:
        keras.utils.set_random_seed(3)
    _, pins = look(held=held)
    drawn = [np.asarray(draw()).tolist() for _ in range(2)]
    generators.put_back(look(held=held)[0].generators, pins)
    assert [np.asarray(draw()).tolist() for _ in range(2)] == drawn
    assert drawn[0] != drawn[1]


def test_training_repeats_when_put_back() -> None:
    """Shuffling, and dropout in a compiled function."""
    model = network()
    weights = model.get_weights()
    model.compile("sgd", "mse")
    _, pins = look(model=model)
    trained = []
    for _ in range(2):
        generators.put_back(look(model=model)[0].generators, pins)
        model.set_weights(weights)
        model.fit(X, Y, batch_size=2, epochs=1, verbose=0)
        trained.append(model.layers[0].kernel.numpy().tolist())
    model.set_weights(weights)
    model.fit(X, Y, batch_size=2, epochs=1, verbose=0)
    assert trained[0] == trained[1] != model.layers[0].kernel.numpy().tolist()


def global_digest() -> bytes:
    """Where Keras's own generator stands."""
    return next(item["digest"] for item in look()[1] if item["name"] == "keras")


def test_a_seed_moves_the_global_generator_and_so_does_a_draw() -> None:
    """The same seed brings it to the same place."""
    keras.utils.set_random_seed(1)
    one = global_digest()
    keras.random.normal((2,))
    drawn = global_digest()
    assert drawn != one
    keras.random.normal((2,))
    assert global_digest() != drawn
    keras.utils.set_random_seed(1)
    assert global_digest() == one
    keras.utils.set_random_seed(2)
    assert global_digest() != one


def test_reading_draws_nothing_and_moves_nothing() -> None:
    """Neither a generator nor a model, nor what the next layer is called."""
    model, names = network(), [layers.Dense(1).name for _ in range(2)]
    stood, weights = global_digest(), [weight.tolist() for weight in model.get_weights()]
    look(model=model, optimizer=model.optimizer, metric=keras.metrics.AUC(), drop=DROP)
    leaves("model", model)
    assert global_digest() == stood
    assert [weight.tolist() for weight in model.get_weights()] == weights
    first, second, third = (int(name.rpartition("_")[2]) for name in (*names, layers.Dense(1).name))
    assert second - first == third - second == 1


# Files.

STORED: dict[str, Callable[[Any, str], object]] = {
    "model.keras": lambda model, path: model.save(path),
    "model.weights.h5": lambda model, path: model.save_weights(path),
    "model.h5": lambda model, path: model.save(path),
}


@pytest.mark.parametrize("name", STORED)
@pytest.mark.filterwarnings("ignore")
def test_a_stored_model_is_its_weights(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same model saved twice is the same file, under whichever date and names; other weights are another."""
    found = []
    for number, shift in enumerate([0.0, 0.0, 1.0]):
        clock = SimpleNamespace(now=lambda number=number: datetime(2030, 1, 1 + number))
        monkeypatch.setattr("keras.src.saving.saving_lib.datetime", SimpleNamespace(datetime=clock))
        model = network()
        model.layers[3].bias.assign([shift])
        path = tmp_path / f"{number}{name}"
        STORED[name](model, str(path))
        found.append(contents.read(os.fsencode(path)))
    assert found[0] == found[1] != found[2]


def test_a_model_loaded_twice_is_equal(tmp_path: Path) -> None:
    """Steps and moments of its optimizer included."""
    model = network()
    step(model)
    path = str(tmp_path / "model.keras")
    model.save(path)
    one, other = (keras.models.load_model(path) for _ in range(2))
    assert digest(one) == digest(other)
    assert not changed(other, lambda it: it.set_weights(model.get_weights()))
    assert changed(other, step)["x.optimizer.iterations"] == 1
