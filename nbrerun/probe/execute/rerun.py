"""Runs cells again, the way ipykernel runs them, and records what the run bound and replaced."""

from __future__ import annotations

import asyncio
import time
import traceback
import weakref
from typing import Any, Callable, Collection, Dict, Iterable, List, NamedTuple, Optional, Set

from ..adapters.generic import ancestry, module_of
from ..protocol.messages import Error
from ..read.namespace import user_names
from ..read.parts import parts
from ..read.walk import Reader, is_atom
from ..source.dependencies import global_stores, notebook_functions, through_calls
from ..source.ipython_names import is_automatic
from .cells import Cells
from .tracer import Tracer
from .user_functions import MarkedFunctions

_TURNS = 10
"""Of the event loop after a run: what cells have left to it happens there, as it does before the next cell."""

_DEEPEST_TRACEBACK = 30
"""Frames of a traceback that are reported, the innermost ones."""


class Ran(NamedTuple):
    """The outcome of running some cells. Its sets are names of the notebook."""

    error: Optional[Error]
    seconds: float
    bound: Set[str]
    passed: Set[str]
    """Passed to a call, or within reach of a function that was called."""
    reads: Set[str]
    """Within reach of the cells, before or after they ran."""
    bound_first: Set[str]
    """Bound before anything that ran mentioned them."""
    replaced: Set[str]
    """Hold another object than before, or held none."""
    parted: Set[str]
    """Had an object in common with a watched variable, which has kept it."""


class Identities:
    """Which names hold the very same object as when this was created.

    Addresses do not tell, since a new object may be created where the old one was. So objects are watched by weak
    references; builtin containers have none and are kept alive.
    """

    def __init__(self, namespace: Dict[str, Any], may_resize: bool = False) -> None:
        """Watch the objects.

        Args:
            may_resize: arrays may be resized in place, so that nothing may refer to them; an array whose name is
                bound counts as a new value then.
        """
        apart = {name: id(value) for name, value in namespace.items() if may_resize and _is_array(value)}
        self._watched = {name: _watch(value) for name, value in namespace.items() if name not in apart}
        self._addresses = apart

    def replaced(self, namespace: Dict[str, Any], bound: Set[str]) -> Set[str]:
        """Names of `namespace` that hold another object than before, or held none; `bound` are those given one."""
        return {name for name, value in namespace.items() if not self._is_same(name, value, name in bound)}

    def _is_same(self, name: str, value: Any, is_bound: bool) -> bool:
        if name in self._addresses:
            return self._addresses[name] == id(value) and not is_bound
        return name in self._watched and self._watched[name]() is value


class Shared:
    """Which objects some names share with variables that hold them, too.

    A run may bind such a name to an equal object, and leave the holder the former one. The values are equal then, but
    what is done to the one does not reach the other any more.
    """

    def __init__(self, namespace: Dict[str, Any], names: Set[str], holders: Set[str], may_resize: bool) -> None:
        """Find them, except for arrays if they may be resized in place."""
        names, self._holders = names & namespace.keys() - holders, holders & namespace.keys()
        held = _objects_in(namespace, self._holders) if names else {}
        self._shared = [
            (name, part.path, _watch(part.value))
            for name in sorted(names if held else ())
            for part in parts(name, namespace[name], Reader())
            if id(part.value) in held and not is_atom(part.value) and not (may_resize and _is_array(part.value))
        ]

    def parted(self, namespace: Dict[str, Any]) -> Set[str]:
        """Names that have another object in such a place, while the holder has the former one."""
        held = _objects_in(namespace, self._holders & namespace.keys()) if self._shared else {}
        now: Dict[str, Dict[str, int]] = {}
        found = set()
        for name, path, watched in self._shared:
            if name in namespace and name not in now:
                now[name] = {part.path: id(part.value) for part in parts(name, namespace[name], Reader())}
            value = watched()
            if value is not None and id(value) in held and now.get(name, {}).get(path) != id(value):
                found.add(name)
        return found


def _objects_in(namespace: Dict[str, Any], names: Set[str]) -> Dict[int, Any]:
    """The parts of variables by address; kept alive, so that it stays theirs."""
    reader = Reader()
    return {id(part.value): part.value for name in names for part in parts(name, namespace[name], reader)}


