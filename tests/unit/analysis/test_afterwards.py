"""The findings on a notebook whose run is over, or was interrupted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from nbrerun.analysis.afterwards import all_findings
from nbrerun.analysis.check import Check
from nbrerun.model import Kind, Verdict
from nbrerun.progress import Silent
from nbrerun.settings.values import Settings
from tests.unit.classify.tables import UNSEEDED, report, variable
from tests.unit.making import rerun, state, step


def test_a_cell_that_was_run_and_not_judged_is_left_out(tmp_path: Path) -> None:
    """Ctrl-C comes while it is run again beside the next one; what was found until then is reported."""
    drawn = variable(Kind.DATA, Verdict.RESET, "X", marks=(UNSEEDED,), reason="`X` is recreated")
    model = variable(Kind.MODEL, Verdict.RESET, "clf", reason="`clf` is recreated")
    steps = [step(state(), state(), index=at, again=rerun(state(), reads=["X"])) for at in (7, 8)]
    notebook: Any = SimpleNamespace(cells=[one.cell for one in steps], skipped=[], folder=tmp_path)
    choice: Any = None
    check = Check(notebook, Settings(), Silent(), choice, reports={7: report(drawn)}, steps=steps)
    assert [found.rule for found in all_findings(check)] == []
    check.reports[8] = replace(report(model), index=8)
    assert [(found.rule, found.index, found.name) for found in all_findings(check)] == [("NBR004", 7, "X")]


def test_a_model_is_fitted_on_the_draw_that_has_the_name_then(tmp_path: Path) -> None:
    """A cell in between that gives the name something else ends it; one that makes something of the draw does not."""
    drawn = variable(Kind.DATA, Verdict.RESET, "y", marks=(UNSEEDED,), reason="`y` is recreated")
    model = variable(Kind.MODEL, Verdict.RESET, "clf", reason="`clf` is recreated")
    held = state({"y": b"1"})
    ran = {"loads": rerun(held, bound=["y"]), "scales": rerun(held, bound=["y"], reads=["y"])}
    for between, rules in {"loads": [], "scales": ["NBR004"]}.items():
        fits = rerun(held, reads=["y"])
        steps = [step(held, held, index=at, again=run) for at, run in enumerate([rerun(held), ran[between], fits])]
        notebook: Any = SimpleNamespace(cells=[one.cell for one in steps], skipped=[], folder=tmp_path)
        choice: Any = None
        reports = {
            0: replace(report(drawn), index=0),
            1: replace(report(), index=1),
            2: replace(report(model), index=2),
        }
        check = Check(notebook, Settings(), Silent(), choice, reports=reports, steps=steps)
        assert [found.rule for found in all_findings(check)] == rules
