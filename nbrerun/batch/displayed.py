"""What a report shows of a notebook's own words: clipped, and without what looks like a secret, whatever the format."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any

from nbrerun.model import NotebookReport
from nbrerun.secrets import hidden_values, shown

LONGEST_NAME = 200
"""Characters of a name, a key, a value or the first line of a cell, wherever it is shown."""
LONGEST_TEXT = 10_000
"""Characters of a sentence, which may quote an exception, and of a line of a traceback."""

_REASONS = {"reason", "engine_reason", "sandbox_reason", "kernel_reason"}
_TEXTS = _REASONS | {"declared", "message", "evalue", "problem", "traceback", "opaque"}
_KEPT = {"id", "cell", "inputs", "pictures"}
"""By the first three the report is compared with the notebook and with other reports; pictures are no text."""
_LONG_WORD = re.compile(rf"\S{{{LONGEST_NAME + 1},}}")


def displayed(report: NotebookReport) -> NotebookReport:
    """Return the report as it is shown and stored."""
    found: NotebookReport = _displayed(report, "", hidden_values())
    return replace(found, path=report.path)


def sentence(text: str, hidden: Sequence[str] | None = None) -> str:
    """Clip long words, among which are names and keys, and then the whole.

    Args:
        hidden: as for `secrets.shown`.
    """
    return _clip(_LONG_WORD.sub(lambda word: _clip(word[0], LONGEST_NAME), shown(text, hidden)), LONGEST_TEXT)


def _displayed(value: Any, name: str, hidden: Sequence[str]) -> Any:
    if type(value) is str:  # and not a word of ours
        return sentence(value, hidden) if name in _TEXTS else _clip(shown(value, hidden), LONGEST_NAME)
    if isinstance(value, tuple):
        return tuple(_displayed(item, name, hidden) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        parts = {item.name: getattr(value, item.name) for item in fields(value) if item.name not in _KEPT}
        return replace(value, **{part: _displayed(inner, part, hidden) for part, inner in parts.items()})
    return value


def _clip(text: str, most: int) -> str:
    """Leave out the middle: the ends of two long paths or names tell them apart more often."""
    if len(text) <= most:
        return text
    end = most // 3
    return f"{text[: most - end - 1]}…{text[-end:]}"
