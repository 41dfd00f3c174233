"""Memory of the machine, and of a container."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from nbrerun.engine import memory as module
from nbrerun.engine.memory import Memory, memory

MB = 1 << 20


@pytest.fixture
def group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for control groups, in which no process is yet."""
    monkeypatch.setattr(module, "_ROOT", tmp_path)
    monkeypatch.setattr(module, "_OWN", tmp_path / "own")
    return tmp_path


def test_without_a_limit_it_is_the_machines(group: Path) -> None:
    """Also where there are no control groups at all."""
    assert memory().total == psutil.virtual_memory().total
    (group / "own").write_text("0::/\n")
    (group / "memory.max").write_text("max\n")
    assert memory().total == psutil.virtual_memory().total


def test_the_tightest_limit_counts(group: Path) -> None:
    """Of the group and of those above it; pages of files are given up when need be."""
    (group / "own").write_text("0::/pod/container\n")
    (group / "pod" / "container").mkdir(parents=True)
    for folder, limit, used in ((group / "pod", 100, 60), (group / "pod" / "container", 200, 50)):
        (folder / "memory.max").write_text(f"{limit * MB}\n")
        (folder / "memory.current").write_text(f"{used * MB}\n")
    (group / "pod" / "memory.stat").write_text(f"anon 1\ninactive_file {10 * MB}\n")
    assert memory() == Memory(100 * MB, 50 * MB)
    assert not memory().is_short
    (group / "pod" / "memory.current").write_text(f"{90 * MB}\n")
    assert memory().is_short


def test_the_first_version_is_read_as_well(group: Path) -> None:
    """Its files have other names."""
    (group / "own").write_text("5:memory:/docker\n2:cpu:/docker\n")
    (group / "memory" / "docker").mkdir(parents=True)
    (group / "memory" / "docker" / "memory.limit_in_bytes").write_text(f"{100 * MB}\n")
    (group / "memory" / "docker" / "memory.usage_in_bytes").write_text(f"{30 * MB}\n")
    assert memory() == Memory(100 * MB, 70 * MB)
