"""Draw the pictures of the page for a browser that the documentation shows: `python -m tools.page_pictures`."""

from __future__ import annotations

import io
import os
import shutil
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

import nbrerun
from nbrerun.reporters.formats import html
from tests import chromium

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "sample_notebooks" / "03_true_continuation.ipynb"
VIEWS = {"light": "", "dark": "#n1-c4"}
"""For each scheme of colours, the place in the page."""
WIDTH, HEIGHT = 1280, 1000
_COLOURS = 128
"""Enough for text and flat colours, and a third of the bytes."""


def main() -> int:
    """Check a sample, open its page, and write one picture of each scheme into `docs`."""
    program = chromium.program()
    if program is None:
        print("there is no Chromium on the PATH", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # the page shows the path as it is given
        shutil.copy(SAMPLE, folder)
        page = Path(folder, "page.html")
        with page.open("w", encoding="utf-8") as out:
            html.render(nbrerun.check([SAMPLE.name]), out)
        with sync_playwright() as playwright:
            arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
            browser = playwright.chromium.launch(executable_path=program, args=arguments)
            for scheme, place in VIEWS.items():
                _draw(browser, f"{page.as_uri()}{place}", scheme, ROOT / "docs" / f"page-{scheme}.png")
            browser.close()
    return 0


def _draw(browser: Browser, address: str, scheme: str, target: Path) -> None:
    shown = browser.new_page(
        viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="dark" if scheme == "dark" else "light"
    )
    shown.goto(address)
    picture = Image.open(io.BytesIO(shown.screenshot()))
    picture.convert("RGB").quantize(_COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(
        target, optimize=True
    )


if __name__ == "__main__":
    sys.exit(main())
