"""Forks kernels with their keepers: what they import is imported once, and a kernel is ready in a tenth of the time.

A forked child does what the command does that nbrerun starts a kernel with. It is the keeper, which forks, sets up the
sandbox and becomes the kernel; only there the kernel's main function is called in place of `exec`. For every set of
libraries that notebooks import there is a process of its own, forked from the first one: the less memory a kernel has,
the less its own forks cost.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import gc
import importlib
import importlib.util
import itertools
import json
import os
import selectors
import signal
import socket
import sys
import threading
import traceback
import warnings
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

HEAD = 16
"""Bytes that say how many bytes of a request follow, or a number that is an answer."""
LIBRARIES: dict[str, tuple[str, ...]] = {
    "tensorflow": (),
    "keras": (),
    "catboost": (),
    "statsmodels": ("statsmodels.api", "statsmodels.formula.api"),
    "transformers": (),
    "spacy": (),
    "torch": (),
    "xgboost": (),
    "lightgbm": (),
    "jax": ("jax.numpy",),
    "sklearn": (
        "sklearn.cluster",
        "sklearn.datasets",
        "sklearn.ensemble",
        "sklearn.linear_model",
        "sklearn.model_selection",
        "sklearn.pipeline",
        "sklearn.preprocessing",
    ),
    "matplotlib": ("matplotlib.pyplot", "matplotlib.backends.backend_agg"),
    "pandas": (),
    "scipy": ("scipy.sparse.linalg", "scipy.stats", "scipy.optimize"),
    "joblib": (),
    "numpy": (),
}
"""Libraries that notebooks import, each with parts that are imported, too; those that import many others come first."""
_OTHERS = (
    "accelerate",
    "h5py",
    "jaxlib",
    "networkx",
    "optax",
    "PIL",
    "polars",
    "pyarrow",
    "safetensors",
    "sqlalchemy",
    "thinc",
    "tokenizers",
)
"""Libraries that those import, and that nbrerun looks for among the modules."""
_ARRAYS = ("numpy", "scipy", "joblib", "pandas")
_BRINGS = {
    "tensorflow": (*_ARRAYS, "keras", "jax", "sklearn", "matplotlib"),
    "keras": (*_ARRAYS, "tensorflow", "jax", "sklearn", "matplotlib"),
    "catboost": (*_ARRAYS, "xgboost", "sklearn"),
    "statsmodels": _ARRAYS,
    "spacy": ("numpy", "torch"),
    "torch": ("numpy",),
    "xgboost": (*_ARRAYS, "sklearn"),
    "lightgbm": (*_ARRAYS, "sklearn"),
    "jax": ("numpy",),
    "sklearn": _ARRAYS,
    "matplotlib": ("numpy",),
    "pandas": ("numpy",),
    "scipy": ("numpy",),
    "joblib": ("numpy",),
}
"""Which of them come along, so that fewer processes are needed: measured when they are imported, and not relied on."""
_MOST = 5
"""Processes with libraries that are kept; those of PyTorch and TensorFlow have some hundred megabytes each."""
_LAZY = "numpy.random"
"""Imported by numpy when it is first used, and so the part of it that is hidden by itself: it has a generator."""
PROBE = "_nbrerun_probe"
_KERNEL = (
    "ipykernel.kernelapp",
    "ipykernel.debugger",
    "IPython.core.completer",
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.core.logger",
    "IPython.core.oinspect",
    "IPython.extensions.storemagic",
    "argcomplete",
    "faulthandler",
    "psutil",
    "sqlite3",
    "tornado.platform.asyncio",
    "traitlets.config.argcomplete_config",
    "zmq.asyncio",
)
"""What ipykernel imports when it is imported, and when a kernel starts."""
_FIND_AND_LOAD = """
def _find_and_load(name, import_):
    give_back(name)
    return original(name, import_)
"""
"""Takes the place of the import system's entry for modules that are not loaded."""
_READ_AT_START = ("PYTHON", "LD_", "MPL", "OMP_", "OPENBLAS_", "MKL_", "LC_", "LANG", "HOME", "PATH", "VIRTUAL_ENV")
"""How the names of environment variables begin that Python or a library reads while it starts."""


