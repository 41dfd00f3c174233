"""Which variables are looked at more closely after a rerun."""

from __future__ import annotations

from typing import Any

import pytest

from nbrerun.engine.identity import look_closer
from nbrerun.engine.interface import Again, FirstResult
from nbrerun.probe.protocol.messages import Variable
from tests.unit.making import cell, rerun, state, variable

MODEL, DATA = variable(b"1", kind="model"), variable(b"1")

UNCLEAR: dict[str, tuple[Variable, Variable | None, dict[str, Any], bool]] = {
    # `x` after the first run and before it, what the rerun did, and whether it is looked at more closely
    "data that the first run changed": (DATA, variable(b"0"), {}, True),
    "data that the first run bound": (DATA, None, {}, True),
    "data that the rerun stored into": (DATA, DATA, {"stores": ["x"]}, True),
    "data that had a method called": (DATA, DATA, {"written": ["x"]}, False),
    "data that was given to a function": (DATA, DATA, {"passed": ["x"]}, False),
    "a model that had a method called": (MODEL, MODEL, {"written": ["x"]}, True),
    "a model that was given to a function": (MODEL, MODEL, {"passed": ["x"]}, True),
    "a model that was left alone": (MODEL, MODEL, {}, False),
    "a name that is gone": (MODEL, MODEL, {"written": ["y"], "passed": ["y"], "stores": ["y"]}, False),
    "a model that is another object now": (MODEL, MODEL, {"written": ["x"], "replaced": ["x"]}, False),
    "a model with another value": (MODEL, MODEL, {"written": ["x"], "after": state({"x": b"2"})}, False),
    "an iterator that the first run made": (variable(b"1", kind="iterator"), None, {}, True),
    "a definition": (variable(b"1", kind="definition"), None, {"stores": ["x"]}, False),
    "a number": (variable(b"1", atom=True), None, {}, False),
}


class Parts:
    """A branch that is asked for the parts of variables."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def leaves_before(self, names: list[str], values: bool) -> dict[str, Any]:
        """Ask for them as they were."""
        self.asked += names
        return {}

    def leaves_after(self, names: list[str], values: bool) -> dict[str, Any]:
        """Ask for them as they are."""
        return {}


@pytest.mark.parametrize("case", UNCLEAR)
def test_what_may_have_changed_without_a_trace_is_looked_at(case: str) -> None:
    """What the first run made or the rerun stored into; of models also those with methods, or given to a function."""
    now, then, does, expected = UNCLEAR[case]
    first = state({"x": now})
    result = FirstResult(cell(0), state({"x": then} if then else {}), first, 1.0)
    branch: Any = Parts()
    look_closer(branch, Again(result, rerun(does.pop("after", first), **does)), lambda addresses: set())
    assert branch.asked == (["x"] if expected else [])
