"""The report as one page for a browser: the notebook itself, with a verdict beside every cell."""

from __future__ import annotations

from typing import TextIO

from nbrerun.model import Report
from nbrerun.reporters.html.page import page


def render(report: Report, out: TextIO) -> None:
    """Write a page that depends on no other file and loads nothing."""
    out.write(page(report))
