"""The whole page, without a browser: what it shows, and what it must not hold."""

from __future__ import annotations

import base64
import hashlib
import io
import re
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import html

from nbrerun.model import Compared, Failure, Gone, NotebookReport, Report, Verdict
from nbrerun.reporters.formats.html import render
from nbrerun.reporters.html import page as pages_of
from tests import pages

Element = html.HtmlElement


def _parsed(*notebooks: NotebookReport) -> Element:
    # One of the hostile outputs is nested more deeply than the parser allows otherwise.
    return html.document_fromstring(pages.page(*notebooks), parser=html.HTMLParser(huge_tree=True))


def _text(element: Element) -> str:
    return " ".join(element.text_content().split())


def test_every_cell_is_shown_with_its_verdict(tmp_path: Path) -> None:
    """In the order of the file, cells of text among them, with its own number and the count that the file has."""
    cells = _parsed(pages.lesson(tmp_path)).cssselect("section.cell")
    assert [cell.get("data-verdict") for cell in cells] == [
        "",
        "stateless",
        "reset",
        "in-place",
        "persisted",
        "persisted",
        "error",
        "undetermined",
        "in-place",
    ]
    assert [_text(cell.cssselect(".gutter")[0]) for cell in cells[:3]] == ["cell 0", "cell 1In [1]", "cell 2In [2]"]
    assert "» in-place" in _text(cells[3].cssselect("aside")[0])


def test_a_raw_cell_is_text(tmp_path: Path) -> None:
    """It is not Python; without values it shows none."""
    path = pages.write(tmp_path / "nb.ipynb", [{"cell_type": "raw", "source": "if <b> 'x'", "metadata": {}}])
    notebook = NotebookReport(str(path), "", "", "python3")
    (cell,) = _parsed(notebook).cssselect(".source")
    assert (cell.text_content(), cell.cssselect("span")) == ("if <b> 'x'", [])
    (cell,) = _parsed(replace(notebook, values=False)).cssselect(".source")
    assert cell.text_content() == "if <b> '***'"


def test_outputs_are_beside_their_source(tmp_path: Path) -> None:
    """Text, a frame, a picture and a table."""
    cells = _parsed(pages.lesson(tmp_path)).cssselect("section.cell")
    assert cells[3].cssselect(".output pre")[0].text_content() == "red\nmore"
    assert cells[2].cssselect("iframe")[0].attrib["sandbox"] == ""
    assert cells[4].cssselect("img")[0].get("alt") == "<Figure size 1x1>"
    assert _text(cells[5].cssselect("table")[0]) == "price 063.04"


def test_findings_are_listed_once_the_gravest_first_and_lead_to_their_cells(tmp_path: Path) -> None:
    """Those of severity info are said where they belong; one of the baseline is known."""
    parsed = _parsed(pages.lesson(tmp_path))
    links = parsed.cssselect("nav.findings a")
    assert [link.get("href") for link in links] == ["#n1-c3", "#n1-c6", "#n1-c2"]
    assert "known: running the cell again raises" in _text(links[1])
    ids = {element.get("id") for element in parsed.iter() if isinstance(element.tag, str)}
    targets = {link.get("href")[1:] for link in parsed.cssselect("a[href^='#']")} - {"top"}
    assert targets <= ids


def test_a_reason_that_a_finding_says_is_not_said_twice(tmp_path: Path) -> None:
    """One that no finding says stays."""
    cells = _parsed(pages.lesson(tmp_path)).cssselect("section.cell")
    assert cells[3].cssselect(".reason") == []
    assert _text(cells[8].cssselect(".reason")[0]) == "note keeps changing"


def test_no_id_occurs_twice(tmp_path: Path) -> None:
    """Not even with two notebooks of the same name."""
    parsed = _parsed(pages.lesson(tmp_path), pages.lesson(tmp_path))
    ids = [element.get("id") for element in parsed.iter() if isinstance(element.tag, str) and element.get("id")]
    assert len(ids) == len(set(ids))


