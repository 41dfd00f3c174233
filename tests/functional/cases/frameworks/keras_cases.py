"""Keras: fit, layers with state of their own, callbacks, files; the same on every backend."""

from tests.functional.cases.case import DATA, Case, LabelledCell, cell
from tests.functional.cases.files_models import saves, via_file

MODEL = {"model": "model"}

EXPORTED = tuple(
    f"exported/{name}"
    for name in (
        "fingerprint.pb",
        "saved_model.pb",
        "variables/variables.data-00000-of-00001",
        "variables/variables.index",
    )
)
FOR_TENSORFLOW = (
    saves("fresh.save_weights('plain.weights.h5')", "plain.weights.h5", fresh="untouched"),
    saves("fresh.export('exported', verbose=False)", *EXPORTED),
    cell(
        "served = layers.TFSMLayer('exported')",
        "persisted",
        served="persisted",
        fresh="untouched",
        via=via_file("served"),
        kinds={"served": "model"},
    ),
)
"""Weights alone, what TensorFlow is given to serve, and a layer that comes from it."""


def begins(backend: str) -> LabelledCell:
    """Import Keras on a backend, with a seed."""
    return cell(
        f"""
        import os
        os.environ["KERAS_BACKEND"] = "{backend}"
        import keras
        from keras import layers
        keras.utils.set_random_seed(0)

        def make(*parts):
            model = keras.Sequential([keras.Input((2,)), *parts, layers.Dense(1)])
            model.compile(keras.optimizers.Adam(0.05), "mse")
            return model
        """,
        "reset",
    )


def training(backend: str) -> Case:
    """Training, starting over, parts, callbacks."""
    return Case(
        f"keras on {backend}: training and starting over",
        DATA,
        begins(backend),
        cell(
            "keras.utils.set_random_seed(0)\nmodel = make(layers.BatchNormalization(), layers.Dropout(0.5))",
            "reset",
            model="reset",
            how={"model": "recreated"},
            marks={"model": ()},
            kinds=MODEL,
        ),
        cell(
            "history = model.fit(X, y, epochs=1, verbose=0)",
            "in-place",
            model="in-place",
            history="reset",
            X="untouched",
            marks={"history": {"follows"}},
            kinds=MODEL,
        ),
        cell(
            "pred = model.predict(X, verbose=0)",
            "reset",
            pred="reset",
            model="untouched",
            marks={"pred": {"drifts"}},
            kinds={"pred": "data"},
        ),
        cell("model.evaluate(X, y, verbose=0);", "stateless", model="untouched"),
        cell("out = model(X, training=True)", "in-place", model="in-place"),
        cell("model.layers[-1].trainable = False", "reset", model="reset", how={"model": "refitted"}),
        cell("for layer in model.layers:\n    layer.trainable = False", "reset", model="reset"),
        cell(
            """
            keras.utils.set_random_seed(0)
            fresh = make()
            fresh.fit(X, y, epochs=1, verbose=0);
            """,
            "reset",
            fresh="reset",
            model="untouched",
            how={"fresh": "recreated"},
            marks={"fresh": ()},
            kinds={"fresh": "model"},
        ),
        cell(
            "loose = make()\nloose.fit(X, y, epochs=1, shuffle=False, verbose=0);",
            "reset",
            loose="reset",
            how={"loose": "recreated"},
            marks={"loose": {"unseeded"}},
        ),
        cell(
            "keras.utils.set_random_seed(1)\ndrop = keras.Sequential([layers.Dropout(0.5)])\ndrop(X, training=True);",
            "reset",
            drop="reset",
            marks={"drop": ()},
        ),
        cell("masked = drop(X, training=True)", "reset", masked="reset", marks={"masked": {"unseeded"}}),
        cell("weights = fresh.get_weights()", "reset", weights="reset", fresh="untouched", kinds={"weights": "data"}),
        cell("twin = keras.models.clone_model(fresh)", "reset", twin="reset", marks={"twin": {"unseeded"}}),
        cell(
            "twin.set_weights(weights)",
            "reset",
            twin="reset",
            weights="untouched",
            how={"twin": "refitted"},
            marks={"twin": ()},
        ),
        cell(
            """
            keras.utils.set_random_seed(0)
            keras.metrics.AUC()  # the next is auc_1
            given = keras.Input((2,))
            forked = keras.Model(given, [layers.Dense(1)(given), layers.Dense(1)(given)])
            forked.compile("sgd", ["mse", "mse"], metrics=[[keras.metrics.AUC()], []])
            """,
            "reset",
            forked="reset",
            how={"forked": "recreated"},
            marks={"forked": ()},
        ),
        cell(
            "logs = forked.fit(X, [y, y], epochs=1, shuffle=False, verbose=0)",
            "in-place",
            forked="in-place",
            logs="reset",
            marks={"forked": (), "logs": {"follows"}},
        ),
        cell(
            "forked.compile('sgd', ['mse', 'mse'], metrics=[['mae'], []])",
            "reset",
            forked="reset",
            logs="untouched",
            how={"forked": "refitted"},
            marks={"forked": ()},
        ),
        *(FOR_TENSORFLOW if backend == "tensorflow" else ()),
        cell("opt = keras.optimizers.SGD(0.1, momentum=0.9)", "reset", opt="reset", kinds={"opt": "model"}),
        cell("other = make()\nother.compile(opt, 'mse')\nother.fit(X, y, epochs=1, verbose=0);", "error"),
    )


