"""Runs a cell as if the kernel had been restarted: without the names that other cells have bound."""

from __future__ import annotations

import re
import sys
import types
from typing import Any, Dict, Iterable, List, Optional

from .marks import Marks
from .messages import Alone
from .names import user_names
from .running import describe_error, reach, run_cells

_NOT_DEFINED = re.compile(r"name '(\w+)' is not defined")


class Stripped:
    """A namespace whose names are put away; they are given back one by one, as far as they are missed."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._kept = user_names(shell)

    async def run(self, source: str, given: Iterable[str]) -> Alone:
        """Run a cell with these names only, and say which one it misses first."""
        self._give(given)
        left = sorted((reach(self._shell, [source]) & self._kept.keys()) - set(given))
        if given and not left:  # it cannot miss anything any more, so it need not be run
            return {"error": None, "missing": None, "through": None}
        shown: List[Optional[BaseException]] = []
        self._shell.showtraceback = lambda *_, **__: shown.append(sys.exc_info()[1])
        try:
            await run_cells(self._shell, [source], Marks())
        finally:
            del self._shell.showtraceback
        error = _cause(shown[-1]) if shown else None
        if error is None:
            return {"error": None, "missing": None, "through": None}
        missing = _missing(error)
        through = _through(error, self._shell.user_ns) if missing else None
        return {"error": describe_error(error), "missing": missing, "through": through}

    def restore(self) -> None:
        """Every name has its value again."""
        self._give(self._kept)

    def _give(self, names: Iterable[str]) -> None:
        namespace = self._shell.user_ns
        for name in user_names(self._shell):
            del namespace[name]
        namespace.update({name: self._kept[name] for name in names if name in self._kept})


def _cause(error: Optional[BaseException]) -> Optional[BaseException]:
    """The missed name behind an error, if there is one: leaving a `with` block may raise on top of it."""
    cause = error
    while cause is not None:
        if _missing(cause):
            return cause
        cause = cause.__context__
    return error


def _missing(error: BaseException) -> Optional[str]:
    if not isinstance(error, NameError) or isinstance(error, UnboundLocalError):
        return None
    found = _NOT_DEFINED.search(str(error))
    return getattr(error, "name", None) or (found[1] if found else None)


def _through(error: BaseException, namespace: Dict[str, Any]) -> Optional[str]:
    """The function of another cell in which a name was missed."""
    frames = [frame for frame in _frames(error.__traceback__) if frame.f_globals is namespace]
    frame = frames[-1] if frames else None
    if frame is None or frame.f_code.co_name == "<module>" or frame.f_code.co_filename == frames[0].f_code.co_filename:
        return None
    itself = frame.f_locals.get("self")
    if type(itself).__module__ == "__main__":
        return type(itself).__name__
    return str(getattr(frame.f_code, "co_qualname", frame.f_code.co_name)).split(".")[0]


def _frames(traceback: Optional[types.TracebackType]) -> Iterable[types.FrameType]:
    while traceback is not None:
        yield traceback.tb_frame
        traceback = traceback.tb_next
