"""What docs/plan.md and docs/certify.md show is what the commands print."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from nbrerun.cli import main
from tests.functional.test_clean_run import notebook

DOCS = Path(__file__).parents[2] / "docs"

_MACHINE = re.compile(r"\d+\.\d s|\[['\w, ]{20,}\]")
"""Durations, and sets of texts, which Python's versions list in other orders."""


def blocks(page: str, language: str) -> Iterator[str]:
    """The code blocks of a page in one language."""
    yield from re.findall(rf"^```{language}\n(.*?)^```$", (DOCS / page).read_text(), re.DOTALL | re.MULTILINE)


def cells(block: str) -> list[str]:
    """The cells of a notebook in the percent format."""
    return [part.partition("\n")[2].strip() for part in block.split("# %% ")[1:]]


def printed(*arguments: str) -> str:
    """What a command prints."""
    return _MACHINE.sub("#", CliRunner().invoke(main, arguments).stdout)


def test_the_page_on_plans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the edit that it describes, and after a cell is deleted."""
    monkeypatch.chdir(tmp_path)
    (before,) = map(cells, blocks("plan.md", "python"))
    edited, deleted = (_MACHINE.sub("#", block) for block in blocks("plan.md", "text"))
    notebook(tmp_path, before, "before.ipynb")
    notebook(tmp_path, [before[0], "prices.append(21)", *before[2:]], "lesson.ipynb")
    assert printed("plan", "lesson.ipynb", "--against", "before.ipynb") == edited
    notebook(tmp_path, before[:4], "before.ipynb")
    notebook(tmp_path, before[:3], "lesson.ipynb")
    assert printed("plan", "lesson.ipynb", "--against", "before.ipynb") == deleted


@pytest.mark.cold_kernel
def test_the_page_on_certificates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two factors matter to a value each."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.delenv("PYTHONHASHSEED", raising=False)
    (sources,) = map(cells, blocks("certify.md", "python"))
    (shown,) = (_MACHINE.sub("#", block) for block in blocks("certify.md", "text"))
    notebook(tmp_path, sources, "lesson.ipynb")
    assert printed("certify", "lesson.ipynb", "--factor", "hash seed,time zone") == shown
