"""How much memory there is: what the machine has, or what this process's control group may use of it (cgroups(7))."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import psutil

_ROOT = Path("/sys/fs/cgroup")
_OWN = Path("/proc/self/cgroup")


@dataclass(frozen=True)
class Memory:
    """Bytes of memory."""

    total: int
    available: int

    @property
    def is_short(self) -> bool:
        """More than 70 per cent are in use."""
        return self.available < 0.3 * self.total


def memory() -> Memory:
    """What is there, and what is free."""
    machine = psutil.virtual_memory()
    found = Memory(machine.total, machine.available)
    for folder, most, used in _groups():
        with contextlib.suppress(OSError, ValueError):  # `max` where there is no limit; the root group has no file
            limit = int((folder / most).read_text())
            left = limit - int((folder / used).read_text()) + _cached(folder)
            found = Memory(min(found.total, limit), max(0, min(found.available, left)))
    return found


def _groups() -> list[tuple[Path, str, str]]:
    """The folders of this process's group and of those above it, with the files for the limit and for what is used."""
    found = []
    with contextlib.suppress(OSError):
        for line in _OWN.read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            own = PurePosixPath(path.lstrip("/"))
            if not controllers:  # version 2
                found += [(_ROOT / each, "memory.max", "memory.current") for each in (own, *own.parents)]
            elif controllers == "memory":
                top, names = _ROOT / "memory", ("memory.limit_in_bytes", "memory.usage_in_bytes")
                found += [(top / each, *names) for each in (own, *own.parents)]
    return found


def _cached(folder: Path) -> int:
    """Pages of files, which count as used and are given up when memory is short."""
    with contextlib.suppress(OSError):
        for line in (folder / "memory.stat").read_text().splitlines():
            if line.startswith(("inactive_file ", "total_inactive_file ")):
                return int(line.split()[1])
    return 0
