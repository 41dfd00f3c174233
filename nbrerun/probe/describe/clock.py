"""Times that libraries note in their objects: when a trial began, when something was created.

They are no part of the value (docs/verdicts.md, ruling 3), and are known by what they say: a moment since the kernel
began has been read from the clock.
"""

from __future__ import annotations

import datetime
import time
from typing import Any

from .node import Node

_BEGAN = time.time()

READING = Node("moment", (b"since the kernel began",), atom=True, text=lambda: "<when it happened>")
"""Stands for each of them."""


def is_reading(value: Any) -> bool:
    """Whether a value is a moment since the kernel began: a `datetime`, or seconds since the epoch."""
    kind = type(value)
    if kind is float:
        return bool(_BEGAN <= value <= time.time())
    if kind is not datetime.datetime or type(value.tzinfo) not in (type(None), datetime.timezone):
        return False
    # `utcnow` does not say that it is in UTC.
    moments = (value, value.replace(tzinfo=datetime.timezone.utc)) if value.tzinfo is None else (value,)
    return any(_BEGAN <= _seconds(moment) <= time.time() for moment in moments)


def _seconds(moment: datetime.datetime) -> float:
    try:
        return moment.timestamp()
    except (OverflowError, ValueError, OSError):  # no such moment on this system's clock
        return 0.0
