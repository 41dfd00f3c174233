"""Find what a fork would share with the kernel besides files: memory, pipes, terminals, connections, and processes.

What a branch does to any of them, it does to the main run as well. All of it is seen in /proc (proc(5)); on systems
without one nothing is found.
"""

from __future__ import annotations

import contextlib
import gc
import os
import re
import signal
import socket
import stat
import sys
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Set, Union

_WRITABLE = re.compile(rb"(\w+)-\w+ .w.s \w+ (\w+:\w+ \d+) *(.*)$")
"""A shared mapping that can be written to: its address, its device and inode, and its path (proc_pid_maps(5))."""

_PERMISSIONS_END = 40
"""They end before this place in a line, after two addresses of up to 16 digits."""

_OPENMP_MARK = b"/dev/shm/__KMP_REGISTERED_LIB_"
"""By which LLVM's OpenMP finds another copy of itself in its own process."""

_WORKERS = ("multiprocessing.", "joblib.", "concurrent.futures.", "asyncio.", "tqdm.", "_multiprocessing")
"""Modules of the objects that hold a library's workers together: its queues, their pipes and semaphores."""

_KILLED = 1 << (signal.SIGKILL - 1)
"""Its bit among the pending signals."""

_EXITING = 0x4
"""A flag of a process (`PF_EXITING`)."""

_adopts_orphans = True
"""The parent of the kernel is nbrerun's keeper, which every daemon of the notebook becomes a child of."""

_MOST_OBJECTS = 2_000
_LONGEST = 60


class _Mapping(NamedTuple):
    start: int
    inode: bytes
    path: bytes


class _Own(NamedTuple):
    """What libraries have for themselves, and a fork replaces (`forking.detach`) or cannot use any more."""

    processes: Set[int]
    descriptors: Set[int]
    semaphores: Set[int]
    """Their addresses."""


class Shared:
    """Knows what there was at first, and so what the notebook has added."""

    def __init__(self, shell: Any, socket_folder: str) -> None:
        """Look at what there is.

        Args:
            shell: IPython's.
            socket_folder: where the sockets are at which nbrerun and Jupyter talk to the kernel.
        """
        self._shell = shell
        self._socket_folder = os.fsencode(socket_folder)
        self._folders: Sequence[bytes] = ()
        self._ports = set(_ports())
        """Those at which Jupyter talks to the kernel."""
        self.begin_fork()

    def begin_fork(self) -> None:
        """In a forked process: what it shares by now spoke against no fork, or it would not have been forked.

        Semaphores of workers are among that. Here nothing finds whose they are: the collector's objects are frozen.
        """
        self._mappings = set(_mappings())
        self._descriptors = set(_descriptors().values())
        self._processes = set(_running())

    def leave_out(self, pid: int, descriptor: int) -> None:
        """Do not count a process of nbrerun's own, and the connection to it."""
        self._processes.add(pid)
        self._descriptors.add(_descriptors().get(descriptor, ""))

    def watch(self, folders: Sequence[bytes]) -> None:
        """Set the folders whose files each branch has to itself."""
        self._folders = [os.path.join(folder, b"") for folder in folders]

    def read(self, forks: Set[int]) -> List[str]:
        """One clause for each thing that a fork would share.

        Args:
            forks: the processes that nbrerun itself has forked from this one.
        """
        running = [pid for pid in _running() if pid not in self._processes | forks]
        opened = {number: link for number, link in _descriptors().items() if link not in self._descriptors}
        mapped = [each for each in _mappings() if each not in self._mappings and not self._is_apart(each.path)]
        if not (running or opened or mapped):
            return []
        own = _of_libraries(self._shell)
        things = [
            *(f"{_command(pid)} of the notebook is running" for pid in running if pid not in own.processes),
            *map(self._what, opened.keys() - own.descriptors),
            *(_memory(each.path) for each in mapped if each.start not in own.semaphores),
        ]
        return [thing for thing in dict.fromkeys(things) if thing]

    def running(self, forks: Set[int]) -> Dict[int, str]:
        """What processes of the notebook are called that are running, by their pids.

        Args:
            forks: as for `read`.
        """
        found = [pid for pid in _running() if pid not in self._processes | forks]
        own = _of_libraries(self._shell).processes if found else set()
        return {pid: _command(pid) for pid in found if pid not in own}

    def _is_apart(self, path: bytes) -> bool:
        """Each branch has a mapping of its own of the sandbox's files (`sandbox/handles.py`)."""
        is_file = path.startswith(tuple(self._folders)) and not path.endswith(b" (deleted)")
        return is_file or path.startswith(_OPENMP_MARK)

    def _what(self, descriptor: int) -> str:
        """Name a pipe or a connection; empty for what nbrerun and Jupyter have opened, or has been closed meanwhile."""
        try:
            mode = os.fstat(descriptor).st_mode
            if not stat.S_ISSOCK(mode):
                return "a pipe is open" if stat.S_ISFIFO(mode) else "a terminal is open"
            with socket.socket(fileno=os.dup(descriptor)) as end:
                names = [_name(end.getsockname), _name(end.getpeername)]
        except OSError:
            return ""
        if _port(names[0]) in self._ports:
            return ""
        if any(os.fsencode(name).startswith(self._socket_folder) for name in names if isinstance(name, (str, bytes))):
            return ""
        return f"{_connection(*names)} is open"


