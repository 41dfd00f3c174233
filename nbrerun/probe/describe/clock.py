"""Times that libraries note in their objects: when a trial began, when something was created.

They are no part of the value (docs/verdicts.md, ruling 3), and are known by what they say: a moment since the kernel
began has been read from the clock.
"""

from __future__ import annotations

import datetime
import time
from typing import Any, Optional

from .node import Node

_BEGAN = time.time()

_LONGEST = len("2024-05-01T12:30:00.000000+00:00")

READING = Node("moment", (b"since the kernel began",), atom=True, text=lambda: "<when it happened>")
"""Stands for each of them."""


def is_reading(value: Any) -> bool:
    """Whether a value is a moment since the kernel began: a `datetime`, one as ISO text, or seconds since the epoch."""
    kind = type(value)
    if kind is float:
        return bool(_BEGAN <= value <= time.time())
    began = _BEGAN
    if kind is str:
        value, began = _parsed(value), int(_BEGAN)  # a text mostly leaves out fractions of a second
        kind = type(value)
    if kind is not datetime.datetime or type(value.tzinfo) not in (type(None), datetime.timezone):
        return False
    # `utcnow` does not say that it is in UTC.
    moments = (value, value.replace(tzinfo=datetime.timezone.utc)) if value.tzinfo is None else (value,)
    return any(began <= _seconds(moment) <= time.time() for moment in moments)


def _parsed(text: str) -> Optional[datetime.datetime]:
    """The moment that a text gives to the second: `2024-05-01 12:30:00`, perhaps with a zone."""
    if text[4:5] != "-" or text[13:14] != ":" or len(text) > _LONGEST:
        return None
    for zone in ("Z", " UTC"):  # which `fromisoformat` does not know, or only since Python 3.11
        if text.endswith(zone):
            text = text[: -len(zone)] + "+00:00"
    try:
        return datetime.datetime.fromisoformat(text)
    except ValueError:
        return None


def _seconds(moment: datetime.datetime) -> float:
    try:
        return moment.timestamp()
    except (OverflowError, ValueError, OSError):  # no such moment on this system's clock
        return 0.0
