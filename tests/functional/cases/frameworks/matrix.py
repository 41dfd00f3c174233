"""Library by operation: one notebook for each library, one cell for each operation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tests.functional.cases.case import DATA, LabelledCell, cell
from tests.functional.cases.files_models import saves, via_file
from tests.functional.cases.frameworks.notebook import AUTO, Row

NOISY_DATA = cell(
    """
    import numpy as np
    rs = np.random.RandomState(0)
    X = rs.normal(size=(40, 2))
    y = (X[:, 0] + rs.normal(size=40) > 0).astype(int)
    """,
    "reset",
    X="reset",
    y="reset",
)


def made(source: str, name: str, **kinds: str) -> LabelledCell:
    """Label a cell that makes an object with nothing random about it."""
    return cell(
        source,
        "reset",
        variables={name: "reset"},
        how={name: "recreated"},
        marks={name: ()},
        kinds=kinds or _model(name),
    )


def fitted(source: str, name: str, how: str = "refitted") -> LabelledCell:
    """Label a cell that trains from the beginning."""
    return cell(source, "reset", variables={name: "reset"}, how={name: how}, marks={name: ()}, kinds=_model(name))


def moved_on(source: str, *names: str, changed: tuple[str, ...] = ()) -> LabelledCell:
    """Label a cell that trains what is there."""
    verdicts = dict.fromkeys(names, "in-place")
    return cell(source, "in-place", variables=verdicts, kinds=_model(*names), changed=changed)


def loads(source: str, name: str, **others: str) -> LabelledCell:
    """Label a cell that takes a model from a file that the notebook wrote."""
    return cell(source, "persisted", variables={name: "persisted"} | others, via=via_file(name), kinds=_model(name))


def unseeded(source: str, name: str, mark: str = "unseeded", **kinds: str) -> LabelledCell:
    """Label a cell that starts over with another random draw."""
    marks = {name: {mark}} if mark else {name: set[str]()}
    return cell(
        source,
        "reset",
        variables={name: "reset"},
        how={name: "recreated"},
        marks=marks,
        kinds=kinds or _model(name),
    )


def seeded(source: str, name: str, **kinds: str) -> LabelledCell:
    """Label a cell that starts over with the same random draw."""
    return unseeded(source, name, "", **kinds)


def _model(*names: str) -> Mapping[str, str]:
    return dict.fromkeys(names, "model")


SCIKIT_LEARN = Row(
    "scikit-learn",
    ("sklearn",),
    {
        "data": DATA,
        "created": made("from sklearn.linear_model import SGDClassifier\nclf = SGDClassifier(random_state=0)", "clf"),
        "trained from scratch": fitted("clf.fit(X, y)", "clf"),
        "training continued": moved_on("clf.partial_fit(X, y)", "clf", changed=("clf.coef_",)),
        "saved": saves("import joblib\njoblib.dump(clf, 'clf.joblib');", "clf.joblib", clf="untouched"),
        "loaded": loads("again = joblib.load('clf.joblib')", "again", clf="untouched"),
        "unseeded": unseeded(
            """
            from sklearn.ensemble import RandomForestClassifier
            loose = RandomForestClassifier(n_estimators=2).fit(X, y)
            """,
            "loose",
        ),
        "seeded": seeded("fixed = RandomForestClassifier(n_estimators=2, random_state=0).fit(X, y)", "fixed"),
    },
    about="`fit` starts over, unless `warm_start=True`; `partial_fit` never does.",
)

TORCH = Row(
    "PyTorch",
    ("torch",),
    {
        "data": cell(
            """
            import torch
            from torch import nn
            X = torch.linspace(-1, 1, 32).reshape(16, 2)
            y = X.sum(1, keepdim=True)
            """,
            "reset",
            X="reset",
            y="reset",
            kinds={"X": "data"},
        ),
        "created": cell(
            """
            torch.manual_seed(0)
            model = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
            opt = torch.optim.Adam(model.parameters())
            """,
            "reset",
            model="reset",
            opt="reset",
            how={"model": "recreated", "opt": "recreated"},
            marks={"model": (), "opt": ()},
            kinds=_model("model", "opt"),
        ),
        "trained from scratch": fitted(
            """
            torch.manual_seed(0)
            for layer in (model[0], model[2]):
                layer.reset_parameters()
            opt = torch.optim.Adam(model.parameters())
            opt.zero_grad()
            nn.functional.mse_loss(model(X), y).backward()
            opt.step()
            """,
            "model",
        ),
        "training continued": moved_on(
            """
            for epoch in range(2):
                opt.zero_grad()
                nn.functional.mse_loss(model(X), y).backward()
                opt.step()
            """,
            "model",
            "opt",
            changed=("opt.state[0].step",),
        ),
        "saved": saves("torch.save(model.state_dict(), 'model.pt')", "model.pt", model="untouched", opt="untouched"),
        "loaded": loads(
            "again = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))\n"
            "again.load_state_dict(torch.load('model.pt'))",
            "again",
            model="untouched",
        ),
        "unseeded": unseeded("loose = nn.Linear(2, 1)", "loose"),
        "seeded": seeded("torch.manual_seed(0)\nfixed = nn.Linear(2, 1)", "fixed"),
    },
    about="A training loop continues from the current weights; it starts over only if the same cell recreates them.",
)


def keras(backend: str, needs: tuple[str, ...]) -> Row:
    """Give the same notebook for each backend."""
    net = "keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, 'tanh'), keras.layers.Dense(1)])"
    return Row(
        f"Keras on {backend}",
        needs,
        {
            "data": DATA,
            "created": cell(
                f"""
                import os
                os.environ["KERAS_BACKEND"] = "{needs[-1]}"
                import keras
                keras.utils.set_random_seed(0)
                model = {net}
                model.compile("adam", "mse")
                """,
                "reset",
                model="reset",
                how={"model": "recreated"},
                marks={"model": ()},
                kinds=_model("model"),
            ),
            "weights": cell(
                "initial = model.get_weights()", "reset", initial="reset", model="untouched", kinds={"initial": "data"}
            ),
            "trained from scratch": fitted(
                """
                keras.utils.set_random_seed(0)
                model.set_weights(initial)
                model.compile("adam", "mse")
                model.fit(X, y, epochs=2, verbose=0);
                """,
                "model",
            ),
            "training continued": moved_on("model.fit(X, y, epochs=2, verbose=0);", "model"),
            "saved": saves("model.save('model.keras')", "model.keras", model="untouched"),
            "loaded": loads("again = keras.models.load_model('model.keras')", "again", model="untouched"),
            "unseeded": unseeded(f"loose = {net}", "loose"),
            "seeded": seeded(f"keras.utils.set_random_seed(0)\nfixed = {net}", "fixed"),
        },
        engines=(AUTO,),
        hazard="" if backend == "PyTorch" else backend,
        about="`fit` always continues; a model starts over when the same cell builds it.",
    )


XGBOOST_NATIVE = Row(
    "XGBoost",
    ("xgboost",),
    {
        "data": DATA,
        "matrix": cell(
            """
            import xgboost as xgb
            params = {"objective": "binary:logistic", "max_depth": 2, "nthread": 1}
            train = xgb.DMatrix(X, y)
            """,
            "reset",
            train="reset",
            params="reset",
            kinds={"train": "data"},
        ),
        "created": made("booster = xgb.Booster(params, [train])", "booster"),
        "trained from scratch": fitted("booster = xgb.train(params, train, 3)", "booster", "recreated"),
        "training continued": moved_on("booster = xgb.train(params, train, 2, xgb_model=booster)", "booster"),
        "saved": saves("booster.save_model('model.ubj')", "model.ubj", booster="untouched"),
        "loaded": loads("again = xgb.Booster()\nagain.load_model('model.ubj')", "again", booster="untouched"),
        "unseeded": seeded("loose = xgb.train(params | {'subsample': 0.5}, train, 3)", "loose"),
        "seeded": seeded("fixed = xgb.train(params | {'subsample': 0.5, 'seed': 1}, train, 3)", "fixed"),
    },
    about="Without a seed it takes 0, so every run draws the same numbers.",
)

XGBOOST = Row(
    "XGBoost, scikit-learn API",
    ("xgboost", "sklearn"),
    {
        "data": DATA,
        "created": made(
            "from xgboost import XGBClassifier\nclf = XGBClassifier(n_estimators=3, max_depth=2, n_jobs=1)", "clf"
        ),
        "trained from scratch": fitted("clf.fit(X, y)", "clf"),
        "training continued": moved_on("clf.fit(X, y, xgb_model=clf.get_booster())", "clf"),
        "saved": saves("clf.save_model('clf.json')", "clf.json", clf="untouched"),
        "loaded": loads("again = XGBClassifier()\nagain.load_model('clf.json')", "again", clf="untouched"),
        "unseeded": seeded("loose = XGBClassifier(n_estimators=3, subsample=0.5).fit(X, y)", "loose"),
        "seeded": seeded("fixed = XGBClassifier(n_estimators=3, subsample=0.5, random_state=1).fit(X, y)", "fixed"),
    },
    about="`fit` starts over, `fit(..., xgb_model=...)` adds trees.",
)

LIGHTGBM_NATIVE = Row(
    "LightGBM",
    ("lightgbm",),
    {
        "data": DATA,
        "dataset": cell(
            """
            import lightgbm as lgb
            params = {"objective": "binary", "num_leaves": 3, "min_data_in_leaf": 2, "num_threads": 1, "verbose": -1}
            train = lgb.Dataset(X, y, free_raw_data=False)
            """,
            "reset",
            train="reset",
            params="reset",
        ),
        "created": made("booster = lgb.Booster(params, train)", "booster"),
        "trained from scratch": fitted("booster = lgb.train(params, train, 3)", "booster", "recreated"),
        "training continued": moved_on(
            "booster = lgb.train(params, lgb.Dataset(X, y), 2, init_model=booster)", "booster"
        ),
        "saved": saves("booster.save_model('model.txt')", "model.txt"),
        "loaded": loads("again = lgb.Booster(model_file='model.txt')", "again", booster="untouched"),
        "unseeded": seeded(
            "bagging = {'bagging_fraction': 0.5, 'bagging_freq': 1}\nloose = lgb.train(params | bagging, train, 3)",
            "loose",
        ),
        "seeded": seeded("fixed = lgb.train(params | bagging | {'seed': 1}, train, 3)", "fixed"),
    },
    about="Its seeds have fixed defaults, so every run draws the same numbers.",
)

LIGHTGBM = Row(
    "LightGBM, scikit-learn API",
    ("lightgbm", "sklearn"),
    {
        "data": DATA,
        "created": made(
            """
            from lightgbm import LGBMClassifier
            few = {"n_estimators": 3, "num_leaves": 3, "min_child_samples": 2, "n_jobs": 1, "verbose": -1}
            clf = LGBMClassifier(**few)
            """,
            "clf",
        ),
        "trained from scratch": fitted("clf.fit(X, y)", "clf"),
        "training continued": moved_on("clf.fit(X, y, init_model=clf)", "clf"),
        "saved": saves("import joblib\njoblib.dump(clf, 'clf.joblib');", "clf.joblib", clf="untouched"),
        "loaded": loads("again = joblib.load('clf.joblib')", "again", clf="untouched"),
        "unseeded": seeded("loose = LGBMClassifier(**few, subsample=0.5, subsample_freq=1).fit(X, y)", "loose"),
        "seeded": seeded(
            "fixed = LGBMClassifier(**few, subsample=0.5, subsample_freq=1, random_state=1).fit(X, y)", "fixed"
        ),
    },
    about="`fit` starts over, `fit(..., init_model=...)` adds trees.",
)

CATBOOST = Row(
    "CatBoost",
    ("catboost",),
    {
        "data": DATA,
        "created": made(
            """
            from catboost import CatBoostClassifier
            few = {"iterations": 3, "depth": 2, "thread_count": 1, "verbose": 0, "allow_writing_files": False}
            clf = CatBoostClassifier(**few)
            """,
            "clf",
        ),
        "trained from scratch": fitted("clf.fit(X, y)", "clf"),
        "training continued": moved_on("clf.fit(X, y, init_model=clf)", "clf"),
        "saved": saves("clf.save_model('clf.cbm')", "clf.cbm", clf="untouched"),
        "loaded": loads("again = CatBoostClassifier().load_model('clf.cbm')", "again", clf="untouched"),
        "unseeded": seeded(
            "loose = CatBoostClassifier(**few, bootstrap_type='Bernoulli', subsample=0.5).fit(X, y)", "loose"
        ),
        "seeded": seeded(
            "fixed = CatBoostClassifier(**few, bootstrap_type='Bernoulli', subsample=0.5, random_seed=1).fit(X, y)",
            "fixed",
        ),
    },
    engines=(AUTO,),
    about="Its `random_seed` is 0 by default, so every run draws the same numbers.",
)

STATSMODELS = Row(
    "statsmodels",
    ("statsmodels",),
    {
        "data": NOISY_DATA,
        "created": made("import statsmodels.api as sm\nmodel = sm.Logit(y, sm.add_constant(X))", "model"),
        "trained from scratch": fitted(
            "results = model.fit(maxiter=2, disp=0, warn_convergence=False)", "results", "recreated"
        ),
        "training continued": moved_on(
            "results = model.fit(start_params=results.params, maxiter=1, disp=0, warn_convergence=False)", "results"
        ),
        "saved": saves("results.save('logit.pkl')", "logit.pkl"),
        "loaded": loads("again = sm.load('logit.pkl')", "again"),
        "unseeded": unseeded("rows = np.random.randint(0, 40, 40)\nloose = sm.OLS(y[rows], X[rows]).fit()", "loose"),
        "seeded": seeded(
            "rows = np.random.RandomState(0).randint(0, 40, 40)\nfixed = sm.OLS(y[rows], X[rows]).fit()", "fixed"
        ),
    },
    engines=(AUTO,),
    about="It has no randomness of its own; the example draws the rows of a bootstrap.",
)

JAX = Row(
    "JAX, parameters in a dict",
    ("jax",),
    {
        "data": DATA,
        "created": cell(
            "import jax\nimport jax.numpy as jnp\nparams = {'w': jnp.zeros(2), 'b': jnp.zeros(())}",
            "reset",
            params="reset",
            how={"params": "recreated"},
            marks={"params": ()},
        ),
        "step": cell(
            """
            def loss(params, X, y):
                return jnp.mean((X @ params["w"] + params["b"] - y) ** 2)

            @jax.jit
            def step(params):
                return jax.tree.map(lambda p, g: p - 0.1 * g, params, jax.grad(loss)(params, X, y))
            """,
            None,
            params="untouched",
        ),
        "trained from scratch": cell(
            "fresh = {'w': jnp.zeros(2), 'b': jnp.zeros(())}\nfor epoch in range(2):\n    fresh = step(fresh)",
            "reset",
            fresh="reset",
            how={"fresh": "recreated"},
            marks={"fresh": ()},
        ),
        "training continued": cell(
            "for epoch in range(2):\n    params = step(params)",
            "in-place",
            params="in-place",
            changed=("params['w']", "params['b']"),
        ),
        "saved": cell(
            "np.savez('params.npz', **params)",
            "reset",
            variables={"file:params.npz": "reset"},
            params="untouched",
        ),
        "loaded": cell("again = dict(np.load('params.npz'))", "persisted", again="persisted", via=via_file("again")),
        "unseeded": unseeded(
            "loose = jax.random.normal(jax.random.key(np.random.randint(999)), (2,))", "loose", loose="data"
        ),
        "seeded": seeded("fixed = jax.random.normal(jax.random.key(0), (2,))", "fixed", fixed="data"),
    },
    engines=(AUTO,),
    hazard="JAX",
    about="A dict of arrays is data to nbrerun, so saving it is plain *reset*.",
)


def table(library: str, needs: str, imports: str, save: str, load: str, more: Mapping[str, LabelledCell]) -> Row:
    """Give the operations of a table, as far as the words make sense."""
    df = f"df = {imports.rpartition(' ')[2]}.DataFrame({{'a': range(20), 'g': [0, 1] * 10}})"
    cells = {
        "numbers": cell("numbers = [3, 1, 2]", "reset", numbers="reset"),
        "created": made(f"{imports}\n{df}", "df", df="data"),
        "saved": cell(save, "reset", variables={"file:table.csv": "reset"}, df="untouched"),
        "loaded": cell(load, "persisted", again="persisted", via=via_file("again"), kinds={"again": "data"}),
    }
    cells |= more
    order = (
        "numbers",
        "created",
        "training continued",
        "trained from scratch",
        "saved",
        "loaded",
        "unseeded",
        "seeded",
    )
    return Row(
        library,
        (needs,),
        {name: cells[name] for name in order},  # what reads `df` comes after what changes it, and so does not drift
        about="Tables are data: what *training continued* shows is a column that is computed from itself.",
    )


PANDAS = table(
    "pandas",
    "pandas",
    "import pandas as pd",
    "df.to_csv('table.csv', index=False)",
    "again = pd.read_csv('table.csv')",
    {
        "unseeded": unseeded("loose = again.sample(3)", "loose", loose="data"),
        "seeded": seeded("fixed = again.sample(3, random_state=0)", "fixed", fixed="data"),
        "training continued": cell("df['a'] = df['a'] * 2", "in-place", df="in-place", changed=("df['a']",)),
        "trained from scratch": made("means = df.groupby('g').mean()", "means", means="data"),
    },
)

POLARS = replace(
    table(
        "polars",
        "polars",
        "import polars as pl",
        "df.write_csv('table.csv')",
        "again = pl.read_csv('table.csv')",
        {
            "unseeded": unseeded("loose = again.sample(3)", "loose", loose="data"),
            "seeded": seeded("fixed = again.sample(3, seed=0)", "fixed", fixed="data"),
            "training continued": cell("df = df.with_columns(pl.col('a') * 2)", "in-place", df="in-place"),
            "trained from scratch": made("means = df.group_by('g', maintain_order=True).mean()", "means", means="data"),
        },
    ),
    engines=(AUTO,),
)

ROWS = (
    SCIKIT_LEARN,
    TORCH,
    keras("TensorFlow", ("keras", "tensorflow")),
    keras("PyTorch", ("keras", "torch")),
    keras("JAX", ("keras", "jax")),
    XGBOOST_NATIVE,
    XGBOOST,
    LIGHTGBM_NATIVE,
    LIGHTGBM,
    CATBOOST,
    STATSMODELS,
    JAX,
    PANDAS,
    POLARS,
)
