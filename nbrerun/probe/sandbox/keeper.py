"""Starts the kernel in its sandbox, stays its parent, and cleans up when it or nbrerun ends, however that comes.

Run by nbrerun's own Python. Whatever the kernel has started becomes a child of this process when its
own parent ends, so nothing is left over, even after `kill -9` of nbrerun.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import shutil
import signal
import sys
from typing import Any, Dict, List

from ..protocol.wire import Closed, Wire, connect
from .choose import set_up
from .syscalls import adopt_orphans, die_with_parent
from .undo import undo

KEEPER = "keeper"
"""What this process says who it is."""
_LINUX = sys.platform == "linux"
_PATIENCE = 0.02
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main(arguments: List[str]) -> None:
    """Be the keeper of one kernel.

    Args:
        arguments: the request as JSON, then the command that starts the kernel.
    """
    request, command = json.loads(arguments[0]), arguments[1:]
    woken, wake = os.pipe()
    for end in (woken, wake):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    if _LINUX:
        adopt_orphans()
    told, tell = os.pipe()
    kernel = os.fork()
    if kernel == 0:
        os.close(told)
        _become_kernel(request, command, tell)
    os.close(tell)
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    with open(told, "rb") as pipe:
        sandbox = json.loads(pipe.read() or b'{"kind": "", "reason": "it ended before it was told"}')
    try:
        wire = connect(request["address"])
        wire.send({"token": KEEPER, "pid": os.getpid(), "sandbox": sandbox})
    except (OSError, Closed):
        _end(request["home"])
    status = _watch(wire, kernel, woken)
    if status is None:
        _end(request["home"])
    _end_children()
    undo(request["home"])
    wire.close()
    sys.exit(status)


def _become_kernel(request: Dict[str, Any], command: List[str], tell: int) -> None:
    """Never returns."""
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        if _LINUX:
            die_with_parent(signal.SIGKILL)
        sandbox = set_up(request["home"], request["sandbox"], request["folders"], request["limit"])
        os.write(tell, json.dumps(sandbox).encode())
        os.close(tell)
        if sandbox["kind"]:
            os.environ["JPY_PARENT_PID"] = str(os.getppid())  # ipykernel ends when this process does
            os.execvpe(command[0], command, os.environ)
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr, flush=True)
    finally:
        os._exit(1)


def _watch(wire: Wire, kernel: int, woken: int) -> "int | None":
    """Wait for the end: the kernel's exit status, or None if nbrerun is gone or hung up."""
    with selectors.DefaultSelector() as selector:
        selector.register(wire.sock, selectors.EVENT_READ)
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
    """Take leave of every child that has ended; the kernel's status if it is one of them."""
    found = None
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            if pid == kernel:
                code = os.waitstatus_to_exitcode(status)
                found = code if code >= 0 else 128 - code
    return found


def _end_children() -> None:
    """Kill all that descends from here, until nothing is left."""
    import psutil

    me = psutil.Process()
    while True:
        children = me.children(recursive=True)
        if not children:
            return
        for child in children:
            with contextlib.suppress(psutil.Error):
                child.kill()
        psutil.wait_procs(children, timeout=_PATIENCE)
        _reap(0)


def _end(home: str) -> None:
    """Nobody waits for this kernel any more."""
    _end_children()
    undo(home)
    shutil.rmtree(home, ignore_errors=True)
    os._exit(0)
