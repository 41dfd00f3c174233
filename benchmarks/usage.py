"""Measure wall time, CPU time and peak memory of a command with all its descendants.

A kernel, the moments forked from it and the processes that a cell starts are often not children of the command, or
outlive it. So the command runs under a process of its own that adopts orphans (`PR_SET_CHILD_SUBREAPER`,
prctl(2)): each is then waited for, here or by its parent, and `getrusage(RUSAGE_CHILDREN)` includes them all.
On systems without subreapers, the sum over the samples is used instead.

Run as `python benchmarks/usage.py SECONDS COMMAND...`, it prints one line of JSON after the output of the command,
which is ended after so many seconds, or when it uses up the memory of the machine.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

PR_SET_CHILD_SUBREAPER = 36
INTERVAL = 0.1
"""Seconds between two samples of the process tree."""
GRACE = 5.0
"""Seconds that processes may outlive the command before they are counted as left behind and killed."""
MARK = "usage: "
LIMIT = 3600.0
"""Seconds that a command may take."""
SHARE = 0.7
"""The part of the memory that is available at the beginning that a command may use; others need the rest."""
_SAID = 4000
"""Characters of the end of what a command prints that are kept, to tell why it failed."""


@dataclass(frozen=True)
class Usage:
    """Resources that one command used."""

    wall: float
    """Seconds until the command itself ended."""
    cpu: float
    """Seconds, user and system, of the whole process tree."""
    memory: int
    """Largest sum of proportional set sizes seen, in bytes; shared pages count once."""
    left_behind: int
    """Processes that had to be killed after the command had ended."""
    returncode: int
    """Negative if a signal ended the command, as it does at a limit."""
    said: str = ""
    """The end of what it printed."""


def measure(command: list[str], cwd: Path, env: Mapping[str, str] | None = None, limit: float = LIMIT) -> Usage:
    """Run a command under a watcher process of its own.

    Args:
        env: environment variables in addition to those of this process.
        limit: seconds after which it is ended.

    Raises:
        RuntimeError: the watcher did not report; its output is the message.
    """
    watcher = [sys.executable, __file__, str(limit), *command]
    done = subprocess.run(
        watcher, cwd=cwd, env={**os.environ, **(env or {})}, capture_output=True, text=True, check=False
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith(MARK)]
    if not lines:
        raise RuntimeError(f"no measurement from {command}:\n{done.stdout}{done.stderr}")
    printed = "\n".join(line for line in done.stdout.splitlines() if not line.startswith(MARK))
    said = f"{printed}\n{done.stderr}"[-_SAID:]
    return Usage(**{**json.loads(lines[-1].removeprefix(MARK)), "said": said})


class Tree:
    """The descendants of this process, sampled repeatedly."""

    def __init__(self) -> None:
        self.peak = 0
        self._cpu: dict[tuple[int, float], float] = {}

    @property
    def cpu(self) -> float:
        """CPU seconds of all processes that were seen, as of the last sample of each."""
        return sum(self._cpu.values())

    def look(self) -> None:
        """Record the memory and CPU time of the descendants."""
        total = 0
        for process in descendants():
            with contextlib.suppress(psutil.Error, OSError):
                times = process.cpu_times()
                self._cpu[process.pid, process.create_time()] = times.user + times.system
                total += proportional_set_size(process)
        self.peak = max(self.peak, total)


def descendants() -> list[psutil.Process]:
    """List the descendants of this process that still run."""
    return [process for process in psutil.Process().children(recursive=True) if alive(process)]


def alive(process: psutil.Process) -> bool:
    """Tell whether a process exists and is not a zombie."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def proportional_set_size(process: psutil.Process) -> int:
    """Return the memory in bytes, each shared page divided by the number of its users (proc_pid_smaps(5)).

    If the system does not provide that, return the larger resident set size.
    """
    try:
        rollup = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
    except OSError:
        return int(process.memory_info().rss)
    return next(int(line.split()[1]) * 1024 for line in rollup.splitlines() if line.startswith("Pss:"))


def reap() -> Iterator[int]:
    """Wait for the children that have ended, including adopted ones, and yield their ids."""
    with contextlib.suppress(ChildProcessError):
        while (pid := os.waitpid(-1, os.WNOHANG)[0]) != 0:
            yield pid


def kill(processes: list[psutil.Process]) -> None:
    """Kill processes that may have ended meanwhile."""
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)


def wait_for_orphans(tree: Tree) -> int:
    """Wait until no descendant is left; kill those that stay, and return their number."""
    deadline = time.monotonic() + GRACE
    while descendants() and time.monotonic() < deadline:
        tree.look()
        list(reap())
        time.sleep(INTERVAL)
    stayed = descendants()
    kill(stayed)
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()
    return len(stayed)


def watch(command: list[str], limit: float) -> Usage:
    """Run a command as a child of this process, and measure it; it is killed at the limits of time and memory.

    This process waits for all of its descendants and kills those that stay, so it should have no others.
    """
    if sys.platform == "linux":  # make this process the parent of every orphaned descendant
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    tree, most = Tree(), SHARE * psutil.virtual_memory().available
    started = time.monotonic()
    child = subprocess.Popen(command)
    returncode = None
    while returncode is None:
        tree.look()
        with contextlib.suppress(subprocess.TimeoutExpired):
            returncode = child.wait(INTERVAL)
        if returncode is None and (time.monotonic() - started > limit or tree.peak > most):
            kill(descendants())
    wall = time.monotonic() - started
    left_behind = wait_for_orphans(tree)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Usage(wall, max(used.ru_utime + used.ru_stime, tree.cpu), tree.peak, left_behind, returncode)


if __name__ == "__main__":
    print(MARK + json.dumps(asdict(watch(sys.argv[2:], float(sys.argv[1])))))