class Stash:
    """Modules that have been imported, and look as if they had not.

    `import numpy` in a child puts numpy back among the modules, and what it imports in turn. Until then the kernel has
    none of its settings and generators of random numbers, like one that was started the usual way.
    """

    def __init__(self) -> None:
        self._modules: dict[str, dict[str, Any]] = {}
        self._needs: dict[str, set[str]] = {}
        self._environ: dict[str, dict[str, str]] = {}
        self._filters: dict[str, list[Any]] = {}
        """Filters of warnings that a library has set."""
        bootstrap: Any = sys.modules["_frozen_importlib"]
        namespace: dict[str, Any] = {"give_back": self._give_back_for, "original": bootstrap._find_and_load}
        # Python leaves frames of this file out of the tracebacks that a notebook shows.
        exec(compile(_FIND_AND_LOAD, "<frozen importlib._bootstrap>", "exec"), namespace)
        bootstrap._find_and_load = namespace["_find_and_load"]

    def load(self, library: str, *parts: str) -> None:
        """Import a library that another one has not brought along, note what it needs, and hide it with that."""
        if library in self._modules:
            return
        before, filters = dict(os.environ), list(warnings.filters)
        for name in (library, *parts):
            importlib.import_module(name)
        self._environ[library] = set_environ(before)
        self._filters[library] = [each for each in warnings.filters if each not in filters]
        set_filters(filters)
        self.hide(library)

    def hide(self, library: str) -> None:
        """Take a library that has been imported, and what it needs, from among the modules."""
        known = {library, *LIBRARIES, *_OTHERS, _LAZY}
        found: dict[str, dict[str, Any]] = {}
        for name, module in sys.modules.items():
            if part_of(name) in known:
                found.setdefault(part_of(name), {})[name] = module
        self._needs[library] = found.keys() - {library}
        for other in self._needs[library]:  # that came along, and may be imported without this one
            self._needs.setdefault(other, found.keys() & _BRINGS.get(other, ()))
        self._modules.update(found)
        for name in itertools.chain(*found.values()):
            del sys.modules[name]
        if _LAZY in found:
            delattr(found["numpy"]["numpy"], "random")

    def _give_back_for(self, name: str) -> None:
        self._give_back(name.partition(".")[0])
        self._give_back(part_of(name))

    def _give_back(self, part: str) -> None:
        modules = self._modules.pop(part, None)
        if modules is None:
            return
        if part == _LAZY:
            self._give_back("numpy")  # it is an attribute of that
        for needed in self._needs.get(part, ()):
            self._give_back(needed)
        sys.modules.update(modules)
        os.environ.update(self._environ.get(part, {}))
        filters = [each for each in self._filters.get(part, ()) if each not in warnings.filters]
        set_filters([*filters, *warnings.filters])
        if part == _LAZY:
            sys.modules["numpy"].random = modules[_LAZY]  # type: ignore[attr-defined]
            modules[_LAZY].seed()  # or all kernels would draw the same


def part_of(name: str) -> str:
    """What a module is hidden and given back with: the top-level package, or the part that comes later."""
    return _LAZY if name == _LAZY or name.startswith(_LAZY + ".") else name.partition(".")[0]


def set_environ(to: Mapping[str, str]) -> dict[str, str]:
    """Set the environment variables; those that were another value, or are gone now."""
    changed = {name: value for name, value in os.environ.items() if to.get(name) != value}
    os.environ.clear()
    os.environ.update(to)
    return changed


def set_filters(filters: Sequence[Any]) -> None:
    """Set the filters of warnings; the module has to hear of it (Lib/warnings.py)."""
    warnings.filters[:] = filters  # type: ignore[index]
    warnings._filters_mutated()  # type: ignore[attr-defined]


