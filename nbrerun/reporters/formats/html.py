"""The report as one page for a browser: the notebook itself, with a verdict beside every cell."""

from __future__ import annotations

from typing import TextIO

from nbrerun.model import Report
from nbrerun.reporters.html.page import page


def render(report: Report, out: TextIO) -> None:
    """Write a page that depends on no other file and loads nothing.

    It says that it is UTF-8; where `out` is not, all other characters than those of ASCII are written as references.
    """
    text = page(report)
    is_utf8 = (out.encoding or "utf-8").lower().replace("-", "") == "utf8"
    out.write(text if is_utf8 else text.encode("ascii", "xmlcharrefreplace").decode("ascii"))
