"""Worker processes on this machine: they are ended gently, and leave nothing behind however they end.

Each has a pool of its own, since a pool ends all of its workers when one has died. A worker is ended with all its
descendants. Among these are the keepers of kernels, which restore what a check had to change. See
docs/decisions.md#notebooks-side-by-side.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import signal
import tempfile
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, wait
from typing import Any

import psutil

from nbrerun.engine.folders import Folder
from nbrerun.probe.process.forking import die_with_parent
from nbrerun.probe.sandbox.undo import undo

_SECONDS_TO_END = 15.0
"""How long to wait for the kernels of interrupted workers."""


_THREADS = ("OMP", "OPENBLAS", "MKL", "BLIS", "VECLIB", "NUMBA", "NUMEXPR")
"""Libraries with threads of their own, by the beginning of the variables that limit them."""


def answers(
    function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]], size: int, died: Callable[[int], Any]
) -> Generator[tuple[int, Any], None, None]:
    """Call a function in worker processes, and yield what it returns as soon as it does, with the position of the task.

    Args:
        tasks: the arguments of each call.
        size: how many calls are made at the same time.
        died: what to yield for a call whose process has died, by the position of the task.
    """
    from joblib.externals.loky.process_executor import BrokenProcessPool

    idle = [_pool(size) for _ in range(min(size, len(tasks)))]
    waiting = enumerate(tasks)
    busy: dict[Any, tuple[int, Any]] = {}
    try:
        while True:
            for position, task in itertools.islice(waiting, len(idle)):
                pool = idle.pop()
                busy[pool.submit(function, *task)] = position, pool
            if not busy:
                return
            for future in wait(busy, return_when=FIRST_COMPLETED).done:
                position, pool = busy.pop(future)
                try:
                    answer = future.result()
                except BrokenProcessPool:
                    answer = died(position)
                    pool.shutdown(kill_workers=True)
                    pool = _pool(size)
                idle.append(pool)
                yield position, answer
    finally:
        end_gently()
        for pool in [*idle, *(pool for _, pool in busy.values())]:
            pool.shutdown(kill_workers=True)


def _pool(size: int) -> Any:
    """Make a pool of one process, which shares the cores with the others."""
    from joblib import cpu_count
    from joblib.externals.loky.process_executor import ProcessPoolExecutor

    threads = str(max(1, cpu_count() // size))
    names = [f"{library}_{'MAXIMUM' if library == 'VECLIB' else 'NUM'}_THREADS" for library in _THREADS]
    env = {name: os.environ.get(name, threads) for name in names}
    return ProcessPoolExecutor(1, env=env, initializer=_end_with, initargs=(os.getpid(),))


def _end_with(parent: int) -> None:
    """In a worker, before its first task: have it end with the process that wants its work."""
    die_with_parent()
    if os.getppid() != parent:  # it has ended already
        os._exit(1)


@contextlib.contextmanager
def shelter() -> Iterator[str]:
    """Provide a folder for the temporary files of workers, and undo on exit what killed workers left there."""
    folder = Folder()
    try:
        with _ending_gently_on_signals():
            yield folder.path
    finally:
        for kernel in os.scandir(folder.path):  # of keepers that were killed before they could undo it themselves
            if kernel.is_dir():
                undo(kernel.path)
        folder.remove()


@contextlib.contextmanager
def _ending_gently_on_signals() -> Iterator[None]:
    """Pass an interrupt on to the workers first, so that they are idle by the time joblib kills them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers if signal.getsignal(number) != signal.SIG_IGN}

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
    signal.signal(signal.SIGINT, interrupt_once)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # a closed terminal sends it to all; the parent interrupts the workers
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