def state(backend: str) -> Case:
    """Layers and callbacks that keep something, and files."""
    return Case(
        f"keras on {backend}: callbacks, layers that adapt, files",
        DATA,
        begins(backend),
        cell(
            """
            class Losses(keras.callbacks.Callback):
                def __init__(self):
                    super().__init__()
                    self.losses = []

                def on_epoch_end(self, epoch, logs=None):
                    self.losses.append(logs["loss"])
            """,
            "stateless",
        ),
        cell(
            """
            keras.utils.set_random_seed(0)
            model = make(layers.Dense(3))
            losses, stop = Losses(), keras.callbacks.EarlyStopping("loss", patience=1)
            norm = layers.Normalization()
            """,
            "reset",
            model="reset",
            losses="reset",
            stop="reset",
            norm="reset",
            kinds={"norm": "model"},
        ),
        cell(
            "model.fit(X, y, epochs=2, verbose=0, callbacks=[losses, stop]);",
            "in-place",
            model="in-place",
            losses="in-place",
            stop="in-place",
        ),
        cell("norm.adapt(X)", "reset", norm="reset", how={"norm": "refitted"}, marks={"norm": ()}),
        saves("model.save_weights('model.weights.h5')", "model.weights.h5", model="untouched"),
        cell(
            "again = make(layers.Dense(3))\nagain.load_weights('model.weights.h5')",
            "persisted",
            again="persisted",
            model="untouched",
            via=via_file("again"),
            kinds={"again": "model"},
        ),
        saves("model.save('model.keras')", "model.keras", model="untouched"),
        cell(
            "again = keras.models.load_model('model.keras')",
            "persisted",
            again="persisted",
            model="untouched",
            via=via_file("again"),
            kinds={"again": "model"},
        ),
        cell(
            """
            if os.path.exists("resumed.keras"):
                net = keras.models.load_model("resumed.keras")
            else:
                net = make()
            net.fit(X, y, epochs=1, verbose=0)
            net.save("resumed.keras")
            """,
            "in-place",
            net="in-place",
            variables={"file:resumed.keras": "in-place"},
        ),
        cell(
            """
            if os.path.exists("once.keras"):
                once = keras.models.load_model("once.keras")
            else:
                once = make()
                once.fit(X, y, epochs=1, verbose=0)
                once.save("once.keras")
            """,
            "persisted",
            once="persisted",
            via=via_file("once"),
        ),
    )
