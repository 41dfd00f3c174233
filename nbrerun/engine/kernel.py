"""The kernel of the main run: started and fed by nbclient, with the probe inside. The only user of nbclient."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import select
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbclient.util import run_sync

from nbrerun.engine.interface import FirstRun, Undone
from nbrerun.engine.liveness import ProbeFailure, Waiting, answer
from nbrerun.errors import KernelError
from nbrerun.model import Cell, Raised
from nbrerun.notebooks.git import repository
from nbrerun.notebooks.read import Notebook
from nbrerun.probe.protocol.messages import Generator
from nbrerun.probe.protocol.wire import Closed, Wire
from nbrerun.probe.sandbox import keeper
from nbrerun.probe.service import DOORBELL, FILES
from nbrerun.settings.values import OUT_OF_BUDGET, Settings

_PROBE = Path(__file__).parent.parent / "probe"
_UNFIT = "Unfit"
"""What the loader raises where the kernel is none that the probe can run in; old Pythons read it, too."""
_LOADER = """
import sys
class Unfit(Exception): pass
if sys.version_info < (3, 9):
    raise Unfit("it runs Python %s.%s" % tuple(sys.version_info[:2]))
if shell is None:
    raise Unfit("there is no get_ipython() in it")
if getattr(sys.modules.get("ipykernel"), "version_info", (0,))[0] < 6:
    raise Unfit("there is no ipykernel 6 or newer in it")
