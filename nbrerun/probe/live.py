"""The service in a kernel that somebody works in: it forks the kernel before and after a cell.

Nobody asks the kernel itself. Its forks connect to the process that judges cells, and answer as every other moment of
a kernel does (`service`).
"""

from __future__ import annotations

import os
from typing import Any, Dict, List, NamedTuple, Sequence

from .process.shared import keeps_no_orphans
from .sandbox.live import Live
from .service import Service


class Moment(NamedTuple):
    """A fork of the kernel, or why there is none."""

    token: str
    pid: int
    hazards: List[str]
    """What would not survive the fork, most important first."""


class LiveService(Service):
    """Observes the kernel, and forks it."""

    def __init__(self, kernel: Any, address: str, home: str, folders: Sequence[str], limit: int) -> None:
        """Observe nothing yet.

        Args:
            kernel: ipykernel's.
            address: of the socket at which the process listens that judges cells.
            home: folder of this session, in which the socket lies.
            folders: whose files are judged, the notebook's own first.
            limit: bytes that a fork may write.
        """
        keeps_no_orphans()
        beside = [os.path.expanduser("~"), "/tmp", os.environ.get("TMPDIR", "/tmp")]
        found: Dict[str, Any] = {
            "kind": Live.kind,
            "home": home,
            "made": [home, list(folders), limit, beside],
            "covered": list(folders),
            "beside": [],
        }
        super().__init__(kernel, address, [], found)
        sandbox = self.files.sandbox
        assert isinstance(sandbox, Live)
        self._sandbox: Live = sandbox
        self._count = 0

    def fork_here(self) -> Moment:
        """Fork the kernel for a process that stays at this moment."""
        hazards, pid, token = self._forks.prepare(), 0, ""
        if not hazards:
            self._count += 1
            token = f"moment{self._count}"
            with self.files.unheard():
                pid = self._fork(token, lambda: self._stay(token))
        return Moment(token, pid, hazards)

    def _stay(self, name: str) -> None:
        os.setpgid(0, 0)  # Ctrl-C reaches the whole process group
        self._sandbox.leave_kernel(name)
        self.files.watch_again()

    def begin(self) -> None:
        """Another cell is about to run in the kernel."""
        with self.files.unheard():
            self._notice_modules()
            self._begin()
            self._sandbox.kept.begin(self._count)

    def end(self) -> str:
        """The cell is over: the folder with what it has changed, as that was before; empty if nothing."""
        with self.files.unheard():
            for path in self.files.written():
                self._sandbox.kept.note(path)
            return self._sandbox.cell_is_over()

    def lost(self) -> List[str]:
        """The files that the last cell has changed, and of which nobody knows what they were before."""
        return [self.files.shown(path) for path in self._sandbox.kept.lost]
