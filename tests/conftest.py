"""What holds for every test."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # the tests start Python a thousand times
sys.dont_write_bytecode = False


def pytest_xdist_auto_num_workers() -> int:
    """Half as many again as there are cores: a test waits for its kernels, and they for each other."""
    cores = os.cpu_count() or 1
    return cores + cores // 2


@pytest.fixture(autouse=True)
def _not_in_a_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test means the same on a developer's machine and in a CI that nbrerun would know."""
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE", "GITLAB_CI", "CI_PROJECT_DIR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def cache_folder(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every test keeps its own verdicts, and none in the folder that it happens to run in."""
    folder = tmp_path_factory.mktemp("cache") / "verdicts"
    monkeypatch.setenv("NBRERUN_CACHE_DIR", str(folder))
    return folder
