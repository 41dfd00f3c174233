"""Draw the pictures of a JupyterLab session that the documentation shows: `python -m tools.live_pictures`."""

from __future__ import annotations

import io
import os
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

from tests import chromium, jupyterlab, pages

ROOT = Path(__file__).resolve().parents[1]
WIDTH, HEIGHT = 1000, 760
_COLOURS = 128
"""Enough for text and flat colours, and a third of the bytes."""
_LOAD = "%load_ext nbrerun"
_DATA = """\
import joblib
from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier

X, y = load_digits(return_X_y=True)
model = SGDClassifier(random_state=0)"""
_FIT = "%%rerun\nmodel.fit(X, y).score(X, y)"
_TRAIN = "%%rerun\nfor epoch in range(3):\n    model.partial_fit(X, y)"
_SAVE = 'joblib.dump(model, "digits.joblib");'
_READ = 'served = joblib.load("digits.joblib")'

SESSIONS = {
    # "Does rerunning reset my model?"
    "light": [_LOAD, _DATA, _FIT, _TRAIN],
    # "Why is my import gone?"
    "dark": [_LOAD, _DATA, "model.fit(X, y);", _SAVE, _READ, "%nbrerun restart"],
}
"""The cells of each picture, by theme."""


def main() -> int:
    """Run the cells of each session in a JupyterLab, and write one picture of each into `docs`."""
    program = chromium.program()
    if program is None:
        print("there is no Chromium on the PATH", file=sys.stderr)
        return 1
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        for theme, sources in SESSIONS.items():
            cells = [pages.code(source) for source in sources]
            with (
                tempfile.TemporaryDirectory() as folder,
                jupyterlab.served(Path(folder, "lab"), theme, cells) as address,
            ):
                page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
                page.set_default_timeout(90_000)
                jupyterlab.opened(page, address)
                page.keyboard.press("Control+b")  # without the file browser
                _run(page, len(sources))
                _draw(page, ROOT / "docs" / f"live-{theme}.png")
                page.close()
        browser.close()
    return 0


def _run(page: Page, count: int) -> None:
    for number in range(count):
        jupyterlab.run_cell(page, number)
        prompt = page.locator(".jp-Notebook .jp-CodeCell").nth(number).locator(".jp-InputPrompt")
        expect(prompt).to_have_text(f"[{number + 1}]:", timeout=90_000)
    page.locator(".jp-Notebook .jp-CodeCell").nth(count - 1).locator(".nbrerun").wait_for()


def _draw(page: Page, target: Path) -> None:
    picture = Image.open(io.BytesIO(page.screenshot()))
    picture.convert("RGB").quantize(_COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(
        target, optimize=True
    )


if __name__ == "__main__":
    sys.exit(main())
