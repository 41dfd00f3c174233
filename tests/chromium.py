"""The browser for the tests of the page; see docs/decisions.md#tests-in-a-browser."""

from __future__ import annotations

import os
import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def program() -> str | None:
    """The path of a Chromium of the system's, or of Chrome; None if there is none on the PATH."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def is_left_out() -> bool:
    """Whether there is none, and it does not matter: a CI must have one."""
    return program() is None and not os.environ.get("CI")
