"""statsmodels: results and models are equal after another fit; what is filled in when somebody asks is not value."""

from __future__ import annotations

import contextlib
import copy
import datetime
import os
import pickle
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf
from patsy.eval import EvalEnvironment
from statsmodels.formula import options
from statsmodels.gam.api import BSplines
from statsmodels.miscmodels.ordinal_model import OrderedModel
from statsmodels.tsa.api import VAR, AutoReg, ETSModel, ExponentialSmoothing
from statsmodels.tsa.arima.model import ARIMA
from statsmodels.tsa.statespace.sarimax import SARIMAX

from nbrerun.probe.read.parts import leaves
from tests.unit.probe.looking import digest, moved, notebook, paths, read


def frame(seed: int = 0) -> pd.DataFrame:
    """Numbers, classes, groups and counts."""
    rs = np.random.RandomState(seed)
    found = pd.DataFrame(rs.normal(size=(60, 3)), columns=list("abc"))
    found["y"] = (found["a"] + rs.normal(size=60) > 0).astype(int)
    found["g"], found["n"] = np.arange(60) % 3, rs.poisson(3, size=60)
    return found


def design(data: pd.DataFrame) -> Any:
    """Two columns and a constant."""
    return sm.add_constant(data[["a", "b"]])


def series(data: pd.DataFrame) -> Any:
    """A walk by month."""
    return pd.Series(data["c"].to_numpy().cumsum() + 50, index=pd.date_range("2020", periods=60, freq="MS"))


MODELS: dict[str, Callable[[pd.DataFrame], Any]] = {
    "OLS": lambda d: sm.OLS(d["c"], design(d)),
    "OLS of arrays": lambda d: sm.OLS(d["c"].to_numpy(), design(d).to_numpy()),
    "WLS": lambda d: sm.WLS(d["c"], design(d), weights=np.arange(1, 61)),
    "GLS": lambda d: sm.GLS(d["c"], design(d)),
    "RLM": lambda d: sm.RLM(d["c"], design(d)),
    "GLM": lambda d: sm.GLM(d["n"], design(d), family=sm.families.Poisson()),
    "Logit": lambda d: sm.Logit(d["y"], design(d)),
    "MNLogit": lambda d: sm.MNLogit(d["g"], design(d)),
    "Poisson": lambda d: sm.Poisson(d["n"], design(d)),
    "NegativeBinomial": lambda d: sm.NegativeBinomial(d["n"], design(d)),
    "OrderedModel": lambda d: OrderedModel(d["g"], d[["a", "b"]]),
    "GEE": lambda d: sm.GEE(d["c"], design(d), groups=d["g"]),
    "PHReg": lambda d: sm.PHReg(d["c"].abs(), d[["a"]]),
    "GLMGam": lambda d: sm.GLMGam(  # others than these come out with other last digits at every fit
        d["n"], d[["b"]], smoother=BSplines(d[["a"]], df=[4], degree=[3]), alpha=[1.0], family=sm.families.Poisson()
    ),
    "ols": lambda d: smf.ols("c ~ a + np.exp(b) + C(g)", d),
    "glm": lambda d: smf.glm("y ~ center(a)", d, family=sm.families.Binomial()),
    "logit": lambda d: smf.logit("y ~ a", d),
    "quantreg": lambda d: smf.quantreg("c ~ a", d),
    "mixedlm": lambda d: smf.mixedlm("c ~ a", d, groups=d["g"]),
    "ARIMA": lambda d: ARIMA(series(d), order=(1, 1, 1)),
    "SARIMAX": lambda d: SARIMAX(series(d), order=(1, 0, 0), seasonal_order=(1, 0, 0, 4)),
    "UnobservedComponents": lambda d: sm.tsa.UnobservedComponents(series(d), "local level"),
    "AutoReg": lambda d: AutoReg(series(d), 2),
    "VAR": lambda d: VAR(d[["a", "b"]]),
    "ExponentialSmoothing": lambda d: ExponentialSmoothing(series(d), trend="add"),
    "ETSModel": lambda d: ETSModel(series(d), trend="add"),
}