def _name(ask: Any) -> Any:
    with contextlib.suppress(OSError):  # it is not connected
        return ask()
    return ""


def _port(name: Any) -> Optional[int]:
    """The port of an address of the internet."""
    return int(name[1]) if isinstance(name, tuple) and len(name) > 1 else None


def _ports() -> Iterator[int]:
    """The ports at which this process listens (socket(7), SO_ACCEPTCONN)."""
    for descriptor, link in _descriptors().items():
        if not link.startswith("socket:"):
            continue
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as end:
            port = _port(end.getsockname())
            if port is not None and end.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                yield port


def _connection(here: Any, there: Any) -> str:
    for what, name in (("a connection to", there), ("a socket at", here)):
        if isinstance(name, tuple) and len(name) > 1:
            return f"{what} {name[0]}:{name[1]}"
        if name and not isinstance(name, tuple):
            return f"{what} {_clipped(os.fsdecode(name))}"
    return "a socket"


def _memory(path: bytes) -> str:
    if path.startswith(b"/dev/shm/sem."):
        return "a lock is shared with other processes"
    is_named = path and not path.startswith((b"/dev/zero", b"/SYSV", b"/memfd:"))
    return f"memory{f' ({_clipped(os.fsdecode(path))})' if is_named else ''} is shared with other processes"


def _command(pid: int) -> str:
    program = _program(pid)
    if program == _program():  # a fork that goes on in the kernel's own program
        return "a process"
    with contextlib.suppress(OSError):
        program = program or _read(f"/proc/{pid}/comm")  # one that has ended has no command line any more
    return f"the process `{_clipped(program.replace(bytes(1), b' ').decode('utf-8', 'replace'))}`"


