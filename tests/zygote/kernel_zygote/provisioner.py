"""Asks the zygote for kernels, in the place where Jupyter starts processes."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning import KernelProvisionerFactory, LocalProvisioner

from kernel_zygote.server import HEAD, LIBRARIES

ADDRESS = "NBRERUN_ZYGOTE"
"""The environment variable that tells where the zygote listens; where there is none, kernels are started anew."""
SITE = str(Path(__file__).parents[1])
"""The folder that makes this known to Jupyter where it is on Python's path."""
_IMPORT = re.compile(rf"\b(?:import|from) ({'|'.join(LIBRARIES)})\b")
_SET = re.compile(r"""environ\[\\?["'](\w+)\\?["']\] = \\?["'](\w+)\\?["']""")
_KERNEL = [sys.executable, "-m", "ipykernel_launcher", "-f"]


def environ(address: str) -> dict[str, str]:
    """The environment variables by which every process has its kernels forked by the zygote at this address."""
    path = os.pathsep.join(filter(None, [SITE, os.environ.get("PYTHONPATH")]))
    return {ADDRESS: address, KernelProvisionerFactory.default_provisioner_name_env: "zygote", "PYTHONPATH": path}


def _without_ours(env: Mapping[str, str]) -> dict[str, str]:
    """The environment variables that a kernel has without a zygote."""
    ours = {ADDRESS, KernelProvisionerFactory.default_provisioner_name_env, "PYTHONPATH"}
    path = [folder for folder in env.get("PYTHONPATH", "").split(os.pathsep) if folder not in ("", SITE)]
    others = {name: value for name, value in env.items() if name not in ours}
    return {**others, "PYTHONPATH": os.pathsep.join(path)} if path else others


def start(address: str, environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start a zygote for kernels with this environment; whoever asks for one waits until everything is imported."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(address)
    listener.listen(16)
    # As nbrerun starts kernels, and as they are when they ask: else the zygote would refuse each of them.
    env = {"PYTHONHASHSEED": "0", **_without_ours(environ)}
    with listener, open(f"{address}.log", "wb") as log:  # libraries say things while they are imported
        command = [sys.executable, str(Path(__file__).with_name("server.py")), str(listener.fileno())]
        return subprocess.Popen(
            command, env=env, stdin=subprocess.PIPE, stdout=log, stderr=log, pass_fds=[listener.fileno()]
        )


class ForkedProcess:
    """Somebody else's child, with the methods of `subprocess.Popen` that are used of a kernel."""

    stdin = stdout = stderr = None

    def __init__(self, connection: socket.socket, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._connection = connection

    def poll(self) -> int | None:
        """The exit status, if it has ended."""
        if self.returncode is None:
            try:
                self._connection.setblocking(False)
                self._end(self._connection.recv(HEAD))
            except BlockingIOError:
                pass
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end."""
        if self.returncode is None:
            try:
                self._connection.settimeout(timeout)
                self._end(self._connection.recv(HEAD))
            except TimeoutError:
                raise subprocess.TimeoutExpired("kernel", timeout or 0.0) from None
        assert self.returncode is not None
        return self.returncode

    def _end(self, status: bytes) -> None:
        self.returncode = int(status or -signal.SIGKILL)
        self._connection.close()

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it has not ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)


FORKED, REFUSED, UNANSWERED = "forked", "refused", "unanswered"
"""What became of a request for a kernel."""
_SECONDS = 60.0
"""For a fork, imports of a large library included."""


def forked(address: str, command: list[str], env: dict[str, str], cwd: str, outputs: list[int]) -> ForkedProcess | None:
    """Have the zygote fork what the command would start, or None where it must not."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(_SECONDS)
    request = {"arguments": command, "env": env, "cwd": cwd, **_needs(Path(cwd))}
    message = json.dumps(request).encode()
    pid = b""
    with contextlib.suppress(OSError):  # no answer, no zygote: Python is started as usual
        connection.connect(address)
        socket.send_fds(connection, [b"%*d" % (HEAD, len(message))], outputs)
        connection.sendall(message)
        pid = connection.recv(HEAD)
    count(address, FORKED if int(pid or 0) else REFUSED if pid else UNANSWERED)
    if int(pid or 0):
        connection.settimeout(None)
        return ForkedProcess(connection, int(pid))
    connection.close()
    return None


def count(address: str, outcome: str) -> None:
    """Keep what became of a request, for every process that asks the same zygote."""
    with open(f"{address}.counts", "a") as counts:
        counts.write(f"{outcome}\n")


def counted(address: str) -> Counter[str]:
    """What became of the requests to a zygote."""
    path = Path(f"{address}.counts")
    return Counter(path.read_text().split() if path.exists() else ())


def _needs(folder: Path) -> dict[str, Any]:
    """Which libraries a folder's notebooks import, and the environment variables that they set before."""
    text = "\n".join(path.read_text(errors="replace") for path in folder.glob("*.ipynb"))
    variables = dict(_SET.findall(text))
    is_known = text.count("environ") == len(variables)  # else a library may find other ones when it is imported
    return {"libraries": sorted(set(_IMPORT.findall(text))) if is_known else [], "variables": variables}


class ZygoteProvisioner(LocalProvisioner):
    """Starts kernels of this environment by a fork, and all others as Jupyter does."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Launch a kernel with its keeper."""
        address = kwargs["env"].get(ADDRESS)
        kwargs["env"] = _without_ours(kwargs["env"])
        if address and _is_ours(cmd):
            output = kwargs["stdout"].fileno()
            env = {**kwargs["env"], "JPY_PARENT_PID": str(os.getpid())}
            self.process = forked(address, cmd[5:], env, str(kwargs["cwd"]), [output, output])
        if self.process is None:
            return await super().launch_kernel(cmd, **kwargs)
        self.pid = self.process.pid
        self.pgid = os.getpgid(self.pid)
        self.cwd = kwargs["cwd"]
        return self.connection_info


def _is_ours(command: list[str]) -> bool:
    """Whether it is a keeper with a kernel of this environment."""
    return command[:4] == [sys.executable, "-I", "-S", "-c"] and command[6:10] == _KERNEL