def fit(model: Any) -> Any:
    """Fit it and print nothing."""
    try:
        return model.fit(disp=0)
    except TypeError:
        return model.fit()


QUESTIONS: tuple[Callable[[Any], Any], ...] = (
    lambda result: result.summary(),
    lambda result: result.summary2(),
    lambda result: result.predict(),
    lambda result: result.forecast(5),
    lambda result: result.get_forecast(5).conf_int(),
    lambda result: result.get_prediction().summary_frame(),
    lambda result: result.simulate(5, random_state=1),
    lambda result: result.conf_int(),
    lambda result: result.get_margeff(),
    lambda result: result.get_influence().summary_frame(),
    lambda result: result.get_robustcov_results("HC3"),
    lambda result: (result.aic, result.bse, result.pvalues),
    lambda result: (result.resid, result.fittedvalues, result.tvalues, result.HC0_se),
    lambda result: result.irf(3).irfs,
)
"""Not every model has an answer to each of these."""


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", MODELS)
def test_equal_fits_are_equal(kind: str) -> None:
    """Fitted again, made anew or copied, a result is equal; that of other data is not."""
    model = MODELS[kind](frame())
    assert digest(model) == digest(MODELS[kind](frame())) != digest(MODELS[kind](frame(1)))
    result = fit(model)
    first = digest(result)
    for value in (model, result):
        assert not read(value).opaque
        assert read(value).kind == "model"
    assert first == digest(fit(MODELS[kind](frame()))) == digest(copy.deepcopy(result))
    assert first != digest(fit(MODELS[kind](frame(1))))


def objects(value: Any) -> dict[str, int]:
    """Which object each part of a value is."""
    return {path: leaf["id"] for path, leaf in leaves("x", value).items() if not leaf["atom"]}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", MODELS)
