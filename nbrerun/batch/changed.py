"""Which cells changed lately, as far as git knows."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from nbrerun.notebooks.read import Notebook


def changed(notebooks: Sequence[Notebook], environment: Mapping[str, str] = os.environ) -> list[frozenset[int]]:
    """For each notebook the indexes of its cells that changed; without git, or without changes, none.

    They are compared with where the branch began, else with the last commit, else with the one before: with the first
    of these that differs in any of the notebooks.
    """
    folder = notebooks[0].folder if notebooks else Path()
    for base in _bases(folder, environment):
        found = [_changed_since(base, notebook) for notebook in notebooks]
        if any(found):
            return found
    return [frozenset()] * len(notebooks)


def _bases(folder: Path, environment: Mapping[str, str]) -> Iterator[str]:
    """Commits to compare with; CI says which branch a request goes to."""
    given = environment.get("CI_MERGE_REQUEST_DIFF_BASE_SHA")
    if given:
        yield given
    target = environment.get("GITHUB_BASE_REF")
    fork = _git(folder, "merge-base", "HEAD", f"origin/{target}" if target else "origin/HEAD")
    if fork is not None:
        yield fork.strip()
    yield from ("HEAD", "HEAD~1")


def _changed_since(commit: str, notebook: Notebook) -> frozenset[int]:
    if _git(notebook.folder, "rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}") is None:
        return frozenset()
    then = _git(notebook.folder, "show", f"{commit}:./{notebook.path.name}")
    if then is not None and then.encode() == notebook.path.read_bytes():
        return frozenset()
    known = _sources(then) if then is not None else set()
    return frozenset(cell.index for cell in notebook.cells if cell.source not in known)


def _sources(text: str) -> set[str]:
    """The sources of all cells; of what is no such notebook (of a text, say), none."""
    try:
        return {"".join(cell["source"]) for cell in json.loads(text)["cells"]}
    except (LookupError, RecursionError, TypeError, ValueError):
        return set()


def _git(folder: Path, *command: str) -> str | None:
    """What git says; None where it has nothing to say, or is not there."""
    try:
        done = subprocess.run(["git", "-C", str(folder), *command], capture_output=True, check=True)
        return done.stdout.decode()
    except (OSError, UnicodeDecodeError, subprocess.CalledProcessError):
        return None
