"""How a command ends: a sentence on stderr for what went wrong, and the exit code."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator

import click

from nbrerun.errors import NbrerunError

WRONG_USAGE, INTERRUPTED = 2, 130
"""Exit codes where nothing was run."""


def end(command: Callable[[], int | None]) -> None:
    """Do it, and exit."""
    try:
        code = command() or 0
    except NbrerunError as error:
        say(str(error))
        code = WRONG_USAGE
    except KeyboardInterrupt:
        say("interrupted before anything was run")
        code = INTERRUPTED
    raise SystemExit(int(code))


@contextlib.contextmanager
def sigterm_interrupts() -> Iterator[None]:
    """Let SIGTERM do what Ctrl-C does; only the main thread may say so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def count(number: int, word: str) -> str:
    """Write `3 notebooks`."""
    return f"{number} {word}{'' if number == 1 else 's'}"


def say(sentence: str) -> None:
    """Tell the person something, beside the report."""
    click.echo(f"nbrerun: {sentence}", err=True)
