"""Links from the code to the documentation."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]

_LINK = re.compile(r"(docs/[\w-]+\.md)#([\w-]+)")
_HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub and mkdocs give the headings of a page."""
    headings = _HEADING.findall(_FENCE.sub("", page.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links() -> list[tuple[str, str, str]]:
    """Each link in the code: the file that contains it, the page and the anchor."""
    files = sorted(path for folder in ("nbrerun", "tests") for path in (ROOT / folder).rglob("*.py"))
    return [
        (str(path.relative_to(ROOT)), page, anchor)
        for path in files
        for page, anchor in _LINK.findall(path.read_text(encoding="utf-8"))
    ]


def test_anchors_are_those_of_headings() -> None:
    """Punctuation and markup are dropped, and code blocks have no headings."""
    found = anchors(ROOT / "docs" / "decisions.md")
    assert {"decisions", "openmp-before-50", "recreated-or-left-alone"} <= found
    assert "later-runs-with-the-random-numbers-of-the-first-run-and-twice-if-need-be" in found


def test_every_link_in_the_code_leads_to_a_heading() -> None:
    """Reasons that are too long for a comment stand under a heading of the documentation."""
    found = links()
    assert "docs/decisions.md" in {page for _, page, _ in found}
    broken = [
        f"{file}: {page}#{anchor}"
        for file, page, anchor in found
        if not (ROOT / page).is_file() or anchor not in anchors(ROOT / page)
    ]
    assert broken == []
