"""The verdicts on its variables in, the verdict on the cell out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nbrerun.classify.cell import judge_cell
from nbrerun.model import Kind, Verdict
from tests.unit.classify.tables import (
    DATA,
    DEFINED,
    FILES,
    FOLLOWS,
    MODEL,
    MODELS,
    RECREATED,
    REFITTED,
    SETTINGS,
    UNSEEDED,
    variable,
)

DRAWN_FROM = variable(Kind.GENERATOR, Verdict.RESET, "rng", how=REFITTED, marks=(UNSEEDED,))
SEEDED = variable(Kind.GENERATOR, Verdict.RESET, "random", how=REFITTED)
MADE_GENERATOR = variable(Kind.GENERATOR, Verdict.RESET, "rng", how=RECREATED)

CELLS = {
    "nothing": ([], Verdict.STATELESS),
    "definitions only": ([DEFINED], Verdict.STATELESS),
    "draws and keeps nothing": ([DRAWN_FROM], Verdict.STATELESS),
    "only seeds": ([SEEDED], Verdict.RESET),
    "makes a generator": ([MADE_GENERATOR], Verdict.RESET),
    "a model outranks data": ([MODELS[Verdict.RESET], DATA[Verdict.IN_PLACE]], Verdict.RESET),
    "a model outranks settings and files": (
        [MODELS[Verdict.PERSISTED], SETTINGS[Verdict.IN_PLACE], FILES[Verdict.IN_PLACE]],
        Verdict.PERSISTED,
    ),
    "in-place outranks persisted": ([MODELS[Verdict.PERSISTED], MODELS[Verdict.IN_PLACE]], Verdict.IN_PLACE),
    "persisted outranks reset": ([MODELS[Verdict.RESET], MODELS[Verdict.PERSISTED]], Verdict.PERSISTED),
    "data alone, strongest first": (
        [DATA[Verdict.RESET], DATA[Verdict.PERSISTED], DATA[Verdict.IN_PLACE]],
        Verdict.IN_PLACE,
    ),
    "a setting alone": ([SETTINGS[Verdict.IN_PLACE]], Verdict.IN_PLACE),
    "a file alone": ([FILES[Verdict.IN_PLACE]], Verdict.IN_PLACE),
    "saves a model and binds a helper": ([FILES[Verdict.PERSISTED], DATA[Verdict.RESET]], Verdict.PERSISTED),
    "saves a model that it has made": ([FILES[Verdict.PERSISTED], MODELS[Verdict.RESET]], Verdict.RESET),
    "saves data": ([FILES[Verdict.RESET]], Verdict.RESET),
    "data beside a definition": ([DEFINED, DATA[Verdict.RESET]], Verdict.RESET),
    "data beside a generator drawn from": ([DRAWN_FROM, DATA[Verdict.RESET]], Verdict.RESET),
    "nothing but what cannot be read": ([DATA[Verdict.UNDETERMINED]], Verdict.UNDETERMINED),
    "a model that follows leaves another model": (
        [variable(MODEL, Verdict.RESET, "scaler", marks=(FOLLOWS,)), DATA[Verdict.RESET]],
        Verdict.IN_PLACE,
    ),
    "data that follows does not outrank a model": (
        [MODELS[Verdict.RESET], variable(Kind.DATA, Verdict.RESET, marks=(FOLLOWS,))],
        Verdict.RESET,
    ),
    "data that follows is reset": ([variable(Kind.DATA, Verdict.RESET, marks=(FOLLOWS,))], Verdict.RESET),
    "a model that cannot be read": ([MODELS[Verdict.UNDETERMINED], DATA[Verdict.RESET]], Verdict.UNDETERMINED),
    "data known to move beside what cannot be read": (
        [DATA[Verdict.UNDETERMINED], DATA[Verdict.IN_PLACE]],
        Verdict.IN_PLACE,
    ),
}


@pytest.mark.parametrize("case", CELLS)
def test_a_cell_gets_its_strongest_verdict(case: str) -> None:
    """Models before everything else, then in-place over persisted over reset; in whatever order they come."""
    variables, expected = CELLS[case]
    assert judge_cell(variables) is expected
    assert judge_cell(variables[::-1]) is expected


def test_a_loop_variable_never_outranks_what_the_cell_is_about() -> None:
    """A left-over handle that moved on does not make a cell in-place that only computes anew."""
    loop = variable(Kind.DATA, Verdict.IN_PLACE, "i")
    assert judge_cell([replace(loop, incidental=True), DATA[Verdict.RESET]]) is Verdict.RESET
    assert judge_cell([loop, DATA[Verdict.RESET]]) is Verdict.IN_PLACE