import importlib.util
spec = importlib.util.spec_from_file_location("_nbrerun_probe", {init!r}, submodule_search_locations=[{folder!r}])
package = importlib.util.module_from_spec(spec)
sys.modules[spec.name] = package
spec.loader.exec_module(package)
importlib.import_module("_nbrerun_probe.service").install(shell().kernel, {address!r}, {seeds!r}, {sandbox!r})
"""
_KEEPER = "import sys; sys.path[:] = {path!r}; from {module} import main; main(sys.argv[1:])"
_KEEPER_SECONDS = 30.0
_STARTUP_SECONDS = 60
"""An int: nbclient 0.10 takes no other number."""
_HELLO_SECONDS = 5.0
"""For a greeting that was sent before the kernel said that it is done."""
_NO_INPUT = "the cell asks for input(), and in a check there is nobody to answer"
_TICK = 1.0
"""Seconds between two looks at whether a kernel that does not come is still alive."""


class _KeptManager(AsyncKernelManager):
    """Has the kernel started by its keeper."""

    keeper: tuple[str, ...] = ()

    def format_kernel_cmd(self, extra_arguments: list[str] | None = None) -> list[str]:
        """Put the keeper in front."""
        return [*self.keeper, *super().format_kernel_cmd(extra_arguments)]


class Kernel:
    """One kernel process in its sandbox, from its start to its end."""

    def __init__(
        self,
        notebook: Notebook,
        name: str,
        settings: Settings,
        seeds: Sequence[Generator] = (),
        files: str = "",
        wait: bool = True,
    ) -> None:
        """Start it.

        Args:
            seeds: how its global generators of random numbers begin.
            files: where `save_files` of another kernel has put the files to begin with.
            wait: until it is up; if not, `wait_until_up` has to be called before anything else.

        Raises:
            KernelError: it does not start.
        """
        self.name = name
        self._settings = settings
        self._folder = os.path.realpath(tempfile.mkdtemp(prefix="nbrerun-"))
        self._listener = _listen(os.path.join(self._folder, "socket"))
        self._arrived: dict[str, tuple[Wire, dict[str, Any]]] = {}
        self._keeper: Wire | None = None
        self._is_busy = False
        """It runs something, or did when nobody waited for it any longer."""
        self._log = os.path.join(self._folder, "kernel.log")
        self._notebook_folder = notebook.folder.resolve()
        self._client = NotebookClient(
            notebook.node,
            kernel_manager_class=_KeptManager,
            kernel_name=name,
            timeout_func=lambda _: settings.seconds_to_run,
            startup_timeout=_STARTUP_SECONDS,
            resources={"metadata": {"path": str(notebook.folder)}},
        )
        self._client.shutdown_kernel = "immediate"
        self._seeds, self._files = seeds, files
        self._is_up = False
        self._closing_on_failure(self._launch)
        if wait:
            self.wait_until_up()

    def wait_until_up(self) -> None:
        """Go on once it has started.

        Raises:
            KernelError: it does not start.
        """
        if not self._is_up:
            self._closing_on_failure(self._meet)
            self._is_up = True

    def _closing_on_failure(self, do: Callable[[], None]) -> None:
        try:
            do()
        except BaseException:  # Ctrl-C included: no process stays, and the error goes on
            self.close()
            raise

    def _launch(self) -> None:
        manager = self._client.km = self._client.create_kernel_manager()
        manager.transport = "ipc"  # no ports, which kernels that start side by side may both choose
        manager.connection_file = os.path.join(self._folder, "kernel.json")
        assert isinstance(manager, _KeptManager)
        manager.keeper = self._keeper_command()
        env = {**os.environ, "PYTHONHASHSEED": os.environ.get("PYTHONHASHSEED", "0")}
        with self._explained(), open(self._log, "wb") as output:
            self._client.start_new_kernel(env=env, stdout=output, stderr=output)

    def _meet(self) -> None:
        with self._explained():
            self._meet_keeper()
            self._client.start_new_kernel_client()
        self._load_probe()
        if self._files:
            self.ask(FILES + "restore", folder=self._files)

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """Say what the kernel itself said when it did not start."""
        try:
            yield
        except (RuntimeError, OSError, TimeoutError, Closed) as error:
            why = Path(self._log).read_text(errors="replace").strip().rpartition("\n")[2] or error
            raise KernelError(f"the kernel '{self.name}' did not start: {why}") from error

    def _keeper_command(self) -> tuple[str, ...]:
        folders = [self._notebook_folder, repository(self._notebook_folder), *self._settings.sandbox_dirs]
        request = {
            "address": self._listener.getsockname(),
            "home": self._folder,
            "sandbox": self._settings.sandbox,
            "folders": [str(folder) for folder in folders if folder],
            "limit": self._settings.sandbox_limit or psutil.virtual_memory().total // 4,
        }
        path = [*sys.path, str(_PROBE.parent.parent)]
        start = _KEEPER.format(path=path, module=keeper.__name__)
        return (sys.executable, "-I", "-S", "-c", start, json.dumps(request))

    def _meet_keeper(self) -> None:
        """Hear from the keeper which sandbox the kernel was started in."""
        self._keeper, hello = self.accept(keeper.KEEPER)
        self.sandbox: dict[str, Any] = hello["sandbox"]
        if not self.sandbox["kind"]:
            raise KernelError(f"the notebook's files cannot be kept safe: {self.sandbox['reason']}")

    def _load_probe(self) -> None:
        loader = _LOADER.format(
            init=str(_PROBE / "__init__.py"),
            folder=str(_PROBE),
            address=self._listener.getsockname(),
            seeds=list(self._seeds),
            sandbox=self.sandbox,
        )
        if why := run_sync(self._run)(f"exec({loader!r}, {{'shell': globals().get('get_ipython')}})"):
            raise self._unreadable(why)
        try:
            self.wire, hello = self.accept("", _HELLO_SECONDS)
        except Closed:
            raise self._unreadable("it does not run what it is sent") from None
        self.pid: int = hello["pid"]

    async def _run(self, code: str) -> str:
        """Run code that is no cell; what went wrong, or nothing."""
        client: Any = self._client.kc
        manager: Any = self._client.km
        asked = asyncio.ensure_future(
            client.execute_interactive(
                code, silent=True, store_history=False, output_hook=lambda _: None, timeout=_STARTUP_SECONDS
            )
        )
        while not asked.done():
            await asyncio.wait([asked], timeout=_TICK)
            if not (asked.done() or await manager.is_alive()):
                asked.cancel()
                return "it died when it was asked"
        try:
            content = (await asked)["content"]
        except TimeoutError:
            return f"it gave no answer within {_STARTUP_SECONDS:.0f} s"
        if content["status"] == "ok":
            return ""
        name, text = content.get("ename"), content.get("evalue")
        return str(text) if name == _UNFIT else f"{name}: {text}"

    def _unreadable(self, why: str) -> KernelError:
        needed = "nbrerun needs Python 3.9 or newer with ipykernel 6 or newer there"
        return KernelError(f"the kernel '{self.name}' cannot be read: {why} ({needed}).")

    def accept(self, token: str, seconds: float = _STARTUP_SECONDS) -> tuple[Wire, dict[str, Any]]:
        """Wait for the process that was told to come with this token, and hear what it says of itself.

        Raises:
            Closed: it did not come.
        """
        deadline = time.monotonic() + seconds
        self._listener.settimeout(_TICK)
        while token not in self._arrived:
            try:
                sock, _ = self._listener.accept()
            except TimeoutError:
                if time.monotonic() > deadline or not self._is_alive():
                    raise Closed("nobody came") from None
                continue
            wire = Wire(sock)
            hello = wire.receive(_STARTUP_SECONDS)
            self._arrived[hello["token"]] = (wire, hello)
        return self._arrived.pop(token)

    def _is_alive(self) -> bool:
        manager: Any = self._client.km
        return manager is not None and bool(run_sync(manager.is_alive)())

    def execute(self, cell: Cell) -> FirstRun:
        """Run a cell of the main run, through nbclient."""
        node = self._client.nb.cells[cell.index]
        started = time.perf_counter()
        raised, fatal = None, False
        self._is_busy = True
        try:
            self._client.execute_cell(node, cell.index)
            self._is_busy = False
            raised = _expected_error(node)
        except CellExecutionError as error:
            self._is_busy = False
            text = _NO_INPUT if error.ename == "StdinNotImplementedError" else error.evalue
            raised, fatal = Raised(error.ename, text, _traceback(node)), True
        except CellTimeoutError:
            if self._settings.budget is not None and self._settings.budget.is_spent:
                return FirstRun(time.perf_counter() - started, lost=OUT_OF_BUDGET)
            raised, fatal = Raised("TimeoutError", f"the cell ran longer than {self._settings.timeout:g} s"), True
        except DeadKernelError:
            raised, fatal = Raised("DeadKernelError", "the kernel died while it ran this cell"), True
        return FirstRun(time.perf_counter() - started, raised, fatal)

    def ask(self, operation: str, **request: Any) -> dict[str, Any]:
        """Have the kernel itself do something, between two cells.

        Raises:
            Closed: the kernel is dead, or still at something that was given up.
        """
        self._request({"op": operation, **request})
        try:
            reply = answer(self.wire, self.pid)
        except ProbeFailure:
            self._is_busy = False
            raise
        self._is_busy = False
        return reply

    def _request(self, request: dict[str, Any]) -> None:
        if self._is_busy:
            raise Closed("the kernel is still at what it was asked before")
        self._is_busy = True
        client: Any = self._client.kc
        client.shell_channel.send(client.session.msg(DOORBELL))
        self.wire.send(request)  # only once it has been called to read: a socket holds no long message

    def lacks(self, modules: Sequence[str]) -> tuple[str, ...]:
        """Which top-level modules it could not import; none is imported.

        Raises:
            KernelError: it does not say.
        """
        try:
            return tuple(self.ask("lacks", modules=list(modules))["lacks"])
        except (Closed, ProbeFailure) as error:
            raise KernelError(f"the kernel '{self.name}' does not say which modules it has: {error}") from error

    def save_files(self) -> str:
        """Where the files are that the notebook has changed, for `files` of another kernel; gone with this one."""
        folder = os.path.join(self._folder, f"files{time.monotonic_ns()}")
        self.ask(FILES + "save", folder=folder)
        return folder

    def take_over(self, files: str) -> str:
        """Keep what another kernel has kept, which is about to be closed."""
        return str(shutil.move(files, self._folder))

    def is_full(self) -> bool:
        """There is no more room for files."""
        return bool(self.ask(FILES + "is_full")["full"])

    def ask_running(self, waiting: Waiting, operation: str, **request: Any) -> dict[str, Any] | Undone:
        """Have the kernel itself run a cell again."""
        self.begin(operation, **request)
        return self.answer_to_begun(waiting)

    def begin(self, operation: str, **request: Any) -> None:
        """Have the kernel itself begin something, and do not wait.

        Raises:
            Closed: the kernel is dead, or still at something else.
        """
        self._request({"op": operation, **request})

    def has_answered(self) -> bool:
        """What was begun is over."""
        return bool(select.select([self.wire.sock], [], [], 0)[0])

    def answer_to_begun(self, waiting: Waiting) -> dict[str, Any] | Undone:
        """Wait for the end of what was begun."""
        reply = waiting.answer(self.wire, self.pid)
        self._is_busy = isinstance(reply, Undone)
        return reply

    def close(self) -> None:
        """End the kernel and whatever it started."""
        if self._keeper is None:
            with contextlib.suppress(Closed, KernelError, OSError):  # it may have been given up on before it was up
                self._meet_keeper()
        if self._keeper is not None:
            self._keeper.sock.shutdown(socket.SHUT_WR)
            with contextlib.suppress(Closed, TimeoutError, OSError):  # it hangs up when nothing is left
                self._keeper.receive(_KEEPER_SECONDS)
            self._keeper.close()
        with contextlib.suppress(Exception):  # whatever state the kernel is in, it has to go
            if self._client.km is not None:
                self._client._cleanup_kernel()
        for wire, _ in self._arrived.values():
            wire.close()
        if hasattr(self, "wire"):
            self.wire.close()
        self._listener.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _listen(path: str) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen(64)
    return listener


def _expected_error(node: Mapping[str, Any]) -> Raised | None:
    """What a cell raised that is tagged `raises-exception`."""
    for output in node["outputs"]:
        if output["output_type"] == "error":
            return Raised(output["ename"], output["evalue"], _traceback(node))
    return None


def _traceback(node: Mapping[str, Any]) -> tuple[str, ...]:
    lines = [line for output in node["outputs"] if output["output_type"] == "error" for line in output["traceback"]]
    return tuple("\n".join(lines).splitlines())
