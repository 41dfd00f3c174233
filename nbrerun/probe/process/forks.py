"""The forks of a process: whether it can be forked now, and which children it has."""

from __future__ import annotations

import os
from typing import Any, Callable, List, NoReturn, Set

from .fork_hazards import Hazards
from .forking import detach, fork, pause_openmp


class Forks:
    """The forks of this process; a fork of it starts with none."""

    def __init__(self, kernel: Any) -> None:
        self._kernel = kernel
        self.hazards = Hazards(kernel.shell)
        self.ran = True
        """Cells have been run in this process itself."""
        self._children: Set[int] = set()

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
            pause_openmp()
        return hazards

    def start(self, live: Callable[[], NoReturn]) -> None:
        """Fork this process; `live` is called in the child."""
        pid = fork()
        if pid == 0:
            live()
        self._children.add(pid)

    def leave_kernel(self) -> None:
        """In the child: share nothing with the kernel."""
        if self.ran:
            detach(self._kernel)
        self.ran = False
        self._children = set()
