"""The generated notebooks to measure: one for each goal, and two families that grow."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nbformat

SKLEARN = """
import numpy as np
from sklearn.datasets import make_classification
from sklearn.ensemble import ExtraTreesClassifier, GradientBoostingClassifier, RandomForestClassifier
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
"""
STACK = "import matplotlib.pyplot as plt\nimport numpy as np\nimport pandas as pd\nimport sklearn.linear_model"
SPLIT = "X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)"
ARRAY_MB = 250
"""The size of one array, in the notebooks that hold many megabytes."""


@dataclass(frozen=True)
class Goal:
    """What a check with default options may cost at most."""

    cpu: float
    wall: float
    per_cell: bool = False
    """In milliseconds per cell on top of the plain run, and not as a ratio to it."""


@dataclass(frozen=True)
class Case:
    """One notebook, and what is to be reached with it."""

    what: str
    sources: Callable[[], list[str]]
    goal: Goal | None = None
    needs: tuple[str, ...] = ()
    """Modules beyond those that nbrerun installs."""

    def lacks(self) -> list[str]:
        """Which of these this environment does not have."""
        return [module for module in self.needs if importlib.util.find_spec(module) is None]


def compute() -> list[str]:
    """Fifteen cells that compute for a quarter of a minute; every cell starts over."""
    return [
        SKLEARN,
        "X, y = make_classification(n_samples=4000, n_features=30, n_informative=12, random_state=0)",
        SPLIT,
        "forest = RandomForestClassifier(n_estimators=100, random_state=0).fit(X_train, y_train)",
        "print(forest.score(X_test, y_test))",
        "extra = ExtraTreesClassifier(n_estimators=300, random_state=0).fit(X_train, y_train)",
        "boosted = GradientBoostingClassifier(n_estimators=80, random_state=0).fit(X_train, y_train)",
        "svm = make_pipeline(StandardScaler(), SVC()).fit(X_train, y_train)",
        "svm_scores = cross_val_score(svm, X_train, y_train, cv=5)",
        "forest_scores = cross_val_score(\n"
        "    RandomForestClassifier(n_estimators=60, random_state=0), X_train, y_train, cv=4\n)",
        "pipeline = make_pipeline(StandardScaler(), SVC())\n"
        "search = GridSearchCV(pipeline, {'svc__C': [0.3, 1.0, 3.0]}, cv=3)",
        "search.fit(X_train, y_train)",
        "deep = RandomForestClassifier(n_estimators=250, max_features=8, random_state=1)\ndeep.fit(X_train, y_train)",
        "votes = np.stack([model.predict(X_test) for model in (forest, extra, boosted, svm, search, deep)])",
        "print((np.round(votes.mean(axis=0)) == y_test).mean())",
    ]


def trivial() -> list[str]:
    """Two hundred cells that take no time, beside large libraries."""
    return [STACK, *(f"x{number} = {number}" for number in range(1, 200))]


def lesson() -> list[str]:
    """Six cells: a small lesson on scikit-learn."""
    return [
        "import numpy as np\nfrom sklearn.datasets import make_classification\n"
        "from sklearn.linear_model import LogisticRegression\nfrom sklearn.model_selection import train_test_split",
        "X, y = make_classification(n_samples=2000, n_features=20, random_state=0)",
        SPLIT,
        "model = LogisticRegression().fit(X_train, y_train)",
        "accuracy = model.score(X_test, y_test)",
        "print(f'{accuracy:.2f}')",
    ]


def functions() -> list[str]:
    """Forty-six cells of plain Python, thirty of which define a function that calls earlier ones."""
    sources = ["import json\nimport math\nimport re", "rows = [{'id': i, 'name': f'n{i}'} for i in range(500)]"]
    for number in range(30):
        below = f"step_{number - 1}(value)" if number % 3 else "value"
        sources.append(f"def step_{number}(value):\n    return {below} + math.sqrt(len(rows)) * {number}")
    sources += [f"result_{number} = [step_{3 * number}(row['id']) for row in rows]" for number in range(10)]
    return [
        *sources,
        "table = {row['name']: step_5(row['id']) for row in rows}",
        "text = json.dumps(table)",
        "words = re.findall(r'n\\d+', text)",
        "print(len(words), max(result_9))",
    ]


def held(megabytes: int = 4000, light: int = 50) -> list[str]:
    """Arrays that stay in the namespace, and light cells that read a little of them."""
    sizes = [ARRAY_MB] * (megabytes // ARRAY_MB) + [megabytes % ARRAY_MB] * bool(megabytes % ARRAY_MB)
    arrays = [f"held_{at} = np.full({size * 125_000}, {at}.5)" for at, size in enumerate(sizes)]
    cells = [f"mean_{at} = float(held_0[{at} * 100 : {at} * 100 + 100].mean()) + {at}" for at in range(light)]
    return ["import numpy as np", "\n".join(arrays), *cells]


def growing(cells: int) -> list[str]:
    """As many cells, that take no time."""
    return [STACK, *(f"value_{number} = {number} * 2" for number in range(1, cells))]


def torch() -> list[str]:
    """Twelve cells on PyTorch, three of which keep training."""
    return [
        "import torch\nfrom torch import nn",
        "generator = torch.Generator().manual_seed(0)\nX = torch.randn(6000, 64, generator=generator)\n"
        "y = (X[:, :8].sum(dim=1) > 0).long()",
        "X_train, X_test, y_train, y_test = X[:5000], X[5000:], y[:5000], y[5000:]",
        "def train(epochs):\n"
        "    for _ in range(epochs):\n"
        "        for start in range(0, len(X_train), 100):\n"
        "            optimizer.zero_grad()\n"
        "            loss = criterion(model(X_train[start : start + 100]), y_train[start : start + 100])\n"
        "            loss.backward()\n"
        "            optimizer.step()\n"
        "    return float(loss)",
        "def accuracy():\n    with torch.no_grad():\n"
        "        return float((model(X_test).argmax(dim=1) == y_test).float().mean())",
        "torch.manual_seed(0)\nmodel = nn.Sequential(nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 2))",
        "criterion = nn.CrossEntropyLoss()\noptimizer = torch.optim.Adam(model.parameters(), lr=1e-3)",
        "first = train(6)",
        "print(accuracy())",
        "second = train(6)",
        "third = train(6)",
        "print(accuracy())",
    ]


def keras() -> list[str]:
    """Eleven cells on TensorFlow, two of which keep training."""
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
        "print((votes[:, 0] == y_test).mean())",
    ]


def eager() -> list[str]:
    """Forty light cells on TensorFlow, none of which changes anything in place."""
    start = ["import tensorflow as tf", "x = tf.reshape(tf.range(10000.0), (100, 100)) / 10000.0"]
    return [*start, *(f"y_{at} = tf.reduce_sum(tf.matmul(x, x) * {at}.0)" for at in range(37)), "print(float(y_36))"]


CASES = {
    "compute": Case("16 s of scikit-learn, no in-place cell", compute, Goal(2.1, 1.3)),
    "trivial": Case("200 cells `x = 1` beside numpy, pandas, matplotlib, scikit-learn", trivial, Goal(12, 10, True)),
    "lesson": Case("scikit-learn, six cells", lesson, Goal(1.7, 1.5)),
    "functions": Case("46 cells of plain Python, 30 functions", functions, Goal(3, 2.5)),
    "held": Case("4 GB held, 50 light cells", held, Goal(2.5, 1.5)),
    "torch": Case("PyTorch training, 3 in-place cells", torch, Goal(4, 2.2), ("torch",)),
    "keras": Case("Keras, 2 in-place cells", keras, Goal(4, 2.5), ("keras", "tensorflow")),
    "eager": Case("TensorFlow eager, 40 light cells, none in-place", eager, Goal(2.3, 1.5), ("tensorflow",)),
}
PUBLISHED_GOALS = {"median": Goal(2.2, 1.5), "90th percentile": Goal(3.5, 2.5)}
PEAK_GOAL = 1.5
"""The median of the published notebooks: peak memory, as a ratio to the plain run."""
GROWTH_GOAL = 1.2
"""The time per cell of 1,000 cells, as a ratio to that of 100."""

SIZES = {"cells": (10, 100, 1000), "MB held": (1, 10, 100, 1000)}
LIGHT = 20
"""Light cells in the notebooks that hold more and more."""


def grown(what: str, size: int) -> list[str]:
    """One notebook of a family of `SIZES`."""
    return growing(size) if what == "cells" else held(size, LIGHT)


def write_cells(sources: list[str], path: Path) -> None:
    """Write a notebook of code cells."""
    cells = [nbformat.v4.new_code_cell(source.strip()) for source in sources]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
