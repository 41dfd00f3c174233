"""What a process shares with others beyond its memory."""

from __future__ import annotations

import contextlib
import mmap
import multiprocessing
import os
import pty
import socket
import subprocess
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nbrerun.probe.process.shared import Shared, is_ending


class Kernel:
    """What `Shared` asks of IPython, with the namespace of a notebook."""

    def __init__(self) -> None:
        self.user_ns: dict[str, Any] = {}
        self.magics_manager = types.SimpleNamespace(registry={})


@pytest.fixture
def kernel() -> Kernel:
    """A shell in which nothing was run."""
    return Kernel()


@pytest.fixture
def shared(kernel: Kernel, tmp_path: Path) -> Shared:
    """What there is before the notebook begins."""
    found = Shared(kernel, str(tmp_path / "sockets"))
    found.watch([os.fsencode(tmp_path / "sandbox")])
    return found


def _pipe(stack: contextlib.ExitStack) -> None:
    for end in os.pipe():
        stack.callback(os.close, end)


def _terminal(stack: contextlib.ExitStack) -> None:
    for end in pty.openpty():
        stack.callback(os.close, end)


def _pair(stack: contextlib.ExitStack) -> None:
    for end in socket.socketpair():
        stack.enter_context(end)


def _connection(stack: contextlib.ExitStack) -> None:
    server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
    stack.enter_context(socket.create_connection(server.getsockname()))


def _process(stack: contextlib.ExitStack) -> None:
    process = subprocess.Popen(["sleep", "60"])
    # exec closes the pipe that Popen waits for a moment before it sets the command line.
    while not Path(f"/proc/{process.pid}/cmdline").read_bytes():
        continue
    stack.callback(process.wait)
    stack.callback(process.kill)


def _ended(stack: contextlib.ExitStack) -> None:
    process = subprocess.Popen(["true"])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    stack.callback(process.wait)


THINGS: dict[str, tuple[Callable[[contextlib.ExitStack], object], str]] = {
    # how it is made, and what is said of it
    "pipe": (_pipe, "a pipe is open"),
    "terminal": (_terminal, "a terminal is open"),
    "socket pair": (_pair, "a socket is open"),
    "connection": (_connection, "a connection to 127.0.0.1:"),
    "memory": (lambda stack: stack.enter_context(mmap.mmap(-1, 10)), "memory is shared with other processes"),
    "lock": (lambda stack: stack.callback(list, [multiprocessing.Lock()]), "a lock is shared with other processes"),
    "process": (_process, "the process `sleep 60`"),
    "process that has not been waited for": (_ended, "the process `true`"),
}


@pytest.mark.parametrize("thing", THINGS)
def test_what_the_notebook_has_added_is_seen(thing: str, shared: Shared) -> None:
    """As long as it is there; what was there before the notebook is not."""
    make, said = THINGS[thing]
    assert shared.read(set()) == []
    with contextlib.ExitStack() as stack:
        make(stack)
        found = shared.read(set())
        assert any(each.startswith(said) for each in found), found


def test_forks_of_nbrerun_are_not_the_notebooks(shared: Shared) -> None:
    """A moment is a child of the kernel, too."""
    process = subprocess.Popen(["sleep", "60"])
    assert shared.read({process.pid}) == []
    process.kill()
    process.wait()


def test_what_has_been_killed_is_about_to_end() -> None:
    """Also before anybody has waited for it."""
    with subprocess.Popen(["sleep", "60"]) as process:
        assert not is_ending(process.pid)
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert is_ending(process.pid)
    assert is_ending(process.pid)


def test_files_of_the_sandbox_are_a_branchs_own(shared: Shared, tmp_path: Path) -> None:
    """A branch maps them again; a file elsewhere is the same one for all."""
    for folder, count in (("sandbox", 0), ("elsewhere", 1)):
        (tmp_path / folder).mkdir()
        path = tmp_path / folder / "data"
        path.write_bytes(b"x" * 100)
        with path.open("r+b") as file, mmap.mmap(file.fileno(), 100):
            assert len(shared.read(set())) == count


def test_sockets_of_nbrerun_are_not_the_notebooks(shared: Shared, tmp_path: Path) -> None:
    """Nor are those at which Jupyter talks to the kernel: they lie in one folder."""
    (tmp_path / "sockets").mkdir()
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(str(tmp_path / "sockets" / "one"))
        server.listen()
        client.connect(str(tmp_path / "sockets" / "one"))
        accepted, _ = server.accept()
        with accepted:
            assert shared.read(set()) == []


def test_a_terminated_pool_cannot_be_used_again(kernel: Kernel, shared: Shared) -> None:
    """Its pipes and locks are there, and its library refuses to use them; those of a living pool are shared."""
    with multiprocessing.get_context("fork").Pool(1) as pool:
        kernel.user_ns["pool"] = pool
        pool.map(abs, [-1])
        assert shared.read(set())
    pool.join()
    assert shared.read(set()) == []
