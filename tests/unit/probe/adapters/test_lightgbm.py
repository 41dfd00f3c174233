"""LightGBM: boosters and datasets are read as themselves; iterations are counted, training data are not the model."""

from __future__ import annotations

import copy
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pytest

from nbrerun.probe.adapters import lightgbm as adapter
from tests.unit.probe.looking import digest, moved, paths, read, texts

X = np.random.RandomState(0).normal(size=(200, 4))
Y = (X[:, 0] + 0.3 * X[:, 1] > 0).astype(int)
OTHER = np.random.RandomState(1).normal(size=(200, 4))
PARAMETERS = {
    "objective": "binary",
    "verbose": -1,
    "num_leaves": 4,
    "bagging_fraction": 0.6,
    "bagging_freq": 1,
    "num_threads": 1,
}


def dataset(data: Any = X, label: Any = Y, **more: Any) -> Any:
    """Data as LightGBM takes them."""
    return lightgbm.Dataset(data, label, params={"verbose": -1, "num_threads": 1}, **more)


def squared(predicted: Any, data: Any) -> tuple[Any, Any]:
    """An objective of the person's own."""
    return predicted - data.get_label(), np.ones(len(predicted))


def train(x: Any, **more: Any) -> Any:
    """A booster of four iterations."""
    return lightgbm.train({**PARAMETERS, **more}, dataset(x), 4)


def stopped(x: Any) -> Any:
    """One that was stopped early."""
    data = dataset(x)
    early = lightgbm.early_stopping(2, verbose=False)
    return lightgbm.train(PARAMETERS, data, 30, valid_sets=[data.create_valid(OTHER, Y)], callbacks=[early])


TRAININGS: dict[str, Callable[[Any], Any]] = {
    "train": train,
    "dart": lambda x: train(x, boosting="dart"),
    "forest": lambda x: train(x, boosting="rf"),
    "own objective": lambda x: train(x, objective=squared),
    "early stopping": stopped,
    "categories": lambda x: lightgbm.train(PARAMETERS, dataset(np.abs(x).round(), categorical_feature=[0]), 4),
    "kept for training": lambda x: lightgbm.train(PARAMETERS, dataset(x), 4, keep_training_booster=True),
    "LGBMClassifier": lambda x: lightgbm.LGBMClassifier(n_estimators=4, verbose=-1, n_jobs=1).fit(x, Y),
    "LGBMRegressor": lambda x: lightgbm.LGBMRegressor(n_estimators=4, verbose=-1, n_jobs=1).fit(x, Y),
}


@pytest.mark.parametrize("kind", TRAININGS)
def test_equal_trainings_are_equal(kind: str) -> None:
    """Trained anew or pickled it is equal; trained on other data it is not."""
    model = TRAININGS[kind](X)
    first = digest(model)
    assert not read(model).opaque
    assert read(model).kind == "model"
    assert first == digest(model) == digest(TRAININGS[kind](X))
    assert first == digest(pickle.loads(pickle.dumps(model)))
    assert first != digest(TRAININGS[kind](OTHER))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", TRAININGS)
