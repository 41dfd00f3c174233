"""Find what does not survive a fork: the child process would hang when it first uses it."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import re
import stat
import sys
import threading
from typing import Any, Dict, List, Optional, Sequence, Set, Tuple

from ..describe.threads import names_of_threads

_OPENMP = re.compile(rb"/\S*/lib(?:gomp|omp|iomp5)[^/\s]*\.so[^/\s]*")

_DATABASES = {"SQLite": b"SQLite format 3\0", "HDF5": b"\x89HDF\r\n\x1a\n"}
"""What their files begin with. These libraries know a file that is open by its inode: in a branch its path leads to
another file. SQLite then refuses to write (SQLITE_READONLY_DBMOVED), and HDF5 reads what has not been written yet."""

_POOLS = {
    b"tf_Compute": "TensorFlow",
    b"tf_XLA": "JAX",
    b"polars-0": "polars",
}
"""How the names of threads begin that libraries start with their first computation.

Until then a fork does them no harm (docs/decisions.md, "Threads, not imports")."""

_HARMLESS = (
    "TMonitor",
    "tqdm_monitor",
    "ThreadManager",
    "QueueFeederThread",
    "QueueManagerThread",
    "_ExecutorManagerThread",
)
"""Types or names of threads that the child does not need, or starts again itself (tqdm, joblib)."""


class Hazards:
    """Knows the threads and databases that the kernel had at first, and so what the notebook has added."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._folders: Sequence[bytes] = ()
        self._own_databases: Set[Tuple[str, bytes]] = set()
        self._own = frozenset(map(id, threading.enumerate()))
        self._native = _native_threads()
        self._at_import = 0

    def watch(self, folders: Sequence[bytes]) -> None:
        """Set the folders whose files each branch has to itself; databases that are open there now are IPython's."""
        self._folders, self._own_databases = folders, _open_databases(folders)

    def before_import(self) -> None:
        """Count threads before an import: those that an import starts do no harm, since OpenBLAS restarts its own."""
        self._at_import = _native_threads()

    def after_import(self) -> None:
        """Do not count the threads that the import started."""
        self._native += _native_threads() - self._at_import

    def read(self) -> List[str]:
        """Return one sentence for each hazard."""
        pools = {library for name in names_of_threads() for start, library in _POOLS.items() if name.startswith(start)}
        if "TensorFlow" in pools:
            pools.discard("JAX")  # both have the threads of XLA
        if "_duckdb" in sys.modules and _native_threads() > self._native:
            pools.add("DuckDB")  # its threads have no names; to close a database in the child crashes or hangs
        found = [f"{library} keeps threads that a forked process lacks" for library in sorted(pools)]
        cuda = getattr(sys.modules.get("torch"), "cuda", None)
        if cuda is not None and cuda.is_initialized():
            found.append("CUDA is initialised, and does not work in a forked process")
        if _native_threads() > self._native and any(pause is None for pause in openmp_pauses()):
            found.append("an OpenMP older than 5.0 has started threads, and a forked process lacks them")
        for library in sorted({library for library, _ in _open_databases(self._folders) - self._own_databases}):
            found.append(f"a database is open, and {library} does not go on in a forked process")
        found += [f"the thread {thread.name!r} is running, and a forked process lacks it" for thread in self.threads()]
        return found

    def threads(self) -> List[threading.Thread]:
        """The notebook's own threads that are running."""
        # `%%bash` and its like run an event loop in a thread; `forget_loops` gives the child a new one.
        scripts = {id(getattr(magics, "event_loop", None)) for magics in self._shell.magics_manager.registry.values()}
        return [
            thread
            for thread in threading.enumerate()
            if id(thread) not in self._own and _matters(thread) and id(_target(thread)) not in scripts
        ]


def _target(thread: threading.Thread) -> Any:
    """Return the object whose method a thread runs: for `%%bash` and its like, an event loop."""
    return getattr(getattr(thread, "_target", None), "__self__", thread)


def _native_threads() -> int:
    """Count the threads of this process that Python does not know."""
    try:
        return len(os.listdir("/proc/self/task")) - threading.active_count()
    except OSError:  # not Linux
        return 0


class _Library(ctypes.Structure):
    """The beginning of `struct dl_phdr_info` (dl_iterate_phdr(3))."""

    _fields_ = [
        ("address", ctypes.c_void_p),
        ("name", ctypes.c_char_p),
        ("headers", ctypes.c_void_p),
        ("count", ctypes.c_uint16),
        ("loaded", ctypes.c_ulonglong),
    ]


_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(_Library), ctypes.c_size_t, ctypes.c_void_p)


def _libraries_loaded() -> Optional[int]:
    """How many times a shared library has been loaded into this process, if the system tells."""
    found: List[int] = []

    def note(library: Any, _size: int, _data: Any) -> int:
        found.append(library.contents.loaded)
        return 1  # each of them has the same count

    iterate = getattr(ctypes.pythonapi, "dl_iterate_phdr", None)
    if iterate is not None:
        iterate(_CALLBACK(note), None)
    return found[0] if found else None


_pauses: Dict[bytes, Any] = {}
"""By the path of the library; a fork sees the same library through an overlay of its own, as another file."""
_known_at: Optional[int] = None
"""How many libraries had been loaded when these were found."""


def openmp_pauses() -> List[Any]:
    """Return `omp_pause_resource_all` of every OpenMP library that is loaded, or None for one older than 5.0."""
    global _known_at
    loaded = _libraries_loaded()
    if loaded is None or loaded != _known_at:
        with contextlib.suppress(OSError), open("/proc/self/maps", "rb") as file:  # not Linux
            for path in set(_OPENMP.findall(file.read())) - _pauses.keys():
                _pauses[path] = _pause_of(path)
        _known_at = loaded
    return list(_pauses.values())


def _pause_of(path: bytes) -> Any:
    try:
        # A handle to the library that is loaded, and not another copy of it (dlopen(3), RTLD_NOLOAD).
        library = ctypes.CDLL(os.fsdecode(path), mode=os.RTLD_NOLOAD | os.RTLD_LAZY)
    except OSError:  # there is another file at its path by now
        return None
    return getattr(library, "omp_pause_resource_all", None)


def _open_databases(folders: Sequence[bytes]) -> Set[Tuple[str, bytes]]:
    """Return the databases in these folders that are open for writing, with the library that each is of."""
    below = tuple(os.path.join(folder, b"") for folder in folders)
    found: Set[Tuple[str, bytes]] = set()
    with contextlib.suppress(OSError):  # not Linux
        for descriptor in os.listdir(b"/proc/self/fd"):
            with contextlib.suppress(OSError):  # the descriptor of the listing is closed by now
                path = os.readlink(b"/proc/self/fd/" + descriptor)
                is_file = path.startswith(below) and stat.S_ISREG(os.stat(path).st_mode)  # reading a pipe would wait
                if is_file and fcntl.fcntl(int(descriptor), fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDONLY:
                    with open(path, "rb") as file:
                        head = file.read(16)
                    found.update((library, path) for library, magic in _DATABASES.items() if head.startswith(magic))
    return found


def _matters(thread: threading.Thread) -> bool:
    names = {thread.name, *(cls.__name__ for cls in type(thread).__mro__)}
    own = type(thread).__module__.startswith(("ipykernel", "IPython", "zmq", "debugpy", "pydevd", "nbrerun.live"))
    return thread.is_alive() and not own and not names & set(_HARMLESS)
