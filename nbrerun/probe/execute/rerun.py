"""Runs cells again, the way ipykernel runs them, and notes what the run bound."""

from __future__ import annotations

import time
import traceback
import weakref
from typing import Any, Callable, Dict, Iterable, List, NamedTuple, Optional, Set

from ..adapters.generic import is_user_class
from ..protocol.messages import Error
from ..read.namespace import AUTOMATIC, user_names
from ..read.parts import parts
from ..read.walk import Reader
from ..source.dependencies import global_stores, reachable, seeds, through_calls, trains
from ..source.inputs import incidental, static_binds
from .tracer import Marks

_DEEPEST_TRACEBACK = 30


class Ran(NamedTuple):
    """What running some cells came to."""

    error: Optional[Error]
    seconds: float
    bound: Set[str]
    passed: Set[str]
    asked: Set[str]
    reads: Set[str]
    replaced: Set[str]
    seeds: bool
    trains: bool


async def run_cells(shell: Any, sources: List[str], marks: Marks) -> Ran:
    """Run cells one after the other until one raises."""
    reads = reach(shell, sources)
    identities = Identities(user_names(shell))
    marks.install(shell)
    error: Optional[Error] = None
    started = time.perf_counter()
    shell.kernel._forward_input(allow_stdin=False)  # as in a first run: input() raises
    try:
        for source in sources:
            error = await _run(shell, source)
            if error is not None:
                break
    finally:
        seconds = time.perf_counter() - started
        marks.remove(shell)
        shell.kernel._restore_input()
    namespace = user_names(shell)
    reads |= reach(shell, sources)
    bound = marks.names("binds") | global_stores(marks.names("calls"), namespace)
    passed = marks.names("passes") | through_calls(marks.names("calls"), namespace)
    asked = {name for name in marks.names("asks") if name in namespace and is_user_class(type(namespace[name]))}
    text = _text(shell, sources)
    sets, fits = seeds(text, reads, namespace), trains(text, reads, namespace)
    return Ran(error, seconds, bound, passed, asked, reads, identities.replaced(namespace), sets, fits)


class Identities:
    """Tells later which names still hold the very same object.

    An address alone does not tell: a new object may lie where the old one was. So objects are watched by
    weak references, and builtin containers, which have none, are held on to.
    """

    def __init__(self, namespace: Dict[str, Any]) -> None:
        self._watched = {name: _watch(value) for name, value in namespace.items()}

    def replaced(self, namespace: Dict[str, Any]) -> Set[str]:
        """Names of `namespace` that hold another object than before, or held none."""
        return {name for name, value in namespace.items() if not self._is_same(name, value)}

    def _is_same(self, name: str, value: Any) -> bool:
        return name in self._watched and self._watched[name]() is value


class Parts:
    """Tells later which parts of some objects have been thrown away: others may lie at their addresses since."""

    def __init__(self, values: Iterable[Any]) -> None:
        reader = Reader()
        self._watched = {id(each.value): _watch(each.value) for value in values for each in parts("", value, reader)}

    def gone(self) -> List[int]:
        """Their addresses."""
        return [address for address, part in self._watched.items() if part() is None]


def _watch(value: Any) -> Callable[[], Any]:
    try:
        return weakref.ref(value)
    except TypeError:
        return lambda: value


def reach(shell: Any, sources: List[str]) -> Set[str]:
    """Names whose values matter to the cells as they stand now."""
    return reachable(_text(shell, sources), user_names(shell))


def touchable(shell: Any, sources: List[str]) -> Set[str]:
    """Names that the cells may read or bind."""
    namespace = user_names(shell)
    reached = reach(shell, sources)
    return reached | static_binds(_text(shell, sources)) | global_stores(reached, namespace)


def loose(shell: Any, sources: List[str]) -> Set[str]:
    """Loop variables and handles that the cells leave behind."""
    return incidental(_text(shell, sources))


def _text(shell: Any, sources: List[str]) -> str:
    try:
        return "\n".join(shell.transform_cell(source) for source in sources)
    except SyntaxError:
        return ""


async def follow(shell: Any, source: str) -> bool:
    """Run a cell as the main run does; whether it raised."""
    shell.kernel._forward_input(allow_stdin=False)
    try:
        return await _run(shell, source, history=True) is not None
    finally:
        shell.kernel._restore_input()


async def _run(shell: Any, source: str, history: bool = False) -> Optional[Error]:
    """Like ipykernel's `do_execute`, without a reply."""
    try:
        transformed = shell.transform_cell(source)
    except SyntaxError:
        transformed = source
    if shell.should_run_async(source, transformed_cell=transformed):
        result = None
        try:
            result = await shell.run_cell_async(source, store_history=history, transformed_cell=transformed)
        finally:
            shell.events.trigger("post_execute")
            shell.events.trigger("post_run_cell", result)
    else:
        result = shell.run_cell(source, store_history=history)
    shell.payload_manager.clear_payload()
    raised = result.error_before_exec or result.error_in_exec
    return None if raised is None else describe_error(raised)


def describe_error(raised: BaseException) -> Error:
    """Name, text and traceback of an exception, from the cell's own frame on."""
    frames = [frame for frame in traceback.extract_tb(raised.__traceback__) if not _is_ours(frame.filename)]
    try:
        text = str(raised)
    except Exception:  # noqa: BLE001  a person's exception may fail at anything
        text = "(no text)"
    lines = [*traceback.format_list(frames[-_DEEPEST_TRACEBACK:]), f"{type(raised).__name__}: {text}\n"]
    return {"ename": type(raised).__name__, "evalue": text, "traceback": "".join(lines).splitlines()}


def _is_ours(filename: str) -> bool:
    return "/IPython/core/" in filename or filename == __file__


class HistoryKept:
    """Puts back what displaying results leaves behind: `_`, `Out` and the names that go with them."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._names = [(names, _automatic(names)) for names in (shell.user_ns, shell.user_ns_hidden)]
        self._out: Dict[int, Any] = dict(shell.user_ns.get("_oh", {}))
        self._hook = {name: getattr(shell.displayhook, name, "") for name in ("_", "__", "___")}
        self._count = shell.execution_count

    def restore(self) -> None:
        """As if nothing had been run."""
        for names, kept in self._names:
            for name in _automatic(names).keys() - kept.keys():
                del names[name]
            names.update(kept)
        out = self._shell.user_ns.get("_oh", {})
        out.clear()
        out.update(self._out)
        for name, value in self._hook.items():
            setattr(self._shell.displayhook, name, value)
        self._shell.execution_count = self._count


def _automatic(names: Dict[str, Any]) -> Dict[str, Any]:
    return {name: value for name, value in names.items() if AUTOMATIC.fullmatch(name)}
