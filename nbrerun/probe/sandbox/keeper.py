"""The keeper: a process beside the kernel that starts it in its sandbox, stays its parent, and cleans up.

It runs in nbrerun's own Python, not in the kernel's, and cleans up however the kernel or nbrerun ends. Processes that
the kernel has started become children of the keeper when their own parent ends, so nothing is left over, even after
`kill -9` of nbrerun.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import shutil
import signal
import sys
import time
from typing import Any, Dict, List

from ..protocol.wire import Closed, connect
from .choose import set_up
from .syscalls import adopt_orphans, die_with_parent
from .undo import undo

KEEPER = "keeper"
"""The token by which nbrerun recognises the connection of this process."""
LIFELINE = "lifeline"
"""A named pipe in the kernel's folder; when nobody has it open for writing any more, nbrerun is gone."""
_LINUX = sys.platform == "linux"
_POLL_SECONDS = 0.02
_TRACKER_SECONDS = 2.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main(arguments: List[str]) -> None:
    """Run the keeper of one kernel until that kernel or nbrerun ends.

    Args:
        arguments: the request as JSON, then the command that starts the kernel.
    """
    request, command = json.loads(arguments[0]), arguments[1:]
    lifeline = os.open(os.path.join(request["home"], LIFELINE), os.O_RDONLY | os.O_NONBLOCK)
    # A child's end writes a byte to this pipe, so that one select() waits for the kernel and for nbrerun
    # (signal.set_wakeup_fd). Python writes it only if a handler is installed, even one that does nothing.
    woken, wake = os.pipe()
    for end in (woken, wake):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    if _LINUX:
        adopt_orphans()
    answer, answer_end = os.pipe()
    kernel = os.fork()
    if kernel == 0:
        os.close(answer)
        _become_kernel(request, command, answer_end)
    os.close(answer_end)
    # Ctrl-C reaches the whole process group: nbrerun decides when the kernel ends.
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    with open(answer, "rb") as pipe:
        sandbox = json.loads(pipe.read() or b'{"kind": "", "reason": "the process ended while it was being set up"}')
    try:
        wire = connect(request["address"])
        wire.send({"token": KEEPER, "pid": os.getpid(), "sandbox": sandbox})
    except (OSError, Closed):
        _clean_up_and_exit(request["home"])
    status = _wait_for_end(lifeline, kernel, woken)
    if status is None:
        _clean_up_and_exit(request["home"])
    _end_children()
    undo(request["home"])
    wire.close()
    sys.exit(status)


def _become_kernel(request: Dict[str, Any], command: List[str], answer: int) -> None:
    """In the child process: set up the sandbox, report it to the keeper, and execute the kernel; never returns."""
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        if _LINUX:
            die_with_parent(signal.SIGKILL)
        sandbox = set_up(request["home"], request["sandbox"], request["folders"], request["limit"], request["beside"])
        os.write(answer, json.dumps(sandbox).encode())
        os.close(answer)
        if sandbox["kind"]:
            os.environ["JPY_PARENT_PID"] = str(os.getppid())  # ipykernel ends when this process does
            os.execvpe(command[0], command, os.environ)
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr, flush=True)
    finally:
        os._exit(1)


def _wait_for_end(lifeline: int, kernel: int, woken: int) -> "int | None":
    """Wait until the kernel or nbrerun ends; return the kernel's exit status, or None if nbrerun is gone."""
    with contextlib.suppress(BlockingIOError):  # somebody has it open
        os.read(lifeline, 1)
        return None  # select() does not tell of those who closed it before this process had opened it
    with selectors.DefaultSelector() as selector:
        selector.register(lifeline, selectors.EVENT_READ)
        selector.register(woken, selectors.EVENT_READ)
        while True:
            status = _reap(kernel)
            if status is not None:
                return status
            for key, _ in selector.select():
                if key.fd == woken:
                    os.read(woken, 4096)
                else:
                    return None


def _reap(kernel: int) -> "int | None":
    """Collect the status of every child that has ended, and return the kernel's if it is among them."""
    found = None
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            if pid == kernel:
                # A shell's convention: 128 and the number of the signal that ended it.
                code = os.waitstatus_to_exitcode(status)
                found = code if code >= 0 else 128 - code
    return found


def _end_children() -> None:
    """Kill all descendants of this process, until none is left."""
    import psutil

    me = psutil.Process()
    # Trackers of shared memory and semaphores remove what is left of these when all others have ended.
    deadline = time.monotonic() + _TRACKER_SECONDS
    while time.monotonic() < deadline:
        children = me.children(recursive=True)
        for child in children:
            with contextlib.suppress(psutil.Error):
                if not _is_tracker(child):
                    child.kill()
        if not children:
            return
        psutil.wait_procs(children, timeout=_POLL_SECONDS)
        _reap(0)
    # Again and again: a process may have forked between the listing and its end, and orphans become children.
    while True:
        children = me.children(recursive=True)
        if not children:
            return
        for child in children:
            with contextlib.suppress(psutil.Error):
                child.kill()
        psutil.wait_procs(children, timeout=_POLL_SECONDS)
        _reap(0)


def _is_tracker(process: Any) -> bool:
    """Tell whether a process is a resource tracker of multiprocessing or loky."""
    return any("resource_tracker import main" in word for word in process.cmdline())


def _clean_up_and_exit(home: str) -> None:
    """End all descendants, restore the user's files and remove the folder of this check: nbrerun is gone."""
    _end_children()
    undo(home)
    shutil.rmtree(home, ignore_errors=True)
    os._exit(0)
