"""statsmodels: models, results, and the formulas of their data."""

from __future__ import annotations

import copy
import re
import sys
from typing import Any, Dict, FrozenSet, List, Optional

from ..describe.node import Node, clip, reads, type_name
from .builtins import items_only
from .generic import Described, attributes, attributes_node

_OF_A_RESULT = frozenset("_cache _summary_cache _summary_statistics_cache _nobs_int diagn het_scale _states".split())
"""Caches, summaries, and the arrays of a filter repeated as frames."""

_OF_THE_DATA = frozenset("_cache frame predict_dates predict_start predict_end _param_names _cov_names".split())
"""What the last prediction or fit left, and the frame that the caller keeps working with."""

_OF_A_MODEL = frozenset("_tmp_like_exog _transparams".split())
"""Working memory; the first is not even initialised."""

_OF_A_REGRESSION = _OF_A_MODEL | frozenset(
    "_df_model _df_resid normalized_cov_params pinv_wexog rank wexog_singular_values".split()
)
_OF_ITERATIONS = _OF_A_MODEL | frozenset("mu scale weights".split())

_OF_A_SYSTEM = frozenset(
    "shapes _representations _statespaces _initializations _kalman_filters _kalman_smoothers _simulators".split()
)
"""Working memory of the filters, for each type of number; shapes are those of the matrices."""

# The formats of time and date in summaries.
_CLOCK = re.compile(r"\d\d:\d\d:\d\d|\w{3}, \d\d \w{3} \d{4}|\d{4}-\d\d-\d\d \d\d:\d\d")


def _model(value: Any, names: FrozenSet[str]) -> Node:
    return attributes_node(
        value, _by_axes(attributes(value, names)), kind="model", text=lambda: f"<{type(value).__name__}>"
    )


def _by_axes(found: Dict[str, Any]) -> Dict[str, Any]:
    """Reduce the frames of the caller's to their labels: the model has the values itself."""
    for name in ("orig_endog", "orig_exog"):
        axes = _axes(found.get(name))
        if axes is not None:
            found[name] = axes
    return found


def _axes(item: Any) -> Optional[Described]:
    pandas: Any = sys.modules.get("pandas")
    if isinstance(item, pandas.DataFrame):
        labels, parts = [".columns", ".index"], [item.columns, item.index]
    elif isinstance(item, pandas.Series):
        labels, parts = [".name", ".index"], [item.name, item.index]
    else:
        return None
    return Described(Node("labels", children=parts, labels=lambda: labels))


@reads("statsmodels.base.model.Model")
def model(value: Any) -> Node:
    """A model, by its data and settings."""
    return _model(value, _OF_A_MODEL)


@reads("statsmodels.regression.linear_model.RegressionModel")
def regression(value: Any) -> Node:
    """A regression model, without what one fit leaves for the next."""
    return _model(value, _OF_A_REGRESSION)


@reads("statsmodels.genmod.generalized_linear_model.GLM", "statsmodels.robust.robust_linear_model.RLM")
def iterated(value: Any) -> Node:
    """A model fitted by iteration, without the values of the last fit's last iteration."""
    return _model(value, _OF_ITERATIONS)


@reads("statsmodels.tsa.holtwinters.model.ExponentialSmoothing")
def smoothing(value: Any) -> Node:
    """A smoothing model, without the parameters of the last fit or forecast."""
    return _model(value, _OF_A_MODEL | {"params"})


@reads("statsmodels.base.data.ModelData")
def data(value: Any) -> Node:
    """A model's data, by arrays, labels and the formula that made them."""
    return attributes_node(value, _by_axes(attributes(value, _OF_THE_DATA)))


@reads("statsmodels.base.wrapper.ResultsWrapper")
def wrapper(value: Any) -> Node:
    """A wrapper that adds labels to a result, by that result."""
    inner = object.__getattribute__(value, "_results")
    return Node(
        type_name(type(value)),
        children=[inner],
        labels=lambda: [""],
        kind="model",
        text=lambda: f"<{type(inner).__name__}>",
    )


@reads("statsmodels.base.model.Results")
def results(value: Any) -> Node:
    """The result of a fit."""
    found = attributes(value, _OF_A_RESULT)
    settings = found.get("mle_settings")
    if isinstance(settings, dict):  # pickling a result deletes its callback, from the original as well
        found["mle_settings"] = {name: item for name, item in settings.items() if name != "callback"}
    return attributes_node(value, found, kind="model", text=lambda: f"<{type(value).__name__}>")


@reads(
    "statsmodels.tsa.statespace.representation.Representation",
    "statsmodels.tsa.statespace.initialization.Initialization",
)
def system(value: Any) -> Node:
    """A state space model, by its matrices."""
    return attributes_node(value, attributes(value, _OF_A_SYSTEM))


@reads("statsmodels.tsa.deterministic.DeterministicProcess")
def trend(value: Any) -> Node:
    """Deterministic terms, without the cached columns that they give."""
    return attributes_node(value, attributes(value, frozenset({"_cached_in_sample"})))


@reads("statsmodels.tools.tools.Bunch")
def bunch(value: Any) -> Node:
    """A Bunch, as a dict: its attributes are its items, except in a copy."""
    return items_only(value)


@reads("statsmodels.iolib.summary.Summary", "statsmodels.iolib.summary2.Summary")
def summary(value: Any) -> Node:
    """A printed summary, without its time and date; printing pads the tables, so a copy is printed."""
    text = _CLOCK.sub("", copy.deepcopy(value).as_text())
    return Node(type_name(type(value)), (text.encode(),), text=lambda: clip(text))


@reads("patsy.design_info.DesignInfo")
def design(value: Any) -> Node:
    """A design, by its columns and how each is computed from the variables."""
    own = attributes(value)
    parts: List[Any] = [list(own["column_name_indexes"])]
    parts += [list((own[name] or {}).items()) for name in ("factor_infos", "term_codings")]
    return Node(
        type_name(type(value)),
        children=parts,
        labels=lambda: [".column_names", ".factor_infos", ".term_codings"],
    )


@reads("patsy.eval.EvalEnvironment")
def environment(value: Any) -> Node:
    """The caller's variables, which are not part of the value: the data hold what the formula took from them."""
    return Node(type_name(type(value)))


@reads("formulaic.model_matrix.ModelMatrix")
def matrix(value: Any) -> Node:
    """A model matrix, by the frame in it."""
    return Node(type_name(type(value)), children=[value.__wrapped__], labels=lambda: [""])
