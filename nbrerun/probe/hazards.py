"""What is in a kernel that does not survive a fork: the child would hang at its first use."""

from __future__ import annotations

import sys
import threading
from typing import Any, FrozenSet, List

_LIBRARIES = {
    "tensorflow": "TensorFlow keeps threads that a forked process lacks",
    "jax": "JAX keeps threads that a forked process lacks",
    "polars": "polars keeps threads that a forked process lacks",
}

_HARMLESS = (
    "TMonitor",
    "tqdm_monitor",
    "ThreadManager",
    "QueueFeederThread",
    "QueueManagerThread",
    "ExecutorManagerThread",
)
"""Types of threads that the child does without, or starts anew (tqdm, joblib)."""


def threads() -> FrozenSet[int]:
    """Identities of the threads that run now."""
    return frozenset(id(thread) for thread in threading.enumerate())


def read_hazards(own_threads: FrozenSet[int], own_loops: FrozenSet[int]) -> List[str]:
    """One sentence for each hazard; `own_threads` and `own_loops` are the kernel's own."""
    found = [why for name, why in _LIBRARIES.items() if name in sys.modules]
    if _cuda_is_up():
        found.append("CUDA is initialised, and does not work in a forked process")
    for thread in threading.enumerate():
        target = getattr(getattr(thread, "_target", None), "__self__", None)
        if id(thread) not in own_threads and id(target) not in own_loops and _matters(thread):
            found.append(f"the thread {thread.name!r} is running, and a forked process lacks it")
            break
    return found


def script_loops(shell: Any) -> FrozenSet[int]:
    """Identities of the event loops that `%%bash` and its like run in a thread."""
    magics = shell.magics_manager.registry.values()
    return frozenset(id(loop) for loop in (getattr(each, "event_loop", None) for each in magics) if loop is not None)


def _cuda_is_up() -> bool:
    torch: Any = sys.modules.get("torch")
    cuda = getattr(torch, "cuda", None)
    return bool(cuda is not None and cuda.is_initialized())


def _matters(thread: threading.Thread) -> bool:
    names = {cls.__name__ for cls in type(thread).__mro__}
    ipykernel = type(thread).__module__.startswith(("ipykernel", "IPython", "zmq", "debugpy", "pydevd"))
    return thread.is_alive() and not ipykernel and not names & set(_HARMLESS)
