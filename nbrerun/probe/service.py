"""Answers nbrerun: in the kernel itself, in moments (forks that wait) and in branches (forks of those).

The kernel is asked by a message on its shell channel, so that it answers between two cells; what is
asked, and the answer, travel over a Unix socket. Moments and branches have a socket each.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
from typing import Any, Dict, List, Optional, Sequence, Set, Tuple

from .execute.after_restart import Stripped
from .execute.rerun import HistoryKept, Parts, describe_error, follow, loose, run_cells, touchable
from .execute.tracer import Tracer
from .files.session import NotebookFiles
from .plugins.discovery import Packages
from .process.entropy import Entropy
from .process.fork_hazards import Hazards
from .process.forking import detach, die_with_parent, fork, pause_openmp, reseed
from .process.import_hook import ImportWatch, can_be_found
from .protocol.messages import Error, Generator, Rerun, State
from .protocol.wire import Closed, connect
from .read import generators
from .read.namespace import user_names
from .read.parts import leaves
from .read.walk import Reader, collector_paused
from .sandbox.handles import reopen_files
from .state import held_by_modules, read_state

DOORBELL = "nbrerun_request"
"""Type of the shell message that says: there is a request on the socket."""

FILES = "files "
"""What operations begin with that concern files only."""

Message = Dict[str, Any]


class Service:
    """One process that answers; the kernel's own is inherited by every fork of it."""

    def __init__(self, kernel: Any, address: str, first_generators: List[Generator], sandbox: Message) -> None:
        self.kernel = kernel
        self.shell = kernel.shell
        self.address = address
        self.wire = connect(address)
        self.forked = False
        self._ran = True
        """Cells have been run in this process itself."""
        self.files = NotebookFiles(sandbox, kernel.shell.user_ns)
        self._hazards = Hazards(kernel.shell)
        self._children: Set[int] = set()
        self._stripped: Optional[Stripped] = None
        self._met: Set[int] = set()
        self._remembered: Set[int] = set()
        self._first = {item["name"]: item["state"] for item in first_generators}
        self._seen: Dict[str, bytes] = {}
        self._packages = Packages()
        self._entropy = Entropy()
        self.imports = ImportWatch(self._hazards.before_import, self._after_import)

    def install(self) -> None:
        """Begin to answer."""
        die_with_parent()
        self._entropy.install()
        self._hazards.before_import()
        self._after_import()
        self.imports.install()
        self.imports.begin()
        self.files.install()
        self._hazards.watch(self.files.sandbox.folders)
        self.kernel.shell_handlers[DOORBELL] = self._on_doorbell
        self.wire.send({"token": "", "pid": os.getpid()})

    def _after_import(self) -> None:
        """After an import: remember how each global generator was seeded, or seed it as it once was."""
        with self.files.unheard():
            self._packages.load()
        self._hazards.after_import()
        reader = Reader()
        for name, target in generators.global_generators():
            if name not in self._seen:
                if name in self._first:
                    with contextlib.suppress(Exception):  # an adapter of another package may fail at it
                        generators.set_state(target, self._first[name])
                reader.read(name, target)
        self._seen.update({item.name: item.state for item in reader.generators.values()})

    def _notice_modules(self) -> None:
        """See to modules that a cell has put among the others by hand, as if it had imported them."""
        if self._packages.due():
            self.imports.enter()
            self.imports.leave()

    async def _on_doorbell(self, *_: Any) -> None:
        request = self.wire.receive()
        reply = await self._try(request)
        self.wire.send(reply)

    async def _try(self, request: Message) -> Message:
        try:
            with self.files.unheard():
                self._notice_modules()
                return await self._answer(request)
        except Exception as error:  # noqa: BLE001  a failure here is reported, and never the notebook's
            failure: Error = describe_error(error)
            return {"failed": f"{failure['ename']}: {failure['evalue']}", "traceback": failure["traceback"]}

    async def _answer(self, request: Message) -> Message:
        operation = request["op"]
        if operation.startswith(FILES):
            return self.files.answer(operation[len(FILES) :], request)
        if operation == "hold":
            return self._fork("moment", request["token"])
        if operation == "branch":
            return self._fork("branch", request["token"], request["files"])
        if operation == "read":
            generators.put_back_global(request.get("pins", []))
            return dict(self._read()[0])
        if operation == "run":
            self._first.update({item["name"]: item["state"] for item in request.get("seeds", ())})
            if request.get("anew"):
                reseed()
            return dict(await self._rerun(request["sources"], request["pins"], request.get("watched", ())))
        if operation == "follow":
            self._first.update({item["name"]: item["state"] for item in request["seeds"]})
            return {"raised": await self._follow(request["cells"])}
        if operation == "alone":
            return await self._alone(request["source"], request["given"])
        if operation == "together":
            if self._stripped is not None:
                self._stripped.restore()
            self._stripped = None
            return {}
        if operation == "leaves":
            return self._leaves(request["names"])
        if operation == "touchable":
            return {"names": sorted(touchable(self.shell, request["sources"]))}
        if operation == "put_back":
            return self._put_back(request["pins"])
        if operation == "remember":
            self._remembered = self._met
            self._begin()
            return {}
        if operation == "existed":
            alive = self._remembered | held_by_modules(self.shell.user_ns)
            return {"existed": [address for address in request["ids"] if address in alive]}
        if operation == "lacks":
            return {"lacks": [name for name in request["modules"] if not can_be_found(name)]}
        if operation == "seeds":
            return {
                "generators": [self._seed(name, state) for name, state in self._seen.items()],
                "entropy": self._entropy.recorded(),
            }
        raise ValueError(f"unknown request {operation!r}")

    def _seed(self, name: str, state: bytes) -> Generator:
        return {"name": name, "id": 0, "digest": b"", "state": state}

    def _read(self) -> Tuple[State, Reader]:
        self._notice_modules()
        with collector_paused():
            state, reader = read_state(self.shell, self.imports, self.files)
            self._met = reader.lasting()
        return state, reader

    def _leaves(self, names: List[str]) -> Message:
        namespace = user_names(self.shell)
        with collector_paused(), self.files.unwatched():
            return {name: leaves(name, namespace[name]) for name in names if name in namespace}

    def _put_back(self, pins: List[Generator]) -> Message:
        """Set generators back; a global one that was not there yet goes back to how it was seeded."""
        _, reader = self._read()
        known = {pin["name"] for pin in pins}
        seeds = [self._seed(name, state) for name, state in self._seen.items() if name not in known]
        generators.put_back(reader.generators, [*pins, *seeds])
        return {}

    async def _rerun(self, sources: List[str], pins: List[Generator], watched: Sequence[str]) -> Rerun:
        if pins:
            self._put_back(pins)
        self._ran = True
        history = HistoryKept(self.shell)
        namespace = user_names(self.shell)
        parts = Parts(namespace[name] for name in watched if name in namespace)
        del namespace
        marks = Tracer()
        self.files.begin(marks.count)
        with self.files.heard():
            ran = await run_cells(self.shell, sources, marks)
        gone = parts.gone()
        del parts
        history.restore()
        after, _ = self._read()
        models = {name for name, variable in after["variables"].items() if variable["kind"] == "model"}
        return {
            "error": ran.error,
            "seconds": ran.seconds,
            "bound": sorted(ran.bound),
            "written": sorted(marks.written()),
            "stores": sorted(marks.names("stores")),
            "imports": sorted(marks.imported()),
            "methods": sorted(marks.names("methods")),
            "touched_by": marks.touched_by(raised=ran.error is not None),
            "after_read": {
                name: sorted(marks.touched_since(opened["at"], models))
                for name, opened in after["opened"].items()
                if opened["read"]
            },
            "trained": sorted(marks.names("trains")),
            "loaded": sorted(marks.names("loads")),
            "acts": marks.acted(),
            "passed": sorted(ran.passed),
            "asked": sorted(ran.asked),
            "replaced": sorted(ran.replaced),
            "gone": gone,
            "incidental": sorted(loose(self.shell, sources)),
            "seeds": ran.seeds,
            "trains": ran.trains,
            "reads": sorted(ran.reads),
            "mentions": sorted(touchable(self.shell, sources)),
            "disk_full": self.files.sandbox.is_full(),
            "after": after,
        }

    async def _follow(self, cells: List[Message]) -> bool:
        """Run cells as the main run does; whether one raised that may not."""
        self._ran = True
        with self.files.heard():
            for cell in cells:
                self._entropy.begin(cell["entropy"])
                generators.put_back_global(cell["pins"])
                if await follow(self.shell, cell["source"]) and not cell["may_raise"]:
                    return True
        return False

    def _begin(self) -> None:
        """Another cell is about to run."""
        self.imports.begin()
        self.files.begin()
        self._entropy.begin()

    async def _alone(self, source: str, given: List[str]) -> Message:
        if self._stripped is None:
            self._stripped = Stripped(self.shell)
        with self.files.heard():
            return dict(await self._stripped.run(source, given))

    def _fork(self, role: str, token: str, files: str = "") -> Message:
        self._reap()
        hazards = self._hazards.read()
        if hazards:
            return {"hazards": hazards}
        entropy = self._entropy.recorded()
        if self._ran:
            pause_openmp()
        if not self.forked:
            files = self.files.freeze()
        pid = fork()
        if pid == 0:
            self._live(role, token, files)
        if not self.forked:
            self._begin()
        self._children.add(pid)
        return {"pid": pid, "hazards": [], "files": files, "entropy": entropy}

    def _reap(self) -> None:
        for pid in list(self._children):
            try:
                ended, _ = os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                ended = pid
            if ended:
                self._children.discard(pid)

    def _live(self, role: str, token: str, files: str) -> None:
        """The whole life of a forked process; it never returns into the kernel's code."""
        status = 1
        try:
            if self._ran:
                detach(self.kernel)
            self.forked, self._ran = True, False
            self._children = set()
            asyncio._set_running_loop(None)
            failed = ""
            if role == "branch":
                os.setpgid(0, 0)  # so that whatever it starts ends with it
                try:
                    self.files.enter(files)
                except OSError as error:
                    failed = f"its files cannot be kept apart: {error}"
            else:
                reopen_files()
            self.wire.close()
            self.wire = connect(self.address)
            self.wire.send({"token": token, "pid": os.getpid(), "failed": failed})
            asyncio.new_event_loop().run_until_complete(self._serve())
            status = 0
        except Closed:
            status = 0
        finally:
            os._exit(status)

    async def _serve(self) -> None:
        while True:
            request = self.wire.receive()
            self._die_on_hang_up(request["op"] == "run")
            reply = await self._try(request)
            self._die_on_hang_up(False)
            self.wire.send(reply)

    def _die_on_hang_up(self, on: bool) -> None:
        """While a cell runs nobody reads the socket: have the kernel of the system watch it (SIGIO kills)."""
        descriptor = self.wire.sock.fileno()
        signal.signal(signal.SIGIO, signal.SIG_DFL)
        fcntl.fcntl(descriptor, fcntl.F_SETOWN, os.getpid())
        flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
        changed = flags | os.O_ASYNC if on else flags & ~os.O_ASYNC
        fcntl.fcntl(descriptor, fcntl.F_SETFL, changed)


def install(kernel: Any, address: str, first_generators: List[Generator], sandbox: Message) -> None:
    """Called once, before the first cell."""
    Service(kernel, address, first_generators, sandbox).install()
