"""CatBoost: models without their number and time, pools as far as the library shows them."""

from __future__ import annotations

import copy
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import catboost
import numpy as np
import pandas as pd
import pytest

from tests.unit.probe.looking import digest, moved, paths, read, texts

X = np.random.RandomState(0).normal(size=(120, 4))
Y = (X[:, 0] + 0.3 * X[:, 1] > 0).astype(int)
OTHER = np.random.RandomState(1).normal(size=(120, 4))
PARAMETERS: dict[str, Any] = {"iterations": 4, "depth": 3, "verbose": 0, "allow_writing_files": False}


class Squared:
    """An objective of the person's own."""

    def calc_ders_range(self, predicted: Any, target: Any, weights: Any) -> list[tuple[float, float]]:
        """First and second derivative, row by row."""
        return [(target[i] - predicted[i], -1.0) for i in range(len(target))]


def classifier(x: Any, **more: Any) -> Any:
    """A model of four trees."""
    return catboost.CatBoostClassifier(**{**PARAMETERS, **more}).fit(x, Y)


def with_categories(x: Any) -> Any:
    """Trained on a column of names."""
    frame = pd.DataFrame({"a": np.where(x[:, 0] > 0, "up", "down"), "b": x[:, 1], "c": x[:, 2].round().astype(str)})
    return catboost.CatBoostClassifier(**PARAMETERS, cat_features=["a", "c"]).fit(frame, Y)


TRAININGS: dict[str, Callable[[Any], Any]] = {
    "CatBoostClassifier": classifier,
    "CatBoostRegressor": lambda x: catboost.CatBoostRegressor(**PARAMETERS).fit(x, Y),
    "CatBoost": lambda x: catboost.CatBoost({**PARAMETERS, "loss_function": "RMSE"}).fit(catboost.Pool(x, Y)),
    "ranker": lambda x: catboost.CatBoostRanker(**PARAMETERS).fit(x, Y, group_id=np.repeat([0, 1], 60)),
    "train": lambda x: catboost.train(catboost.Pool(x, Y), {**PARAMETERS, "loss_function": "Logloss"}),
    "deep": lambda x: classifier(x, grow_policy="Lossguide"),
    "sampled": lambda x: classifier(x, subsample=0.5, bootstrap_type="Bernoulli"),
    "categories": with_categories,
    "own objective": lambda x: catboost.CatBoostRegressor(
        **PARAMETERS, loss_function=Squared(), eval_metric="RMSE"
    ).fit(x, Y),
    "early stopping": lambda x: catboost.CatBoostClassifier(**{**PARAMETERS, "iterations": 30}).fit(
        x, Y, eval_set=(OTHER, Y), early_stopping_rounds=2
    ),
}


