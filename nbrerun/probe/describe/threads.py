"""The threads of this process, as the system knows them."""

from __future__ import annotations

import contextlib
import os
from typing import Set


def names_of_threads() -> Set[bytes]:
    """Return their names (proc_pid_task_tid_comm(5)); none on other systems than Linux."""
    found: Set[bytes] = set()
    with contextlib.suppress(OSError):  # not Linux
        for thread in os.listdir("/proc/self/task"):
            with contextlib.suppress(OSError), open(f"/proc/self/task/{thread}/comm", "rb") as file:  # it has ended
                found.add(file.read())
    return found
