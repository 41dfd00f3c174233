"""SKILL.md, which says when to ask: printed for agents that read skills, and the instructions of the server."""

from __future__ import annotations

from importlib import resources


def text() -> str:
    """Return SKILL.md with its front matter, as the folder of a skill has it."""
    return (resources.files(__package__) / "SKILL.md").read_text(encoding="utf-8")


def body() -> str:
    """Return SKILL.md without the front matter."""
    return text().split("---\n", 2)[2].lstrip()
