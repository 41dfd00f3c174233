"""Fork the kernel so that parent and child both keep working."""

from __future__ import annotations

import gc
import os
import random
import resource
import signal
import sys
import threading
from typing import Any

from ..describe.quiet import warnings_hidden
from ..execute.outputs import shown
from ..read.untouched import own_fork
from ..sandbox import syscalls
from .fork_hazards import openmp_pauses

_HARD_PAUSE = 2
"""`omp_pause_hard`: free everything that can be freed (OpenMP 5.0, `omp_pause_resource_t`)."""


def fork() -> int:
    """Fork as `os.fork` does, without a change to the generator of `random`, which Python reseeds in the child."""
    drawn = random.getstate()
    own_fork(is_under_way=True)
    with warnings_hidden():  # since 3.12 Python warns of a fork while threads are running
        pid = os.fork()
    own_fork(is_under_way=False)
    if pid == 0:
        random.setstate(drawn)
        die_with_parent()
    return pid


def reseed() -> None:
    """Seed the global generators from the system, as a new kernel does."""
    random.seed()
    numpy_random: Any = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()


def die_with_parent() -> None:
    """Have this process killed when its parent ends (on Linux; elsewhere it ends at the end of its input)."""
    if sys.platform == "linux":
        syscalls.die_with_parent(signal.SIGKILL)


def pause_openmp() -> None:
    """Free the thread pools of every OpenMP library, so that a forked child can start its own.

    Otherwise the child would wait forever for threads that it has not inherited (OpenMP 5.0,
    omp_pause_resource_all).
    """
    for pause in openmp_pauses():
        if pause is not None:
            pause(_HARD_PAUSE)


def detach(kernel: Any) -> None:
    """In a forked child: give up everything that is shared with the kernel."""
    gc.freeze()  # a collection would write to every page, and might run a `__del__` of the user's
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole process group
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _silence(kernel)
    _forget_workers()
    _forget_loop_and_locks(kernel.shell)
    name_cells_as_in(os.getppid())


def _silence(kernel: Any) -> None:
    """Keep everything that is printed or displayed here from reaching the notebook; `shown` collects it."""
    kernel.session.send = shown.send
    kernel.shell.InteractiveTB.structured_traceback = lambda *args, **kwargs: []
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 1)
    os.dup2(null, 2)
    os.close(null)
    # ipykernel's streams hand their text to a thread that this process does not have.
    stream_type = type(sys.stdout)
    if stream_type.__module__ == "ipykernel.iostream":
        stream_type.write = _swallow  # type: ignore[method-assign]
        stream_type.flush = lambda self: None  # type: ignore[method-assign]
        for stream in (sys.stdout, sys.stderr):  # IPython leaves a bound method there (InteractiveShell._tee)
            vars(stream).pop("write", None)


def _swallow(stream: Any, text: str) -> int:
    if not isinstance(text, str):
        raise TypeError(f"write() argument must be str, not {type(text)}")
    shown.write(getattr(stream, "name", ""), text)
    return len(text)


def _forget_workers() -> None:
    """Forget joblib's executor, multiprocessing's helpers and the lock of tqdm's workers, which serve the parent."""
    executor = sys.modules.get("joblib.externals.loky.reusable_executor")
    if executor is not None:
        executor._executor = None  # type: ignore[attr-defined]
    for name in ("joblib.externals.loky.backend.resource_tracker", "multiprocessing.resource_tracker"):
        module: Any = sys.modules.get(name)
        if module is not None:
            module._resource_tracker = module.ResourceTracker()
            _bind(module, module._resource_tracker, "ensure_running", "register", "unregister", "maybe_unlink", "getfd")
    module = sys.modules.get("multiprocessing.forkserver")
    if module is not None:
        module._forkserver = module.ForkServer()
        names = ("ensure_running", "get_inherited_fds", "connect_to_new_process", "set_forkserver_preload")
        _bind(module, module._forkserver, *names)
    lock = vars(getattr(sys.modules.get("tqdm.std"), "tqdm", object)).get("_lock")
    if lock is not None and hasattr(lock, "locks"):
        lock.locks = [each for each in lock.locks if not hasattr(each, "_semlock")]


def name_cells_as_in(process: int) -> None:
    """Have the files that stand for cells be named as in another process: tracebacks and warnings name them."""
    compiler: Any = sys.modules.get("ipykernel.compiler")
    if compiler is not None:
        folder = compiler.get_tmp_directory().replace(f"ipykernel_{os.getpid()}", f"ipykernel_{process}")
        compiler.get_tmp_directory = lambda: folder


def _bind(module: Any, helper: Any, *names: str) -> None:
    """Have the functions of a module be methods of another object."""
    for name in names:
        if hasattr(module, name):
            setattr(module, name, getattr(helper, name))


def _forget_loop_and_locks(shell: Any) -> None:
    """Forget the event loop of `%%bash`, which cannot be shared, and locks that another thread may have held."""
    script = sys.modules.get("IPython.core.magics.script")
    if script is not None:
        for magics in shell.magics_manager.registry.values():
            if isinstance(magics, script.ScriptMagics):
                magics.event_loop = None
    history = shell.history_manager
    for lock in ("db_input_cache_lock", "db_output_cache_lock"):
        if hasattr(history, lock):
            setattr(history, lock, threading.Lock())
