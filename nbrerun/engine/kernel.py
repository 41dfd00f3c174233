"""The kernel of the main run: started and fed by nbclient, with the probe inside. The only user of nbclient."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import psutil
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbclient.util import run_sync

from nbrerun.clock import Part, spent_on
from nbrerun.engine.arrivals import SECONDS, Arrivals
from nbrerun.engine.client import Client
from nbrerun.engine.environments import of_interpreter
from nbrerun.engine.folders import Folder
from nbrerun.engine.interface import FirstRun
from nbrerun.engine.jupyter import KeptManager
from nbrerun.engine.kernelspec import ChosenKernel
from nbrerun.engine.liveness import ProbeFailure, wait_for_end
from nbrerun.engine.loading import UNFIT, keeper_command, loader
from nbrerun.engine.memory import memory
from nbrerun.errors import KernelError, with_limit
from nbrerun.model import Cell, Raised
from nbrerun.notebooks.git import repository
from nbrerun.notebooks.read import Notebook
from nbrerun.probe.protocol.messages import Generator
from nbrerun.probe.protocol.package_requests import Distributions
from nbrerun.probe.protocol.requests import DOORBELL, KeeperHello, SandboxFound
from nbrerun.probe.protocol.wire import Closed, Wire
from nbrerun.probe.sandbox import keeper
from nbrerun.secrets import error_without_values, shown_error
from nbrerun.settings.values import OUT_OF_BUDGET, Settings

_KEEPER_SECONDS = 30.0
_END_TICK = 0.01
_HELLO_SECONDS = 5.0
"""For a greeting that was sent before the kernel said that it is done."""
_NO_INPUT = "the cell asks for input(), and in a check there is nobody to answer"
_NO_IPYKERNEL = "No module named ipykernel"
"""How Python says that it cannot run `-m ipykernel_launcher` or `-m ipykernel`."""
_TICK = 1.0
"""Seconds between two looks at whether a kernel that does not come is still alive."""


class Kernel:
    """One kernel process in its sandbox, from its start to its end."""

    def __init__(
        self,
        notebook: Notebook,
        chosen: ChosenKernel,
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
        self.name = chosen.name
        self._chosen = chosen
        self._settings = settings
        self._temporary = Folder()
        self._folder = self._temporary.path
        lifeline = os.path.join(self._folder, keeper.LIFELINE)
        os.mkfifo(lifeline)
        # Opened before there is anybody to tell the end to, and known by its name: an interrupt can come between the
        # keeper's call and the moment when its connection is kept, which would have no other end.
        self._lifeline = open(lifeline, "r+b", buffering=0)  # noqa: SIM115  closed in `close`
        self.arrivals = Arrivals(self._folder, self._is_alive)
        self._keeper: Wire | None = None
        self._probe: Client | None = None
        self._log = os.path.join(self._folder, "kernel.log")
        self._notebook_folder = notebook.folder.resolve()
        self._nbclient = NotebookClient(
            notebook.node,
            kernel_manager_class=KeptManager,
            kernel_name=chosen.name,
            timeout_func=lambda _: settings.seconds_to_run,
            startup_timeout=SECONDS,
            resources={"metadata": {"path": str(notebook.folder)}},
            on_cell_executed=self._note_status,
        )
        self._status = ""
        """How the last cell ended: `ok` or `error`."""
        # The kernel need not be asked to end: it has nothing to save outside of its sandbox.
        self._nbclient.shutdown_kernel = "immediate"
        self._seeds, self._files = seeds, files
        self._is_up = False
        self._closing_on_failure(self._launch)
        if wait:
            self.wait_until_up()

    def wait_until_up(self) -> None:
        """Wait until it has started and the probe is loaded.

        Raises:
            KernelError: it does not start.
        """
        if not self._is_up:
            self._closing_on_failure(self._meet)
            self._is_up = True

    def _closing_on_failure(self, do: Callable[[], None]) -> None:
        try:
            with spent_on(Part.KERNELS):
                do()
        except BaseException:  # Ctrl-C included: no process stays, and the error goes on
            self.close()
            raise

    def _launch(self) -> None:
        manager = self._nbclient.km = self._nbclient.create_kernel_manager()
        manager.transport = "ipc"  # no ports, which kernels that start side by side may both choose
        manager.connection_file = os.path.join(self._folder, "kernel.json")
        assert isinstance(manager, KeptManager)
        manager.keeper, manager.chosen = self._keeper_command(), self._chosen.spec
        # Sets of strings are walked in the order of their hashes, in which two kernels have to agree (PYTHONHASHSEED).
        variables = os.environ if self._chosen.environment is None else self._chosen.environment
        env = {**variables, "PYTHONHASHSEED": variables.get("PYTHONHASHSEED", "0")}
        with self._explained(), open(self._log, "wb") as output:
            self._nbclient.start_new_kernel(env=env, stdout=output, stderr=output)

    def _meet(self) -> None:
        with self._explained():
            self._meet_keeper()
            self._nbclient.start_new_kernel_client()
        self._load_probe()
        if self._files:
            self.client.restore_files(self._files)

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """Raise an error with the last line of the kernel's own log where it did not start."""
        try:
            yield
        except (RuntimeError, OSError, TimeoutError, Closed) as error:
            why = Path(self._log).read_text(errors="replace").strip().rpartition("\n")[2] or error
            if _NO_IPYKERNEL in str(why):
                why = f"{why}; install it with `{of_interpreter(Path(self._chosen.program)).install_ipykernel}`"
            raise KernelError(f"the kernel '{self.name}' did not start: {why}") from error

    def _keeper_command(self) -> tuple[str, ...]:
        folders = [self._notebook_folder, repository(self._notebook_folder), *self._settings.sandbox_dirs]
        return keeper_command(
            self.arrivals.address,
            self._folder,
            self._settings.sandbox,
            [str(folder) for folder in folders if folder],
            [os.path.expanduser("~"), tempfile.gettempdir(), "/tmp"],  # programs may write the last one out
            self._settings.sandbox_limit or memory().total // 4,
        )

    def _meet_keeper(self) -> None:
        """Hear from the keeper which sandbox the kernel was started in."""
        hello: KeeperHello
        self._keeper, hello = self.arrivals.accept(keeper.KEEPER)
        self._keeper_pid = hello["pid"]
        self.sandbox = hello["sandbox"]
        if not self.sandbox["kind"]:
            raise KernelError(f"the notebook's files cannot be kept safe: {self.sandbox['reason']}")

    def _load_probe(self) -> None:
        found: SandboxFound = {**self.sandbox, "reaches_out": self._settings.rerun_outside}
        if why := run_sync(self._run)(loader(self._folder, self.arrivals.address, self._seeds, found)):
            raise self._unreadable(why)
        try:
            wire, hello = self.arrivals.accept("", _HELLO_SECONDS)
        except Closed:
            raise self._unreadable("it does not run what it is sent") from None
        self._probe = Client(
            wire, hello["pid"], self._ring, lambda: self._settings.seconds_to_run, self._settings.values
        )

    @property
    def client(self) -> Client:
        """The kernel itself, to be asked between two cells."""
        assert self._probe is not None, "it is not up yet"
        return self._probe

    def _ring(self) -> None:
        client: Any = self._nbclient.kc
        client.shell_channel.send(client.session.msg(DOORBELL))

    async def _run(self, code: str) -> str:
        """Run code that is not a cell; an empty text, or what went wrong."""
        client: Any = self._nbclient.kc
        manager: Any = self._nbclient.km
        # A silent request changes neither the history nor the execution count (Jupyter's messaging protocol).
        asked = asyncio.ensure_future(
            client.execute_interactive(
                code, silent=True, store_history=False, output_hook=lambda _: None, timeout=SECONDS
            )
        )
        while not asked.done():  # jupyter_client would wait for the whole timeout for a kernel that has died
            await asyncio.wait([asked], timeout=_TICK)
            if not (asked.done() or await manager.is_alive()):
                asked.cancel()
                return "it died when it was asked"
        try:
            content = (await asked)["content"]
        except TimeoutError:
            return f"it gave no answer within {SECONDS:.0f} s"
        if content["status"] == "ok":
            return ""
        name, text = content.get("ename"), content.get("evalue")
        return str(text) if name == UNFIT else f"{name}: {text}"

    def _unreadable(self, why: str) -> KernelError:
        said = with_limit(why)
        needed = " (nbrerun needs Python 3.9 or newer with ipykernel 6 or newer there)." if said == why else ""
        return KernelError(f"the kernel '{self.name}' cannot be read: {said}{needed}")

    def _is_alive(self) -> bool:
        manager: Any = self._nbclient.km
        return manager is not None and bool(run_sync(manager.is_alive)())

    def execute(self, cell: Cell) -> FirstRun:
        """Run a cell of the main run, through nbclient."""
        if self.client.is_busy:  # whatever keeps it from answering keeps it from running a cell
            return FirstRun(0.0, lost="the kernel no longer answers after the cells above")
        node = self._nbclient.nb.cells[cell.index]
        started = time.perf_counter()
        raised, fatal = None, False
        self.client.is_busy = True
        try:
            with spent_on(Part.MAIN_RUN):
                self._nbclient.execute_cell(node, cell.index)
            self.client.is_busy = False
            raised = self._expected_error(node) if self._status == "error" else None
        except CellExecutionError as error:
            self.client.is_busy = False
            raised, fatal = self._raised(error.ename, error.evalue, node), True
            if error.ename == "StdinNotImplementedError":
                raised = replace(raised, evalue=_NO_INPUT)
        except CellTimeoutError:
            if self._settings.budget is not None and self._settings.budget.is_spent:
                return FirstRun(time.perf_counter() - started, lost=OUT_OF_BUDGET)
            raised, fatal = Raised("TimeoutError", f"the cell ran longer than {self._settings.timeout:g} s"), True
        except DeadKernelError:
            raised, fatal = Raised("DeadKernelError", "the kernel died while it ran this cell"), True
        return FirstRun(time.perf_counter() - started, raised, fatal)

    def _note_status(self, execute_reply: Mapping[str, Any], **_: Any) -> None:
        self._status = execute_reply["content"]["status"]

    def _expected_error(self, node: Mapping[str, Any]) -> Raised | None:
        """What a cell raised that is tagged `raises-exception`; a cell that ended well may show errors, too."""
        for output in node["outputs"]:
            if output["output_type"] == "error":
                return self._raised(output["ename"], output["evalue"], node)
        return None

    def _raised(self, ename: str, evalue: str, node: Mapping[str, Any]) -> Raised:
        if not self._settings.values:
            return Raised(ename, error_without_values(evalue))
        return Raised(ename, shown_error(evalue), tuple(map(shown_error, _traceback(node))))

    def lacks(self, modules: Sequence[str]) -> tuple[str, ...]:
        """Which top-level modules it could not import; none is imported.

        Raises:
            KernelError: it does not say.
        """
        try:
            return tuple(self.client.lacks(modules))
        except (Closed, ProbeFailure) as error:
            raise KernelError(f"the kernel '{self.name}' does not say which modules it has: {error}") from error

    def distributions(self, names: Sequence[str]) -> Distributions:
        """Which Python it runs, and which versions of distributions are installed there.

        Raises:
            KernelError: it does not say.
        """
        try:
            return self.client.distributions(names)
        except (Closed, ProbeFailure) as error:
            raise KernelError(f"the kernel '{self.name}' does not say what is installed there: {error}") from error

    def save_files(self) -> str:
        """Save the files that the notebook has changed, and return their folder, which is removed with this kernel."""
        folder = os.path.join(self._folder, f"files{time.monotonic_ns()}")
        self.client.save_files(folder)
        return folder

    def take_over(self, files: str) -> str:
        """Keep the files that another kernel has saved, which is about to be closed."""
        return str(shutil.move(files, self._folder))

    def close(self) -> None:
        """End the kernel and whatever it started."""
        with spent_on(Part.KERNELS):
            self._close()

    def _close(self) -> None:
        self._lifeline.close()  # which has the keeper end everything
        deadline = time.monotonic() + _KEEPER_SECONDS
        while self._keeper is None and self._is_alive() and time.monotonic() < deadline:
            time.sleep(_END_TICK)  # the wait for it ended before it was up
        if self._keeper is not None:
            with contextlib.suppress(Closed, TimeoutError, OSError):  # it hangs up when nothing is left
                self._keeper.receive(_KEEPER_SECONDS)
            self._keeper.close()
            with contextlib.suppress(psutil.NoSuchProcess):  # jupyter_client looks for its end every 0.1 s
                wait_for_end(psutil.Process(self._keeper_pid))
        with contextlib.suppress(Exception):  # errors of jupyter_client and its sockets: it has to go
            if self._nbclient.km is not None:
                self._nbclient._cleanup_kernel()
        if self._probe is not None:
            self._probe.close()
        self.arrivals.close()
        self._temporary.remove()


class StartKernel(Protocol):
    """Starts a kernel whose global generators of random numbers, and files, begin as given."""

    def __call__(self, seeds: Sequence[Generator] = (), files: str = "", wait: bool = True) -> Kernel:
        """See `Kernel`."""


def _traceback(node: Mapping[str, Any]) -> tuple[str, ...]:
    lines = [line for output in node["outputs"] if output["output_type"] == "error" for line in output["traceback"]]
    return tuple("\n".join(lines).splitlines())
