"""How a command ends: a sentence on stderr if something went wrong, and the exit code."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from typing import NoReturn

import click

from nbrerun.errors import NbrerunError

WRONG_USAGE, INTERRUPTED = 2, 130
"""Exit codes of a command that ran no notebook."""


def end(command: Callable[[], int | None]) -> NoReturn:
    """Run a command and exit with the code that it returns; an error of nbrerun becomes a sentence."""
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
def signals_interrupt() -> Iterator[None]:
    """Make SIGTERM and SIGHUP raise KeyboardInterrupt, as Ctrl-C does: what was found is reported, nothing is left."""
    if threading.current_thread() is not threading.main_thread():  # only the main thread may set a handler
        yield
        return
    numbers = [signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # what nohup(1) has set to be ignored stays so
        numbers.append(signal.SIGHUP)
    before = {number: signal.signal(number, signal.default_int_handler) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def count(number: int, word: str) -> str:
    """Render `3 notebooks`."""
    return f"{number} {word}{'' if number == 1 else 's'}"


def say(sentence: str) -> None:
    """Write a sentence for the user to stderr, with nothing that a terminal or a CI service would obey."""
    from nbrerun.batch import displayed
    from nbrerun.reporters.text import one_line

    click.echo(f"nbrerun: {displayed.sentence(one_line(sentence))}", err=True)
