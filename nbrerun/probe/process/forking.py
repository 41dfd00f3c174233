"""Forks the kernel so that both sides go on living: what has to be put right before and after."""

from __future__ import annotations

import asyncio
import gc
import os
import random
import resource
import signal
import sys
import threading
from typing import Any

from ..describe.quiet import unwarned
from ..sandbox import syscalls
from .fork_hazards import openmp_pauses

_HARD_PAUSE = 2


def fork() -> int:
    """`os.fork`, with the generator of `random` left where it was (Python reseeds it in the child)."""
    drawn = random.getstate()
    with unwarned():  # Python warns about forking with threads
        pid = os.fork()
    if pid == 0:
        random.setstate(drawn)
        die_with_parent()
    return pid


def draw_anew() -> None:
    """Seed the generators as a fresh kernel does: from the system, so that no draw is known beforehand."""
    random.seed()
    numpy_random: Any = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()


def die_with_parent() -> None:
    """Have this process killed as soon as its parent is gone (Linux; elsewhere end of file must do)."""
    if sys.platform == "linux":
        syscalls.die_with_parent(signal.SIGKILL)


def pause_openmp() -> None:
    """Free the thread pools of every OpenMP library, so that a forked child can start its own.

    Without it the child waits for ever for threads that it has not inherited
    (OpenMP 5.0, omp_pause_resource_all).
    """
    for pause in openmp_pauses():
        if pause is not None:
            pause(_HARD_PAUSE)


def make_alone(kernel: Any) -> None:
    """In a forked child: let go of all that is shared with the kernel it came from."""
    gc.freeze()  # collecting would write to every page, and run a person's __del__
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _silence(kernel)
    _forget_workers()
    _forget_loops(kernel.shell)


def _silence(kernel: Any) -> None:
    """Nothing that is printed or displayed here may reach the notebook."""
    kernel.session.send = lambda *args, **kwargs: None
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 1)
    os.dup2(null, 2)
    os.close(null)
    stream_type = type(sys.stdout)
    if stream_type.__module__ == "ipykernel.iostream":
        stream_type.write = _swallow  # type: ignore[method-assign]
        stream_type.flush = lambda self: None  # type: ignore[method-assign]


def _swallow(_stream: Any, text: str) -> int:
    if not isinstance(text, str):
        raise TypeError(f"write() argument must be str, not {type(text)}")
    return len(text)


def _forget_workers() -> None:
    """joblib's executor and resource trackers belong to the parent; asking them would hang."""
    executor = sys.modules.get("joblib.externals.loky.reusable_executor")
    if executor is not None:
        executor._executor = None  # type: ignore[attr-defined]
    for name in ("joblib.externals.loky.backend.resource_tracker", "multiprocessing.resource_tracker"):
        module: Any = sys.modules.get(name)
        if module is not None:
            module._resource_tracker = module.ResourceTracker()
            for alias in ("ensure_running", "register", "unregister", "maybe_unlink", "getfd"):
                if hasattr(module, alias):
                    setattr(module, alias, getattr(module._resource_tracker, alias))


def _forget_loops(shell: Any) -> None:
    """Event loops cannot be shared; neither can locks that another thread may have held."""
    asyncio.set_event_loop(asyncio.new_event_loop())
    script = sys.modules.get("IPython.core.magics.script")
    if script is not None:
        for magics in shell.magics_manager.registry.values():
            if isinstance(magics, script.ScriptMagics):
                magics.event_loop = None
    history = shell.history_manager
    for lock in ("db_input_cache_lock", "db_output_cache_lock"):
        if hasattr(history, lock):
            setattr(history, lock, threading.Lock())
