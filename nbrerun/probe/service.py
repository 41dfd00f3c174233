"""The service of the probe: answers nbrerun in the kernel, in moments (forks that wait) and in branches (their forks).

The kernel is called by a message on its shell channel, so that it answers between two cells. Requests and answers
travel over a Unix socket, one for each process. `answers` says which method answers which operation.
"""

from __future__ import annotations

import inspect
import os
import time
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Sequence, Set, Tuple

from .answering import METHODS, answers
from .change_answers import ChangeAnswers
from .describe.ownership import belongs_to_user, own_modules
from .execute import hand_back
from .execute.after_restart import Stripped
from .execute.cells import Cells
from .execute.observed import run_observed
from .execute.proven import Company, is_foreseeable, names_bound
from .execute.rerun import describe_error, follow
from .execute.user_functions import mark_beforehand
from .file_answers import FileAnswers
from .files.session import NotebookFiles
from .package_answers import PackageAnswers
from .plugins.discovery import Packages
from .process.entropy import Entropy
from .process.forked import live
from .process.forking import die_with_parent, name_cells_as_in, reseed
from .process.forks import Forks
from .process.import_hook import ImportWatch
from .process.outside import Outside
from .process.pictures import pictures
from .protocol import requests as ask
from .protocol.messages import Alone, Generator, Known, Rerun, State
from .protocol.requests import OPERATION
from .protocol.wire import Wire, connect
from .read import containers, generators, untouched
from .read.earlier_parts import EarlierParts
from .read.looks import Looks
from .read.namespace import user_names
from .read.walk import Reader, collector_paused
from .sandbox.handles import reopen_files
from .state import bound_state, held_by_modules, read_state

_ARRIVE: Mapping[str, Any] = {OPERATION: ask.ARRIVE.name}
_LOOKS = frozenset(each.name for each in (ask.ARRIVE, ask.READ, ask.TOUCHABLE, ask.TAKE_APART, ask.PICTURES))
"""Operations after which everything is as it was."""


