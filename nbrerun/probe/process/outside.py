"""Hear what a cell does to the network, and keep reruns from doing it once more.

Python announces connections, and what its own HTTP client sends, before they happen (PEP 578). Those of C libraries
are seen among the open descriptors once the cell has run. Other programs that a rerun starts get a network of their
own, in which nobody is (network_namespaces(7)): what they try is counted there.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import socket
import stat
import struct
import sys
import threading
from typing import Any, Dict, Iterator, List, Optional, Set, Tuple

from ..protocol.messages import Contact
from ..sandbox import syscalls
from .audit import listen
from .shared import started_here

_STARTS = frozenset({"subprocess.Popen", "os.system", "os.posix_spawn", "os.fork", "os.forkpty"})
_BECOMES = "os.exec"
"""What follows a fork where another program is started."""
_SENDS = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_EVENTS = _STARTS | {_BECOMES} | _SENDS | {"http.client.send", "socket.__new__"}
_READS = (b"GET ", b"HEAD ")
_VERBS = {b"POST": "posts to", b"PUT": "puts to", b"PATCH": "patches at", b"DELETE": "deletes at"}
_LISTENS = "0A"
"""The state of a socket in /proc/net/tcp."""
_UP = struct.pack("16sh14x", b"lo", 0x1 | 0x40)
_SIOCSIFFLAGS = 0x8914
"""Set the flags of a network device (netdevice(7)); these are IFF_UP and IFF_RUNNING."""


class Outside:
    """What the last cell did to the network."""

    def __init__(self, reaches_out: bool) -> None:
        """Hear nothing yet.

        Args:
            reaches_out: reruns may do everything.
        """
        self._reaches_out = reaches_out
        self.starts_programs = True
        """Reruns may start programs, whose files are kept apart as well."""
        self._found: Dict[str, Contact] = {}
        self._stops = self._for_good = False
        self._busy = threading.local()
        self._known: Set[int] = set()
        """Inodes of the sockets that were open before the cell, and of those that Python has connected since."""
        self._home = -1
        self._apart: Dict[int, int] = {}
        """The networks that threads have got, by thread."""

    def install(self) -> None:
        """Begin to hear."""
        listen(_EVENTS, self._hear)

    def begin(self) -> None:
        """Forget what was done until now, before a cell runs."""
        self._found = {}
        self._known = set(_open_sockets())

    def seen(self) -> List[Contact]:
        """What was done since."""
        self._look()
        return list(self._found.values())

    def kept_from(self) -> List[Contact]:
        """What was stopped since."""
        return [] if self._reaches_out else [contact for contact in self.seen() if not contact["reads"]]

    @contextlib.contextmanager
    def stopped(self, for_good: bool = False) -> Iterator[None]:
        """Let cells that run again read through Python's own HTTP client, and do nothing else to the network.

        Args:
            for_good: the main run goes on with what they start, which therefore stays in the machine's network.
        """
        self.begin()
        self._stops, self._for_good = not self._reaches_out, for_good
        try:
            yield
        finally:
            self._stops = False
            self._come_home()

    def _look(self) -> None:
        """Find connections that nobody has announced, and that are still open."""
        for inode, descriptor in _open_sockets().items():
            if inode in self._known:
                continue
            self._known.add(inode)
            peer = _peer(descriptor)
            if peer and not _is_own(peer) and not _is_accepted(descriptor):
                what = f"{peer[0]}:{peer[1]}"
                self._found.setdefault(what, {"kind": "network", "what": what, "how": "connects to", "reads": False})

    def _hear(self, event: str, arguments: Tuple[Any, ...]) -> None:
        if getattr(self._busy, "on", False):
            return
        self._busy.on = True
        try:
            if event == _BECOMES:
                self._before_program()
            elif event in _STARTS:
                if event != "os.fork":  # which need not be followed by another program
                    self._before_program()
                self._before_start()
            elif event == "socket.__new__":
                self._before_socket(arguments[1])
            elif event == "http.client.send":
                self._before_message(*arguments)
            else:
                self._before_connection(event, arguments[0], arguments[1])
        finally:
            self._busy.on = False

    def _before_connection(self, event: str, sock: Any, address: Any) -> None:
        is_ip = sock.family in (socket.AF_INET, socket.AF_INET6) and isinstance(address, tuple)
        # A datagram socket that connects sends nothing; its messages are announced one by one.
        with contextlib.suppress(OSError):
            self._known.add(os.fstat(sock.fileno()).st_ino)
        if not is_ip or (sock.type == socket.SOCK_DGRAM and event == "socket.connect") or _is_own(address):
            return
        if not _in_http_client():
            self._record(f"{address[0]}:{address[1]}", "connects to", reads=False)

    def _before_message(self, connection: Any, data: Any) -> None:
        head = bytes(data[:16]) if isinstance(data, (bytes, bytearray)) else b""
        verb = head.partition(b" ")[0]
        if not verb.isupper() or not head[len(verb) : len(verb) + 1]:  # the body, after the head was announced
            return
        if _is_own((connection.host, connection.port)):
            return
        how = "reads from" if head.startswith(_READS) else _VERBS.get(verb, "sends to")
        self._record(f"{connection.host}:{connection.port}", how, reads=head.startswith(_READS))

    def _record(self, what: str, how: str, reads: bool) -> None:
        known = self._found.get(what)
        if known is None or known["reads"]:
            self._found[what] = {"kind": "network", "what": what, "how": how, "reads": reads}
        if self._stops and not reads:
            raise ConnectionAbortedError(errno.ECONNABORTED, "nbrerun keeps cells that are run again from the network")

    def _before_program(self) -> None:
        if self._stops and not self.starts_programs:
            self._found["a program"] = {"kind": "process", "what": "a program", "how": "starts", "reads": False}
            raise PermissionError(errno.EPERM, "nbrerun cannot keep apart what a program does here")

    def _before_start(self) -> None:
        """Put this thread, and so the program that it is about to start, into a network of its own."""
        if not self._stops or self._for_good or sys.platform != "linux":
            return
        thread = threading.get_native_id()
        with contextlib.suppress(OSError, AttributeError):  # the system does not allow it
            if thread in self._apart:
                syscalls.set_network(self._apart[thread])
                return
            if self._home < 0:
                self._home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
            syscalls.unshare_network()
            self._apart[thread] = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
                fcntl.ioctl(any_socket, _SIOCSIFFLAGS, _UP)

    def _before_socket(self, family: int) -> None:
        """A socket belongs to the network in which it is made: one of this process to the machine's."""
        if family in (socket.AF_INET, socket.AF_INET6) and threading.get_native_id() in self._apart:
            with contextlib.suppress(OSError):
                syscalls.set_network(self._home)

    def _come_home(self) -> None:
        """Leave the networks of their own, after a look at what was tried there."""
        for number, (thread, network) in enumerate(list(self._apart.items())):
            with contextlib.suppress(OSError):
                if thread == threading.get_native_id():
                    syscalls.set_network(network)
                tried = _tried(f"/proc/self/task/{thread}/net")
                if tried:
                    what = f"a program that it starts ({number + 1})" if number else "a program that it starts"
                    self._found[what] = {"kind": "network", "what": what, "how": "connects through", "reads": False}
                if thread == threading.get_native_id():
                    syscalls.set_network(self._home)
            os.close(network)
        self._apart = {}
        if self._home >= 0:
            os.close(self._home)
        self._home = -1


