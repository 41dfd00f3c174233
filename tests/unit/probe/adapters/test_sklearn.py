"""scikit-learn: every kind of estimator is equal after a refit, and differs after training on or on other data."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import DBSCAN, AgglomerativeClustering, KMeans, MiniBatchKMeans
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import (
    AdaBoostClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer
from sklearn.feature_selection import SelectKBest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.impute import SimpleImputer
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import Lasso, LinearRegression, LogisticRegression, Perceptron, SGDClassifier, SGDRegressor
from sklearn.manifold import MDS
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV, KFold, RandomizedSearchCV, ShuffleSplit
from sklearn.naive_bayes import GaussianNB, MultinomialNB
from sklearn.neighbors import KernelDensity, KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import LabelEncoder, OneHotEncoder, PolynomialFeatures, StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier

from tests.unit.probe.looking import digest, moved, paths, read

X = np.random.RandomState(0).normal(size=(60, 4))
Y = (X[:, 0] + 0.5 * X[:, 1] > 0).astype(int)
OTHER = np.random.RandomState(1).normal(size=(60, 4))

SEARCH = {"C": [0.1, 1.0]}

RANDOM_START = {"init": "random"} if "init" in MDS().get_params() else {}
"""MDS begins at random; since scikit-learn 1.8 it has to be told."""

ESTIMATORS: dict[str, Callable[[], Any]] = {
    "LinearRegression": LinearRegression,
    "Lasso": lambda: Lasso(0.01),
    "LogisticRegression": LogisticRegression,
    "SGDClassifier": lambda: SGDClassifier(random_state=0),
    "SGDRegressor": lambda: SGDRegressor(random_state=0),
    "Perceptron": lambda: Perceptron(random_state=0),
    "SVC": lambda: SVC(kernel="rbf"),
    "LinearSVC": lambda: LinearSVC(random_state=0),
    "KNeighborsClassifier": lambda: KNeighborsClassifier(algorithm="kd_tree"),
    "ball tree": lambda: KNeighborsClassifier(algorithm="ball_tree"),
    "KernelDensity": KernelDensity,
    "DecisionTreeClassifier": lambda: DecisionTreeClassifier(random_state=0),
    "RandomForestClassifier": lambda: RandomForestClassifier(5, random_state=0),
    "IsolationForest": lambda: IsolationForest(n_estimators=5, random_state=0),
    "GradientBoostingClassifier": lambda: GradientBoostingClassifier(n_estimators=3, random_state=0),
    "HistGradientBoostingClassifier": lambda: HistGradientBoostingClassifier(max_iter=3, random_state=0),
    "AdaBoostClassifier": lambda: AdaBoostClassifier(n_estimators=3, random_state=0),
    "VotingClassifier": lambda: VotingClassifier([("a", GaussianNB()), ("b", LogisticRegression())]),
    "StackingClassifier": lambda: StackingClassifier([("a", GaussianNB())], cv=2),
    "GaussianNB": GaussianNB,
    "LinearDiscriminantAnalysis": LinearDiscriminantAnalysis,
    "MLPClassifier": lambda: MLPClassifier((3,), max_iter=5, random_state=0),
    "GaussianProcessRegressor": GaussianProcessRegressor,
    "GaussianMixture": lambda: GaussianMixture(2, random_state=0),
    "KMeans": lambda: KMeans(2, n_init=1, random_state=0),
    "MiniBatchKMeans": lambda: MiniBatchKMeans(2, n_init=1, random_state=0),
    "DBSCAN": lambda: DBSCAN(1.0),
    "AgglomerativeClustering": AgglomerativeClustering,
    "PCA": lambda: PCA(2),
    "TruncatedSVD": lambda: TruncatedSVD(2, random_state=0),
    "MDS": lambda: MDS(2, n_init=1, max_iter=5, random_state=0, **RANDOM_START),
    "StandardScaler": StandardScaler,
    "SimpleImputer": SimpleImputer,
    "SelectKBest": lambda: SelectKBest(k=2),
    "Pipeline": lambda: Pipeline([("scale", StandardScaler()), ("clf", LogisticRegression())]),
    "FeatureUnion": lambda: FeatureUnion([("pca", PCA(1)), ("scale", StandardScaler())]),
    "ColumnTransformer": lambda: ColumnTransformer([("a", StandardScaler(), [0, 1]), ("b", PCA(1), [2, 3])]),
    "GridSearchCV": lambda: GridSearchCV(LogisticRegression(), SEARCH, cv=2),
    "RandomizedSearchCV": lambda: RandomizedSearchCV(LogisticRegression(), SEARCH, n_iter=2, cv=2, random_state=0),
    "nested": lambda: GridSearchCV(
        make_pipeline(StandardScaler(), LogisticRegression()), {"logisticregression__C": [1.0]}, cv=2
    ),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_a_refit_gives_the_same_model(kind: str) -> None:
    """Fitted again, made anew, copied or pickled it is equal; fitted to other data it is not."""
    model = ESTIMATORS[kind]()
    unfitted = digest(model)
    first = digest(model.fit(X, Y))
    assert not read(model).opaque
    assert read(model).kind == "model"
    assert first != unfitted
    assert first == digest(model.fit(X, Y))
    assert first == digest(ESTIMATORS[kind]().fit(X, Y))
    assert first == digest(copy.deepcopy(model)) == digest(pickle.loads(pickle.dumps(model)))
    assert first != digest(model.fit(OTHER, Y))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_asking_a_model_is_no_change(kind: str) -> None:
    """Predicting, transforming, scoring and showing leave a model as it is."""
    model = ESTIMATORS[kind]().fit(X, Y)
    before = digest(model)
    for name in ("predict", "transform", "predict_proba", "score_samples"):
        if hasattr(model, name):
            getattr(model, name)(X)
    repr(model)
    model._repr_html_()
    model.get_params()
    assert digest(model) == before


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_looking_at_a_model_is_no_change(kind: str) -> None:
    """Its pickle is the same before and after, and so are its answers."""
    model = ESTIMATORS[kind]().fit(X, Y)
    before = sorted(vars(model))
    read(model)
    assert len(paths(model)) > 3
    assert sorted(vars(model)) == before


TRAIN_ON: dict[str, tuple[Any, Callable[[Any], Any], str]] = {
    "partial_fit": (SGDClassifier(random_state=0), lambda m: m.partial_fit(X, Y, classes=[0, 1]), "x.coef_"),
    "the steps of partial_fit": (SGDClassifier(random_state=0), lambda m: m.partial_fit(X, Y, classes=[0, 1]), "x.t_"),
    "counting": (MultinomialNB(), lambda m: m.partial_fit(abs(X), Y, classes=[0, 1]), "x.class_count_"),
    "warm start": (
        SGDClassifier(warm_start=True, max_iter=1, tol=None, random_state=0),
        lambda m: m.fit(X, Y),
        "x.coef_",
    ),
    "a network": (MLPClassifier((3,), random_state=0), lambda m: m.partial_fit(X, Y, classes=[0, 1]), "x.loss_"),
    "batches": (MiniBatchKMeans(2, n_init=1, random_state=0), lambda m: m.partial_fit(X), "x._counts"),
    "a scaler": (StandardScaler(), lambda m: m.partial_fit(X), "x.n_samples_seen_"),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", TRAIN_ON)
def test_training_on_is_seen_in_the_attribute_that_moved(case: str) -> None:
    """The attribute is named as a person would write it, with its largest change."""
    model, train, path = TRAIN_ON[case]
    once = train(copy.deepcopy(model))
    twice = train(train(copy.deepcopy(model)))
    assert digest(once) != digest(twice)
    assert (moved(once, twice)[path].max_abs_change or 0) > 0


def test_more_trees_are_seen() -> None:
    """A forest that grows by `warm_start` has more estimators."""
    model = RandomForestClassifier(2, warm_start=True, random_state=0).fit(X, Y)
    before = copy.deepcopy(model)
    model.set_params(n_estimators=4).fit(X, Y)
    assert {"x.n_estimators", "len(x.estimators_)"} <= set(moved(before, model))


def test_a_parameter_is_value() -> None:
    """Setting one is a change of its own."""
    assert moved(LogisticRegression(C=1.0), LogisticRegression(C=2.0))["x.C"].max_abs_change == 1


def test_durations_are_not_value() -> None:
    """How long a search took is not what it learnt."""
    one, other = (GridSearchCV(LogisticRegression(), SEARCH, cv=2).fit(X, Y) for _ in range(2))
    other.refit_time_ += 100
    other.cv_results_["mean_fit_time"] += 100
    other.cv_results_["std_score_time"] += 100
    assert digest(one) == digest(other)
    other.cv_results_["mean_test_score"] += 1
    assert digest(one) != digest(other)


def test_where_stop_words_lie_is_not_value() -> None:
    """A vectorizer that was asked is what it was, and so is one that was given equal words."""
    hashing = HashingVectorizer(n_features=8)
    before = digest(hashing)
    hashing.transform(["a text"])
    assert digest(hashing) == before
    one, other = (TfidfVectorizer(stop_words=["the"]).fit(["the cat"]) for _ in range(2))
    assert digest(one) == digest(other)


def test_the_generator_of_a_model_is_not_the_model() -> None:
    """A generator given as `random_state` moves without the model having learnt anything else."""
    rng = np.random.RandomState(0)
    model = LogisticRegression(random_state=rng).fit(X, Y)
    before = digest(model)
    rng.normal()
    assert digest(model) == before


def test_a_pipeline_is_written_by_its_steps() -> None:
    """`pipe['clf'].coef_`; and steps have names and an order."""
    steps = [("scale", StandardScaler()), ("clf", LogisticRegression())]
    one = Pipeline(steps).fit(X, Y)
    other = Pipeline([("scale", StandardScaler()), ("clf", LogisticRegression(C=0.01))]).fit(X, Y)
    assert "x['clf'].coef_" in moved(one, other)
    assert "x['scale'].mean_" in paths(one)
    renamed = Pipeline([("scaler", StandardScaler()), ("clf", LogisticRegression())])
    assert digest(Pipeline(copy.deepcopy(steps[::-1]))) != digest(Pipeline(copy.deepcopy(steps)))
    assert digest(renamed) != digest(Pipeline([("scale", StandardScaler()), ("clf", LogisticRegression())]))


def test_a_search_is_written_down_to_its_best_model() -> None:
    """`search.best_estimator_.coef_`."""
    search = GridSearchCV(LogisticRegression(), SEARCH, cv=2).fit(X, Y)
    assert {"x.best_estimator_.coef_", "x.best_params_['C']", "x.best_score_"} <= paths(search)


def test_vocabularies_and_classes_are_value() -> None:
    """Encoders of texts and labels."""
    one, other = (TfidfVectorizer().fit(texts) for texts in (["a word", "two words"], ["a word", "three words"]))
    assert digest(one) == digest(TfidfVectorizer().fit(["a word", "two words"])) != digest(other)
    assert digest(LabelEncoder().fit(["a", "b"])) != digest(LabelEncoder().fit(["a", "c"]))
    assert digest(OneHotEncoder().fit([["a"]])) != digest(OneHotEncoder().fit([["b"]]))
    assert digest(PolynomialFeatures(2).fit(X)) == digest(PolynomialFeatures(2).fit(OTHER))


def test_models_know_the_columns_they_were_fitted_on() -> None:
    """Feature names are value."""
    one, other = (LinearRegression().fit(pd.DataFrame(X, columns=list(names)), Y) for names in ("abcd", "abce"))
    assert "x.feature_names_in_" in moved(one, other)


def test_functions_learnt_by_interpolation_are_read() -> None:
    """scipy's interpolators inside of an estimator."""
    one = IsotonicRegression().fit(X[:, 0], Y)
    assert digest(one) == digest(IsotonicRegression().fit(X[:, 0], Y)) != digest(IsotonicRegression().fit(X[:, 1], Y))


def test_splitters_and_containers_of_models() -> None:
    """A splitter is data, a dict or list with a model in it is a model."""
    assert digest(KFold(3)) == digest(KFold(3)) != digest(KFold(4))
    assert not read(ShuffleSplit(3)).model
    assert read({"a": [GaussianNB()]}).model
