"""The forks of a process: whether it can be forked now, and which children it has."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import Any, Callable, List, NoReturn, Sequence, Set

from ..protocol.messages import Contact
from .fork_hazards import Hazards
from .forking import detach, fork, pause_openmp
from .shared import Shared


class Forks:
    """The forks of this process; a fork of it starts with none."""

    def __init__(self, kernel: Any, address: str) -> None:
        """Look at what there is before the first cell.

        Args:
            kernel: ipykernel's.
            address: of the socket at which nbrerun listens.
        """
        self._kernel = kernel
        self.hazards = Hazards(kernel.shell)
        self._shared = Shared(kernel.shell, os.path.dirname(address))
        self._is_fork = False
        self.ran = True
        """Cells have been run in this process itself."""
        self._children: Set[int] = set()
        self._running: Set[int] = set()
        """Processes of the notebook that were running before the cell."""

    def leave_out(self, pid: int, descriptor: int) -> None:
        """Do not count a process of nbrerun's own, and the connection to it, among what the kernel shares."""
        self._shared.leave_out(pid, descriptor)

    def watch(self, folders: Sequence[bytes]) -> None:
        """Set the folders whose files each branch has to itself."""
        self.hazards.watch(folders)
        self._shared.watch(folders)

    def will_run(self) -> None:
        """A cell is about to be run in this process."""
        if not self.ran:  # a fork has a new event loop, which is not the notebook's
            self._shared.begin_fork()
        self.ran = True

    def shared(self) -> List[str]:
        """What the kernel shares with other processes; a fork is discarded, so that nobody asks."""
        return [] if self._is_fork else self._shared.read(self._children)

    def begin(self) -> None:
        """Another cell is about to run."""
        self._running = set() if self._is_fork else set(self._shared.running(self._children))

    def left_running(self) -> List[Contact]:
        """The processes that the last cell has started and not waited for."""
        found = {} if self._is_fork else self._shared.running(self._children)
        new = dict.fromkeys(what for pid, what in found.items() if pid not in self._running)
        return [{"kind": "process", "what": what, "how": "leaves running", "reads": False} for what in new]

    def prepare(self) -> List[str]:
        """What speaks against a fork now; if nothing does, what has to be done before one."""
        for pid in list(self._children):  # they would stay zombies
            try:
                ended, _ = os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                ended = pid
            if ended:
                self._children.discard(pid)
        hazards = self.hazards.read()
        if not hazards and self.ran:
            hazards = self._shared.read(self._children)
        if not hazards and self.ran:
            pause_openmp()
        return hazards

    def start(self, live: Callable[[], NoReturn]) -> int:
        """Fork this process; `live` is called in the child, whose pid is returned."""
        pid = fork()
        if pid == 0:
            live()
        self._children.add(pid)
        return pid

    def end(self) -> None:
        """End all forks of this process, and wait for that."""
        while self._children:
            pid = self._children.pop()
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)

    def leave_kernel(self) -> None:
        """In the child: share nothing with the kernel."""
        if self.ran:
            detach(self._kernel)
        self.ran, self._is_fork = False, True
        self._children = set()
