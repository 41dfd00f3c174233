"""TensorFlow by hand: variables, tapes, generators, datasets."""

from tests.functional.cases.case import DATA, Case, cell

CASES = [
    Case(
        "tensorflow: variables, tapes, generators, datasets",
        DATA,
        cell("import tensorflow as tf\ntf.random.set_seed(0)", None),
        cell("w = tf.Variable([1.0, 2.0])\nb = tf.Variable(0.0)", "reset", w="reset", b="reset", marks={"w": ()}),
        cell("w.assign_add([1.0, 1.0]);", "in-place", w="in-place", b="untouched", marks={"w": ()}),
        cell("w.assign([0.0, 0.0]);", "reset", w="reset", how={"w": "refitted"}),
        cell(
            """
            for epoch in range(2):
                with tf.GradientTape() as tape:
                    loss = tf.reduce_mean((X.astype("float32") @ w[:, None] + b - y[:, None].astype("float32")) ** 2)
                for variable, gradient in zip((w, b), tape.gradient(loss, (w, b))):
                    variable.assign_sub(0.1 * gradient)
            """,
            "in-place",
            w="in-place",
            b="in-place",
            loss="reset",
            X="untouched",
            marks={"loss": {"follows"}},
        ),
        cell("total = tf.reduce_sum(tf.constant([1, 2, 3]))", "reset", total="reset", marks={"total": ()}),
        cell("g = tf.random.Generator.from_seed(0)", "reset", g="reset", kinds={"g": "generator"}),
        cell("z = g.normal([2])", "reset", z="reset", marks={"z": {"unseeded"}}),
        cell("tf.random.set_seed(1)\nfixed = tf.random.normal([2])", "reset", fixed="reset", marks={"fixed": ()}),
        cell("loose = tf.random.normal([2])", "reset", loose="reset", marks={"loose": {"unseeded"}}),
        cell("data = tf.data.Dataset.from_tensor_slices(X).batch(8)", "reset", data="reset"),
        cell("sums = [float(tf.reduce_sum(batch)) for batch in data]", "reset", sums="reset", data="untouched"),
        cell("batches = iter(data)", "reset", batches="reset"),
        cell("batch = next(batches)", "in-place", batch="in-place"),
        cell(
            """
            opt = tf.keras.optimizers.SGD(0.1, momentum=0.9)
            opt.build([w])
            """,
            "reset",
            opt="reset",
            kinds={"opt": "model"},
        ),
        cell("opt.apply_gradients([(tf.ones(2), w)]);", "in-place", opt="in-place", w="in-place"),
        cell(
            """
            @tf.function
            def double(x):
                return 2 * x

            doubled = double(tf.constant(2.0))
            """,
            "reset",
            doubled="reset",
            marks={"doubled": ()},
        ),
        cell("print(double(tf.constant(3.0)))", "stateless"),
    ),
    Case(
        "tensorflow: a checkpoint of a network",
        cell("import tensorflow as tf", "stateless"),
        cell(
            """
            net = tf.keras.Sequential([tf.keras.Input((3,)), tf.keras.layers.Dense(1, kernel_initializer="ones")])
            saves = tf.train.Checkpoint(net=net)
            """,
            "reset",
            net="reset",
        ),
        cell("path = saves.save('saved/a')", "in-place", net="untouched"),  # it numbers its saves
        cell("saves.restore(path);", "persisted", net="persisted", kinds={"net": "model"}),
    ),
]