def test_several_notebooks_have_an_index(tmp_path: Path) -> None:
    """A single one has none."""
    lesson = pages.lesson(tmp_path)
    unchecked = NotebookReport("gone.ipynb", "", "", "", problem="gone.ipynb cannot be read")
    rows = _parsed(lesson, unchecked).cssselect("section.index tbody tr")
    assert [_text(row) for row in rows] == [
        f"{lesson.path} 1 error, 2 in-place, 2 persisted, 1 reset, 1 stateless, 1 undetermined 2 errors 1 warning 4.2",
        "gone.ipynb Not checked: gone.ipynb cannot be read 1 error 0.0",
    ]
    assert _parsed(lesson).cssselect("section.index") == []


def test_the_policy_names_every_style_sheet_and_the_script(tmp_path: Path) -> None:
    """By the hashes of what the page holds, and allows nothing else."""
    parsed = _parsed(pages.lesson(tmp_path))
    policy = parsed.cssselect("meta[http-equiv]")[0].get("content")
    frames = [html.document_fromstring(frame.get("srcdoc")) for frame in parsed.cssselect("iframe")]
    styles = [style.text for document in (parsed, *frames) for style in document.iter("style")]
    (script,) = parsed.iter("script")
    assert len(styles) == 2
    digests = [
        f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
        for text in (*styles, script.text)
    ]
    assert policy == (
        f"default-src 'none'; img-src data:; style-src {' '.join(digests[:2])}; script-src {digests[2]}; "
        "base-uri 'none'; form-action 'none'"
    )
    assert not parsed.xpath("//*[@style]")


def test_the_page_names_no_address_to_load_from(tmp_path: Path) -> None:
    """A file that is opened without a network is complete."""
    parsed = _parsed(pages.lesson(tmp_path))
    loaded = [value for name in ("src", "srcset", "data", "poster") for value in parsed.xpath(f"//@{name}")]
    assert loaded
    assert all(value.startswith("data:image/") for value in loaded)
    assert not parsed.cssselect("link, base, object, embed")


def test_a_hostile_notebook_adds_no_script_and_no_handler(tmp_path: Path) -> None:
    """What the browser's tests see in one browser holds for the markup itself."""
    parsed = _parsed(pages.hostile(tmp_path))
    assert len(parsed.cssselect("section.cell")) == 2 * len(pages.HOSTILE_HTML) + 1
    assert len(list(parsed.iter("script"))) == 1
    assert not [name for element in parsed.iter() for name in element.attrib if name.startswith("on")]
    assert not parsed.xpath("//a[starts-with(@href, 'javascript:') or starts-with(@href, 'data:')]")
    assert "{{ 7 * 7 }}" in parsed.text_content()


@pytest.mark.parametrize("what", ["gone", "changed", "broken"])
def test_a_notebook_that_is_no_longer_what_was_checked_shows_what_the_report_has(tmp_path: Path, what: str) -> None:
    """First lines and verdicts; sources of today would stand beside verdicts of yesterday."""
    lesson = pages.lesson(tmp_path)
    lesson = replace(lesson, cells=tuple(replace(cell, first_line=f"line {cell.index}") for cell in lesson.cells))
    path = Path(lesson.path)
    if what == "gone":
        path.unlink()
    elif what == "changed":
        pages.write(path, [pages.code("new", id=f"other{number}") for number in range(9)])
    else:
        path.write_text("{")
    parsed = _parsed(lesson)
    assert "only the first line of each cell is shown" in _text(parsed.cssselect(".note")[0])
    assert [_text(one) for one in parsed.cssselect(".source")][:2] == ["line 1", "line 2"]
    assert parsed.cssselect(".output") == []


def test_without_values_the_page_has_none(tmp_path: Path) -> None:
    """Neither outputs nor texts of the source, and it says so."""
    lesson = pages.lesson(tmp_path)
    secret = pages.code("x = 'hunter2'", pages.stream("hunter2"), pages.shown(text_html="<b>hunter2</b>"))
    attached = pages.text("![x](attachment:a.png)", attachments={"a.png": {"image/png": pages.PIXEL}})
    pages.write(Path(lesson.path), [attached, secret, *([pages.code("y = 42")] * 7)])
    shown = pages.page(replace(lesson, values=False))
    assert "hunter2" not in shown
    assert "42" not in html.document_fromstring(shown).cssselect(".source")[1].text_content()
    assert pages.PIXEL not in shown
    assert "Values are not shown" in shown
    assert "hunter2" in pages.page(lesson)


