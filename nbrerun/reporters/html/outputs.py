"""The outputs of a cell as they are in the notebook, as markup that runs nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from markupsafe import Markup

from nbrerun import secrets
from nbrerun.reporters.html import safe, words
from nbrerun.reporters.text import one_line, whole

_LONGEST_TEXT = 40_000
"""Characters of one text; a loop that prints fills a page faster than anybody reads it."""
_LONGEST_HTML = 1_000_000
_ALT = 200
_STYLE = re.compile(r"<style>.*?</style>", re.DOTALL)
_FOLDED = re.compile(r"<details\b.*?</details>", re.DOTALL)
_LINE = re.compile(r"<(?:tr|br|li|p|pre|summary|h[1-6])\b")
_SIZES = {"tiny": 3, "small": 8, "medium": 16}
"""Lines up to which a frame has a size; all others are large."""

_PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml")
_SCRIPTS = ("application/javascript", "application/vnd.jupyter.widget-view+json")


@dataclass(frozen=True)
class Output:
    """One output, or several writes to the same stream."""

    kind: str
    """`plain`, `error`, `stderr`, `rich` (tables, pictures, prose), `frame` or `note`."""
    markup: Markup | str
    """What is shown; of a frame, its document."""
    note: str = ""
    """A clause on what is left out."""
    styles: tuple[str, ...] = ()
    """Of a frame: its style sheets."""
    size: str = ""
    """Of a frame: `tiny`, `small`, `medium` or `large`."""


def outputs_of(cell: Any) -> list[Output]:
    """Render the outputs of a code cell; of what nobody could have meant as an output, nothing is shown."""
    return [output for raw in _joined(cell.get("outputs", ())) for output in _rendered(raw)]


def _joined(raw: Any) -> Iterator[dict[str, Any]]:
    """Yield outputs, those that are writes to one stream together."""
    known = [output for output in raw if isinstance(output, dict)] if isinstance(raw, list) else []
    for (kind, _), group in groupby(known, lambda output: (output.get("output_type"), str(output.get("name")))):
        if kind == "stream":
            writes = list(group)
            yield {**writes[0], "text": "".join(_text(output.get("text")) for output in writes)}
        else:
            yield from group


def _rendered(output: Mapping[str, Any]) -> Iterator[Output]:
    kind = output.get("output_type")
    if kind == "stream":
        yield _plain(_text(output.get("text")), "stderr" if output.get("name") == "stderr" else "plain")
    elif kind == "error":
        trace = output.get("traceback")
        lines = [_text(line) for line in trace] if isinstance(trace, list) else []
        said = f"{_text(output.get('ename'))}: {_text(output.get('evalue'))}"
        yield _plain("\n".join(lines) or said, "error")
    elif kind in ("display_data", "execute_result", "update_display_data"):
        data = output.get("data")
        yield from _of_bundle({str(key): value for key, value in data.items()} if isinstance(data, dict) else {})


def _of_bundle(data: Mapping[str, Any]) -> Iterator[Output]:
    """Show the richest representation that runs nothing, and say so if a richer one would run something."""
    note = "a script of this output is not run here" if any(kind in data for kind in _SCRIPTS) else ""
    for kind, render in _RENDERERS:
        if kind in data and (shown := render(kind, data)) is not None:
            yield Output(shown.kind, shown.markup, shown.note or note, shown.styles, shown.size)
            return
    if note:
        yield Output("note", "", note)


def _picture(kind: str, data: Mapping[str, Any]) -> Output | None:
    alt = one_line(secrets.shown(_text(data.get("text/plain"))))[:_ALT]
    image = safe.picture(kind, _text(data[kind]), alt or "picture without a description")
    return None if image is None else Output("rich", image)


def _html(kind: str, data: Mapping[str, Any]) -> Output | None:
    html = whole(secrets.shown(_text(data[kind])))
    if len(html) > _LONGEST_HTML or safe.is_too_deep(html):
        return None
    note = "a script of this output is not run here" if safe.brings_script(html) else ""
    if safe.has_style(html):
        frame = safe.in_frame(html)
        return Output("frame", frame.document, note, frame.styles, _size(frame.document))
    shown = safe.in_page(html)
    if not shown.striptags().strip() and "<img" not in shown:
        return None  # it consisted of scripts
    return Output("rich", shown, note)


def _size(document: str) -> str:
    """Guess how high a frame has to be: nobody outside can ask, since its sandbox allows nothing."""
    unfolded = _FOLDED.sub("<summary>", _STYLE.sub("", document))
    lines = len(_LINE.findall(unfolded))
    return next((size for size, most in _SIZES.items() if lines <= most), "large")


def _markdown(kind: str, data: Mapping[str, Any]) -> Output:
    return Output("rich", words.markdown(_text(data[kind]), {}))


def _as_text(kind: str, data: Mapping[str, Any]) -> Output:
    return _plain(_text(data[kind]), "plain")


_RENDERERS: Sequence[tuple[str, Callable[[str, Mapping[str, Any]], Output | None]]] = (
    *((kind, _picture) for kind in _PICTURES),
    ("text/html", _html),
    ("text/markdown", _markdown),
    ("text/latex", _as_text),
    ("text/plain", _as_text),
    ("application/json", _as_text),
)
"""In the order of preference."""


def _plain(text: str, kind: str) -> Output:
    left = len(text) - _LONGEST_TEXT
    note = f"{left:,} more characters are not shown" if left > 0 else ""
    return Output(kind, words.terminal(secrets.shown_error(whole(text[:_LONGEST_TEXT]))), note)


def _text(value: Any) -> str:
    """A text of an output: nbformat allows lists of lines, and JSON for data of its own kind."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return "".join(value)
    return "" if value is None else json.dumps(value, indent=2, ensure_ascii=False)
