"""Paths as the services that host a repository write them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from nbrerun.reporters.text import clean


def path_in_repository(path: str, environment: Mapping[str, str] = os.environ) -> str:
    """Write a path relative to the top of its repository, with forward slashes; absolute if it is outside of it."""
    absolute = Path(os.path.abspath(path))
    for top in _candidates(absolute, environment):
        if absolute.is_relative_to(top):
            return clean(absolute.relative_to(top).as_posix())
    return clean(absolute.as_posix())


def _candidates(path: Path, environment: Mapping[str, str]) -> Iterator[Path]:
    """Yield folders that may be the top of the repository, the most certain first."""
    # Set by GitHub Actions ("Default environment variables") and GitLab CI ("Predefined CI/CD variables").
    for name in ("GITHUB_WORKSPACE", "CI_PROJECT_DIR"):
        if environment.get(name):
            yield Path(os.path.abspath(environment[name]))
    yield from (folder for folder in path.parents if (folder / ".git").exists())
    yield Path.cwd()
