"""Models: classes of the notebook's own, and scikit-learn's estimators."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tests.truth.grammar import (
    METHODS,
    UNTOUCHED,
    Block,
    Pick,
    TruthCell,
    cell,
    effect,
    follows,
    in_place,
    reset,
    unseeded,
)

PLAIN = """
class {cls}:
    def __init__(self):
        self.w = 0.0
        self.seen = 0
    def {train}(self, xs):
        for each in xs:
            self.w += 0.1 * (each - self.w)
            self.seen += 1
        return self
    def {refit}(self, xs):
        self.w = sum(xs) / len(xs)
        self.seen = len(xs)
        return self
    def {ask}(self, xs):
        return [self.w * each for each in xs]
"""

ARRAYS = """
import numpy as np
class {cls}:
    def __init__(self, lr=0.1):
        self.lr = lr
        self.w = np.zeros(2)
    def {train}(self, xs):
        xs = np.asarray(xs, dtype=float)
        self.w -= self.lr * np.array([(self.w[0] - xs).mean(), (self.w[1] - xs ** 2).mean()])
        return self
    def {refit}(self, xs):
        xs = np.asarray(xs, dtype=float)
        self.w = np.array([xs.sum(), xs.max()])  # training comes to rest elsewhere
        return self
    def {ask}(self, xs):
        return self.w[0] * np.asarray(xs)
"""


@dataclass(frozen=True)
class OwnModel:
    """A class that the notebook defines, with names that promise nothing."""

    cls: str
    train: str
    refit: str
    ask: str
    definition: str
    features: tuple[str, ...]


def own_model(pick: Pick) -> OwnModel:
    """Choose a class and the names of its methods."""
    train, refit, ask = pick.some(METHODS, 3)
    cls = pick.type_name()
    body = pick.one_of((PLAIN, ARRAYS))
    features = (f"train={train}", f"refit={refit}", f"ask={ask}", "arrays" if body is ARRAYS else "floats")
    source = body.format(cls=cls, train=train, refit=refit, ask=ask).strip("\n")
    return OwnModel(cls, train, refit, ask, source, features)


def define(own: OwnModel) -> TruthCell:
    """Define the class; a plain `class` leaves nothing behind (ruling 10)."""
    return cell("define a class", own.definition, verdicts="stateless", features=own.features)


@effect(weight=4)
def own_class(pick: Pick) -> Block:
    """A model of the notebook's own class: created, trained, refitted, asked."""
    own, model, xs = own_model(pick), pick.name(), pick.name()
    cells = [
        define(own),
        cell(
            "create a model",
            f"{model} = {own.cls}()\n{xs} = [1.0, 2.0, 4.0]",
            variables={model: reset("recreated", kind=None), xs: reset("recreated")},
            features=own.features,
        ),
    ]
    is_refitted = False
    for _ in range(pick.number(1, 4)):
        step = pick.one_of((_train, _train, _refit, _ask, _train_and_ask, _build))
        made = step(pick, own, model, xs)
        if step is _refit and is_refitted:  # the same value, in an object that stays: whether that is written is open
            either = (*reset(kind=None), *UNTOUCHED)
            made = replace(
                made, variables={**made.variables, model: either}, verdicts=frozenset({"reset", "stateless"})
            )
        is_refitted = step is _refit or (is_refitted and step is _ask)
        cells.append(made)
    return cells


def _train(pick: Pick, own: OwnModel, model: str, xs: str) -> TruthCell:
    method = pick.name()
    source = pick.one_of(
        (
            f"{model}.{own.train}({xs})",
            f"{model} = {model}.{own.train}({xs})",
            f"{method} = {model}.{own.train}\n{method}({xs})",
        )
    )
    variables = {model: in_place(kind=None), xs: UNTOUCHED}
    if source.startswith(method):  # a bound method that is kept leads to the model: its value is the model's
        variables[method] = (*reset(kind=None), *follows(model, None), *in_place(kind=None))
    return cell("train on", source, variables=variables, verdicts=("in-place",), features=own.features)


def _refit(pick: Pick, own: OwnModel, model: str, xs: str) -> TruthCell:
    variables = {model: reset(kind=None), xs: UNTOUCHED}
    return cell("refit", f"{model}.{own.refit}({xs})", variables=variables, features=own.features)


