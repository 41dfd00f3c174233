"""A Chromium of the system's, if there is one; see docs/decisions.md#tests-in-a-browser."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from nbrerun.model import NotebookReport
from tests import chromium, pages

expect.set_options(timeout=60_000)
"""Milliseconds: the tests beside these take all cores."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for the tests of a file: as long as it is open, an event loop runs that other tests would find."""
    program = chromium.program()
    assert program, f"none of {', '.join(chromium.NAMES)} is on the PATH; Debian has it as `apt-get install chromium`"
    # The sandbox of Chromium does not start for root (as in containers); the pages here are our own.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=arguments)
        yield opened
        opened.close()


@dataclass
class Visitor:
    """Opens pages, and remembers everything that a page should not do."""

    browser: Browser
    folder: Path
    complaints: list[str] = field(default_factory=list)
    """Messages of the console, errors of scripts, dialogs, and requests for anything but the page."""

    def open(self, *notebooks: NotebookReport, fragment: str = "", dark: bool = False, width: int = 1400) -> Page:
        """Open the page on some notebooks."""
        file = self.folder / "page.html"
        file.write_text(pages.page(*notebooks), encoding="utf-8")
        page = self.browser.new_page(viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light")
        page.set_default_timeout(60_000)
        page.on("console", lambda message: self.complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: self.complaints.append(dialog.message))
        page.on("request", lambda request: self._note(request.url, file))
        page.goto(f"{file.as_uri()}{fragment}")
        return page

    def _note(self, url: str, file: Path) -> None:
        if not url.startswith((file.as_uri(), "data:image/", "about:srcdoc")):
            self.complaints.append(f"asked for {url}")


@pytest.fixture
def visitor(browser: Browser, tmp_path: Path) -> Iterator[Visitor]:
    """Whatever a test does with a page, the page complains of nothing and asks for nothing."""
    made = Visitor(browser, tmp_path)
    yield made
    for context in browser.contexts:
        context.close()
    assert made.complaints == []