class Zygote:
    """Forks a child for every request, and tells how it ended."""

    def __init__(self, channel: socket.socket, stash: Stash) -> None:
        self._channel = channel
        self._stash = stash
        self._running: dict[int, socket.socket] = {}
        gc.collect()
        gc.freeze()  # a child that collects would write to every page

    def serve(self, end: int = -1) -> None:
        """Serve until nobody can ask any more and no child is left, or until a descriptor can be read."""
        woken, wake = os.pipe()
        os.set_blocking(woken, False)
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        with selectors.DefaultSelector() as selector:
            for readable in {self._channel.fileno(), woken, end} - {-1}:
                selector.register(readable, selectors.EVENT_READ)
            is_asked = True
            while is_asked or self._running:
                for key, _ in selector.select():
                    if key.fd == end:
                        return
                    if key.fd == woken:
                        os.read(woken, 4096)
                        self._reap()
                    elif not self._answer():
                        selector.unregister(self._channel)
                        is_asked = False

    def _reap(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return
                if pid in self._running:
                    with self._running.pop(pid) as asker:
                        tell(asker, os.waitstatus_to_exitcode(status))

    def _answer(self) -> bool:
        """Take a request; whether there was one."""
        head, descriptors, _, _ = socket.recv_fds(self._channel, HEAD, 3)
        if not head:
            return False
        asker, *outputs = descriptors
        self.fork(read(self._channel, head), socket.socket(fileno=asker), outputs)
        return True

    def fork(self, message: bytes, asker: socket.socket, outputs: Sequence[int]) -> None:
        """Fork a keeper for a request."""
        pid = os.fork()
        if pid == 0:
            be_keeper(json.loads(message), asker, outputs, self._stash)
        self._running[pid] = asker
        for output in outputs:
            os.close(output)


class Root(Zygote):
    """Has imported what every kernel needs, and hands requests on for those that need more."""

    def __init__(self, listener: socket.socket, stash: Stash, environ: dict[str, str]) -> None:
        super().__init__(listener, stash)
        self._environ = environ
        self._others: dict[tuple[Any, ...], socket.socket] = {}

    def _answer(self) -> bool:
        asker, _ = self._channel.accept()
        try:
            head, outputs, _, _ = socket.recv_fds(asker, HEAD, 2)
            message = read(asker, head)
        except OSError:  # whoever asked has been killed meanwhile, which is what some tests are about
            asker.close()
            return True
        request = json.loads(message)
        libraries = needed(request["libraries"])
        key = (libraries, *request["variables"].items())
        if self._differs(request["env"]):
            with asker:
                tell(asker, 0)  # no process, and a new Python is started
        elif not libraries:
            self.fork(message, asker, outputs)
            return True
        else:
            other = self._others.pop(key, None) or self._with(libraries, request["variables"])
            try:
                with asker:
                    socket.send_fds(other, [head], [asker.fileno(), *outputs])
                    other.sendall(message)
                self._others[key] = other  # the last one that was asked
            except BrokenPipeError:  # as it failed to import something, or was killed for its memory
                other.close()
        for output in outputs:
            os.close(output)
        return True

    def _differs(self, environ: dict[str, str]) -> bool:
        names = {name for name in environ.keys() | self._environ.keys() if name.startswith(_READ_AT_START)}
        return any(environ.get(name) != self._environ.get(name) for name in names)

    def _with(self, libraries: Sequence[str], variables: dict[str, str]) -> socket.socket:
        """Fork a process that imports libraries, and takes requests from the socket that is returned."""
        while len(self._others) >= _MOST:
            self._others.pop(next(iter(self._others))).close()
        ours, other = socket.socketpair()
        if os.fork() == 0:
            try:
                close_descriptors(keep=other.fileno())
                gc.unfreeze()
                os.environ.update(variables)
                for library in ("numpy", *libraries):  # first, to see whether it imports its lazy part at once
                    self._stash.load(library, *LIBRARIES[library])
                Zygote(other, self._stash).serve()
            except BaseException:  # noqa: BLE001  a forked child must not go on in its parent's frames
                traceback.print_exc()
            finally:
                os._exit(0)
        other.close()
        return ours


def needed(imported: Collection[str]) -> tuple[str, ...]:
    """Those libraries that no other one of them brings along."""
    found: list[str] = []
    for name in LIBRARIES:
        if name in imported and not any(name in _BRINGS.get(other, ()) for other in found):
            found.append(name)
    return tuple(found)


def read(channel: socket.socket, head: bytes) -> bytes:
    """Read the message that a head announces.

    Raises:
        ConnectionError: the other side has closed the connection before.
    """
    size, message, part = int(head or 0), b"", head
    while part and len(message) < size:
        part = channel.recv(size - len(message))
        message += part
    if not part:
        raise ConnectionError("a request without an end")
    return message


def tell(asker: socket.socket, number: int) -> None:
    """Send a number to whoever asked for a kernel, if it still listens."""
    with contextlib.suppress(OSError):
        asker.sendall(b"%*d" % (HEAD, number))


def be_keeper(request: dict[str, Any], asker: socket.socket, outputs: Sequence[int], stash: Stash) -> NoReturn:
    """Do in a forked child what the command of the request does in a new process."""
    status: Any = 1
    try:
        from nbrerun.probe.sandbox import keeper

        signal.set_wakeup_fd(-1)
        reset_signals()
        os.setsid()  # as jupyter_client does; before anybody knows this process, and may signal its group
        tell(asker, os.getpid())
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for number, output in enumerate(outputs, 1):
            os.dup2(output, number)
        close_descriptors()
        os.chdir(request["cwd"])
        set_environ(request["env"])
        execvpe = os.execvpe

        def become_kernel(_file: str, command: list[str], _environ: Any) -> NoReturn:
            os.execvpe = execvpe  # type: ignore[assignment]
            be_kernel(command, stash)

        os.execvpe = become_kernel  # type: ignore[assignment]
        keeper.main(request["arguments"])
    except SystemExit as end:
        status = end.code
    except BaseException:  # noqa: BLE001  a forked child must not go on in its parent's frames
        traceback.print_exc()
    leave(status)


def be_kernel(command: list[str], stash: Stash) -> NoReturn:
    """Do what `python -m ipykernel_launcher` does, in a process that has imported it all."""
    status: Any = 1
    try:
        close_descriptors(private_only=True)
        reset_signals()
        stash.hide("nbrerun")
        launcher = importlib.util.find_spec(command[2])
        assert launcher is not None
        sys.argv[:] = [str(launcher.origin), *command[3:]]
        from ipykernel import kernelapp

        # This default was read from the environment while the module was imported.
        kernelapp.IPKernelApp.launch_instance(parent_handle=int(os.environ["JPY_PARENT_PID"]))
        status = 0
    except SystemExit as end:
        status = end.code
    except BaseException:  # noqa: BLE001  a forked child must not go on in its parent's frames
        traceback.print_exc()
    leave(status)


def close_descriptors(keep: int = -1, private_only: bool = False) -> None:
    """Close all but standard input, output and error.

    Args:
        keep: stays open, too.
        private_only: so does what `exec` leaves open.
    """
    for number in map(int, os.listdir("/proc/self/fd")):
        with contextlib.suppress(OSError):  # the listing's own is closed by now
            flags = fcntl.fcntl(number, fcntl.F_GETFD)
            if number > 2 and number != keep and (flags & fcntl.FD_CLOEXEC or not private_only):
                os.close(number)


def reset_signals() -> None:
    """Forget handlers, as `exec` does; what is ignored stays so."""
    for number in signal.valid_signals():
        handler = signal.getsignal(number)
        if callable(handler) and handler is not signal.default_int_handler:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


def leave(status: Any) -> NoReturn:
    """End as Python does, without going back to the frames of the process that has forked this one."""
    try:
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(status if isinstance(status, int) else int(status is not None))


def load_probe() -> None:
    """Import what nbrerun loads into every kernel, by the name that it has there."""
    from nbrerun.probe.sandbox import keeper

    folder = Path(keeper.__file__).parents[1]
    spec = importlib.util.spec_from_file_location(
        PROBE, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None
    sys.modules[PROBE] = importlib.util.module_from_spec(spec)
    importlib.import_module(f"{PROBE}.service")


def main() -> None:
    """Import, and then serve until standard input ends; the first request may have come before."""
    del sys.path[0]  # this file's folder: the kernel's launcher removes its own, too
    listener = socket.socket(fileno=int(sys.argv[1]))
    environ = dict(os.environ)
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"  # debugpy would warn, and nothing is going to be debugged
    stash = Stash()
    stash.load("ipykernel", *_KERNEL)
    from IPython.core import inputtransformer2

    load_probe()
    stash.hide(PROBE)
    inputtransformer2.TransformerManager().transform_cell("x = 1")  # regular expressions are compiled once, too
    Root(listener, stash, environ).serve(0)


if __name__ == "__main__":
    main()
