"""Which markup of a notebook may stay."""

from __future__ import annotations

import base64

import pytest
from lxml import html

from nbrerun.reporters.html import safe
from tests import pages

HARMLESS = {"alt", "title", "colspan", "rowspan", "rel", "border", "align"}
FORBIDDEN = {"script", "style", "iframe", "object", "embed", "form", "input", "meta", "base", "svg", "link", "audio"}


def _elements(markup: str) -> list[html.HtmlElement]:
    return [one for one in html.fromstring(f"<div>{markup}</div>").iter() if isinstance(one.tag, str)][1:]


@pytest.mark.parametrize("payload", pages.HOSTILE_HTML, ids=lambda payload: payload[:20].replace("\x00", ""))
def test_nothing_that_runs_or_loads_stays(payload: str) -> None:
    """No script, no handler, no embedded document, no address of a picture, no style, no class, no id."""
    payload = payload.replace("\udc80", "")
    for element in _elements(safe.in_page(payload)):
        assert element.tag not in FORBIDDEN
        assert set(element.attrib) <= HARMLESS
    head, body = html.document_fromstring(safe.in_frame(payload).document)
    assert {one.tag for one in head.iter()} <= {"head", "title", "style"}
    assert pages.FROM_AFAR not in head.text_content()
    assert not [one for one in body.iter() if one.tag in FORBIDDEN - {"input"} or "style" in one.attrib]
    assert not [name for one in body.iter() for name in one.attrib if name.startswith("on")]


@pytest.mark.parametrize(
    "kept",
    [
        '<table><tbody><tr><td colspan="2">1</td></tr></tbody></table>',
        "<details><summary>more</summary>text</details>",
        f'<img src="data:image/png;base64,{pages.PIXEL}" alt="dot">',
        '<a href="https://example.org/" rel="noopener noreferrer">link</a>',
    ],
    ids=["table", "details", "picture", "link"],
)
def test_what_a_reader_needs_stays(kept: str) -> None:
    """Tables, folded text, pictures whose data are there, and links."""
    assert safe.in_page(kept) == kept


@pytest.mark.parametrize(
    "address",
    [
        "javascript:1",
        " JaVaScRiPt:1",
        "data:text/html,x",
        "file:///etc/passwd",
        "vbscript:1",
        "blob:x",
        "java\nscript:1",
        "../a.html",
        "//a.b/",
        "#content",
    ],
)
def test_a_link_leads_to_the_web_or_nowhere(address: str) -> None:
    """Other schemes run something, or read the reader's files; there is nothing beside the page."""
    (link,) = _elements(safe.in_page(f'<a href="{address}">x</a>'))
    assert "href" not in link.attrib


@pytest.mark.parametrize(
    ("markup", "is_deep"),
    [
        ("<div>" * 257, True),
        ("<DIV><b>" * 129, True),
        ("<div></div>" * 5000, False),
        ("</div>" * 5000 + "<div>" * 200, False),
        ("<ul>" + "<li>a" * 5000 + "</ul>", False),
        ("<table>" + "<tr><td>1<td>2<br>" * 5000, False),
        ("a < b" * 5000, False),
    ],
    ids=["nested", "mixed", "in a row", "ends", "list", "table", "text"],
)
def test_what_is_nested_too_deeply_is_found(markup: str, is_deep: bool) -> None:
    """No notebook needs it, and the sanitiser would take minutes; ends that may be left out do not count."""
    assert safe.is_too_deep(markup) is is_deep


@pytest.mark.parametrize(
    ("markup", "needs_frame"),
    [
        (pages.TABLE, False),
        (pages.STYLED, True),
        ("<STYLE type='text/css'>a{}</STYLE >", True),
        ("<style>never closed", False),
        ("<p style='color: red'>x</p>", False),
    ],
    ids=["pandas", "diagram", "upper case", "open", "attribute"],
)
def test_a_style_sheet_needs_a_frame(markup: str, needs_frame: bool) -> None:
    """Except for that of pandas' tables, which look better with the page's own."""
    assert safe.has_style(markup) is needs_frame


def test_a_frame_keeps_what_its_style_selects_by() -> None:
    """Classes, ids and the boxes that unfold an estimator; its document names each style sheet."""
    frame = safe.in_frame(f'{pages.STYLED}<input type="checkbox" id="a" onclick="x()"><label for="a">b</label>')
    assert frame.styles == ("#own { color: rgb(1, 2, 3); }",)
    assert '<div id="own" class="sk">a diagram</div>' in frame.document
    assert '<input type="checkbox" id="a"><label for="a">b</label>' in frame.document


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        ("a{}\r\nb{}\rc{}", "a{}\nb{}\nc{}"),
        ("a</style x><script>", r"a<\/style x><script>"),
        ("@import 'x.css'; a{}", "none a{}"),
        ("a{background:url( 'http://x/y' )}", "a{background:none}"),
        ("a{background:url(data:image/png;base64,AA)}", "a{background:url(data:image/png;base64,AA)}"),
    ],
    ids=["lines", "end", "import", "address", "data"],
)
def test_a_style_sheet_ends_where_it_should_and_loads_nothing(style: str, expected: str) -> None:
    """Browsers hash it with their own ends of lines, and would end it at any `</style`."""
    assert safe.in_frame(f"<style>{style}</style>").styles == (expected,)


@pytest.mark.parametrize("kind", ["png", "jpeg", "gif", "webp"])
def test_a_picture_is_an_image_element(kind: str) -> None:
    """Lines in the base64 are joined, and the description is escaped."""
    shown = safe.picture(f"image/{kind}", f"{pages.PIXEL[:9]}\n{pages.PIXEL[9:]}", '"><b>')
    assert shown == f'<img src="data:image/{kind};base64,{pages.PIXEL}" alt="&#34;&gt;&lt;b&gt;">'


def test_svg_is_an_image_element_as_well() -> None:
    """There, no browser runs what it holds."""
    svg = "<svg><script>1</script></svg>"
    shown = safe.picture("image/svg+xml", svg, "")
    assert shown == f'<img src="data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}" alt="">'


@pytest.mark.parametrize("data", ['" onerror="x', "=", "Ü", "abc"])
def test_what_is_not_base64_is_no_picture(data: str) -> None:
    """Nor is an image of a kind that browsers do not draw."""
    assert safe.picture("image/png", data, "") is None
    assert safe.picture("image/tiff", pages.PIXEL, "") is None


def test_attached_pictures_are_found_by_name() -> None:
    """Only those that are pictures."""
    attached = {
        "a.png": {"image/png": pages.PIXEL},
        "b": {"text/html": "<b>"},
        "c": "no bundle",
        "d": {"image/png": ["no", "text"]},
    }
    assert safe.data_uris(attached) == {"a.png": f"data:image/png;base64,{pages.PIXEL}"}