class Parts:
    """Which parts of some objects have been deleted since: other objects may lie at their addresses by now."""

    def __init__(self, values: Iterable[Any], may_resize: bool = False) -> None:
        """Watch the parts, except for arrays if they may be resized in place."""
        reader = Reader()
        found = (each.value for value in values for each in parts("", value, reader))
        self._watched = {id(part): _watch(part) for part in found if not (may_resize and _is_array(part))}

    def gone(self) -> List[int]:
        """The addresses of deleted parts."""
        return [address for address, part in self._watched.items() if part() is None]


def _watch(value: Any) -> Callable[[], Any]:
    try:
        return weakref.ref(value)
    except TypeError:
        return lambda: value


def _is_array(value: Any) -> bool:
    return any(f"{module_of(cls)}.{cls.__name__}" == "numpy.ndarray" for cls in ancestry(type(value)))


class HistoryKept:
    """Puts back what displaying results leaves behind: `_`, `Out` and the names that go with them."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._names = [(names, _automatic(names)) for names in (shell.user_ns, shell.user_ns_hidden)]
        self._out: Dict[int, Any] = dict(shell.user_ns.get("_oh", {}))
        self._hook = {name: getattr(shell.displayhook, name, "") for name in ("_", "__", "___")}
        self._count = shell.execution_count

    def restore(self) -> None:
        """Make it as if nothing had been run."""
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
    return {name: value for name, value in names.items() if type(name) is str and is_automatic(name)}


async def run_cells(shell: Any, cells: Cells, tracer: Tracer, watched: Collection[str] = ()) -> Ran:
    """Run cells one after the other until one raises.

    Args:
        shell: ipykernel's interactive shell.
        tracer: records which of their statements run.
        watched: names of variables that the first run changed.
    """
    namespace = user_names(shell)
    reads = cells.reach(namespace)
    may_resize = cells.may_resize(namespace)
    identities = Identities(namespace, may_resize)
    shared = Shared(namespace, cells.may_bind(reads, namespace) if watched else set(), set(watched), may_resize)
    functions = MarkedFunctions(tracer.marker)
    if tracer.marker.in_functions:
        functions.mark(notebook_functions(reads, namespace))
    del namespace  # it would keep alive what the cells delete
    tracer.install(shell)
    error: Optional[Error] = None
    started = time.perf_counter()
    shell.kernel._forward_input(allow_stdin=False)  # as in the first run: input() raises
    try:
        for source in cells.sources:
            tracer.marker.is_cell_next = True
            error = await _run(shell, source)
            if error is not None:
                break
        for _ in range(_TURNS):
            await asyncio.sleep(0)
    finally:
        seconds = time.perf_counter() - started
        tracer.remove(shell)
        functions.restore()
        shell.kernel._restore_input()
    namespace = user_names(shell)
    reads |= cells.reach(namespace)
    called = tracer.names("calls")
    bound = tracer.names("binds") | global_stores(called, namespace, functions.ids)
    return Ran(
        error,
        seconds,
        bound=bound,
        passed=tracer.names("passes") | through_calls(called, namespace),
        reads=reads,
        bound_first=tracer.bound_first() - through_calls(called, namespace),
        replaced=identities.replaced(namespace, bound),
        parted=shared.parted(namespace),
    )


async def follow(shell: Any, source: str) -> bool:
    """Run a cell as the main run does, with a place in the history.

    Returns:
        Whether it raised.
    """
    shell.kernel._forward_input(allow_stdin=False)
    try:
        return await _run(shell, source, history=True) is not None
    finally:
        shell.kernel._restore_input()


def describe_error(raised: BaseException) -> Error:
    """Name, text and traceback of an exception, from the cell's own frame on."""
    frames = [
        frame
        for frame in traceback.extract_tb(raised.__traceback__)
        if "/IPython/core/" not in frame.filename and frame.filename != __file__
    ]
    try:
        text = str.__str__(str(raised))  # `__str__` may return a subclass of str, which cannot be sent
    except Exception:  # noqa: BLE001  the `__str__` of a user's exception may raise anything
        text = "(no text)"
    # The class may define `__name__` for itself, and may have been made with a name that is a subclass of str.
    name = str.__str__(type.__dict__["__name__"].__get__(type(raised)))
    lines = [*traceback.format_list(frames[-_DEEPEST_TRACEBACK:]), f"{name}: {text}\n"]
    return {"ename": name, "evalue": text, "traceback": "".join(lines).splitlines()}


async def _run(shell: Any, source: str, history: bool = False) -> Optional[Error]:
    """Run one cell as ipykernel's `do_execute` does (ipykernel/ipkernel.py), but without a reply to a client."""
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