def _clipped(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _mappings() -> List[_Mapping]:
    with contextlib.suppress(OSError):
        lines = _read("/proc/self/maps").splitlines()
        # Most processes have none among a thousand lines, which a regular expression would take long for.
        found = filter(None, (_WRITABLE.match(line) for line in lines if line.find(b"s ", 0, _PERMISSIONS_END) > 0))
        return [_Mapping(int(start, 16), inode, path) for start, inode, path in (each.groups() for each in found)]
    return []


def _descriptors() -> Dict[int, str]:
    """Pipes, sockets and terminals that are open, by descriptor; the link of an unnamed one has a number of its own."""
    found: Dict[int, str] = {}
    with contextlib.suppress(OSError):
        for descriptor in map(int, os.listdir("/proc/self/fd")):
            with contextlib.suppress(OSError):  # the descriptor of the listing is closed by now
                mode = os.fstat(descriptor).st_mode
                if not stat.S_ISREG(mode):
                    link = os.readlink(f"/proc/self/fd/{descriptor}")
                    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or link.startswith("/dev/pt"):
                        found[descriptor] = link
    return found


def _running() -> List[int]:
    """Children of this process that have not been waited for, and orphans that the keeper has adopted: daemons.

    Orphans that run the kernel's own program are branches of nbrerun's that are about to end, as are those without one,
    and those that have been killed: workers of a branch, which is killed with all that it has started.
    """
    if not _adopts_orphans:
        return list(_children(os.getpid()))
    orphans = [pid for pid in _children(os.getppid()) if pid != os.getpid() and _program(pid) not in (b"", _program())]
    return [*_children(os.getpid()), *(pid for pid in orphans if not is_ending(pid))]


def is_ending(pid: int) -> bool:
    """Whether a process has been killed, or exits just now (proc_pid_status(5), proc_pid_stat(5))."""
    with contextlib.suppress(OSError):
        killed = re.findall(rb"^S(?:ig|hd)Pnd:\s*(\w+)$", _read(f"/proc/{pid}/status"), re.MULTILINE)
        flags = int(_read(f"/proc/{pid}/stat").rpartition(b")")[2].split()[6])
        return bool(flags & _EXITING) or any(int(mask, 16) & _KILLED for mask in killed)
    return True


def keeps_no_orphans() -> None:
    """The kernel has been started by somebody else, whose other children are not the notebook's."""
    global _adopts_orphans
    _adopts_orphans = False


def started_here() -> List[int]:
    """All processes that this one has started, and those that they have, as far as they can be traced."""
    found, todo = [], _running()
    while todo:
        found.append(todo.pop())
        todo += _children(found[-1])
    return found


def _program(pid: Union[int, str] = "self") -> bytes:
    with contextlib.suppress(OSError):
        return _read(f"/proc/{pid}/cmdline")
    return b""


def _children(parent: int) -> Iterator[int]:
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{parent}/task"):
            with contextlib.suppress(OSError):
                yield from map(int, _read(f"/proc/{parent}/task/{thread}/children").split())


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _of_libraries(shell: Any) -> _Own:
    """What the helpers of multiprocessing, joblib's executor, tqdm's lock and the loop of `%%bash` consist of.

    So do pools that have been terminated, which their libraries refuse to use again.
    """
    own = _Own(set(), set(), set())
    for module, name in _HELPERS:
        helper = getattr(sys.modules.get(module), name, None)
        for attribute in ("_pid", "_forkserver_pid"):
            own.processes.add(getattr(helper, attribute, None) or 0)
        for attribute in ("_fd", "_forkserver_alive_fd"):
            own.descriptors.add(_descriptor(getattr(helper, attribute, None)))
    pool = getattr(sys.modules.get("multiprocessing.pool"), "Pool", ())
    roots = [
        getattr(sys.modules.get("joblib.externals.loky.reusable_executor"), "_executor", None),
        # Of every subclass of tqdm's bar: each has a lock of its own, around this one.
        getattr(getattr(sys.modules.get("tqdm.std"), "TqdmDefaultWriteLock", None), "mp_lock", None),
        *(getattr(magics, "event_loop", None) for magics in shell.magics_manager.registry.values()),
        *(each for each in list(shell.user_ns.values()) if issubclass(type(each), pool) and each._state == "TERMINATE"),
    ]
    for part in _parts(roots):
        own.descriptors.add(_descriptor(part))
        kind, values = type(part).__name__, getattr(part, "__dict__", {})
        if "sentinel" in values:  # multiprocessing's Popen
            own.processes.add(values["pid"])
            own.descriptors.add(values["sentinel"])
        elif kind == "Finalize" and getattr(values.get("_callback"), "__name__", "") == "close_fds":
            own.descriptors.update(values["_args"])  # the other ends of that Popen's pipes
        elif kind == "SemLock" and not values:
            own.semaphores.add(part.handle)
    return own


_HELPERS = (
    ("multiprocessing.resource_tracker", "_resource_tracker"),
    ("joblib.externals.loky.backend.resource_tracker", "_resource_tracker"),
    ("multiprocessing.forkserver", "_forkserver"),
)


def _parts(roots: Sequence[Any]) -> Iterator[Any]:
    """Walk through objects of `_WORKERS` and what holds them together."""
    todo: List[Any] = [root for root in roots if root is not None]
    seen: Set[int] = set()
    while todo and len(seen) < _MOST_OBJECTS:
        part = todo.pop()
        if id(part) in seen or isinstance(part, type):
            continue
        seen.add(id(part))
        if isinstance(part, (dict, list, tuple, set)):
            todo += gc.get_referents(part) if len(part) < _MOST_OBJECTS else []
        elif isinstance(part, socket.socket):
            yield part
        elif type(part).__module__.startswith(_WORKERS):
            yield part
            todo += gc.get_referents(part)


def _descriptor(end: Any) -> int:
    """The descriptor of a pipe's or socket's end; -1 where there is none."""
    with contextlib.suppress(OSError, ValueError, AttributeError):  # it has been closed
        return end if isinstance(end, int) else int(end.fileno())
    return -1
