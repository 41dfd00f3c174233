"""The canonical report that feeds every reporter, and a maker of notebook files."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nbrerun.model import (
    CellReport,
    Change,
    Failure,
    Finding,
    How,
    Kind,
    Mark,
    Missing,
    NotebookReport,
    Numbers,
    Parting,
    Raised,
    Recovery,
    Report,
    Restart,
    Seconds,
    Severity,
    Spot,
    VariableReport,
    Verdict,
    Via,
    WholeRun,
)
from nbrerun.settings.values import Gate
from tests.unit.making import judged

SGD = "sklearn.linear_model.SGDClassifier"


COUNTS = {1: 1, 4: 17, 6: 3}
"""Numbers that Jupyter shows beside cells, by index."""


def _model(verdict: Verdict, **more: Any) -> VariableReport:
    return VariableReport("model", Kind.MODEL, SGD, verdict, **more)


def _training() -> NotebookReport:
    keeps_training = (
        "keeps training: `model.partial_fit` changed `model.coef_` by up to 0.31 and `model.t_` from 101 to 201"
    )
    numbers = Numbers((1, 20), 16, (0.12, -0.44, None), (0.43, -0.5, 1e-07))
    coefficients = Change(
        "model.coef_", "array(1, 20) [0.12, -0.44, ...]", "array(1, 20) [0.43, -0.5, ...]", 0.31, numbers=numbers
    )
    cells = (
        CellReport(
            1,
            "ab12",
            Verdict.STATELESS,
            "leaves nothing behind",
            "import numpy as np",
            Seconds(0.31, 0.0),
            engine="fork",
        ),
        CellReport(
            3,
            "cd34",
            Verdict.RESET,
            "starts over: `X_train`, `X_test` and 2 more are recreated",
            "X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)",
            Seconds(0.02, 0.02),
            (VariableReport("X_train", Kind.DATA, "numpy.ndarray", Verdict.RESET, How.RECREATED),),
            engine="fork",
        ),
        CellReport(
            4,
            "ef56",
            Verdict.RESET,
            "`model`: recreated, unseeded",
            "model = SGDClassifier().fit(X_train, y_train)",
            Seconds(0.11, 0.1),
            (_model(Verdict.RESET, how=How.RECREATED, marks=(Mark.UNSEEDED,), changes=(coefficients,)),),
            engine="fork",
        ),
        CellReport(
            6,
            "0a0b",
            Verdict.IN_PLACE,
            keeps_training,
            "model.partial_fit(X_train, y_train)",
            Seconds(0.25, 0.24),
            (
                _model(
                    Verdict.IN_PLACE,
                    changes=(coefficients, Change("model.t_", "101.0", "201.0", 100.0)),
                    more_changes=3,
                    reason="trained on",
                ),
                VariableReport(
                    "stream",
                    Kind.DATA,
                    "builtins.generator",
                    Verdict.UNDETERMINED,
                    opaque=("stream: a running generator has no readable state",),
                ),
            ),
            engine="fork",
        ),
        CellReport(
            9,
            "1c1d",
            Verdict.PERSISTED,
            'carries on: `model` is kept from the first run by `if "model" not in globals()`',
            'if "model" not in globals():',
            Seconds(0.2, 0.0),
            (_model(Verdict.PERSISTED, via=Via.KERNEL),),
            engine="fork",
        ),
        CellReport(
            11,
            "2e2f",
            Verdict.ERROR,
            "can be run only once: KeyError: 'target'",
            'df = df.drop(columns="target")',
            Seconds(0.01, 0.01),
            error=Raised("KeyError", "'target'", ("\x1b[31mKeyError\x1b[39m: 'target'",)),
            engine="replay",
        ),
        CellReport(12, "3a3b", Verdict.SKIPPED, "tagged nbrerun:skip", "slow_search.fit(X, y)", Seconds(12.5, None)),
        CellReport(
            100,
            "4c4d",
            Verdict.UNDETERMINED,
            "the rerun was stopped after 10 s",
            "while not converged:",
            Seconds(8.0, 10.0),
            engine="replay",
        ),
    )
    findings = (
        Finding(
            "NBR004",
            Severity.WARNING,
            4,
            "model",
            "`model` comes out different every time: give it a random_state",
            spot=Spot(1, 1, 5, "model = SGDClassifier().fit(X_train, y_train)"),
        ),
        Finding(
            "NBR002",
            Severity.ERROR,
            6,
            "model",
            "`model` " + keeps_training,
            spot=Spot(2, 5, 17, "    model.partial_fit(X_train, y_train)"),
        ),
        Finding(
            "NBR001",
            Severity.ERROR,
            11,
            None,
            "running the cell again raises KeyError: 'target'",
            spot=Spot(12, 1, 0, "df = df.drop(columns='***')"),
        ),
        Finding("NBR101", Severity.INFO, 6, "model", "needs `model` of cell 4"),
    )
    reason = "fork up to cell 9; replay from there on, since TensorFlow does not survive a fork"
    return NotebookReport(
        "lessons/04 training.ipynb",
        "fork+replay",
        reason,
        "python3",
        "overlay",
        "what cells write goes to a layer in memory; it covers the notebook's folder and /tmp",
        tuple(replace(cell, execution_count=COUNTS.get(cell.index)) for cell in cells),
        findings=findings,
        seconds=14.25,
    )


def _import(name: str, through: str | None = None) -> Missing:
    return Missing(name, 0, Kind.DEFINITION, imported=True, through=through)


def _restarted() -> NotebookReport:
    """Every answer that there is on restarts; only text cells lie between the cells that have numbers."""
    X, y, model = Missing("X", 2, Kind.DATA), Missing("y", 2, Kind.DATA), Missing("model", 5, Kind.MODEL)
    no_file = Raised("FileNotFoundError", "[Errno 2] No such file or directory: 'scores.csv'", ("File <cell>, line 1",))
    helper = Missing("helper", 1, Kind.DEFINITION)
    restarts = {
        0: ("import numpy as np", Restart(True)),
        1: ("def helper(frame):", Restart(True)),
        2: ("X, y = load()", Restart(False, (_import("load"),))),
        4: ("helper(np.log(X))", Restart(False, (_import("np"), X, helper, _import("pd", through="helper")))),
        5: ("model = Ridge().fit(X, y)", Restart(False, (_import("Ridge"), X, y))),
        6: ("model.score(X, y)", Restart(False, (model, X, y))),
        8: ("model.predict(X) - y", Restart(False, (model, X, y))),
        9: ("plot(model, X, y)", Restart(False, (model, X, y))),
        10: ("total = total_so_far + 1", Restart(False, (Missing("total_so_far", None, Kind.DATA),), no_file)),
        11: ("scores = pd.read_csv('scores.csv')", Restart(False, (), no_file)),
        12: ('model = load("my_model.sav")', Restart(True)),
        14: ("print(1)", Restart(True)),
        15: ("print(2)", Restart(True)),
        17: ("slow()", Restart(False, reason="stopped after 10 s")),
        18: ("print(3)", None),
    }
    cells = tuple(
        CellReport(index, f"r{index}", Verdict.STATELESS, "leaves nothing behind", line, restart=restart)
        for index, (line, restart) in restarts.items()
    )
    recover = (
        Recovery("model", (0, 12), (1, 2, 4, 5, 6, 8, 9, 10, 11), "my_model.sav", True, "is loaded from its file"),
        Recovery("scaler", (2,), (), None, True),
        Recovery("search", (0, 1, 2, 5), (4,), None, False, "it differs by up to 0.02 from that of the main run"),
        Recovery("net", (), (), None, False, "running all cells before it was stopped after 60 s"),
    )
    parted = (Parting("model", 5, (Mark.UNSEEDED,)), Parting("scores", 11))
    whole = (
        WholeRun("run-all-twice", parted, Failure("NameError", "name 'total' is not defined\nhelp", index=10)),
        WholeRun("restart-and-run-all"),
        WholeRun("fresh-clone", reason="the folder has no files of before the run"),
    )
    sandbox = "copy", "no overlay without user namespaces; files outside the notebook's folder are not covered"
    return NotebookReport(
        "lessons/07 restart.ipynb",
        "fork",
        "everything here survives a fork",
        "python3",
        *sandbox,
        cells,
        recover,
        whole,
    )


def _hostile() -> NotebookReport:
    """Text that tries to be markup, escape sequences or something else that it is not."""
    cell = CellReport(
        0,
        "[bold]id[/bold]",
        Verdict.RESET,
        "\x1b]0;title\x07`x[/]`: [red]recreated[/red]\x1b[2J :smile:\x07\u202e",
        "x[/] = '[link=https://example.org]日本語[/link]'\t# \x1b[31mred\x1b[0m \udc80",
        Seconds(float("inf"), 0.1),
        (
            VariableReport(
                "x[/]",
                Kind.DATA,
                "builtins.str",
                Verdict.RESET,
                How.RECREATED,
                changes=(Change("x[/][0]", "[/a\x1b[0m]", "b\nc", float("nan")),),
            ),
        ),
        restart=Restart(
            False,
            (Missing("x[/]\x1b[2J", 0, Kind.DATA, through="[red]f"),),
            Raised("[bold]Error", "\x1b[31m[/]"),
            "[red]half\x07",
        ),
    )
    failure = Failure(
        "ValueError", "[/] first\nsecond\r\n\x1b[1mthird\x1b[0m", ("Traceback:", "\x1b[0;31m[/]"), index=2
    )
    return NotebookReport(
        "odd/[red].ipynb",
        "replay",
        "asked for",
        "python3",
        sandbox_reason="[red]no\x1b[2J",
        cells=(cell,),
        recover=(Recovery("x[/]", (0,), (), "[red]\x1b[31m.sav", False, "[/]\x07"),),
        whole=(WholeRun("fresh-clone", (Parting("[/]\x1b[0m", 0),), failure),),
        failure=failure,
        seconds=1.0,
    )


@pytest.fixture
def report() -> Report:
    """Every verdict, mark and severity; a failed, an empty interrupted, a restarted and a skipped notebook."""
    empty = NotebookReport("empty.ipynb", "", "", "python3", interrupted=True, seconds=0.5)
    skipped = NotebookReport("lessons/09 torch.ipynb", "", "", "python3", lacks=("torch", "keras"), seconds=0.25)
    return judged(Report("0.1.0", (_training(), _hostile(), empty, _restarted(), skipped)), Gate())


@pytest.fixture
def write_notebook(tmp_path: Path) -> Callable[..., Path]:
    """A maker of notebook files in `tmp_path`: sources in, path out; ids and tags by keyword."""

    def write(*cells: dict[str, Any] | str, name: str = "nb.ipynb", **top: Any) -> Path:
        nodes = [_node(index, cell) for index, cell in enumerate(cells)]
        notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": nodes} | top
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(notebook), encoding="utf-8")
        return path

    return write


def _node(index: int, cell: dict[str, Any] | str) -> dict[str, Any]:
    given: dict[str, Any] = {"source": cell} if isinstance(cell, str) else dict(cell)
    tags = given.pop("tags", [])
    node: dict[str, Any] = {"cell_type": "code", "id": f"id{index}", "metadata": {"tags": tags}} | given
    return node | ({"outputs": [], "execution_count": None} if node["cell_type"] == "code" else {})