@pytest.mark.filterwarnings("ignore")
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
@pytest.mark.parametrize("kind", ["CatBoostClassifier", "CatBoostRegressor", "deep", "early stopping"])
def test_asking_a_model_is_no_change(
    kind: str, capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Predicting and explaining leave it as it is; reading it prints and writes nothing, nor gives it a number."""
    monkeypatch.chdir(tmp_path)
    model = TRAININGS[kind](X)
    predicted, number = model.predict(OTHER), model.get_metadata()["model_guid"]
    capfd.readouterr()
    before = digest(model)
    assert np.array_equal(model.predict(OTHER), predicted)
    assert model.get_metadata()["model_guid"] == number
    model.get_feature_importance(catboost.Pool(X, Y), type="ShapValues")
    model.get_feature_importance(catboost.Pool(X, Y), type="LossFunctionChange")
    assert len(model.feature_importances_) == 4
    repr(model)
    assert digest(model) == before
    assert capfd.readouterr() == ("", "")
    assert os.listdir(tmp_path) == []


def test_another_seed_and_other_parameters_are_another_model() -> None:
    """Both the leaves and the parameter are named."""
    assert {"x.get_leaf_values()", "x.get_params()['random_seed']"} <= set(
        moved(classifier(X), classifier(X, random_seed=3))
    )
    one, other = (catboost.CatBoostClassifier(depth=depth) for depth in (3, 4))
    assert list(moved(one, other)) == ["x.get_params()['depth']"]


def test_training_on_names_the_trees() -> None:
    """`init_model` adds trees; the model that was started from stays what it was."""
    one = classifier(X)
    before = digest(one)
    on = catboost.CatBoostClassifier(**PARAMETERS).fit(X, Y, init_model=one)
    change = moved(one, on)["x.tree_count_"]
    assert (change.first, change.again, change.max_abs_change) == ("4", "8", 4)
    assert digest(one) == before


def test_a_model_refits_from_the_start() -> None:
    """`fit` starts over; without one there is nothing but parameters."""
    model = catboost.CatBoostClassifier(**PARAMETERS)
    unfitted = digest(model)
    assert unfitted == digest(catboost.CatBoostClassifier(**PARAMETERS)) == digest(copy.deepcopy(model))
    assert read(model).kind == "model"
    assert not read(model).opaque
    first = digest(model.fit(X, Y))
    assert unfitted != first == digest(model.fit(X, Y))


def test_early_stopping_leaves_value() -> None:
    """The best iteration and the scores by name."""
    found = paths(TRAININGS["early stopping"](X))
    assert {"x.best_iteration_", "x.best_score_['validation']['Logloss']"} <= found
    assert "x.evals_result_['validation']['Logloss']" in found


def test_a_model_loaded_again_has_the_same_trees(tmp_path: Path) -> None:
    """A file keeps the trees and scores, and loading it twice gives equal models."""
    model = classifier(X)
    model.save_model(str(tmp_path / "model.cbm"))
    one, other = (catboost.CatBoostClassifier().load_model(str(tmp_path / "model.cbm")) for _ in range(2))
    assert digest(one) == digest(other)
    assert not {"x.get_leaf_values()", "x.best_score_['learn']['Logloss']"} & set(moved(model, one))


def test_attributes_of_the_person_are_value() -> None:
    """A model takes any attribute; a leaf set by hand is seen with how far it moved."""
    one, other = classifier(X), classifier(X)
    other.note = 1
    assert list(moved(one, other)) == ["x.note"]
    third = classifier(X)
    third.set_leaf_values(third.get_leaf_values() + 0.5)
    assert moved(one, third)["x.get_leaf_values()"].max_abs_change == pytest.approx(0.5)


POOLS: dict[str, tuple[dict[str, Any], str]] = {
    "features": ({"data": X + 1}, "x.get_features()"),
    "labels": ({"label": 1 - Y}, "x.get_label()"),
    "weights": ({"weight": np.arange(120)}, "x.get_weight()"),
    "baseline": ({"baseline": np.arange(120.0)}, "x.get_baseline()"),
    "groups": ({"group_id": np.repeat([0, 1], 60)}, "x.get_group_id_hash()"),
    "names": ({"feature_names": list("abcd")}, "x.get_feature_names()"),
    "rows": ({"data": X[:60], "label": Y[:60]}, "x.shape"),
}


@pytest.mark.parametrize("part", POOLS)
def test_every_part_of_a_pool_is_value(part: str) -> None:
    """Equal data make equal pools, and what differs is named."""
    more, path = POOLS[part]
    base = {"data": X, "label": Y}
    one, same, other = (catboost.Pool(**{**base, **also}) for also in ({}, {}, more))
    assert digest(one) == digest(same) != digest(other)
    assert any(path in found for found in moved(one, other))


def test_training_leaves_its_pool_alone() -> None:
    """It can be trained on, explained and sliced."""
    pool = catboost.Pool(X, Y)
    before = digest(pool)
    catboost.CatBoostClassifier(**PARAMETERS).fit(pool).predict(pool)
    pool.slice([0, 1])
    assert digest(pool) == before
    assert not read(pool).model


HIDDEN: dict[str, Callable[[], Any]] = {
    "categories": lambda: catboost.Pool(pd.DataFrame({"a": ["x", "y"] * 5}), [0, 1] * 5, cat_features=["a"]),
    "texts": lambda: catboost.Pool(pd.DataFrame({"a": ["x y", "y"] * 5}), [0, 1] * 5, text_features=["a"]),
    "pairs": lambda: catboost.Pool(X, Y, group_id=np.zeros(120, int), pairs=[(0, 1)]),
}


@pytest.mark.parametrize("what", HIDDEN)
def test_what_a_pool_does_not_show_is_opaque(what: str) -> None:
    """Never silently equal; what it does show is compared all the same."""
    pool = HIDDEN[what]()
    assert "the library shows neither" in read(pool).opaque[0]
    assert "x.get_label()" in paths(pool)


def test_a_quantised_pool_is_opaque() -> None:
    """Its features are let go."""
    pool = catboost.Pool(X, Y)
    pool.quantize()
    assert read(pool).opaque


def test_what_is_shown_of_a_model() -> None:
    """Trees, not bytes alone."""
    shown = texts(classifier(X))
    assert shown["x"] == "model of 4 trees"
    assert shown["x.<trees>"].startswith("4 trees in ")
