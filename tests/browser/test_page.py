"""The page in a real browser: jumps, filter, themes, keyboard, accessibility, and what hostile notebooks achieve."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from nbrerun.model import NotebookReport, Verdict
from tests import pages
from tests.browser.conftest import Visitor


def _serious(page: Page) -> list[str]:
    """What axe-core finds when everything is unfolded, and rendered although it is out of view."""
    page.evaluate("document.styleSheets[0].insertRule('.cell { content-visibility: visible !important }')")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {node['html'][:200]} ({node.get('failureSummary', '')})"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1400, 400])
def test_nobody_is_shut_out(visitor: Visitor, tmp_path: Path, dark: bool, width: int) -> None:
    """axe-core finds nothing serious, at any width, in the light and in the dark, in the index and in a notebook."""
    first, second = pages.lesson(tmp_path), pages.lesson(tmp_path, "other.ipynb")
    page = visitor.open(first, second, dark=dark, width=width)
    assert _serious(page) == []
    page.get_by_role("link", name="lesson.ipynb").click()
    assert _serious(page) == []


def test_a_finding_leads_to_its_cell(visitor: Visitor, tmp_path: Path) -> None:
    """The cell comes into view, and has the focus, so that the Tab key goes on from there."""
    page = visitor.open(pages.lesson(tmp_path))
    page.get_by_role("navigation", name="Findings").get_by_role("link", name="cell 6").click()
    expect(page.locator("#n1-c6")).to_be_focused()
    expect(page.locator("#n1-c6")).to_be_in_viewport()


def test_a_rule_unfolds_where_its_code_leads_to(visitor: Visitor, tmp_path: Path) -> None:
    """The code of a rule is a link to its text."""
    page = visitor.open(pages.lesson(tmp_path))
    expect(page.get_by_text("Why it matters").first).to_be_hidden()
    page.locator("#n1-c3").get_by_role("link", name="NBR002").click()
    expect(page.locator("#rule-NBR002").get_by_text("Why it matters")).to_be_visible()


def test_the_filter_leaves_the_cells_of_a_verdict(visitor: Visitor, tmp_path: Path) -> None:
    """Verdicts add up, the number of cells is said aloud, and a link to a hidden cell takes the filter away."""
    page = visitor.open(pages.lesson(tmp_path))
    cells = page.locator("section.cell")
    expect(cells.filter(visible=True)).to_have_count(9)
    page.get_by_role("button", name="persisted").click()
    expect(cells.filter(visible=True)).to_have_count(2)
    expect(page.get_by_role("status")).to_have_text("2 of 9 cells shown")
    page.get_by_role("button", name="error").click()
    expect(cells.filter(visible=True)).to_have_count(3)
    expect(page.get_by_role("button", name="error")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("navigation", name="Findings").get_by_role("link", name="cell 3").click()
    expect(cells.filter(visible=True)).to_have_count(9)


def test_all_cells_come_back(visitor: Visitor, tmp_path: Path) -> None:
    """One button takes the filter away."""
    page = visitor.open(pages.lesson(tmp_path))
    button = page.get_by_role("button", name="Show all cells")
    expect(button).to_be_hidden()
    page.get_by_role("button", name="reset").click()
    button.click()
    expect(page.locator("section.cell").filter(visible=True)).to_have_count(9)


def test_the_theme_is_that_of_the_system_until_the_button_is_pressed(visitor: Visitor, tmp_path: Path) -> None:
    """Both themes can be had in both systems."""
    lesson = pages.lesson(tmp_path)
    ground = "getComputedStyle(document.body).backgroundColor"
    light, dark = visitor.open(lesson), visitor.open(lesson, dark=True)
    colours = light.evaluate(ground), dark.evaluate(ground)
    assert len(set(colours)) == 2
    for page in (light, dark):
        page.get_by_role("button", name="Dark").click()
    assert (dark.evaluate(ground), light.evaluate(ground)) == colours


@pytest.mark.parametrize("how", ["mouse", "keyboard"])
def test_the_needs_after_a_restart_are_shown_when_one_points_at_them(
    visitor: Visitor, tmp_path: Path, how: str
) -> None:
    """With the mouse and with the keyboard; the cell that defines a name is outlined, and Escape closes it."""
    page = visitor.open(pages.lesson(tmp_path), fragment="#n1-c3")
    button = page.locator("#n1-c3").get_by_role("button", name="restart")
    said = page.locator("#n1-c3").get_by_role("tooltip", include_hidden=True)
    expect(said).to_be_hidden()
    if how == "mouse":
        button.hover()
    else:
        button.focus()
    expect(said).to_be_visible()
    expect(said).to_contain_text("Needs np (import, cell 1).")
    expect(page.locator(".cell.needed")).to_have_id("n1-c1")
    button.press("Escape")
    expect(said).to_be_hidden()
    expect(page.locator(".cell.needed")).to_have_count(0)


def test_the_index_leads_to_each_notebook_and_back(visitor: Visitor, tmp_path: Path) -> None:
    """One notebook is shown at a time; the browser's own button for back works."""
    page = visitor.open(pages.lesson(tmp_path), pages.lesson(tmp_path, "other.ipynb"))
    notebooks = page.get_by_role("article")
    expect(notebooks).to_have_count(0)
    page.get_by_role("link", name="other.ipynb").click()
    expect(notebooks).to_have_count(1)
    expect(page.get_by_role("heading", name="other.ipynb")).to_be_focused()
    page.go_back()
    expect(page.get_by_role("heading", name="Notebooks", exact=True)).to_be_visible()
    expect(notebooks).to_have_count(0)


