"""`%%rerun` and `%nbrerun`, and what `%load_ext nbrerun` does."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from IPython.core.error import UsageError

from nbrerun.live import display
from nbrerun.live.session import Refusal, Session
from nbrerun.live.source import without_magic
from nbrerun.live.undo import told_undone

_USAGE = """\
%%rerun               at the top of a cell: run it, and say below it what running it once more would do
%nbrerun              the same for the cell that was run last
%nbrerun auto on      do so after every cell, in the background; `%nbrerun auto off` ends that
%nbrerun limit 60     run cells again by themselves that take up to 60 seconds (10 at first)
%nbrerun undo         give the names back what they held before the last cell
%nbrerun restart      say what a restart would lose, and which cells bring models back"""

_PROBE = "_nbrerun_probe"
"""The module by which a check has loaded the probe into its kernel (`engine/loading.py`)."""

_session: Session | None = None


def load(shell: Any) -> None:
    """Begin to answer.

    Raises:
        UsageError: this is not a kernel of Jupyter's that can be forked.
    """
    global _session
    if _session is not None:
        return
    if getattr(shell, "kernel", None) is None:
        raise UsageError("nbrerun works in a Jupyter kernel, and this is IPython in a terminal")
    if _PROBE in sys.modules:  # a notebook with these lines is being checked: cells run as if they were not there
        shell.input_transformers_cleanup.append(lambda lines: without_magic("".join(lines)).splitlines(keepends=True))
        shell.register_magic_function(lambda line: None, "line", "nbrerun")
        return
    _session = Session(shell)
    shell.input_transformers_cleanup.append(_without_magic)
    shell.register_magic_function(_line, "line", "nbrerun")
    shell.register_magic_function(_cell, "cell", "rerun")


def unload(shell: Any) -> None:
    """Answer no more."""
    global _session
    if _session is not None:
        _session.close()
        _session = None
        shell.input_transformers_cleanup.remove(_without_magic)
        shell.magics_manager.magics["line"].pop("nbrerun", None)
        shell.magics_manager.magics["cell"].pop("rerun", None)


def _without_magic(lines: list[str]) -> list[str]:
    """Have a cell run as if `%%rerun` did not stand above it: the session sees it there.

    In the body of another magic nobody sees it.
    """
    if _session is None or _session.is_running:
        return lines
    return without_magic("".join(lines)).splitlines(keepends=True)


def _cell(_line: str, _source: str) -> None:
    """Run this cell, and say below it what running it once more would do."""
    raise UsageError("%%rerun has to be the first line of the cell, and to stand alone there")


def _line(line: str) -> None:
    """Say what running the last cell once more would do; `%nbrerun help` lists what else there is."""
    assert _session is not None, "the magic goes with the session"
    words = line.split()
    command = _COMMANDS.get(words[0] if words else "")
    if command is None:
        print(_USAGE)
    else:
        command(_session, words[1:])


def _rerun(session: Session, _words: list[str]) -> None:
    display.show(session.judged())


def _auto(session: Session, words: list[str]) -> None:
    if words not in (["on"], ["off"]):
        raise UsageError("%nbrerun auto on, or %nbrerun auto off")
    session.auto = words == ["on"]


def _limit(session: Session, words: list[str]) -> None:
    try:
        (word,) = words
        session.limit = float(word)
    except ValueError:
        raise UsageError("%nbrerun limit SECONDS, such as %nbrerun limit 60") from None


def _undo(session: Session, _words: list[str]) -> None:
    try:
        back, last = session.undone()
    except Refusal as refusal:
        display.show(display.told(str(refusal)))
    else:
        display.show(told_undone(back, last.cell["count"]))


def _restart(session: Session, _words: list[str]) -> None:
    display.show(session.restart())


_COMMANDS: dict[str, Callable[[Session, list[str]], None]] = {
    "": _rerun,
    "auto": _auto,
    "limit": _limit,
    "undo": _undo,
    "restart": _restart,
}
