"""Find the cells that changed recently, according to git."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from nbrerun.notebooks import git
from nbrerun.notebooks.read import Notebook


def changed(notebooks: Sequence[Notebook], environment: Mapping[str, str] = os.environ) -> list[frozenset[int]]:
    """List for each notebook the indexes of its changed cells; none without git or without changes.

    The notebooks are compared with the commit where the branch began, else with the last commit, else with the one
    before it: with the first of these from which any notebook differs.

    Args:
        notebooks: all notebooks of the run; the repository is that of the first.
        environment: environment variables; CI services name the target branch there.
    """
    folder = notebooks[0].folder if notebooks else Path()
    for base in _bases(folder, environment):
        found = [_changed_since(base, notebook) for notebook in notebooks]
        if any(found):
            return found
    return [frozenset()] * len(notebooks)


def _bases(folder: Path, environment: Mapping[str, str]) -> Iterator[str]:
    """Yield the commits to compare with, in order."""
    # GitLab CI ("Predefined CI/CD variables") gives the commit, GitHub Actions ("Variables") the target branch.
    given = environment.get("CI_MERGE_REQUEST_DIFF_BASE_SHA")
    if given:
        yield given
    target = environment.get("GITHUB_BASE_REF")
    fork = git.output(folder, "merge-base", "HEAD", f"origin/{target}" if target else "origin/HEAD")
    if fork is not None:
        yield fork.decode("ascii").strip()
    yield from ("HEAD", "HEAD~1")


def _changed_since(commit: str, notebook: Notebook) -> frozenset[int]:
    # A shallow clone lacks the commit; then nothing counts as changed.
    if git.output(notebook.folder, "rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}") is None:
        return frozenset()
    then = git.output(notebook.folder, "show", f"{commit}:./{notebook.path.name}")
    if then == notebook.path.read_bytes():
        return frozenset()
    sources: set[str] = set()
    # If it was a text notebook at that commit, or not a notebook at all, every cell is new.
    with contextlib.suppress(LookupError, RecursionError, TypeError, ValueError):
        sources = {"".join(cell["source"]) for cell in json.loads(then or "")["cells"]}
    return frozenset(cell.index for cell in notebook.cells if cell.source not in sources)