def test_a_main_run_that_raised_says_so_at_its_cell(tmp_path: Path) -> None:
    """With its traceback, and in the list of findings."""
    lesson = pages.lesson(tmp_path)
    failure = Failure("ValueError", "no", ("\x1b[31mValueError\x1b[0m: no",), index=7)
    cells = tuple(cell for cell in lesson.cells if cell.index < 7)
    parsed = _parsed(replace(lesson, cells=cells, failure=failure))
    assert "the main run raised ValueError: no" in _text(parsed.cssselect("nav.findings a")[0])
    card = parsed.cssselect("#n1-c7 aside")[0]
    assert "failed" in _text(card)
    assert card.cssselect("pre")[0].text_content() == "ValueError: no"


def test_a_static_check_has_findings_and_no_verdicts(tmp_path: Path) -> None:
    """None of its cells has failed, and there is nothing to filter by."""
    lesson = pages.lesson(tmp_path)
    parsed = _parsed(NotebookReport(lesson.path, "", "", "python3", findings=lesson.findings[:1], static=True))
    assert _text(parsed.cssselect("#n1-c3 aside")[0]) == (
        "error NBR002 model keeps training fix: create model in the cell that trains it; "
        "if it is meant to continue, tag the cell nbrerun:in-place"
    )
    assert parsed.cssselect(".filter") == []
    assert "nothing was run" in _text(parsed.cssselect(".note")[0])


def test_the_canonical_report_is_a_page(report: Report) -> None:
    """Every verdict, a failure, an interrupt, a notebook that lacks a module, and what is gone since the baseline."""
    gone = Compared("baseline.json", (Gone("nb.ipynb", "ab", "NBR002", 2),))
    parsed = html.document_fromstring(pages_of.page(replace(report, compared=gone)))
    words = {_text(one) for one in parsed.cssselect(".filter button[data-verdict]")}
    assert len(words) == 7
    text = _text(parsed)
    assert "skipped: needs torch and keras" in text
    assert "interrupted: cells that are not listed were not judged" in text
    assert "NBR002 in cell ab of nb.ipynb (2 findings)" in text


def test_an_empty_report_is_a_page() -> None:
    """A shard may have nothing to check."""
    assert "There is no notebook in this report." in _text(_parsed())


def test_a_terminal_of_any_encoding_can_be_redirected_to_a_file(tmp_path: Path) -> None:
    """The page stays the same page; its own script and style sheet, which know no references, are ASCII."""
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="latin-1")
    render(Report("0.1.0", (pages.lesson(tmp_path),)), out)
    out.flush()
    text = raw.getvalue().decode("ascii")
    assert _text(html.document_fromstring(text)) == _text(_parsed(pages.lesson(tmp_path)))
    assert all(pages_of._asset(name).isascii() for name in ("page.css", "page.js"))


def test_every_verdict_has_a_symbol_and_a_meaning_of_its_own() -> None:
    """Colour is never the only difference."""
    verdicts = set(Verdict) - {Verdict.UNTOUCHED}
    for table in (pages_of.SYMBOLS, pages_of.MEANINGS):
        assert table.keys() == verdicts
        assert len(set(table.values())) == len(verdicts)


def test_colours_are_the_same_in_both_rules_for_the_dark() -> None:
    """One for the system's wish, one for the button."""
    style = pages_of._asset("page.css")
    blocks = re.findall(
        r":root(?:\[data-theme=\"dark\"\]|:not\(\[data-theme=\"light\"\]\)) \{(.*?)\}", style, re.DOTALL
    )
    assert len(blocks) == 2
    assert blocks[0].split() == blocks[1].split()
