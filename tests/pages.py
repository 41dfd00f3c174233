"""Notebooks and reports on them for tests of the page for a browser; no kernel is started."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

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
    Raised,
    Recovery,
    Report,
    Restart,
    Seconds,
    Severity,
    VariableReport,
    Verdict,
    Via,
    WholeRun,
)
from nbrerun.reporters.formats import html

SGD = "sklearn.linear_model.SGDClassifier"
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
"""A PNG of one pixel."""
TABLE = """<div>
<style scoped>.dataframe tbody tr th { vertical-align: top; }</style>
<table border="1" class="dataframe"><thead><tr><th></th><th>price</th></tr></thead>
<tbody><tr><th>0</th><td>63.04</td></tr></tbody></table></div>"""
STYLED = """<style>#own { color: rgb(1, 2, 3); }</style><div id="own" class="sk">a diagram</div>"""


def code(source: str, *outputs: Mapping[str, Any], count: int | None = None, **more: Any) -> dict[str, Any]:
    """A code cell."""
    return {"cell_type": "code", "source": source, "outputs": outputs, "execution_count": count, "metadata": {}, **more}


def text(source: str, **more: Any) -> dict[str, Any]:
    """A cell of Markdown."""
    return {"cell_type": "markdown", "source": source, "metadata": {}, **more}


def stream(written: Any, name: str = "stdout") -> dict[str, Any]:
    """What a cell printed."""
    return {"output_type": "stream", "name": name, "text": written}


def shown(**data: Any) -> dict[str, Any]:
    """What a cell displayed: `text_html` stands for `text/html`."""
    bundle = {kind.replace("_", "/", 1).replace("__", "+"): value for kind, value in data.items()}
    return {"output_type": "display_data", "data": bundle, "metadata": {}}


def write(path: Path, cells: Sequence[Mapping[str, Any]]) -> Path:
    """Write a notebook whose cells have the ids `id0`, `id1` and so on."""
    numbered = [{"id": f"id{number}", **cell} for number, cell in enumerate(cells)]
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": numbered}))
    return path


def judged(index: int, verdict: Verdict, reason: str = "", **more: Any) -> CellReport:
    """The verdict on a cell."""
    return CellReport(index, f"id{index}", verdict, reason, **more)


def model(verdict: Verdict, name: str = "model", **more: Any) -> VariableReport:
    """The verdict on a model."""
    return VariableReport(name, Kind.MODEL, SGD, verdict, **more)


def page(*notebooks: NotebookReport) -> str:
    """The page on these notebooks."""
    out = io.StringIO()
    html.render(Report("0.1.0", notebooks), out)
    return out.getvalue()


def lesson(folder: Path, name: str = "lesson.ipynb") -> NotebookReport:
    """A notebook with something of everything: texts, outputs, verdicts, changes, restarts, findings."""
    path = write(folder / name, _LESSON)
    return NotebookReport(
        str(path),
        "fork",
        "everything here survives a fork",
        "python3",
        "overlay",
        "what cells write goes to a layer in memory",
        _CELLS,
        (
            Recovery("model", (1, 5), (2, 3), "m.joblib", True),
            Recovery("net", (), (), None, False, "running all cells was stopped after 60 s"),
            Recovery("search", (1,), (), None, False, "it differs by up to 0.02"),
        ),
        (WholeRun("run-all-twice"), WholeRun("fresh-clone", reason="the folder has no files of before the run")),
        _FINDINGS,
        seconds=4.2,
    )


