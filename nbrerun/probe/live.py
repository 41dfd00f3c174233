"""The service in a kernel that somebody works in: it forks the kernel before and after a cell.

Nobody asks the kernel itself. Its forks connect to the process that judges cells, and answer as every other moment of
a kernel does (`service`).
"""

from __future__ import annotations

import os
import sys
import tempfile
from typing import Any, Callable, Dict, Iterable, List, NamedTuple, Sequence, Set

from .execute.hand_back import unpack
from .process.shared import keeps_no_orphans
from .protocol.messages import Contact, Generator
from .read.generators import put_back_global
from .read.namespace import user_names
from .sandbox.live import Live
from .service import Service

_NICE = 5
"""By how much forks give way to the kernel (nice(2))."""
_OF_EDITORS = (b".ipynb",)
"""Jupyter saves notebooks in the folder where their kernels work."""


class Fork(NamedTuple):
    """A fork of the kernel, or why there is none."""

    token: str
    pid: int
    hazards: List[str]
    """What would not survive the fork, most important first."""


class Ended(NamedTuple):
    """What a cell did, apart from values."""

    bound: List[str]
    """Names that hold another object since."""
    kept: str
    """The folder with what it has changed, as that was before; empty if it has changed nothing."""
    lost: List[str]
    """Files that it has changed, and of which nobody knows what they were before."""
    outside: List[Contact]
    """What it reached that a fork cannot be kept apart from."""


class LiveService(Service):
    """Observes the kernel, and forks it."""

    def __init__(self, kernel: Any, address: str, folders: Sequence[str], limit: int) -> None:
        """Observe nothing yet.

        Args:
            kernel: ipykernel's.
            address: of the socket at which the process listens that judges cells; what forks need lies beside it.
            folders: whose files are judged, the notebook's own first.
            limit: bytes that a fork may write.
        """
        keeps_no_orphans()
        home = os.path.dirname(address)
        beside = [os.path.expanduser("~"), tempfile.gettempdir(), "/tmp"]
        made = [home, list(folders), limit, beside]
        found: Dict[str, Any] = {"kind": Live.kind, "home": home, "made": made, "covered": folders, "beside": []}
        super().__init__(kernel, address, [], found)
        sandbox = self.files.sandbox
        assert isinstance(sandbox, Live)
        self._sandbox: Live = sandbox
        self.files.leave_out(lambda path: path.endswith(_OF_EDITORS))
        self._leave: Callable[[], None] = lambda: None
        self._forked = self._cells = 0
        self._ids: Dict[str, int] = {}
        """Addresses of the values of all names when the cell began."""

    def connect(self, address: str, pid: int, descriptor: int, leave: Callable[[], None]) -> None:
        """Have forks connect to another process from now on.

        Args:
            pid: of that process.
            descriptor: of the kernel's own connection to it.
            leave: closes this connection in a fork.
        """
        self._forks.leave_out(pid, descriptor)
        self._address = address
        self._leave = leave
        self._sandbox.move(os.path.dirname(address))

    def fork_here(self) -> Fork:
        """Fork the kernel for a process that stays at this moment."""
        with self.files.unheard():
            # Of a process that has ended, and that nobody can wait for any more (`os.popen(...).read()`).
            getattr(sys.modules.get("subprocess"), "_cleanup", lambda: None)()
            hazards, pid, token = self._forks.prepare(), 0, ""
            if not hazards:
                self._forked += 1
                token = f"moment{self._forked}"
                pid = self._fork(token, lambda: self._stay(token))
        return Fork(token, pid, hazards)

    def _stay(self, name: str) -> None:
        self._leave()
        os.setpgid(0, 0)  # Ctrl-C reaches the whole process group
        os.nice(_NICE)
        self._sandbox.leave_kernel(name, self._set_up)

    def _set_up(self) -> None:
        """In a fork, once it is known how its files are kept apart."""
        self._outside.starts_programs = not self._sandbox.why_none
        self.files.watch_again()

    def end_forks(self) -> None:
        """End all forks that stay at a moment."""
        self._forks.end()

    def begin(self) -> None:
        """Another cell is about to run in the kernel."""
        with self.files.unheard():
            self._notice_modules()
            self.imports.begin_here()
            self._begin()
            self._cells += 1
            self._sandbox.kept.begin(self._cells)
            self._ids = self._addresses()

    def end(self) -> Ended:
        """The cell is over."""
        with self.files.unheard():
            for path in self.files.written():
                self._sandbox.kept.note(path)
            self._sandbox.kept.compare_names(_OF_EDITORS)
            lost = [self.files.shown(path) for path in self._sandbox.kept.lost]
            kept = self._sandbox.cell_is_over()
            now, before = self._addresses(), self._ids
            bound = [name for name, address in now.items() if before.get(name) != address]
            return Ended(bound, kept, lost, [*self._outside.seen(), *self._forks.left_running()])

    def changes_files(self) -> bool:
        """Whether the running cell has changed files."""
        return bool(self._sandbox.kept.paths)

    def _addresses(self) -> Dict[str, int]:
        return {name: id(value) for name, value in user_names(self.shell).items()}

    def take_back(self, data: bytes, new: Iterable[str], pins: List[Generator]) -> Set[str]:
        """Bind names to what a fork has handed back, and return them.

        Args:
            data: what `hand_back` has made.
            new: names to delete.
            pins: global generators of random numbers, as they stood.
        """
        with self.files.unheard():
            values = unpack(data, self.shell.user_ns)
            for name in new:
                self.shell.user_ns.pop(name, None)
            self.shell.user_ns.update(values)
            put_back_global(pins)
            return set(values)
