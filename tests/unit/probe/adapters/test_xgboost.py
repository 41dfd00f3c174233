"""XGBoost: boosters and matrices are read as themselves; rounds are counted, caches are not value."""

from __future__ import annotations

import copy
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xgboost

from tests.unit.probe.looking import digest, moved, paths, read, texts

X = np.random.RandomState(0).normal(size=(80, 4))
Y = (X[:, 0] + 0.3 * X[:, 1] > 0).astype(int)
OTHER = np.random.RandomState(1).normal(size=(80, 4))
PARAMETERS = {"objective": "binary:logistic", "max_depth": 3, "subsample": 0.6, "nthread": 1}


def matrix(data: Any = X, label: Any = Y, **more: Any) -> Any:
    """Data as XGBoost takes them."""
    return xgboost.DMatrix(data, label, **more)


def squared(predicted: Any, data: Any) -> tuple[Any, Any]:
    """An objective of the person's own."""
    return predicted - data.get_label(), np.ones(len(predicted))


def ranked() -> Any:
    """A ranking, which needs groups."""
    return xgboost.XGBRanker(n_jobs=1, n_estimators=2).fit(X, Y, qid=np.repeat([0, 1], 40))


TRAININGS: dict[str, Callable[[Any], Any]] = {
    "train": lambda x: xgboost.train(PARAMETERS, matrix(x), 4),
    "another seed": lambda x: xgboost.train({**PARAMETERS, "seed": 3}, matrix(x), 4),
    "dart": lambda x: xgboost.train({**PARAMETERS, "booster": "dart", "rate_drop": 0.5}, matrix(x), 4),
    "linear": lambda x: xgboost.train({"booster": "gblinear", "nthread": 1, "updater": "coord_descent"}, matrix(x), 4),
    "exact": lambda x: xgboost.train({**PARAMETERS, "tree_method": "exact"}, matrix(x), 4),
    "own objective": lambda x: xgboost.train({"max_depth": 2, "nthread": 1}, matrix(x), 4, obj=squared),
    "early stopping": lambda x: xgboost.train(
        PARAMETERS, matrix(x), 9, evals=[(matrix(OTHER), "e")], early_stopping_rounds=2, verbose_eval=False
    ),
    "quantiles": lambda x: xgboost.train(PARAMETERS, xgboost.QuantileDMatrix(x, Y), 4),
    "XGBClassifier": lambda x: xgboost.XGBClassifier(n_jobs=1, n_estimators=4, subsample=0.6).fit(x, Y),
    "XGBRegressor": lambda x: xgboost.XGBRegressor(n_jobs=1, n_estimators=4).fit(x, Y),
    "XGBRFClassifier": lambda x: xgboost.XGBRFClassifier(n_jobs=1, n_estimators=4).fit(x, Y),
}


@pytest.mark.parametrize("kind", TRAININGS)
def test_equal_trainings_are_equal(kind: str) -> None:
    """Trained anew, copied or pickled it is equal; trained on other data it is not."""
    model = TRAININGS[kind](X)
    first = digest(model)
    assert not read(model).opaque
    assert read(model).kind == "model"
    assert first == digest(model) == digest(TRAININGS[kind](X))
    assert first == digest(copy.deepcopy(model)) == digest(pickle.loads(pickle.dumps(model)))
    assert first != digest(TRAININGS[kind](OTHER))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", TRAININGS)
