"""Make text from a notebook safe to print."""

from __future__ import annotations

import re

# ECMA-48: OSC and other strings with their terminator, CSI sequences, then escapes of two bytes. The one-byte
# (C1) forms are not parsed: in Unicode text they are far more often the result of a wrong decoding.
_ESCAPES = re.compile(
    r"\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b\[[0-?]*[ -/]*[@-~]|\x1b[ -/]*[0-~]",
)
# Also marks that change the direction of writing.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_SURROGATES = re.compile("[\ud800-\udfff]")
_BREAKS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")


def clean(text: str) -> str:
    """Remove escape sequences and control characters; keep newlines, and write tabs as four spaces."""
    text = _BREAKS.sub("\n", _ESCAPES.sub("", text))
    return whole(_CONTROLS.sub("", text.replace("\t", "    ")))


def whole(text: str) -> str:
    """Replace halves of surrogate pairs, which cannot be encoded, by U+FFFD."""
    return _SURROGATES.sub("\ufffd", text)


def one_line(text: str) -> str:
    """Clean text and join its lines."""
    return " ".join(clean(text).split())
