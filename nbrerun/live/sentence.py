"""Answers that are a sentence, and the look that all answers share; the kernel loads nothing else to show one."""

from __future__ import annotations

import re
from collections.abc import Sequence

from markupsafe import Markup, escape

from nbrerun.live.messages import Shown
from nbrerun.reporters.text import one_line

_LISTED = 5
"""Names that are listed before the rest is counted."""
_CODE = re.compile(r"`([^`]+)`")
GREY = "#8a8a8a"
_BOX = "border-left:4px solid {};padding:3px 10px;margin:4px 0;line-height:1.45"
"""Text has the colour of the page around it, light or dark; the line at its side can be seen on both."""


def told(number: int, said: str) -> Shown:
    """Say a sentence, in which names and code stand between backticks."""
    said = one_line(said)
    html = box(GREY, Markup("nbrerun: {}").format(prose(said)))
    return {"number": number, "html": html, "text": f"nbrerun: {said}", "facts": "{}"}


def box(color: str, content: Markup) -> str:
    """Put content into the frame of an answer."""
    return str(Markup('<div class="nbrerun" style="{}">{}</div>').format(_BOX.format(color), content))


def prose(text: str) -> Markup:
    """Render a sentence; what stands between backticks is code."""
    parts = _CODE.split(one_line(text))
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if place % 2 else escape(part) for place, part in enumerate(parts)
    )


def listed(names: Sequence[str]) -> str:
    """Render "`a`, `b` and 3 more"."""
    first = ", ".join(f"`{name}`" for name in names[:_LISTED])
    return first if len(names) <= _LISTED else f"{first} and {len(names) - _LISTED} more"
