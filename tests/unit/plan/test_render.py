"""A plan as text and as JSON."""

from __future__ import annotations

import io
import json

from nbrerun.model import Cell, Failure
from nbrerun.plan import render
from nbrerun.plan.answer import Plan, Planned

CELLS = (
    Planned(Cell(2, "two", "x = 1"), "it was edited"),
    Planned(Cell(11, "b", "y = x" * 40), "it gives `y` its value"),
)


def text(plan: Plan) -> list[str]:
    """The lines of the text."""
    out = io.StringIO()
    render.as_text(plan, out)
    return out.getvalue().splitlines()


def test_a_plan_has_a_line_for_each_cell() -> None:
    """With the reason beside it; long lines are cut."""
    lines = text(Plan("nb.ipynb", (2,), (), 12, CELLS, verified=True, whole_seconds=2.0, seconds=0.5))
    assert lines[1] == "Run 2 cells of 12:"
    assert lines[2].startswith("   [2]  x = 1 ")
    assert lines[2].endswith("  it was edited")
    assert "…  it gives `y`" in lines[3]
    assert lines[4].endswith("They took 0.5 s, and a clean run 2.0 s.")


def test_nothing_to_run() -> None:
    """Either since the kernel holds it, or since the code is the same."""
    assert "Nothing has to be run: the kernel holds" in text(Plan("nb.ipynb", (2,), (), 12, verified=True))[1]
    plan = Plan("nb.ipynb", (), (), 12, verified=True, reason="both versions have the same code")
    assert text(plan)[1] == "Nothing has to be run: both versions have the same code."


def test_a_restart_with_a_way_around_it() -> None:
    """What is left, and what may be run once it is removed."""
    plan = Plan("nb.ipynb", (), ("x = 1", "y = 2"), 2, CELLS, True, "`x` is still there", ("x",), CELLS[:1])
    lines = text(plan)
    assert lines[0] == "nb.ipynb: 2 cells were deleted"
    assert lines[1] == "Restart & Run All: `x` is still there."
    assert lines[2] == "Or remove `x`, and then run 1 cell (verified)."
    assert lines[3].endswith("it was edited")


def test_what_was_compared_otherwise_is_said() -> None:
    """Unseeded values, values that no two runs leave alike, outputs, stand-ins, and what the notebook raises."""
    plan = Plan(
        "nb.ipynb",
        (2,),
        (),
        12,
        CELLS,
        same_draws=("model",),
        not_compared=("t",),
        unread=("local",),
        outdated=(3, 4),
        stand_in=True,
        failure=Failure("ValueError", "no", (), 5),
    )
    said = "\n".join(text(plan))
    for words in ("cell 5 raises ValueError: no", "`model`", "`t`", "`local`", "cells 3, 4", "not known: other values"):
        assert words in said


def test_json_has_what_the_page_lists() -> None:
    """Every key, and cells as objects."""
    out = io.StringIO()
    render.as_json(Plan("nb.ipynb", (2,), (), 12, CELLS[:1], verified=True), out)
    document = json.loads(out.getvalue())
    assert document["cells"] == [{"index": 2, "id": "two", "first_line": "x = 1", "why": "it was edited"}]
    assert (document["restart"], document["verified"], document["failure"]) == (False, True, None)