_LESSON = (
    text("# A lesson\n\nWith *words*, `code`, and\n\n| a | b |\n| --- | --- |\n| 1 | 2 |"),
    code("import numpy as np\nimport joblib", count=1),
    code("model = SGDClassifier()  # new", shown(text_html=STYLED, text_plain="SGDClassifier()"), count=2),
    code("model.partial_fit(X, y)\nprint('done')", stream("\x1b[31mred\x1b[0m\n"), stream("more\n"), count=3),
    code("joblib.dump(model, 'm.joblib')\nplot()", shown(image_png=PIXEL, text_plain="<Figure size 1x1>"), count=4),
    code("loaded = joblib.load('m.joblib')\norders.head()", shown(text_html=TABLE, text_plain="   price"), count=5),
    code("df = df.drop(columns='target')", count=6),
    code("slow_search()"),
    code("note += ' jumps'", stream("careful", "stderr")),
)
_HEAT = Numbers((30, 40), 3, (1.0, -2.0, None, 0.5, 0.0, 2.0), (2.0, -1.0, 0.1, 0.5, 0.0, 1.0))
_BARS = Numbers((4,), 4, (0.1, -0.2, 0.3, 0.4), (0.2, -0.1, 0.1, 0.0))
_TRAINED = (
    Change("model.t_", "101.0", "201.0", 100.0),
    Change("model.coef_", "array([1, -2, …])", "array([2, -1, …])", 1.0, numbers=_HEAT),
    Change("model.intercept_", "array([0.1, …])", "array([0.2, …])", 0.4, numbers=_BARS),
)
_TABLE_CHANGES = (
    Change("orders.shape", "(12, 3)", "(12, 4)"),
    Change("orders['segment']", "['A', 'B']", "(absent)"),
    Change("orders['segment_x']", "(absent)", "['A', 'B']"),
)
_NEEDS = Restart(
    False,
    (Missing("np", 1, Kind.DEFINITION, imported=True), Missing("X", None, Kind.DATA, through="helper")),
    Raised("FileNotFoundError", "no file"),
    "stopped early",
)
_NOTE = (Change("note", "'a quick fox'", "'a quick fox jumps'"),)
_CELLS = (
    judged(1, Verdict.STATELESS, "leaves nothing behind", restart=Restart(True)),
    judged(
        2,
        Verdict.RESET,
        "`model` is recreated",
        variables=(model(Verdict.RESET, how=How.RECREATED, marks=(Mark.UNSEEDED,), changes=_TRAINED[:1]),),
    ),
    judged(
        3,
        Verdict.IN_PLACE,
        "`model` keeps training",
        seconds=Seconds(0.25, 0.24),
        variables=(
            model(Verdict.IN_PLACE, changes=_TRAINED, more_changes=3, reason="`model` keeps training"),
            VariableReport("orders", Kind.DATA, "pandas.DataFrame", Verdict.IN_PLACE, changes=_TABLE_CHANGES),
        ),
        restart=_NEEDS,
    ),
    judged(
        4,
        Verdict.PERSISTED,
        "`file:m.joblib` holds a model",
        variables=(
            VariableReport("file:m.joblib", Kind.FILE, "file", Verdict.PERSISTED, via=Via.FILE, direction="saved"),
        ),
        restart=Restart(False, (Missing("model", 2, Kind.MODEL),)),
    ),
    judged(
        5,
        Verdict.PERSISTED,
        "`loaded` is loaded from m.joblib",
        variables=(model(Verdict.PERSISTED, "loaded", via=Via.FILE, direction="loaded", file="m.joblib"),),
    ),
    judged(
        6,
        Verdict.ERROR,
        "can be run only once: KeyError: 'target'",
        error=Raised("KeyError", "'target'", ("\x1b[31mKeyError\x1b[39m: 'target'",)),
    ),
    judged(7, Verdict.UNDETERMINED, "the rerun was stopped after 10 s"),
    judged(
        8,
        Verdict.IN_PLACE,
        "`note` keeps changing",
        variables=(VariableReport("note", Kind.DATA, "str", Verdict.IN_PLACE, changes=_NOTE),),
    ),
)
_FINDINGS = (
    Finding("NBR002", Severity.ERROR, 3, "model", "`model` keeps training"),
    Finding("NBR004", Severity.WARNING, 2, "model", "`model` is recreated, with a different random draw each time"),
    Finding("NBR001", Severity.ERROR, 6, None, "running the cell again raises KeyError: 'target'", known=True),
    Finding("NBR101", Severity.INFO, 3, "model", "needs `np` of cell 1", listed=False),
)

OWNED = "window.owned = true; document.title = 'owned'"
FROM_AFAR = "http://attacker.example/stolen"
HOSTILE_HTML = (
    f"<script>{OWNED}</script>",
    f"<scr<script>ipt>{OWNED}</scr</script>ipt>",
    f'<img src=x onerror="{OWNED}"><img src="{FROM_AFAR}.png"><img srcset="{FROM_AFAR}.png 1x">',
    f'<svg onload="{OWNED}"><script>{OWNED}</script><image href="{FROM_AFAR}.png"/></svg>',
    f'<svg><use href="{FROM_AFAR}.svg#a"/></svg>x',
    f"<iframe src='javascript:{OWNED}'></iframe><iframe srcdoc='<script>parent.owned = true</script>'></iframe>",
    f"<a href='javascript:{OWNED}' id=click>click</a><a href='data:text/html,<script>1</script>'>data</a>",
    f"<meta http-equiv=refresh content='0;url={FROM_AFAR}'><base href='{FROM_AFAR}'>",
    f"<link rel=stylesheet href='{FROM_AFAR}.css'>x",
    f"<form action='{FROM_AFAR}'><input autofocus onfocus='{OWNED}'></form>",
    f"<form><button formaction='javascript:{OWNED}'>x</button></form>",
    f"<object data='{FROM_AFAR}'></object><embed src='{FROM_AFAR}'><audio src='{FROM_AFAR}' autoplay></audio>",
    f"<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror={OWNED}&gt;'>",
    f"<noscript><p title='</noscript><img src=x onerror={OWNED}>'></noscript>",
    f"<template><script>{OWNED}</script></template>x",
    f"<style>a</style foo><script>{OWNED}</script></style>x",
    f"<style>@import '{FROM_AFAR}.css'; * {{ background: url({FROM_AFAR}.png) }}</style>x",
    "</div></section></main></body></html><!-- <style>",
    f"<details open ontoggle='{OWNED}'><summary>x</summary></details><marquee onstart='{OWNED}'>x</marquee>",
    "<div style='position:fixed;inset:0;z-index:99' class='card error' id='content'>a fake</div>" + "<div>" * 200,
    "<div>" * 2000,
    f"{{{{ 7 * 7 }}}} {{% raw %}} \x00\x1b]8;;{FROM_AFAR}\x07link\x1b]8;;\x07 \udc80 \u202e",
)
"""What a page must neither run nor load, as an output or as text."""