def test_asking_a_model_is_no_change(
    kind: str, capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Predicting, explaining and dumping leave it as it is; reading it prints and writes nothing."""
    monkeypatch.chdir(tmp_path)
    model = TRAININGS[kind](X)
    booster = getattr(model, "booster_", model)
    predicted = booster.predict(OTHER)
    capfd.readouterr()
    before = digest(model)
    assert np.array_equal(booster.predict(OTHER), predicted)
    booster.feature_importance()
    booster.dump_model()
    booster.predict(OTHER, pred_contrib=True)
    repr(model)
    assert digest(model) == before
    assert capfd.readouterr() == ("", "")
    assert os.listdir(tmp_path) == []


def test_another_seed_and_other_parameters_are_another_model() -> None:
    """Both the trees and the parameter are named."""
    assert {"x.model_to_string()", "x.params['bagging_seed']"} <= set(moved(train(X), train(X, seed=3)))
    slower = lightgbm.train(PARAMETERS, dataset(), 4, keep_training_booster=True)
    assert list(moved(train(X), slower.reset_parameter({"learning_rate": 0.01}))) == ["x.params['learning_rate']"]


def test_training_on_names_the_iterations() -> None:
    """`init_model`, `update` and `rollback_one_iter` change their number."""
    one = train(X)
    before = digest(one)
    on = lightgbm.train(PARAMETERS, dataset(), 4, init_model=one)
    change = moved(one, on)["x.current_iteration()"]
    assert (change.first, change.again, change.max_abs_change) == ("4", "8", 4)
    assert digest(one) == before
    live = lightgbm.Booster(PARAMETERS, dataset())
    states = [pickle.loads(pickle.dumps(live)) for _ in range(2) if live.update() is not None]
    assert moved(*states)["x.current_iteration()"].again == "2"
    live.rollback_one_iter()
    assert moved(states[1], live)["x.current_iteration()"].again == "1"


def test_a_wrapper_refits_unless_it_is_given_a_model() -> None:
    """`fit` starts over, `fit(init_model=...)` goes on."""
    model = lightgbm.LGBMClassifier(n_estimators=3, verbose=-1, n_jobs=1)
    unfitted = digest(model)
    first = digest(model.fit(X, Y))
    assert unfitted != first == digest(model.fit(X, Y))
    once = pickle.loads(pickle.dumps(model))
    model.fit(X, Y, init_model=model.booster_)
    assert moved(once, model)["x.booster_.current_iteration()"].again == "6"


def test_training_data_are_not_the_model() -> None:
    """A booster that keeps them is the one that has let them go; so is a copy, which tells no best round."""
    kept = TRAININGS["kept for training"](X)
    assert digest(kept) == digest(train(X)) == digest(kept.free_dataset())
    assert "x.model_to_string()" not in moved(kept, copy.deepcopy(kept))


@pytest.mark.filterwarnings("ignore:The argument .eval_set.")
def test_early_stopping_leaves_value() -> None:
    """The best iteration and its scores, by the name of the data."""
    model = stopped(X)
    assert {"x.best_iteration", "x.best_score['valid_0']['binary_logloss']"} <= paths(model)
    other = pickle.loads(pickle.dumps(model))
    other.best_iteration -= 1
    assert list(moved(model, other)) == ["x.best_iteration"]
    wrapped = lightgbm.LGBMClassifier(n_estimators=5, verbose=-1, n_jobs=1).fit(X, Y, eval_set=[(OTHER, Y)])
    assert {"x.evals_result_['valid_0']['binary_logloss']", "x.best_iteration_"} <= paths(wrapped)


def test_a_leaf_set_by_hand_is_seen() -> None:
    """All digits of a leaf are in what is read."""
    one, other = (train(X) for _ in range(2))
    other.set_leaf_output(0, 0, other.get_leaf_output(0, 0) * (1 + 1e-15))
    assert list(moved(one, other)) == ["x.model_to_string()"]


def test_attributes_of_the_person_are_value() -> None:
    """A booster takes any attribute."""
    one, other = (train(X) for _ in range(2))
    other.note = 1
    assert list(moved(one, other)) == ["x.note"]


def test_a_dataset_before_it_is_constructed() -> None:
    """It is what it will be made from."""
    assert digest(dataset()) == digest(dataset()) != digest(dataset(OTHER))
    assert list(moved(dataset(), dataset(OTHER))) == ["x.data"]
    assert not read(dataset()).model


CONSTRUCTED: dict[str, tuple[Any, str]] = {
    "order of rows": (dataset(X[::-1].copy(), Y), "x.<bins>"),
    "scale, which leaves the bins as full": (dataset(X * 2, Y), "x.<bins>"),
    "labels": (dataset(X, 1 - Y), "x.label"),
    "weights": (dataset(X, Y, weight=np.arange(200)), "x.weight"),
    "initial scores": (dataset(X, Y, init_score=np.arange(200)), "x.init_score"),
    "names": (dataset(X, Y, feature_name=list("abcd")), "x.feature_name"),
    "rows": (dataset(X[:100], Y[:100]), "(x.num_data(), x.num_feature())"),
}


@pytest.mark.parametrize("part", CONSTRUCTED)
def test_every_part_of_a_constructed_dataset_is_value(part: str) -> None:
    """The features are let go; edges of the bins and what is in them are read all the same."""
    other, path = CONSTRUCTED[part]
    one = dataset().construct()
    assert not read(one).opaque
    assert digest(one) == digest(dataset().construct())
    assert path in moved(one, other.construct())


def test_training_again_leaves_its_dataset_alone() -> None:
    """The first training constructs it, another finds it as it was."""
    data = dataset()
    lazy = digest(data)
    lightgbm.train(PARAMETERS, data, 2)
    once = digest(data)
    assert lazy != once
    lightgbm.train(PARAMETERS, data, 3)
    data.get_label()
    data.get_field("label")
    assert digest(data) == once


def test_data_that_are_kept_are_read_themselves() -> None:
    """With `free_raw_data=False` nothing has been let go."""
    kept = dataset(free_raw_data=False).construct()
    assert list(moved(kept, dataset(OTHER, free_raw_data=False).construct())) == ["x.data"]


def test_bins_that_cannot_be_read_are_opaque(monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many values, or no place to put them that is not on a disk: never silently equal."""
    data = dataset().construct()
    monkeypatch.setattr(adapter, "_MOST_BYTES", 10)
    assert "free_raw_data" in read(data).opaque[0]
    monkeypatch.undo()
    monkeypatch.setattr(adapter, "_MOST_VALUES", 10)
    assert "free_raw_data" in read(data).opaque[0]
    monkeypatch.undo()
    monkeypatch.delattr(os, "memfd_create")
    assert "free_raw_data" in read(data).opaque[0]


def test_what_is_shown_of_a_model() -> None:
    """Iterations, not characters alone."""
    shown = texts(train(X))
    assert shown["x"] == "booster of 4 iterations"
    assert shown["x.model_to_string()"].startswith("4 iterations in ")
