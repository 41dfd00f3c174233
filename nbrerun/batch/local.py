"""Processes on this machine that check notebooks: ended gently, and nothing of theirs is left however they end.

joblib ends its workers by killing all that descends from them, keepers of kernels included, which would have put back
what a check had to change.
"""

from __future__ import annotations

import contextlib
import os
import signal
import tempfile
import threading
from collections.abc import Iterator
from typing import Any

import psutil

from nbrerun.probe.process.forking import die_with_parent
from nbrerun.probe.sandbox.undo import undo

_SECONDS_TO_END = 15.0


@contextlib.contextmanager
def shelter() -> Iterator[str]:
    """A folder for what workers keep while they work; nothing of that is left when it is gone."""
    with tempfile.TemporaryDirectory(prefix="nbrerun-", ignore_cleanup_errors=True) as place:
        try:
            with _ending_gently_on_signals():
                yield place
        finally:
            for kernel in os.scandir(place):  # whose keeper had no time for it
                undo(kernel.path)


@contextlib.contextmanager
def _ending_gently_on_signals() -> Iterator[None]:
    """An interrupt reaches the workers first: by the time that joblib hears of it, they are idle."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def interrupt(*_: Any) -> None:
        for number in before:
            signal.signal(number, signal.default_int_handler)  # whoever cannot wait asks once more
        end_gently()
        raise KeyboardInterrupt

    for number in before:
        signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def end_gently() -> None:
    """Interrupt the workers that are at something, and wait for the end of their kernels."""
    kernels = []
    for worker in psutil.Process().children():
        with contextlib.suppress(psutil.Error):  # it has ended
            own = worker.children()
            if own:
                worker.send_signal(signal.SIGINT)
                kernels += own
    psutil.wait_procs(kernels, timeout=_SECONDS_TO_END)


@contextlib.contextmanager
def at_work(place: str) -> Iterator[None]:
    """What a worker does within is ended by the first interrupt; more of them do not disturb the ending.

    Args:
        place: the shelter.
    """
    tempfile.tempdir = place
    die_with_parent()
    signal.signal(signal.SIGINT, _interrupt_once)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def _interrupt_once(*_: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise KeyboardInterrupt
