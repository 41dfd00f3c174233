"""nbrerun in a JupyterLab, seen through a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests import jupyterlab, pages

_CONTRAST = """
answer => {
    const channels = color => color.match(/[\\d.]+/g).map(Number);
    const light = ([r, g, b]) => [r, g, b].map(c => c / 255).map(
        c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4
    ).reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0);
    const behind = element => {
        for (; element; element = element.parentElement) {
            const [r, g, b, a = 1] = channels(getComputedStyle(element).backgroundColor);
            if (a === 1) return [r, g, b];
        }
        return [255, 255, 255];
    };
    const ratio = element => {
        const style = getComputedStyle(element), back = behind(element);
        const [r, g, b, a = 1] = channels(style.color), alpha = a * Number(style.opacity);
        const text = [r, g, b].map((c, at) => c * alpha + back[at] * (1 - alpha));
        const [low, high] = [light(text), light(back)].sort((x, y) => x - y);
        return (high + 0.05) / (low + 0.05);
    };
    const texts = [...answer.querySelectorAll("div, td, th, b, code")].filter(each => each.textContent.trim());
    return Math.min(...texts.map(ratio));
}
"""
"""The least contrast of a text in an answer, as WCAG 2.2 defines it."""
_READABLE = 4.5


@pytest.mark.cold_kernel
@pytest.mark.parametrize("theme", jupyterlab.THEMES)
def test_the_answer_stands_below_its_cell(theme: str, browser: Browser, tmp_path: Path) -> None:
    """A user loads nbrerun, types a cell, runs it, and reads the answer; in the background one takes its place."""
    cells = [pages.code(source) for source in ("%load_ext nbrerun\n%nbrerun auto on", "losses = []", "")]
    with jupyterlab.served(tmp_path, theme, cells) as address:
        page = browser.new_page(viewport={"width": 1200, "height": 900})
        page.set_default_timeout(90_000)
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        jupyterlab.opened(page, address)
        jupyterlab.run_cell(page, 0)
        quiet = jupyterlab.run_cell(page, 1).locator(".nbrerun")
        expect(quiet).to_contain_text("losses is recreated")
        jupyterlab.type_cell(page, 2, "%%rerun\nlosses.append(1)")
        answer = jupyterlab.run_cell(page, 2).locator(".nbrerun")
        expect(answer).to_contain_text("in-place")
        expect(answer).to_contain_text("it grows from 1 to 2 items")
        expect(answer.locator("td")).to_have_text(["len(losses)", "1", "2", ""])
        assert answer.evaluate(_CONTRAST) >= _READABLE
        assert page.locator(".nbrerun").count() == 2
        assert complaints == []
        page.context.close()
