"""Runs a cell as if the kernel had been restarted, without the names that other cells have bound."""

from __future__ import annotations

import pickle
import re
import sys
import types
from functools import lru_cache
from typing import Any, Dict, Iterable, Iterator, List, Optional, Set, Tuple

from ..protocol.messages import Alone
from ..read.namespace import user_names
from ..source.dependencies import codes, pickles, through_calls
from .cells import Cells
from .rerun import describe_error, run_cells
from .tracer import Tracer

_NOT_DEFINED = re.compile(r"name '(\w+)' is not defined")
_NOT_FOUND = re.compile(
    r"Can't get attribute '(\w+)[^']*' on <module '__main__'"
    r"|attribute lookup (\w+)\S* on __main__ failed"
    r"|it's not found as __main__\.(\w+)"
)
"""Messages of pickle (Lib/pickle.py, Modules/_pickle.c) about a class or a function missing from the notebook."""


class Stripped:
    """A namespace without the user's names, some of which are given back for each run."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._kept = user_names(shell)

    async def run(self, source: str, given: Iterable[str]) -> Alone:
        """Run a cell with these names only.

        Returns:
            What it raised; the first name that it missed; and the function or class through which it missed that.
        """
        self._give(given)
        cells = Cells(self._shell, [source])
        reached = cells.reach(user_names(self._shell))
        left = (reached & self._kept.keys()) - set(given)
        if given and not left and not pickles(source, reached, self._shell.user_ns):
            # It cannot miss any other name, so it need not be run.
            return {"error": None, "missing": None, "through": None}
        shown: List[Optional[BaseException]] = []
        self._shell.showtraceback = lambda *_, **__: shown.append(sys.exc_info()[1])
        try:
            await run_cells(self._shell, cells, Tracer(in_functions=False))
        finally:
            del self._shell.showtraceback
        error = _cause(shown[-1]) if shown else None
        if error is None:
            missing, through = self._answered_from_cache(given, left)
            return {"error": None, "missing": missing, "through": through}
        missing = _missing(error)
        through = _through(error, self._shell.user_ns, self._kept) if missing else None
        return {"error": describe_error(error), "missing": missing, "through": through}

    def restore(self) -> None:
        """Give all names back."""
        self._give(self._kept)

    def _answered_from_cache(self, given: Iterable[str], left: Set[str]) -> Tuple[Optional[str], Optional[str]]:
        """A name that a cached function would miss after a restart, when its cache is empty; and that function."""
        for function in sorted(name for name in given if _has_cached(self._kept.get(name))):
            for name in sorted(through_calls({function}, self._kept) & left):
                return name, function
        return None, None

    def _give(self, names: Iterable[str]) -> None:
        namespace = self._shell.user_ns
        for name in user_names(self._shell):
            del namespace[name]
        namespace.update({name: self._kept[name] for name in names if name in self._kept})


def _has_cached(value: Any) -> bool:
    """Whether a value is a function under `functools.lru_cache` that has been called."""
    kind = type(value)
    return kind is type(lru_cache(len)) and bool(kind.cache_info(value).currsize)


def _cause(error: Optional[BaseException]) -> Optional[BaseException]:
    """The error about a missing name that led to this one, or else this one: leaving a `with` may raise another."""
    cause = error
    while cause is not None:
        if _missing(cause):
            return cause
        cause = cause.__context__
    return error


def _missing(error: BaseException) -> Optional[str]:
    """The name of the notebook that an error is about, if it is about one."""
    if isinstance(error, NameError) and not isinstance(error, UnboundLocalError):
        found = _NOT_DEFINED.search(str(error))
        return getattr(error, "name", None) or (found[1] if found else None)  # `name` came with Python 3.10
    if isinstance(error, (AttributeError, pickle.PicklingError)):
        found = _NOT_FOUND.search(str(error))
        return next(filter(None, found.groups())) if found else None
    return None


def _through(error: BaseException, namespace: Dict[str, Any], kept: Dict[str, Any]) -> Optional[str]:
    """The innermost function or class of another cell in which a name was missed and which itself has a name.

    Args:
        namespace: the notebook's, as it was while the cell ran.
        kept: all names that the notebook had before.
    """
    frames = [frame for frame in _frames(error.__traceback__) if frame.f_globals is namespace]
    for frame in reversed(frames):
        code = frame.f_code
        if code.co_name == "<module>" or code.co_filename == frames[0].f_code.co_filename:
            return None  # the cell itself
        found = next((name for name in _owners(frame, kept) if name in kept), None)
        if found is not None:
            return found
    return None


def _owners(frame: types.FrameType, kept: Dict[str, Any]) -> Iterator[str]:
    """Names by which the notebook may know the function of a frame, the most likely first."""
    itself = frame.f_locals.get("self")
    if type(itself).__module__ == "__main__":
        yield type(itself).__name__
    parts = str(getattr(frame.f_code, "co_qualname", frame.f_code.co_name)).split(".")
    yield parts[0]
    # TensorFlow's AutoGraph compiles a function `f` to `tf__f`, inside functions of its own.
    yield from (part[len("tf__") :] for part in parts if part.startswith("tf__"))
    # A lambda is called `<lambda>`, whatever it is assigned to.
    yield from (name for name, value in kept.items() if any(code is frame.f_code for code in codes(value)))


def _frames(traceback: Optional[types.TracebackType]) -> Iterable[types.FrameType]:
    while traceback is not None:
        yield traceback.tb_frame
        traceback = traceback.tb_next
