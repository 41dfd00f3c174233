"""Makes pages of the documentation site from texts that are kept elsewhere in the repository: each is there once.

The README is the home page, every rule has a page made of its text in `nbrerun/rules`, and links between the files
of the repository become links between pages. MkDocs calls the functions by their names:
https://www.mkdocs.org/user-guide/configuration/#hooks
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # The site is built where nbrerun is not installed; its rules need nothing else.

from nbrerun.rules import RULES  # noqa: E402  (after the path is set)

PAGES = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
}
"""Files of the repository that are pages of the site."""

_LINK = re.compile(r"(?<=\]\()([^)\s#:]*)(#[^)\s]*)?(?=\))")
_A_RULE = re.compile(r"#nbr(\d{3})")


def rule_page(code: str) -> str:
    """The page of one rule, in Markdown."""
    rule = RULES[code]
    return f"# {code}: {rule.summary}\n\nSeverity: *{rule.severity}*.\n\n{rule.text}"


def site_place(file: str, anchor: str = "") -> tuple[str, str]:
    """Where a file of the repository is on the site, and the anchor there; both paths start from their roots."""
    rule = _A_RULE.fullmatch(anchor)
    if file == "docs/findings.md" and rule:
        return f"rules/NBR{rule[1]}.md", ""
    if file.startswith("docs/"):
        return file.removeprefix("docs/"), anchor
    if file.startswith("nbrerun/rules/"):
        return file.removeprefix("nbrerun/"), anchor
    return PAGES.get(file, file), anchor


def in_repository(page: str) -> str:
    """The file of the repository that a page is made of."""
    sources = {place: file for file, place in PAGES.items()}
    return sources.get(page) or f"{'nbrerun' if page.startswith('rules/') else 'docs'}/{page}"


def with_site_links(markdown: str, page: str) -> str:
    """Rewrite the links of a page, which lead from file to file of the repository."""
    file = in_repository(page)

    def link(found: re.Match[str]) -> str:
        if not found[1] or found[1].startswith("/"):
            return found[0]
        target = os.path.normpath(os.path.join(os.path.dirname(file), found[1]))
        place, anchor = site_place(target, found[2] or "")
        return os.path.relpath(place, os.path.dirname(page) or ".") + anchor

    return _LINK.sub(link, markdown)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put the rules' pages into the menu, below the page on findings."""
    for section in config.nav or ():
        for title, pages in section.items():
            if "findings.md" in pages:
                section[title] = [*pages, {"Rules": [{code: f"rules/{code}.md"} for code in RULES]}]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made of other files, and the notebooks that pages link to."""
    from mkdocs.structure.files import File

    for code in RULES:
        files.append(File.generated(config, f"rules/{code}.md", content=rule_page(code)))
    others = [path.relative_to(ROOT).as_posix() for path in sorted(ROOT.glob("sample_notebooks/*.ipynb"))]
    for source in [*PAGES, *others]:
        files.append(File.generated(config, site_place(source)[0], abs_src_path=str(ROOT / source)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn links between files into links between pages."""
    return with_site_links(markdown, page.file.src_uri)