def test_asking_a_result_is_no_change(
    kind: str, capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Summaries and forecasts leave it and its model as they are, part by part; reading prints and writes nothing."""
    monkeypatch.chdir(tmp_path)
    model = MODELS[kind](frame())
    result = fit(model)
    capfd.readouterr()
    before, parts = (digest(result), digest(model)), objects(result)
    params = np.array(result.params) if not isinstance(result.params, dict) else None
    for ask in QUESTIONS:
        with contextlib.suppress(Exception):
            ask(result)
    assert (digest(result), digest(model)) == before
    assert objects(result) == parts
    assert params is None or np.array_equal(params, np.array(result.params))
    assert capfd.readouterr() == ("", "")
    assert os.listdir(tmp_path) == []


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", MODELS)
def test_fitting_a_model_again_is_no_change(kind: str) -> None:
    """The second fit of one model object leaves it where the first did, and finds the same."""
    model = MODELS[kind](frame())
    first = digest(fit(model))
    after = digest(model)
    assert digest(fit(model)) == first
    assert digest(model) == after


@pytest.mark.parametrize("kind", ["OLS", "WLS", "RLM", "GLM", "Logit", "ols", "glm", "NegativeBinomial"])
def test_the_first_fit_is_no_change_of_the_model(kind: str) -> None:
    """What a fit found is in the result; the model is as it was made."""
    model = MODELS[kind](frame())
    before = digest(model)
    fit(model)
    assert digest(model) == before


@pytest.mark.parametrize("kind", ["OLS", "GLM", "Logit", "RLM", "AutoReg"])
def test_a_pickled_result_is_equal(kind: str) -> None:
    """What pickling leaves out is no value."""
    result = fit(MODELS[kind](frame()))
    before = digest(result)
    assert digest(pickle.loads(pickle.dumps(result))) == before == digest(result)


def test_parts_are_named_as_a_person_finds_them() -> None:
    """The wrapper around a result is left out of the path."""
    result = fit(MODELS["OLS"](frame()))
    assert {"x.params", "x.model.exog", "x.normalized_cov_params"} <= paths(result)
    other = fit(MODELS["OLS"](frame(1)))
    assert (moved(result, other)["x.params"].max_abs_change or 0) > 0


@pytest.mark.filterwarnings("ignore")
def test_more_observations_are_another_result() -> None:
    """`append` and another order of a time series are seen, and so are other settings."""
    result = fit(MODELS["ARIMA"](frame()))
    longer = result.append(pd.Series([1.0], index=pd.date_range("2025", periods=1, freq="MS")))
    assert "x.filter_results.llf" in moved(result, longer)
    assert digest(ARIMA(series(frame()), order=(1, 1, 0))) != digest(MODELS["ARIMA"](frame()))
    assert digest(AutoReg(series(frame()), 3)) != digest(MODELS["AutoReg"](frame()))
    robust = sm.OLS(frame()["c"], design(frame())).fit(cov_type="HC3")
    assert "x.cov_type" in moved(fit(MODELS["OLS"](frame())), robust)


def test_what_watches_a_fit_is_no_value() -> None:
    """A callback leaves with pickling, from the result it is pickled from as well."""
    result = sm.Logit(frame()["y"], design(frame())).fit(disp=0, method="bfgs", callback=lambda params: None)
    assert digest(result) == digest(sm.Logit(frame()["y"], design(frame())).fit(disp=0, method="bfgs"))


@pytest.mark.parametrize("engine", ["patsy", "formulaic"])
def test_variables_of_the_notebook_are_not_the_model(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A formula sees all of them and the whole frame; the model moves with neither."""
    monkeypatch.setattr(options, "_formula_engine", engine)
    found = notebook(
        """
        from tests.unit.probe.adapters.test_statsmodels import frame
        import numpy as np
        import statsmodels.formula.api as smf

        df = frame()
        counter, shift = 0, np.array(1.0)

        def up(column):
            return column + shift

        model = smf.ols("c ~ a + up(b)", df)
        """
    )
    result = found["model"].fit()
    before = digest(found["model"]), digest(result)
    assert not read(result).opaque
    found["counter"] = 1
    found["shift"] += 5
    found["df"]["predicted"] = result.predict()
    assert (digest(found["model"]), digest(result)) == before


def test_an_environment_is_no_value() -> None:
    """Patsy keeps the variables that it looks names up in."""
    assert digest(EvalEnvironment([{"a": 1}])) == digest(EvalEnvironment([{"b": 2}]))


def test_formulas_and_names_are_value() -> None:
    """Terms, columns, and what a transformation has remembered."""
    one, other = smf.ols("c ~ a", frame()), smf.ols("c ~ a + b", frame())
    assert {"x.formula", "len(x.data.model_spec.column_names)"} <= set(moved(one, other))
    data, more = frame(), frame()
    more["a"] += 1
    assert digest(smf.ols("c ~ center(a)", data)) != digest(smf.ols("c ~ center(a)", more))
    renamed = sm.OLS(frame()["c"], design(frame()).rename(columns={"a": "z"}))
    assert "x.data.orig_exog.columns.values" in moved(MODELS["OLS"](frame()), renamed)
    assert digest(sm.OLS(frame()["c"].rename("d"), design(frame()))) != digest(MODELS["OLS"](frame()))


def summaries(result: Any) -> list[Any]:
    """Both kinds there are."""
    return [result.summary(), result.summary2()]


def test_a_summary_is_its_text_without_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Made at another time it says the same, and reading it pads no table."""
    result, other = fit(MODELS["OLS"](frame())), fit(MODELS["OLS"](frame(1)))
    made = summaries(result)
    monkeypatch.setattr("time.localtime", lambda: time.gmtime(2_000_000_000))
    late = SimpleNamespace(datetime=SimpleNamespace(now=lambda: datetime.datetime(2033, 5, 18, 3, 33)))
    monkeypatch.setattr("statsmodels.iolib.summary2.datetime", late)
    for shown, later, another in zip(made, summaries(result), summaries(other), strict=True):
        before = pickle.dumps(shown)
        assert digest(shown) == digest(later) != digest(another)
        assert pickle.dumps(shown) == before
        assert shown.as_text() != later.as_text()