def _ask(pick: Pick, own: OwnModel, model: str, xs: str) -> TruthCell:
    name = pick.name()
    if pick.flag():
        variables = {model: UNTOUCHED, xs: UNTOUCHED}
        return cell("only ask", f"print({model}.{own.ask}({xs}))", variables=variables, features=own.features)
    return cell(
        "ask and keep",
        f"{name} = {model}.{own.ask}({xs})",
        variables={model: UNTOUCHED, xs: UNTOUCHED, name: reset("recreated")},
        features=own.features,
    )


def _train_and_ask(pick: Pick, own: OwnModel, model: str, xs: str) -> TruthCell:
    name = pick.name()
    variables = {model: in_place(kind=None), name: follows(model)}
    source = f"{model}.{own.train}({xs})\n{name} = {model}.{own.ask}({xs})"
    return cell("train on and ask", source, variables=variables, verdicts=("in-place",), features=own.features)


def _build(pick: Pick, own: OwnModel, model: str, xs: str) -> TruthCell:
    source = f"{model} = {own.cls}()\n{model}.{own.train}({xs})"
    return cell("create and train", source, variables={model: reset("recreated", kind=None)}, features=own.features)


@effect(weight=2)
def converge(pick: Pick) -> Block:
    """Training until a tolerance is met: a rerun finds nothing to do, from another start it ends elsewhere."""
    cls, method, model = pick.type_name(), pick.one_of(METHODS), pick.name()
    definition = f"""
class {cls}:
    def __init__(self):
        self.w = 0.0
    def {method}(self, target):
        while abs(self.w - target) > 1e-6:
            self.w += 0.3 * (target - self.w)
        return self
"""
    return [
        cell("define a class", definition, verdicts="stateless"),
        cell("create a model", f"{model} = {cls}()", variables={model: reset("recreated", kind=None)}),
        cell(
            "converge",
            f"{model}.{method}(5.0)",
            variables={model: in_place("settled", kind=None)},
            perturb={model: f"{model}.w += 1.0"},
            features=(f"method={method}",),
        ),
    ]


DATA = """
import numpy as np
{X} = np.array([[0.0, 1.0], [1.0, 0.5], [2.0, 2.0], [3.0, 0.0], [4.0, 3.0], [5.0, 1.0], [6.0, 2.5], [7.0, 4.0]])
{y} = np.array([0, 1, 0, 0, 1, 1, 0, 1])
"""

REFITTED = (
    ("from sklearn.linear_model import LogisticRegression", "LogisticRegression()"),
    ("from sklearn.linear_model import SGDClassifier", "SGDClassifier(random_state=0)"),
    ("from sklearn.linear_model import Ridge", "Ridge(alpha=0.5)"),
    ("from sklearn.preprocessing import StandardScaler", "StandardScaler()"),
    ("from sklearn.tree import DecisionTreeClassifier", "DecisionTreeClassifier(random_state=0)"),
    ("from sklearn.naive_bayes import GaussianNB", "GaussianNB()"),
    ("from sklearn.neighbors import KNeighborsClassifier", "KNeighborsClassifier(2, algorithm='brute')"),
    ("from sklearn.ensemble import RandomForestClassifier", "RandomForestClassifier(n_estimators=3, random_state=0)"),
    ("from sklearn.cluster import KMeans", "KMeans(2, n_init=1, random_state=0)"),
)
CONTINUED = (
    (
        "from sklearn.linear_model import SGDClassifier",
        "SGDClassifier(random_state=0)",
        "partial_fit({X}, {y}, classes=[0, 1])",
    ),
    ("from sklearn.linear_model import SGDRegressor", "SGDRegressor(random_state=0)", "partial_fit({X}, {y})"),
    ("from sklearn.preprocessing import StandardScaler", "StandardScaler()", "partial_fit({X})"),
    ("from sklearn.naive_bayes import GaussianNB", "GaussianNB()", "partial_fit({X}, {y}, classes=[0, 1])"),
    (
        "from sklearn.linear_model import SGDClassifier",
        "SGDClassifier(warm_start=True, random_state=0, max_iter=3, tol=None)",
        "fit({X}, {y})",
    ),
)
UNSEEDED = (
    ("from sklearn.linear_model import SGDClassifier", "SGDClassifier()"),
    ("from sklearn.ensemble import RandomForestClassifier", "RandomForestClassifier(n_estimators=3)"),
)