_SVG = f"<svg xmlns='http://www.w3.org/2000/svg' onload='{OWNED}' width='9' height='9'><script>{OWNED}</script></svg>"
ODD_OUTPUTS: tuple[Any, ...] = (
    shown(image_svg__xml=_SVG),
    shown(image_png=f'" onerror="{OWNED}'),
    shown(image_png=["iVBO", "Rw0K"], text_plain=f"<Figure title='\" onload=\"{OWNED}'>"),
    shown(application_javascript=OWNED),
    shown(text_plain={"not": "a text"}),
    {"output_type": "error", "ename": None, "evalue": 3, "traceback": "no list"},
    {"output_type": "error", "ename": "<b>", "evalue": f"<script>{OWNED}</script>", "traceback": []},
    stream([f"<script>{OWNED}</script>\n", "\rover\r\n"]),
)


def hostile(folder: Path) -> NotebookReport:
    """A notebook whose every part tries to run something, to load something, or to look like the report."""
    cells = [code(payload, shown(text_html=payload), stream(payload)) for payload in map(_sendable, HOSTILE_HTML)]
    cells += [
        text(f"{payload}\n\n[x](javascript:{OWNED}) ![y]({FROM_AFAR}.png)") for payload in map(_sendable, HOSTILE_HTML)
    ]
    cells.append(code("odd = 1", *ODD_OUTPUTS))
    path = write(folder / "hostile <script>.ipynb", cells)
    payload = "".join(HOSTILE_HTML[:3])
    variable = VariableReport(
        payload,
        Kind.MODEL,
        payload,
        Verdict.IN_PLACE,
        changes=(Change(payload, payload, payload + "x"), Change("a", "b", "c", float("nan"))),
        opaque=(payload,),
        reason=payload,
    )
    return NotebookReport(
        str(path),
        payload,
        payload,
        payload,
        payload,
        payload,
        cells=(
            CellReport(
                0,
                "id0",
                Verdict.IN_PLACE,
                payload,
                payload,
                Seconds(float("inf"), None),
                (variable,),
                restart=Restart(
                    False, (Missing(payload, 0, Kind.MODEL, through=payload),), Raised(payload, payload), payload
                ),
            ),
        ),
        recover=(Recovery(payload, (0,), (), payload, False, payload),),
        whole=(WholeRun(payload, raised=Failure(payload, payload, (payload,), 0)),),
        findings=(Finding("NBR003", Severity.ERROR, 0, payload, payload),),
        failure=Failure(payload, payload, (payload,), 1),
    )


def _sendable(payload: str) -> str:
    """A notebook whose source has half a character is refused when it is read."""
    return payload.replace("\udc80", "")


def large(folder: Path, number: int) -> NotebookReport:
    """A notebook of so many cells, a third of which keep changing."""
    cells = [code(f"x{index} = {index}\nmodel.partial_fit(X, y)", stream("done\n" * 5)) for index in range(number)]
    path = write(folder / "large.ipynb", cells)
    verdicts = (Verdict.IN_PLACE, Verdict.RESET, Verdict.STATELESS)
    judgements = (
        judged(index, verdicts[index % 3], "because", variables=(model(verdicts[index % 3], changes=_TRAINED),))
        for index in range(number)
    )
    findings = tuple(
        Finding("NBR002", Severity.ERROR, index, "model", "keeps training") for index in range(0, number, 3)
    )
    return NotebookReport(str(path), "fork", "", "python3", cells=tuple(judgements), findings=findings)
