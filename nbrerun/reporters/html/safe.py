"""Markup of a notebook's own, reduced to what runs nothing, loads nothing and looks like nothing of the report's.

See docs/decisions.md#what-a-notebooks-html-may-do.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass

import nh3
from markupsafe import Markup

_SCHEMES = {"http", "https", "mailto"}
_ATTRIBUTES = {tag: set(names) for tag, names in nh3.ALLOWED_ATTRIBUTES.items()}
_TAGS = set(nh3.ALLOWED_TAGS)
_IN_FRAMES = {"label": {"for"}, "input": {"type", "checked", "disabled"}, "*": {"id", "class"}}
"""A frame has its own style sheet, which selects by these."""
_BITMAPS = ("png", "jpeg", "gif", "webp")
_IMAGE = re.compile(rf"data:image/(?:{'|'.join(_BITMAPS)});base64,[A-Za-z0-9+/=\s]+")

_ADDRESSES = {"href", "cite", "longdesc"}
_OUTWARD = re.compile(r"https?://|mailto:", re.IGNORECASE)

_DEEPEST = 256
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
_OPTIONAL_END = {"p", "li", "dt", "dd", "option", "thead", "tbody", "tfoot", "tr", "td", "th", "colgroup", "caption"}
"""Elements that end by themselves (HTML, "Void elements" and "Optional tags")."""

_STYLE = re.compile(r"<style\b([^>]*)>(.*?)</style\s*>", re.IGNORECASE | re.DOTALL)
_SCOPED = re.compile(r"\bscoped\b", re.IGNORECASE)
"""pandas marks the style sheet of a table so. It holds alignments, which the report's own has as well."""
_LOADS = re.compile(r"@import\b[^;]*;?|\burl\(\s*[\"']?(?!data:)[^)]*\)?", re.IGNORECASE)
_SCRIPT = re.compile(r"<script\b|\bon\w+\s*=|javascript:", re.IGNORECASE)


@dataclass(frozen=True)
class Frame:
    """A document of its own, for a frame whose sandbox allows nothing."""

    document: str
    styles: tuple[str, ...]
    """Its style sheets, which the page's policy has to name."""


def is_too_deep(html: str) -> bool:
    """Whether elements are nested so deeply that to read them would take minutes (the time grows with the square)."""
    deepest = depth = 0
    for end, name in _TAG.findall(html):
        if name.lower() not in _VOID | _OPTIONAL_END:
            depth = max(0, depth - 1) if end else depth + 1
            deepest = max(deepest, depth)
    return deepest > _DEEPEST


def brings_script(html: str) -> bool:
    """Whether HTML would run something if it were left as it is."""
    return bool(_SCRIPT.search(html))


def has_style(html: str) -> bool:
    """Whether HTML has a style sheet that it needs to be understood."""
    return any(not _SCOPED.search(attributes) for attributes, _ in _STYLE.findall(html))


def in_page(html: str) -> Markup:
    """Reduce HTML to tables, text and pictures that look like the rest of the page."""
    return Markup(
        nh3.clean(html, tags=_TAGS, attributes=_ATTRIBUTES, attribute_filter=_filtered, url_schemes={*_SCHEMES, "data"})
    )


def in_frame(html: str) -> Frame:
    """Reduce HTML in the same way, but let it keep its style sheets; only a frame may have the result."""
    styles = tuple(_style(text) for _, text in _STYLE.findall(html))
    attributes = {tag: _ATTRIBUTES.get(tag, set()) | _IN_FRAMES.get(tag, set()) for tag in _ATTRIBUTES | _IN_FRAMES}
    body = nh3.clean(
        _STYLE.sub("", html),
        tags=_TAGS | {"input", "label"},
        attributes=attributes,
        attribute_filter=_filtered,
        url_schemes={*_SCHEMES, "data"},
    )
    head = "".join(f"<style>{text}</style>" for text in styles)
    return Frame(f'<!DOCTYPE html><html lang="en"><head><title>output</title>{head}</head><body>{body}</body>', styles)


def _style(text: str) -> str:
    """Make sure that a style sheet ends where it should, is read as it is hashed, and does not try to load anything.

    Escapes can hide an address from this; the policy of the page forbids it in any case.
    """
    text = _LOADS.sub("none", text.replace("</", r"<\/"))
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")


def _filtered(tag: str, name: str, value: str) -> str | None:
    """Keep a picture only if its data are in the page, and a link only if it leads out of it.

    A picture would have to be loaded else, and a relative address counts from wherever somebody has put the page.
    """
    if name == "src":
        return value if _IMAGE.fullmatch(value) else None
    return value if name not in _ADDRESSES or _OUTWARD.match(value) else None


def picture(kind: str, data: str, alt: str) -> Markup | None:
    """An image of a notebook's output; None if it is none that a browser draws without running anything.

    Args:
        kind: the MIME type. As an image SVG runs no script and loads no file (SVG 2, section 2.2, secure modes).
        data: base64, or the text of an SVG.
        alt: what is said in place of it.
    """
    subtype = kind.removeprefix("image/")
    if subtype == "svg+xml":
        encoded = base64.b64encode(data.encode("utf-8", "replace")).decode()
    elif subtype in _BITMAPS:
        try:
            encoded = base64.b64encode(base64.b64decode("".join(data.split()), validate=True)).decode()
        except (binascii.Error, ValueError):
            return None
    else:
        return None
    return Markup('<img src="data:{};base64,{}" alt="{}">').format(kind, encoded, alt)


def data_uris(attachments: Mapping[str, object]) -> dict[str, str]:
    """The pictures that are attached to a cell, by the name that its text calls them by."""
    found = {}
    for name, bundle in attachments.items():
        for kind, data in bundle.items() if isinstance(bundle, dict) else ():
            uri = f"data:{kind};base64,{data}"
            if isinstance(data, str) and _IMAGE.fullmatch(uri):
                found[name] = uri
    return found