def test_the_keyboard_skips_what_is_above_the_content(visitor: Visitor, tmp_path: Path) -> None:
    """The first link does; it leaves the notebook that is shown where it is."""
    page = visitor.open(pages.lesson(tmp_path), pages.lesson(tmp_path, "other.ipynb"))
    page.get_by_role("link", name="other.ipynb").click()
    skip = page.get_by_role("link", name="Skip to the content")
    skip.focus()
    expect(skip).to_be_in_viewport()
    skip.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    expect(page.get_by_role("heading", name="other.ipynb")).to_be_visible()


def test_a_link_of_the_notebook_that_leads_nowhere_changes_nothing(visitor: Visitor, tmp_path: Path) -> None:
    """Headings have no names in the page."""
    page = visitor.open(pages.lesson(tmp_path), pages.lesson(tmp_path, "other.ipynb"), fragment="#n2")
    page.evaluate("location.hash = '#Data'")
    expect(page.get_by_role("heading", name="other.ipynb")).to_be_visible()


def test_a_picture_of_the_models_leads_to_cells(visitor: Visitor, tmp_path: Path) -> None:
    """Each sign says what it stands for, and is a link."""
    page = visitor.open(pages.lesson(tmp_path))
    page.get_by_role("link", name="loaded is loaded from m.joblib in cell 5").click()
    expect(page.locator("#n1-c5")).to_be_in_viewport()


def test_a_frame_shows_its_style_and_nothing_else_has_it(visitor: Visitor, tmp_path: Path) -> None:
    """The policy allows the style sheet of an output by its hash; the sandbox keeps it to its frame."""
    page = visitor.open(pages.lesson(tmp_path), fragment="#n1-c2")
    shown = page.frame_locator("#n1-c2 iframe").get_by_text("a diagram")
    expect(shown).to_have_css("color", "rgb(1, 2, 3)")
    assert page.locator("#n1-c2 iframe").get_attribute("sandbox") == ""


def test_without_scripts_everything_is_there(visitor: Visitor, tmp_path: Path) -> None:
    """Only the filter and the button for the theme need the page's script."""
    file = tmp_path / "page.html"
    file.write_text(pages.page(pages.lesson(tmp_path), pages.lesson(tmp_path, "other.ipynb")), encoding="utf-8")
    page = visitor.browser.new_context(java_script_enabled=False).new_page()
    page.goto(file.as_uri())
    expect(page.get_by_role("article")).to_have_count(2)
    expect(page.get_by_role("button", name="Dark")).to_be_hidden()


def test_on_paper_everything_is_unfolded(visitor: Visitor, tmp_path: Path) -> None:
    """What cannot be clicked must be open; the controls are gone, and so is the dark."""
    page = visitor.open(pages.lesson(tmp_path), dark=True)
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
    expect(page.get_by_role("button", name="Dark")).to_be_hidden()
    expect(page.locator("body")).to_have_css("color", "rgb(28, 30, 33)")
    expect(page.get_by_text("Needs np (import, cell 1).")).to_be_visible()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details:not([open])").count() > 0


def test_a_hostile_notebook_achieves_nothing(visitor: Visitor, tmp_path: Path) -> None:
    """Nothing of it runs or is loaded, in the page or in a frame; it covers nothing, and the page goes on to work."""
    page = visitor.open(pages.hostile(tmp_path))
    expect(page.locator("section.cell")).to_have_count(2 * len(pages.HOSTILE_HTML) + 1)
    for cell in page.locator("section.cell").all():
        cell.scroll_into_view_if_needed()
    for link in page.get_by_text("click", exact=True).all():
        link.click()
    page.wait_for_load_state("networkidle")
    for frame in page.frames:
        assert frame.evaluate("window.owned === undefined && document.title !== 'owned'")
    expect(page.locator("main#content")).to_have_count(1)
    expect(page.get_by_text("49", exact=True)).to_have_count(0)
    page.get_by_role("button", name="in-place").click()
    expect(page.locator("section.cell").filter(visible=True)).to_have_count(1)


def test_the_policy_holds_where_the_sanitiser_is_deceived(visitor: Visitor, tmp_path: Path) -> None:
    """A style sheet whose address is hidden by escapes does not reach even a server that answers."""
    with _server() as (address, asked):
        style = rf"<style>@\69mport '{address}/b.css'; #own {{ background: \75 rl({address}/a.png) }}</style>"
        path = pages.write(
            tmp_path / "nb.ipynb", [pages.code("x", pages.shown(text_html=f"{style}<p id=own>shown</p>"))]
        )
        page = visitor.open(NotebookReport(str(path), "", "", "", cells=(pages.judged(0, Verdict.RESET),)))
        expect(page.frame_locator("iframe").get_by_text("shown")).to_be_visible()
        page.wait_for_load_state("networkidle")
        assert asked == []
    refused = [said for said in visitor.complaints if "violates the following Content Security Policy" in said]
    assert len(refused) == 2
    visitor.complaints.clear()


@contextlib.contextmanager
def _server() -> Iterator[tuple[str, list[str]]]:
    """A server on this machine; its address, and the paths that it is asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


def test_a_large_notebook_opens_at_any_of_its_cells(visitor: Visitor, tmp_path: Path) -> None:
    """The cell that a link names comes into view, although the heights of those above are not known yet."""
    page = visitor.open(pages.large(tmp_path, 500), fragment="#n1-c431")
    expect(page.locator("#n1-c431")).to_be_in_viewport()
    page.get_by_role("button", name="in-place").click()
    expect(page.get_by_role("status")).to_have_text("167 of 500 cells shown")
