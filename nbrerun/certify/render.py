"""A certificate as text, as JSON and as a badge."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any, TextIO

from nbrerun import __version__
from nbrerun.certify.answer import Certificate, Difference, Effect
from nbrerun.model import Failure

_SCHEMA = 1
_LABEL = "reproducible"
_GREEN, _YELLOW, _RED, _GREY = "#2da44e", "#bf8700", "#cf222e", "#6e7781"
_LETTER = 6.6
"""The average width of a letter in a badge, in pixels; `textLength` has the text fill what it is given."""
_MARGIN = 10

_BADGE = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" aria-label="{label}: {word}">
  <title>{label}: {word}</title>
  <clipPath id="round"><rect width="{width}" height="20" rx="3"/></clipPath>
  <g clip-path="url(#round)">
    <rect width="{left}" height="20" fill="#424a53"/>
    <rect x="{left}" width="{right}" height="20" fill="{colour}"/>
  </g>
  <g fill="#fff" text-anchor="middle" font-family="Verdana, DejaVu Sans, sans-serif" font-size="11">
    <text x="{middle_left}" y="14" textLength="{text_left}">{label}</text>
    <text x="{middle_right}" y="14" textLength="{text_right}">{word}</text>
  </g>
</svg>
"""


def as_text(certificate: Certificate, out: TextIO) -> None:
    """Write a line for each factor, and below it what depends on it."""
    for line in _lines(certificate):
        print(line, file=out)


def as_json(certificate: Certificate, out: TextIO) -> None:
    """Write one object; its keys are described in `docs/certify.md`."""
    json.dump(document(certificate), out, indent=2)
    print(file=out)


def document(certificate: Certificate) -> dict[str, Any]:
    """Return the certificate as plain data."""
    return {
        "schema_version": _SCHEMA,
        "nbrerun_version": __version__,
        "path": certificate.path,
        "word": word(certificate)[0],
        "depends": certificate.depends,
        "factors": [_factor(effect) for effect in certificate.effects],
        "unsettled": [_difference(each) for each in certificate.unsettled],
        "failure": _failure(certificate.failure),
        "reason": certificate.reason,
    }


def _factor(effect: Effect) -> dict[str, Any]:
    return {
        "factor": effect.factor,
        "what": effect.what,
        "matters": effect.matters,
        "differences": [_difference(each) for each in effect.differences],
        "raised": _failure(effect.raised),
        "reason": effect.reason,
    }


def _difference(found: Difference) -> dict[str, Any]:
    return {
        "name": found.name,
        "cell": found.cell,
        "changes": [
            {"path": change.path, "first": change.first, "again": change.again, "max_abs_change": change.max_abs_change}
            for change in found.changes
        ],
        "more_changes": found.more_changes,
    }


def _failure(failure: Failure | None) -> dict[str, Any] | None:
    return {"index": failure.index, "ename": failure.ename, "evalue": failure.evalue} if failure else None


def _lines(certificate: Certificate) -> Iterable[str]:
    said = word(certificate)[0]
    if not (certificate.depends or certificate.failure or certificate.reason):
        said = f"reproducible: {said}"  # as on the badge
    yield f"{certificate.path}: {said}"
    if certificate.failure:
        yield f"  cell {certificate.failure.index} raises {certificate.failure.ename}: {certificate.failure.evalue}"
    elif certificate.reason:
        yield f"  {certificate.reason}"
    width = max((len(effect.factor) for effect in certificate.effects), default=0)
    for effect in certificate.effects:
        yield f"  {effect.factor:<{width}}  {_said(effect)}  ({effect.what})"
        yield from _differences(effect.differences)
    if certificate.unsettled:
        yield "  differs by itself, so that nothing more can be said of it:"
        yield from _differences(certificate.unsettled)


def _said(effect: Effect) -> str:
    if effect.reason:
        return f"not known: {effect.reason}"
    if effect.raised:
        return f"matters: cell {effect.raised.index} raises {effect.raised.ename}: {effect.raised.evalue}"
    count = len(effect.differences)
    return f"matters to {count} value{'' if count == 1 else 's'}" if count else "does not matter"


def _differences(differences: Sequence[Difference]) -> Iterable[str]:
    for found in differences:
        yield f"    {found.name}, from cell {found.cell} on"
        for change in found.changes:
            size = "" if change.max_abs_change is None else f" (by at most {change.max_abs_change:.3g})"
            yield f"      {change.path}: {change.first} -> {change.again}{size}"
        if found.more_changes:
            yield f"      and {found.more_changes} more"


def word(certificate: Certificate) -> tuple[str, str]:
    """Return what a badge says, and its colour."""
    if certificate.failure or certificate.reason:
        return "not known", _GREY
    mattering = [effect.factor for effect in certificate.effects if effect.matters]
    if mattering:
        more = f" and {len(mattering) - 1} more" if len(mattering) > 1 else ""
        return f"depends on {mattering[0]}{more}", _RED
    if not certificate.is_complete:
        return "in part", _GREY
    if certificate.unsettled:
        count = len(certificate.unsettled)
        return f"except for {count} value{'' if count == 1 else 's'}", _YELLOW
    return "yes", _GREEN


def badge(certificate: Certificate, out: TextIO) -> None:
    """Write an SVG picture that needs nothing from elsewhere."""
    said, colour = word(certificate)
    text_left, text_right = (round(len(text) * _LETTER) for text in (_LABEL, said))
    left, right = text_left + _MARGIN, text_right + _MARGIN
    picture = _BADGE.format(
        label=_LABEL,
        word=escape(said),
        colour=colour,
        width=left + right,
        left=left,
        right=right,
        middle_left=left // 2,
        middle_right=left + right // 2,
        text_left=text_left,
        text_right=text_right,
    )
    print(picture, end="", file=out)
