"""Worker processes on this machine: they are ended gently, and leave nothing behind however they end.

joblib kills its workers with all their descendants. Among these are the keepers of kernels, which restore what a check
had to change. See docs/decisions.md#notebooks-side-by-side.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import tempfile
import threading
from collections.abc import Iterator
from typing import Any

import psutil

from nbrerun.engine.arrivals import short_place
from nbrerun.probe.process.forking import die_with_parent
from nbrerun.probe.sandbox.undo import undo

_SECONDS_TO_END = 15.0
"""How long to wait for the kernels of interrupted workers."""


@contextlib.contextmanager
def shelter() -> Iterator[str]:
    """Provide a folder for the temporary files of workers, and undo on exit what killed workers left there."""
    with tempfile.TemporaryDirectory(prefix="nbrerun-", dir=short_place(), ignore_cleanup_errors=True) as place:
        try:
            with _ending_gently_on_signals():
                yield place
        finally:
            for kernel in os.scandir(place):  # of keepers that were killed before they could undo it themselves
                undo(kernel.path)


@contextlib.contextmanager
def _ending_gently_on_signals() -> Iterator[None]:
    """Pass an interrupt on to the workers first, so that they are idle by the time joblib kills them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def interrupt(*_: Any) -> None:
        for number in before:
            signal.signal(number, signal.default_int_handler)  # a second Ctrl-C does not wait
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
    """Interrupt the workers that are busy, and wait until their kernels have ended."""
    kernels = []
    for worker in psutil.Process().children():
        with contextlib.suppress(psutil.Error):  # the worker has ended meanwhile
            own = worker.children()
            if own:
                worker.send_signal(signal.SIGINT)
                kernels += own
    psutil.wait_procs(kernels, timeout=_SECONDS_TO_END)


@contextlib.contextmanager
def at_work(place: str) -> Iterator[None]:
    """Let the first interrupt end what a worker does within; further interrupts do not disturb its clean-up.

    Args:
        place: the folder of `shelter`.
    """

    def interrupt_once(*_: Any) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        # A task that still waits for the kernel's reply fails when the kernel ends, and asyncio would say so on stderr.
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)
        raise KeyboardInterrupt

    tempfile.tempdir = place
    die_with_parent()
    signal.signal(signal.SIGINT, interrupt_once)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