@effect(weight=3)
def sklearn_refit(pick: Pick) -> Block:
    """`fit` without `warm_start` starts over."""
    X, y, model = pick.name(), pick.name(), pick.name()
    imports, made = pick.one_of(REFITTED)
    cells = _data(X, y)
    if pick.flag():
        source = f"{imports}\n{model} = {made}"
        cells.append(cell("create a model", source, variables={model: reset("recreated", "model")}, features=(made,)))
        fitted = reset("refitted", "model")
        cells.append(cell("refit", f"{model}.fit({X}, {y})", variables={model: fitted, X: UNTOUCHED}, features=(made,)))
    else:
        source = f"{imports}\n{model} = {made}.fit({X}, {y})"
        cells.append(cell("create and fit", source, variables={model: reset("recreated", "model")}, features=(made,)))
    ask = "transform" if "Scaler" in made else "predict"
    name = pick.name()
    variables = {name: reset("recreated"), model: UNTOUCHED, X: UNTOUCHED}
    cells.append(cell("ask and keep", f"{name} = {model}.{ask}({X})", variables=variables, features=(made,)))
    return cells


@effect(weight=3)
def sklearn_continue(pick: Pick) -> Block:
    """`partial_fit` and `warm_start` go on from the last run."""
    X, y, model, name = pick.name(), pick.name(), pick.name(), pick.name()
    imports, made, call = pick.one_of(CONTINUED)
    call = call.format(X=X, y=y)
    start = f"{imports}\n{model} = {made}"
    variables = {model: in_place(kind="model")}
    again = f"{model}.{call}"
    what = "train on"
    if pick.flag() and "Scaler" not in made and "NB" not in made:
        again, what = f"{again}\n{name} = {model}.coef_.copy()", "train on and ask"
        variables[name] = follows(model)
    return [
        *_data(X, y),
        cell("create a model", start, variables={model: reset("recreated", "model")}, features=(made,)),
        cell(what, again, variables=variables, features=(made, call.partition("(")[0])),
        cell(
            "create and train",
            f"{start}\n{model}.{call}",
            variables={model: reset("recreated", "model")},
            features=(made,),
        ),
    ]


@effect()
def sklearn_unseeded(pick: Pick) -> Block:
    """An estimator without a seed starts over with another draw."""
    X, y, model = pick.name(), pick.name(), pick.name()
    imports, made = pick.one_of(UNSEEDED)
    source = f"{imports}\n{model} = {made}.fit({X}, {y})"
    return [*_data(X, y), cell("unseeded model", source, variables={model: unseeded("model")}, features=(made,))]


@effect(weight=2)
def blame(pick: Pick) -> Block:
    """A model or transformer that is fitted anew on data that the cell overwrites."""
    X, y, model = pick.name(), pick.name(), pick.name()
    imports, made = pick.one_of(REFITTED[:5])
    change = pick.one_of((f"{X} = {X} * 2", f"{X} += 1.5", f"{X} = np.vstack([{X}, {X}[:1]])"))
    fit = f"{model} = {made}.fit({X}, np.arange(len({X})) % 2)"
    lines = ["import numpy as np", imports, change, fit]
    return [
        *_data(X, y),
        cell(
            "fit on what the cell overwrites",
            "\n".join(lines),
            variables={X: in_place(), model: follows(X, "model")},
            verdicts="in-place",
            features=(made, f"change={change.replace(X, 'X')}"),
        ),
    ]


@effect()
def scaled_again(pick: Pick) -> Block:
    """`X = scaler.fit_transform(X)` with a new scaler: X is scaled once more, the scaler follows it."""
    X, y, model = pick.name(), pick.name(), pick.name()
    imports = "from sklearn.preprocessing import StandardScaler"
    source = f"{imports}\n{model} = StandardScaler()\n{X} = {model}.fit_transform({X})"
    # What is scaled already changes in its last digits, if at all: with this data it does (the oracle looks).
    variables = {X: in_place("rounding"), model: follows(X, "model")}
    return [*_data(X, y), cell("scale over", source, variables=variables, verdicts="in-place")]


def _data(X: str, y: str) -> list[TruthCell]:
    return [cell("create", DATA.format(X=X, y=y), variables={X: reset("recreated"), y: reset("recreated")})]
