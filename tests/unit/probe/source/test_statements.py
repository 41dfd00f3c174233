"""What one statement does to names."""

from __future__ import annotations

import ast

import pytest

from nbrerun.probe.source.statements import look_at

LOADS = {
    "m = pickle.loads(data)": {"m"},
    "m, n = joblib.load(path)['m'], 1": set(),
    "m = load_model(path).inner[0]": {"m"},
    "clf.coef_ = w": {"clf"},
    "clf.coef_, clf.b_ = w": {"clf"},
    "clf.C = c": set(),
    "m = load(path).fit(x)": set(),
    "m = build(load(path))": set(),
}


@pytest.mark.parametrize("source", LOADS)
def test_what_was_learnt_before_is_told_from_what_is_made(source: str) -> None:
    """What a loading function returns, and a value for an attribute that only fitting gives."""
    assert look_at(ast.parse(source).body[0]).loads == LOADS[source]