def test_asking_a_model_is_no_change(
    kind: str, capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Predicting, explaining, evaluating and dumping leave it as it is; reading it prints and writes nothing."""
    monkeypatch.chdir(tmp_path)
    model = TRAININGS[kind](X)
    booster = model if isinstance(model, xgboost.Booster) else model.get_booster()
    predicted = booster.predict(matrix(OTHER))
    capfd.readouterr()
    before = digest(model)
    assert np.array_equal(booster.predict(matrix(OTHER)), predicted)
    booster.eval(matrix(OTHER))
    booster.get_dump()
    booster.save_config()
    booster.predict(matrix(OTHER), pred_contribs=True)
    repr(model)
    assert digest(model) == before
    assert capfd.readouterr() == ("", "")
    assert os.listdir(tmp_path) == []


def test_another_seed_and_other_parameters_are_another_model() -> None:
    """A seed changes the trees; a parameter that changes no tree is value all the same."""
    one = TRAININGS["train"](X)
    other = TRAININGS["another seed"](X)
    assert {"x.save_raw()", "x.<parameter random_state>"} <= set(moved(one, other))
    slower = copy.deepcopy(one)
    slower.set_param({"eta": 0.01})
    assert list(moved(one, slower)) == ["x.<parameter learning_rate>"]


def test_training_on_names_the_rounds() -> None:
    """`xgb_model` and `update` add rounds; the booster that was started from stays what it was."""
    one = TRAININGS["train"](X)
    before = digest(one)
    on = xgboost.train(PARAMETERS, matrix(), 4, xgb_model=one)
    change = moved(one, on)["x.num_boosted_rounds()"]
    assert (change.first, change.again, change.max_abs_change) == ("4", "8", 4)
    assert digest(one) == before
    one.update(matrix(), 4)
    assert moved(on, one)["x.num_boosted_rounds()"].again == "5"


def test_a_wrapper_refits_unless_it_is_given_a_booster() -> None:
    """`fit` starts over, `fit(xgb_model=...)` goes on."""
    model = xgboost.XGBClassifier(n_jobs=1, n_estimators=3)
    unfitted = digest(model)
    first = digest(model.fit(X, Y))
    assert unfitted != first == digest(model.fit(X, Y))
    once = copy.deepcopy(model)
    model.fit(X, Y, xgb_model=model.get_booster())
    assert moved(once, model)["x.get_booster().num_boosted_rounds()"].again == "6"


def test_early_stopping_leaves_value() -> None:
    """The best round and score, what evaluation said, and the state of the callback."""
    model = TRAININGS["early stopping"](X)
    assert {"x.best_iteration", "x.best_score"} <= paths(model)
    better = copy.deepcopy(model)
    better.best_iteration = 99
    better.set_attr(note="mine")
    assert {"x.best_iteration", "x.attr('note')"} <= set(moved(model, better))
    stops = xgboost.callback.EarlyStopping(rounds=2)
    fresh = copy.deepcopy(stops)
    wrapped = xgboost.XGBClassifier(n_jobs=1, n_estimators=5, callbacks=[stops])
    wrapped.fit(X, Y, eval_set=[(OTHER, Y)], verbose=False)
    assert "x.evals_result_['validation_0']['logloss']" in paths(wrapped)
    assert "x.current_rounds" in moved(fresh, stops) or "len(x.stopping_history)" in moved(fresh, stops)


def test_a_model_loaded_again_has_the_same_trees() -> None:
    """Only the parameters of training are not in a saved model."""
    model = TRAININGS["train"](X)
    loaded = xgboost.Booster(model_file=model.save_raw())
    assert "x.save_raw()" not in moved(model, loaded)
    assert digest(loaded) == digest(xgboost.Booster(model_file=model.save_raw()))


def test_a_booster_that_has_seen_no_data_is_opaque() -> None:
    """It raises whatever it is asked."""
    assert "before it has seen data" in read(xgboost.Booster({"max_depth": 2})).opaque[0]
    assert read(xgboost.Booster()).kind == "model"


def test_attributes_of_the_person_are_value() -> None:
    """A booster takes any attribute."""
    one, other = (TRAININGS["train"](X) for _ in range(2))
    other.note = 1
    assert list(moved(one, other)) == ["x.note"]


MATRICES: dict[str, tuple[dict[str, Any], str]] = {
    "values": ({"data": X + 1}, "x.get_data().data"),
    "labels": ({"label": 1 - Y}, "x.get_label()"),
    "weights": ({"weight": np.arange(80)}, "x.get_weight().shape"),
    "margins": ({"base_margin": np.arange(80)}, "x.get_base_margin().shape"),
    "groups": ({"qid": np.repeat([0, 1], 40)}, "x.get_group().shape"),
    "bounds": ({"label_lower_bound": Y}, "x.get_float_info('label_lower_bound').shape"),
    "names": ({"feature_names": list("abcd")}, "x.feature_names"),
    "rows": ({"data": X[:40], "label": Y[:40]}, "(x.num_row(), x.num_col())"),
}


@pytest.mark.parametrize("part", MATRICES)
def test_every_part_of_a_matrix_is_value(part: str) -> None:
    """Equal data make equal matrices, and what differs is named."""
    more, path = MATRICES[part]
    assert digest(matrix()) == digest(matrix())
    assert digest(matrix(**more)) == digest(matrix(**more)) != digest(matrix())
    assert path in moved(matrix(), matrix(**more))


def test_training_leaves_its_matrix_alone() -> None:
    """Quantiles that training makes and keeps are no value; a missing value is not a zero."""
    data = matrix()
    before = digest(data)
    TRAININGS["train"](X)
    xgboost.train(PARAMETERS, data, 2).predict(data)
    assert digest(data) == before
    assert digest(matrix([[0.0, 1.0]], [0])) != digest(matrix([[np.nan, 1.0]], [0]))


def test_quantised_matrices_are_read_with_their_cuts() -> None:
    """What a `QuantileDMatrix` still knows of its data."""
    assert digest(xgboost.QuantileDMatrix(X, Y)) == digest(xgboost.QuantileDMatrix(X, Y))
    assert "x.get_quantile_cut()[1]" in moved(xgboost.QuantileDMatrix(X, Y), xgboost.QuantileDMatrix(X * 2, Y))


def test_categories_are_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names behind the codes are read where pyarrow is loaded, and never passed over where it is not."""
    one, other = (pd.DataFrame({"a": pd.Categorical([name, "z"] * 5)}) for name in "xy")
    made = [matrix(frame, [0, 1] * 5, enable_categorical=True) for frame in (one, one, other)]
    assert digest(made[0]) == digest(made[1])
    assert "x.get_categories()[0][1]" in moved(made[0], made[2])
    monkeypatch.delitem(__import__("sys").modules, "pyarrow")
    assert "pyarrow" in read(made[0]).opaque[0]


def test_what_is_shown_of_a_model() -> None:
    """Rounds, not bytes alone."""
    shown = texts(TRAININGS["train"](X))
    assert shown["x"] == "booster of 4 rounds"
    assert shown["x.save_raw()"].startswith("4 rounds in ")
    assert read(ranked()).model