class Service(FileAnswers, ChangeAnswers, PackageAnswers):
    """One process that answers; every fork of the kernel inherits the kernel's own."""

    def __init__(self, kernel: Any, address: str, first_generators: List[Generator], sandbox: Dict[str, Any]) -> None:
        self.kernel = kernel
        self.shell = kernel.shell
        self._address = address
        self._wire: Optional[Wire] = None
        """The kernel's own connection; a kernel that is not nbrerun's has none."""
        self.files = NotebookFiles(sandbox, kernel.shell.user_ns)
        belongs_to_user([os.getcwd(), *map(os.fsdecode, self.files.sandbox.given)])
        self._forks = Forks(kernel, address)
        self._stripped: Optional[Stripped] = None
        self._company = Company(kernel.shell)
        self._state: Optional[State] = None
        """As it was last read, if nothing but looks has happened since."""
        self._agreed_on = ""
        """The source of the cell that is running, if it was foreseen."""
        self._met: Set[int] = set()
        """Addresses of the objects that the last reading met, ..."""
        self._remembered: Set[int] = set()
        """... and the last one before the cell of the main run began."""
        self._parts = EarlierParts(kernel.shell, self.files)
        self._seeds = generators.Seeds(first_generators)
        self._packages = Packages()
        self._entropy = Entropy()
        self._outside = Outside(sandbox.get("reaches_out", False))
        self.imports = ImportWatch(self._forks.hazards.before_import, self._after_import)

    def install(self) -> None:
        """Begin to answer."""
        die_with_parent()
        name_cells_as_in(0)  # the same for all kernels, whose states are compared
        self._entropy.install()
        self.observe()
        self.kernel.shell_handlers[ask.DOORBELL] = self._on_doorbell
        self._wire = connect(self._address)
        hello: ask.Hello = {"token": "", "pid": os.getpid(), "failed": ""}
        self._wire.send(hello)

    def observe(self) -> None:
        """Begin to hear what cells do."""
        untouched.watch_forks()
        self._forks.hazards.before_import()
        self._after_import()
        self.imports.install()
        self.imports.begin_here()
        self.files.install(lambda: not self.imports.depth)
        self._outside.install()
        self._forks.watch([*self.files.sandbox.folders, *self.files.sandbox.beside])

    def _after_import(self) -> None:
        """After an import: remember how each global generator was seeded, or seed it as it once was."""
        with self.files.unheard():
            self._packages.load()
        self._forks.hazards.after_import()
        self._seeds.look()

    def _notice_modules(self) -> None:
        """Treat modules that a cell has put into `sys.modules` by hand as if it had imported them."""
        if self._packages.due():
            self.imports.enter()
            self.imports.leave()

    async def _on_doorbell(self, *_: Any) -> None:
        assert self._wire is not None, "the kernel has been asked at it"
        self._wire.send(await self._try(self._wire.receive()))

    async def _try(self, request: Mapping[str, Any]) -> Mapping[str, object]:
        try:
            with self.files.unheard():
                self._notice_modules()
                answer = METHODS[request[OPERATION]](self, request)
                found: Mapping[str, object] = await answer if inspect.isawaitable(answer) else answer
                if request[OPERATION] not in _LOOKS:
                    self._state = None
                return found
        except Exception as error:  # noqa: BLE001  a failure here is reported, and never the notebook's
            raised = describe_error(error)
            failure: ask.Failure = {
                "failed": f"{raised['ename']}: {raised['evalue']}",
                "traceback": raised["traceback"],
            }
            return failure

    @answers(ask.HOLD)
    def hold(self, request: ask.Hold) -> ask.Held:
        """Keep the files as they are now, and fork the kernel for a branch that reads the state."""
        entropy, hazards, files, pid = self._entropy.recorded(), self._forks.prepare(), "", 0
        if not hazards:
            known = request["known"]
            untouched.recall(known["buffers"])
            containers.recall(known["containers"])
            if known["settings"]:  # this is not the first moment of all
                self.imports.began(known["settings"], known["generators"])
            mark_beforehand(user_names(self.shell))
            own_modules()
            files = self.files.freeze()
            pid = self._fork(request["token"], lambda: self._enter_files(files), [_ARRIVE])
            self.imports.begin()
            self._begin()
        return {"hazards": hazards, "pid": pid, "files": files, "entropy": entropy, "seeds": self._seeds.seen()}

    @answers(ask.KEEP)
    def keep(self, request: ask.Fork) -> ask.Forked:
        """Fork the kernel for a process that stays at this moment."""
        hazards, pid = self._forks.prepare(), 0
        if not hazards:
            pid = self._fork(request["token"], reopen_files)
        return {"hazards": hazards, "pid": pid}

    @answers(ask.BRANCH)
    def branch(self, request: ask.Branch) -> ask.Forked:
        """Fork this process for a branch, which sees the files that are kept under a name."""
        hazards, pid = self._forks.prepare(), 0
        if not hazards:
            pid = self._fork(request["token"], lambda: self._enter_files(request["files"]))
        return {"hazards": hazards, "pid": pid}

    @answers(ask.ARRIVE)
    def arrive(self, _: ask.Empty) -> ask.Arrived:
        """Read the state where a branch begins, and remember its objects."""
        state, reader = self._read()
        self._remembered = self._met
        known: Known = {
            "buffers": untouched.arrived(),
            "containers": containers.known,
            "settings": state["settings"],
            "generators": {each.name: each.digest for each in reader.generators.values() if each.library},
        }
        return {"state": state, "known": known, "is_complete": reader.is_complete}

    @answers(ask.READ)
    def read(self, request: ask.Read) -> ask.Looked:
        """Read everything that the kernel holds."""
        generators.put_back_global(request["pins"])
        entropy = self._entropy.recorded()
        state, _ = self._read()
        return {"state": state, "entropy": entropy, "seeds": self._seeds.seen(), "shared": self._forks.shared()}

    @answers(ask.RUN)
    async def run(self, request: ask.Run) -> Rerun:
        """Run cells one after the other, and read what they have left."""
        self._seeds.want(request["seeds"])
        if request["anew"]:
            reseed()
        sources, state = request["sources"], self._state
        if request["note_parts"]:
            self._parts.begin_run(self._touchable(sources))
        if request["pins"]:
            self._put_back(request["pins"])
        self._forks.will_run()
        with self._outside.stopped():
            run = await run_observed(
                self.shell,
                self.files,
                sources,
                request["watched"],
                lambda: self._read()[0],
                Looks(self.shell, self.files),
                request["goes_on"],
                request["changes_given"],
                state if request["repeats"] and self._is_predictable(state, request["pins"]) else None,
            )
        run["stopped"] = [*self._outside.kept_from(), *self.files.kept_from()]
        run["shared"] = self._forks.shared()
        return run

    @answers(ask.FORESEE)
    async def foresee(self, request: ask.Foresee) -> ask.Foreseen:
        """Tell what the last cell has bound, and whether the next one may be told of in the same way."""
        state, run, ran = None, None, request["ran"]
        is_alone = self._company.is_alone() and not self._forks.hazards.threads()
        if ran and ran == self._agreed_on and is_alone:
            state = bound_state(names_bound(self.shell, ran), self.shell, self.files)
            looks = Looks(self.shell, self.files)
            run = await run_observed(
                self.shell, self.files, [ran], [], lambda: {**state}, looks, repeats=state, only_if_proven=True
            )
        is_agreed = bool(request["next"]) and is_alone and is_foreseeable(self.shell, request["next"])
        self._agreed_on = request["next"] if is_agreed else ""
        return {"agreed": is_agreed, "state": state, "run": run}

    @answers(ask.FOLLOW)
    async def follow(self, request: ask.Follow) -> ask.Followed:
        """Run cells as the main run does, up to one that raises and may not."""
        self._seeds.want(request["seeds"])
        self._forks.will_run()
        started, raised = time.perf_counter(), False
        with self.files.heard(), self._outside.stopped(for_good=True):
            for cell in request["cells"]:
                self._entropy.begin(cell["entropy"])
                generators.put_back_global(cell["pins"])
                raised = await follow(self.shell, cell["source"]) and not cell["may_raise"]
                if raised:
                    break
        return {"raised": raised, "seconds": time.perf_counter() - started}

    @answers(ask.RUN_ALONE)
    async def run_alone(self, request: ask.RunAlone) -> Alone:
        """Run a cell without the names that other cells have bound, except for those given."""
        if self._stripped is None:
            self._stripped = Stripped(self.shell)
        with self.files.heard(), self._outside.stopped():
            return await self._stripped.run(request["source"], request["given"])

    @answers(ask.GIVE_ALL_NAMES_BACK)
    def give_all_names_back(self, _: ask.Empty) -> ask.Empty:
        """Undo what `run_alone` has done to the namespace."""
        if self._stripped is not None:
            self._stripped.restore()
        self._stripped = None
        return {}

    @answers(ask.TAKE_APART)
    def take_apart(self, request: ask.TakeApart) -> ask.Apart:
        """The parts of variables as they are now."""
        return {"parts": self._parts.now(request["names"], request["values"])}

    @answers(ask.PICTURES)
    def pictures(self, request: ask.AskPictures) -> ask.Pictures:
        """Pictures of the figures that variables hold."""
        return {"png": pictures(self.shell.user_ns, request["names"])}

    @answers(ask.NOTED)
    def noted(self, request: ask.TakeApart) -> ask.Apart:
        """The parts of variables as they were before the last run."""
        return {"parts": self._parts.before_run(request["names"])}

    @answers(ask.PARTS_BEFORE_CELL)
    def parts_before_cell(self, request: ask.TakeApart) -> ask.Apart:
        """The parts of variables as they were before the cell of the main run began."""
        return {"parts": self._parts.before_cell(request["names"])}

    @answers(ask.TOUCHABLE)
    def touchable(self, request: ask.AskTouchable) -> ask.Touchable:
        """Names that cells may read or bind."""
        return {"names": sorted(self._touchable(request["sources"]))}

    @answers(ask.PUT_BACK)
    def put_back(self, request: ask.PutBack) -> ask.Empty:
        """Set generators back to where they stood."""
        self._put_back(request["pins"])
        return {}

    @answers(ask.BEGIN_CELL)
    def begin_cell(self, request: ask.BeginCell) -> ask.BegunCell:
        """Before a cell of the main run, which may be followed by `existed` and `parts_before_cell`."""
        found: ask.BegunCell = {"entropy": self._entropy.recorded(), "seeds": self._seeds.seen()}
        self._remembered = self._met
        self._parts.begin_cell(self._touchable([request["source"]]))
        self.imports.begin_here()
        self._begin()
        return found

    @answers(ask.EXISTED)
    def existed(self, request: ask.AskExisted) -> ask.Existed:
        """Which addresses belonged to objects of the state, or that a module held."""
        if request["read"]:
            self._remembered = self._addresses_of(request["names"])
            if not self._remembered.issuperset(request["ids"]):
                containers.recall({})
                self._read()
                self._remembered = self._met
        alive = self._remembered
        if not alive.issuperset(request["ids"]):  # looking through all modules writes to most pages of the memory
            alive = alive | held_by_modules(self.shell.user_ns)
        return {"ids": [address for address in request["ids"] if address in alive]}

    @answers(ask.HAND_BACK)
    def hand_back(self, request: ask.HandBack) -> ask.HandedBack:
        """Hand over the values of names, for a process that has gone on."""
        data, lost = hand_back.pack(self.shell.user_ns, request["names"], request["unchanged"])
        return {"data": data, "lost": lost}

    def _read(self) -> Tuple[State, Reader]:
        self._notice_modules()
        with collector_paused():
            state, reader = read_state(self.shell, self.imports, self.files)
            state["outside"] = [*self._outside.seen(), *self.files.elsewhere(), *self._forks.left_running()]
            state["threads"] = bool(self._forks.hazards.threads())
            self._met = reader.lasting()
        self._state = state
        return state, reader

    def _addresses_of(self, names: Iterable[str]) -> Set[int]:
        """The addresses of the objects that variables hold."""
        reader, namespace = Reader(), user_names(self.shell)
        with collector_paused(), self.files.unwatched():
            for name in names:
                if name in namespace:
                    reader.read(name, namespace[name])
            return reader.lasting()

    def _is_predictable(self, state: Optional[State], pins: List[Generator]) -> bool:
        """Whether nothing happens beside a cell that is run now, and the generators of random numbers stand still."""
        if state is None or not self._company.is_as_at_first():
            return False
        stand = {(each["name"], each["library"], each["digest"]) for each in state["generators"]}
        return not pins or stand == {(each["name"], each["library"], each["digest"]) for each in pins}

    def _touchable(self, sources: List[str]) -> Set[str]:
        return Cells(self.shell, sources).touchable(user_names(self.shell))

    def _put_back(self, pins: List[Generator]) -> None:
        """Set generators back; a global one that was not there yet goes back to how it was seeded."""
        _, reader = self._read()
        known = {pin["name"] for pin in pins if pin["library"]}
        seeds = [seed for seed in self._seeds.seen() if seed["name"] not in known]
        generators.put_back(reader.generators, [*pins, *seeds])

    def _begin(self) -> None:
        """Another cell is about to run."""
        self.files.begin()
        self._outside.begin()
        self._forks.begin()
        self._entropy.begin()

    def _fork(self, token: str, begin: Callable[[], None], unasked: Sequence[Mapping[str, Any]] = ()) -> int:
        return self._forks.start(
            lambda: live(self._address, token, lambda: self._leave_kernel(begin), self._try, list(unasked))
        )

    def _leave_kernel(self, begin: Callable[[], None]) -> str:
        """In a forked process: share nothing with the kernel; why its files cannot be kept apart, if they cannot."""
        self._forks.leave_kernel()
        untouched.begin_fork()
        containers.switch_on()
        if self._wire is not None:
            self._wire.close()
        try:
            begin()
        except OSError as error:
            return f"its files cannot be kept apart: {error}"
        return ""

    def _enter_files(self, files: str) -> None:
        os.setpgid(0, 0)  # so that whatever the branch starts ends with it
        self.files.enter(files)


def install(kernel: Any, address: str, first_generators: List[Generator], sandbox: Dict[str, Any]) -> None:
    """Called once, before the first cell."""
    Service(kernel, address, first_generators, sandbox).install()