def _tried(folder: str) -> int:
    """How many connections were tried in a network and not accepted there, and packets that had nowhere to go."""
    found: Dict[str, int] = {}
    with contextlib.suppress(OSError):
        with open(f"{folder}/snmp") as file:
            lines = [line.split() for line in file]
        for names, values in zip(lines[::2], lines[1::2]):
            found.update({f"{names[0]}{name}": int(value) for name, value in zip(names[1:], values[1:])})
        with open(f"{folder}/snmp6") as file:
            found.update({name: int(value) for name, value in map(str.split, file)})
    opened = found.get("Tcp:ActiveOpens", 0) - found.get("Tcp:PassiveOpens", 0)
    return max(0, opened) + found.get("Ip:OutNoRoutes", 0) + found.get("Ip6OutNoRoutes", 0)


def _open_sockets() -> Dict[int, int]:
    """The sockets of this process: their descriptors by their inodes (proc_pid_fd(5))."""
    found: Dict[int, int] = {}
    with contextlib.suppress(OSError):
        for descriptor in map(int, os.listdir("/proc/self/fd")):
            with contextlib.suppress(OSError):  # the descriptor of the listing is closed by now
                status = os.fstat(descriptor)
                if stat.S_ISSOCK(status.st_mode):
                    found[status.st_ino] = descriptor
    return found


def _peer(descriptor: int) -> Optional[Tuple[Any, ...]]:
    """The address to which a socket of the internet is connected."""
    with contextlib.suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as copy:
        if copy.family in (socket.AF_INET, socket.AF_INET6):
            return tuple(copy.getpeername())
    return None


def _is_accepted(descriptor: int) -> bool:
    """Whether it was the other side that connected, to a port at which this process listens."""
    with contextlib.suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as copy:
        inodes = _listening(copy.getsockname()[1])
        return any(link in inodes for link in _sockets(os.getpid()))
    return False


def _in_http_client() -> bool:
    """Whether Python's own HTTP client is at work, which announces what it is about to send."""
    frame: Any = sys._getframe(1)
    client: Any = getattr(sys.modules.get("http.client"), "HTTPConnection", ())
    while frame is not None:
        here = frame.f_locals.get("self") if frame.f_code.co_argcount else None
        if here is not None and issubclass(type(here), client):
            return True
        frame = frame.f_back
    return False


def _is_own(address: Any) -> bool:
    """Whether a server listens there that the notebook itself has started, or is."""
    host, port = address[:2]
    if not (str(host).startswith("127.") or host in ("::1", "localhost")):
        return False
    inodes = _listening(int(port))
    return any(link in inodes for pid in (os.getpid(), *started_here()) for link in _sockets(pid))


def _listening(port: int) -> Set[str]:
    found = set()
    for name in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            with open(f"/proc/self/net/{name}") as file:
                rows = [line.split() for line in file][1:]
            found |= {f"socket:[{row[9]}]" for row in rows if row[3] == _LISTENS and row[1].endswith(f":{port:04X}")}
    return found


def _sockets(pid: int) -> Iterator[str]:
    with contextlib.suppress(OSError):
        for name in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                yield os.readlink(f"/proc/{pid}/fd/{name}")
