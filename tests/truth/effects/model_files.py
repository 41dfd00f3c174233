"""Models that are saved and loaded."""

from __future__ import annotations

from tests.truth.effects.files import SUFFIXES
from tests.truth.effects.models import own_model
from tests.truth.grammar import UNTOUCHED, Allowed, Block, Expected, Pick, cell, effect, in_place, loaded, reset

SAVED: Allowed = (Expected("persisted", via="file", kind="file"),)

WAYS = (
    (
        "pickle",
        "import pickle\nwith open('{p}', 'wb') as f:\n    pickle.dump({m}, f)",
        "import pickle\nwith open('{p}', 'rb') as f:\n    {m} = pickle.load(f)",
    ),
    ("joblib", "import joblib\njoblib.dump({m}, '{p}')", "import joblib\n{m} = joblib.load('{p}')"),
    (
        "pickle in a dict",
        "import pickle\nwith open('{p}', 'wb') as f:\n    pickle.dump({{'model': {m}, 'epoch': 3}}, f)",
        "import pickle\nwith open('{p}', 'rb') as f:\n    {m} = pickle.load(f)['model']",
    ),
    (
        "bytes",
        "import pickle\nfrom pathlib import Path\nPath('{p}').write_bytes(pickle.dumps({m}))",
        "import pickle\nfrom pathlib import Path\n{m} = pickle.loads(Path('{p}').read_bytes())",
    ),
)
DATA = (
    "import numpy as np\n{X} = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 2.0], [3.0, 5.0]])\n{y} = np.array([0, 1, 0, 1])"
)
FIT = "from sklearn.linear_model import SGDClassifier\n{m} = SGDClassifier(random_state=0).fit({X}, {y})"


@effect(weight=3)
def estimator_file(pick: Pick) -> Block:
    """A scikit-learn model that is fitted, saved and loaded in cells of their own."""
    X, y, model, other, path = pick.name(), pick.name(), pick.name(), pick.name(), pick.path(*SUFFIXES)
    way, save, load = pick.one_of(WAYS)
    file = f"file:{path}"
    features = (f"way={way}", f"suffix={path.partition('.')[2]}")
    save, load = save.format(p=path, m=model), load.format(p=path, m=other)
    train = f"{other}.partial_fit({X}, {y})"
    fit = FIT.format(m=model, X=X, y=y)
    cells = [
        cell("create", DATA.format(X=X, y=y), variables={X: reset(), y: reset()}),
        cell("create and fit", fit, variables={model: reset("recreated", "model")}),
        cell("save a model", save, variables={model: UNTOUCHED, file: SAVED}, verdicts="persisted", features=features),
        cell(
            "load a model",
            load,
            variables={other: loaded("model"), file: UNTOUCHED},
            features=features,
            missing=(path,),
        ),
    ]
    if pick.flag():
        cells.append(cell("train on", train, variables={other: in_place(kind="model"), X: UNTOUCHED}))
    if pick.flag():
        # Loaded, then trained further: the same on every run, and it does not come out without the file.
        label = loaded("model")
        source = f"{load}\n{train}"
        cells.append(cell("load and train on", source, variables={other: label}, features=features, missing=(path,)))
    return cells


@effect(weight=2)
def all_in_one(pick: Pick) -> Block:
    """Fit, dump and load in one cell is reset (ruling 7)."""
    X, y, model, other, path = pick.name(), pick.name(), pick.name(), pick.name(), pick.path(*SUFFIXES)
    way, save, load = pick.one_of(WAYS)
    save, load = save.format(p=path, m=model), load.format(p=path, m=other)
    source = f"{FIT.format(m=model, X=X, y=y)}\n{save}\n{load}"
    variables = {model: reset("recreated", "model"), other: reset("recreated", "model"), f"file:{path}": SAVED}
    return [
        cell("create", DATA.format(X=X, y=y), variables={X: reset(), y: reset()}),
        cell("fit, save and load", source, variables=variables, verdicts="reset", features=(f"way={way}",)),
    ]


@effect(weight=2)
def fit_or_load(pick: Pick) -> Block:
    """A model that is fitted where there is no file of it."""
    X, y, model, path = pick.name(), pick.name(), pick.name(), pick.path(*SUFFIXES)
    way, save, load = pick.one_of(WAYS)
    save, load = save.format(p=path, m=model), load.format(p=path, m=model)
    fit = FIT.format(m=model, X=X, y=y)
    lines = ["import os", f"if os.path.exists('{path}'):", *_deeper(load), "else:", *_deeper(fit), *_deeper(save)]
    return [
        cell("create", DATA.format(X=X, y=y), variables={X: reset(), y: reset()}),
        cell(
            "fit or load",
            "\n".join(lines),
            # The rerun leaves the file with the same bytes (ruling 11), and the cell saves a model there (ruling 15).
            variables={model: loaded("model"), f"file:{path}": (*SAVED, *reset(kind="file"), *UNTOUCHED)},
            verdicts="persisted",
            features=(f"way={way}",),
        ),
    ]


@effect()
def own_model_file(pick: Pick) -> Block:
    """A model of the notebook's own class in a file, or only its weights."""
    own, model, path = own_model(pick), pick.name(), pick.path(*SUFFIXES)
    file = f"file:{path}"
    whole = pick.flag()
    save = f"pickle.dump({model}, f)" if whole else f"pickle.dump({model}.w, f)"
    load = f"{model} = pickle.load(f)" if whole else f"{model}.w = pickle.load(f)"
    # Whether an object of the notebook's own class is a model the contract leaves open, so the file may be either.
    either = (*SAVED, *reset(kind="file"))
    return [
        cell("define a class", own.definition, verdicts="stateless"),
        cell(
            "create and train",
            f"{model} = {own.cls}()\n{model}.{own.train}([1.0, 3.0])",
            variables={model: reset("recreated", kind=None)},
        ),
        cell(
            "save the notebook's own model",
            f"import pickle\nwith open('{path}', 'wb') as f:\n    {save}",
            variables={model: UNTOUCHED, file: either if whole else reset(kind="file")},
            verdicts=("persisted", "reset") if whole else "reset",
        ),
        cell("train on", f"{model}.{own.train}([2.0])", variables={model: in_place(kind=None)}, features=own.features),
        cell(
            "load the notebook's own model",
            f"import pickle\nwith open('{path}', 'rb') as f:\n    {load}",
            variables={model: loaded(None), file: UNTOUCHED},
            features=("whole" if whole else "weights",),
            missing=(path,),
        ),
    ]


def _deeper(source: str) -> list[str]:
    return [f"    {line}" for line in source.splitlines()]
