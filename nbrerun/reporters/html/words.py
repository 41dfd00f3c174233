"""Text as markup: sentences with code in them, output of terminals, source with its syntax highlighted, Markdown."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup, escape
from pygments.filter import simplefilter
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer
from pygments.token import Comment, Number, String
from rich.color import ColorSystem, ColorType
from rich.style import Style
from rich.text import Text

from nbrerun import secrets
from nbrerun.reporters.html import safe
from nbrerun.reporters.text import clean, one_line, whole

_CODE = re.compile(r"`([^`]+)`")
_STRINGS = re.compile(r"\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?")
"""Titles of windows, addresses of links and the like (ECMA-48, OSC and other strings)."""
_TOP = 2
"""Headings of the page above those of a notebook's text."""


def prose(text: str) -> Markup:
    """Render a sentence; what stands between backticks is code."""
    parts = _CODE.split(one_line(text))
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if place % 2 else escape(part) for place, part in enumerate(parts)
    )


def plain(text: str) -> Markup:
    """Render text as it is, apart from secrets."""
    return escape(clean(secrets.shown(text)))


def terminal(text: str) -> Markup:
    """Render what a program wrote for a terminal: colours stay, and of a line written several times the last."""
    lines = (line.rstrip("\r").rpartition("\r")[2] for line in _STRINGS.sub("", text).rstrip().split("\n"))
    decoded = Text.from_ansi("\n".join(lines))
    return Markup("").join(_spans(decoded))


def _spans(text: Text) -> Iterator[Markup]:
    for line in text.split("\n", include_separator=True):
        at = 0
        for span in line.spans:
            yield escape(clean(line.plain[at : span.start]))
            at = max(at, span.end)
            classes = " ".join(_classes(span.style)) if isinstance(span.style, Style) else ""
            shown = escape(clean(line.plain[span.start : span.end]))
            yield Markup('<span class="{}">{}</span>').format(classes, shown) if classes else shown
        yield escape(clean(line.plain[at:]))


def _classes(style: Style) -> Iterator[str]:
    if style.bold:
        yield "bold"
    if style.italic:
        yield "italic"
    if style.underline:
        yield "underline"
    if style.color is not None and style.color.type is not ColorType.DEFAULT:
        number = style.color.downgrade(ColorSystem.STANDARD).number
        yield f"ansi{(number or 0) % 8}"


@simplefilter
def _without_values(
    self: Any, lexer: Any, stream: Iterable[tuple[Any, str]], options: Any
) -> Iterator[tuple[Any, str]]:
    """Hide every text and number of a source."""
    for kind, text in stream:
        if kind in String.Doc or kind in Comment:
            yield kind, "\n".join(map(secrets.code_without_values, text.split("\n"))) if kind in Comment else "***"
        elif (kind in Number or kind in String) and kind not in String.Interpol:
            yield kind, "***" if text.strip("\"'rbfuRBFU") else text
        else:
            yield kind, text


@functools.cache
def _lexer(values: bool) -> PythonLexer:
    lexer = PythonLexer(stripnl=False, ensurenl=False)
    if not values:
        lexer.add_filter(_without_values())
    return lexer


def source(text: str, *, values: bool) -> Markup:
    """Render Python with its syntax highlighted; secrets are hidden, and every value unless `values` may be shown."""
    text = clean(text)
    if values:
        text = "\n".join(map(secrets.shown_code, text.split("\n")))
    tokens = _lexer(values).get_tokens(text)
    out = _Writer()
    _FORMATTER.format(tokens, out)
    return Markup("".join(out.parts).rstrip("\n"))


class _Writer:
    """The file that a formatter of Pygments writes to."""

    def __init__(self) -> None:
        self.parts: list[str] = []

    def write(self, text: str) -> None:
        self.parts.append(text)


_FORMATTER = HtmlFormatter(nowrap=True)
_MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def markdown(text: str, attachments: Mapping[str, object]) -> Markup:
    """Render Markdown of a notebook; HTML in it is reduced as that of outputs is."""
    pictures = safe.data_uris(attachments)
    tokens = _MARKDOWN.parse(whole(secrets.shown(text)))
    for token in _all(tokens):
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1:]) + _TOP)}"
        elif token.type == "image" and (name := str(token.attrs.get("src", ""))).startswith("attachment:"):
            token.attrs["src"] = pictures.get(name.removeprefix("attachment:"), "")
    html = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})
    return Markup("<pre>{}</pre>").format(plain(text)) if safe.is_too_deep(html) else safe.in_page(html)


def _all(tokens: Iterable[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _all(token.children or ())
