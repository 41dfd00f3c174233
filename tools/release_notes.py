"""Print the section of the changelog that a release is about: `python tools/release_notes.py v0.2.0`.

Fails where the tag, the version of the package and the changelog do not name the same version.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def section(changelog: str, version: str) -> str | None:
    """The text below `## [version]`, up to the next version or to the links at the end; None if there is none."""
    found = re.search(rf"^## \[{re.escape(version)}\].*\n((?:(?!## |\[[^\]]+\]: ).*\n?)*)", changelog, re.MULTILINE)
    return found[1].strip() if found else None


def package_version(source: str) -> str:
    """The version that the text of `nbrerun/__init__.py` assigns."""
    found = re.search(r'^__version__ = "([^"]+)"$', source, re.MULTILINE)
    if not found:
        raise SystemExit("nbrerun/__init__.py assigns no __version__")
    return found[1]


def notes(tag: str, changelog: str, source: str) -> str:
    """The notes for a tag such as `v0.2.0`.

    Raises:
        SystemExit: tag, package and changelog do not agree.
    """
    version = tag.removeprefix("v")
    if package_version(source) != version:
        raise SystemExit(f"the tag is {tag}, and the package has the version {package_version(source)}")
    text = section(changelog, version)
    if not text:
        raise SystemExit(f"CHANGELOG.md has no section for {version}")
    return text


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("give the tag of the release, as in `python tools/release_notes.py v0.2.0`")
    read = {name: (ROOT / name).read_text(encoding="utf-8") for name in ("CHANGELOG.md", "nbrerun/__init__.py")}
    print(notes(sys.argv[1], read["CHANGELOG.md"], read["nbrerun/__init__.py"]))
