"""The notebooks to measure; each is a list of cell sources."""

from __future__ import annotations

from pathlib import Path

import nbformat

FORESTS = """
import numpy as np
from sklearn.datasets import make_classification
from sklearn.ensemble import ExtraTreesClassifier, GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
"""
DATA = "X, y = make_classification(n_samples=4000, n_features=30, n_informative=12, random_state=0)"
SPLIT = "X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)"


def compute() -> list[str]:
    """Fifteen cells that compute for at least ten seconds; every cell starts over."""
    return [
        FORESTS,
        DATA,
        SPLIT,
        "forest = RandomForestClassifier(n_estimators=100, random_state=0).fit(X_train, y_train)",
        "print(forest.score(X_test, y_test))",
        "extra = ExtraTreesClassifier(n_estimators=300, random_state=0).fit(X_train, y_train)",
        "boosted = GradientBoostingClassifier(n_estimators=50, random_state=0).fit(X_train, y_train)",
        "svm = make_pipeline(StandardScaler(), SVC()).fit(X_train, y_train)",
        "svm_scores = cross_val_score(svm, X_train, y_train, cv=5)",
        "forest_scores = cross_val_score(\n"
        "    RandomForestClassifier(n_estimators=40, random_state=0), X_train, y_train, cv=4\n)",
        "pipeline = make_pipeline(StandardScaler(), SVC())\n"
        "search = GridSearchCV(pipeline, {'svc__C': [0.3, 1.0, 3.0]}, cv=3)",
        "search.fit(X_train, y_train)",
        "deep = RandomForestClassifier(n_estimators=250, max_features=8, random_state=1)\ndeep.fit(X_train, y_train)",
        "votes = np.stack([model.predict(X_test) for model in (forest, extra, boosted, svm, search, deep)])",
        "print((np.round(votes.mean(axis=0)) == y_test).mean())",
    ]


def trivial() -> list[str]:
    """Two hundred cells that take no time."""
    return [f"value_{number} = {number} * 2" for number in range(200)]


def inplace() -> list[str]:
    """Twelve cells, three of which keep training."""
    return [
        FORESTS,
        DATA,
        SPLIT,
        "scaler = StandardScaler().fit(X_train)\nZ_train, Z_test = map(scaler.transform, (X_train, X_test))",
        "stream = SGDClassifier(random_state=0)\n"
        "net = MLPClassifier(hidden_layer_sizes=(64,), random_state=0)\n"
        "forest = RandomForestClassifier(n_estimators=30, warm_start=True, random_state=0)",
        "for _ in range(100):\n    stream.partial_fit(Z_train, y_train, classes=[0, 1])",
        "print(stream.score(Z_test, y_test))",
        "for _ in range(15):\n    net.partial_fit(Z_train, y_train, classes=[0, 1])",
        "print(net.score(Z_test, y_test))",
        "forest.n_estimators += 30\nforest.fit(X_train, y_train)",
        "linear = LogisticRegression().fit(Z_train, y_train)",
        "scores = {name: model.score(Z_test, y_test) for name, model in [('stream', stream), ('net', net)]}",
    ]


def bigdata() -> list[str]:
    """300 MB of arrays that stay in the namespace, and fifteen small cells."""
    arrays = [
        f"{name} = np.random.default_rng({seed}).normal(size=(125_000, 100))"
        for seed, name in enumerate(("first", "second", "third"))
    ]
    reads = [f"mean_{column} = first[:, {column}].mean() + second[0, {column}]" for column in range(11)]
    return ["import numpy as np", *arrays, *reads]


def keras() -> list[str]:
    """Twelve cells on TensorFlow, three of which keep training."""
    return [
        "import numpy as np\nimport keras",
        "keras.utils.set_random_seed(0)",
        "X = np.random.normal(size=(8000, 32)).astype('float32')\ny = (X[:, :4].sum(axis=1) > 0).astype('float32')",
        "X_train, X_test, y_train, y_test = X[:6000], X[6000:], y[:6000], y[6000:]",
        "def build():\n"
        "    layers = [keras.layers.Dense(64, 'relu'), keras.layers.Dropout(0.2), keras.layers.Dense(1, 'sigmoid')]\n"
        "    return keras.Sequential([keras.Input((32,)), *layers])",
        "model = build()\nmodel.compile('adam', 'binary_crossentropy', metrics=['accuracy'])",
        "history = model.fit(X_train, y_train, epochs=8, verbose=0)",
        "print(model.evaluate(X_test, y_test, verbose=0))",
        "more = model.fit(X_train, y_train, epochs=8, verbose=0)",
        "votes = model.predict(X_test, verbose=0) > 0.5",
        "wide = model.fit(X_train, y_train, epochs=8, batch_size=64, verbose=0)",
        "print((votes[:, 0] == y_test).mean())",
    ]


NOTEBOOKS = {"compute": compute, "trivial": trivial, "inplace": inplace, "bigdata": bigdata, "keras": keras}

WITHOUT_FORK = ("keras",)
"""Notebooks that fork cannot check: TensorFlow hangs in a forked process."""


def write(name: str, folder: Path) -> Path:
    """Write one of the notebooks into the folder."""
    path = folder / f"{name}.ipynb"
    write_cells(NOTEBOOKS[name](), path)
    return path


def write_cells(sources: list[str], path: Path) -> None:
    """Write a notebook of code cells."""
    cells = [nbformat.v4.new_code_cell(source.strip()) for source in sources]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
